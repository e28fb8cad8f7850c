//! Where the locality of endpoints is set: in DestinationRules, and for the whole mesh.

use crate::mesh::Mesh;
use crate::model::Meta;
use crate::model::destination_rule::{Failover, LocalityLbSetting};

/// The object that settings are in; `None` is the MeshConfig.
pub(super) type Owner<'s, 'm> = Option<&'s Meta<'m>>;

pub(super) fn settings<'s, 'm>(
    mesh: &'s Mesh<'m>,
) -> impl Iterator<Item = (Owner<'s, 'm>, &'s LocalityLbSetting<'m>)> + use<'s, 'm> {
    let rules = mesh.resources.destination_rules.iter().flat_map(|rule| {
        let settings = rule.spec.levels().filter_map(|level| level.load_balancer?.locality_lb_setting.as_deref());
        settings.map(|locality| (Some(&rule.meta), locality))
    });
    let own = mesh.settings.config.iter().filter_map(|config| config.locality_lb_setting.as_deref());
    rules.chain(own.map(|locality| (None, locality)))
}

/// Which region stands in for which, also with regard to zones.
pub(super) fn failovers<'s, 'm>(
    mesh: &'s Mesh<'m>,
) -> impl Iterator<Item = (Owner<'s, 'm>, &'s Failover<'m>)> + use<'s, 'm> {
    let locality = settings(mesh).flat_map(|(owner, locality)| locality.failover.iter().map(move |one| (owner, one)));
    let rules = mesh.resources.destination_rules.iter().flat_map(|rule| {
        let settings = rule.spec.levels().filter_map(|level| level.load_balancer?.zone_aware_lb_setting.as_deref());
        settings.flat_map(|zones| &zones.failover).map(|one| (Some(&rule.meta), one))
    });
    let own = mesh.settings.config.iter().filter_map(|config| config.zone_aware_lb_setting.as_deref());
    locality.chain(rules).chain(own.flat_map(|zones| &zones.failover).map(|one| (None, one)))
}
