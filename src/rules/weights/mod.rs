//! How routes divide traffic.

use super::catalog::rules;

rules! {}
