//! The chains of TCP and TLS ports, and of routes by address and by SNI.

use crate::mesh::host_matches;
use crate::model::virtual_service::{L4MatchAttributes, TlsMatchAttributes};
use crate::model::{Int, Labels, Str};
use crate::translate::push::VirtualService;
use crate::translate::scope::{EgressListener, ScopedService};
use crate::translate::{Context, hosts, tcp};

use super::Table;
use super::entry::{Bind, Chain, Port};
use super::forward_proxy::sni_forward_proxy;

impl<'t> Table<'_, '_, 't> {
    pub(super) fn tcp_chains(
        &self,
        listener: &EgressListener<'t>,
        service: &ScopedService<'t>,
        port: Port,
        bind: &Bind,
    ) -> Vec<Chain> {
        let services: Vec<_> = listener
            .virtual_services
            .iter()
            .copied()
            .filter(|own| own.hosts.iter().any(|host| host_matches(host, service.host())))
            .collect();
        match port.protocol.is_tls() {
            true => self.by_sni(&services, service, port, bind),
            false => self.by_address(&services, service, port, bind),
        }
    }

    /// `tcp` routes (`buildSidecarOutboundTCPFilterChainOpts`).
    fn by_address(
        &self,
        services: &[&VirtualService<'t>],
        service: &ScopedService<'t>,
        port: Port,
        bind: &Bind,
    ) -> Vec<Chain> {
        let context = self.context;
        let subnets = &bind.subnets;
        let mut chains = Vec::new();
        let mut covers_own = false;
        let is_socket = bind.address.starts_with("unix://");
        for virtual_service in services {
            for route in &virtual_service.object.spec.tcp {
                let destinations = tcp::destinations(context, virtual_service, &route.route);
                if destinations.is_empty() {
                    continue;
                }
                let filters =
                    || tcp::route_filters(context, virtual_service, &destinations, port.number, port.protocol);
                if route.r#match.is_empty() {
                    chains.push(Chain::new(filters(), subnets).at(route.node.head()));
                    return chains;
                }
                let mut wanted: Vec<String> = Vec::new();
                for block in &route.r#match {
                    if !Static::of_l4(block).fits(context, port.number) {
                        continue;
                    }
                    if block.destination_subnets.is_empty() || is_socket {
                        chains.push(Chain::new(filters(), subnets).at(block.node.head()));
                        return chains;
                    }
                    wanted.extend(block.destination_subnets.iter().map(|subnet| subnet.value.to_owned()));
                }
                if !wanted.is_empty() {
                    covers_own |= same_set(&wanted, subnets);
                    chains.push(Chain::new(filters(), &wanted).at(route.node.head()));
                }
            }
        }
        if !covers_own {
            let filters = tcp::service_filters(context, service, port.number, port.protocol);
            chains.push(Chain::new(filters, subnets).at(service.service.mesh.at));
        }
        chains
    }

    /// `tls` routes (`buildSidecarOutboundTLSFilterChainOpts`).
    fn by_sni(
        &self,
        services: &[&VirtualService<'t>],
        service: &ScopedService<'t>,
        port: Port,
        bind: &Bind,
    ) -> Vec<Chain> {
        let context = self.context;
        let mut chains: Vec<Chain> = Vec::new();
        let mut matched = false;
        // What a match says of destinations stays in force for those after it, of whatever VirtualService.
        let mut subnets = bind.subnets.clone();
        let mut seen = Vec::new();
        for virtual_service in services {
            for route in &virtual_service.object.spec.tls {
                let destinations = tcp::destinations(context, virtual_service, &route.route);
                if destinations.is_empty() {
                    continue;
                }
                for block in &route.r#match {
                    if !Static::of_tls(block).fits(context, port.number) {
                        continue;
                    }
                    if !block.destination_subnets.is_empty() {
                        subnets = block.destination_subnets.iter().map(|subnet| subnet.value.to_owned()).collect();
                    }
                    let names: Vec<_> = block.sni_hosts.iter().map(|host| host.value.to_owned()).collect();
                    matched = true;
                    let key = (names.clone(), subnets.clone());
                    if seen.contains(&key) {
                        continue;
                    }
                    seen.push(key);
                    let filters =
                        tcp::route_filters(context, virtual_service, &destinations, port.number, port.protocol);
                    chains.push(Chain { server_names: names, ..Chain::new(filters, &subnets).at(block.node.head()) });
                }
            }
        }
        if !matched {
            chains.push(self.own_sni(service, port, bind, &subnets));
        }
        chains
    }

    /// The chain of a TLS port without routes. SNI is looked at where the address does not tell the service.
    fn own_sni(&self, service: &ScopedService<'t>, port: Port, bind: &Bind, subnets: &[String]) -> Chain {
        let context = self.context;
        let has_address = service.service.has_address() && !service.service.is_subnet();
        let by_sni = !subnets.is_empty() || !has_address && bind.address == context.proxy.wildcard();
        let mut filters = tcp::service_filters(context, service, port.number, port.protocol);
        if let Some(forward_proxy) = sni_forward_proxy(service, port.number) {
            filters.insert(0, forward_proxy);
        }
        let mut names = Vec::new();
        if by_sni {
            names.push(service.host().to_owned());
            for alias in service.aliases.iter() {
                names.push(alias.host.to_owned());
                names.extend(hosts::alternates(context, alias.host));
            }
        }
        Chain { server_names: names, ..Chain::new(filters, subnets).at(service.service.mesh.at) }
    }
}

fn same_set(left: &[String], right: &[String]) -> bool {
    left.iter().all(|item| right.contains(item)) && right.iter().all(|item| left.contains(item))
}

/// What decides before traffic flows whether a match counts for a proxy.
struct Static<'b, 't> {
    gateways: &'b [Str<'t>],
    labels: &'b Labels<'t>,
    port: Option<Int>,
    namespace: Option<Str<'t>>,
}

impl<'b, 't> Static<'b, 't> {
    fn of_l4(block: &'b L4MatchAttributes<'t>) -> Self {
        Self {
            gateways: &block.gateways,
            labels: &block.source_labels,
            port: block.port,
            namespace: block.source_namespace,
        }
    }

    fn of_tls(block: &'b TlsMatchAttributes<'t>) -> Self {
        Self {
            gateways: &block.gateways,
            labels: &block.source_labels,
            port: block.port,
            namespace: block.source_namespace,
        }
    }

    fn fits(&self, context: &Context<'_, '_>, port: i64) -> bool {
        let gateway = self.gateways.is_empty() || self.gateways.iter().any(|name| name.value == "mesh");
        let port = self.port.is_none_or(|own| own.value == 0 || own.value == port);
        let own = self.namespace.map_or("", |namespace| namespace.value);
        gateway
            && port
            && context.proxy.labels.contains(self.labels)
            && (own.is_empty() || own == context.proxy.namespace)
    }
}
