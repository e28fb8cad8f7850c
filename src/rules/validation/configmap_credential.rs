use crate::format::Credential;
use crate::mesh::Mesh;
use crate::rules::Report;

/// A ConfigMap with certificates must be one of the own namespace.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    let names = mesh.resources.client_tls_settings().filter_map(|(meta, tls)| Some((meta, tls.credential_name?)));
    for (meta, name) in names.filter(|(_, name)| name.starts_with("configmap://") && !name.is_placeholder()) {
        let own = meta.namespace;
        match Credential::parse(name.value) {
            Ok(Credential::ConfigMap { namespace, name: map, .. }) if namespace != own => {
                report
                    .at(meta, name.at, format!("a ConfigMap of another namespace, `{namespace}`"))
                    .help(format!("copy it to namespace `{own}`, and write `configmap://{own}/{map}`"));
            }
            Ok(_) => {}
            Err(reason) => {
                report.at(meta, name.at, reason.message()).help("write `configmap://namespace/name`");
            }
        }
    }
}
