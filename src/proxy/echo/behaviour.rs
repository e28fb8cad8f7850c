//! Errors and delays that the user asks of workloads.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use http::StatusCode;

use crate::format;
use crate::translate::Backend;

/// What some workloads do, and how often: `NAME[,LABEL=VALUE…]=EFFECT[=SHARE%]`.
///
/// `NAME` is that of a workload, of a Service that leads to it (`web`, `web.shop.svc.cluster.local`), or its label `app`;
/// with a namespace as `shop/web`; `*` is any. Labels narrow it.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule<E> {
    who: Who,
    pub effect: E,
    /// Of a million requests.
    pub share: u32,
}

#[derive(Clone, Debug, PartialEq)]
struct Who {
    namespace: Option<String>,
    name: String,
    labels: Vec<(String, String)>,
}

/// Instead of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    Status(StatusCode),
    /// The connection is closed without an answer.
    Reset,
}

/// All that workloads are to do.
#[derive(Clone, Debug, Default)]
pub struct Behaviour {
    pub errors: Vec<Rule<Failure>>,
    pub delays: Vec<Rule<Duration>>,
}

/// Why a text is no rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable(String);

const ALL: u32 = 1_000_000;

impl Behaviour {
    /// What is asked of one workload.
    pub fn of(&self, backend: &Backend) -> Self {
        Self { errors: of(&self.errors, backend), delays: of(&self.delays, backend) }
    }
}

fn of<E: Clone>(rules: &[Rule<E>], backend: &Backend) -> Vec<Rule<E>> {
    rules.iter().filter(|rule| rule.who.is(backend)).cloned().collect()
}

/// The effect of the first rule that is due. `draws` says whether something that happens so many times in a million
/// happens now.
pub(super) fn due<E: Copy>(rules: &[Rule<E>], mut draws: impl FnMut(u32) -> bool) -> Option<E> {
    rules.iter().find(|rule| rule.share == ALL || draws(rule.share)).map(|rule| rule.effect)
}

impl<E> Rule<E> {
    /// Whether it is about this one.
    pub fn is_for(&self, backend: &Backend) -> bool {
        self.who.is(backend)
    }

    /// As the user named it, for messages.
    pub fn name(&self) -> &str {
        &self.who.name
    }

    fn parse(text: &str, effect: impl FnOnce(&str) -> Option<E>, form: &str) -> Result<Self, Unreadable> {
        let unreadable = |what: String| Unreadable(format!("{what}; write `NAME[,LABEL=VALUE…]={form}[=SHARE%]`"));
        let (rest, share) = match text.strip_suffix('%').and_then(|text| text.rsplit_once('=')) {
            Some((rest, percent)) => {
                let share = share(percent).ok_or_else(|| unreadable(format!("`{percent}%` is no share")))?;
                (rest, share)
            }
            None => (text, ALL),
        };
        let Some((who, last)) = rest.rsplit_once('=') else {
            return Err(unreadable(format!("`{text}` does not say what happens")));
        };
        let effect = effect(last).ok_or_else(|| unreadable(format!("`{last}` is no {}", form.to_lowercase())))?;
        Ok(Self { who: Who::parse(who).map_err(unreadable)?, effect, share })
    }
}

fn share(percent: &str) -> Option<u32> {
    let percent: f64 = percent.parse().ok()?;
    (0.0..=100.0).contains(&percent).then_some((percent * f64::from(ALL) / 100.0).round() as u32)
}

impl FromStr for Rule<Failure> {
    type Err = Unreadable;

    fn from_str(text: &str) -> Result<Self, Unreadable> {
        let failure = |text: &str| match text {
            "reset" => Some(Failure::Reset),
            status => StatusCode::from_str(status).ok().map(Failure::Status),
        };
        Self::parse(text, failure, "STATUS")
    }
}

impl FromStr for Rule<Duration> {
    type Err = Unreadable;

    fn from_str(text: &str) -> Result<Self, Unreadable> {
        Self::parse(text, |text| format::Duration::parse(text).ok().map(format::Duration::to_std), "DURATION")
    }
}

impl Who {
    fn parse(text: &str) -> Result<Self, String> {
        let mut parts = text.split(',');
        let name = parts.next().unwrap_or_default();
        if name.is_empty() || name.contains('=') {
            return Err(format!("`{text}` does not begin with a name"));
        }
        let label = |part: &str| match part.split_once('=') {
            Some((key, value)) => Ok((key.to_owned(), value.to_owned())),
            None => Err(format!("`{part}` is not `LABEL=VALUE`")),
        };
        let labels = parts.map(label).collect::<Result<_, _>>()?;
        let (namespace, name) = match name.split_once('/') {
            Some((namespace, name)) => (Some(namespace.to_owned()), name),
            None => (None, name),
        };
        Ok(Self { namespace, name: name.to_owned(), labels })
    }

    fn is(&self, backend: &Backend) -> bool {
        self.namespace.as_ref().is_none_or(|namespace| *namespace == backend.namespace)
            && self.labels.iter().all(|(key, value)| backend.labels.get(key) == Some(value))
            && self.names(backend)
    }

    fn names(&self, backend: &Backend) -> bool {
        let name = self.name.as_str();
        let of_service = |(host, _): &(String, u16)| host == name || host.split('.').next() == Some(name);
        name == "*"
            || backend.workload == name
            || backend.labels.get("app").is_some_and(|app| app == name)
            || backend.services.iter().any(of_service)
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unreadable {}

#[cfg(test)]
mod tests {
    use super::*;

    fn backend(workload: &str, version: &str) -> Backend {
        let labels = [("app", "servicex"), ("version", version)];
        Backend {
            workload: workload.to_owned(),
            namespace: "default".to_owned(),
            labels: labels.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
            services: [("servicex-service.default.svc.cluster.local".to_owned(), 80)].into(),
            ..Backend::default()
        }
    }

    #[test]
    fn rules_are_for_those_whom_they_name() {
        let (good, bad) = (backend("servicex", "200"), backend("servicex-error", "504"));
        let table = [
            ("servicex,version=504=504", false, true),
            ("servicex-error=504", false, true),
            ("servicex=504", true, true),
            ("servicex-service=504", true, true),
            ("servicex-service.default.svc.cluster.local=reset", true, true),
            ("default/servicex-error=504", false, true),
            ("other/servicex=504", false, false),
            ("*,version=200,app=servicex=504", true, false),
            ("service=504", false, false),
        ];
        for (text, for_good, for_bad) in table {
            let rule: Rule<Failure> = text.parse().unwrap();
            assert_eq!((rule.is_for(&good), rule.is_for(&bad)), (for_good, for_bad), "{text}");
        }
    }

    #[test]
    fn effects_may_have_a_share() {
        let errors = |text: &str| text.parse::<Rule<Failure>>().map(|rule| (rule.effect, rule.share));
        assert_eq!(errors("a=503"), Ok((Failure::Status(StatusCode::SERVICE_UNAVAILABLE), 1_000_000)));
        assert_eq!(errors("a=reset=0.5%"), Ok((Failure::Reset, 5_000)));
        let delays = |text: &str| text.parse::<Rule<Duration>>().map(|rule| (rule.effect, rule.share));
        assert_eq!(delays("a,version=v2=1.5s=50%"), Ok((Duration::from_millis(1500), 500_000)));
    }

    #[test]
    fn what_is_no_rule_is_told() {
        let form = "; write `NAME[,LABEL=VALUE…]=STATUS[=SHARE%]`";
        let table = [
            ("a", "`a` does not say what happens"),
            ("a=abc", "`abc` is no status"),
            ("a=99", "`99` is no status"),
            ("a=500=101%", "`101%` is no share"),
            ("=500", "`` does not begin with a name"),
            ("a,version=504", "`version` is not `LABEL=VALUE`"),
        ];
        for (text, expected) in table {
            let problem = text.parse::<Rule<Failure>>().unwrap_err();
            assert_eq!(problem.to_string(), format!("{expected}{form}"), "{text}");
        }
    }

    #[test]
    fn the_first_rule_that_is_due_counts() {
        let rules: Vec<Rule<Failure>> = ["a=500=0%", "a=501=50%", "a=502"].map(|text| text.parse().unwrap()).into();
        let code = |draws: bool| due(&rules, |share| draws && share > 0);
        assert_eq!(code(true), Some(Failure::Status(StatusCode::NOT_IMPLEMENTED)));
        assert_eq!(code(false), Some(Failure::Status(StatusCode::BAD_GATEWAY)));
    }
}
