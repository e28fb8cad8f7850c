//! Services, pods, namespaces and what else of Kubernetes the mesh is made from.

mod annotation_deprecated;
mod annotation_invalid;
mod annotation_misplaced;
mod annotation_unknown;
mod annotations;
mod app_protocol_unknown;
mod deprecated_api_version;
mod export_to_namespace_not_found;
mod external_istiod;
mod external_name_port;
mod gateway_api_too_old;
mod host_network_asks_for_proxy;
mod image_auto_not_injected;
mod image_auto_pod;
mod inbound_port_excluded;
mod injection_disagrees;
mod injection_label_invalid;
mod injection_labels_conflict;
mod istiod_address;
mod namespace_injected_by_default;
mod namespace_not_injected;
mod pod_without_proxy;
mod port_protocol_unknown;
mod proxy_image;
mod proxy_user;
mod removed_crd;
mod reserved_port;
mod revision_not_found;
mod service_selects_nothing;
mod status_condition;
mod target_port_name_not_found;
mod target_port_not_declared;
mod webhook_overlap;
mod webhook_service_not_found;
mod webhooks;
mod workload_application_protocols;
mod workload_port_protocols;
mod workload_target_ports;

use super::catalog::rules;

rules! {
    "port-protocol-unknown" for Service => port_protocol_unknown::check,
    "app-protocol-unknown" for Service => app_protocol_unknown::check,
    "external-name-port" for Service => external_name_port::check,
    "target-port-name-not-found" for Service => target_port_name_not_found::check,
    "target-port-not-declared" for Service => target_port_not_declared::check,
    "service-selects-nothing" for Service => service_selects_nothing::check,
    "workload-port-protocols" for Workload => workload_port_protocols::check,
    "workload-target-ports" for Workload => workload_target_ports::check,
    "workload-application-protocols" for Workload => workload_application_protocols::check,
    "reserved-port" => reserved_port::check,
    "inbound-port-excluded" for Workload => inbound_port_excluded::check,
    "proxy-image" => proxy_image::check,
    "proxy-user" for Workload => proxy_user::check,
    "host-network-asks-for-proxy" for Workload => host_network_asks_for_proxy::check,
    "namespace-not-injected" => namespace_not_injected::check,
    "namespace-injected-by-default" => namespace_injected_by_default::check,
    "injection-labels-conflict" => injection_labels_conflict::check,
    "injection-label-invalid" => injection_label_invalid::check,
    "injection-disagrees" for Workload => injection_disagrees::check,
    "revision-not-found" => revision_not_found::check,
    "pod-without-proxy" for Workload => pod_without_proxy::check,
    "image-auto-pod" for Workload => image_auto_pod::check,
    "image-auto-not-injected" => image_auto_not_injected::check,
    "annotation-unknown" => annotation_unknown::check,
    "annotation-misplaced" => annotation_misplaced::check,
    "annotation-invalid" => annotation_invalid::check,
    "annotation-deprecated" => annotation_deprecated::check,
    "webhook-overlap" => webhook_overlap::check,
    "webhook-service-not-found" => webhook_service_not_found::check,
    "external-istiod" => external_istiod::check,
    "istiod-address" => istiod_address::check,
    "export-to-namespace-not-found" => export_to_namespace_not_found::check,
    "status-condition" for Object => status_condition::check,
    "deprecated-api-version" for Object => deprecated_api_version::check,
    "removed-crd" => removed_crd::check,
    "gateway-api-too-old" => gateway_api_too_old::check,
}
