use crate::mesh::Mesh;
use crate::model::{Labels, Meta};
use crate::rules::Report;

/// Labels about injection and ambient mode, with the values that count.
const VALUES: [(&str, &[&str]); 2] =
    [("istio-injection", &["enabled", "disabled"]), ("istio.io/dataplane-mode", &["ambient", "none"])];
const INJECT: (&str, &[&str]) = ("sidecar.istio.io/inject", &["true", "false"]);

/// Values that are near enough to look right, and are ignored.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for namespace in &mesh.resources.namespaces {
        for (label, values) in VALUES {
            check_label(report, &namespace.meta, &namespace.meta.labels, label, values);
        }
    }
    for workload in &mesh.workloads {
        for (label, values) in [VALUES[1], INJECT] {
            check_label(report, workload.meta, workload.labels, label, values);
        }
    }
}

fn check_label(report: &mut Report, meta: &Meta<'_>, labels: &Labels<'_>, label: &str, values: &[&str]) {
    let Some(value) = labels.get(label).filter(|value| !value.is_placeholder()) else { return };
    if values.contains(&value.value) || value.is_empty() {
        return;
    }
    let [yes, no, ..] = values else { return };
    report
        .at(meta, value.at, format!("`{}` is no value of `{label}`", value.value))
        .label("the label is ignored")
        .help(format!("write `{yes}` or `{no}`"));
}
