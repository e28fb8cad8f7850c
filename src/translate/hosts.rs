//! The other names under which clients know a host (istio 1.31 `pilot/pkg/networking/core/httproute.go`,
//! `GenerateAltVirtualHosts`).

use super::Context;

/// The absolute form of a host and the short forms that the proxy's search domains complete.
pub(super) fn alternates(context: &Context<'_, '_>, host: &str) -> Vec<String> {
    let cluster_domain = &context.push.mesh.settings.options.cluster_domain;
    let short = short_names(host, context.proxy.namespace, cluster_domain).into_iter().flatten();
    absolute(host).into_iter().chain(short.map(str::to_owned)).collect()
}

/// With the dot at the end that DNS knows; an address has no such form.
pub(super) fn absolute(host: &str) -> Option<String> {
    host.parse::<std::net::IpAddr>().is_err().then(|| format!("{host}."))
}

/// Of a name `name.namespace.svc.domain` the parts that clients in a namespace of the cluster complete.
pub(super) fn short_names<'h>(host: &'h str, namespace: &str, cluster_domain: &str) -> [Option<&'h str>; 3] {
    let is_of_cluster = host.strip_suffix(cluster_domain).is_some_and(|rest| rest.ends_with(".svc."));
    let (Some(end), true) = (host.find(".svc."), is_of_cluster) else { return [None; 3] };
    let Some((name, own)) = host[..end].split_once('.') else { return [None; 3] };
    let (in_namespace, in_services) = (Some(&host[..end]), Some(&host[..end + ".svc".len()]));
    match own == namespace {
        true => [Some(name), in_services, in_namespace],
        false => [in_namespace, in_services, None],
    }
}

#[cfg(test)]
mod tests {
    use super::short_names;

    #[test]
    fn clients_complete_names_of_the_cluster() {
        let table: [(&str, &[&str]); 8] = [
            ("a.shop.svc.cluster.local", &["a", "a.shop.svc", "a.shop"]),
            ("a.other.svc.cluster.local", &["a.other", "a.other.svc"]),
            ("b.a.shop.svc.cluster.local", &["b.a.shop", "b.a.shop.svc"]),
            ("*.shop.svc.cluster.local", &["*", "*.shop.svc", "*.shop"]),
            ("shop.svc.cluster.local", &[]),
            ("a.shop.svc.example.org", &[]),
            ("a.shop", &[]),
            ("10.0.0.1", &[]),
        ];
        for (host, expected) in table {
            let short: Vec<_> = short_names(host, "shop", "cluster.local").into_iter().flatten().collect();
            assert_eq!(short, expected, "{host}");
        }
    }
}
