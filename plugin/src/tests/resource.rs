//! Requests with the access token: where it goes, and what a resource server that refuses it brings about.

use std::sync::{Arc, Mutex};

use hostile::Server;
use pkce_wasm::client::authorize::LoginOptions;
use pkce_wasm::error::Code;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::{LASTING, Machine, PATIENCE, call, code, config_with, run, signed_in};
use crate::http::Call;

/// A resource server: what it was asked, and an answer by path.
struct Api {
    origin: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Api {
    async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let (notes, own) = (Arc::clone(&asked), origin.clone());
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let (notes, own) = (Arc::clone(&notes), own.clone());
                tokio::spawn(async move {
                    let mut text = Vec::new();
                    while !text.windows(4).any(|window| window == b"\r\n\r\n") {
                        if stream.read_buf(&mut text).await.unwrap_or(0) == 0 {
                            return;
                        }
                    }
                    let text = String::from_utf8_lossy(&text).into_owned();
                    notes.lock().unwrap().push(text.clone());
                    let is_fresh = text.contains("Bearer access-1.1");
                    let answer = match text.split(' ').nth(1).unwrap() {
                        "/elsewhere" => format!("302 Found\r\nlocation: {own}/there"),
                        "/stale" if !is_fresh => {
                            "401 Unauthorized\r\nwww-authenticate: Bearer error=\"invalid_token\"".to_owned()
                        }
                        "/never" => "401 Unauthorized\r\nwww-authenticate: Bearer error=\"invalid_token\"".to_owned(),
                        "/more" => {
                            "403 Forbidden\r\nwww-authenticate: Bearer error=\"insufficient_scope\", scope=\"write\""
                                .to_owned()
                        }
                        _ => "200 OK\r\nset-cookie: a=b".to_owned(),
                    };
                    let answer = format!("HTTP/1.1 {answer}\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok");
                    let _ = stream.write_all(answer.as_bytes()).await;
                });
            }
        });
        Self { origin, asked }
    }

    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

#[test]
fn tp4_requests_go_to_the_listed_origins_only_and_follow_no_redirect() {
    run(async {
        let (server, api, other) =
            (Server::start([("lasting", LASTING)]).await, Api::start().await, Api::start().await);
        let machine = Machine::new();
        let config = config_with(&server.issuer("lasting"), json!({ "resourceOrigins": [api.origin] }));
        let client = machine.start(config);
        assert_eq!(code(client.fetch(&call(&format!("{}/", api.origin)), None).await), Some("session_expired"));
        machine.sign_in(&client, LoginOptions::default()).await.unwrap();

        let answer = client.fetch(&call(&format!("{}/", api.origin)), None).await.unwrap();
        assert_eq!(answer.text().await.unwrap(), "ok");
        assert!(api.asked.lock().unwrap()[0].contains("authorization: Bearer access-1\r\n"), "{:?}", api.asked.lock());

        let host = api.origin.strip_prefix("http://").unwrap().to_owned();
        for evil in [
            format!("{}/", other.origin),
            format!("{}@{}/", api.origin, other.origin.strip_prefix("http://").unwrap()),
            format!("{}\\@{}/", api.origin, other.origin.strip_prefix("http://").unwrap()),
            format!("https://{host}/"),
            format!("http://localhost:{}/", host.split(':').nth(1).unwrap()),
            format!("{}.evil.example/", api.origin),
            "file:///etc/passwd".to_owned(),
            "tauri://localhost/".to_owned(),
            "/".to_owned(),
            String::new(),
        ] {
            let made = Call::new(&evil, "GET", &[], None, PATIENCE, false);
            let end = match made {
                Ok(call) => code(client.fetch(&call, None).await),
                Err(error) => Some(error.code.name()),
            };
            // A backslash is a slash: what is behind it is a path of the listed origin, and is asked there.
            let expected = if evil.contains('\\') { None } else { Some("origin_refused") };
            assert_eq!(end, expected, "{evil}");
        }
        assert_eq!(other.asked(), 0);

        let before = api.asked();
        assert_eq!(
            code(client.fetch(&call(&format!("{}/elsewhere", api.origin)), None).await),
            Some("redirect_not_followed")
        );
        assert_eq!(api.asked(), before + 1);
        let manual = Call::new(&format!("{}/elsewhere", api.origin), "GET", &[], None, PATIENCE, true).unwrap();
        assert_eq!(client.fetch(&manual, None).await.unwrap().status(), 302);

        let other_user = client.fetch(&call(&format!("{}/", api.origin)), Some("somebody else")).await;
        assert_eq!(code(other_user), Some("session_expired"));
        assert_eq!(code(client.fetch(&call(&format!("{}/more", api.origin)), None).await), Some("insufficient_scope"));
    });
}

#[test]
fn tp4_a_refused_token_is_renewed_once() {
    run(async {
        let api = Api::start().await;
        let (server, _machine, client) =
            signed_in("lasting", LASTING, json!({ "resourceOrigins": [api.origin] })).await;
        let asking = (0..20).map(|_| {
            let (client, url) = (Arc::clone(&client), format!("{}/stale", api.origin));
            tokio::spawn(async move { client.fetch(&call(&url), None).await.unwrap().status().as_u16() })
        });
        for asked in asking.collect::<Vec<_>>() {
            assert_eq!(asked.await.unwrap(), 200);
        }
        assert_eq!(server.refreshes().requests, 1);
        // One that refuses every token does not make it renewed for each request.
        for _ in 0..5 {
            assert_eq!(client.fetch(&call(&format!("{}/never", api.origin)), None).await.unwrap().status(), 401);
        }
        assert_eq!(server.refreshes().requests, 2);
        assert_eq!(server.refreshes().reused, 0);
    });
}

#[test]
fn tp4_a_page_sets_no_header_that_says_who_asks() {
    for (name, value) in [
        ("Authorization", "Bearer mine"),
        ("authorization", ""),
        ("Cookie", "a=b"),
        ("Host", "evil.example"),
        ("Content-Length", "1"),
        ("Transfer-Encoding", "chunked"),
        ("Proxy-Authorization", "a"),
        ("Sec-Fetch-Site", "none"),
        ("Origin", "https://app.example"),
        ("Connection", "upgrade"),
        ("X-A\r\nAuthorization", "b"),
        ("X-A", "b\r\nAuthorization: c"),
    ] {
        let made =
            Call::new("https://api.example/", "GET", &[(name.to_owned(), value.to_owned())], None, PATIENCE, false);
        assert_eq!(
            made.err().map(|error| (error.code, error.subject)),
            Some((Code::ConfigInvalid, Some("headers"))),
            "{name}"
        );
    }
    for method in ["CONNECT", "trace", "TRACK", "A B", ""] {
        let made = Call::new("https://api.example/", method, &[], None, PATIENCE, false);
        assert_eq!(made.err().map(|error| error.subject), Some(Some("method")), "{method}");
    }
}
