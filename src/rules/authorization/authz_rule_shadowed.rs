use rustc_hash::FxHashMap;

use crate::finding::Severity;
use crate::format::PathPattern;
use crate::mesh::Mesh;
use crate::model::authorization::{Action, Constraint, Subject, matches};
use crate::model::security::{Attached, AuthorizationPolicy, Condition, Operation, Rule, Source};
use crate::model::{Labels, Object};
use crate::rules::Report;

type Policy<'m> = Object<'m, AuthorizationPolicy<'m>>;

/// A rule, with what it asks for taken apart once.
struct Entry<'m> {
    policy: &'m Policy<'m>,
    rule: &'m Rule<'m>,
    sources: Vec<Vec<Constraint<'m, 'm>>>,
    operations: Vec<Vec<Constraint<'m, 'm>>>,
    conditions: Vec<Constraint<'m, 'm>>,
}

/// Rules without effect: whatever they match, another rule for the same workloads matches as well.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    let mut groups: FxHashMap<_, Vec<Entry<'_>>> = FxHashMap::default();
    for policy in mesh.resources.authorization_policies.iter().filter(|policy| is_enforced(policy)) {
        let rules = policy.spec.rules.iter().map(|rule| Entry::new(policy, rule));
        groups.entry((policy.meta.namespace, labels(policy.spec.selector()))).or_default().extend(rules);
    }
    for ((namespace, labels), entries) in &groups {
        let of_namespace = groups.get(&(*namespace, Vec::new())).filter(|_| !labels.is_empty());
        for entry in entries {
            let covers = || {
                let others = entries.iter().chain(of_namespace.into_iter().flatten());
                others.filter(|other| shadows(other, entry))
            };
            // Being denied is worse than being needless.
            let denying = covers().find(|other| other.action() != entry.action());
            if let Some(cover) = denying.or_else(|| covers().next()) {
                say(report, entry, cover);
            }
        }
    }
}

impl<'m> Entry<'m> {
    fn new(policy: &'m Policy<'m>, rule: &'m Rule<'m>) -> Self {
        Self {
            policy,
            rule,
            sources: rule.sources().map(Source::constraints).collect(),
            operations: rule.operations().map(Operation::constraints).collect(),
            conditions: rule.when.iter().flat_map(Condition::constraints).collect(),
        }
    }

    fn action(&self) -> Action {
        self.policy.spec.action()
    }

    /// Whether every request that `other` matches is matched by this rule.
    fn covers(&self, other: &Self) -> bool {
        within_any(&other.sources, &self.sources)
            && within_any(&other.operations, &self.operations)
            && self.conditions.iter().all(|list| implied(list, &other.conditions))
    }
}

/// Whether each of `inner` is contained in one of `outer`; no alternatives at all are no restriction.
fn within_any(inner: &[Vec<Constraint<'_, '_>>], outer: &[Vec<Constraint<'_, '_>>]) -> bool {
    let contained =
        |own: &Vec<Constraint<'_, '_>>| outer.iter().any(|wider| wider.iter().all(|list| implied(list, own)));
    outer.is_empty() || !inner.is_empty() && inner.iter().all(contained)
}

fn say(report: &mut Report, entry: &Entry<'_>, cover: &Entry<'_>) {
    let title = &cover.policy.meta.name.value;
    let (meta, at) = (&entry.policy.meta, entry.rule.node.head());
    match cover.action() == entry.action() {
        true => report
            .at(meta, at, format!("a rule of `{title}` matches all that this rule matches"))
            .severity(Severity::Info)
            .label("this one changes nothing")
            .related(cover.rule.node.head(), "the wider rule")
            .help("remove one of the two"),
        false => report
            .at(meta, at, format!("`{title}` denies all that this rule allows"))
            .label("`DENY` comes first: this rule never has an effect")
            .related(cover.rule.node.head(), "the rule that denies")
            .help("narrow the rule that denies, or remove this one"),
    };
}

/// Dry runs and targets aside: what is attached to a gateway or waypoint is not for the same requests.
fn is_enforced(policy: &Policy<'_>) -> bool {
    let action = matches!(policy.spec.action(), Action::Allow | Action::Deny);
    action && policy.spec.targets().is_empty() && policy.meta.annotations.get("istio.io/dry-run").is_none()
}

fn labels<'m>(selector: Option<&Labels<'m>>) -> Vec<(&'m str, &'m str)> {
    let mut labels: Vec<_> =
        selector.into_iter().flat_map(|labels| labels.iter().map(|(key, value)| (key.value, value.value))).collect();
    labels.sort_unstable();
    labels
}

/// Whether `entry` has no effect because of `cover`. Of two equal rules the first has.
fn shadows(cover: &Entry<'_>, entry: &Entry<'_>) -> bool {
    let same = cover.action() == entry.action();
    let itself = cover.rule.node.at() == entry.rule.node.at();
    // Empty rules have findings of their own.
    if !same && cover.action() != Action::Deny || itself || cover.rule.is_empty() || !cover.covers(entry) {
        return false;
    }
    !same || !entry.covers(cover) || cover.rule.node.at() < entry.rule.node.at()
}

/// Whether one of `own` is at least as strict as `list`.
fn implied(list: &Constraint<'_, '_>, own: &[Constraint<'_, '_>]) -> bool {
    let all_within = |inner: &Constraint<'_, '_>, outer: &Constraint<'_, '_>| {
        inner.values.iter().all(|value| outer.values.iter().any(|wider| within(list.subject, value.value, wider.value)))
    };
    own.iter().filter(|own| own.name == list.name && own.negated == list.negated).any(|own| match list.negated {
        false => all_within(own, list),
        true => all_within(list, own),
    })
}

/// Whether whatever matches `inner` matches `outer`.
fn within(subject: Subject, inner: &str, outer: &str) -> bool {
    let stars =
        matches!(subject, Subject::Method | Subject::Path | Subject::Host | Subject::Principal | Subject::Namespace);
    let template =
        |text: &str| subject == Subject::Path && PathPattern::parse(text).is_ok_and(PathPattern::is_template);
    if inner == outer || !stars || template(inner) || template(outer) {
        return inner == outer;
    }
    match (inner.strip_prefix('*'), inner.strip_suffix('*')) {
        _ if outer == "*" => true,
        (Some(suffix), _) => outer.strip_prefix('*').is_some_and(|wider| suffix.ends_with(wider)),
        (None, Some(prefix)) => outer.strip_suffix('*').is_some_and(|wider| prefix.starts_with(wider)),
        (None, None) => matches(outer, inner),
    }
}
