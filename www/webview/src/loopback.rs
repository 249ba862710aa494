//! The second way back: a listener on the loopback interface, on a port that is chosen when it is opened, and open only as
//! long as a sign-in waits for its answer (RFC 8252 sections 7.3 and 8.3).

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use tauri::State;
use tauri::async_runtime::{JoinHandle, spawn};
use tauri::ipc::Channel;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// The path of the redirect URI.
const PATH: &str = "/callback";
/// A login has to be finished within this time, as the package has it by default.
const LONGEST_LOGIN: Duration = Duration::from_secs(600);
/// Within this time a browser has sent its request.
const LONGEST_REQUEST: Duration = Duration::from_secs(5);
/// No honest request is larger.
const LARGEST_REQUEST: usize = 16 * 1024;
const MOST_HEADERS: usize = 64;

/// The literal address that stands in the redirect URI; the name `localhost` could lead elsewhere (RFC 8252 section 8.3).
#[derive(Clone, Copy, Deserialize)]
pub(crate) enum Address {
    #[serde(rename = "127.0.0.1")]
    V4,
    #[serde(rename = "[::1]")]
    V6,
}

impl From<Address> for IpAddr {
    fn from(address: Address) -> Self {
        match address {
            Address::V4 => Ipv4Addr::LOCALHOST.into(),
            Address::V6 => Ipv6Addr::LOCALHOST.into(),
        }
    }
}

/// The one listener that may be open.
#[derive(Default)]
pub(crate) struct Loopback(Mutex<Option<JoinHandle<()>>>);

impl Loopback {
    /// Closes what is open, and keeps what takes its place.
    fn replace(&self, next: Option<JoinHandle<()>>) {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(previous) = std::mem::replace(&mut *open, next) {
            previous.abort();
        }
    }
}

/// Opens a listener and gives the redirect URI, which holds the port. The URLs that arrive there go to `answers`.
#[tauri::command]
pub(crate) async fn listen_on_loopback(
    loopback: State<'_, Loopback>,
    address: Address,
    answers: Channel<String>,
) -> Result<String, String> {
    let (listener, authority) = bind(address).await.map_err(|error| error.to_string())?;
    let redirect_uri = format!("http://{authority}{PATH}");
    loopback.replace(Some(spawn(async move {
        // When the time is over the port is free again.
        let _ = timeout(LONGEST_LOGIN, serve(listener, authority.into(), answers)).await;
    })));
    Ok(redirect_uri)
}

/// Closes the listener: the answer is there.
#[tauri::command]
pub(crate) fn close_loopback(loopback: State<'_, Loopback>) {
    loopback.replace(None);
}

async fn bind(address: Address) -> io::Result<(TcpListener, String)> {
    let listener = TcpListener::bind((IpAddr::from(address), 0)).await?;
    let authority = listener.local_addr()?.to_string();
    Ok((listener, authority))
}

/// Answers until it is stopped: whoever sends nonsense to the port does not keep the true answer away.
async fn serve(listener: TcpListener, authority: Arc<str>, answers: Channel<String>) {
    let mut visits = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        while visits.try_join_next().is_some() {}
        let (authority, answers) = (authority.clone(), answers.clone());
        visits.spawn(timeout(LONGEST_REQUEST, async move {
            // A browser that went away has nothing to be told.
            let _ = visit(stream, &authority, &answers).await;
        }));
    }
}

/// One request and its answer.
async fn visit(mut stream: TcpStream, authority: &str, answers: &Channel<String>) -> io::Result<()> {
    let mut request = Vec::new();
    let answer = loop {
        if let Some(answer) = read(&request, authority) {
            break answer;
        }
        if request.len() > LARGEST_REQUEST || stream.read_buf(&mut request).await? == 0 {
            break Answer::Refused("400 Bad Request");
        }
    };
    stream.write_all(answer.to_http().as_bytes()).await?;
    stream.shutdown().await?;
    if let Answer::Taken(url) = answer {
        answers.send(url).map_err(io::Error::other)?;
    }
    Ok(())
}

/// What becomes of a request.
enum Answer {
    /// It came to the redirect URI: this is its URL.
    Taken(String),
    /// It did not.
    Refused(&'static str),
}

/// Reads a request; `None` while it is not complete.
fn read(bytes: &[u8], authority: &str) -> Option<Answer> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(bytes) {
        Ok(status) if status.is_partial() => return None,
        Ok(_) => {}
        Err(_) => return Some(Answer::Refused("400 Bad Request")),
    }
    // A page elsewhere on the web whose name was pointed at this machine names itself here.
    let mut hosts = request.headers.iter().filter(|header| header.name.eq_ignore_ascii_case("host"));
    if hosts.next().is_none_or(|host| host.value != authority.as_bytes()) || hosts.next().is_some() {
        return Some(Answer::Refused("421 Misdirected Request"));
    }
    let target = request.path.unwrap_or_default();
    if target.split('?').next() != Some(PATH) {
        return Some(Answer::Refused("404 Not Found"));
    }
    if request.method != Some("GET") {
        return Some(Answer::Refused("405 Method Not Allowed"));
    }
    Some(Answer::Taken(format!("http://{authority}{target}")))
}

impl Answer {
    fn to_http(&self) -> String {
        let (status, body) = match self {
            Self::Taken(_) => ("200 OK", include_str!("back.html")),
            Self::Refused(status) => (*status, "There is nothing here.\n"),
        };
        format!(
            "HTTP/1.1 {status}\r\n\
             Content-Type: text/html; charset=utf-8\r\n\
             Content-Length: {}\r\n\
             Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'\r\n\
             Cache-Control: no-store\r\n\
             Referrer-Policy: no-referrer\r\n\
             X-Content-Type-Options: nosniff\r\n\
             Connection: close\r\n\r\n{body}",
            body.len()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::{Address, Answer, bind, read};

    const AUTHORITY: &str = "127.0.0.1:49152";

    fn taken(request: &str) -> Option<String> {
        match read(request.as_bytes(), AUTHORITY) {
            Some(Answer::Taken(url)) => Some(url),
            Some(Answer::Refused(_)) | None => None,
        }
    }

    #[test]
    fn na5_the_answer_is_the_url_at_the_redirect_uri() {
        let request = "GET /callback?code=a%20b&state=c HTTP/1.1\r\nHost: 127.0.0.1:49152\r\n\r\n";
        assert_eq!(taken(request).as_deref(), Some("http://127.0.0.1:49152/callback?code=a%20b&state=c"));
    }

    #[test]
    fn na6_anything_else_is_no_answer() {
        for request in [
            "GET /callback?code=a HTTP/1.1\r\nHost: localhost:49152\r\n\r\n",
            "GET /callback?code=a HTTP/1.1\r\nHost: evil.example\r\n\r\n",
            "GET /callback?code=a HTTP/1.1\r\nHost: 127.0.0.1:49152\r\nHost: 127.0.0.1:49152\r\n\r\n",
            "GET /callback?code=a HTTP/1.1\r\n\r\n",
            "GET /callback/?code=a HTTP/1.1\r\nHost: 127.0.0.1:49152\r\n\r\n",
            "GET http://127.0.0.1:49152/callback?code=a HTTP/1.1\r\nHost: 127.0.0.1:49152\r\n\r\n",
            "GET /favicon.ico HTTP/1.1\r\nHost: 127.0.0.1:49152\r\n\r\n",
            "POST /callback?code=a HTTP/1.1\r\nHost: 127.0.0.1:49152\r\n\r\n",
            "GET /callback?code=a HTTP/1.1\r\nHost: 127.0.0.1:49152\r\n",
            "\r\n\r\n",
        ] {
            assert_eq!(taken(request), None, "{request:?}");
        }
    }

    #[test]
    fn na6_the_listener_is_on_the_loopback_interface_only_and_on_a_port_of_its_own() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
        for (address, ip) in [(Address::V4, "127.0.0.1"), (Address::V6, "[::1]")] {
            let (first, authority) = runtime.block_on(bind(address)).unwrap();
            let (_second, other) = runtime.block_on(bind(address)).unwrap();
            assert!(first.local_addr().unwrap().ip().is_loopback());
            assert!(authority.starts_with(&format!("{ip}:")), "{authority}");
            assert_ne!(authority, other);
        }
    }
}
