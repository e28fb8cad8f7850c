//! One patch of an EnvoyFilter, ready to be applied.

use serde_json::Value;

use crate::envoy::{Any, Json, Lists, Message, Object, ViolationKind, check, merge, normalize};
use crate::format::Re2;
use crate::model::networking::{
    ClusterMatch, EnvoyConfigObjectPatch, ListenerMatch, ProxyMatch, RouteConfigurationMatch,
};
use crate::model::{Int, Str};
use crate::source::Span;

use super::super::Note;

/// What is patched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ApplyTo {
    Listener,
    FilterChain,
    NetworkFilter,
    HttpFilter,
    ListenerFilter,
    RouteConfiguration,
    VirtualHost,
    HttpRoute,
    Cluster,
}

impl ApplyTo {
    pub(super) fn is_of_routes(self) -> bool {
        matches!(self, ApplyTo::RouteConfiguration | ApplyTo::VirtualHost | ApplyTo::HttpRoute)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Add,
    Remove,
    Merge,
    /// As [`Operation::Merge`], but lists are replaced. Filters are not merged by it.
    MergeReplacingLists,
    InsertBefore,
    InsertAfter,
    InsertFirst,
    Replace,
}

/// Where in the proxy something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PatchContext {
    SidecarInbound,
    SidecarOutbound,
    Gateway,
}

pub(super) struct Patch<'m> {
    pub(super) apply_to: ApplyTo,
    pub(super) operation: Operation,
    /// Of the operation.
    at: Span,
    /// Anywhere if absent.
    context: Option<PatchContext>,
    proxies: Proxies<'m>,
    value: Option<Value>,
    source: &'m EnvoyConfigObjectPatch<'m>,
}

/// Which proxies a patch is for.
struct Proxies<'m> {
    version: Option<Version>,
    matched: Option<&'m ProxyMatch<'m>>,
}

enum Version {
    Pattern(Box<Re2>),
    /// istiod compiles no pattern of this length.
    TooLong,
}

const LONGEST_VERSION_PATTERN: usize = 1024;

impl<'m> Patch<'m> {
    /// A note if it does nothing to any proxy, or nothing that shows in what istiod pushes.
    pub(super) fn read(source: &'m EnvoyConfigObjectPatch<'m>) -> Result<Self, Note> {
        let place = source.apply_to.map_or(source.node.head(), |text| text.at);
        let apply_to = apply_to(source.apply_to).map_err(|message| Note::new(place, message))?;
        let written = source.patch.as_ref().and_then(|patch| patch.operation);
        let at = written.map_or(source.node.head(), |text| text.at);
        let operation = operation(written, apply_to).map_err(|message| Note::new(at, message))?;
        let value = value(source)?;
        if value.is_none() && operation != Operation::Remove {
            return Err(Note::new(at, "without a value the patch does nothing"));
        }
        let matched = source.r#match.as_ref();
        let context = context(matched.and_then(|matched| matched.context))
            .map_err(|at| Note::new(at, "patches for waypoints are not applied: waypoints are not translated"))?;
        let proxies = Proxies::new(matched.and_then(|matched| matched.proxy.as_ref()));
        Ok(Self { apply_to, operation, at, context, proxies, value, source })
    }

    pub(super) fn is_for(&self, metadata: &Object) -> bool {
        self.proxies.contain(metadata)
    }

    pub(super) fn is_in(&self, context: PatchContext) -> bool {
        self.context.is_none_or(|own| own == context)
    }

    /// Whether things are added in this context: without one, in a sidecar outbound only.
    pub(super) fn adds_in(&self, context: PatchContext) -> bool {
        self.context.map_or(context != PatchContext::SidecarInbound, |own| own == context)
    }

    pub(super) fn is_merge(&self) -> bool {
        matches!(self.operation, Operation::Merge | Operation::MergeReplacingLists)
    }

    pub(super) fn listener(&self) -> Option<&'m ListenerMatch<'m>> {
        self.source.r#match.as_ref()?.listener.as_ref()
    }

    pub(super) fn routes(&self) -> Option<&'m RouteConfigurationMatch<'m>> {
        self.source.r#match.as_ref()?.route_configuration.as_ref()
    }

    pub(super) fn cluster(&self) -> Option<&'m ClusterMatch<'m>> {
        self.source.r#match.as_ref()?.cluster.as_ref()
    }

    /// The value of the patch.
    pub(super) fn new_value<T: Json>(&self) -> Result<T, Note> {
        let value = self.value.as_ref().map(T::read);
        value.unwrap_or_else(|| T::read(&Object::new().into())).map_err(|error| self.note(error.to_string()))
    }

    /// Merges the value of the patch into `target`.
    pub(super) fn merge_into<T: Message>(&self, target: &mut T) -> Result<(), Note> {
        let lists = match self.operation {
            Operation::MergeReplacingLists => Lists::Replace,
            _ => Lists::Append,
        };
        let Some(patch) = &self.value else { return Ok(()) };
        let mut merged = target.write();
        merge(T::TYPE, &mut merged, patch, lists);
        *target = T::read(&merged).map_err(|error| self.note(error.to_string()))?;
        Ok(())
    }

    /// Merges the configuration of an extension into another. istiod breaks off where they are of different types.
    pub(super) fn merge_configs(&self, target: &mut Any, own: &Any) -> Result<(), Note> {
        if target.type_name() != own.type_name() {
            let message = format!(
                "`{}` cannot be merged into `{}`: istiod gives up patching here",
                own.type_name(),
                target.type_name()
            );
            return Err(self.note(message));
        }
        let mut merged = target.write();
        merge(target.type_name(), &mut merged, &own.write(), Lists::Append);
        *target = Any::read(&merged).map_err(|error| self.note(error.to_string()))?;
        Ok(())
    }

    pub(super) fn note(&self, message: impl Into<String>) -> Note {
        Note::new(self.at, message)
    }
}

impl<'m> Proxies<'m> {
    fn new(matched: Option<&'m ProxyMatch<'m>>) -> Self {
        let pattern = matched.and_then(|matched| matched.proxy_version).filter(|pattern| !pattern.is_empty());
        let version = pattern.and_then(|pattern| match pattern.len() > LONGEST_VERSION_PATTERN {
            true => Some(Version::TooLong),
            // A pattern that is none is not asked for.
            false => Re2::parse(pattern.value).ok().map(|pattern| Version::Pattern(Box::new(pattern))),
        });
        Self { version, matched }
    }

    fn contain(&self, metadata: &Object) -> bool {
        let text = |key: &str| metadata.get(key).and_then(Value::as_str);
        let version = match &self.version {
            None => true,
            Some(Version::TooLong) => false,
            Some(Version::Pattern(pattern)) => {
                text("ISTIO_VERSION").is_some_and(|own| !own.is_empty() && pattern.partial_match(own))
            }
        };
        let wanted = self.matched.iter().flat_map(|matched| matched.metadata.iter());
        version && wanted.into_iter().all(|(key, value)| text(key.value) == Some(value.value))
    }
}

fn apply_to(written: Option<Str<'_>>) -> Result<ApplyTo, String> {
    Ok(match written.map_or("", |text| text.value) {
        "LISTENER" => ApplyTo::Listener,
        "FILTER_CHAIN" => ApplyTo::FilterChain,
        "NETWORK_FILTER" => ApplyTo::NetworkFilter,
        "HTTP_FILTER" => ApplyTo::HttpFilter,
        "LISTENER_FILTER" => ApplyTo::ListenerFilter,
        "ROUTE_CONFIGURATION" => ApplyTo::RouteConfiguration,
        "VIRTUAL_HOST" => ApplyTo::VirtualHost,
        "HTTP_ROUTE" => ApplyTo::HttpRoute,
        "CLUSTER" => ApplyTo::Cluster,
        "BOOTSTRAP" => return Err("the bootstrap is patched when the pod is made, not by what is pushed".to_owned()),
        "EXTENSION_CONFIG" => return Err("extension configurations are pushed apart, by ECDS".to_owned()),
        other => return Err(format!("`{other}` is nothing that can be patched")),
    })
}

fn operation(written: Option<Str<'_>>, apply_to: ApplyTo) -> Result<Operation, String> {
    use ApplyTo::{HttpFilter, HttpRoute, ListenerFilter, NetworkFilter};
    let is_ordered = matches!(apply_to, HttpFilter | NetworkFilter | HttpRoute | ListenerFilter);
    Ok(match written.map_or("", |text| text.value) {
        "ADD" => Operation::Add,
        "REMOVE" => Operation::Remove,
        "MERGE" => Operation::Merge,
        "MERGE_AND_REPLACE_LIST" => Operation::MergeReplacingLists,
        "REPLACE" => Operation::Replace,
        "INSERT_BEFORE" | "INSERT_AFTER" | "INSERT_FIRST" if !is_ordered => Operation::Add,
        "INSERT_BEFORE" => Operation::InsertBefore,
        "INSERT_AFTER" => Operation::InsertAfter,
        "INSERT_FIRST" => Operation::InsertFirst,
        other => return Err(format!("`{other}` is no operation")),
    })
}

/// The place of the context if it is that of waypoints.
fn context(written: Option<Str<'_>>) -> Result<Option<PatchContext>, Span> {
    let Some(written) = written else { return Ok(None) };
    Ok(match written.value {
        "SIDECAR_INBOUND" => Some(PatchContext::SidecarInbound),
        "SIDECAR_OUTBOUND" => Some(PatchContext::SidecarOutbound),
        "GATEWAY" => Some(PatchContext::Gateway),
        "WAYPOINT" => return Err(written.at),
        _ => None,
    })
}

/// Without what Envoy does not know, for istiod ignores that. What it cannot read is a note.
fn value(source: &EnvoyConfigObjectPatch<'_>) -> Result<Option<Value>, Note> {
    let (Some(value), Some(message_type)) = (source.value(), source.message_type()) else { return Ok(None) };
    let mut problems = check(message_type, &value).into_iter();
    if let Some(problem) = problems.find(|problem| problem.kind() == ViolationKind::Form) {
        let node = source.patch.as_ref().and_then(|patch| patch.value);
        let at = node.map_or(source.node.head(), |value| value.head());
        return Err(Note::new(at, format!("istiod leaves the patch out: {problem}")));
    }
    Ok(Some(normalize(message_type, &value)))
}

/// Whether a field that may be left out asks for `value`.
pub(super) fn asks_for(field: Option<Str<'_>>, value: &str) -> bool {
    field.is_none_or(|text| text.is_empty() || text.value == value)
}

/// The number that a match asks for. Zero is any.
pub(super) fn number(field: Option<Int>) -> Option<u32> {
    field.and_then(|number| u32::try_from(number.value).ok()).filter(|number| *number != 0)
}
