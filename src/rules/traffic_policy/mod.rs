//! Policies for traffic: balancing, pools, outliers, timeouts, retries, faults, mirrors, CORS.

use super::catalog::rules;

rules! {}
