use std::fmt;
use std::time;

use super::Reason;

const MICROSECOND: u64 = 1_000;
const MILLISECOND: u64 = 1_000_000;
const SECOND: u64 = 1_000_000_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;

/// A span of time as Go's [`time.ParseDuration`](https://pkg.go.dev/time#ParseDuration) reads it, which is how istiod
/// decodes every duration of its API: `1h30m`, `1.5s`, `100ms`, `-2s`, and the bare `0`.
///
/// This is more than the protobuf JSON form, which knows seconds only. Whether a field takes a zero, a negative value
/// or a fraction of a millisecond is a second question: see [`Duration::timeout`], [`Duration::timeout_or_zero`] and
/// [`Duration::whole_seconds`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration {
    nanoseconds: i64,
}

impl Duration {
    pub fn parse(text: &str) -> Result<Self, Reason> {
        let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
        if unsigned == "0" {
            return Ok(Self::default());
        }
        if unsigned.is_empty() {
            return Err(not_a_duration(text));
        }
        let magnitude = magnitude(unsigned, text)?;
        let signed =
            if text.starts_with('-') { 0i64.checked_sub_unsigned(magnitude) } else { magnitude.try_into().ok() };
        signed.map(|nanoseconds| Self { nanoseconds }).ok_or_else(|| too_long(text))
    }

    /// What `ValidateDuration` of Istio asks of nearly every field: at least a millisecond, and no fraction of one.
    pub fn timeout(self) -> Result<Self, Reason> {
        if self.nanoseconds < MILLISECOND as i64 {
            return Err(Reason::new(format!("`{self}` is shorter than `1ms`")).help("write `1ms` or more"));
        }
        if self.nanoseconds % MILLISECOND as i64 != 0 {
            let rounded = Self { nanoseconds: self.nanoseconds - self.nanoseconds % MILLISECOND as i64 };
            return Err(Reason::new(format!("`{self}` is finer than a millisecond")).help(format!("write `{rounded}`")));
        }
        Ok(self)
    }

    /// As [`Duration::timeout`], but what rounds to zero milliseconds is taken as "never". Only the idle timeout of a
    /// TCP connection pool is read so.
    pub fn timeout_or_zero(self) -> Result<Self, Reason> {
        if self.nanoseconds / MILLISECOND as i64 == 0 { Ok(self) } else { self.timeout() }
    }

    /// As [`Duration::timeout`], without a fraction of a second: the `maxAge` of CORS, the drain duration of a proxy.
    pub fn whole_seconds(self) -> Result<Self, Reason> {
        self.timeout()?;
        match self.nanoseconds % SECOND as i64 {
            0 => Ok(self),
            _ => Err(Reason::new(format!("`{self}` is not a whole number of seconds"))),
        }
    }

    pub fn nanoseconds(self) -> i64 {
        self.nanoseconds
    }

    pub fn is_zero(self) -> bool {
        self.nanoseconds == 0
    }

    /// For timers. A negative duration has passed already.
    pub fn to_std(self) -> time::Duration {
        time::Duration::from_nanos(self.nanoseconds.try_into().unwrap_or(0))
    }

    /// The form of protobuf's JSON mapping, which is Envoy's: `5400s`, `0.250s`, with 0, 3, 6 or 9 decimals.
    pub fn to_protobuf(self) -> String {
        let sign = if self.nanoseconds < 0 { "-" } else { "" };
        let (seconds, rest) = (self.nanoseconds.unsigned_abs() / SECOND, self.nanoseconds.unsigned_abs() % SECOND);
        match rest {
            0 => format!("{sign}{seconds}s"),
            _ if rest % MILLISECOND == 0 => format!("{sign}{seconds}.{:03}s", rest / MILLISECOND),
            _ if rest % MICROSECOND == 0 => format!("{sign}{seconds}.{:06}s", rest / MICROSECOND),
            _ => format!("{sign}{seconds}.{rest:09}s"),
        }
    }
}

/// Nanoseconds, up to 2⁶³, of a sequence of decimal numbers with units.
fn magnitude(unsigned: &str, text: &str) -> Result<u64, Reason> {
    const LIMIT: u64 = 1 << 63;
    let mut total = 0u64;
    let mut rest = unsigned;
    while !rest.is_empty() {
        let (whole, fraction, after) = number(rest);
        if whole.is_empty() && fraction.is_empty() {
            return Err(not_a_duration(text));
        }
        let end = after.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(after.len());
        let unit = unit(&after[..end], text)?;
        let part = nanoseconds(whole, fraction, unit).ok_or_else(|| too_long(text))?;
        total = total.checked_add(part).filter(|&total| total <= LIMIT).ok_or_else(|| too_long(text))?;
        rest = &after[end..];
    }
    Ok(total)
}

/// The digits before the point, those after it, and what follows.
fn number(text: &str) -> (&str, &str, &str) {
    let (whole, rest) = digits(text);
    match rest.strip_prefix('.') {
        Some(rest) => {
            let (fraction, rest) = digits(rest);
            (whole, fraction, rest)
        }
        None => (whole, "", rest),
    }
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

fn unit(name: &str, text: &str) -> Result<u64, Reason> {
    match name {
        "ns" => Ok(1),
        // The micro sign, and the Greek letter.
        "us" | "µs" | "μs" => Ok(MICROSECOND),
        "ms" => Ok(MILLISECOND),
        "s" => Ok(SECOND),
        "m" => Ok(MINUTE),
        "h" => Ok(HOUR),
        "" if text.bytes().all(|b| b.is_ascii_digit()) => {
            Err(Reason::new(format!("`{text}` has no unit")).help(format!("write `{text}s` or `{text}ms`")))
        }
        "" => Err(Reason::new(format!("`{text}` ends without a unit")).help(UNITS)),
        _ => Err(Reason::new(format!("`{name}` is no unit of time, as in `{text}`")).help(UNITS)),
    }
}

const UNITS: &str = "use the units `h`, `m`, `s`, `ms`, `us` or `ns`, as in `1m30s`";

/// The value of one number with its unit, with the rounding of Go.
fn nanoseconds(whole: &str, fraction: &str, unit: u64) -> Option<u64> {
    let whole = if whole.is_empty() { 0 } else { whole.parse::<u64>().ok()?.checked_mul(unit)? };
    let (mut numerator, mut scale) = (0u64, 1f64);
    for digit in fraction.bytes() {
        // Go drops the digits that no longer fit.
        match numerator.checked_mul(10).and_then(|n| n.checked_add(u64::from(digit - b'0'))) {
            Some(next) if next <= 1 << 63 => numerator = next,
            _ => break,
        }
        scale *= 10.0;
    }
    whole.checked_add((numerator as f64 * (unit as f64 / scale)) as u64)
}

fn not_a_duration(text: &str) -> Reason {
    Reason::new(format!("`{text}` is not a duration")).help("write a number with a unit, such as `5s` or `1m30s`")
}

fn too_long(text: &str) -> Reason {
    Reason::new(format!("`{text}` is longer than 292 years, the longest duration there is"))
}

/// The form of Go: `1h30m0s`, `1.5s`, `250ms`.
impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.nanoseconds < 0 {
            f.write_str("-")?;
        }
        let nanoseconds = self.nanoseconds.unsigned_abs();
        match nanoseconds {
            0 => f.write_str("0s"),
            1..MICROSECOND => write!(f, "{nanoseconds}ns"),
            MICROSECOND..MILLISECOND => write_decimal(f, nanoseconds, MICROSECOND, "µs"),
            MILLISECOND..SECOND => write_decimal(f, nanoseconds, MILLISECOND, "ms"),
            _ => {
                if nanoseconds >= HOUR {
                    write!(f, "{}h", nanoseconds / HOUR)?;
                }
                if nanoseconds >= MINUTE {
                    write!(f, "{}m", nanoseconds % HOUR / MINUTE)?;
                }
                write_decimal(f, nanoseconds % MINUTE, SECOND, "s")
            }
        }
    }
}

/// Writes `nanoseconds` in the unit without trailing zeros.
fn write_decimal(f: &mut fmt::Formatter<'_>, nanoseconds: u64, unit: u64, name: &str) -> fmt::Result {
    write!(f, "{}", nanoseconds / unit)?;
    let rest = nanoseconds % unit;
    if rest > 0 {
        let digits = format!("{:0width$}", rest, width = unit.ilog10() as usize);
        write!(f, ".{}", digits.trim_end_matches('0'))?;
    }
    f.write_str(name)
}

#[cfg(test)]
mod tests {
    use super::Duration;

    #[test]
    fn reads_and_prints_as_go() {
        let table = [
            ("0", "0s", "0s"),
            ("-0", "0s", "0s"),
            ("1h30m", "1h30m0s", "5400s"),
            ("1.5s", "1.5s", "1.500s"),
            ("100ms", "100ms", "0.100s"),
            ("+5s", "5s", "5s"),
            ("-1.5h", "-1h30m0s", "-5400s"),
            (".5s", "500ms", "0.500s"),
            ("5.s", "5s", "5s"),
            ("1500us", "1.5ms", "0.001500s"),
            ("1µs1ns", "1.001µs", "0.000001001s"),
            ("3s4ms", "3.004s", "3.004s"),
            ("0.3333333333333333333h", "20m0s", "1200s"),
            ("0.100000000000000000000h", "6m0s", "360s"),
            ("9223372036854775807ns", "2562047h47m16.854775807s", "9223372036.854775807s"),
            ("-9223372036854775808ns", "-2562047h47m16.854775808s", "-9223372036.854775808s"),
        ];
        for (text, go, protobuf) in table {
            let duration = Duration::parse(text).unwrap();
            assert_eq!((duration.to_string().as_str(), duration.to_protobuf().as_str()), (go, protobuf), "{text}");
            assert_eq!(Duration::parse(go), Ok(duration), "{text}");
        }
    }

    #[test]
    fn says_what_is_no_duration() {
        let table = [
            ("", "`` is not a duration", Some("write a number with a unit, such as `5s` or `1m30s`")),
            ("-", "`-` is not a duration", Some("write a number with a unit, such as `5s` or `1m30s`")),
            (".s", "`.s` is not a duration", Some("write a number with a unit, such as `5s` or `1m30s`")),
            ("never", "`never` is not a duration", Some("write a number with a unit, such as `5s` or `1m30s`")),
            ("5", "`5` has no unit", Some("write `5s` or `5ms`")),
            ("1m30", "`1m30` ends without a unit", Some(super::UNITS)),
            ("5 s", "` s` is no unit of time, as in `5 s`", Some(super::UNITS)),
            ("1d", "`d` is no unit of time, as in `1d`", Some(super::UNITS)),
            (
                "9223372036854775808ns",
                "`9223372036854775808ns` is longer than 292 years, the longest duration there is",
                None,
            ),
            ("1000000000h", "`1000000000h` is longer than 292 years, the longest duration there is", None),
        ];
        for (text, message, help) in table {
            let reason = Duration::parse(text).unwrap_err();
            assert_eq!((reason.message(), reason.instruction()), (message, help), "{text}");
        }
    }

    #[test]
    fn limits_of_the_api() {
        let table = [
            ("1ms", true, true, false),
            ("0s", false, true, false),
            ("999us", false, true, false),
            ("1500us", false, false, false),
            ("-1s", false, false, false),
            ("1.5s", true, true, false),
            ("10s", true, true, true),
        ];
        for (text, timeout, or_zero, seconds) in table {
            let duration = Duration::parse(text).unwrap();
            let limits =
                (duration.timeout().is_ok(), duration.timeout_or_zero().is_ok(), duration.whole_seconds().is_ok());
            assert_eq!(limits, (timeout, or_zero, seconds), "{text}");
        }
    }
}
