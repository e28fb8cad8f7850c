//! What routes match, in which order, and what they change.

use super::catalog::rules;

rules! {}
