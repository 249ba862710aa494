//! A network cable in front of a server: it can be cut and mended, and it can hold answers: those of the token endpoint, or all.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// An address that leads to a server as long as the wire is whole.
#[derive(Debug)]
pub struct Wire {
    address: SocketAddr,
    task: Mutex<Option<JoinHandle<()>>>,
    holds: watch::Sender<Held>,
}

/// Which answers are kept back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Held {
    Nothing,
    Posts,
    Everything,
    /// Those that are kept back already, and no other.
    Caught,
}

impl Wire {
    /// Lays a wire that leads nowhere yet.
    pub async fn lay() -> Self {
        let listener = listen(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await;
        let address = listener.local_addr().expect("a listener has an address");
        Self { address, task: Mutex::new(None), holds: watch::Sender::new(Held::Nothing) }
    }

    /// The end at which the browsers are.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Keeps back the answer to every POST request from now on. The server has acted by then.
    pub fn hold(&self) {
        self.holds.send_replace(Held::Posts);
    }

    /// Keeps back every answer from now on, as a server that is slow. It has acted by then.
    pub fn hold_everything(&self) {
        self.holds.send_replace(Held::Everything);
    }

    /// Keeps the answers back that are held, and no more of them.
    pub fn hold_no_more(&self) {
        self.holds.send_replace(Held::Caught);
    }

    /// Lets the answers go that were held, and all that follow.
    pub fn release(&self) {
        self.holds.send_replace(Held::Nothing);
    }

    /// Lets everything through to a server.
    pub async fn mend(&self, server: SocketAddr) {
        self.cut().await;
        let listener = listen(self.address).await;
        let holds = self.holds.subscribe();
        let task = tokio::spawn(async move {
            // With the task its connections go too.
            let mut connections = JoinSet::new();
            while let Ok((near, _)) = listener.accept().await {
                connections.spawn(connect(near, server, holds.clone()));
            }
        });
        *self.task.lock().unwrap_or_else(PoisonError::into_inner) = Some(task);
    }

    /// Ends every connection, and refuses new ones.
    pub async fn cut(&self) {
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task {
            task.abort();
            // It was ended, which is what the error says.
            let _ = task.await;
        }
    }
}

/// Lets a connection through until both ends have closed it.
async fn connect(mut near: TcpStream, server: SocketAddr, mut holds: watch::Receiver<Held>) -> std::io::Result<()> {
    let mut far = TcpStream::connect(server).await?;
    let ((mut from_page, mut to_page), (mut from_server, mut to_server)) = (near.split(), far.split());
    let posts = AtomicBool::new(false);
    let there = async {
        let mut bytes = vec![0; 1 << 16];
        loop {
            let length = from_page.read(&mut bytes).await?;
            if length == 0 {
                return to_server.shutdown().await;
            }
            // What begins with no method is the rest of a request.
            let read = &bytes[..length];
            if [b"GET ".as_slice(), b"OPTIONS ", b"POST "].iter().any(|method| read.starts_with(method)) {
                posts.store(read.starts_with(b"POST "), Ordering::Relaxed);
            }
            to_server.write_all(read).await?;
        }
    };
    let back = async {
        let mut bytes = vec![0; 1 << 16];
        loop {
            let length = from_server.read(&mut bytes).await?;
            let held = *holds.borrow();
            if held == Held::Everything || (held == Held::Posts && posts.load(Ordering::Relaxed)) {
                // An error says that the wire is gone, and with it this task.
                let _ = holds.wait_for(|held| *held == Held::Nothing).await;
            }
            if length == 0 {
                return to_page.shutdown().await;
            }
            to_page.write_all(&bytes[..length]).await?;
        }
    };
    tokio::try_join!(there, back).map(drop)
}

async fn listen(address: SocketAddr) -> TcpListener {
    TcpListener::bind(address).await.unwrap_or_else(|error| panic!("{address} is not free: {error}"))
}
