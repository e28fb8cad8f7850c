//! Memory that starting takes, and serving does not.

use crate::envoy::forget_types;

/// Gives it back to the operating system.
pub(super) fn release() {
    forget_types();
    collect();
}

/// The allocator itself gives back only when it is used again, and an idle proxy does not use it.
fn collect() {
    // SAFETY: it takes no pointers, and looks only at memory that is free. There is no safe way to call it.
    unsafe { libmimalloc_sys::mi_collect(true) }
}
