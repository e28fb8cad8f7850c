//! What clients send and what workloads demand must fit together.

mod conflicts;
mod dr_without_mtls;
mod istio_mutual_not_demanded;
mod mtls_conflict;
mod mtls_disabled_under_istio_mutual;
mod strict_without_istio_mutual;

use super::catalog::rules;

rules! {
    "mtls-conflict" => mtls_conflict::check,
    "mtls-disabled-under-istio-mutual" => mtls_disabled_under_istio_mutual::check,
    "strict-without-istio-mutual" => strict_without_istio_mutual::check,
    "istio-mutual-not-demanded" => istio_mutual_not_demanded::check,
    "dr-without-mtls" => dr_without_mtls::check,
}
