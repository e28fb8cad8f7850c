//! Days of the calendar, for messages.

use crate::format::civil_date;

pub(super) const SECONDS_OF_DAY: i64 = 86_400;

/// `2026-11-21`, of the day in UTC that holds the second since 1970.
pub(super) fn day(seconds: i64) -> String {
    let (year, month, day) = civil_date(seconds.div_euclid(SECONDS_OF_DAY));
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::day;

    #[test]
    fn days_of_the_calendar() {
        let table = [
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (951_782_400, "2000-02-29"),
            (951_868_800, "2000-03-01"),
            (1_795_270_354, "2026-11-21"),
            (4_107_542_399, "2100-02-28"),
            (4_107_542_400, "2100-03-01"),
        ];
        for (seconds, expected) in table {
            assert_eq!(day(seconds), expected, "{seconds}");
        }
    }
}
