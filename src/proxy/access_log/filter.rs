//! Which requests an access log tells about.

use crate::envoy::access_log::{AccessLogFilter, FilterSpecifier};
use crate::proxy::note::Note;
use crate::proxy::record::Record;

#[derive(Debug)]
pub enum Filter {
    Always,
    Never,
    All(Vec<Filter>),
    Any(Vec<Filter>),
    /// One of these flags; any at all if there are none.
    Flags(Vec<String>),
}

impl Filter {
    /// A filter that cannot be executed lets everything pass.
    pub fn new(filter: Option<&AccessLogFilter>, place: &str, notes: &mut Vec<Note>) -> Self {
        let mut all =
            |filters: &[AccessLogFilter]| filters.iter().map(|filter| Self::new(Some(filter), place, notes)).collect();
        match filter.map(|filter| &filter.specifier) {
            None => Filter::Always,
            Some(Some(FilterSpecifier::AndFilter(and))) => Filter::All(all(&and.filters)),
            Some(Some(FilterSpecifier::OrFilter(or))) => Filter::Any(all(&or.filters)),
            Some(Some(FilterSpecifier::ResponseFlagFilter(flags))) => Filter::Flags(flags.flags.clone()),
            // Health checks are not answered here.
            Some(Some(FilterSpecifier::NotHealthCheckFilter(_))) => Filter::Always,
            Some(Some(FilterSpecifier::ExtensionFilter(extension))) => match cel(extension.typed_config.as_ref()) {
                Some(filter) => filter,
                None => {
                    let text = format!("the filter `{}` of an access log is not executed", extension.name);
                    notes.push(Note::new(place, text));
                    Filter::Always
                }
            },
            Some(None) => {
                notes.push(Note::new(place, "a filter of an access log is not executed"));
                Filter::Always
            }
        }
    }

    pub fn passes(&self, record: &Record) -> bool {
        match self {
            Filter::Always => true,
            Filter::Never => false,
            Filter::All(filters) => filters.iter().all(|filter| filter.passes(record)),
            Filter::Any(filters) => filters.iter().any(|filter| filter.passes(record)),
            Filter::Flags(flags) if flags.is_empty() => !record.flags.is_empty(),
            Filter::Flags(flags) => flags.iter().any(|flag| record.flags.has(flag)),
        }
    }
}

/// Expressions that are constant. Others are not executed.
fn cel(config: Option<&crate::envoy::Any>) -> Option<Filter> {
    let Some(crate::envoy::Any::CelFilter(filter)) = config else { return None };
    match filter.expression.trim() {
        "true" => Some(Filter::Always),
        "false" => Some(Filter::Never),
        _ => None,
    }
}
