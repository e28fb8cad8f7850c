//! Where in the files the parts of a configuration come from.
//!
//! A part carries its place in metadata of its own while the configuration is made, so that it keeps it wherever it is
//! moved or copied to; [`Provenance::take`] and [`take_places`] collect the places and leave the configuration as istiod has it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::envoy::core::Metadata;
use crate::envoy::listener::Listener;
use crate::envoy::route::RouteConfiguration;
use crate::source::{SourceId, Span};

const KEY: &str = "meshlint";

/// The places of what VirtualServices, Gateways and Sidecars make.
#[derive(Clone, Debug, Default)]
pub struct Provenance {
    own: Places,
    /// Of routes that several proxies have.
    shared: Arc<Places>,
}

pub(super) type Places = BTreeMap<Part, Span>;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// A filter chain of a listener; the default chain comes after all others.
    Chain {
        listener: String,
        index: usize,
    },
    Route {
        configuration: String,
        virtual_host: String,
        index: usize,
    },
}

/// Notes where a part comes from.
pub(super) fn mark(metadata: &mut Option<Metadata>, at: Span) {
    let place = json!({"source": at.source.index(), "start": at.start, "end": at.end});
    if let Value::Object(place) = place {
        metadata.get_or_insert_default().filter_metadata.insert(KEY.to_owned(), place);
    }
}

/// What was noted; it is gone then.
fn unmark(metadata: &mut Option<Metadata>) -> Option<Span> {
    let place = metadata.as_mut()?.filter_metadata.remove(KEY)?;
    if metadata.as_ref().is_some_and(|metadata| *metadata == Metadata::default()) {
        *metadata = None;
    }
    let number = |key: &str| place.get(key).and_then(Value::as_u64).and_then(|number| number.try_into().ok());
    Some(Span::new(SourceId::of_index(number("source")?), number("start")?..number("end")?))
}

/// Collects what is noted in routes.
pub(super) fn take_places(configurations: &mut [Arc<RouteConfiguration>]) -> Places {
    let mut places = Places::new();
    for configuration in configurations.iter_mut().map(Arc::make_mut) {
        for host in &mut configuration.virtual_hosts {
            for (index, route) in host.routes.iter_mut().enumerate() {
                if let Some(at) = unmark(&mut route.metadata) {
                    let (configuration, virtual_host) = (configuration.name.clone(), host.name.clone());
                    places.insert(Part::Route { configuration, virtual_host, index }, at);
                }
            }
        }
    }
    places
}

impl Provenance {
    /// Collects what is noted in the listeners; `shared` is what was in the routes.
    pub(super) fn take(listeners: &mut [Listener], shared: Arc<Places>) -> Self {
        let mut own = Places::new();
        for listener in listeners {
            let name = listener.name.clone();
            for (index, chain) in listener.chains_mut().enumerate() {
                if let Some(at) = unmark(&mut chain.metadata) {
                    own.insert(Part::Chain { listener: name.clone(), index }, at);
                }
            }
        }
        Self { own, shared }
    }

    /// The match, route or server that a part is made from.
    pub fn get(&self, part: &Part) -> Option<Span> {
        self.own.get(part).or_else(|| self.shared.get(part)).copied()
    }
}
