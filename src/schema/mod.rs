//! Which fields a kind has, and of what type.
