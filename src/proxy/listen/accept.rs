//! Sockets that listen, and the loops that accept from them.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use crate::proxy::Bound;
use crate::proxy::per_worker::lock;
use crate::proxy::shared::Shared;
use crate::proxy::snapshot::ListenerPlan;

use super::connection::serve;

/// The sockets of a proxy, by the name of their listener. Those that listen where they should are kept over a reload.
#[derive(Debug, Default)]
pub struct Listening(Mutex<BTreeMap<Arc<str>, Socket>>);

#[derive(Debug)]
struct Socket {
    /// As configured, where the port may be 0.
    wanted: SocketAddr,
    bound: SocketAddr,
    loops: Vec<AbortHandle>,
}

/// A socket that nobody accepts from yet.
pub struct Ready {
    name: Arc<str>,
    wanted: SocketAddr,
    bound: SocketAddr,
    socket: std::net::TcpListener,
}

const BACKLOG: u32 = 1024;

/// After which time an accept that failed is tried again: there may be files to open again.
const PAUSE: Duration = Duration::from_millis(50);

/// A socket at an address; port 0 lets the operating system choose.
pub fn bind(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let socket = if address.is_ipv4() { tokio::net::TcpSocket::new_v4() } else { tokio::net::TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)?.into_std()
}

impl Listening {
    /// Binds what is new among the listeners. Nothing accepts yet, so that an error changes nothing.
    pub fn prepare(&self, plans: &[ListenerPlan]) -> Result<Vec<Ready>, (Arc<str>, SocketAddr, io::Error)> {
        let sockets = lock(&self.0);
        let is_kept = |plan: &&ListenerPlan| sockets.get(&plan.name).is_none_or(|own| own.wanted != plan.address);
        let ready = |plan: &ListenerPlan| {
            let failed = |error| (Arc::clone(&plan.name), plan.address, error);
            let socket = bind(plan.address).map_err(failed)?;
            let bound = socket.local_addr().map_err(failed)?;
            Ok(Ready { name: Arc::clone(&plan.name), wanted: plan.address, bound, socket })
        };
        plans.iter().filter(is_kept).map(ready).collect()
    }

    /// Accepts from now on, on each of the runtimes, and no more from what is not among the listeners.
    pub fn accept(
        &self,
        ready: Vec<Ready>,
        plans: &[ListenerPlan],
        shared: &Arc<Shared>,
        runtimes: &[Handle],
    ) -> io::Result<()> {
        let mut sockets = lock(&self.0);
        sockets.retain(|name, socket| {
            let stays = plans.iter().any(|plan| plan.name == *name && plan.address == socket.wanted);
            if !stays {
                socket.loops.iter().for_each(AbortHandle::abort);
            }
            stays
        });
        for Ready { name, wanted, bound, socket } in ready {
            let mut loops = Vec::new();
            for runtime in runtimes {
                let own = socket.try_clone()?;
                let _entered = runtime.enter();
                let listener = TcpListener::from_std(own)?;
                loops.push(runtime.spawn(run(listener, Arc::clone(&name), Arc::clone(shared))).abort_handle());
            }
            sockets.insert(name, Socket { wanted, bound, loops });
        }
        Ok(())
    }

    /// Where the listeners are reached, in the order of the plans.
    pub fn bound(&self, plans: &[ListenerPlan]) -> Vec<Bound> {
        let sockets = lock(&self.0);
        let bound = |plan: &ListenerPlan| {
            sockets.get(&plan.name).map(|socket| Bound { name: plan.name.to_string(), address: socket.bound })
        };
        plans.iter().filter_map(bound).collect()
    }

    /// Accepts nothing any more.
    pub fn close(&self) {
        for (_, socket) in std::mem::take(&mut *lock(&self.0)) {
            socket.loops.iter().for_each(AbortHandle::abort);
        }
    }
}

async fn run(listener: TcpListener, name: Arc<str>, shared: Arc<Shared>) {
    // The loop ends when the socket is closed: its task is aborted then.
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => begin(stream, peer, &name, &shared),
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

fn begin(stream: TcpStream, peer: SocketAddr, name: &Arc<str>, shared: &Arc<Shared>) {
    // A connection that cannot be set up is closed; its client sees that.
    let (Ok(()), Ok(local)) = (stream.set_nodelay(true), stream.local_addr()) else { return };
    tokio::spawn(serve(stream, peer, local, Arc::clone(name), Arc::clone(shared)));
}
