//! VirtualServices that others delegate routes to.

use super::catalog::rules;

rules! {}
