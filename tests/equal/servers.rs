//! The two that are compared.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use meshlint::envoy::bootstrap::Bootstrap;
use meshlint::envoy::{Json, to_yaml};

/// An Envoy that ends with the test, also with one that fails.
pub struct Envoy(Child);

impl Envoy {
    /// Waits until it listens at `port`.
    pub async fn start(program: &Path, bootstrap: &Bootstrap, directory: &Path, port: u16) -> Result<Self, String> {
        let file = directory.join("envoy.yaml");
        fs::write(&file, to_yaml(&bootstrap.write())).unwrap();
        let arguments = ["--disable-hot-restart", "--concurrency", "1", "--log-level", "error"];
        let errors = directory.join("envoy.err");
        let child = Command::new(program)
            .args(arguments)
            .args(["--file-flush-interval-msec", "50", "-c"])
            .arg(file)
            .stderr(Stdio::from(fs::File::create(&errors).unwrap()))
            .spawn()
            .unwrap();
        let mut envoy = Self(child);
        let started = Instant::now();
        while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            let ended = envoy.0.try_wait().unwrap().is_some();
            if ended || started.elapsed() > Duration::from_secs(20) {
                return Err(fs::read_to_string(&errors).unwrap_or_default());
            }
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
        Ok(envoy)
    }
}

impl Drop for Envoy {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
