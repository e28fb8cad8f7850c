use crate::model::Str;

/// Who sees an object, besides those in its own namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExportTo<'m> {
    /// `*`
    All,
    /// `~`: not even its own namespace.
    Nobody,
    /// Sorted, without doubles; `.` is the object's own.
    Namespaces(Vec<&'m str>),
}

impl<'m> ExportTo<'m> {
    /// Reads the entries of `exportTo`, or the default of the mesh where there are none (istio 1.31
    /// `pilot/pkg/model/push_context.go`, `initServiceRegistry` and its siblings).
    pub(super) fn new(entries: impl IntoIterator<Item = &'m str>, default: &[Str<'m>], namespace: &'m str) -> Self {
        let written: Vec<_> = entries.into_iter().collect();
        let effective = match written.is_empty() {
            true => default.iter().map(|entry| entry.value).collect(),
            false => written,
        };
        if effective.is_empty() || effective.contains(&"*") {
            return ExportTo::All;
        }
        if effective.contains(&"~") {
            return ExportTo::Nobody;
        }
        let mut namespaces: Vec<_> =
            effective.into_iter().map(|entry| if entry == "." { namespace } else { entry }).collect();
        namespaces.sort_unstable();
        namespaces.dedup();
        ExportTo::Namespaces(namespaces)
    }

    pub fn sees(&self, namespace: &str) -> bool {
        match self {
            ExportTo::All => true,
            ExportTo::Nobody => false,
            ExportTo::Namespaces(namespaces) => namespaces.contains(&namespace),
        }
    }

    /// Whether only `namespace` sees it.
    pub fn is_private(&self, namespace: &str) -> bool {
        matches!(self, ExportTo::Namespaces(namespaces) if namespaces.as_slice() == [namespace])
    }

    /// Whether some namespace sees both.
    pub fn meets(&self, other: &Self) -> bool {
        match (self, other) {
            (ExportTo::Nobody, _) | (_, ExportTo::Nobody) => false,
            (ExportTo::All, _) | (_, ExportTo::All) => true,
            (ExportTo::Namespaces(ours), ExportTo::Namespaces(theirs)) => ours.iter().any(|name| theirs.contains(name)),
        }
    }

    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (ExportTo::All, _) | (_, ExportTo::Nobody) => true,
            (ExportTo::Namespaces(ours), ExportTo::Namespaces(theirs)) => theirs.iter().all(|name| ours.contains(name)),
            _ => false,
        }
    }
}
