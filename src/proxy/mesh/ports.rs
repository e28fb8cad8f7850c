//! Ports of listeners on this machine: as configured where that can be, and the same after every change.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{IpAddr, SocketAddr};

use tokio::net::TcpSocket;

use crate::envoy::bootstrap::Entrance;

/// The first port that any user may listen on.
const UNPRIVILEGED: u16 = 1024;

#[derive(Debug)]
pub(super) struct Ports {
    address: IpAddr,
    /// Ports of the configuration, and what the user wants instead.
    wanted: BTreeMap<u16, u16>,
    /// Those of listeners that clients connect to.
    known: BTreeSet<u16>,
    /// By proxy and listener.
    chosen: BTreeMap<(String, String), u16>,
    /// So that nobody else gets them before their listeners are there.
    held: Vec<TcpSocket>,
}

impl Ports {
    pub fn new(address: IpAddr, wanted: BTreeMap<u16, u16>) -> Self {
        Self { address, wanted, known: BTreeSet::new(), chosen: BTreeMap::new(), held: Vec::new() }
    }

    /// What was chosen before; else what the user wants for the port of the listener, or for one of the `others` that
    /// lead to it; else that port itself, if anybody may have it and nobody does; else any.
    pub fn choose(&mut self, proxy: &str, entrance: &Entrance, others: &[u16]) -> io::Result<u16> {
        let key = (proxy.to_owned(), entrance.listener.clone());
        if let Some(port) = self.chosen.get(&key) {
            return Ok(*port);
        }
        let ports = || entrance.port.iter().chain(others);
        if !entrance.inbound {
            self.known.extend(ports());
        }
        let port = match ports().find_map(|port| self.wanted.get(port)).filter(|_| !entrance.inbound) {
            // Once: other listeners of the same port must go elsewhere.
            Some(&wanted) if !self.is_chosen(wanted) => self.hold(wanted)?,
            _ => {
                let own = entrance.port.filter(|port| *port >= UNPRIVILEGED && !self.is_chosen(*port));
                own.and_then(|port| self.hold(port).ok()).map_or_else(|| self.hold(0), Ok)?
            }
        };
        self.chosen.insert(key, port);
        Ok(port)
    }

    /// Something that the user wants for a port that no listener has is a mistake.
    pub fn check(&self) -> io::Result<()> {
        let Some(port) = self.wanted.keys().find(|port| !self.known.contains(port)) else { return Ok(()) };
        let known: Vec<_> = self.known.iter().map(u16::to_string).collect();
        let text = format!("--map: no listener has port {port}; those that there are have {}", known.join(", "));
        Err(io::Error::new(io::ErrorKind::InvalidInput, text))
    }

    fn is_chosen(&self, port: u16) -> bool {
        self.chosen.values().any(|own| *own == port)
    }

    /// Binds without listening. With this option, Linux lets another socket listen at the port meanwhile.
    fn hold(&mut self, port: u16) -> io::Result<u16> {
        let socket = if self.address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        socket.set_reuseaddr(true)?;
        let at = SocketAddr::new(self.address, port);
        socket.bind(at).map_err(|error| io::Error::new(error.kind(), format!("cannot listen at {at}: {error}")))?;
        let port = socket.local_addr()?.port();
        self.held.push(socket);
        Ok(port)
    }

    pub fn get(&self, proxy: &str, listener: &str) -> Option<u16> {
        self.chosen.get(&(proxy.to_owned(), listener.to_owned())).copied()
    }

    /// Called before listeners start: where the system would refuse them, they get their ports now.
    pub fn make_way(&mut self) {
        if !cfg!(target_os = "linux") {
            self.held.clear();
        }
    }

    /// Called when all listeners are there.
    pub fn release(&mut self) {
        self.held.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener};

    use super::*;

    fn entrance(listener: &str, port: u16) -> Entrance {
        let (listener, port) = (listener.to_owned(), Some(port));
        Entrance { listener, inbound: false, port, network: None, catch_all: false }
    }

    #[test]
    fn ports_are_as_configured_where_that_can_be() {
        let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
        // Two that are free now; others may take them meanwhile, but hardly do.
        let free = || TcpListener::bind((here, 0)).unwrap().local_addr().unwrap().port();
        let (own, mapped) = (free(), free());
        let mut ports = Ports::new(here, [(80, mapped)].into());
        assert_eq!(ports.choose("a", &entrance("own", own), &[]).unwrap(), own);
        assert_ne!(ports.choose("a", &entrance("taken", own), &[]).unwrap(), own);
        assert!(ports.choose("a", &entrance("privileged", 81), &[]).unwrap() >= UNPRIVILEGED);
        assert_eq!(ports.choose("a", &entrance("8080", 8080), &[80]).unwrap(), mapped);
        assert_ne!(ports.choose("b", &entrance("8080", 80), &[]).unwrap(), mapped);
        assert_eq!(ports.choose("a", &entrance("own", own), &[]).unwrap(), own);
        ports.release();
        assert!(TcpListener::bind((here, own)).is_ok());
    }

    #[test]
    fn a_port_that_is_mapped_must_be_there() {
        let mut ports = Ports::new(IpAddr::V4(Ipv4Addr::LOCALHOST), [(81, 0)].into());
        ports.choose("a", &entrance("http", 80), &[8080]).unwrap();
        let error = ports.check().unwrap_err().to_string();
        assert_eq!(error, "--map: no listener has port 81; those that there are have 80, 8080");
    }

    #[test]
    fn a_port_that_the_user_wants_must_be_free() {
        let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let held = TcpListener::bind((here, 0)).unwrap();
        let taken = held.local_addr().unwrap().port();
        let mut ports = Ports::new(here, [(80, taken)].into());
        let error = ports.choose("a", &entrance("http", 80), &[]).unwrap_err();
        assert!(error.to_string().starts_with(&format!("cannot listen at 127.0.0.1:{taken}: ")), "{error}");
    }
}
