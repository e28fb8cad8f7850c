//! How the rules are asked.

use rayon::prelude::{IntoParallelRefIterator, ParallelIterator, ParallelSlice};

use crate::finding::Finding;
use crate::mesh::{Mesh, Service, Workload};
use crate::model::destination_rule::DestinationRule;
use crate::model::gateway_api::K8sGateway;
use crate::model::networking::{EnvoyFilter, Gateway, ServiceEntry, Sidecar};
use crate::model::security::{AuthorizationPolicy, PeerAuthentication, RequestAuthentication, Telemetry};
use crate::model::virtual_service::VirtualService;
use crate::model::{Meta, Object};

use super::{Report, Rule, all};

/// Objects that are asked about together, by one thread.
const PART: usize = 64;

macro_rules! checks {
    ($( $kind:ident($object:ty): $( $list:ident ).+; )*) => {
        /// What a rule asks, and of what: it reports every place that breaks it.
        ///
        /// The objects of a kind are gone through once, and all rules for the kind are asked about one before the next, while
        /// the processor has it and what it leads to in its cache. A rule that goes through a large mesh by itself reads
        /// it from memory again.
        #[derive(Clone, Copy)]
        pub enum Check {
            /// Of the mesh as a whole.
            Mesh(for<'m> fn(&Mesh<'m>, &mut Report)),
            /// Of each object, whatever its kind.
            Object(for<'m> fn(&Mesh<'m>, &'m Meta<'m>, &mut Report)),
            $( $kind(for<'m> fn(&Mesh<'m>, $object, &mut Report)), )*
        }

        /// The reports of all rules but those that ask of the whole mesh.
        fn ask_each(mesh: &Mesh<'_>, rules: &[(&'static str, Check)]) -> Vec<Report> {
            let metas: Vec<_> = mesh.resources.metas().collect();
            let mut reports = in_parts(&checks!(@of Object, rules), &metas, |check, meta, report| check(mesh, meta, report));
            $(
                let of_kind = checks!(@of $kind, rules);
                reports.extend(in_parts(&of_kind, &mesh.$( $list ).+, |check, object, report| check(mesh, object, report)));
            )*
            reports
        }
    };
    (@of $kind:ident, $rules:ident) => {{
        let of_kind = |&(id, check): &_| match check {
            Check::$kind(check) => Some((id, check)),
            _ => None,
        };
        $rules.iter().filter_map(of_kind).collect::<Vec<_>>()
    }};
}

checks! {
    VirtualService(&'m Object<'m, VirtualService<'m>>): resources.virtual_services;
    DestinationRule(&'m Object<'m, DestinationRule<'m>>): resources.destination_rules;
    Gateway(&'m Object<'m, Gateway<'m>>): resources.gateways;
    K8sGateway(&'m Object<'m, K8sGateway<'m>>): resources.k8s_gateways;
    ServiceEntry(&'m Object<'m, ServiceEntry<'m>>): resources.service_entries;
    Sidecar(&'m Object<'m, Sidecar<'m>>): resources.sidecars;
    EnvoyFilter(&'m Object<'m, EnvoyFilter<'m>>): resources.envoy_filters;
    AuthorizationPolicy(&'m Object<'m, AuthorizationPolicy<'m>>): resources.authorization_policies;
    RequestAuthentication(&'m Object<'m, RequestAuthentication<'m>>): resources.request_authentications;
    PeerAuthentication(&'m Object<'m, PeerAuthentication<'m>>): resources.peer_authentications;
    Telemetry(&'m Object<'m, Telemetry<'m>>): resources.telemetries;
    Service(&Service<'m>): services;
    Workload(&Workload<'m>): workloads;
}

/// Asks the mesh every rule that `wanted` names, side by side. The findings are in no order that means anything, but always
/// in the same.
pub fn check(mesh: &Mesh<'_>, wanted: impl Fn(&Rule) -> bool) -> Vec<Finding> {
    let checks = |rule: &'static Rule| rule.checks.iter().map(|check| (rule.id, *check));
    let rules: Vec<_> = all().filter(|rule| wanted(rule)).flat_map(checks).collect();
    let (whole, each) = rayon::join(|| ask_whole(mesh, &rules), || ask_each(mesh, &rules));
    whole.into_iter().chain(each).flat_map(Report::into_findings).collect()
}

fn ask_whole(mesh: &Mesh<'_>, rules: &[(&'static str, Check)]) -> Vec<Report> {
    let reports = rules.par_iter().filter_map(|&(id, check)| {
        let Check::Mesh(check) = check else { return None };
        let mut report = Report::new(id);
        check(mesh, &mut report);
        Some(report)
    });
    reports.collect()
}

/// Asks all `rules` about each of the objects.
fn in_parts<'o, C: Copy + Sync, O: Sync>(
    rules: &[(&'static str, C)],
    objects: &'o [O],
    ask: impl Fn(C, &'o O, &mut Report) + Sync,
) -> Vec<Report> {
    let parts = objects.par_chunks(PART).flat_map_iter(|part| {
        let mut reports: Vec<_> = rules.iter().map(|(id, _)| Report::new(id)).collect();
        for object in part {
            for ((_, check), report) in rules.iter().zip(&mut reports) {
                ask(*check, object, report);
            }
        }
        reports.retain(|report| !report.is_empty());
        reports
    });
    parts.collect()
}
