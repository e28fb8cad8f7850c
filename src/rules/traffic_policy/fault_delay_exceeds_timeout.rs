use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::virtual_service::VirtualService;
use crate::rules::Report;

/// A delay must leave time for the request.
pub fn check<'m>(_: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    for route in &service.spec.http {
        let delay = route.fault.as_ref().and_then(|fault| fault.delay.as_ref()?.fixed_delay);
        let Some((delay, timeout)) = delay.zip(route.timeout) else { continue };
        if timeout.value.nanoseconds() <= 0 || delay.value < timeout.value {
            continue;
        }
        let text = format!("a delay of {} outlasts the timeout of {}", delay.value, timeout.value);
        report
            .at(&service.meta, delay.at, text)
            .label("delayed requests always time out")
            .related(timeout.at, "for the whole request")
            .help("make the delay shorter");
    }
}
