//! Authorization: which policies match, and what follows (Envoy 1.40 `source/extensions/filters/common/rbac`).

use std::fmt;
use std::net::IpAddr;
use std::ops::RangeInclusive;

use ipnet::IpNet;

use crate::envoy::Any;
use crate::envoy::core::{CidrRange, TypedExtensionConfig};
use crate::envoy::matcher::{PathMatcher, StringMatcher};
use crate::envoy::rbac::{self, Action, Permission, Policy, Principal};

use super::call::{Connection, Request};
use super::matching::{HeaderTest, Metadata, MetadataTest, TextTest};
use super::template::Template;

/// What policies can ask about.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'f> {
    pub connection: &'f Connection,
    /// As far as a TLS inspector looked.
    pub server_name: Option<&'f str>,
    /// The URI in the client's certificate, where TLS ends here.
    pub identity: Option<&'f str>,
    /// Of whom trusted proxies say that they speak for.
    pub remote: IpAddr,
    pub request: Option<&'f Request>,
    pub metadata: &'f Metadata,
}

/// One filter: what it enforces, and what it only counts.
#[derive(Debug)]
pub struct Rbac {
    pub rules: Option<Rules>,
    pub shadow_rules: Option<Rules>,
}

#[derive(Debug)]
pub struct Rules {
    pub action: Action,
    pub policies: Vec<NamedPolicy>,
}

#[derive(Debug)]
pub struct NamedPolicy {
    pub name: String,
    /// One of these must hold,
    permissions: Vec<Rule>,
    /// and one of these.
    principals: Vec<Rule>,
}

#[derive(Debug)]
enum Rule {
    All(Vec<Rule>),
    Either(Vec<Rule>),
    Not(Box<Rule>),
    Always(bool),
    Header(HeaderTest),
    Path(TextTest),
    Template(Template),
    DestinationIp(IpNet),
    DestinationPort(RangeInclusive<u32>),
    DirectSource(IpNet),
    Source(IpNet),
    Identity(Option<TextTest>),
    ServerName(TextTest),
    Metadata(MetadataTest),
    /// Of a kind that nobody renders: it holds for nobody.
    Unknown,
}

/// What the policies of a filter come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict<'r> {
    pub allowed: bool,
    /// The policy that matches, the first by name.
    pub policy: Option<&'r str>,
}

impl Rbac {
    pub fn new(rules: Option<&rbac::Rules>, shadow_rules: Option<&rbac::Rules>) -> Self {
        Self { rules: rules.map(Rules::new), shadow_rules: shadow_rules.map(Rules::new) }
    }
}

impl Rules {
    fn new(rules: &rbac::Rules) -> Self {
        let policies = rules.policies.iter().map(|(name, policy)| NamedPolicy::new(name, policy));
        Self { action: rules.action, policies: policies.collect() }
    }

    pub fn judge(&self, facts: &Facts<'_>) -> Verdict<'_> {
        let policy = self.policies.iter().find(|policy| policy.matches(facts)).map(|policy| policy.name.as_str());
        let allowed = match self.action {
            Action::Allow => policy.is_some(),
            Action::Deny => policy.is_none(),
            _ => true,
        };
        Verdict { allowed, policy }
    }
}

impl NamedPolicy {
    fn new(name: &str, policy: &Policy) -> Self {
        Self {
            name: name.to_owned(),
            permissions: policy.permissions.iter().map(permission).collect(),
            principals: policy.principals.iter().map(principal).collect(),
        }
    }

    pub fn matches(&self, facts: &Facts<'_>) -> bool {
        self.permissions.iter().any(|rule| rule.holds(facts)) && self.principals.iter().any(|rule| rule.holds(facts))
    }

    /// Why it does not match.
    pub fn mismatch(&self, facts: &Facts<'_>) -> Option<String> {
        none_of(&self.permissions, facts).or_else(|| none_of(&self.principals, facts))
    }
}

/// Why none of several rules holds.
fn none_of(rules: &[Rule], facts: &Facts<'_>) -> Option<String> {
    const SHOWN: usize = 3;
    if rules.iter().any(|rule| rule.holds(facts)) {
        return None;
    }
    let mut reasons: Vec<_> = rules.iter().filter_map(|rule| rule.mismatch(facts)).take(SHOWN).collect();
    if rules.len() > SHOWN {
        reasons.push(format!("{} more", rules.len() - SHOWN));
    }
    reasons.dedup();
    Some(if reasons.is_empty() { "matches nothing".to_owned() } else { reasons.join(", or ") })
}

fn permission(permission: &Permission) -> Rule {
    let all = |rules: &[Permission]| rules.iter().map(self::permission).collect();
    match permission {
        Permission::AndRules(set) => Rule::All(all(&set.rules)),
        Permission::OrRules(set) => Rule::Either(all(&set.rules)),
        Permission::NotRule(rule) => Rule::Not(Box::new(self::permission(rule))),
        Permission::Any(always) => Rule::Always(*always),
        Permission::Header(matcher) => Rule::Header(HeaderTest::new(matcher)),
        Permission::UrlPath(matcher) => url_path(matcher),
        Permission::DestinationIp(range) => network(range).map_or(Rule::Unknown, Rule::DestinationIp),
        Permission::DestinationPort(port) => Rule::DestinationPort(*port..=*port),
        Permission::DestinationPortRange(range) => {
            let bound = |port: i32| u32::try_from(port).unwrap_or(0);
            Rule::DestinationPort(bound(range.start)..=bound(range.end - 1))
        }
        Permission::Metadata(matcher) => Rule::Metadata(MetadataTest::new(matcher)),
        Permission::RequestedServerName(matcher) => Rule::ServerName(TextTest::new(matcher)),
        Permission::UriTemplate(template) => uri_template(template),
        Permission::Other(_) => Rule::Unknown,
    }
}

fn principal(principal: &Principal) -> Rule {
    let all = |ids: &[Principal]| ids.iter().map(self::principal).collect();
    match principal {
        Principal::AndIds(set) => Rule::All(all(&set.ids)),
        Principal::OrIds(set) => Rule::Either(all(&set.ids)),
        Principal::NotId(id) => Rule::Not(Box::new(self::principal(id))),
        Principal::Any(always) => Rule::Always(*always),
        Principal::Authenticated(wanted) => Rule::Identity(wanted.principal_name.as_ref().map(TextTest::new)),
        Principal::DirectRemoteIp(range) => network(range).map_or(Rule::Unknown, Rule::DirectSource),
        // The old name of the address that is not the direct one.
        Principal::RemoteIp(range) | Principal::SourceIp(range) => network(range).map_or(Rule::Unknown, Rule::Source),
        Principal::Header(matcher) => Rule::Header(HeaderTest::new(matcher)),
        Principal::UrlPath(matcher) => url_path(matcher),
        Principal::Metadata(matcher) => Rule::Metadata(MetadataTest::new(matcher)),
        Principal::Other(_) => Rule::Unknown,
    }
}

fn url_path(matcher: &PathMatcher) -> Rule {
    match matcher {
        PathMatcher::Path(text) => Rule::Path(text_test(text)),
        PathMatcher::Other(_) => Rule::Unknown,
    }
}

fn text_test(matcher: &StringMatcher) -> TextTest {
    TextTest::new(matcher)
}

fn uri_template(template: &TypedExtensionConfig) -> Rule {
    match &template.typed_config {
        Some(Any::UriTemplate(config)) => Rule::Template(Template::new(&config.path_template)),
        _ => Rule::Unknown,
    }
}

/// The addresses of a range. Without a length it is all.
pub fn network(range: &CidrRange) -> Option<IpNet> {
    let length = range.prefix_len.unwrap_or(0).try_into().ok()?;
    IpNet::new(range.address_prefix.parse().ok()?, length).ok()
}

impl Rule {
    fn holds(&self, facts: &Facts<'_>) -> bool {
        let request = |test: &dyn Fn(&Request) -> bool| facts.request.is_some_and(test);
        match self {
            Rule::All(rules) => rules.iter().all(|rule| rule.holds(facts)),
            Rule::Either(rules) => rules.iter().any(|rule| rule.holds(facts)),
            Rule::Not(rule) => !rule.holds(facts),
            Rule::Always(always) => *always,
            Rule::Header(test) => request(&|request| test.matches(request)),
            Rule::Path(test) => request(&|request| test.matches(request.bare_path())),
            Rule::Template(template) => request(&|request| template.matches(request.bare_path())),
            Rule::DestinationIp(network) => network.contains(&facts.connection.destination.ip()),
            Rule::DestinationPort(ports) => ports.contains(&facts.connection.destination.port().into()),
            Rule::DirectSource(network) => network.contains(&facts.connection.source),
            Rule::Source(network) => network.contains(&facts.remote),
            Rule::Identity(test) => {
                let has = |identity: &str| test.as_ref().is_none_or(|test| test.matches(identity));
                facts.identity.is_some_and(has)
            }
            Rule::ServerName(test) => test.matches(facts.server_name.unwrap_or_default()),
            Rule::Metadata(test) => test.matches(facts.metadata),
            Rule::Unknown => false,
        }
    }

    /// Why it does not hold.
    fn mismatch(&self, facts: &Facts<'_>) -> Option<String> {
        if self.holds(facts) {
            return None;
        }
        let found = match self {
            Rule::All(rules) => return rules.iter().find_map(|rule| rule.mismatch(facts)),
            Rule::Either(rules) => return none_of(rules, facts),
            Rule::Header(test) if facts.request.is_some() => return test.mismatch(facts.request?),
            Rule::Metadata(test) => return test.mismatch(facts.metadata),
            Rule::Path(_) | Rule::Template(_) if facts.request.is_some() => facts.request?.bare_path().to_owned(),
            Rule::DestinationIp(_) => facts.connection.destination.ip().to_string(),
            Rule::DestinationPort(_) => facts.connection.destination.port().to_string(),
            Rule::DirectSource(_) => facts.connection.source.to_string(),
            Rule::Source(_) => facts.remote.to_string(),
            Rule::Identity(_) => match facts.identity {
                Some(identity) => identity.to_owned(),
                None => return Some(format!("{self}, but the client shows no certificate")),
            },
            Rule::ServerName(_) => facts.server_name.unwrap_or_default().to_owned(),
            Rule::Not(_) | Rule::Always(_) | Rule::Unknown => return Some(self.to_string()),
            Rule::Header(_) | Rule::Path(_) | Rule::Template(_) => {
                return Some(format!("{self}, but this is not HTTP"));
            }
        };
        Some(format!("{self}, but it is `{found}`"))
    }
}

/// What it wants.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, rules: &[Rule], word: &str| {
            rules
                .iter()
                .enumerate()
                .try_for_each(|(index, rule)| write!(f, "{}{rule}", if index > 0 { word } else { "" }))
        };
        match self {
            Rule::All(rules) => list(f, rules, " and "),
            Rule::Either(rules) => list(f, rules, " or "),
            Rule::Not(rule) => write!(f, "it must not hold that {rule}"),
            Rule::Always(true) => f.write_str("anything holds"),
            Rule::Always(false) => f.write_str("nothing holds"),
            Rule::Header(test) => test.fmt(f),
            Rule::Path(test) => write!(f, "path must {test}"),
            Rule::Template(template) => write!(f, "path must fit `{template}`"),
            Rule::DestinationIp(network) => write!(f, "destination must be in `{network}`"),
            Rule::DestinationPort(ports) if ports.start() == ports.end() => {
                write!(f, "port must be {}", ports.start())
            }
            Rule::DestinationPort(ports) => write!(f, "port must be {} to {}", ports.start(), ports.end()),
            Rule::DirectSource(network) => write!(f, "source address must be in `{network}`"),
            Rule::Source(network) => write!(f, "client address must be in `{network}`"),
            Rule::Identity(Some(test)) => write!(f, "client identity must {test}"),
            Rule::Identity(None) => f.write_str("client must have an identity"),
            Rule::ServerName(test) => write!(f, "server name must {test}"),
            Rule::Metadata(test) => test.fmt(f),
            Rule::Unknown => f.write_str("has a condition that cannot be executed here"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Facts, Rbac, Verdict};
    use crate::envoy::Json;
    use crate::envoy::rbac::Rules;
    use crate::trace::{Connection, Request};

    fn judge(rules: &Value) -> (bool, Option<String>, Option<String>) {
        let rbac = Rbac::new(Some(&Rules::read(rules).unwrap()), None);
        let rules = rbac.rules.as_ref().unwrap();
        let connection = Connection {
            destination: "10.0.0.1:8080".parse().unwrap(),
            source: "10.1.0.7".parse().unwrap(),
            tls: None,
        };
        let request = Request::get("web.test", "/info?x=/admin");
        let metadata = serde_json::Map::new();
        let facts = Facts {
            connection: &connection,
            server_name: Some("web.test"),
            identity: Some("spiffe://td/ns/a/sa/b"),
            remote: "192.0.2.7".parse().unwrap(),
            request: Some(&request),
            metadata: &metadata,
        };
        let Verdict { allowed, policy } = rules.judge(&facts);
        (allowed, policy.map(str::to_owned), rules.policies.first().and_then(|policy| policy.mismatch(&facts)))
    }

    #[test]
    fn conditions_are_those_of_envoy() {
        // A permission or a principal, and why it does not hold, if it does not.
        let permissions = [
            (json!({"any": true}), None),
            (json!({"urlPath": {"path": {"exact": "/info"}}}), None),
            (
                json!({"urlPath": {"path": {"prefix": "/admin"}}}),
                Some("path must start with `/admin`, but it is `/info`"),
            ),
            (json!({"header": {"name": ":method", "stringMatch": {"exact": "GET"}}}), None),
            (
                json!({"andRules": {"rules": [{"any": true}, {"orRules": {"rules": [{"destinationPort": 80},
                    {"destinationPort": 81}]}}]}}),
                Some("port must be 80, but it is `8080`, or port must be 81, but it is `8080`"),
            ),
            (json!({"notRule": {"destinationPort": 8080}}), Some("it must not hold that port must be 8080")),
            (json!({"destinationIp": {"addressPrefix": "10.0.0.0", "prefixLen": 8}}), None),
            (json!({"requestedServerName": {"suffix": ".test"}}), None),
        ];
        for (permission, reason) in permissions {
            let policy = json!({"permissions": [permission], "principals": [{"any": true}]});
            let (allowed, name, mismatch) = judge(&json!({"policies": {"p": policy}}));
            assert_eq!((allowed, name.is_some()), (reason.is_none(), reason.is_none()), "{permission}");
            assert_eq!(mismatch.as_deref(), reason, "{permission}");
        }
        let principals = [
            (json!({"authenticated": {"principalName": {"exact": "spiffe://td/ns/a/sa/b"}}}), true),
            (json!({"authenticated": {"principalName": {"safeRegex": {"regex": ".*/ns/b/.*"}}}}), false),
            (json!({"directRemoteIp": {"addressPrefix": "10.1.0.0", "prefixLen": 16}}), true),
            (json!({"remoteIp": {"addressPrefix": "10.1.0.0", "prefixLen": 16}}), false),
            (json!({"notId": {"remoteIp": {"addressPrefix": "10.1.0.0", "prefixLen": 16}}}), true),
        ];
        for (principal, expected) in principals {
            let policy = json!({"permissions": [{"any": true}], "principals": [principal]});
            assert_eq!(judge(&json!({"policies": {"p": policy}})).0, expected, "{principal}");
        }
    }

    #[test]
    fn actions_decide_what_a_match_means() {
        let all = json!({"permissions": [{"any": true}], "principals": [{"any": true}]});
        let none = json!({"permissions": [{"notRule": {"any": true}}], "principals": [{"notId": {"any": true}}]});
        let table = [
            (json!({"policies": {"b": all, "a": all}}), true, Some("a")),
            (json!({"policies": {"a": none}}), false, None),
            (json!({"policies": {}}), false, None),
            (json!({"action": "DENY", "policies": {"a": all}}), false, Some("a")),
            (json!({"action": "DENY", "policies": {"a": none}}), true, None),
            (json!({"action": "LOG", "policies": {"a": all}}), true, Some("a")),
        ];
        for (rules, allowed, policy) in table {
            let (found, name, _) = judge(&rules);
            assert_eq!((found, name.as_deref()), (allowed, policy), "{rules}");
        }
    }
}
