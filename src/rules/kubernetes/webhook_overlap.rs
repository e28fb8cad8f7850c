use std::collections::BTreeSet;

use crate::mesh::Mesh;
use crate::rules::Report;

use super::revision_not_found::revisions;
use super::webhooks::{Injector, injectors};

/// Labels of a namespace or a pod: injection, revision.
type Labels<'a> = [(&'static str, Option<&'a str>); 2];

/// Two webhooks that inject the same pod.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    let injectors: Vec<_> = injectors(mesh).collect();
    let mut reported = BTreeSet::new();
    for (namespace, object) in samples(&injectors) {
        let selecting: Vec<_> = injectors
            .iter()
            .filter(|injector| injector.selects(|label| text(&namespace, label), |label| text(&object, label)))
            .collect();
        if selecting.len() < 2 {
            continue;
        }
        for injector in &selecting {
            let Some(other) = selecting.iter().find(|other| other.webhook.node.at() != injector.webhook.node.at())
            else {
                continue;
            };
            if !reported.insert(injector.meta.at()) {
                continue;
            }
            let name = injector.webhook.name.map_or(injector.meta.name, |name| name);
            report
                .at(
                    injector.meta,
                    name.at,
                    format!("`{}` and `{}` inject the same pods", injector.meta.name.value, other.meta.name.value),
                )
                .label(format!("both select pods {}", describe(&namespace, &object)))
                .related(other.webhook.name.map_or(other.meta.at(), |name| name.at), "the other webhook")
                .help("remove one of them, or let their selectors exclude each other");
        }
    }
}

/// Every combination of labels that selectors can tell apart.
fn samples<'m>(injectors: &[Injector<'m>]) -> Vec<(Labels<'m>, Labels<'m>)> {
    let selectors = injectors.iter().flat_map(|injector| injector.namespaces.iter().chain(&injector.objects));
    let named: BTreeSet<_> = selectors.flat_map(revisions).collect();
    let revisions: Vec<_> = std::iter::once(None).chain(named.into_iter().map(Some)).collect();
    let labels = |key, values: [Option<&'static str>; 3]| -> Vec<Labels<'m>> {
        let all = revisions.iter().flat_map(|revision| values.map(|value| [(key, value), ("istio.io/rev", *revision)]));
        all.collect()
    };
    let namespaces = labels("istio-injection", [None, Some("enabled"), Some("disabled")]);
    let objects = labels("sidecar.istio.io/inject", [None, Some("true"), Some("false")]);
    namespaces.iter().flat_map(|namespace| objects.iter().map(|object| (*namespace, *object))).collect()
}

fn text<'a>(labels: &Labels<'a>, key: &str) -> Option<&'a str> {
    labels.iter().find(|(own, _)| *own == key).and_then(|(_, value)| *value)
}

fn describe(namespace: &Labels<'_>, object: &Labels<'_>) -> String {
    let list = |labels: &Labels<'_>| {
        let written = labels.iter().filter_map(|(key, value)| value.map(|value| format!("`{key}: {value}`")));
        match written.collect::<Vec<_>>() {
            empty if empty.is_empty() => "no label".to_owned(),
            written => written.join(" and "),
        }
    };
    format!("with {} in namespaces with {}", list(object), list(namespace))
}
