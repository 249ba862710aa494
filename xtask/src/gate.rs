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

/// How long either end may be silent. A driver is, as long as a page loads.
const PATIENCE: Duration = Duration::from_secs(120);

/// The most bytes that the head of a message may have.
const MAX_HEAD: u64 = 1 << 16;

/// Headers that speak of the connection, or of the length of a body that may become another one.
const OF_THE_CONNECTION: [&str; 4] = ["connection", "keep-alive", "proxy-connection", "content-length"];

/// Starts a proxy on a free port; where browsers find it. It runs as long as this process.
pub(crate) fn open() -> Result<SocketAddr> {
    listen(|stream| {
        let request = Request::read(&stream)?;
        let (server, path) = of_proxy(&request.target).ok_or(io::ErrorKind::InvalidData)?;
        // What a browser wants of the world is none of the tests' business.
        if !server.ip().is_loopback() {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        request.pass(server, path, stream)
    })
}

/// Starts the same for a browser that takes no proxy for addresses of this machine, before its driver; where the driver is found then. What is
/// to be visited is visited by way of this process.
pub(crate) fn open_before(driver: SocketAddr) -> Result<SocketAddr> {
    listen(move |stream| {
        let mut request = Request::read(&stream)?;
        if let Some(server) = visited(&request) {
            let gate = listen(move |stream| {
                let request = Request::read(&stream)?;
                request.pass(server, &request.target, stream)
            });
            let gate = gate.map_err(io::Error::other)?;
            let body = String::from_utf8_lossy(&request.body).replace(&server.to_string(), &gate.to_string());
            request.body = body.into_bytes();
        }
        request.pass(driver, &request.target, stream)
    })
}

/// Hands each connection to a thread of its own. The browser sees a failure as a network error.
fn listen(take: impl Fn(TcpStream) -> io::Result<()> + Clone + Send + 'static) -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("the proxy finds no free port")?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let take = take.clone();
            thread::spawn(move || take(stream));
        }
    });
    Ok(address)
}

/// A request, without what it says of its connection.
struct Request {
    method: String,
    target: String,
    headers: String,
    body: Vec<u8>,
}

impl Request {
    fn read(stream: &TcpStream) -> io::Result<Self> {
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut stream = BufReader::new(stream);
        let (mut request, length) = Self::parse(&head(&mut stream)?).ok_or(io::ErrorKind::InvalidData)?;
        request.body = vec![0; length];
        stream.read_exact(&mut request.body)?;
        Ok(request)
    }

    /// A request that lacks its body, and the length of that. `None` for what is no request.
    fn parse(head: &str) -> Option<(Self, usize)> {
        let (request, rest) = head.split_once("\r\n")?;
        let [method, target, _] = request.split(' ').collect::<Vec<_>>().try_into().ok()?;
        let (mut headers, mut length) = (String::new(), 0);
        for header in rest.strip_suffix("\r\n")?.lines() {
            let (name, value) = header.split_once(':')?;
            let name = name.to_ascii_lowercase();
            if name == "content-length" {
                length = value.trim().parse().ok()?;
            }
            if !OF_THE_CONNECTION.contains(&name.as_str()) {
                headers.extend([header, "\r\n"]);
            }
        }
        Some((Self { method: method.to_owned(), target: target.to_owned(), headers, body: Vec::new() }, length))
    }

    /// Passes the request on, on a connection of its own, and its answer back.
    fn pass(&self, server: SocketAddr, path: &str, mut back: TcpStream) -> io::Result<()> {
        let Self { method, headers, body, .. } = self;
        let mut server = TcpStream::connect(server)?;
        server.set_read_timeout(Some(PATIENCE))?;
        let length = body.len();
        write!(server, "{method} {path} HTTP/1.1\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n")?;
        server.write_all(body)?;
        // Not every server says so itself, and nobody is to send another request on a connection that is about to be closed.
        let mut server = BufReader::new(server);
        back.write_all(closing(&head(&mut server)?).ok_or(io::ErrorKind::InvalidData)?.as_bytes())?;
        io::copy(&mut server, &mut back)?;
        Ok(())
    }
}

/// The head of an answer after which the connection is closed. `None` for what is no head.
fn closing(head: &str) -> Option<String> {
    let (status, headers) = head.split_once("\r\n")?;
    let mut text = format!("{status}\r\nConnection: close\r\n");
    for header in headers.lines() {
        let name = header.split(':').next()?.to_ascii_lowercase();
        if !["connection", "keep-alive"].contains(&name.as_str()) {
            text.extend([header, "\r\n"]);
        }
    }
    text.ends_with("\r\n\r\n").then_some(text)
}

/// Everything up to the empty line.
fn head(stream: &mut impl BufRead) -> io::Result<String> {
    let mut stream = stream.take(MAX_HEAD);
    let mut head = String::new();
    while stream.read_line(&mut head)? > 2 {}
    Ok(head)
}

/// The server that a request to a proxy is for, and the path there.
fn of_proxy(target: &str) -> Option<(SocketAddr, &str)> {
    let rest = target.strip_prefix("http://")?;
    let (server, path) = rest.split_at(rest.find('/')?);
    Some((server.parse().ok()?, path))
}

/// The server of this machine that a command to a driver wants visited (WebDriver section 10.1).
fn visited(request: &Request) -> Option<SocketAddr> {
    if !request.target.ends_with("/url") {
        return None;
    }
    let command: serde_json::Value = serde_json::from_slice(&request.body).ok()?;
    let (server, _) = of_proxy(command.get("url")?.as_str()?)?;
    server.ip().is_loopback().then_some(server)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read_without_what_it_says_of_its_connection() {
        let head = "GET http://127.0.0.1:8000/run.js?a=b HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nProxy-Connection: keep-alive\r\nAccept: */*\r\n\r\n";
        let (Request { method, target, headers, .. }, length) = Request::parse(head).unwrap();
        assert_eq!((method.as_str(), length), ("GET", 0));
        assert_eq!(headers, "Host: 127.0.0.1:8000\r\nAccept: */*\r\n");
        assert_eq!(of_proxy(&target), Some(("127.0.0.1:8000".parse().unwrap(), "/run.js?a=b")));
        let (_, length) = Request::parse("POST http://127.0.0.1:1/x HTTP/1.1\r\nContent-Length: 7\r\n\r\n").unwrap();
        assert_eq!(length, 7);
    }

    #[test]
    fn what_is_not_for_a_proxy_is_not_passed_on() {
        for target in ["a.example:443", "/", "http://a", "http://a.example/", ""] {
            assert_eq!(of_proxy(target), None, "{target}");
        }
        for head in ["", "GET / HTTP/1.1\r\n", "GET /\r\n\r\n", "GET / HTTP/1.1\r\nno header\r\n\r\n"] {
            assert!(Request::parse(head).is_none(), "{head}");
        }
    }

    /// A server that answers each request with what it was asked; where it is.
    fn echo() -> SocketAddr {
        listen(|stream| {
            let Request { method, target, headers, body } = Request::read(&stream)?;
            let said = format!("{method} {target}\n{headers}\n{}", String::from_utf8_lossy(&body));
            write!(&stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{said}", said.len())
        })
        .unwrap()
    }

    /// What is answered to a request, until the connection is closed.
    fn ask(address: SocketAddr, request: &str) -> String {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    #[test]
    fn an_answer_comes_back_and_the_connection_is_closed() {
        let server = echo();
        let answer = ask(open().unwrap(), &format!("GET http://{server}/a HTTP/1.1\r\nHost: {server}\r\n\r\n"));
        assert!(answer.ends_with(&format!("GET /a\nHost: {server}\r\n\n")), "{answer}");
    }

    #[test]
    fn whoever_asked_is_told_that_the_connection_is_closed() {
        let said = "HTTP/1.1 200 OK\r\nKeep-Alive: timeout=5\r\nContent-Length: 2\r\nconnection: keep-alive\r\n\r\n";
        let told = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n";
        assert_eq!(closing(said).as_deref(), Some(told));
        assert_eq!(closing("HTTP/1.1 200 OK\r\nContent-Len"), None);
        let server = echo();
        let answer = ask(open().unwrap(), &format!("GET http://{server}/ HTTP/1.1\r\n\r\n"));
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\nConnection: close\r\n"), "{answer}");
    }

    #[test]
    fn what_a_driver_is_to_visit_is_visited_by_way_of_this_process() {
        let (driver, server) = (echo(), echo());
        let gate = open_before(driver).unwrap();
        let told = |command: &str, body: &str| {
            let length = body.len();
            let answer = ask(gate, &format!("POST {command} HTTP/1.1\r\nContent-Length: {length}\r\n\r\n{body}"));
            answer.rsplit('\n').next().unwrap().to_owned()
        };
        let url = format!(r#"{{"url":"http://{server}/\u0023a"}}"#);
        assert_eq!(told("/session/1/execute", &url), url, "no other command is changed");
        for elsewhere in [r#"{"url":"about:blank"}"#, r#"{"url":"http://192.0.2.1:80/"}"#, "{}", ""] {
            assert_eq!(told("/session/1/url", elsewhere), elsewhere);
        }
        let visited: serde_json::Value = serde_json::from_str(&told("/session/1/url", &url)).unwrap();
        let (by_way, path) = of_proxy(visited["url"].as_str().unwrap()).unwrap();
        assert_eq!(path, "/#a");
        assert!(by_way != server && by_way.ip().is_loopback());
        assert!(ask(by_way, "GET /b HTTP/1.1\r\n\r\n").contains("GET /b\n"));
    }
}
