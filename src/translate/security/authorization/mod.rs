//! AuthorizationPolicies as filters (istio 1.31 `pilot/pkg/security/authz/builder/builder.go`).

mod matchers;
mod policy;
mod trust_domains;

use std::collections::BTreeMap;

use crate::envoy::http_connection_manager::HttpFilter;
use crate::envoy::listener::Filter;
use crate::envoy::rbac::{self, HttpRbac, NetworkRbac, Permission, Policy, Principal, Rules};
use crate::mesh::Mesh;
use crate::model::authorization::Action;
use crate::model::security::AuthorizationPolicy;
use crate::model::{Labels, Object};

use super::ext_authz::{ExtAuthz, SHADOW_PREFIX, policy_prefix};
use policy::{Chain, Compiler, Logic, Protocol};

pub(super) use matchers::metadata;

pub(super) const HTTP_RBAC: &str = "envoy.filters.http.rbac";
pub(super) const NETWORK_RBAC: &str = "envoy.filters.network.rbac";

/// The actions that Envoy decides by itself, in the order in which it does.
const LOCAL_ACTIONS: [(Action, rbac::Action); 3] =
    [(Action::Audit, rbac::Action::Log), (Action::Deny, rbac::Action::Deny), (Action::Allow, rbac::Action::Allow)];

type PolicyObject<'m> = &'m Object<'m, AuthorizationPolicy<'m>>;

/// The AuthorizationPolicies in force for a proxy.
pub(super) struct Authorization<'s, 'm> {
    mesh: &'s Mesh<'m>,
    policies: Vec<PolicyObject<'m>>,
}

/// A filter, whether for requests or for connections.
enum Stage {
    Rules(Rbac),
    Ask(Box<ExtAuthz>),
}

#[derive(Default)]
struct Rbac {
    rules: Option<Rules>,
    shadow_rules: Option<Rules>,
    shadow_prefix: &'static str,
}

/// What the rules of some policies became: of those in force, and of those that are only tried out. A kind of policy that
/// does not exist leaves nothing; one whose rules are all dropped leaves an empty list.
struct RuleSet {
    enforced: Option<Rules>,
    dry_run: Option<Rules>,
}

impl<'s, 'm> Authorization<'s, 'm> {
    pub(super) fn new(mesh: &'s Mesh<'m>, namespace: &str, labels: &Labels<'_>) -> Self {
        Self { mesh, policies: mesh.authorization_policies_of_proxy(namespace, labels) }
    }

    /// For requests, those of CUSTOM policies.
    pub(super) fn external_http_filters(&self) -> Vec<HttpFilter> {
        self.external(Protocol::Http).into_iter().map(Stage::into_http_filter).collect()
    }

    /// For requests, those of all other policies.
    pub(super) fn http_filters(&self) -> Vec<HttpFilter> {
        self.local(Protocol::Http).into_iter().map(Stage::into_http_filter).collect()
    }

    /// For connections.
    pub(super) fn network_filters(&self) -> Vec<Filter> {
        let stages = self.external(Protocol::Tcp).into_iter().chain(self.local(Protocol::Tcp));
        stages.filter_map(Stage::into_network_filter).collect()
    }

    /// An action that has policies has a filter, even if none of their rules is left: an ALLOW policy then denies all.
    fn local(&self, protocol: Protocol) -> Vec<Stage> {
        let stages = LOCAL_ACTIONS.into_iter().filter_map(|(action, envoy_action)| {
            let policies: Vec<_> = self.of_action(action).collect();
            let chain = Chain { protocol, action: envoy_action };
            (!policies.is_empty()).then(|| Stage::Rules(Rbac::deciding(self.compile(&policies, chain, ""))))
        });
        stages.collect()
    }

    /// One authorizer for each proxy: with several, as with one that is not there, what they would be asked about is denied.
    fn external(&self, protocol: Protocol) -> Vec<Stage> {
        let mut by_provider = BTreeMap::<&str, Vec<PolicyObject<'m>>>::new();
        for policy in self.of_action(Action::Custom) {
            let provider = policy.spec.provider.as_ref().and_then(|provider| provider.name);
            by_provider.entry(provider.map_or("", |name| name.value)).or_default().push(policy);
        }
        let is_only = by_provider.len() == 1;
        let stages = by_provider.into_iter().flat_map(|(provider, policies)| {
            let chain = Chain { protocol, action: rbac::Action::Deny };
            let prefix = policy_prefix(provider) + "-";
            let rules = self.compile(&policies, chain, &prefix);
            match ExtAuthz::find(self.mesh, provider).filter(|_| is_only) {
                None => vec![Stage::Rules(Rbac::denying(rules))],
                Some(authorizer) if protocol == Protocol::Tcp && !authorizer.takes_connections() => Vec::new(),
                Some(authorizer) => vec![Stage::Rules(Rbac::observing(rules)), Stage::Ask(Box::new(authorizer))],
            }
        });
        stages.collect()
    }

    fn of_action(&self, action: Action) -> impl Iterator<Item = PolicyObject<'m>> {
        self.policies.iter().copied().filter(move |policy| policy.spec.action() == action)
    }

    fn compile(&self, policies: &[PolicyObject<'m>], chain: Chain, prefix: &str) -> RuleSet {
        let (dry_run, enforced): (Vec<_>, Vec<_>) = policies.iter().partition(|policy| is_dry_run(policy));
        let rules = |policies: Vec<PolicyObject<'m>>| {
            let policies = policies.iter().flat_map(|policy| self.named_rules(policy, chain, prefix)).collect();
            Rules { action: chain.action, policies, ..Default::default() }
        };
        RuleSet {
            enforced: (!enforced.is_empty()).then(|| rules(enforced)),
            dry_run: (!dry_run.is_empty()).then(|| rules(dry_run)),
        }
    }

    fn named_rules(&self, policy: PolicyObject<'m>, chain: Chain, prefix: &str) -> Vec<(String, Policy)> {
        let (namespace, name) = (policy.meta.namespace, policy.meta.name.value);
        let named = |index, rule| (format!("{prefix}ns[{namespace}]-policy[{name}]-rule[{index}]"), rule);
        if policy.spec.rules.is_empty() {
            return vec![named(0, matching_nothing())];
        }
        let compiler = Compiler { settings: &self.mesh.settings, namespace, chain };
        let rules = policy.spec.rules.iter().enumerate();
        rules.filter_map(|(index, rule)| Some(named(index, compiler.compile(rule)?))).collect()
    }
}

impl Rbac {
    fn deciding(rules: RuleSet) -> Self {
        // istiod takes the prefix from the action of the shadow rules, which is ALLOW where there are none.
        let shadow_prefix = match rules.dry_run.as_ref().map_or(rbac::Action::Allow, |rules| rules.action) {
            rbac::Action::Allow => "istio_dry_run_allow_",
            rbac::Action::Deny => "istio_dry_run_deny_",
            rbac::Action::Log => "",
        };
        Self { rules: rules.enforced, shadow_rules: rules.dry_run, shadow_prefix }
    }

    /// Finds out which rules match, for the authorizer that comes next. Rules that are only tried out do decide: Istio has no
    /// third place for them.
    fn observing(rules: RuleSet) -> Self {
        Self {
            rules: rules.dry_run.filter(|rules| !rules.policies.is_empty()),
            shadow_rules: Some(rules.enforced.unwrap_or(no_denials())),
            shadow_prefix: SHADOW_PREFIX,
        }
    }

    /// Denies what an authorizer would have been asked about.
    fn denying(rules: RuleSet) -> Self {
        let Rules { action, policies, untyped } = rules.enforced.unwrap_or(no_denials());
        let renamed = |(name, policy)| (format!("{name}-deny-due-to-bad-CUSTOM-action"), policy);
        let policies = policies.into_iter().map(renamed).collect();
        Self { rules: Some(Rules { action, policies, untyped }), ..Default::default() }
    }
}

impl Stage {
    fn into_http_filter(self) -> HttpFilter {
        match self {
            Stage::Ask(authorizer) => authorizer.http_filter(),
            Stage::Rules(Rbac { rules, shadow_rules, shadow_prefix }) => {
                let shadow_rules_stat_prefix = shadow_prefix.to_owned();
                let config = HttpRbac { rules, shadow_rules, shadow_rules_stat_prefix, ..Default::default() };
                HttpFilter::new(HTTP_RBAC, config)
            }
        }
    }

    fn into_network_filter(self) -> Option<Filter> {
        match self {
            Stage::Ask(authorizer) => authorizer.network_filter(),
            Stage::Rules(Rbac { rules, shadow_rules, shadow_prefix }) => {
                let config = NetworkRbac {
                    rules,
                    shadow_rules,
                    shadow_rules_stat_prefix: shadow_prefix.to_owned(),
                    stat_prefix: "tcp.".to_owned(),
                    ..Default::default()
                };
                Some(Filter::new(NETWORK_RBAC, config))
            }
        }
    }
}

/// Whether a policy is only tried out. Go's `strconv.ParseBool` reads the annotation.
fn is_dry_run(policy: &PolicyObject<'_>) -> bool {
    let value = policy.meta.annotations.text("istio.io/dry-run");
    value.is_some_and(|value| ["1", "t", "T", "TRUE", "true", "True"].contains(&value))
}

fn no_denials() -> Rules {
    Rules { action: rbac::Action::Deny, ..Default::default() }
}

fn matching_nothing() -> Policy {
    Policy {
        permissions: vec![Permission::any().negated()],
        principals: vec![Principal::any().negated()],
        ..Default::default()
    }
}
