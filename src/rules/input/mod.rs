//! Problems of the input itself. The reader and `lint` look for them; here are only their pages.

use super::catalog::rules;

rules! {
    "yaml-syntax",
    "duplicate-key",
    "duplicate-resource",
    "unused-ignore",
    "invalid-ignore",
}
