//! The other names under which clients know a host (istio 1.31 `pilot/pkg/networking/core/httproute.go`,
//! `GenerateAltVirtualHosts`).

use super::Context;

/// The absolute form of a host and the short forms that the proxy's search domains complete.
pub(super) fn alternates(context: &Context<'_, '_>, host: &str) -> Vec<String> {
    let mut names = Vec::new();
    if host.parse::<std::net::IpAddr>().is_err() {
        names.push(format!("{host}."));
    }
    let domain = format!(".svc.{}", context.push.mesh.settings.options.cluster_domain);
    let short = host.strip_suffix(domain.as_str()).and_then(|rest| rest.rsplit_once('.'));
    if let Some((name, namespace)) = short {
        if namespace == context.proxy.namespace {
            names.extend([name.to_owned(), format!("{name}.{namespace}.svc"), format!("{name}.{namespace}")]);
        } else {
            names.extend([format!("{name}.{namespace}"), format!("{name}.{namespace}.svc")]);
        }
    }
    names
}
