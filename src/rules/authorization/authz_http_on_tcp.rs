use crate::finding::Severity;
use crate::mesh::{InboundPort, Mesh, Workload};
use crate::model::Object;
use crate::model::authorization::{Action, Subject};
use crate::model::security::{Attached, AuthorizationPolicy, Rule};
use crate::rules::Report;

/// Fields of HTTP on ports that do not speak it: ALLOW rules are left out there, DENY rules lose these fields.
pub fn check<'m>(mesh: &Mesh<'m>, policy: &'m Object<'m, AuthorizationPolicy<'m>>, report: &mut Report) {
    let action = policy.spec.action();
    if action == Action::Custom || !policy.spec.targets().is_empty() {
        return;
    }
    let rules = policy.spec.rules.iter();
    let http: Vec<_> =
        rules.filter_map(|rule| Some((rule, rule.requirements().find(|list| list.subject.is_http())?))).collect();
    if http.is_empty() {
        return;
    }
    let selection = mesh.policy_workloads(policy.meta.namespace, policy.spec.selector());
    let ports: Vec<_> = selection
        .iter()
        .flat_map(|workload| mesh.inbound_ports(workload).into_iter().map(move |port| (workload, port)))
        .collect();
    for (rule, field) in http {
        let mut reached = ports.iter().filter(|(_, port)| reaches(rule, port));
        let only_tcp = reached.clone().all(|(_, port)| port.port.protocol.is_tcp());
        let allowed_otherwise = |(workload, port): &(&Workload<'_>, InboundPort<'_, '_>)| {
            action == Action::Allow
                && mesh.authorization_policies(workload).any(|other| {
                    let rules = other.spec.rules.iter();
                    other.spec.action() == Action::Allow && rules.clone().any(|rule| is_for_tcp(rule, port))
                })
        };
        let found = reached.find(|pair| pair.1.port.protocol.is_tcp() && !allowed_otherwise(pair));
        let Some((_, port)) = found else { continue };
        let effect = match action {
            Action::Allow => "the rule is left out there, so that it allows nothing",
            _ => "it is left out there, so that the rule matches more requests",
        };
        let severity = match action {
            Action::Allow if only_tcp => Severity::Error,
            Action::Allow => Severity::Info,
            _ => Severity::Warning,
        };
        let number = port.port.number;
        report
            .at(&policy.meta, field.at, format!("`{}` cannot be checked on TCP port {number}", field.name))
            .severity(severity)
            .label(effect)
            .related(port.port.at, format!("`{}` does not speak HTTP on this port", port.service.meta().full_name()))
            .help("limit the rule to HTTP ports with `ports`, or use fields that all connections have");
    }
}

/// Whether the rule says nothing of ports, or names this one.
fn reaches(rule: &Rule<'_>, port: &InboundPort<'_, '_>) -> bool {
    let number = port.number.map(|number| number.to_string());
    let mut lists = rule.requirements().filter(|list| list.subject == Subject::Port);
    lists.all(|list| {
        let named = number.as_ref().is_some_and(|number| list.values.iter().any(|value| value.value == number));
        named != list.negated
    })
}

fn is_for_tcp(rule: &Rule<'_>, port: &InboundPort<'_, '_>) -> bool {
    reaches(rule, port) && !rule.constraints().any(|list| list.subject.is_http())
}
