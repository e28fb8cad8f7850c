//! Texts and places in them: the files, folders and streams that the user named.

mod text;

pub use text::{Location, Source, SourceId, Sources, Span};
