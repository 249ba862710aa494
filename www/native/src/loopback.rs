//! The redirect URI of this login: a port of this machine that was free (RFC 8252 sections 7.3 and 8.3).

use std::io::{BufRead, BufReader, Error, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::Duration;

use pkce_wasm::client::transaction::key;
use pkce_wasm::{Callback, Transaction};

/// The first line of a request is not longer than this.
const LONGEST: u64 = 8192;
/// Whoever connects and says nothing is not waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// A listener on the loopback address, and on no other.
pub(crate) struct Loopback {
    listener: TcpListener,
    port: u16,
}

impl Loopback {
    /// Takes a free port.
    pub(crate) fn listen() -> Result<Self, Error> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        Ok(Self { listener, port })
    }

    /// Where the browser is to come back to: this path, or one below it.
    pub(crate) fn redirect_uri(&self) -> String {
        format!("http://127.0.0.1:{}/callback", self.port)
    }

    /// Waits until the browser comes back to the redirect URI with the answer to this login. Whatever else asks at this port is turned away: every
    /// program of this machine and every page can, and none of them knows the `state`.
    pub(crate) fn wait(&self, redirect_uri: &str, login: &Transaction) -> Result<Callback, Error> {
        loop {
            let (mut stream, _) = self.listener.accept()?;
            let Some(path) = asked(&stream) else { continue };
            let url = format!("http://127.0.0.1:{}{path}", self.port);
            let callback = Callback::parse(&url, redirect_uri);
            let callback = callback.filter(|callback| key(callback.state()) == login.key());
            let (status, text) = match &callback {
                Some(_) => ("200 OK", "You can close this page and go back to the application."),
                None => ("404 Not Found", "There is nothing here."),
            };
            // A browser that does not wait for the words has said all that matters.
            let _ = write!(
                stream,
                "HTTP/1.1 {status}\r\ncontent-type: text/plain\r\ncontent-length: {}\r\ncache-control: no-store\r\n\
                 referrer-policy: no-referrer\r\nconnection: close\r\n\r\n{text}",
                text.len()
            );
            if let Some(callback) = callback {
                return Ok(callback);
            }
        }
    }
}

/// The path and query of a GET.
fn asked(stream: &TcpStream) -> Option<String> {
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    let mut reader = BufReader::new(stream.take(LONGEST));
    let mut first = String::new();
    reader.read_line(&mut first).ok()?;
    // The headers are read before the answer is given: otherwise the connection is cut instead of closed.
    let mut line = String::from(" ");
    while !line.trim_end().is_empty() {
        line.clear();
        reader.read_line(&mut line).ok()?;
    }
    let mut words = first.split(' ');
    let is_get = words.next() == Some("GET");
    words.next().filter(|path| is_get && path.starts_with('/')).map(str::to_owned)
}
