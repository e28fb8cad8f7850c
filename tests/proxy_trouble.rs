//! Clients and servers that misbehave get an answer or the end of their connection. Others are served meanwhile, and
//! nothing of them stays.

mod small_proxy;

use std::net::SocketAddr;
use std::time::Duration;

use meshlint::proxy::Running;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use small_proxy::{any, backend, cluster, exchange, get, http, listener, start, status};

/// More than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// A proxy whose listener passes requests on to a server.
async fn before(server: SocketAddr) -> (Running, SocketAddr) {
    let routes = json!([
        {"match": {"prefix": "/direct"}, "directResponse": {"status": 200}},
        {"match": {"prefix": "/"}, "route": {"cluster": "up"}},
    ]);
    let proxy = start(&[listener("http", http(routes))], &[cluster("up", &[server])]).await;
    let address = proxy.listeners()[0].address;
    (proxy, address)
}

/// No connection is left open.
async fn nothing_stays(proxy: Running) {
    tokio::time::timeout(PATIENCE, proxy.drain()).await.expect("connections stay open");
}

/// A server that says what the path of a request names, and hangs up.
async fn rude(words: &'static [(&'static str, &'static str)]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 1024];
            let count = stream.read(&mut request).await.unwrap_or(0);
            let request = String::from_utf8_lossy(&request[..count]).into_owned();
            let said = words.iter().find(|(path, _)| request.starts_with(&format!("GET {path} ")));
            if let Some((_, said)) = said {
                let _ = stream.write_all(said.as_bytes()).await;
            }
        }
    });
    address
}

/// As Envoy 1.40 does it.
#[tokio::test]
async fn what_no_response_is_is_not_passed_on() {
    let many = |count| format!("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n{}\r\n", "a: b\r\n".repeat(count)).leak();
    let words: &[(&str, &str)] = Vec::leak(vec![
        ("/head", "HTTP/1.1 200 OK\r\ncontent-le"),
        ("/line", "HTTP/1.1 2"),
        ("/both", "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
        ("/many", many(100)),
        ("/enough", many(90)),
        ("/old", "HTTP/1.0 200 OK\r\n\r\nok"),
    ]);
    let (proxy, address) = before(rude(words).await).await;
    for (path, expected) in [("/head", 502), ("/line", 502), ("/both", 502), ("/many", 502), ("/enough", 200)] {
        let response = get(address, path, "").await;
        assert_eq!(status(&response), expected, "{path}: {response}");
    }
    let response = get(address, "/old", "").await;
    assert!(response.starts_with("HTTP/1.1 200") && response.ends_with("2\r\nok\r\n0\r\n\r\n"), "{response}");
    nothing_stays(proxy).await;
}

#[tokio::test]
async fn what_a_server_leaves_unfinished_is_not_taken_for_whole() {
    const WORDS: &[(&str, &str)] = &[
        ("/nothing", ""),
        ("/garbage", "\0\u{1}garbage\r\n\r\n"),
        ("/length", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\npart"),
        ("/chunk", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\npart\r\n"),
        ("/huge", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n7fffffffffffffff\r\npart"),
        ("/whole", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\npart\r\n0\r\n\r\n"),
    ];
    let (proxy, address) = before(rude(WORDS).await).await;
    let table = [("/nothing", 503, ""), ("/garbage", 502, ""), ("/whole", 200, "4\r\npart\r\n0\r\n\r\n")];
    for (path, expected, end) in table {
        let response = get(address, path, "").await;
        assert!(status(&response) == expected && response.ends_with(end), "{path}: {response}");
    }
    for path in ["/length", "/chunk", "/huge"] {
        let response = get(address, path, "").await;
        assert!(status(&response) == 200 && response.contains("part"), "{path}: {response}");
        assert!(!response.ends_with("0\r\n\r\n"), "{path}: {response}");
    }
    nothing_stays(proxy).await;
}

/// A server that never answers, and tells of each connection when it is asked something, and when it ends.
async fn silent() -> (SocketAddr, UnboundedReceiver<bool>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, told) = unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let tell = tell.clone();
            tokio::spawn(async move {
                let mut request = [0; 1024];
                while stream.read(&mut request).await.is_ok_and(|count| count > 0) {
                    let _ = tell.send(true);
                }
                let _ = tell.send(false);
            });
        }
    });
    (address, told)
}

#[tokio::test]
async fn requests_of_clients_that_leave_end_at_the_server_too() {
    let (server, mut told) = silent().await;
    let (proxy, address) = before(server).await;
    let mut next = async || tokio::time::timeout(PATIENCE, told.recv()).await.expect("the server is told nothing");
    for breaks in [false, true].repeat(10) {
        let mut client = TcpStream::connect(address).await.unwrap();
        client.write_all(b"GET /slow HTTP/1.1\r\nhost: a.test\r\n\r\n").await.unwrap();
        assert_eq!(next().await, Some(true));
        if breaks {
            client.set_zero_linger().unwrap();
        }
        drop(client);
        assert_eq!(next().await, Some(false));
    }
    nothing_stays(proxy).await;
}

#[tokio::test]
async fn clients_that_begin_and_do_not_go_on_hold_nobody_up() {
    let (proxy, address) = before(backend().await).await;
    let beginnings = [
        "",
        "G",
        "GET / HTTP/1.1\r\nhost: a",
        "PRI * HTTP/2.0\r\n",
        "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n",
    ];
    let mut clients = Vec::new();
    for beginning in beginnings.iter().cycle().take(50) {
        let mut client = TcpStream::connect(address).await.unwrap();
        client.write_all(beginning.as_bytes()).await.unwrap();
        clients.push(client);
    }
    assert_eq!(status(&get(address, "/", "").await), 200);
    drop(clients);
    nothing_stays(proxy).await;
}

#[tokio::test]
async fn what_nobody_reads_is_not_kept() {
    const ENOUGH: usize = 1 << 28;
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let tcp = any("network.tcp_proxy.v3.TcpProxy", json!({"statPrefix": "tcp", "cluster": "up"}));
    let upstream = cluster("up", &[server.local_addr().unwrap()]);
    let proxy = start(&[listener("tcp", tcp)], &[upstream]).await;
    let mut client = TcpStream::connect(proxy.listeners()[0].address).await.unwrap();
    let (deaf, _) = server.accept().await.unwrap();
    let (block, mut written) = (vec![0; 1 << 20], 0);
    let rest = Duration::from_millis(500);
    while written < ENOUGH
        && let Ok(count) = tokio::time::timeout(rest, client.write(&block)).await
    {
        written += count.unwrap();
    }
    assert!(written < ENOUGH, "all was taken");
    drop((client, deaf));
    nothing_stays(proxy).await;
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const WINDOW: u8 = 8;
const CONTINUATION: u8 = 9;

const END_OF_STREAM: u8 = 1;
const END_OF_HEADERS: u8 = 4;

/// `:method`, `http`, `/`, `a`: the first by its number in the static table of HPACK.
fn request(method: u8) -> Vec<u8> {
    [&[method, 0x86, 0x84], [&[0x41, 1], b"a".as_slice()].concat().as_slice()].concat()
}

const GET: u8 = 0x82;
const POST: u8 = 0x83;

/// What comes back for these frames, until the connection ends.
async fn http2(address: SocketAddr, frames: impl IntoIterator<Item = Vec<u8>>) -> Vec<u8> {
    let (mut reads, mut writes) = TcpStream::connect(address).await.unwrap().into_split();
    let write = async {
        let _ = writes.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
        let _ = writes.write_all(&frame(SETTINGS, 0, 0, &[])).await;
        for frame in frames {
            // Who does not want more has ended the connection.
            let _ = writes.write_all(&frame).await;
        }
    };
    let read = async {
        let mut received = Vec::new();
        while reads.read_buf(&mut received).await.is_ok_and(|count| count > 0) {}
        received
    };
    let both = async { tokio::join!(write, read).1 };
    tokio::time::timeout(PATIENCE, both).await.expect("the connection stays open")
}

/// The frames of a flood, by their number.
type Flood = fn(u32) -> Vec<u8>;

fn resets(number: u32) -> Vec<u8> {
    let stream = 2 * number + 1;
    let opened = frame(HEADERS, END_OF_STREAM | END_OF_HEADERS, stream, &request(GET));
    [opened, frame(RESET, 0, stream, &8u32.to_be_bytes())].concat()
}

fn continuations(number: u32) -> Vec<u8> {
    match number {
        0 => frame(HEADERS, END_OF_STREAM, 1, &request(GET)),
        _ => frame(CONTINUATION, 0, 1, &[&[0, 1], b"a".as_slice(), &[100], &[b'v'; 100]].concat()),
    }
}

fn empty_data(number: u32) -> Vec<u8> {
    match number {
        0 => frame(HEADERS, END_OF_HEADERS, 1, &request(POST)),
        _ => frame(DATA, 0, 1, &[]),
    }
}

fn windows(_: u32) -> Vec<u8> {
    frame(WINDOW, 0, 0, &0x7fff_ffffu32.to_be_bytes())
}

fn frames_too_large(_: u32) -> Vec<u8> {
    frame(DATA, 0, 1, &[0; 20_000])
}

#[tokio::test]
async fn floods_of_http2_end_their_connection_only() {
    const LENGTH: u32 = 20_000;
    let floods: [(&str, Flood); 5] = [
        ("resets", resets),
        ("continuations", continuations),
        ("empty data", empty_data),
        ("windows", windows),
        ("frames too large", frames_too_large),
    ];
    let (server, _told) = silent().await;
    let (proxy, address) = before(server).await;
    for (name, flood) in floods {
        // The connection ends; the last words may be lost with it.
        http2(address, (0..LENGTH).map(flood)).await;
        assert_eq!(status(&get(address, "/direct", "").await), 200, "after {name}");
    }
    nothing_stays(proxy).await;
}

#[tokio::test]
async fn requests_without_end_are_refused() {
    let (proxy, address) = before(backend().await).await;
    let (size, many) = ("a".repeat(1 << 20), "a: b\r\n".repeat(200));
    let endless = [
        format!("GET /{size}"),
        format!("GET / HTTP/1.1\r\nhost: a.test\r\nx: {size}"),
        format!("GET / HTTP/1.1\r\nhost: a.test\r\n{many}\r\n"),
    ];
    for bytes in endless {
        let response = exchange(address, &bytes).await;
        // Who still writes when the connection ends may not get to read the answer.
        assert!([0, 431].contains(&status(&response)), "{bytes:.40}: {response}");
    }
    assert_eq!(status(&get(address, "/", "").await), 200);
    nothing_stays(proxy).await;
}
