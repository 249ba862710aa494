//! A network cable in front of a server: it can be cut and mended.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Mutex, PoisonError};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// An address that leads to a server as long as the wire is whole.
#[derive(Debug)]
pub struct Wire {
    address: SocketAddr,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Wire {
    /// Lays a wire that leads nowhere yet.
    pub async fn lay() -> Self {
        let listener = listen(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await;
        let address = listener.local_addr().expect("a listener has an address");
        Self { address, task: Mutex::new(None) }
    }

    /// The end at which the browsers are.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lets everything through to a server.
    pub async fn mend(&self, server: SocketAddr) {
        self.cut().await;
        let listener = listen(self.address).await;
        let task = tokio::spawn(async move {
            // With the task its connections go too.
            let mut connections = JoinSet::new();
            while let Ok((mut near, _)) = listener.accept().await {
                connections.spawn(async move {
                    let mut far = TcpStream::connect(server).await?;
                    copy_bidirectional(&mut near, &mut far).await
                });
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

async fn listen(address: SocketAddr) -> TcpListener {
    TcpListener::bind(address).await.unwrap_or_else(|error| panic!("{address} is not free: {error}"))
}
