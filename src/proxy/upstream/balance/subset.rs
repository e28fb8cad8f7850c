//! Subsets of a cluster by the metadata of its hosts
//! (`source/extensions/load_balancing_policies/subset/subset_lb.cc`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use crate::envoy::Object;
use crate::envoy::cluster::Cluster;
use crate::envoy::message::field;
use crate::proxy::dice::Dice;
use crate::proxy::upstream::host::Host;
use crate::proxy::upstream::members::Place;

use super::{Balancer, Choice, Policy};

const METADATA: &str = "envoy.lb";

/// Keys with the values that hosts must have.
type Labels = BTreeMap<String, Value>;

/// What `lb_subset_config` says.
#[derive(Clone, Debug, PartialEq)]
pub struct SubsetConfig {
    selectors: Vec<Selector>,
    fallback: Fallback,
    default: Labels,
    /// A host is in the subsets of each element of a list.
    lists: bool,
    panic_any: bool,
}

#[derive(Clone, Debug, PartialEq)]
struct Selector {
    keys: BTreeSet<String>,
    fallback: Option<Fallback>,
    fallback_keys: BTreeSet<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fallback {
    None,
    Any,
    Default,
    Keys,
}

/// The balancers of all subsets.
#[derive(Debug)]
pub struct Subsets {
    config: SubsetConfig,
    /// By the labels in JSON.
    by_labels: BTreeMap<String, Balancer>,
    any: Balancer,
    default: Balancer,
}

impl SubsetConfig {
    /// `None` without selectors: then Envoy does not look at metadata.
    pub fn new(cluster: &Cluster) -> Option<Self> {
        let config = cluster.untyped.get("lb_subset_config")?.as_object()?;
        let selectors = field(config, "subset_selectors")?.as_array()?;
        if selectors.is_empty() {
            return None;
        }
        let set = |name: &str| field(config, name) == Some(&Value::Bool(true));
        Some(Self {
            selectors: selectors.iter().filter_map(|selector| Selector::new(selector.as_object()?)).collect(),
            fallback: Fallback::new(field(config, "fallback_policy")).unwrap_or(Fallback::None),
            default: field(config, "default_subset").and_then(Value::as_object).map(labels).unwrap_or_default(),
            lists: set("list_as_any"),
            panic_any: set("panic_mode_any"),
        })
    }

    /// The values that a host has for the keys of a selector.
    fn combinations(&self, host: &Host, keys: &BTreeSet<String>) -> Vec<Labels> {
        let empty = Object::new();
        let metadata = host.metadata.as_ref().and_then(|metadata| metadata.filter_metadata.get(METADATA));
        let metadata = metadata.unwrap_or(&empty);
        let mut found = vec![Labels::new()];
        for key in keys {
            let values = match metadata.get(key) {
                None => return Vec::new(),
                Some(Value::Array(values)) if self.lists => values.as_slice(),
                Some(value) => std::slice::from_ref(value),
            };
            let with = |own: &Labels, value: &Value| {
                let mut own = own.clone();
                own.insert(key.clone(), value.clone());
                own
            };
            found = found.iter().flat_map(|own| values.iter().map(move |value| with(own, value))).collect();
        }
        found
    }
}

impl Selector {
    fn new(selector: &Object) -> Option<Self> {
        let keys = |name: &str| -> BTreeSet<String> {
            let keys = field(selector, name).and_then(Value::as_array);
            keys.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let fallback = Fallback::new(field(selector, "fallback_policy"));
        Some(Self { keys: keys("keys"), fallback, fallback_keys: keys("fallback_keys_subset") })
    }
}

impl Fallback {
    fn new(name: Option<&Value>) -> Option<Self> {
        Some(match name?.as_str()? {
            "ANY_ENDPOINT" => Fallback::Any,
            "DEFAULT_SUBSET" => Fallback::Default,
            "KEYS_SUBSET" => Fallback::Keys,
            "NO_FALLBACK" => Fallback::None,
            _ => return None,
        })
    }
}

impl Subsets {
    pub fn new(config: SubsetConfig, places: &[Place], policy: &Policy, workers: usize, dice: &Dice) -> Self {
        let balancer = |keep: &dyn Fn(&Host) -> bool| Balancer::new(&only(places, keep), policy, workers, dice);
        let mut all: BTreeSet<String> = BTreeSet::new();
        for selector in &config.selectors {
            let hosts = places.iter().flat_map(|place| &place.hosts);
            all.extend(hosts.flat_map(|host| config.combinations(host, &selector.keys)).map(|labels| text(&labels)));
        }
        let by_labels = all.into_iter().map(|wanted| {
            let fits = |host: &Host| {
                let selectors = config.selectors.iter();
                let mut own = selectors.flat_map(|selector| config.combinations(host, &selector.keys));
                own.any(|labels| text(&labels) == wanted)
            };
            let balancer = balancer(&fits);
            (wanted, balancer)
        });
        let by_labels = by_labels.collect();
        let keys: BTreeSet<_> = config.default.keys().cloned().collect();
        let is_default = |host: &Host| config.combinations(host, &keys).contains(&config.default);
        let (any, default) = (balancer(&|_| true), balancer(&is_default));
        Self { by_labels, any, default, config }
    }

    pub fn pick(&self, wanted: Option<&Object>, choice: &Choice<'_>) -> Option<Arc<Host>> {
        let wanted = wanted.map(labels).filter(|wanted| !wanted.is_empty());
        let mut fallback = self.config.fallback;
        if let Some(wanted) = &wanted {
            if let Some(balancer) = self.by_labels.get(&text(wanted)) {
                // A subset whose hosts all fail does not fall back.
                return balancer.pick(choice);
            }
            let same_keys = |selector: &&Selector| selector.keys.iter().eq(wanted.keys());
            if let Some(selector) = self.config.selectors.iter().find(same_keys) {
                fallback = selector.fallback.unwrap_or(fallback);
                if fallback == Fallback::Keys {
                    let fewer = wanted.iter().filter(|(key, _)| selector.fallback_keys.contains(*key));
                    let fewer: Object = fewer.map(|(key, value)| (key.clone(), value.clone())).collect();
                    return self.pick(Some(&fewer), choice);
                }
            }
        }
        let picked = match fallback {
            Fallback::None | Fallback::Keys => None,
            Fallback::Any => self.any.pick(choice),
            Fallback::Default => self.default.pick(choice),
        };
        picked.or_else(|| self.config.panic_any.then(|| self.any.pick(choice)).flatten())
    }
}

fn only(places: &[Place], keep: &dyn Fn(&Host) -> bool) -> Vec<Place> {
    let hosts = |place: &Place| place.hosts.iter().filter(|host| keep(host)).cloned().collect();
    places.iter().map(|place| Place { hosts: hosts(place), ..place.clone() }).collect()
}

fn labels(object: &Object) -> Labels {
    object.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn text(labels: &Labels) -> String {
    labels.iter().fold(String::new(), |text, (key, value)| text + key + "=" + &value.to_string() + "\n")
}
