//! What the rules of an AuthorizationPolicy ask for, list by list.

use crate::format::{Attribute, ConditionKey};
use crate::source::Span;
use crate::yaml::Node;

use super::Str;
use super::security::{AuthorizationPolicy, Condition, Operation, Rule, Source};

/// What a policy does with the requests that its rules match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Allow,
    Deny,
    Audit,
    Custom,
}

impl Action {
    pub fn name(self) -> &'static str {
        match self {
            Action::Allow => "ALLOW",
            Action::Deny => "DENY",
            Action::Audit => "AUDIT",
            Action::Custom => "CUSTOM",
        }
    }
}

/// What a list of values is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    Principal,
    Namespace,
    ServiceAccount,
    TrustDomain,
    RequestPrincipal,
    /// Audiences, presenter and claims of a JWT.
    RequestClaim,
    RequestHeader,
    Host,
    Method,
    Path,
    Port,
    SourceIp,
    RemoteIp,
    /// Destination address, SNI, metadata of filters, and keys that do not exist.
    Other,
}

impl Subject {
    /// Whether only HTTP has it. On other connections Istio leaves it out of DENY rules and the whole rule out of ALLOW
    /// policies (istio 1.31 `pilot/pkg/security/authz/model/model.go`).
    pub fn is_http(self) -> bool {
        use Subject::{Host, Method, Path, RequestHeader};
        matches!(self, Host | Method | Path | RequestHeader) || self.needs_jwt()
    }

    /// Whether it is read from the certificate of the client.
    pub fn needs_mutual_tls(self) -> bool {
        use Subject::{Namespace, Principal, ServiceAccount, TrustDomain};
        matches!(self, Principal | Namespace | ServiceAccount | TrustDomain)
    }

    /// Whether it is read from a token that a RequestAuthentication has checked.
    pub fn needs_jwt(self) -> bool {
        matches!(self, Subject::RequestPrincipal | Subject::RequestClaim)
    }
}

/// A list of values in a rule: `principals` of a source, `notPaths` of an operation, `values` of a condition.
#[derive(Clone, Copy, Debug)]
pub struct Constraint<'p, 'a> {
    pub subject: Subject,
    /// The field, or the key of the condition.
    pub name: &'a str,
    /// Where the name is written.
    pub at: Span,
    /// Whether it asks for none of the values.
    pub negated: bool,
    pub values: &'p [Str<'a>],
}

impl<'a> AuthorizationPolicy<'a> {
    pub fn action(&self) -> Action {
        match self.action.map(|action| action.value) {
            Some("DENY") => Action::Deny,
            Some("AUDIT") => Action::Audit,
            Some("CUSTOM") => Action::Custom,
            _ => Action::Allow,
        }
    }

    pub fn constraints(&self) -> impl Iterator<Item = Constraint<'_, 'a>> {
        self.rules.iter().flat_map(Rule::constraints)
    }
}

impl<'a> Rule<'a> {
    pub fn sources(&self) -> impl Iterator<Item = &Source<'a>> {
        self.from.iter().filter_map(|from| from.source.as_ref())
    }

    pub fn operations(&self) -> impl Iterator<Item = &Operation<'a>> {
        self.to.iter().filter_map(|to| to.operation.as_ref())
    }

    /// Everything that the rule asks for. Sources are alternatives, and so are operations.
    pub fn constraints(&self) -> impl Iterator<Item = Constraint<'_, 'a>> {
        let sources = self.sources().flat_map(Source::constraints);
        let operations = self.operations().flat_map(Operation::constraints);
        sources.chain(operations).chain(self.when.iter().flat_map(Condition::constraints))
    }

    /// What every request that the rule matches must have: constraints of a condition, or of the only source or operation.
    pub fn requirements(&self) -> impl Iterator<Item = Constraint<'_, 'a>> {
        let source = self.sources().filter(|_| self.from.len() == 1).flat_map(Source::constraints);
        let operation = self.operations().filter(|_| self.to.len() == 1).flat_map(Operation::constraints);
        source.chain(operation).chain(self.when.iter().flat_map(Condition::constraints))
    }

    /// Whether the rule matches every request.
    pub fn is_empty(&self) -> bool {
        self.from.is_empty() && self.to.is_empty() && self.when.is_empty()
    }
}

impl<'a> Source<'a> {
    /// In the order in which istiod asks for them (istio 1.31 `pilot/pkg/security/authz/model/model.go`).
    pub fn constraints(&self) -> Vec<Constraint<'_, 'a>> {
        use Subject::{Namespace, Principal, RemoteIp, RequestPrincipal, ServiceAccount, SourceIp, TrustDomain};
        let lists = [
            ("principals", Principal, &self.principals),
            ("notPrincipals", Principal, &self.not_principals),
            ("requestPrincipals", RequestPrincipal, &self.request_principals),
            ("notRequestPrincipals", RequestPrincipal, &self.not_request_principals),
            ("serviceAccounts", ServiceAccount, &self.service_accounts),
            ("notServiceAccounts", ServiceAccount, &self.not_service_accounts),
            ("trustDomains", TrustDomain, &self.trust_domains),
            ("notTrustDomains", TrustDomain, &self.not_trust_domains),
            ("namespaces", Namespace, &self.namespaces),
            ("notNamespaces", Namespace, &self.not_namespaces),
            ("remoteIpBlocks", RemoteIp, &self.remote_ip_blocks),
            ("notRemoteIpBlocks", RemoteIp, &self.not_remote_ip_blocks),
            ("ipBlocks", SourceIp, &self.ip_blocks),
            ("notIpBlocks", SourceIp, &self.not_ip_blocks),
        ];
        constraints(self.node, lists)
    }
}

impl<'a> Operation<'a> {
    /// In the order in which istiod asks for them.
    pub fn constraints(&self) -> Vec<Constraint<'_, 'a>> {
        use Subject::{Host, Method, Path, Port};
        let lists = [
            ("hosts", Host, &self.hosts),
            ("notHosts", Host, &self.not_hosts),
            ("methods", Method, &self.methods),
            ("notMethods", Method, &self.not_methods),
            ("paths", Path, &self.paths),
            ("notPaths", Path, &self.not_paths),
            ("ports", Port, &self.ports),
            ("notPorts", Port, &self.not_ports),
        ];
        constraints(self.node, lists)
    }
}

fn constraints<'p, 'a, const N: usize>(
    node: Node<'a>,
    lists: [(&'static str, Subject, &'p Vec<Str<'a>>); N],
) -> Vec<Constraint<'p, 'a>> {
    let written = lists.into_iter().filter(|(_, _, values)| !values.is_empty());
    let constraints = written.map(|(name, subject, values)| {
        let at = node.key_at(name).unwrap_or(node.head());
        Constraint { subject, name, at, negated: name.starts_with("not"), values }
    });
    constraints.collect()
}

impl<'a> Condition<'a> {
    pub fn subject(&self) -> Subject {
        let key = self.key.and_then(|key| ConditionKey::parse(key.value).ok());
        match key.map(ConditionKey::attribute) {
            Some(Attribute::SourcePrincipal) => Subject::Principal,
            Some(Attribute::SourceNamespace) => Subject::Namespace,
            Some(Attribute::SourceServiceAccount) => Subject::ServiceAccount,
            Some(Attribute::SourceTrustDomain) => Subject::TrustDomain,
            Some(Attribute::RequestPrincipal) => Subject::RequestPrincipal,
            Some(Attribute::RequestAudiences | Attribute::RequestPresenter | Attribute::RequestClaim(_)) => {
                Subject::RequestClaim
            }
            Some(Attribute::RequestHeader(_)) => Subject::RequestHeader,
            Some(Attribute::DestinationPort) => Subject::Port,
            Some(Attribute::SourceIp) => Subject::SourceIp,
            Some(Attribute::RemoteIp) => Subject::RemoteIp,
            Some(Attribute::DestinationIp | Attribute::ConnectionSni | Attribute::FilterMetadata { .. }) | None => {
                Subject::Other
            }
        }
    }

    pub fn constraints(&self) -> impl Iterator<Item = Constraint<'_, 'a>> {
        let subject = self.subject();
        let lists = [(false, &self.values), (true, &self.not_values)];
        self.key.into_iter().flat_map(move |key| {
            let written = lists.into_iter().filter(|(_, values)| !values.is_empty());
            written.map(move |(negated, values)| Constraint { subject, name: key.value, at: key.at, negated, values })
        })
    }
}

/// Whether `value` matches `text` as AuthorizationPolicies compare: a `*` at one end stands for any text, a lone `*` for
/// any text but none.
pub fn matches(value: &str, text: &str) -> bool {
    match (value.strip_prefix('*'), value.strip_suffix('*')) {
        _ if value == "*" => !text.is_empty(),
        (Some(suffix), _) => text.ends_with(suffix),
        (None, Some(prefix)) => text.starts_with(prefix),
        (None, None) => text == value,
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_at_one_end_is_a_wildcard() {
        let cases = [
            ("*", "a", true),
            ("*", "", false),
            ("a*", "ab", true),
            ("*b", "ab", true),
            ("a*c", "abc", false),
            ("a*c", "a*c", true),
            ("a", "A", false),
        ];
        for (value, text, expected) in cases {
            assert_eq!(matches(value, text), expected, "{value} {text}");
        }
    }
}
