//! Patches of listeners and of what is in them (istio 1.31 `listener_patch.go`).

use crate::envoy::Any;
use crate::envoy::core::Address;
use crate::envoy::http_connection_manager::{HttpConnectionManager, HttpFilter};
use crate::envoy::listener::{Filter, FilterChain, Listener, ListenerFilter};
use crate::model::Str;
use crate::model::networking::{FilterChainMatch, FilterMatch, ListenerMatch};

use super::super::Note;
use super::Patches;
use super::patch::{ApplyTo, Operation, Patch, PatchContext, asks_for, number};
use super::splice::splice;

const CONNECTION_MANAGER: &str = "envoy.filters.network.http_connection_manager";

/// Patches the listeners of one context. After a note nothing more is patched there.
pub(super) fn patch(
    patches: &Patches<'_, '_>,
    context: PatchContext,
    listeners: &mut Vec<Listener>,
) -> Result<(), Note> {
    let mut outcome = Ok(());
    listeners.retain_mut(|listener| {
        if outcome.is_err() {
            return true;
        }
        match patch_listener(patches, context, listener) {
            Ok(kept) => kept,
            Err(note) => {
                outcome = Err(note);
                true
            }
        }
    });
    outcome?;
    for patch in patches.added(ApplyTo::Listener, context) {
        listeners.push(patch.new_value()?);
    }
    Ok(())
}

/// Whether the listener is kept.
fn patch_listener(patches: &Patches<'_, '_>, context: PatchContext, listener: &mut Listener) -> Result<bool, Note> {
    for patch in patches.of(ApplyTo::Listener, context) {
        if !matches_listener(patch, listener) {
            continue;
        }
        if patch.operation == Operation::Remove {
            return Ok(false);
        }
        if patch.is_merge() {
            patch.merge_into(listener)?;
        }
    }
    patch_listener_filters(patches, context, listener)?;
    patch_chains(patches, context, listener)?;
    Ok(true)
}

fn patch_listener_filters(
    patches: &Patches<'_, '_>,
    context: PatchContext,
    listener: &mut Listener,
) -> Result<(), Note> {
    for patch in patches.of(ApplyTo::ListenerFilter, context) {
        if !matches_listener(patch, listener) {
            continue;
        }
        let new: ListenerFilter = patch.new_value()?;
        let name = patch.listener().and_then(|matched| matched.listener_filter).filter(|name| !name.is_empty());
        match (patch.operation, name, &new.typed_config) {
            // istiod merges into every listener filter, whichever is named.
            (Operation::Merge, Some(_), Some(own)) => {
                for config in listener.listener_filters.iter_mut().filter_map(|filter| filter.typed_config.as_mut()) {
                    patch.merge_configs(config, own)?;
                }
            }
            (Operation::Merge, _, _) => {}
            (operation, Some(name), _) => {
                let named = |filter: &ListenerFilter| filter.name == name.value;
                splice(&mut listener.listener_filters, operation, Some(&named), || new);
            }
            (operation, None, _) => splice(&mut listener.listener_filters, operation, None, || new),
        }
    }
    Ok(())
}

fn patch_chains(patches: &Patches<'_, '_>, context: PatchContext, listener: &mut Listener) -> Result<(), Note> {
    // What a chain is asked about its listener does not depend on its chains.
    let mut chains = std::mem::take(&mut listener.filter_chains);
    let mut default = listener.default_filter_chain.take();
    let chain_patcher = ChainPatcher { patches, context, listener };
    let outcome = chains.iter_mut().chain(&mut default).try_for_each(|chain| chain_patcher.patch(chain));
    if outcome.is_ok() {
        for patch in patches.added(ApplyTo::FilterChain, context) {
            if matches_listener(patch, listener) {
                chains.push(patch.new_value()?);
            }
        }
        chains.retain(|chain| !chain.filters.is_empty());
        default = default.filter(|chain| !chain.filters.is_empty());
    }
    listener.filter_chains = chains;
    listener.default_filter_chain = default;
    outcome
}

struct ChainPatcher<'s, 'p, 'm> {
    patches: &'s Patches<'p, 'm>,
    context: PatchContext,
    listener: &'s Listener,
}

impl<'s, 'p: 's, 'm> ChainPatcher<'s, 'p, 'm> {
    fn of<'c>(&self, apply_to: ApplyTo, chain: &'c FilterChain) -> Vec<&'p Patch<'m>> {
        let patches = self.patches.of(apply_to, self.context);
        patches.filter(|patch| matches_listener(patch, self.listener) && self.matches_chain(patch, chain)).collect()
    }

    /// A chain that is removed has no filters any more.
    fn patch(&self, chain: &mut FilterChain) -> Result<(), Note> {
        if chain.filters.is_empty() {
            return Ok(());
        }
        for patch in self.patches.of(ApplyTo::FilterChain, self.context) {
            if !matches_listener(patch, self.listener) || !self.matches_chain(patch, chain) {
                continue;
            }
            if patch.operation == Operation::Remove {
                chain.filters.clear();
                return Ok(());
            }
            if patch.is_merge() && !merges_socket(patch, chain)? {
                patch.merge_into(chain)?;
            }
        }
        self.patch_filters(chain)
    }

    fn patch_filters(&self, chain: &mut FilterChain) -> Result<(), Note> {
        for patch in self.of(ApplyTo::NetworkFilter, chain) {
            if patch.is_merge() {
                continue;
            }
            let new = patch.new_value()?;
            match filter(patch) {
                Some(matched) => {
                    let named = |filter: &Filter| is_named(matched.name, &filter.name);
                    splice(&mut chain.filters, patch.operation, Some(&named), || new);
                }
                None => splice(&mut chain.filters, patch.operation, None, || new),
            }
        }
        let mut filters = std::mem::take(&mut chain.filters);
        let outcome = filters.iter_mut().try_for_each(|filter| self.patch_filter(chain, filter));
        chain.filters = filters;
        outcome
    }

    fn patch_filter(&self, chain: &FilterChain, own: &mut Filter) -> Result<(), Note> {
        for patch in self.of(ApplyTo::NetworkFilter, chain) {
            let is_meant = filter(patch).is_none_or(|matched| is_named(matched.name, &own.name));
            let (true, Operation::Merge, Some(config)) = (is_meant, patch.operation, &mut own.typed_config) else {
                continue;
            };
            let new: Filter = patch.new_value()?;
            if let Some(other) = &new.typed_config {
                patch.merge_configs(config, other)?;
            }
            if !new.name.is_empty() {
                own.name = new.name;
            }
        }
        match (&mut own.typed_config, own.name.as_str()) {
            (Some(Any::HttpConnectionManager(manager)), CONNECTION_MANAGER) => self.patch_http(chain, manager),
            _ => Ok(()),
        }
    }

    fn patch_http(&self, chain: &FilterChain, manager: &mut HttpConnectionManager) -> Result<(), Note> {
        let is_meant =
            |patch: &&Patch<'_>| filter(patch).is_none_or(|matched| is_named(matched.name, CONNECTION_MANAGER));
        let patches: Vec<_> = self.of(ApplyTo::HttpFilter, chain).into_iter().filter(is_meant).collect();
        for patch in patches.iter().filter(|patch| !patch.is_merge()) {
            let new = patch.new_value()?;
            match sub_filter(patch) {
                Some(name) => {
                    let named = |filter: &HttpFilter| is_named(name, &filter.name);
                    splice(&mut manager.http_filters, patch.operation, Some(&named), || new);
                }
                None => splice(&mut manager.http_filters, patch.operation, None, || new),
            }
        }
        for own in &mut manager.http_filters {
            for patch in patches.iter().filter(|patch| patch.operation == Operation::Merge) {
                if sub_filter(patch).is_none_or(|name| is_named(name, &own.name)) {
                    merge_http_filter(patch, own)?;
                }
            }
        }
        Ok(())
    }

    fn matches_chain(&self, patch: &Patch<'_>, chain: &FilterChain) -> bool {
        let Some(matched) = patch.listener() else { return true };
        let own = chain.filter_chain_match.as_ref();
        let port = own.and_then(|own| own.destination_port);
        // The listener of all ports has the port in its chains.
        if is_virtual(self.listener) && number(matched.port_number).is_some_and(|wanted| Some(wanted) != port) {
            return false;
        }
        let Some(FilterChainMatch { name, sni, transport_protocol, application_protocols, destination_port, .. }) =
            &matched.filter_chain
        else {
            return true;
        };
        let server_names = own.map_or(&[][..], |own| &own.server_names);
        let protocols = own.map_or(&[][..], |own| &own.application_protocols);
        let wanted_protocols = application_protocols.filter(|text| !text.is_empty());
        asks_for(*name, &chain.name)
            && sni.is_none_or(|sni| sni.is_empty() || server_names.iter().any(|name| name == sni.value))
            && asks_for(*transport_protocol, own.map_or("", |own| &own.transport_protocol))
            && wanted_protocols.is_none_or(|text| text.split(',').all(|name| protocols.iter().any(|own| own == name)))
            && number(*destination_port).is_none_or(|wanted| Some(wanted) == port)
    }
}

fn merge_http_filter(patch: &Patch<'_>, own: &mut HttpFilter) -> Result<(), Note> {
    let Some(config) = &mut own.typed_config else { return Ok(()) };
    let new: HttpFilter = patch.new_value()?;
    if let Some(other) = &new.typed_config {
        patch.merge_configs(config, other)?;
    }
    if !new.name.is_empty() {
        own.name = new.name;
    }
    Ok(())
}

/// Merges the transport socket of a patch into one of the same name; then nothing else of the patch is merged.
fn merges_socket(patch: &Patch<'_>, chain: &mut FilterChain) -> Result<bool, Note> {
    let new: FilterChain = patch.new_value()?;
    let (Some(new), Some(own)) = (new.transport_socket, &mut chain.transport_socket) else { return Ok(false) };
    if new.name != own.name {
        return Ok(false);
    }
    if let (Some(config), Some(other)) = (&mut own.typed_config, &new.typed_config) {
        patch.merge_configs(config, other)?;
    }
    Ok(true)
}

fn matches_listener(patch: &Patch<'_>, listener: &Listener) -> bool {
    let Some(ListenerMatch { name, port_number, .. }) = patch.listener() else { return true };
    if !asks_for(*name, &listener.name) {
        return false;
    }
    if patch.apply_to != ApplyTo::Listener && is_virtual(listener) {
        return true;
    }
    let port = match &listener.address {
        Some(Address::SocketAddress(address)) => address.port_value,
        _ => None,
    };
    number(*port_number).is_none_or(|wanted| Some(wanted) == port)
}

fn is_virtual(listener: &Listener) -> bool {
    ["virtualInbound", "virtualOutbound"].contains(&listener.name.as_str())
}

fn filter<'m>(patch: &Patch<'m>) -> Option<&'m FilterMatch<'m>> {
    patch.listener()?.filter_chain.as_ref()?.filter.as_ref()
}

fn sub_filter<'m>(patch: &Patch<'m>) -> Option<Option<Str<'m>>> {
    Some(filter(patch)?.sub_filter.as_ref()?.name)
}

/// A filter must have the name that is asked for, even if that is none.
fn is_named(wanted: Option<Str<'_>>, name: &str) -> bool {
    wanted.map_or("", |wanted| wanted.value) == name
}
