//! Which way of balancing a cluster asks for, in the fields of clusters or as an extension.

use serde_json::Value;

use crate::envoy::cluster::{Cluster, HashFunction, LbConfig, LbPolicy, LocalityConfig, SlowStartConfig};
use crate::envoy::message::field;
use crate::envoy::{Json, Object};
use crate::proxy::time::Time;

use super::bounded::Bound;
use super::list::Way;
use super::maglev;
use super::ring::RingSize;
use super::slow_start::SlowStart;

#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    pub kind: Kind,
    /// Traffic is shared by the weights of localities before it is shared by those of hosts.
    pub by_locality: bool,
    /// In percent.
    pub panic_threshold: f64,
    /// In percent.
    pub overprovisioning: u64,
    /// Without enough healthy hosts, fail instead of using the others.
    pub fail_on_panic: bool,
    /// Hosts are hashed by their names instead of their addresses.
    pub by_hostname: bool,
    pub slow_start: Option<SlowStart>,
    /// Where hashes choose hosts.
    pub bound: Option<Bound>,
    /// What is asked for and not done.
    pub notes: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    List(Way),
    Ring(RingSize),
    Maglev { size: u64 },
}

impl Policy {
    pub fn new(cluster: &Cluster, time: Time) -> Self {
        let common = cluster.common_lb_config.clone().unwrap_or_default();
        let assignment = cluster.load_assignment.as_ref().and_then(|assignment| assignment.policy.as_ref());
        let consistent = common.untyped.get("consistent_hashing_lb_config").and_then(Value::as_object);
        let mut policy = Self {
            kind: Kind::List(Way::RoundRobin),
            by_locality: matches!(common.locality_config, Some(LocalityConfig::LocalityWeightedLbConfig(_))),
            panic_threshold: common.healthy_panic_threshold.as_ref().map_or(50.0, |percent| percent.value.round()),
            overprovisioning: assignment.and_then(|policy| policy.overprovisioning_factor).unwrap_or(140).into(),
            fail_on_panic: match &common.locality_config {
                Some(LocalityConfig::ZoneAwareLbConfig(config)) => config.fail_traffic_on_panic,
                _ => false,
            },
            by_hostname: false,
            slow_start: None,
            bound: None,
            notes: Vec::new(),
        };
        match cluster.untyped.get("load_balancing_policy").and_then(Value::as_object) {
            Some(extensions) => policy.take_extension(extensions, time),
            None => {
                policy.kind = of_fields(cluster);
                policy.slow_start = slow_start(cluster).and_then(|slow| SlowStart::new(slow, time));
            }
        }
        consistent.into_iter().for_each(|config| policy.take_consistent(config));
        policy
    }

    /// The first that is known is used, as in Envoy.
    fn take_extension(&mut self, policy: &Object, time: Time) {
        let configs = list(policy, "policies").iter().filter_map(|policy| {
            let extension = field(policy.as_object()?, "typed_extension_config")?.as_object()?;
            Some((field(extension, "name")?.as_str()?, field(extension, "typed_config")?.as_object()?))
        });
        for (name, config) in configs {
            if self.take_config(config, time) {
                return;
            }
            self.notes.push(format!("the load balancer `{name}` is not there"));
        }
    }

    fn take_config(&mut self, config: &Object, time: Time) -> bool {
        let name = config.get("@type").and_then(Value::as_str).unwrap_or_default();
        let Some(name) = name.rsplit_once("load_balancing_policies.").map(|(_, name)| name) else { return false };
        self.kind = match name {
            "round_robin.v3.RoundRobin" | "client_side_weighted_round_robin.v3.ClientSideWeightedRoundRobin" => {
                Kind::List(Way::RoundRobin)
            }
            "random.v3.Random" => Kind::List(Way::Random),
            "least_request.v3.LeastRequest" => Kind::List(least_request(
                number(config, "choice_count"),
                field(config, "active_request_bias")
                    .and_then(Value::as_object)
                    .and_then(|bias| decimal(bias, "default_value")),
            )),
            "ring_hash.v3.RingHash" => Kind::Ring(ring(
                number(config, "minimum_ring_size"),
                number(config, "maximum_ring_size"),
                match field(config, "hash_function").and_then(Value::as_str) {
                    Some("MURMUR_HASH_2") => HashFunction::MurmurHash2,
                    _ => HashFunction::XxHash,
                },
            )),
            "maglev.v3.Maglev" => Kind::Maglev { size: number(config, "table_size").unwrap_or(maglev::DEFAULT_SIZE) },
            "wrr_locality.v3.WrrLocality" => {
                self.by_locality = true;
                if let Some(inner) = field(config, "endpoint_picking_policy").and_then(Value::as_object) {
                    self.take_extension(inner, time);
                }
                return true;
            }
            "cluster_provided.v3.ClusterProvided" => self.kind,
            _ => return false,
        };
        let of_locality = ["locality_lb_config", "locality_weighted_lb_config"];
        self.by_locality |= match of_locality.map(|name| field(config, name).and_then(Value::as_object)) {
            [Some(config), _] => field(config, "locality_weighted_lb_config").is_some(),
            [None, Some(_)] => true,
            [None, None] => false,
        };
        let slow = field(config, "slow_start_config").and_then(|slow| SlowStartConfig::read(slow).ok());
        self.slow_start = slow.and_then(|slow| SlowStart::new(&slow, time));
        if let Some(consistent) = field(config, "consistent_hashing_lb_config").and_then(Value::as_object) {
            self.take_consistent(consistent);
        }
        true
    }

    fn take_consistent(&mut self, config: &Object) {
        self.by_hostname = field(config, "use_hostname_for_hashing") == Some(&Value::Bool(true));
        self.bound = number(config, "hash_balance_factor").filter(|factor| *factor > 0).map(Bound);
    }
}

fn slow_start(cluster: &Cluster) -> Option<&SlowStartConfig> {
    match cluster.lb_config.as_ref()? {
        LbConfig::RoundRobinLbConfig(config) => config.slow_start_config.as_ref(),
        LbConfig::LeastRequestLbConfig(config) => config.slow_start_config.as_ref(),
        _ => None,
    }
}

fn of_fields(cluster: &Cluster) -> Kind {
    match (cluster.lb_policy, &cluster.lb_config) {
        (LbPolicy::LeastRequest, Some(LbConfig::LeastRequestLbConfig(config))) => {
            let bias = config.active_request_bias.as_ref().map(|bias| bias.default_value);
            Kind::List(least_request(config.choice_count.map(u64::from), bias))
        }
        (LbPolicy::LeastRequest, _) => Kind::List(least_request(None, None)),
        (LbPolicy::Random, _) => Kind::List(Way::Random),
        (LbPolicy::RingHash, Some(LbConfig::RingHashLbConfig(config))) => {
            Kind::Ring(ring(config.minimum_ring_size, config.maximum_ring_size, config.hash_function))
        }
        (LbPolicy::RingHash, _) => Kind::Ring(ring(None, None, HashFunction::XxHash)),
        (LbPolicy::Maglev, Some(LbConfig::MaglevLbConfig(config))) => {
            Kind::Maglev { size: config.table_size.unwrap_or(maglev::DEFAULT_SIZE) }
        }
        (LbPolicy::Maglev, _) => Kind::Maglev { size: maglev::DEFAULT_SIZE },
        (LbPolicy::RoundRobin | LbPolicy::ClusterProvided | LbPolicy::LoadBalancingPolicyConfig, _) => {
            Kind::List(Way::RoundRobin)
        }
        #[allow(unreachable_patterns, reason = "names of newer versions of Envoy")]
        _ => Kind::List(Way::RoundRobin),
    }
}

fn least_request(choices: Option<u64>, bias: Option<f64>) -> Way {
    let choices = choices.and_then(|choices| u32::try_from(choices).ok()).unwrap_or(2);
    Way::LeastRequest { choices: choices.max(2), bias: bias.unwrap_or(1.0) }
}

fn ring(least: Option<u64>, most: Option<u64>, function: HashFunction) -> RingSize {
    RingSize { least: least.unwrap_or(1024), most: most.unwrap_or(8 << 20), function }
}

fn list<'o>(object: &'o Object, name: &str) -> &'o [Value] {
    field(object, name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn number(object: &Object, name: &str) -> Option<u64> {
    let value = field(object, name)?;
    // 64-bit numbers are text in protobuf's JSON.
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

fn decimal(object: &Object, name: &str) -> Option<f64> {
    field(object, name)?.as_f64()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Kind, Policy, RingSize, Way};
    use crate::envoy::Json;
    use crate::envoy::cluster::{Cluster, HashFunction};
    use crate::proxy::time::Time;

    fn policy(fields: Value) -> Policy {
        Policy::new(&Cluster::read(&fields).unwrap(), Time::default())
    }

    #[test]
    fn policies_are_fields_or_extensions() {
        let extension = |name: &str, config: Value| {
            let mut config = config;
            config["@type"] = format!("type.googleapis.com/envoy.extensions.load_balancing_policies.{name}").into();
            json!({"policies": [{"typedExtensionConfig": {"name": "x", "typedConfig": config}}]})
        };
        let ring = RingSize { least: 2048, most: 8 << 20, function: HashFunction::XxHash };
        let least = Kind::List(Way::LeastRequest { choices: 2, bias: 1.0 });
        let nested = extension("maglev.v3.Maglev", json!({"tableSize": "65537"}));
        let table = [
            (json!({"name": "a"}), Kind::List(Way::RoundRobin), false),
            (json!({"name": "a", "lbPolicy": "LEAST_REQUEST"}), least, false),
            (
                json!({"name": "a", "lbPolicy": "RING_HASH", "ringHashLbConfig": {"minimumRingSize": "2048"}}),
                Kind::Ring(ring),
                false,
            ),
            (json!({"name": "a", "lbPolicy": "MAGLEV"}), Kind::Maglev { size: 65_537 }, false),
            (
                json!({"name": "a", "commonLbConfig": {"localityWeightedLbConfig": {}}}),
                Kind::List(Way::RoundRobin),
                true,
            ),
            (
                json!({"name": "a", "loadBalancingPolicy": extension("least_request.v3.LeastRequest", json!({}))}),
                least,
                false,
            ),
            (
                json!({"name": "a", "loadBalancingPolicy": extension("ring_hash.v3.RingHash", json!({"minimumRingSize": "2048"}))}),
                Kind::Ring(ring),
                false,
            ),
            (
                json!({"name": "a", "loadBalancingPolicy": extension("wrr_locality.v3.WrrLocality", json!({"endpointPickingPolicy": nested}))}),
                Kind::Maglev { size: 65_537 },
                true,
            ),
        ];
        for (fields, kind, by_locality) in table {
            let policy = policy(fields.clone());
            assert_eq!((policy.kind, policy.by_locality), (kind, by_locality), "{fields}");
        }
    }

    #[test]
    fn the_threshold_of_panic_is_half_unless_configured() {
        assert_eq!(policy(json!({"name": "a"})).panic_threshold, 50.0);
        let none = policy(json!({"name": "a", "commonLbConfig": {"healthyPanicThreshold": {}}}));
        assert_eq!(none.panic_threshold, 0.0);
    }
}
