//! Texts and places in them: the files, folders and streams that the user named.

mod discover;
mod template;
mod text;

pub use discover::{Loaded, ReadError, Stamps, load, read, stamps};
pub use text::{Location, Source, SourceId, Sources, Span, relative};
