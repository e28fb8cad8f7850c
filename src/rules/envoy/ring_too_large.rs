use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::destination_rule::DestinationRule;
use crate::rules::Report;

/// Envoy's limit (`RingHashLbConfig` in `config/cluster/v3/cluster.proto`).
const LARGEST: i64 = 8_388_608;

/// A ring has room for so many entries.
pub fn check<'m>(_: &Mesh<'m>, rule: &'m Object<'m, DestinationRule<'m>>, report: &mut Report) {
    let hashes = rule.spec.levels().filter_map(|level| level.load_balancer?.consistent_hash.as_deref());
    for hash in hashes {
        let own = hash.ring_hash.as_ref().and_then(|ring| ring.minimum_ring_size);
        let Some(size) = own.or(hash.minimum_ring_size).filter(|size| size.value > LARGEST) else { continue };
        report
            .at(&rule.meta, size.at, format!("a ring of {} entries is too large", size.value))
            .label("Envoy refuses the cluster: the host has no endpoints")
            .help(format!("write {LARGEST} or less"));
    }
}
