//! The scalars and well-known types of protobuf JSON.

use std::borrow::Cow;
use std::time::Duration;

use serde_json::{Number, Value};

use super::descriptor;
use super::message::{Json, Object, Violation};
use super::sink::{self, Kind, Scalar, Sink};

plain_field!(bool, u32, i32, u64, i64, f64, String, Bytes);

/// A field of type `bytes`, which JSON holds in base64.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bytes(pub Vec<u8>);

impl Json for bool {
    fn emit(&self, sink: &mut dyn Sink) {
        sink.scalar(Scalar::Bool(*self));
    }

    fn read(value: &Value) -> Result<Self, Violation> {
        value.as_bool().ok_or_else(|| Violation::expected("`true` or `false`"))
    }
}

impl Json for String {
    fn emit(&self, sink: &mut dyn Sink) {
        sink.scalar(Scalar::Text(self));
    }

    fn read(value: &Value) -> Result<Self, Violation> {
        value.as_str().map(str::to_owned).ok_or_else(|| Violation::expected("a string"))
    }
}

impl Json for u32 {
    fn emit(&self, sink: &mut dyn Sink) {
        sink.scalar(Scalar::Integer((*self).into()));
    }

    fn read(value: &Value) -> Result<Self, Violation> {
        integer(value, "an integer from 0 to 4294967295")
    }
}

impl Json for i32 {
    fn emit(&self, sink: &mut dyn Sink) {
        sink.scalar(Scalar::Integer((*self).into()));
    }

    fn read(value: &Value) -> Result<Self, Violation> {
        integer(value, "an integer of 32 bits")
    }
}

/// 64-bit integers are strings, because JavaScript would round them.
impl Json for u64 {
    fn emit(&self, sink: &mut dyn Sink) {
        sink.scalar(Scalar::Text(&self.to_string()));
    }

    fn read(value: &Value) -> Result<Self, Violation> {
        integer(value, "an integer from 0 to 18446744073709551615")
    }
}

impl Json for i64 {
    fn emit(&self, sink: &mut dyn Sink) {
        sink.scalar(Scalar::Text(&self.to_string()));
    }

    fn read(value: &Value) -> Result<Self, Violation> {
        integer(value, "an integer of 64 bits")
    }
}

/// Whole numbers are written without a point, as Go does: `100`.
impl Json for f64 {
    fn emit(&self, sink: &mut dyn Sink) {
        const EXACT: f64 = 9_007_199_254_740_992.0;
        let number = *self;
        if number.fract() == 0.0 && number.abs() < EXACT {
            return sink.scalar(Scalar::Integer(number as i64));
        }
        match Number::from_f64(number) {
            Some(finite) => sink.scalar(Scalar::Number(&finite)),
            None if number.is_nan() => sink.scalar(Scalar::Text("NaN")),
            None => sink.scalar(Scalar::Text(if number > 0.0 { "Infinity" } else { "-Infinity" })),
        }
    }

    fn read(value: &Value) -> Result<Self, Violation> {
        let number = match value {
            Value::String(text) => text.parse().ok(),
            value => value.as_f64(),
        };
        number.ok_or_else(|| Violation::expected("a number"))
    }
}

impl Json for Bytes {
    fn emit(&self, sink: &mut dyn Sink) {
        sink.scalar(Scalar::Text(&base64(&self.0)));
    }

    fn read(value: &Value) -> Result<Self, Violation> {
        value.as_str().and_then(from_base64).map(Bytes).ok_or_else(|| Violation::expected("bytes in base64"))
    }
}

impl Json for Duration {
    fn emit(&self, sink: &mut dyn Sink) {
        let (seconds, nanos) = (self.as_secs(), self.subsec_nanos());
        let text = match nanos {
            0 => format!("{seconds}s"),
            _ if nanos % 1_000_000 == 0 => format!("{seconds}.{:03}s", nanos / 1_000_000),
            _ if nanos % 1_000 == 0 => format!("{seconds}.{:06}s", nanos / 1_000),
            _ => format!("{seconds}.{nanos:09}s"),
        };
        sink.scalar(Scalar::Text(&text));
    }

    fn read(value: &Value) -> Result<Self, Violation> {
        let duration = value.as_str().and_then(parse_duration);
        let duration = duration.filter(|nanos| *nanos >= 0);
        let duration = duration.map(|nanos| {
            let second = 1_000_000_000;
            Duration::new((nanos / second) as u64, (nanos % second) as u32)
        });
        duration.ok_or_else(|| Violation::expected("a duration such as `1.5s`"))
    }
}

impl Json for Object {
    fn emit(&self, sink: &mut dyn Sink) {
        sink.open(Kind::Object);
        for (key, value) in self {
            sink.key(key);
            sink::emit(value, sink);
        }
        sink.close();
    }

    fn read(value: &Value) -> Result<Self, Violation> {
        super::message::object(value).cloned()
    }
}

/// The value of a map such as `filter_metadata` may be anything.
impl Json for Value {
    fn emit(&self, sink: &mut dyn Sink) {
        sink::emit(self, sink);
    }

    fn read(value: &Value) -> Result<Self, Violation> {
        Ok(value.clone())
    }
}

/// The nanoseconds of a protobuf duration: digits, at most nine of them after a point, `s`.
pub(super) fn parse_duration(text: &str) -> Option<i128> {
    const LONGEST: i128 = 315_576_000_000; // seconds, by google/protobuf/duration.proto
    let number = text.strip_suffix('s')?;
    let (negative, digits) = number.strip_prefix('-').map_or((false, number), |digits| (true, digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let numeric = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !numeric(whole) || !numeric(fraction) || fraction.len() > 9 {
        return None;
    }
    let seconds: i128 = whole.parse().ok().filter(|seconds| *seconds <= LONGEST)?;
    let nanos: i128 = format!("{fraction:0<9}").parse().ok()?;
    let duration = seconds * 1_000_000_000 + nanos;
    Some(if negative { -duration } else { duration })
}

/// The nanoseconds from 1970 to a time in RFC 3339.
pub(super) fn parse_timestamp(text: &str) -> Option<i128> {
    let (date, time) = text.split_once(['T', 't'])?;
    let offset_at = time.find(['Z', 'z', '+', '-'])?;
    let (time, offset) = time.split_at(offset_at);
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let [year, month, day] = numbers(date, '-')?;
    let [hour, minute, second] = numbers(time, ':')?;
    let offset = match offset.split_at(1) {
        ("Z" | "z", "") => 0,
        (sign @ ("+" | "-"), offset) => {
            let [hours, minutes] = numbers(offset, ':')?;
            (hours * 60 + minutes) * if sign == "+" { 60 } else { -60 }
        }
        _ => return None,
    };
    let ranges = [(year, 1, 9999), (month, 1, 12), (day, 1, 31), (hour, 0, 23), (minute, 0, 59), (second, 0, 60)];
    let in_range = ranges.iter().all(|(number, least, most)| (least..=most).contains(&number));
    let nanos = parse_duration(&format!("0.{fraction}s")).filter(|_| in_range)?;
    // Howard Hinnant's days_from_civil: years that begin in March have their leap day at the end.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let days = days + (153 * month + 2) / 5 + day - 1 - 719_468;
    Some((((days * 24 + hour) * 60 + minute) * 60 + second - offset) * 1_000_000_000 + nanos)
}

fn numbers<const N: usize>(text: &str, between: char) -> Option<[i128; N]> {
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok())?;
    let numbers: Vec<i128> = text.split(between).map(digits).collect::<Option<_>>()?;
    numbers.try_into().ok()
}

/// An integer, which protobuf also takes as a string and as a number such as `1e3`.
pub(super) fn parse_integer(value: &Value) -> Option<i128> {
    let whole = |number: f64| (number.fract() == 0.0 && number.abs() < 1e19).then_some(number as i128);
    match value {
        Value::Number(number) => {
            number.as_i64().map(i128::from).or(number.as_u64().map(i128::from)).or_else(|| whole(number.as_f64()?))
        }
        Value::String(text) => text.parse().ok().or_else(|| whole(text.parse().ok()?)),
        _ => None,
    }
}

fn integer<T: TryFrom<i128>>(value: &Value, what: &str) -> Result<T, Violation> {
    parse_integer(value).and_then(|number| number.try_into().ok()).ok_or_else(|| Violation::expected(what))
}

/// The name of a value of an enum; protobuf also takes its number.
pub(super) fn enum_name<'a>(enum_type: &str, value: &'a Value) -> Result<Cow<'a, str>, Violation> {
    let number = || parse_integer(value)?.try_into().ok();
    match value {
        Value::String(name) => Ok(Cow::Borrowed(name)),
        value => number()
            .and_then(|number| descriptor::enumeration(enum_type)?.get_value(number))
            .map(|value| Cow::Owned(value.name().to_owned()))
            .ok_or_else(|| Violation::new(format!("`{enum_type}` has no value `{value}`"))),
    }
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

pub fn base64(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = ALPHABET[(bits >> (18 - 6 * place) & 63) as usize] as char;
            text.push(if place <= chunk.len() { digit } else { '=' });
        }
    }
    text
}

/// Standard or URL-safe, padded or not, as protobuf JSON allows.
pub fn from_base64(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=').as_bytes();
    if digits.len() % 4 == 1 || text.len() - digits.len() > 2 {
        return None;
    }
    let value = |digit: u8| {
        let digit = match digit {
            b'-' => b'+',
            b'_' => b'/',
            digit => digit,
        };
        ALPHABET.iter().position(|known| *known == digit)
    };
    let mut bytes = Vec::with_capacity(digits.len() * 3 / 4);
    for chunk in digits.chunks(4) {
        let mut bits = 0;
        for digit in chunk {
            bits = bits << 6 | value(*digit)? as u32;
        }
        bits <<= 6 * (4 - chunk.len());
        bytes.extend_from_slice(&bits.to_be_bytes()[1..chunk.len()]);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn durations_have_3_6_or_9_digits() {
        let texts = ["0s", "10s", "0.100s", "1.500s", "0.000025s", "9223372035.000000001s"];
        for text in texts {
            assert_eq!(Duration::read(&json!(text)).unwrap().write(), json!(text));
        }
        assert_eq!(Duration::read(&json!("0.3s")).unwrap().write(), json!("0.300s"));
        for text in ["5m", "-1s", "1", "s", ".5s", "1.s", "1.0000000001s", "1e3s"] {
            assert!(Duration::read(&json!(text)).is_err(), "{text}");
        }
    }

    #[test]
    fn numbers_are_taken_as_protobuf_takes_them() {
        assert_eq!(u32::read(&json!("80")), Ok(80));
        assert_eq!(u32::read(&json!(1e3)), Ok(1000));
        assert!(u32::read(&json!(1.5)).is_err());
        assert!(u32::read(&json!(-1)).is_err());
        assert!(u32::read(&json!(4_294_967_296u64)).is_err());
        assert_eq!(u64::read(&json!("18446744073709551615")).unwrap().write(), json!("18446744073709551615"));
        assert_eq!(f64::read(&json!("100")).unwrap().write(), json!(100));
        assert_eq!(0.5.write(), json!(0.5));
        assert_eq!(f64::INFINITY.write(), json!("Infinity"));
    }

    #[test]
    fn timestamps_count_from_1970() {
        let second = 1_000_000_000;
        assert_eq!(parse_timestamp("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(parse_timestamp("2000-02-29T12:00:00.5Z"), Some(951_825_600 * second + second / 2));
        assert_eq!(parse_timestamp("2000-03-01T01:00:00+01:00"), Some(951_868_800 * second));
        assert_eq!(parse_timestamp("1969-12-31T23:59:59Z"), Some(-second));
        for text in ["", "2000-01-01", "2000-13-01T00:00:00Z", "2000-01-01T00:00:00", "2000-01-01T00:00:00X"] {
            assert_eq!(parse_timestamp(text), None, "{text}");
        }
    }

    #[test]
    fn bytes_are_base64() {
        for text in ["", "TQ==", "TWE=", "TWFu", "+/+/"] {
            assert_eq!(Bytes::read(&json!(text)).unwrap().write(), json!(text));
        }
        assert_eq!(from_base64("-_-_"), from_base64("+/+/"));
        assert_eq!(from_base64("TQ"), Some(b"M".to_vec()));
        assert_eq!(from_base64("T"), None);
        assert_eq!(from_base64("T!=="), None);
    }
}
