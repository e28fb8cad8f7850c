use crate::finding::Severity;
use crate::mesh::Mesh;
use crate::model::Meta;
use crate::rules::Report;

/// Fields should be those of today.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for service in &mesh.resources.virtual_services {
        for policy in service.spec.http.iter().filter_map(|route| route.cors_policy.as_ref()) {
            let Some(at) = policy.node.key_at("allowOrigin") else { continue };
            report.at(&service.meta, at, "`allowOrigin` is deprecated").help("write `allowOrigins`, each with `exact`");
        }
        for at in
            service.spec.tcp.iter().flat_map(|tcp| &tcp.r#match).filter_map(|found| found.node.key_at("sourceSubnet"))
        {
            report
                .at(&service.meta, at, "`sourceSubnet` is deprecated")
                .severity(Severity::Info)
                .label("istiod does not read it")
                .help("remove it");
        }
    }
    for rule in &mesh.resources.destination_rules {
        for balancer in rule.spec.levels().filter_map(|level| level.load_balancer) {
            let Some(at) = balancer.node.key_at("warmupDurationSecs") else { continue };
            report.at(&rule.meta, at, "`warmupDurationSecs` is deprecated").help("write `warmup: {duration: …}`");
        }
    }
    let resources = mesh.resources;
    macro_rules! check_targets {
        ($( $list:ident ),*) => { $( resources.$list.iter().for_each(|object| check_target(&object.meta, report)); )* };
    }
    check_targets!(authorization_policies, request_authentications, telemetries, wasm_plugins);
}

fn check_target(meta: &Meta<'_>, report: &mut Report) {
    let Some(at) = meta.root.get("spec").and_then(|spec| spec.key_at("targetRef")) else { return };
    report.at(meta, at, "`targetRef` is deprecated").severity(Severity::Info).help("write `targetRefs`, a list");
}
