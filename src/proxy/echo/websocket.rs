//! WebSockets whose messages come back (RFC 6455).

use std::io;

use http::{HeaderMap, HeaderValue, header};
use ring::digest;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::proxy::wire::Wire;

/// Larger frames end the connection.
const LARGEST_FRAME: u64 = 16 << 20;

const PING: u8 = 0x9;
const PONG: u8 = 0xA;
const CLOSE: u8 = 0x8;

/// Whether a client asks for a WebSocket over HTTP/1.1.
pub(super) fn is_asked_for(headers: &HeaderMap) -> bool {
    let asked = headers.get(header::UPGRADE).and_then(|value| value.to_str().ok());
    asked.is_some_and(|protocol| protocol.eq_ignore_ascii_case("websocket"))
}

/// The value of `sec-websocket-accept` that proves that this is a server for WebSockets.
pub(super) fn accept(headers: &HeaderMap) -> Option<HeaderValue> {
    const MAGIC: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    let key = headers.get(header::SEC_WEBSOCKET_KEY)?;
    let mut context = digest::Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY);
    context.update(key.as_bytes());
    context.update(MAGIC);
    HeaderValue::from_str(&crate::format::encode_base64(context.finish().as_ref())).ok()
}

/// Sends every message back until the client closes.
pub(super) async fn echo(stream: &mut impl Wire) -> io::Result<()> {
    while let Some(Frame { head, payload }) = read(stream).await? {
        let head = if head & 0x0F == PING { head & 0xF0 | PONG } else { head };
        write(stream, head, &payload).await?;
        if head & 0x0F == CLOSE {
            break;
        }
    }
    stream.shutdown().await
}

struct Frame {
    /// The bit of the last frame of a message, and the kind.
    head: u8,
    payload: Vec<u8>,
}

/// `None` at the end of the connection.
async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Frame>> {
    let Ok(head) = stream.read_u8().await else { return Ok(None) };
    let second = stream.read_u8().await?;
    let length = match second & 0x7F {
        126 => u64::from(stream.read_u16().await?),
        127 => stream.read_u64().await?,
        short => u64::from(short),
    };
    if length > LARGEST_FRAME {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a frame of more than 16 MiB"));
    }
    let mut mask = [0; 4];
    if second & 0x80 != 0 {
        stream.read_exact(&mut mask).await?;
    }
    let mut payload = Vec::new();
    stream.take(length).read_to_end(&mut payload).await?;
    payload.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
    Ok(Some(Frame { head, payload }))
}

/// Servers do not mask.
async fn write(stream: &mut (impl AsyncWrite + Unpin), head: u8, payload: &[u8]) -> io::Result<()> {
    let mut frame = vec![head];
    match payload.len() {
        short @ ..126 => frame.push(short as u8),
        long @ ..65_536 => {
            frame.push(126);
            frame.extend((long as u16).to_be_bytes());
        }
        longer => {
            frame.push(127);
            frame.extend((longer as u64).to_be_bytes());
        }
    }
    frame.extend(payload);
    stream.write_all(&frame).await?;
    stream.flush().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_answered_as_in_the_standard() {
        let mut headers = HeaderMap::new();
        headers.insert(header::SEC_WEBSOCKET_KEY, HeaderValue::from_static("dGhlIHNhbXBsZSBub25jZQ=="));
        assert_eq!(accept(&headers).unwrap(), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[tokio::test]
    async fn messages_come_back_unmasked() {
        let (mut client, mut server) = tokio::io::duplex(1 << 20);
        let echoes = tokio::spawn(async move { echo(&mut server).await });
        // `Hello`, as RFC 6455 masks it in section 5.7, a ping, and the end.
        client.write_all(&[0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58]).await.unwrap();
        client.write_all(&[0x89, 0x80, 0, 0, 0, 0, 0x88, 0x80, 0, 0, 0, 0]).await.unwrap();
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).await.unwrap();
        assert_eq!(answer, [b"\x81\x05Hello".as_slice(), &[0x8A, 0, 0x88, 0]].concat());
        echoes.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn long_messages_have_long_lengths() {
        let (mut client, mut server) = tokio::io::duplex(1 << 20);
        let echoes = tokio::spawn(async move { echo(&mut server).await });
        let payload = vec![b'a'; 70_000];
        client.write_all(&[0x82, 127]).await.unwrap();
        client.write_u64(payload.len() as u64).await.unwrap();
        client.write_all(&payload).await.unwrap();
        client.shutdown().await.unwrap();
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).await.unwrap();
        assert_eq!(answer[..2], [0x82, 127]);
        assert_eq!(answer[2..10], 70_000u64.to_be_bytes());
        assert!(answer[10..] == payload);
        echoes.await.unwrap().unwrap();
    }
}
