//! A port of the loopback interface leads back: chosen when it is opened, and open only as long as a login waits for its answer
//! (RFC 8252 sections 7.3 and 8.3).

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Within this time a browser has sent its request.
const LONGEST_REQUEST: Duration = Duration::from_secs(5);
/// No honest request is larger.
const LARGEST_REQUEST: usize = 16 * 1024;
const MOST_HEADERS: usize = 64;

/// A listener at a free port.
pub(crate) struct Loopback {
    listener: TcpListener,
    place: Arc<Place>,
}

/// Where the browser is to come back to.
struct Place {
    authority: String,
    path: String,
}

impl Loopback {
    /// Takes a free port of this address.
    pub(crate) async fn open(address: IpAddr, path: &str) -> io::Result<Self> {
        let listener = TcpListener::bind((address, 0)).await?;
        let authority = listener.local_addr()?.to_string();
        Ok(Self { listener, place: Arc::new(Place { authority, path: path.to_owned() }) })
    }

    /// The redirect URI, which holds the port.
    pub(crate) fn redirect_uri(&self) -> String {
        format!("http://{}{}", self.place.authority, self.place.path)
    }

    /// Answers until it is stopped, and hands over every URL that comes to the redirect URI: whoever sends nonsense to the port
    /// does not keep the true answer away.
    pub(crate) async fn serve(self, arrive: impl Fn(String) + Clone + Send + 'static) {
        let mut visits = JoinSet::new();
        loop {
            let Ok((stream, _)) = self.listener.accept().await else { continue };
            while visits.try_join_next().is_some() {}
            let (place, arrive) = (Arc::clone(&self.place), arrive.clone());
            visits.spawn(timeout(LONGEST_REQUEST, async move {
                // A browser that went away has nothing to be told.
                if let Ok(Some(url)) = visit(stream, &place).await {
                    arrive(url);
                }
            }));
        }
    }
}

/// One request and its answer; the URL where it came to the redirect URI.
async fn visit(mut stream: TcpStream, place: &Place) -> io::Result<Option<String>> {
    let mut request = Vec::new();
    let answer = loop {
        if let Some(answer) = read(&request, place) {
            break answer;
        }
        if request.len() > LARGEST_REQUEST || stream.read_buf(&mut request).await? == 0 {
            break Answer::Refused("400 Bad Request");
        }
    };
    stream.write_all(answer.to_http().as_bytes()).await?;
    stream.shutdown().await?;
    Ok(match answer {
        Answer::Taken(url) => Some(url),
        Answer::Refused(_) => None,
    })
}

/// What becomes of a request.
enum Answer {
    /// It came to the redirect URI: this is its URL.
    Taken(String),
    /// It did not.
    Refused(&'static str),
}

/// Reads a request; `None` while it is not complete.
fn read(bytes: &[u8], place: &Place) -> Option<Answer> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(bytes) {
        Ok(status) if status.is_partial() => return None,
        Ok(_) => {}
        Err(_) => return Some(Answer::Refused("400 Bad Request")),
    }
    // A page elsewhere on the web whose name was pointed at this machine names itself here.
    let mut hosts = request.headers.iter().filter(|header| header.name.eq_ignore_ascii_case("host"));
    if hosts.next().is_none_or(|host| host.value != place.authority.as_bytes()) || hosts.next().is_some() {
        return Some(Answer::Refused("421 Misdirected Request"));
    }
    let target = request.path.unwrap_or_default();
    if target.split('?').next() != Some(place.path.as_str()) {
        return Some(Answer::Refused("404 Not Found"));
    }
    if request.method != Some("GET") {
        return Some(Answer::Refused("405 Method Not Allowed"));
    }
    Some(Answer::Taken(format!("http://{}{target}", place.authority)))
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
#[allow(clippy::unwrap_used, reason = "a test states what it expects by failing")]
mod tests {
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

    use super::{Answer, Loopback, Place, read};

    const AUTHORITY: &str = "127.0.0.1:49152";

    fn taken(request: &str) -> Option<String> {
        let place = Place { authority: AUTHORITY.to_owned(), path: "/callback".to_owned() };
        match read(request.as_bytes(), &place) {
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
        let addresses = [(IpAddr::V4(Ipv4Addr::LOCALHOST), "127.0.0.1"), (IpAddr::V6(Ipv6Addr::LOCALHOST), "[::1]")];
        for (address, ip) in addresses {
            let first = runtime.block_on(Loopback::open(address, "/callback")).unwrap();
            let second = runtime.block_on(Loopback::open(address, "/callback")).unwrap();
            assert!(first.listener.local_addr().unwrap().ip().is_loopback());
            assert!(first.redirect_uri().starts_with(&format!("http://{ip}:")), "{}", first.redirect_uri());
            assert_ne!(first.redirect_uri(), second.redirect_uri());
        }
    }
}
