//! Operations on lists whose order counts.

use super::patch::Operation;

/// Applies an operation that adds, removes or replaces items. `matches` tells those that the patch names; `None` if it names
/// none: then what is inserted goes to the ends of the list, and nothing is removed or replaced.
pub(super) fn splice<T>(
    list: &mut Vec<T>,
    operation: Operation,
    matches: Option<&dyn Fn(&T) -> bool>,
    new: impl FnOnce() -> T,
) {
    let found = matches.and_then(|matches| list.iter().position(matches));
    match (operation, matches.is_some(), found) {
        (Operation::Add, _, _) | (Operation::InsertAfter, false, _) => list.push(new()),
        (Operation::InsertFirst, _, _) | (Operation::InsertBefore, false, _) => list.insert(0, new()),
        (Operation::InsertBefore, true, Some(at)) => list.insert(at, new()),
        (Operation::InsertAfter, true, Some(at)) => list.insert(at + 1, new()),
        (Operation::Replace, true, Some(at)) => list[at] = new(),
        (Operation::Remove, true, Some(_)) => list.retain(|item| !matches.is_some_and(|matches| matches(item))),
        _ => {}
    }
}
