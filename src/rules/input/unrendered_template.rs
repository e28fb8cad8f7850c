use crate::finding::Severity;
use crate::format::has_placeholder;
use crate::mesh::Mesh;
use crate::model::{Kind, Meta};
use crate::rules::Report;
use crate::yaml::Node;

/// Kinds that hold programs or texts of other languages, in which braces mean something else.
const OTHER_LANGUAGES: [Kind; 4] = [Kind::EnvoyFilter, Kind::TrafficExtension, Kind::WasmPlugin, Kind::Telemetry];

/// What a template engine was to fill in.
pub fn check<'m>(_: &Mesh<'m>, meta: &'m Meta<'m>, report: &mut Report) {
    let of_mesh = |kind: Kind| kind.group().ends_with(".istio.io") || kind.group() == Kind::HttpRoute.group();
    if !of_mesh(meta.kind) || OTHER_LANGUAGES.contains(&meta.kind) {
        return;
    }
    for part in ["metadata", "spec"].into_iter().filter_map(|part| meta.root.get(part)) {
        check_node(part, meta, report);
    }
}

fn check_node(node: Node<'_>, meta: &Meta<'_>, report: &mut Report) {
    if let Some(text) = node.as_str().filter(|text| has_placeholder(text)) {
        check_text(text, node, meta, report);
    }
    node.items().for_each(|item| check_node(item, meta, report));
    let entries = node.entries().filter(|entry| entry.key.as_str() != Some("annotations"));
    entries.for_each(|entry| check_node(entry.value, meta, report));
}

/// `${NAME}` is filled in where files are applied (Flux, `envsubst`); `{{ … }}` should have been before.
fn check_text(text: &str, node: Node<'_>, meta: &Meta<'_>, report: &mut Report) {
    let (message, severity) = match placeholder(text) {
        Some("{{") => (format!("`{text}` is a template that was not rendered"), Severity::Warning),
        Some(_) => (format!("`{text}` is still to be filled in"), Severity::Info),
        None => return,
    };
    report
        .at(meta, node.at(), message)
        .severity(severity)
        .label("what depends on it is not checked")
        .help("check what the template engine makes of it");
}

fn placeholder(text: &str) -> Option<&'static str> {
    [("{{", "}}"), ("${", "}")].into_iter().find_map(|(open, close)| {
        let (_, rest) = text.split_once(open)?;
        rest.find(close).filter(|end| *end > 0).map(|_| open)
    })
}
