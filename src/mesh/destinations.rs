//! Where the routes of VirtualServices lead, and whose proxies follow them.

use std::borrow::Cow;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::model::networking::Gateway;
use crate::model::virtual_service::{DestinationUse, VirtualService};
use crate::model::{Kind, Object, Str};

use super::{ExportTo, MergedRule, Mesh, Service, ServiceLookup};

/// A destination of a VirtualService, with the full name of its host.
#[derive(Clone, Debug)]
pub struct Target<'s, 'm> {
    pub used: DestinationUse<'s, 'm>,
    /// As it is written.
    pub host: Str<'m>,
    pub full: Cow<'m, str>,
}

/// Proxies that use a VirtualService: the sidecars of a namespace, or the gateways there.
#[derive(Clone, Copy, Debug)]
pub struct Client<'m> {
    pub namespace: &'m str,
    /// What makes them gateways; `None` for sidecars.
    pub gateway: Option<&'m Object<'m, Gateway<'m>>>,
}

/// Whether the clients of a route know the subset that it names.
#[derive(Clone, Debug)]
pub enum SubsetLookup<'s, 'm> {
    Found,
    /// No rule of the input for that host has it. These are the rules for the host.
    Missing(Vec<&'s MergedRule<'m>>),
    /// Some rule has it, but for these clients another one is in force, or none.
    Undefined(Vec<(Client<'m>, Option<&'s MergedRule<'m>>)>),
    Unknown,
}

impl<'m> Mesh<'m> {
    /// Every destination that names a host, in the order of the text. Names are completed with the namespace of the
    /// VirtualService, also in a delegate.
    pub fn targets<'s>(&self, service: &'s Object<'m, VirtualService<'m>>) -> Vec<Target<'s, 'm>> {
        let target = |used: DestinationUse<'s, 'm>| {
            let host = used.destination.host.filter(|host| !host.is_empty())?;
            Some(Target { used, host, full: self.full_name(host.value, service.meta.namespace) })
        };
        service.spec.destinations().into_iter().filter_map(target).collect()
    }

    /// The subsets of a host that routes and mirrors of the mesh lead to, if they lead to any.
    pub fn routed_subsets(&self, host: &str) -> Option<&FxHashSet<String>> {
        let all = self.routed_subsets.get_or_init(|| {
            let mut routed = FxHashMap::<_, FxHashSet<_>>::default();
            for target in self.resources.virtual_services.iter().flat_map(|service| self.targets(service)) {
                if let Some(subset) = target.used.destination.subset {
                    routed.entry(target.full.into_owned()).or_default().insert(subset.value.to_owned());
                }
            }
            routed
        });
        all.get(host)
    }

    /// The VirtualServices that delegate routes to this one.
    pub fn roots<'s>(
        &'s self,
        delegate: &Object<'m, VirtualService<'m>>,
    ) -> impl Iterator<Item = &'m Object<'m, VirtualService<'m>>> + 's {
        let found = self.root_index.get(&(delegate.meta.namespace, delegate.meta.name.value));
        found.into_iter().flatten().map(|&at| &self.resources.virtual_services[at])
    }

    /// Whose proxies use a VirtualService, as far as the input tells: the namespaces that `exportTo` names; if it names
    /// all, its own, unless the input shows that nothing runs there; the namespaces of the workloads of its gateways, if
    /// it is exported there. A delegate has the clients of its roots.
    pub fn clients(&self, service: &'m Object<'m, VirtualService<'m>>) -> Vec<Client<'m>> {
        let mut clients = match service.spec.is_delegate() {
            true => self.roots(service).filter(|root| !root.spec.is_delegate()).flat_map(|r| self.clients(r)).collect(),
            false => self.own_clients(service),
        };
        clients.sort_by_key(|client| (client.namespace, client.gateway.is_some()));
        clients.dedup_by_key(|client| (client.namespace, client.gateway.is_some()));
        clients
    }

    fn own_clients(&self, service: &'m Object<'m, VirtualService<'m>>) -> Vec<Client<'m>> {
        let export_to = self.virtual_service_export(service);
        let mut clients = Vec::new();
        if self.applies_to_sidecars(&service.spec) {
            let namespaces = match &export_to {
                ExportTo::All if self.may_have_clients(service.meta.namespace) => vec![service.meta.namespace],
                ExportTo::All | ExportTo::Nobody => Vec::new(),
                ExportTo::Namespaces(namespaces) => namespaces.clone(),
            };
            clients.extend(namespaces.into_iter().map(|namespace| Client { namespace, gateway: None }));
        }
        for gateway in self.bound_gateways(service).filter_map(|bound| bound.gateway.found()) {
            let workloads = self.gateway_workloads(gateway);
            let visible = workloads.iter().filter(|workload| export_to.sees(workload.namespace));
            clients.extend(visible.map(|workload| Client { namespace: workload.namespace, gateway: Some(gateway) }));
        }
        clients
    }

    fn may_have_clients(&self, namespace: &str) -> bool {
        self.workloads.is_empty() || self.workloads_in(namespace).next().is_some()
    }

    /// What the clients of a route find under the subset that its destination names.
    pub fn subset<'s>(
        &'s self,
        service: &'m Object<'m, VirtualService<'m>>,
        target: &Target<'_, 'm>,
        subset: &str,
    ) -> SubsetLookup<'s, 'm> {
        let found = self.service(&target.full, service.meta.namespace);
        if crate::format::has_placeholder(subset) || matches!(found, ServiceLookup::Missing) {
            return SubsetLookup::Unknown;
        }
        let rules: Vec<_> = self.destination_rules.governing(&target.full).collect();
        if !rules.iter().any(|rule| rule.subset(subset).is_some()) {
            let known = !rules.is_empty() || self.knows_destination_rules(&found, service.meta.namespace);
            return if known { SubsetLookup::Missing(rules) } else { SubsetLookup::Unknown };
        }
        let Some(owner) = self.owner_namespace(&target.full, &found) else { return SubsetLookup::Unknown };
        let undefined = |client: Client<'m>| {
            let selective = |rule: &&MergedRule<'_>| rule.workload_selector.is_some();
            let for_some = rules.iter().copied().filter(|rule| rule.namespace == client.namespace).any(|rule| {
                // Of the clients there, some do have it.
                selective(&rule) && rule.subset(subset).is_some()
            });
            let rule = self.destination_rule_for_host(client.namespace, None, &target.full, owner);
            let defined = for_some || rule.is_some_and(|rule| rule.subset(subset).is_some());
            (!defined).then_some((client, rule))
        };
        let clients = self.clients_with_rules(service, &rules);
        let undefined: Vec<_> = clients.into_iter().filter_map(undefined).collect();
        if undefined.is_empty() { SubsetLookup::Found } else { SubsetLookup::Undefined(undefined) }
    }

    /// The clients of a VirtualService; if it is exported to all namespaces, also those that have rules of their own.
    fn clients_with_rules(
        &self,
        service: &'m Object<'m, VirtualService<'m>>,
        rules: &[&MergedRule<'m>],
    ) -> Vec<Client<'m>> {
        let mut clients = self.clients(service);
        let everywhere = matches!(self.virtual_service_export(service), ExportTo::All);
        if everywhere && !service.spec.is_delegate() && self.applies_to_sidecars(&service.spec) {
            let own = service.meta.namespace;
            let others = rules.iter().map(|rule| rule.namespace).filter(|namespace| *namespace != own);
            clients.extend(others.map(|namespace| Client { namespace, gateway: None }));
            clients.sort_by_key(|client| (client.namespace, client.gateway.is_some()));
            clients.dedup_by_key(|client| (client.namespace, client.gateway.is_some()));
        }
        clients
    }

    /// Whether the input shows the rules that clients in `client` and the owner of the service have.
    fn knows_destination_rules(&self, found: &ServiceLookup<'_, 'm>, client: &str) -> bool {
        let owner = found.service().map(|service| service.namespace);
        let known = |namespace| self.is_complete(Kind::DestinationRule, namespace);
        known(client) && owner.is_some_and(known)
    }

    /// The namespace whose rules hold for a host where the client has none: of its service, or the one in its name.
    fn owner_namespace<'h>(&'h self, host: &'h str, found: &ServiceLookup<'h, 'm>) -> Option<&'h str> {
        let of_service = found.service().map(|service: &'h Service<'m>| service.namespace);
        of_service.or_else(|| self.settings.kubernetes_name(host).map(|(_, namespace)| namespace))
    }
}
