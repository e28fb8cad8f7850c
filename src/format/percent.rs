use std::fmt;

use super::Reason;

/// A whole number from 0 to 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Percent(u8);

impl Percent {
    pub fn parse(text: &str) -> Result<Self, Reason> {
        text.parse::<i64>().map_err(|_| not_a_percentage(text)).and_then(Self::from_number)
    }

    /// For fields that are numbers in YAML.
    pub fn from_number(number: i64) -> Result<Self, Reason> {
        match u8::try_from(number) {
            Ok(percent @ ..=100) => Ok(Self(percent)),
            _ => Err(not_a_percentage(number)),
        }
    }

    pub fn number(self) -> u8 {
        self.0
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How often a fault is injected: 0, or from 0.0001 to 100, because Envoy counts in millionths.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct FaultPercentage(f64);

impl FaultPercentage {
    pub fn parse(text: &str) -> Result<Self, Reason> {
        text.parse::<f64>().map_err(|_| not_a_percentage(text)).and_then(Self::from_number)
    }

    /// For fields that are numbers in YAML.
    pub fn from_number(number: f64) -> Result<Self, Reason> {
        match number {
            0.0 | 0.0001..=100.0 => Ok(Self(number)),
            0.0..0.0001 => {
                let reason = Reason::new(format!("`{number}` percent is less than one in a million"));
                Err(reason.help("write `0` or at least `0.0001`"))
            }
            _ => Err(not_a_percentage(number)),
        }
    }

    pub fn number(self) -> f64 {
        self.0
    }
}

impl fmt::Display for FaultPercentage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

fn not_a_percentage(value: impl fmt::Display) -> Reason {
    Reason::new(format!("`{value}` is not a percentage")).help("write a number from 0 to 100")
}

#[cfg(test)]
mod tests {
    use super::{FaultPercentage, Percent};

    #[test]
    fn range_of_percentages() {
        // Text, as a whole percentage, as that of a fault.
        let table = [
            ("0", true, true),
            ("100", true, true),
            ("101", false, false),
            ("-1", false, false),
            ("0.5", false, true),
            ("0.0001", false, true),
            ("0.00009", false, false),
            ("100.1", false, false),
            ("NaN", false, false),
            ("half", false, false),
        ];
        for (text, percent, fault) in table {
            assert_eq!(
                (Percent::parse(text).is_ok(), FaultPercentage::parse(text).is_ok()),
                (percent, fault),
                "{text}"
            );
        }
    }
}
