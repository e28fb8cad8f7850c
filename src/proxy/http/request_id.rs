//! `x-request-id` (Envoy 1.40 `source/extensions/request_id/uuid`).

use crate::proxy::dice::Dice;

/// A random UUID, version 4.
pub fn random_uuid(dice: &Dice) -> String {
    let (high, low) = (dice.number(), dice.number());
    let high = high & !0xf000 | 0x4000;
    let low = low & !(0b11 << 62) | 0b10 << 62;
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let bits = u128::from(high) << 64 | u128::from(low);
    let mut text = String::with_capacity(36);
    for place in 0..32 {
        if matches!(place, 8 | 12 | 16 | 20) {
            text.push('-');
        }
        text.push(char::from(DIGITS[(bits >> (124 - 4 * place)) as usize & 0xf]));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::random_uuid;
    use crate::proxy::dice::Dice;

    #[test]
    fn they_say_which_version_they_are() {
        let dice = Dice::new(Some(1), 1);
        for _ in 0..100 {
            let id = random_uuid(&dice);
            assert_eq!((id.len(), &id[14..15]), (36, "4"));
            assert!(matches!(&id[19..20], "8" | "9" | "a" | "b"), "{id}");
        }
    }
}
