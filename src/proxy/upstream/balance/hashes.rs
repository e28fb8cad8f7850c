//! The hash functions of ring hash and Maglev.

use twox_hash::XxHash64;

pub fn xx(seed: u64, bytes: &[u8]) -> u64 {
    XxHash64::oneshot(seed, bytes)
}

/// The 64-bit hash of libstdc++, which is MurmurHash2 (`source/common/common/hash.cc`, `MurmurHash::murmurHash2`).
pub fn murmur2(bytes: &[u8]) -> u64 {
    const SEED: u64 = 0xc70f_6907;
    const MULTIPLIER: u64 = 0xc6a4_a793_5bd1_e995;
    let mix = |value: u64| value ^ (value >> 47);
    let mut hash = SEED ^ (bytes.len() as u64).wrapping_mul(MULTIPLIER);
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        let data = mix(u64::from_le_bytes(*word).wrapping_mul(MULTIPLIER)).wrapping_mul(MULTIPLIER);
        hash = (hash ^ data).wrapping_mul(MULTIPLIER);
    }
    if !rest.is_empty() {
        let data = rest.iter().rev().fold(0u64, |data, byte| data << 8 | u64::from(*byte));
        hash = (hash ^ data).wrapping_mul(MULTIPLIER);
    }
    mix(mix(hash).wrapping_mul(MULTIPLIER))
}

#[cfg(test)]
mod tests {
    use super::{murmur2, xx};

    /// Values of Envoy's tests (`test/common/common/hash_test.cc`).
    #[test]
    fn hashes_are_envoys() {
        for (text, expected) in
            [("foo", 3728699739546630719), ("bar", 5234164152756840025), ("foo\nbar", 8917841378505826757)]
        {
            assert_eq!(xx(0, text.as_bytes()), expected, "{text}");
        }
        let murmur = [("foo", 9631199822919835226), ("bar", 11474628671133349555), ("foo\nbar", 16306510975912980159)];
        for (text, expected) in murmur {
            assert_eq!(murmur2(text.as_bytes()), expected, "{text}");
        }
    }
}
