//! A proxy between a browser and the server of wasm-bindgen's test runner, which may leave a connection waiting for ever.
//!
//! That server (tiny_http 0.12) gives each connection a thread for as long as the connection is open. When several connections come at
//! once it may count one idle thread twice: then a connection waits until another one is closed. A browser keeps its connections open,
//! and so the page of the tests sometimes never loads. Behind this proxy a connection carries one request and is closed.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

/// How long either end may be silent.
const PATIENCE: Duration = Duration::from_secs(60);

/// The most bytes that the head of a message may have.
const MAX_HEAD: u64 = 1 << 16;

/// Headers that speak of the connection.
const OF_THE_CONNECTION: [&str; 3] = ["connection", "keep-alive", "proxy-connection"];

/// A running proxy. It runs as long as this process.
pub(crate) struct Gate {
    address: SocketAddr,
}

impl Gate {
    /// Starts a proxy on a free port.
    pub(crate) fn open() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("the proxy finds no free port")?;
        let address = listener.local_addr()?;
        thread::spawn(move || {
            for browser in listener.incoming().flatten() {
                // The browser sees a failure as a network error.
                thread::spawn(|| pass(browser));
            }
        });
        Ok(Self { address })
    }

    /// Where browsers find it.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Passes a request on, and its answer back.
fn pass(browser: TcpStream) -> io::Result<()> {
    browser.set_read_timeout(Some(PATIENCE))?;
    let mut to_browser = browser.try_clone()?;
    let mut from_browser = BufReader::new(browser);
    let head = head(&mut from_browser)?;
    let (server, head, length) = rewritten(&head).ok_or(io::ErrorKind::InvalidData)?;
    let mut body = vec![0; length];
    from_browser.read_exact(&mut body)?;

    // What a browser wants of the world is none of the tests' business.
    let server: SocketAddr = server.parse().map_err(|_| io::ErrorKind::InvalidData)?;
    if !server.ip().is_loopback() {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    let mut server = TcpStream::connect(server)?;
    server.set_read_timeout(Some(PATIENCE))?;
    server.write_all(head.as_bytes())?;
    server.write_all(&body)?;
    io::copy(&mut server, &mut to_browser)?;
    Ok(())
}

/// Everything up to the empty line.
fn head(stream: &mut impl BufRead) -> io::Result<String> {
    let mut stream = stream.take(MAX_HEAD);
    let mut head = String::new();
    while stream.read_line(&mut head)? > 2 {}
    Ok(head)
}

/// The server that a request to a proxy is for, its head as that server wants it, and the length of the body. `None` for what is no such
/// request.
fn rewritten(head: &str) -> Option<(&str, String, usize)> {
    let (request, headers) = head.split_once("\r\n")?;
    let (method, rest) = request.split_once(" http://")?;
    let (url, version) = rest.split_once(' ')?;
    let (server, path) = url.split_once('/')?;
    let mut length = 0;
    let mut text = format!("{method} /{path} {version}\r\nConnection: close\r\n");
    for header in headers.lines() {
        let (name, value) = header.split_once(':').unwrap_or((header, ""));
        let name = name.to_ascii_lowercase();
        if name == "content-length" {
            length = value.trim().parse().ok()?;
        }
        if !OF_THE_CONNECTION.contains(&name.as_str()) {
            text.extend([header, "\r\n"]);
        }
    }
    text.ends_with("\r\n\r\n").then_some((server, text, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_passed_on_for_one_connection() {
        let head = "GET http://127.0.0.1:8000/run.js?a=b HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nProxy-Connection: keep-alive\r\nAccept: */*\r\n\r\n";
        let passed =
            "GET /run.js?a=b HTTP/1.1\r\nConnection: close\r\nHost: 127.0.0.1:8000\r\nAccept: */*\r\n\r\n".to_owned();
        assert_eq!(rewritten(head), Some(("127.0.0.1:8000", passed, 0)));
        let posted = "POST http://127.0.0.1:1/x HTTP/1.1\r\nContent-Length: 7\r\n\r\n";
        assert_eq!(rewritten(posted).map(|(_, _, length)| length), Some(7));
    }

    #[test]
    fn what_is_not_for_a_proxy_is_not_passed_on() {
        for head in
            ["CONNECT a.example:443 HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "GET http://a HTTP/1.1\r\n\r\n", ""]
        {
            assert_eq!(rewritten(head), None, "{head}");
        }
    }

    #[test]
    fn an_answer_comes_back_and_the_connection_is_closed() {
        let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = server.local_addr().unwrap();
        let serving = thread::spawn(move || {
            let (mut stream, _) = server.accept().unwrap();
            let asked = head(&mut BufReader::new(stream.try_clone().unwrap())).unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi").unwrap();
            asked
        });
        let mut browser = TcpStream::connect(Gate::open().unwrap().address()).unwrap();
        write!(browser, "GET http://{address}/ HTTP/1.1\r\nHost: {address}\r\n\r\n").unwrap();
        let mut answer = String::new();
        browser.read_to_string(&mut answer).unwrap();
        assert!(answer.ends_with("\r\n\r\nhi"), "{answer}");
        assert!(serving.join().unwrap().contains("Connection: close"));
    }
}
