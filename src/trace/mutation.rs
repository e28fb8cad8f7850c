//! The filter that changes headers (Envoy 1.40 `source/extensions/filters/http/header_mutation`).

use serde_json::Value;

use super::answer::{Message, change};
use super::fields::{field, list, message};
use crate::envoy::core::HeaderValueOption;
use crate::envoy::{Json, Object};

/// What is changed of requests and responses, in order.
#[derive(Debug, Default)]
pub struct Mutation {
    pub request: Vec<Step>,
    pub response: Vec<Step>,
}

#[derive(Debug)]
pub enum Step {
    Remove(String),
    Add(HeaderValueOption),
}

pub const NAME: &str = "envoy.filters.http.header_mutation";

impl Mutation {
    /// Of a filter, or of what a route says for it.
    pub fn new(config: &Object) -> Self {
        let Some(mutations) = message(config, "mutations") else { return Self::default() };
        let steps = |name| list(mutations, name).filter_map(Step::new).collect();
        Self { request: steps("request_mutations"), response: steps("response_mutations") }
    }
}

impl Step {
    fn new(step: &Value) -> Option<Self> {
        let step = step.as_object()?;
        if let Some(name) = field(step, "remove") {
            return name.as_str().map(|name| Step::Remove(name.to_owned()));
        }
        HeaderValueOption::read(field(step, "append")?).ok().map(Step::Add)
    }
}

/// Carries out the steps, each on what the one before left.
pub fn apply<M: Message>(steps: &[Step], message: &mut M, value: &mut dyn FnMut(&str, &M) -> String) {
    for step in steps {
        match step {
            Step::Remove(name) => message.remove(name),
            Step::Add(option) => change(message, (std::slice::from_ref(option), &[]), value),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Mutation, apply};
    use crate::trace::Request;

    #[test]
    fn steps_follow_each_other() {
        let config = json!({"mutations": {"requestMutations": [
            {"append": {"header": {"key": "x", "value": "1"}}},
            {"remove": "x"},
            {"append": {"header": {"key": "x", "value": "2"}, "appendAction": "ADD_IF_ABSENT"}},
        ]}});
        let mutation = Mutation::new(config.as_object().unwrap());
        let mut request = Request::get("a", "/");
        apply(&mutation.request, &mut request, &mut |text, _| text.to_owned());
        assert_eq!(request.headers.iter().collect::<Vec<_>>(), [("x", "2")]);
    }
}
