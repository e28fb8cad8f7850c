use std::borrow::Cow;

/// A scalar as go-yaml v2 and JSON understand it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scalar<'a> {
    Null,
    Bool(bool),
    Int(i64),
    /// Above `i64::MAX`.
    Uint(u64),
    /// Infinite or not a number only as a key; as values Kubernetes refuses these.
    Float(f64),
    String(&'a str),
}

impl<'a> Scalar<'a> {
    /// What a plain (unquoted) scalar means: the rules of `resolve.go` of go-yaml v2. Numbers in base 60 and dates are
    /// strings; `_` may stand anywhere in a number but in front.
    pub(super) fn resolve(text: &'a str) -> Self {
        let Some(&first) = text.as_bytes().first() else { return Scalar::Null };
        let value = match first {
            b'0'..=b'9' => number(text),
            b'+' | b'-' => infinity(text).or_else(|| number(text)),
            b'.' => infinity(text).or_else(|| leading_dot(text)),
            b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~' => word(text),
            _ => None,
        };
        value.unwrap_or(Scalar::String(text))
    }

    /// Whether `text`, written plain, is null; faster than to resolve it.
    pub(super) fn is_null(text: &str) -> bool {
        matches!(text, "" | "~" | "null" | "Null" | "NULL")
    }

    /// Whether the plain text of a key is `key` if and only if it means `key`. Not so for what something else than a string
    /// is called as a key: `true`, which `yes` means too.
    pub(super) fn is_usual_key(key: &str) -> bool {
        matches!(Scalar::resolve(key), Scalar::String(_))
    }

    /// As the key of a JSON object. (Kubernetes refuses null and numbers above `i64::MAX` as keys.)
    pub(super) fn into_key(self) -> Cow<'a, str> {
        match self {
            Scalar::String(text) => Cow::Borrowed(text),
            Scalar::Null => Cow::Borrowed("null"),
            Scalar::Bool(value) => Cow::Borrowed(if value { "true" } else { "false" }),
            Scalar::Int(value) => Cow::Owned(value.to_string()),
            Scalar::Uint(value) => Cow::Owned(value.to_string()),
            Scalar::Float(value) => Cow::Owned(float_key(value as f32)),
        }
    }
}

/// `false` is.
const LONGEST_WORD: usize = 5;

fn word(text: &str) -> Option<Scalar<'static>> {
    match text {
        _ if text.len() > LONGEST_WORD => None,
        "~" | "null" | "Null" | "NULL" => Some(Scalar::Null),
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Some(Scalar::Bool(true)),
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Some(Scalar::Bool(false))
        }
        _ => None,
    }
}

fn infinity(text: &str) -> Option<Scalar<'static>> {
    let value = match text {
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => f64::INFINITY,
        "-.inf" | "-.Inf" | "-.INF" => f64::NEG_INFINITY,
        ".nan" | ".NaN" | ".NAN" => f64::NAN,
        _ => return None,
    };
    Some(Scalar::Float(value))
}

fn number(text: &str) -> Option<Scalar<'static>> {
    let plain = match text.contains('_') {
        true => Cow::Owned(text.replace('_', "")),
        false => Cow::Borrowed(text),
    };
    integer(&plain).or_else(|| float(&plain)).or_else(|| {
        // go-yaml tries the digits after `0b` once more, and this time lets them have a sign.
        i64::from_str_radix(plain.strip_prefix("0b")?, 2).ok().map(Scalar::Int)
    })
}

/// Go's `ParseInt(text, 0, 64)`, then `ParseUint`, which takes no sign.
fn integer(text: &str) -> Option<Scalar<'static>> {
    let (sign, digits) = match text.as_bytes() {
        [sign @ (b'+' | b'-'), ..] => (Some(*sign), &text[1..]),
        _ => (None, text),
    };
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'b' | b'B', _, ..] => (2, &digits[2..]),
        [b'0', b'o' | b'O', _, ..] => (8, &digits[2..]),
        [b'0', b'x' | b'X', _, ..] => (16, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    if !digits.starts_with(|c: char| c.is_ascii_hexdigit()) {
        return None;
    }
    let value = u64::from_str_radix(digits, radix).ok()?;
    match sign {
        Some(b'-') => 0_i64.checked_sub_unsigned(value).map(Scalar::Int),
        Some(_) => i64::try_from(value).ok().map(Scalar::Int),
        None => Some(i64::try_from(value).map_or(Scalar::Uint(value), Scalar::Int)),
    }
}

/// Digits with at most one dot, at least one digit in front of or behind it, and an exponent. Too large a number is none.
fn float(text: &str) -> Option<Scalar<'static>> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.strip_prefix(['+', '-']).unwrap_or(exponent)),
        None => (unsigned, "0"),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() || exponent.is_empty() {
        return None;
    }
    if !(digits(whole) && digits(fraction) && digits(exponent)) {
        return None;
    }
    text.parse().ok().filter(|value: &f64| value.is_finite()).map(Scalar::Float)
}

/// Go's `ParseFloat`, to which go-yaml hands what starts with a dot as it stands: each `_` needs a digit on both sides.
fn leading_dot(text: &str) -> Option<Scalar<'static>> {
    if !text.contains('_') {
        return float(text);
    }
    let between_digits = text
        .as_bytes()
        .windows(3)
        .all(|window| window[1] != b'_' || window[0].is_ascii_digit() && window[2].is_ascii_digit());
    if !between_digits || text.ends_with('_') {
        return None;
    }
    float(&text.replace('_', ""))
}

/// A number of double precision as `encoding/json` writes it.
pub(super) fn float_json(value: f64) -> String {
    let magnitude = value.abs();
    if magnitude == 0.0 || (1e-6..1e21).contains(&magnitude) {
        return value.to_string();
    }
    with_signed_exponent(&format!("{value:e}"), 1)
}

/// A number as the key of an object: sigs.k8s.io/yaml writes it as Go's `FormatFloat(value, 'g', -1, 32)` does.
fn float_key(value: f32) -> String {
    if value.is_nan() {
        return ".nan".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { ".inf" } else { "-.inf" }.to_owned();
    }
    let scientific = format!("{value:e}");
    let exponent: i32 = scientific.split_once('e').and_then(|(_, exponent)| exponent.parse().ok()).unwrap_or_default();
    // Where Go goes over to the scientific form, as C's `%g` does.
    if (-4..6).contains(&exponent) { value.to_string() } else { with_signed_exponent(&scientific, 2) }
}

/// `1e23` as `1e+23`, the exponent filled up with zeros to `width` digits.
fn with_signed_exponent(scientific: &str, width: usize) -> String {
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
    let (sign, digits) = exponent.strip_prefix('-').map_or(('+', exponent), |digits| ('-', digits));
    format!("{mantissa}e{sign}{digits:0>width$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_mean_what_go_yaml_says() {
        use Scalar::{Bool, Float, Int, Null, Uint};
        let text = |text| Scalar::String(text);
        for (plain, expected) in [
            ("", Null),
            ("~", Null),
            ("NULL", Null),
            ("nULL", text("nULL")),
            ("Y", Bool(true)),
            ("oN", text("oN")),
            ("OFF", Bool(false)),
            ("0", Int(0)),
            ("-0", Int(0)),
            ("-0.0", Float(-0.0)),
            ("007", Int(7)),
            ("08", Float(8.0)),
            ("0o17", Int(15)),
            ("0O17", Int(15)),
            ("0X1f", Int(31)),
            ("+0b11", Int(3)),
            ("0b12", text("0b12")),
            ("0b+1", Int(1)),
            ("0x", text("0x")),
            ("0x+1", text("0x+1")),
            ("1_0__0_", Int(100)),
            ("_1", text("_1")),
            ("9223372036854775807", Int(i64::MAX)),
            ("-9223372036854775808", Int(i64::MIN)),
            ("9223372036854775808", Uint(1 << 63)),
            ("+9223372036854775808", Float(9223372036854775808.0)),
            ("0xFFFFFFFFFFFFFFFF", Uint(u64::MAX)),
            ("0x1FFFFFFFFFFFFFFFF", text("0x1FFFFFFFFFFFFFFFF")),
            ("18446744073709551616", Float(18446744073709551616.0)),
            ("1e400", text("1e400")),
            ("1e-400", Float(0.0)),
            ("1.", Float(1.0)),
            ("+.5", Float(0.5)),
            (".5e1", Float(5.0)),
            (".1_0", Float(0.1)),
            (".1_", text(".1_")),
            ("._1", text("._1")),
            (".", text(".")),
            ("1e", text("1e")),
            ("1e+", text("1e+")),
            ("1.2.3", text("1.2.3")),
            ("12:30:45", text("12:30:45")),
            ("2001-12-14", text("2001-12-14")),
            ("-", text("-")),
            ("-.Inf", Float(f64::NEG_INFINITY)),
            ("+.nan", text("+.nan")),
            ("infinity", text("infinity")),
            ("1é", text("1é")),
        ] {
            assert_eq!(Scalar::resolve(plain), expected, "{plain}");
            assert_eq!(Scalar::is_null(plain), expected == Null, "{plain}");
        }
    }

    #[test]
    fn numbers_are_written_as_go_writes_them() {
        for (value, json) in [
            (1.0, "1"),
            (-0.0, "-0"),
            (0.1, "0.1"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (1.5e300, "1.5e+300"),
            (0.000001, "0.000001"),
            (1e-7, "1e-7"),
            (1.25e-10, "1.25e-10"),
        ] {
            assert_eq!(float_json(value), json);
        }
    }

    #[test]
    fn numbers_as_keys_have_single_precision() {
        for (plain, key) in [
            ("1.5", "1.5"),
            ("1.0", "1"),
            ("0.1", "0.1"),
            ("1e3", "1000"),
            ("123456789.0", "1.2345679e+08"),
            ("1e6", "1e+06"),
            ("1e-5", "1e-05"),
            ("0x10", "16"),
            ("yes", "true"),
            (".inf", ".inf"),
            ("1e300", ".inf"),
        ] {
            assert_eq!(Scalar::resolve(plain).into_key(), key, "{plain}");
        }
    }
}
