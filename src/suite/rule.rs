//! The rules of VirtualServices that make routes.

use crate::mesh::{DelegateLookup, Mesh, match_conflict};
use crate::model::Object;
use crate::model::virtual_service::{HttpRoute, VirtualService};
use crate::source::Span;

use super::entrance::virtual_service;
use super::observed::Routed;

/// The rule of a VirtualService that makes a route.
pub(super) struct Rule<'m> {
    object: &'m Object<'m, VirtualService<'m>>,
    pub rule: &'m HttpRoute<'m>,
    /// The rule that delegates to it.
    pub delegating: Option<&'m HttpRoute<'m>>,
}

impl<'m> Rule<'m> {
    pub fn at(mesh: &'m Mesh<'m>, routed: &Routed) -> Option<Self> {
        let (object, rule) = rule_at(mesh, routed.at?)?;
        if let Some(delegate) = &rule.delegate {
            // The delegate's rules have no matches of their own, so that the place is that of the delegating one.
            let DelegateLookup::Found(inner) = mesh.delegate(object, delegate) else { return None };
            let own = inner.spec.http.iter().find(|rule| rule.r#match.is_empty())?;
            return Some(Self { object: inner, rule: own, delegating: Some(rule) });
        }
        let root = routed
            .virtual_service
            .as_ref()
            .and_then(|name| mesh.resources.virtual_services.iter().find(|root| root.meta.full_name() == *name));
        let leads_here = |root: &Object<'m, VirtualService<'m>>, outer: &HttpRoute<'m>| {
            let delegate = outer.delegate.as_ref().map(|delegate| mesh.delegate(root, delegate));
            matches!(delegate, Some(DelegateLookup::Found(inner)) if std::ptr::eq(inner, object))
        };
        let delegating = root.and_then(|root| root.spec.http.iter().find(|outer| leads_here(root, outer)));
        Some(Self { object, rule, delegating })
    }

    /// The VirtualService that it is in, if another one delegates to that.
    pub fn delegate(&self) -> Option<String> {
        self.delegating.map(|_| self.object.meta.full_name())
    }
}

/// The delegates of the VirtualService of a host that Istio drops routes of.
pub(super) fn dropped(mesh: &Mesh<'_>, host: &str) -> Option<String> {
    let object = virtual_service(mesh, host)?;
    let outer = object.spec.http.iter().filter_map(|rule| Some((rule, rule.delegate.as_ref()?)));
    let dropped = outer.filter_map(|(outer, delegate)| {
        let name = delegate.name.map_or("", |name| name.value);
        let DelegateLookup::Found(inner) = mesh.delegate(object, delegate) else {
            return Some(format!("there is no delegate `{name}`"));
        };
        let conflicts = |own: &HttpRoute<'_>| {
            own.r#match.iter().any(|own| {
                let (outer_namespace, own_namespace) = (object.meta.namespace, inner.meta.namespace);
                let conflicts = |outer| match_conflict((outer, outer_namespace), (own, own_namespace)).is_some();
                !outer.r#match.is_empty() && outer.r#match.iter().all(conflicts)
            })
        };
        inner.spec.http.iter().any(conflicts).then(|| format!("matches of delegate `{name}` conflict with its rule's"))
    });
    let dropped: Vec<_> = dropped.collect();
    (!dropped.is_empty()).then(|| format!("Istio drops routes, since {}", dropped.join(", and ")))
}

fn rule_at<'m>(mesh: &'m Mesh<'m>, at: Span) -> Option<(&'m Object<'m, VirtualService<'m>>, &'m HttpRoute<'m>)> {
    let contains = |outer: Span| outer.source == at.source && outer.start <= at.start && at.end <= outer.end;
    let object = mesh.resources.virtual_services.iter().find(|object| contains(object.meta.root.at()))?;
    Some((object, object.spec.http.iter().find(|rule| contains(rule.node.at()))?))
}
