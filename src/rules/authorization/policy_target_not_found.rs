use rustc_hash::FxHashSet;

use crate::mesh::{Mesh, Reference};
use crate::model::networking::PolicyTargetReference;
use crate::model::security::Attached;
use crate::model::{Kind, Meta};
use crate::rules::Report;

/// The object that a policy is attached to must exist beside it.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    let resources = mesh.resources;
    let index = Targets::new(mesh);
    macro_rules! check_all {
        ($( $list:ident ),*) => { $( for object in &resources.$list {
            for target in object.spec.targets() {
                index.check(report, &object.meta, target);
            }
        } )* };
    }
    check_all!(authorization_policies, request_authentications, telemetries, wasm_plugins, traffic_extensions);
    for filter in &resources.envoy_filters {
        for target in &filter.spec.target_refs {
            index.check(report, &filter.meta, target);
        }
    }
}

/// What policies can be attached to.
struct Targets<'t, 'm> {
    mesh: &'t Mesh<'m>,
    names: FxHashSet<(Kind, &'m str, &'m str)>,
}

impl<'t, 'm> Targets<'t, 'm> {
    fn new(mesh: &'t Mesh<'m>) -> Self {
        let metas = mesh.resources.metas();
        let targets = metas.filter(|meta| KINDS.contains(&meta.kind));
        Self { mesh, names: targets.map(|meta| (meta.kind, meta.namespace, meta.name.value)).collect() }
    }

    fn check(&self, report: &mut Report, meta: &Meta<'m>, target: &PolicyTargetReference<'m>) {
        let Some(name) = target.name.filter(|name| !name.is_empty() && !name.is_placeholder()) else { return };
        let Some(kind) = kind(target) else { return };
        if kind == Kind::GatewayClass {
            if meta.namespace != self.mesh.settings.root_namespace {
                let root = self.mesh.settings.root_namespace;
                report
                    .at(meta, name.at, "a GatewayClass is a target only in the root namespace")
                    .label("the policy is ignored")
                    .help(format!("move the policy to `{root}`, or name a Gateway of its namespace"));
            }
            return;
        }
        let Reference::Missing = self.find(kind, meta.namespace, name.value) else { return };
        let title = kind.name();
        let beside = self.names.iter().filter(|(own, namespace, _)| *own == kind && *namespace == meta.namespace);
        let elsewhere = self.names.iter().filter(|(own, _, other)| *own == kind && *other == name.value);
        let elsewhere = elsewhere.map(|(_, namespace, _)| *namespace).min();
        let near = crate::finding::nearest(name.value, beside.map(|(_, _, name)| *name));
        let message = format!("no {title} `{}` in namespace `{}`", name.value, meta.namespace);
        let draft = report.at(meta, name.at, message).label("the policy is attached to nothing");
        match (near, elsewhere) {
            (_, Some(namespace)) => draft.help(format!("move the policy to `{namespace}`, where its target is")),
            (Some(near), None) => draft.help(format!("did you mean `{near}`?")),
            (None, None) => draft.help("correct the name, or create the target"),
        };
    }

    fn find(&self, kind: Kind, namespace: &'m str, name: &'m str) -> Reference<()> {
        match self.names.contains(&(kind, namespace, name)) {
            true => Reference::Found(()),
            false if self.mesh.is_complete(kind, namespace) => Reference::Missing,
            false => Reference::Unknown,
        }
    }
}

const KINDS: [Kind; 4] = [Kind::Service, Kind::ServiceEntry, Kind::K8sGateway, Kind::GatewayClass];

fn kind(target: &PolicyTargetReference<'_>) -> Option<Kind> {
    let group = target.group.map_or("", |group| group.value);
    let kind = Kind::find(if group == "core" { "" } else { group }, target.kind?.value)?;
    KINDS.contains(&kind).then_some(kind)
}
