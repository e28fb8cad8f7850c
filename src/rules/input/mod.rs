//! Problems of the input itself. For most of them the reader and `lint` look; here are only their pages.

mod namespace_not_written;
mod unrendered_template;

use super::catalog::rules;

rules! {
    "yaml-syntax",
    "duplicate-key",
    "duplicate-resource",
    "namespace-not-written" => namespace_not_written::check,
    "unrendered-template" for Object => unrendered_template::check,
    "unused-ignore",
    "invalid-ignore",
}
