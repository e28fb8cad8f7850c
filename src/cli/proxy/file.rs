//! A bootstrap in a file.

use std::path::Path;

use crate::cli::{Error, Fallible};
use crate::envoy::bootstrap::Bootstrap;
use crate::envoy::core::Address;
use crate::envoy::{Json, Message, Segment, Violation, check, value_of};
use crate::finding::Severity;
use crate::proxy::mesh::Scene;
use crate::source::{self, Sources, Span};
use crate::yaml::{self, Node};

/// Reads YAML or JSON, which is YAML, too.
pub(super) fn read(path: &Path) -> Fallible<Scene> {
    let mut sources = Sources::default();
    let id = sources.add(source::read(path).map_err(|error| Error::Usage(error.to_string()))?);
    let (tree, findings) = yaml::parse(id, sources.get(id).text());
    if let Some(finding) = findings.iter().find(|finding| finding.severity.is_none_or(|own| own == Severity::Error)) {
        return Err(wrong(&sources, finding.at, &finding.message));
    }
    let Some(root) = tree.roots().next() else {
        return Err(Error::Usage(format!("{}: no bootstrap of Envoy: the file is empty", path.display())));
    };
    let value = value_of(root);
    let broken = |violation: &Violation| {
        wrong(&sources, place(root, violation.path()), &format!("no bootstrap that Envoy takes: {violation}"))
    };
    let mut bootstrap = Bootstrap::read(&value).map_err(|violation| broken(&violation))?;
    if let Some(violation) = check(Bootstrap::TYPE, &value).first() {
        return Err(broken(violation));
    }
    name_listeners(&mut bootstrap);
    let name = path.file_name().unwrap_or(path.as_os_str());
    Ok(Scene::of_file(&name.to_string_lossy(), bootstrap))
}

fn wrong(sources: &Sources, at: Span, message: &str) -> Error {
    let at = sources.locate(at);
    Error::Usage(format!("{}:{}:{}: {message}", at.file, at.line, at.column))
}

/// The key or item that a path leads to, or the last on the way that is there.
fn place(root: Node<'_>, path: &[Segment]) -> Span {
    let (mut node, mut at) = (root, root.at());
    for segment in path {
        let next = match segment {
            Segment::Key(key) => node.get(key).zip(node.key_at(key)),
            Segment::Index(index) => node.items().nth(*index).map(|item| (item, item.at())),
        };
        let Some((value, own)) = next else { break };
        (node, at) = (value, own);
    }
    at
}

/// A listener need not have a name; here it is told by one.
fn name_listeners(bootstrap: &mut Bootstrap) {
    let listeners = bootstrap.static_resources.iter_mut().flat_map(|resources| &mut resources.listeners);
    for (index, listener) in listeners.enumerate().filter(|(_, listener)| listener.name.is_empty()) {
        listener.name = match &listener.address {
            Some(Address::SocketAddress(socket)) => {
                format!("{}_{}", socket.address, socket.port_value.unwrap_or_default())
            }
            _ => format!("listener_{index}"),
        };
    }
}
