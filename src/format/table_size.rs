use std::fmt;

use super::Reason;

/// The size of a Maglev table: a prime below 5000011 (`validateLoadBalancer` of Istio; `Primes::isPrime` in
/// source/common/common/utility.cc of Envoy, which counts 1 as a prime).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TableSize(u64);

const LIMIT: u64 = 5_000_011;

impl TableSize {
    pub fn parse(text: &str) -> Result<Self, Reason> {
        text.parse().map_err(|_| Reason::new(format!("`{text}` is not a number"))).and_then(Self::from_number)
    }

    /// For fields that are numbers in YAML.
    pub fn from_number(size: u64) -> Result<Self, Reason> {
        if size >= LIMIT {
            return Err(Reason::new(format!("a table of {size} entries is too large"))
                .help(format!("write a prime below {LIMIT}")));
        }
        if !is_prime(size) {
            let next = (size..LIMIT).find(|&size| is_prime(size));
            let reason = Reason::new(format!("{size} is not a prime"));
            return Err(next.map_or(reason.clone(), |next| reason.help(format!("write a prime, such as `{next}`"))));
        }
        Ok(Self(size))
    }

    pub fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for TableSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

fn is_prime(number: u64) -> bool {
    match number {
        1..=3 => true,
        _ if number.is_multiple_of(2) => false,
        _ => {
            (3..).step_by(2).take_while(|factor| factor * factor <= number).all(|factor| !number.is_multiple_of(factor))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::TableSize;

    #[test]
    fn sizes_are_primes() {
        let table = [
            (0, false),
            (1, true),
            (2, true),
            (3, true),
            (4, false),
            (9, false),
            (65537, true),
            (65536, false),
            (4_999_999, true),
            (5_000_010, false),
            (5_000_011, false),
        ];
        for (size, legal) in table {
            assert_eq!(TableSize::from_number(size).is_ok(), legal, "{size}");
        }
        assert_eq!(TableSize::parse("65536").unwrap_err().instruction(), Some("write a prime, such as `65537`"));
    }
}
