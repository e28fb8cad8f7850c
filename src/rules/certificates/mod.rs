//! Certificates of gateways and of clients.

mod certificate_expires_soon;
mod certificate_for_any_host;
mod certificate_host_mismatch;
mod client_certificates_unused;
mod credential_ca_missing;
mod credential_in_wrong_namespace;
mod credential_invalid;
mod credential_key_mismatch;
mod credential_name_ignored;
mod credential_not_found;
mod date;
mod server_name_unchecked;
mod shared_certificate;
mod sni_missing;
mod tls_version;

use super::catalog::rules;

rules! {
    "credential-not-found" => credential_not_found::check,
    "credential-in-wrong-namespace" => credential_in_wrong_namespace::check,
    "credential-invalid" => credential_invalid::check,
    "credential-ca-missing" => credential_ca_missing::check,
    "credential-key-mismatch" => credential_key_mismatch::check,
    "certificate-host-mismatch" for Gateway => certificate_host_mismatch::check,
    "certificate-expires-soon" => certificate_expires_soon::check,
    "certificate-for-any-host" => certificate_for_any_host::check,
    "shared-certificate" => shared_certificate::check,
    "tls-version-range" => tls_version::check_range,
    "tls-version-weak" => tls_version::check_weak,
    "client-certificates-unused" for DestinationRule => client_certificates_unused::check,
    "credential-name-ignored" => credential_name_ignored::check,
    "sni-missing" for DestinationRule => sni_missing::check,
    "server-name-unchecked" for DestinationRule => server_name_unchecked::check,
}
