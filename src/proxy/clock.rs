//! Dates as text: the header `date`, and the times of access logs, all in UTC.

use std::cell::RefCell;
use std::fmt::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use http::HeaderValue;

use crate::format::civil_date;

const DAYS: [&str; 7] = ["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The value of the header `date`. It is made once in a second.
pub fn date_header() -> HeaderValue {
    thread_local! {
        static LAST: RefCell<(u64, HeaderValue)> = const { RefCell::new((0, HeaderValue::from_static(""))) };
    }
    let now = SystemTime::now();
    let second = since_1970(now).0;
    LAST.with_borrow_mut(|(last, value)| {
        if *last != second {
            *last = second;
            let text = format(now, "%a, %d %b %Y %H:%M:%S GMT");
            *value = HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""));
        }
        value.clone()
    })
}

/// A time by a pattern as `strftime` has them, with Envoy's `%f`, `%3f` and `%E3S` for parts of a second. What is not
/// known stays.
pub fn format(time: SystemTime, pattern: &str) -> String {
    let (seconds, nanos) = since_1970(time);
    let (days, of_day) = (seconds / 86_400, seconds % 86_400);
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    let (year, month, day) = civil_date(days as i64);
    let mut text = String::with_capacity(pattern.len() + 12);
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('%') {
        text.push_str(before);
        let (directive, digits, next) = directive(after);
        let weekday = DAYS[(days % 7) as usize];
        let month_name = MONTHS[month as usize - 1];
        // Writing to a text cannot fail.
        let _ = match directive {
            'Y' => write!(text, "{year}"),
            'y' => write!(text, "{:02}", year % 100),
            'm' => write!(text, "{month:02}"),
            'd' => write!(text, "{day:02}"),
            'e' => write!(text, "{day:2}"),
            'H' => write!(text, "{hour:02}"),
            'I' => write!(text, "{:02}", (hour + 11) % 12 + 1),
            'p' => write!(text, "{}", if hour < 12 { "AM" } else { "PM" }),
            'M' => write!(text, "{minute:02}"),
            'S' if digits > 0 => write!(text, "{second:02}.{}", fraction(nanos, digits)),
            'S' => write!(text, "{second:02}"),
            'f' => write!(text, "{}", fraction(nanos, if digits == 0 { 9 } else { digits })),
            's' if digits > 0 => write!(text, "{seconds}{}", fraction(nanos, digits)),
            's' => write!(text, "{seconds}"),
            'F' => write!(text, "{year}-{month:02}-{day:02}"),
            'T' => write!(text, "{hour:02}:{minute:02}:{second:02}"),
            'a' => write!(text, "{}", &weekday[..3]),
            'A' => write!(text, "{weekday}"),
            'b' | 'h' => write!(text, "{}", &month_name[..3]),
            'B' => write!(text, "{month_name}"),
            'Z' => write!(text, "UTC"),
            'z' => write!(text, "+0000"),
            '%' => write!(text, "%"),
            _ => write!(text, "%{}", &after[..after.len() - next.len()]),
        };
        rest = next;
    }
    text + rest
}

/// The letter after a percent sign, how many digits of a second are asked for, and what follows.
fn directive(after: &str) -> (char, usize, &str) {
    let rest = after.strip_prefix('E').unwrap_or(after);
    let count = rest.chars().next().and_then(|letter| letter.to_digit(10)).filter(|count| *count > 0);
    let rest = if count.is_some() { &rest[1..] } else { rest };
    let mut letters = rest.chars();
    match letters.next() {
        Some(letter) => (letter, count.unwrap_or(0) as usize, letters.as_str()),
        None => ('\0', 0, rest),
    }
}

fn fraction(nanos: u32, digits: usize) -> String {
    format!("{nanos:09}").chars().take(digits).collect()
}

fn since_1970(time: SystemTime) -> (u64, u32) {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    (since.as_secs(), since.subsec_nanos())
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::format;

    #[test]
    fn times_are_written_by_patterns() {
        let time = UNIX_EPOCH + Duration::new(951_825_600, 123_456_789);
        let table = [
            ("%Y-%m-%dT%H:%M:%E3SZ", "2000-02-29T12:00:00.123Z"),
            ("%a, %d %b %Y %T GMT", "Tue, 29 Feb 2000 12:00:00 GMT"),
            ("%s.%3f %f", "951825600.123 123456789"),
            ("%s%% %Q %", "951825600% %Q %"),
        ];
        for (pattern, expected) in table {
            assert_eq!(format(time, pattern), expected, "{pattern}");
        }
    }
}
