use crate::model::{Int, Kind, Labels, Message, Meta, Object, Str, TextWriter};
use crate::source::Span;

use super::super::Mesh;

/// Makes values that no source holds.
pub(super) struct Maker<'g, 'm> {
    pub mesh: &'g Mesh<'m>,
    pub texts: &'g TextWriter<'m>,
}

impl<'m> Maker<'_, 'm> {
    pub fn text(&self, text: String, at: Span) -> Str<'m> {
        Str { value: self.texts.keep(text), at }
    }

    /// An object in the place of another, whose age and namespace it has.
    pub fn object<T>(
        &self,
        of: &Meta<'m>,
        kind: Kind,
        name: String,
        annotations: impl IntoIterator<Item = (&'m str, &'m str)>,
        spec: T,
    ) -> Object<'m, T> {
        let meta = Meta {
            kind,
            api_version: "networking.istio.io/v1",
            name: self.text(name, of.name.at),
            labels: Labels::default(),
            annotations: Labels::of_texts(annotations),
            ..of.clone()
        };
        Object::new(meta, spec)
    }

    /// The name that users know an object by: `HTTPRoute/name.namespace`.
    pub fn parent_name(&self, of: &Meta<'m>) -> &'m str {
        self.texts.keep(format!("{}/{}.{}", of.kind.name(), of.name.value, of.namespace))
    }

    /// The host of a Service.
    pub fn service_host(&self, name: &str, namespace: &str, at: Span) -> Str<'m> {
        self.text(self.mesh.settings.service_host(name, namespace), at)
    }
}

/// A message without any field. The object at the root has none of the fields of the messages that are made here, so that
/// reading it finds nothing.
pub(super) fn blank<'m, T: Message<'m>>(meta: &Meta<'m>) -> T {
    T::read_fields(meta.root)
}

pub(super) fn int(value: i64, at: Span) -> Int {
    Int { value, at }
}

pub(super) fn plain<'m>(text: Option<Str<'m>>) -> &'m str {
    text.map_or("", |text| text.value)
}
