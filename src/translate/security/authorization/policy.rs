//! A rule of an AuthorizationPolicy as a policy of Envoy's RBAC (istio 1.31 `pilot/pkg/security/authz/model`).

use std::borrow::Cow;

use crate::envoy::rbac::{Action, Permission, PermissionSet, Policy, Principal, PrincipalSet};
use crate::format::{Attribute, ConditionKey};
use crate::mesh::Settings;
use crate::model::authorization::{Constraint, Subject};
use crate::model::security::{Condition, Operation, Rule, Source};

use super::{matchers, trust_domains};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    Http,
    Tcp,
}

/// The filter chains that a rule is for, and what they do where it matches.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chain {
    pub(super) protocol: Protocol,
    pub(super) action: Action,
}

/// What turns the rules of one policy into Envoy's.
pub(super) struct Compiler<'s, 'm> {
    pub(super) settings: &'s Settings<'m>,
    /// Of the policy.
    pub(super) namespace: &'s str,
    pub(super) chain: Chain,
}

/// A rule asks for something that the chain cannot tell.
struct Dropped;

/// A list of values that is asked for, with the aliases of its trust domains.
struct List<'p, 'a> {
    constraint: Constraint<'p, 'a>,
    values: Vec<Cow<'a, str>>,
}

/// Permissions and principals are combined alike.
pub(super) trait Logic: Sized {
    fn any() -> Self;
    fn all(matchers: Vec<Self>) -> Self;
    fn one_of(matchers: Vec<Self>) -> Self;
    fn negated(self) -> Self;
}

impl Compiler<'_, '_> {
    /// `None` if the rule is dropped: an ALLOW rule that asks for what this chain cannot tell, or an unknown condition.
    pub(super) fn compile(&self, rule: &Rule<'_>) -> Option<Policy> {
        let sources = rule.from.iter().map(|from| from.source.as_ref().map(Source::constraints));
        let operations = rule.to.iter().map(|to| to.operation.as_ref().map(Operation::constraints));
        // istiod shares the conditions between the sources and adds the aliases once for each of them.
        let times = rule.from.len().max(1);
        let (mut of_operation, mut of_source) = (Vec::new(), Vec::new());
        for condition in &rule.when {
            let lists = condition.constraints().map(|constraint| self.list(constraint, times));
            if is_about_operation(condition)? { of_operation.extend(lists) } else { of_source.extend(lists) }
        }
        let permissions = self.alternatives(operations, &of_operation, Self::permission);
        let principals = self.alternatives(sources, &of_source, Self::principal);
        Some(Policy { permissions: permissions.ok()?, principals: principals.ok()?, ..Default::default() })
    }

    /// One matcher for each source (or operation) of a rule: all of its lists, and the conditions of the rule. Without any,
    /// one for the conditions.
    fn alternatives<'p, 'a: 'p, T: Logic>(
        &self,
        alternatives: impl ExactSizeIterator<Item = Option<Vec<Constraint<'p, 'a>>>>,
        conditions: &[List<'_, '_>],
        matcher: impl Fn(&Self, &List<'_, '_>) -> Result<Option<T>, Dropped>,
    ) -> Result<Vec<T>, Dropped> {
        let all = |own: &[List<'_, '_>]| {
            let matchers = own.iter().chain(conditions).map(|list| {
                let matcher = matcher(self, list)?;
                Ok(if list.constraint.negated { matcher.map(T::negated) } else { matcher })
            });
            let matchers: Vec<_> = matchers.filter_map(Result::transpose).collect::<Result<_, _>>()?;
            Ok(T::all(if matchers.is_empty() { vec![T::any()] } else { matchers }))
        };
        if alternatives.len() == 0 {
            return Ok(vec![all(&[])?]);
        }
        let lists = alternatives.map(|constraints| {
            let constraints = constraints.unwrap_or_default().into_iter();
            all(&constraints.map(|constraint| self.list(constraint, 1)).collect::<Vec<_>>())
        });
        lists.collect()
    }

    fn list<'p, 'a>(&self, constraint: Constraint<'p, 'a>, times: usize) -> List<'p, 'a> {
        let mut values: Vec<_> = constraint.values.iter().map(|value| Cow::Borrowed(value.value)).collect();
        let aliased = match constraint.subject {
            Subject::Principal => trust_domains::principals,
            Subject::TrustDomain => trust_domains::expanded,
            _ => return List { constraint, values },
        };
        for _ in 0..times {
            values = aliased(self.settings, values);
        }
        List { constraint, values }
    }

    fn permission(&self, list: &List<'_, '_>) -> Result<Option<Permission>, Dropped> {
        if self.is_beyond(list) {
            return self.left_out();
        }
        match list.constraint.subject {
            Subject::Host => self.each(list, |value| Some(matchers::host(value))),
            Subject::Method => self.each(list, |value| Some(Permission::Header(matchers::header(":method", value)))),
            Subject::Path => self.each(list, |value| Some(matchers::path(value))),
            Subject::Port => self.each(list, matchers::port),
            _ => match attribute(&list.constraint) {
                Some(Attribute::DestinationIp) => {
                    self.each(list, |value| matchers::range(value).map(Permission::DestinationIp))
                }
                Some(Attribute::ConnectionSni) => {
                    self.each(list, |value| Some(Permission::RequestedServerName(matchers::text(value))))
                }
                Some(Attribute::FilterMetadata { filter, key }) => {
                    Ok(Some(matchers::filter_metadata(filter, key, &list.values)))
                }
                _ => Ok(None),
            },
        }
    }

    fn principal(&self, list: &List<'_, '_>) -> Result<Option<Principal>, Dropped> {
        if self.is_beyond(list) {
            return self.left_out();
        }
        match list.constraint.subject {
            Subject::Principal => self.each(list, |value| Some(matchers::principal(value))),
            Subject::Namespace => self.each(list, |value| Some(matchers::namespace(value))),
            Subject::ServiceAccount => self.each(list, |value| Some(matchers::service_account(self.namespace, value))),
            Subject::TrustDomain => self.each(list, |value| Some(matchers::trust_domain(value))),
            Subject::SourceIp => self.each(list, |value| matchers::range(value).map(Principal::DirectRemoteIp)),
            Subject::RemoteIp => self.each(list, |value| matchers::range(value).map(Principal::RemoteIp)),
            Subject::RequestPrincipal => Ok(Some(matchers::request_principals(&list.values))),
            _ => match attribute(&list.constraint) {
                Some(Attribute::RequestHeader(name)) => {
                    self.each(list, |value| Some(Principal::Header(matchers::header(name, value))))
                }
                Some(Attribute::RequestAudiences) => Ok(Some(matchers::claim(&["aud"], &list.values))),
                Some(Attribute::RequestPresenter) => Ok(Some(matchers::claim(&["azp"], &list.values))),
                Some(Attribute::RequestClaim(path)) => Ok(Some(matchers::claim(&claim_path(path), &list.values))),
                _ => Ok(None),
            },
        }
    }

    /// A matcher that takes any of the values.
    fn each<T: Logic>(&self, list: &List<'_, '_>, one: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Dropped> {
        let matchers: Vec<_> = list.values.iter().filter_map(|value| one(value)).collect();
        if matchers.len() < list.values.len() && self.is_strict() {
            return Err(Dropped);
        }
        Ok((!matchers.is_empty()).then(|| T::one_of(matchers)))
    }

    /// Whether connections cannot tell what a list asks for.
    fn is_beyond(&self, list: &List<'_, '_>) -> bool {
        self.chain.protocol == Protocol::Tcp && list.constraint.subject.is_http()
    }

    /// What cannot be told narrows what is allowed and widens what is denied.
    fn left_out<T>(&self) -> Result<Option<T>, Dropped> {
        if self.is_strict() { Err(Dropped) } else { Ok(None) }
    }

    fn is_strict(&self) -> bool {
        self.chain.action == Action::Allow
    }
}

fn attribute<'a>(constraint: &Constraint<'_, 'a>) -> Option<Attribute<'a>> {
    ConditionKey::parse(constraint.name).ok().map(ConditionKey::attribute)
}

/// `None` if there is no such condition.
fn is_about_operation(condition: &Condition<'_>) -> Option<bool> {
    let key = ConditionKey::parse(condition.key?.value).ok()?;
    Some(match key.attribute() {
        Attribute::DestinationIp
        | Attribute::DestinationPort
        | Attribute::ConnectionSni
        | Attribute::FilterMetadata { .. } => true,
        Attribute::RequestHeader(_)
        | Attribute::SourceIp
        | Attribute::RemoteIp
        | Attribute::SourceNamespace
        | Attribute::SourceServiceAccount
        | Attribute::SourcePrincipal
        | Attribute::SourceTrustDomain
        | Attribute::RequestPrincipal
        | Attribute::RequestAudiences
        | Attribute::RequestPresenter
        | Attribute::RequestClaim(_) => false,
    })
}

/// The claim `a` in the claim `b` for `b][a`. Where the brackets do not pair, all of the text is one name.
fn claim_path(text: &str) -> Vec<&str> {
    let path: Vec<_> = text.split("][").collect();
    if path.iter().any(|name| name.contains(['[', ']'])) { vec![text] } else { path }
}

impl Logic for Permission {
    fn any() -> Self {
        Permission::Any(true)
    }

    fn all(rules: Vec<Self>) -> Self {
        Permission::AndRules(PermissionSet { rules, ..Default::default() })
    }

    fn one_of(rules: Vec<Self>) -> Self {
        Permission::OrRules(PermissionSet { rules, ..Default::default() })
    }

    fn negated(self) -> Self {
        Permission::NotRule(Box::new(self))
    }
}

impl Logic for Principal {
    fn any() -> Self {
        Principal::Any(true)
    }

    fn all(ids: Vec<Self>) -> Self {
        Principal::AndIds(PrincipalSet { ids, ..Default::default() })
    }

    fn one_of(ids: Vec<Self>) -> Self {
        Principal::OrIds(PrincipalSet { ids, ..Default::default() })
    }

    fn negated(self) -> Self {
        Principal::NotId(Box::new(self))
    }
}
