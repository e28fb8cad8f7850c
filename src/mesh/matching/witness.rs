use std::fmt;

use super::{Condition, Conditions, HttpPredicate, Verdict};

/// A request that a predicate accepts, for a reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    method: String,
    authority: Option<String>,
    path: String,
    query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
}

impl HttpPredicate<'_> {
    /// An example of what is accepted; `None` where a regular expression would have to be solved.
    pub fn witness(&self) -> Option<Witness> {
        let mut headers = values(&self.headers)?;
        let mut take = |name: &str| {
            let at = headers.iter().position(|(own, _)| own == name)?;
            Some(headers.remove(at).1)
        };
        let (method, authority, _scheme) = (take(":method"), take(":authority"), take(":scheme"));
        Some(Witness {
            method: method.unwrap_or_else(|| "GET".to_owned()),
            authority,
            path: self.path.sample("/")?,
            query: values(&self.query)?,
            headers,
        })
    }
}

/// A value for each name that must have one.
fn values(conditions: &Conditions<'_>) -> Option<Vec<(String, String)>> {
    let mut values: Vec<(String, String)> = Vec::new();
    for (name, condition) in conditions.iter() {
        let value = match condition {
            Condition::Present => "1".to_owned(),
            Condition::In(text) => text.sample("1")?,
            Condition::Absent | Condition::NotIn(_) => continue,
        };
        values.retain(|(own, _)| own != name);
        values.push((name.to_owned(), value));
    }
    let accepted = |name: &str, value: Option<&str>| {
        conditions.of(name).all(|condition| match (condition, value) {
            (Condition::Present, value) => value.is_some(),
            (Condition::Absent, value) => value.is_none(),
            (Condition::In(text), value) => value.is_some_and(|value| text.contains(value).is_yes()),
            (Condition::NotIn(text), value) => text.contains(value.unwrap_or_default()) == Verdict::No,
        })
    };
    let value_of = |name: &str| values.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str());
    conditions.iter().all(|(name, _)| accepted(name, value_of(name))).then_some(values)
}

/// ``GET /orders?page=2 with `x-env: canary` ``
impl fmt::Display for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let query: Vec<_> = self.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mark = if query.is_empty() { "" } else { "?" };
        let authority = self.authority.as_deref().unwrap_or_default();
        write!(f, "`{} {authority}{}{mark}{}`", self.method, self.path, query.join("&"))?;
        let mut word = "with";
        for (name, value) in &self.headers {
            write!(f, " {word} `{name}: {value}`")?;
            word = "and";
        }
        Ok(())
    }
}
