//! Matters of taste, asked only where the user names the rule, the category or a level for them.

mod export_to_missing;
mod name_with_dots;
mod unnamed_route;

use super::catalog::rules;

rules! {
    "unnamed-route" for VirtualService => unnamed_route::check,
    "name-with-dots" for Object => name_with_dots::check,
    "export-to-missing" => export_to_missing::check,
}
