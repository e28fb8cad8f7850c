//! Where in the files the parts of a configuration come from.
//!
//! A part carries its place in metadata of its own while the configuration is made, so that it keeps it wherever it is
//! moved or copied to; [`Provenance::take`] collects the places and leaves the configuration as istiod has it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::envoy::Config;
use crate::envoy::core::Metadata;
use crate::source::{SourceId, Span};

const KEY: &str = "meshlint";

/// The places of what VirtualServices, Gateways and Sidecars make.
#[derive(Clone, Debug, Default)]
pub struct Provenance(BTreeMap<Part, Span>);

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
    let place = json!({"source": at.source.0, "start": at.start, "end": at.end});
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
    Some(Span { source: SourceId(number("source")?), start: number("start")?, end: number("end")? })
}

impl Provenance {
    pub(super) fn take(config: &mut Config) -> Self {
        let mut places = BTreeMap::new();
        for listener in &mut config.listeners {
            let chains = listener.filter_chains.iter_mut().chain(&mut listener.default_filter_chain);
            for (index, chain) in chains.enumerate() {
                if let Some(at) = unmark(&mut chain.metadata) {
                    places.insert(Part::Chain { listener: listener.name.clone(), index }, at);
                }
            }
        }
        for configuration in &mut config.routes {
            for host in &mut configuration.virtual_hosts {
                for (index, route) in host.routes.iter_mut().enumerate() {
                    if let Some(at) = unmark(&mut route.metadata) {
                        let part = Part::Route {
                            configuration: configuration.name.clone(),
                            virtual_host: host.name.clone(),
                            index,
                        };
                        places.insert(part, at);
                    }
                }
            }
        }
        Self(places)
    }

    /// The match, route or server that a part is made from.
    pub fn get(&self, part: &Part) -> Option<Span> {
        self.0.get(part).copied()
    }
}
