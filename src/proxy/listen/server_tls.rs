//! How a filter chain terminates TLS, and what that tells of the client.

use rustls::pki_types::CertificateDer;
use tokio_rustls::server::TlsStream;

use crate::envoy::Any;
use crate::envoy::listener::FilterChain;
use crate::proxy::note::Note;
use crate::proxy::record::ClientTlsFacts;
use crate::proxy::tls::{self, Certificate, Secrets};
use crate::proxy::wire::Wire;

#[derive(Debug)]
pub struct ServerTls(tls::ServerTls);

impl ServerTls {
    /// `None` for plain text.
    pub fn of(
        chain: &FilterChain,
        secrets: &Secrets,
        place: &str,
        notes: &mut Vec<Note>,
    ) -> Result<Option<Self>, Note> {
        let Some(socket) = &chain.transport_socket else { return Ok(None) };
        match &socket.typed_config {
            Some(Any::DownstreamTls(context)) => {
                let made =
                    tls::ServerTls::new(context, secrets).map_err(|invalid| Note::new(place, invalid.to_string()))?;
                notes.extend(made.notes.iter().map(|text| Note::new(place, text)));
                Ok(Some(Self(made)))
            }
            None | Some(Any::RawBuffer(_)) => Ok(None),
            Some(other) => {
                notes.push(Note::new(place, format!("the transport socket `{}` is not executed", other.type_name())));
                Ok(None)
            }
        }
    }

    pub async fn accept<S>(&self, stream: S) -> std::io::Result<(TlsStream<S>, ClientTlsFacts)>
    where
        S: Wire,
    {
        let stream = self.0.accept(stream).await?;
        let (_, connection) = stream.get_ref();
        let peer = connection.peer_certificates().and_then(<[CertificateDer<'_>]>::first);
        let facts = ClientTlsFacts {
            version: connection.protocol_version().map(tls::version_name).unwrap_or_default(),
            cipher: connection.negotiated_cipher_suite().map(|own| tls::cipher_name(own.suite())).unwrap_or_default(),
            peer: peer.and_then(|der| Certificate::new(der)),
            own: self.0.certificate.clone(),
        };
        Ok((stream, facts))
    }
}
