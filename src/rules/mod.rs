//! The rules: what each asks of the mesh, and the page that explains it.

mod page;

pub use page::Page;
