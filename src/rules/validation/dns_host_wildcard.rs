use crate::format::Fqdn;
use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::networking::ServiceEntry;
use crate::rules::Report;

/// Without endpoints the hosts are looked up, and wildcards cannot be.
pub fn check<'m>(_: &Mesh<'m>, entry: &'m Object<'m, ServiceEntry<'m>>, report: &mut Report) {
    let resolution = entry.spec.resolution.map_or("NONE", |resolution| resolution.value);
    if !matches!(resolution, "DNS" | "DNS_ROUND_ROBIN") || super::fields::may_be_set(entry.spec.node, "endpoints") {
        return;
    }
    let unknown = |host: &&crate::model::Str<'_>| host.contains('*') && Fqdn::parse(host.value).is_err();
    for host in entry.spec.hosts.iter().filter(unknown) {
        report
            .at(&entry.meta, host.at, format!("`{}` cannot be looked up", host.value))
            .label(format!("resolution `{resolution}` without endpoints asks DNS for the hosts"))
            .help("name the host, add `endpoints`, or write resolution `DYNAMIC_DNS` or `NONE`");
    }
}
