//! The rules: what each asks of the mesh, and the page that explains it.

mod catalog;
mod page;

pub use catalog::{called, pages};
pub use page::Page;
