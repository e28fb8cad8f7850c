//! Which DestinationRule holds for a client and a host (istio 1.31 `pilot/pkg/model/push_context.go` `destinationRule`,
//! `destination_rule.go` `mergeDestinationRule`).

use std::borrow::Cow;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::format::Host;
use crate::model::destination_rule::{DestinationRule, Subset, TrafficPolicy};
use crate::model::{Labels, Object, Resources};

use super::hosts::{has_wildcard, host_subset_of};
use super::{ExportTo, Mesh, Service, Settings, by_age};

/// DestinationRules of one namespace for the same host, as one.
#[derive(Clone, Debug)]
pub struct MergedRule<'m> {
    /// The full name, or a wildcard.
    pub host: Cow<'m, str>,
    pub namespace: &'m str,
    pub export_to: ExportTo<'m>,
    /// `exportTo` as written, sorted; by it istiod tells which rules become one.
    exports: Vec<&'m str>,
    /// Oldest first.
    pub rules: Vec<&'m Object<'m, DestinationRule<'m>>>,
    /// Of each name the first.
    pub subsets: Vec<MergedSubset<'m>>,
    /// Of the oldest rule that has one.
    pub traffic_policy: Option<&'m TrafficPolicy<'m>>,
    /// The clients that it is for; of all clients in its namespace if absent.
    pub workload_selector: Option<&'m Labels<'m>>,
}

#[derive(Clone, Copy, Debug)]
pub struct MergedSubset<'m> {
    pub name: &'m str,
    pub subset: &'m Subset<'m>,
    pub rule: &'m Object<'m, DestinationRule<'m>>,
}

impl<'m> MergedRule<'m> {
    /// Whether clients in the namespace of the rule look it up there.
    fn holds_at_home(&self) -> bool {
        let local = ["*", ".", self.namespace];
        self.exports.is_empty() || self.exports.iter().any(|name| local.contains(name))
    }

    pub fn subset(&self, name: &str) -> Option<&MergedSubset<'m>> {
        self.subsets.iter().find(|subset| subset.name == name)
    }
}

/// The rules of one namespace, to be found by host.
#[derive(Debug, Default)]
struct NamespaceRules<'m> {
    exact: FxHashMap<Cow<'m, str>, Vec<MergedRule<'m>>>,
    /// Most specific first.
    wildcards: Vec<(Cow<'m, str>, Vec<MergedRule<'m>>)>,
}

/// All DestinationRules, merged and indexed.
#[derive(Debug, Default)]
pub struct DestinationRules<'m> {
    /// Those of a namespace that its own clients see.
    own: FxHashMap<&'m str, NamespaceRules<'m>>,
    /// Those of a namespace that only others see.
    away: FxHashMap<&'m str, NamespaceRules<'m>>,
    /// Those of a namespace `apart` that others see.
    exported: FxHashMap<&'m str, NamespaceRules<'m>>,
    /// The namespaces that show others not what they see themselves. Few do, and for the rest one list is enough.
    apart: FxHashSet<&'m str>,
    /// Those of the root namespace that only it sees.
    root_private: NamespaceRules<'m>,
    /// The namespaces that have rules for exactly this host, in order.
    owners: FxHashMap<Cow<'m, str>, Vec<&'m str>>,
    /// The namespaces that have rules for wildcards, in order.
    wildcard_owners: Vec<&'m str>,
}

impl<'m> DestinationRules<'m> {
    pub(super) fn new(resources: &'m Resources<'m>, settings: &Settings<'m>) -> Self {
        let mut all = Self::default();
        let mut objects = by_age(&resources.destination_rules);
        // Stable: rules for certain clients come before all others.
        objects.sort_by_key(|object| object.spec.workload_selector.is_none());
        let rules: Vec<_> = objects.into_iter().filter_map(|object| merged(object, settings)).collect();
        let is_private = |rule: &MergedRule<'_>| rule.export_to.is_private(rule.namespace);
        let apart = rules.iter().filter(|rule| is_private(rule) || !rule.holds_at_home());
        all.apart = apart.map(|rule| rule.namespace).collect();
        for rule in rules {
            let private = is_private(&rule);
            if rule.namespace == settings.root_namespace && private {
                all.root_private.add(rule.clone());
            }
            if !private && all.apart.contains(rule.namespace) {
                all.exported.entry(rule.namespace).or_default().add(rule.clone());
            }
            let home = if rule.holds_at_home() { &mut all.own } else { &mut all.away };
            home.entry(rule.namespace).or_default().add(rule);
        }
        let namespaces = all
            .own
            .values_mut()
            .chain(all.away.values_mut())
            .chain(all.exported.values_mut())
            .chain([&mut all.root_private]);
        for rules in namespaces {
            rules.wildcards.sort_by(|left, right| Host::new(&left.0).cmp(&Host::new(&right.0)));
        }
        all.index_owners();
        all
    }

    /// The rules of the first level that has any for the host; more than one where not all could be merged or some are
    /// for certain clients only.
    fn candidates(&self, client: &str, host: &str, service_namespace: &str, root: &str) -> &[MergedRule<'m>] {
        let own = match client == root {
            true => Some(&self.root_private),
            false => self.own.get(client),
        };
        if let Some(found) = own.and_then(|rules| rules.most_specific(host)) {
            return found;
        }
        for namespace in [service_namespace, root] {
            let found = self.exported(namespace).and_then(|rules| rules.most_specific(host));
            if let Some(found) = found.filter(|rules| rules.iter().any(|rule| rule.export_to.sees(client))) {
                return found;
            }
        }
        &[]
    }

    /// The rules of a namespace that others see.
    fn exported(&self, namespace: &str) -> Option<&NamespaceRules<'m>> {
        let lists = if self.apart.contains(namespace) { &self.exported } else { &self.own };
        lists.get(namespace)
    }

    fn index_owners(&mut self) {
        let mut namespaces: Vec<_> = self.own.iter().chain(&self.away).collect();
        namespaces.sort_by_key(|(namespace, _)| **namespace);
        for (namespace, rules) in namespaces {
            for host in rules.exact.keys() {
                push_new(self.owners.entry(host.clone()).or_insert_with(|| Vec::with_capacity(1)), namespace);
            }
            if !rules.wildcards.is_empty() {
                push_new(&mut self.wildcard_owners, namespace);
            }
        }
    }

    fn of_namespace(&self, namespace: &str) -> impl Iterator<Item = &NamespaceRules<'m>> {
        self.own.get(namespace).into_iter().chain(self.away.get(namespace))
    }

    /// Every rule whose host is or contains `host`, whoever sees it and whichever is in force.
    pub fn governing<'s, 'h>(&'s self, host: &'h str) -> impl Iterator<Item = &'s MergedRule<'m>> + use<'s, 'h, 'm> {
        let exact = self.owners.get(host).into_iter().flatten();
        let exact = exact.flat_map(|namespace| self.of_namespace(namespace));
        let exact = exact.filter_map(move |rules| rules.exact.get(host)).flatten();
        let wildcards = self.wildcard_owners.iter().flat_map(|namespace| self.of_namespace(namespace));
        let wildcards = wildcards.flat_map(|rules| &rules.wildcards);
        exact.chain(wildcards.filter(move |(own, _)| host_subset_of(host, own)).flat_map(|(_, rules)| rules))
    }

    /// Every merged rule, by namespace and host.
    pub fn iter(&self) -> impl Iterator<Item = &MergedRule<'m>> {
        let mut namespaces: Vec<_> = self.own.iter().chain(&self.away).collect();
        namespaces.sort_by_key(|(namespace, _)| **namespace);
        namespaces.into_iter().flat_map(|(_, rules)| {
            let mut exact: Vec<_> = rules.exact.iter().collect();
            exact.sort_unstable_by_key(|&(host, _)| host);
            let wildcards = rules.wildcards.iter().flat_map(|(_, rules)| rules);
            exact.into_iter().flat_map(|(_, rules)| rules).chain(wildcards)
        })
    }
}

/// Adds to a sorted list what is not its last yet.
fn push_new<'m>(names: &mut Vec<&'m str>, name: &'m str) {
    if names.last() != Some(&name) {
        names.push(name);
    }
}

impl<'m> NamespaceRules<'m> {
    fn add(&mut self, rule: MergedRule<'m>) {
        let rules = match has_wildcard(&rule.host) {
            // Nearly always one: rules for the same host are merged.
            false => self.exact.entry(rule.host.clone()).or_insert_with(|| Vec::with_capacity(1)),
            true => {
                let at = self.wildcards.iter().position(|(host, _)| *host == rule.host).unwrap_or_else(|| {
                    self.wildcards.push((rule.host.clone(), Vec::with_capacity(1)));
                    self.wildcards.len() - 1
                });
                &mut self.wildcards[at].1
            }
        };
        let mut separate = true;
        for older in rules.iter_mut() {
            let same = older.exports == rule.exports;
            let wider = !older.exports.is_empty() && older.exports.iter().all(|name| rule.exports.contains(name));
            let selectors = (older.workload_selector, rule.workload_selector);
            separate = !same;
            if !same && !wider {
                continue;
            }
            match selectors {
                (Some(older), Some(newer)) if older != newer => {
                    separate = true;
                    continue;
                }
                (None, None) | (Some(_), Some(_)) => separate = false,
                _ => {}
            }
            merge(older, &rule);
        }
        if separate {
            rules.push(rule);
        }
    }

    /// The rules of the one host that fits best; what it leaves open no other adds.
    fn most_specific(&self, host: &str) -> Option<&[MergedRule<'m>]> {
        let wildcard = || {
            let fitting = self.wildcards.iter().find(|(own, _)| host_subset_of(host, own));
            fitting.map(|(_, rules)| rules)
        };
        self.exact.get(host).or_else(wildcard).map(Vec::as_slice)
    }
}

fn merged<'m>(object: &'m Object<'m, DestinationRule<'m>>, settings: &Settings<'m>) -> Option<MergedRule<'m>> {
    let (meta, spec) = (&object.meta, &object.spec);
    let host = settings.full_name(spec.host?.value, meta.namespace);
    let workload_selector = spec.workload_selector.as_ref().map(|selector| &selector.match_labels);
    let export_to = export_to(object, settings);
    let mut exports: Vec<_> = match workload_selector {
        Some(_) => vec!["."],
        None => spec.export_to.iter().map(|entry| entry.value).collect(),
    };
    exports.sort_unstable();
    exports.dedup();
    let mut rule = MergedRule {
        host,
        namespace: meta.namespace,
        export_to,
        exports,
        rules: vec![object],
        subsets: Vec::new(),
        traffic_policy: spec.traffic_policy.as_deref(),
        workload_selector,
    };
    add_subsets(&mut rule, object);
    Some(rule)
}

/// One for certain workloads is private to its namespace.
fn export_to<'m>(object: &Object<'m, DestinationRule<'m>>, settings: &Settings<'m>) -> ExportTo<'m> {
    let (meta, spec) = (&object.meta, &object.spec);
    if spec.workload_selector.is_some() {
        return ExportTo::Namespaces(vec![meta.namespace]);
    }
    let entries = spec.export_to.iter().map(|entry| entry.value);
    ExportTo::new(entries, &settings.default_destination_rule_export_to, meta.namespace)
}

fn merge<'m>(older: &mut MergedRule<'m>, newer: &MergedRule<'m>) {
    for &object in &newer.rules {
        add_subsets(older, object);
        older.rules.push(object);
    }
    older.traffic_policy = older.traffic_policy.or(newer.traffic_policy);
}

fn add_subsets<'m>(rule: &mut MergedRule<'m>, object: &'m Object<'m, DestinationRule<'m>>) {
    rule.subsets.reserve_exact(object.spec.subsets.len());
    for subset in &object.spec.subsets {
        let Some(name) = subset.name else { continue };
        if rule.subset(name.value).is_none() {
            rule.subsets.push(MergedSubset { name: name.value, subset, rule: object });
        }
    }
}

impl<'m> Mesh<'m> {
    pub fn destination_rule_export(&self, rule: &Object<'m, DestinationRule<'m>>) -> ExportTo<'m> {
        export_to(rule, &self.settings)
    }

    /// The rule in force for clients in namespace `client` that call `service`. `labels` are the client's; without them
    /// rules for certain clients are passed over.
    pub fn destination_rule(
        &self,
        client: &str,
        labels: Option<&Labels<'_>>,
        service: &Service<'m>,
    ) -> Option<&MergedRule<'m>> {
        self.destination_rule_for_host(client, labels, &service.host, service.namespace)
    }

    /// The same for a host that need not exist. `namespace` is where its service is, or would be.
    pub fn destination_rule_for_host(
        &self,
        client: &str,
        labels: Option<&Labels<'_>>,
        host: &str,
        namespace: &str,
    ) -> Option<&MergedRule<'m>> {
        let root = self.settings.root_namespace;
        let rules = self.destination_rules.candidates(client, host, namespace, root);
        let visible = || rules.iter().filter(|rule| rule.export_to.sees(client) || rule.namespace == client);
        let selected = visible().filter(|rule| rule.namespace == client).find(|rule| {
            let selector = rule.workload_selector;
            selector.zip(labels).is_some_and(|(selector, labels)| labels.contains(selector))
        });
        selected.or_else(|| visible().rfind(|rule| rule.workload_selector.is_none()))
    }
}
