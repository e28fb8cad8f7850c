//! `meshlint proxy` as a program: what it prints, serves, and does when files change.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// Longer than anything here takes on a slow machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// The program while it runs. It ends with the test, also with one that fails.
struct Running {
    child: Child,
    /// Lines of standard output and standard error, as they come.
    lines: Receiver<String>,
    seen: Vec<String>,
}

impl Running {
    fn start(arguments: &[&str]) -> Self {
        let mut child = program(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (sender, lines) = channel();
        let (out, err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let streams: [Box<dyn Read + Send>; 2] = [Box::new(out), Box::new(err)];
        for stream in streams {
            let sender = sender.clone();
            std::thread::spawn(move || {
                // The other side may be gone.
                BufReader::new(stream).lines().map_while(Result::ok).try_for_each(|line| sender.send(line).ok())
            });
        }
        Self { child, lines, seen: Vec::new() }
    }

    /// The first line that has all of these words.
    fn line(&mut self, words: &[&str]) -> String {
        let has = |line: &String| words.iter().all(|word| line.contains(word));
        if let Some(seen) = self.seen.iter().find(|line| has(line)) {
            return seen.clone();
        }
        let start = Instant::now();
        while let Ok(line) = self.lines.recv_timeout(PATIENCE.saturating_sub(start.elapsed())) {
            self.seen.push(line.clone());
            if has(&line) {
                return line;
            }
        }
        panic!("no line with {words:?} in\n{}", self.seen.join("\n"));
    }

    /// The address in a line.
    fn address(&mut self, words: &[&str]) -> String {
        let line = self.line(words);
        let at = line.find("127.0.0.1:").unwrap_or_else(|| panic!("no address in {line}"));
        line[at..].split([' ', '/']).next().unwrap().to_owned()
    }

    /// The exit code after SIGTERM.
    fn terminate(mut self) -> Option<i32> {
        assert!(Command::new("kill").arg(self.child.id().to_string()).status().unwrap().success());
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(start.elapsed() < PATIENCE, "it does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already if the test went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_meshlint"));
    command.arg("proxy").arg("--no-config").args(arguments);
    command
}

fn run(arguments: &[&str]) -> Output {
    program(arguments).output().unwrap()
}

fn testdata(path: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(path).display().to_string()
}

/// A connection that is kept.
struct Connection(BufReader<TcpStream>);

impl Connection {
    fn open(address: &str) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self(BufReader::new(stream))
    }

    /// The status and the body.
    fn get(&mut self, target: &str, host: &str) -> (u16, String) {
        write!(self.0.get_mut(), "GET {target} HTTP/1.1\r\nhost: {host}\r\n\r\n").unwrap();
        self.answer()
    }

    fn answer(&mut self) -> (u16, String) {
        let (mut status, mut length) = (0, 0);
        loop {
            let mut line = String::new();
            assert!(self.0.read_line(&mut line).unwrap() > 0, "closed");
            let line = line.trim_end().to_ascii_lowercase();
            if let Some(rest) = line.strip_prefix("http/1.1 ") {
                status = rest.split(' ').next().unwrap().parse().unwrap();
            } else if let Some(value) = line.strip_prefix("content-length: ") {
                length = value.parse().unwrap();
            } else if line.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).unwrap();
        (status, String::from_utf8(body).unwrap())
    }
}

/// The workload that an echo says it is.
fn workload(body: &str) -> String {
    let value: serde_json::Value = serde_json::from_str(body).unwrap_or_else(|_| panic!("no echo: {body}"));
    value["workload"].as_str().unwrap().to_owned()
}

/// A folder with a gateway, two versions, and routes to the first of them.
struct Shop(tempfile::TempDir);

impl Shop {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        for file in ["workloads.yaml", "bound.yaml"] {
            fs::copy(testdata(&format!("proxy/gateway/{file}")), folder.path(file)).unwrap();
        }
        folder
    }

    fn path(&self, file: &str) -> PathBuf {
        self.0.path().join(file)
    }

    fn arguments(&self) -> String {
        self.0.path().display().to_string()
    }

    /// Replaces text in the routes, as an editor does: by another file.
    fn change(&self, from: &str, to: &str) {
        let text = fs::read_to_string(self.path("bound.yaml")).unwrap();
        assert!(text.contains(from));
        fs::write(self.path("bound.yaml.new"), text.replace(from, to)).unwrap();
        fs::rename(self.path("bound.yaml.new"), self.path("bound.yaml")).unwrap();
    }
}

#[test]
fn it_serves_until_it_is_told_to_end() {
    let shop = Shop::new();
    let mut proxy = Running::start(&["--gateway", "edge/shop", &shop.arguments()]);
    let address = proxy.address(&["edge/gateway", "0.0.0.0_80", "*:80"]);
    proxy.line(&["echo shop/web-v1", "v1", "10.244.0."]);
    let mut connection = Connection::open(&address);
    let (status, body) = connection.get("/a?b", "shop.test");
    assert_eq!((status, workload(&body).as_str()), (200, "web-v1"));
    assert_eq!(proxy.terminate(), Some(0));
}

#[test]
fn changes_are_put_into_force_without_closing_connections() {
    let shop = Shop::new();
    let mut proxy = Running::start(&["--watch", "--gateway", "edge/shop", &shop.arguments()]);
    let address = proxy.address(&["edge/gateway", "0.0.0.0_80"]);
    let mut connection = Connection::open(&address);
    let mut ask = || workload(&connection.get("/", "shop.test").1);
    assert_eq!(ask(), "web-v1");
    shop.change("subset: v1", "subset: v2");
    proxy.line(&["changed:"]);
    assert_eq!(ask(), "web-v2");
    // What is refused leaves the last configuration in force, and says why.
    shop.change("hosts: [\"*\"]\n  gateways", "hosts: 7\n  gateways");
    proxy.line(&["unchanged", "bound.yaml:", "VirtualService"]);
    assert_eq!(ask(), "web-v2");
    shop.change("hosts: 7", "hosts: [shop.test]");
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(ask(), "web-v2");
    assert_eq!(proxy.terminate(), Some(0));
}

#[test]
fn programs_call_as_workloads() {
    let mut proxy = Running::start(&["--workload", "shop/client", &testdata("proxy/canary")]);
    let address = proxy.address(&["call as shop/client"]);
    let mut connection = Connection::open(&address);
    let (status, body) = connection.get("http://web/", "web");
    assert_eq!(status, 200, "{body}");
    assert!(workload(&body).starts_with("web-v"));
    write!(connection.0.get_mut(), "CONNECT web:80 HTTP/1.1\r\nhost: web:80\r\n\r\n").unwrap();
    assert_eq!(connection.answer().0, 200);
    assert!(workload(&connection.get("/", "web").1).starts_with("web-v"));
    assert_eq!(proxy.terminate(), Some(0));
}

#[test]
fn a_bootstrap_is_run_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bootstrap.yaml");
    let bootstrap = r#"
static_resources:
  listeners:
  - address: {socket_address: {address: 0.0.0.0, port_value: 0}}
    filter_chains:
    - filters:
      - name: http
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: a
          route_config:
            virtual_hosts:
            - {name: all, domains: ["*"], routes: [{match: {prefix: /}, direct_response: {status: 418, body: {inline_string: tea}}}]}
          http_filters:
          - {name: router, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}
"#;
    fs::write(&file, bootstrap).unwrap();
    let mut proxy = Running::start(&["-c", file.to_str().unwrap()]);
    let address = proxy.address(&["bootstrap.yaml", "0.0.0.0_0", "all"]);
    assert_eq!(Connection::open(&address).get("/", "any"), (418, "tea".to_owned()));
    assert_eq!(proxy.terminate(), Some(0));
}

#[test]
fn servers_of_the_user_take_the_place_of_echoes() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let own = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut head = [0; 4096];
            let _ = stream.read(&mut head);
            let _ = stream.write_all(b"HTTP/1.1 202 Accepted\r\ncontent-length: 4\r\nconnection: close\r\n\r\nreal");
        }
    });
    let upstream = format!("web.shop={own}");
    let shop = Shop::new();
    let mut proxy = Running::start(&["--upstream", &upstream, "--gateway", "edge/shop", &shop.arguments()]);
    let address = proxy.address(&["edge/gateway", "0.0.0.0_80"]);
    assert_eq!(Connection::open(&address).get("/", "shop.test"), (202, "real".to_owned()));
    assert_eq!(proxy.terminate(), Some(0));
}

#[test]
fn mistakes_are_told() {
    let shop = Shop::new();
    let folder = shop.arguments();
    let table: [(&[&str], &str); 8] = [
        (&["--gateway", "edge/shp"], "no gateway `edge/shp`: did you mean `edge/shop`?"),
        (&["--send", "1"], "`--send` needs a URL, such as `http://web.shop/`"),
        (&["http://shop.test/"], "`http://shop.test/` is for `--send N`"),
        (
            &["--echo-error", "wbe-v1=503"],
            "--echo-error: no workload `wbe-v1` with these labels: did you mean `web-v1`?",
        ),
        (&["--echo-error", "web-v1"], "`web-v1` does not say what happens"),
        (&["--upstream", "wbe-v1=127.0.0.1:80"], "--upstream: no workload `wbe-v1`"),
        (&["--map", "80"], "`80` is not `PORT=PORT`"),
        (
            &["--gateway", "edge/shop", "--send", "1", "http://shop.test:81/"],
            "`edge/gateway` does not listen on port 81",
        ),
    ];
    for (arguments, expected) in table {
        let output = run(&[arguments, &[folder.as_str()]].concat());
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {told}");
        assert!(told.contains(expected), "{arguments:?}: {told}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn what_is_no_bootstrap_is_told_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bootstrap.yaml");
    let table = [
        ("static_resources:\n  listeners:\n  - adress: {}\n", "bootstrap.yaml:3:5", "no such field"),
        (
            "static_resources:\n  clusters:\n  - {name: a, connect_timeout: -1s}\n",
            "bootstrap.yaml:3:",
            "connect_timeout",
        ),
        ("a: [", "bootstrap.yaml:1:", ""),
        ("", "bootstrap.yaml", "empty"),
    ];
    for (text, place, expected) in table {
        fs::write(&file, text).unwrap();
        let output = run(&["-c", file.to_str().unwrap()]);
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{text}: {told}");
        assert!(told.contains(place) && told.contains(expected), "{text}: {told}");
    }
}
