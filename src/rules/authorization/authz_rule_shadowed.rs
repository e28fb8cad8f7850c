use rustc_hash::{FxHashMap, FxHashSet};

use crate::finding::Severity;
use crate::format::PathPattern;
use crate::mesh::Mesh;
use crate::model::authorization::{Action, Constraint, Subject, matches};
use crate::model::security::{Attached, AuthorizationPolicy, Condition, Operation, Rule, Source};
use crate::model::{Labels, Object, Str};
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

/// What a policy holds for: the namespace, and in it the labels of workloads or an object that it is attached to.
type Scope<'m> = (&'m str, Target<'m>);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Target<'m> {
    /// In order; none for all workloads.
    Labels(Vec<(&'m str, &'m str)>),
    /// By kind and name.
    Object(&'m str, &'m str),
}

/// The rules of a scope, to be found by what they ask for.
#[derive(Default)]
struct Group<'m> {
    entries: Vec<Entry<'m>>,
    /// Positions by each key of a rule.
    index: FxHashMap<Key<'m>, Vec<usize>>,
}

/// A field that a rule asks for, and one of its values, or none if that has a wildcard. A rule that asks for nothing has
/// no field.
type Key<'m> = Option<(&'m str, Option<&'m str>)>;

/// Rules without effect: whatever they match, another rule for the same workloads matches as well.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    let mut groups: FxHashMap<Scope<'_>, Group<'_>> = FxHashMap::default();
    for policy in mesh.resources.authorization_policies.iter().filter(|policy| is_enforced(policy)) {
        for target in targets(policy) {
            let group = groups.entry((policy.meta.namespace, target)).or_default();
            policy.spec.rules.iter().for_each(|rule| group.add(Entry::new(policy, rule)));
        }
    }
    let mut reported = FxHashSet::default();
    for (scope, group) in &groups {
        let wider = wider_scopes(scope, mesh.settings.root_namespace);
        let wider: Vec<_> = wider.iter().filter_map(|scope| groups.get(scope)).collect();
        for entry in &group.entries {
            let covers =
                || wider.iter().flat_map(|group| group.candidates(entry)).filter(|other| shadows(other, entry));
            // Being denied is worse than being needless.
            let denying = covers().find(|other| other.action() != entry.action());
            if let Some(cover) = denying.or_else(|| covers().next()).filter(|_| reported.insert(entry.rule.node.at())) {
                say(report, entry, cover);
            }
        }
    }
}

impl<'m> Group<'m> {
    fn add(&mut self, entry: Entry<'m>) {
        for key in entry.keys() {
            let at = self.index.entry(key).or_default();
            if at.last() != Some(&self.entries.len()) {
                at.push(self.entries.len());
            }
        }
        self.entries.push(entry);
    }

    /// The rules that may match all that `entry` matches: they ask for a value of it, or for nothing.
    fn candidates<'g>(&'g self, entry: &Entry<'m>) -> impl Iterator<Item = &'g Entry<'m>> {
        let lists = entry.sources.first().into_iter().chain(entry.operations.first()).chain([&entry.conditions]);
        let values =
            lists.flatten().filter(|list| !list.negated).filter_map(|list| Some((list.name, *list.values.first()?)));
        let keys = values.flat_map(|(name, value)| [Some((name, Some(value.value))), Some((name, None))]);
        let mut found: Vec<_> = keys.chain([None]).filter_map(|key| self.index.get(&key)).flatten().copied().collect();
        found.sort_unstable();
        found.dedup();
        found.into_iter().map(|at| &self.entries[at])
    }
}

fn targets<'m>(policy: &'m Policy<'m>) -> Vec<Target<'m>> {
    let objects = policy.spec.targets().into_iter().map(|target| {
        let text = |text: Option<Str<'m>>| text.map_or("", |text| text.value);
        Target::Object(text(target.kind), text(target.name))
    });
    let objects: Vec<_> = objects.collect();
    if objects.is_empty() { vec![Target::Labels(labels(policy.spec.selector()))] } else { objects }
}

/// The scopes of the policies that hold for whatever is in `scope`, itself among them.
fn wider_scopes<'m>((namespace, target): &Scope<'m>, root: &'m str) -> Vec<Scope<'m>> {
    /// Of more labels not all parts are looked up.
    const MOST_LABELS: usize = 6;
    match target {
        Target::Object(..) => vec![(*namespace, target.clone())],
        Target::Labels(labels) => {
            let parts: Vec<Vec<_>> = match labels.len() {
                0..=MOST_LABELS => (0..1_u32 << labels.len())
                    .map(|mask| {
                        labels.iter().zip(0..).filter(|(_, bit)| mask >> bit & 1 == 1).map(|(own, _)| *own).collect()
                    })
                    .collect(),
                _ => vec![Vec::new(), labels.clone()],
            };
            let mut namespaces = vec![*namespace, root];
            namespaces.dedup();
            let scopes =
                namespaces.iter().flat_map(|name| parts.iter().map(|part| (*name, Target::Labels(part.clone()))));
            scopes.collect()
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

    /// What whatever it covers has one of: of each alternative a list of values.
    fn keys(&self) -> Vec<Key<'m>> {
        let conditions = std::slice::from_ref(&self.conditions);
        let alternatives = [self.sources.as_slice(), self.operations.as_slice(), conditions];
        let alternatives = alternatives.into_iter().find(|lists| !lists.is_empty()).unwrap_or(conditions);
        let keys = alternatives.iter().flat_map(|lists| match lists.iter().find(|list| !list.negated) {
            None => vec![None],
            Some(list) => {
                let key = |value: &Str<'m>| {
                    Some((list.name, (!value.contains('*') && !value.contains('{')).then_some(value.value)))
                };
                list.values.iter().map(key).collect()
            }
        });
        keys.collect()
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

/// Neither audits nor dry runs decide anything.
fn is_enforced(policy: &Policy<'_>) -> bool {
    let action = matches!(policy.spec.action(), Action::Allow | Action::Deny);
    action && policy.meta.annotations.get("istio.io/dry-run").is_none()
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
