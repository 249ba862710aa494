//! Files over HTTP, with or without a Content-Security-Policy.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A running server of a folder. `/callback` is its page too.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) port: u16,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Content {
    folder: PathBuf,
    policy: Option<String>,
}

impl Site {
    /// Serves a folder on the loopback address.
    pub(crate) async fn of(folder: &Path) -> Self {
        Self::start(folder, |_| None).await
    }

    /// Serves a folder under the policy that is made for the site's origin.
    pub(crate) async fn start(folder: &Path, policy: impl FnOnce(&str) -> Option<String>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("there is a free port");
        let port = listener.local_addr().expect("a listener has an address").port();
        let policy = policy(&format!("http://127.0.0.1:{port}"));
        let content = Arc::new(Content { folder: folder.to_owned(), policy });
        let router = Router::new().fallback(answer).with_state(content);
        let task = tokio::spawn(async move { axum::serve(listener, router).await.expect("the server runs") });
        Self { port, task }
    }

    /// A page of the site on the loopback address.
    pub(crate) fn url(&self, page: &str) -> String {
        self.url_on("127.0.0.1", page)
    }

    /// A page of the site under another host name.
    pub(crate) fn url_on(&self, host: &str, page: &str) -> String {
        format!("http://{host}:{}/{page}", self.port)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(State(content): State<Arc<Content>>, uri: Uri) -> Response {
    let path = match uri.path().trim_start_matches('/') {
        "" | "callback" => "index.html",
        path => path,
    };
    let file = content.folder.join(path);
    let body = match tokio::fs::read(&file).await {
        Ok(body) if !path.split('/').any(|part| part == "..") => body,
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    let kind = match file.extension().and_then(|end| end.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("wasm") => "application/wasm",
        _ => "application/octet-stream",
    };
    let mut response = Response::builder().header(header::CONTENT_TYPE, kind).header(header::CACHE_CONTROL, "no-store");
    if let Some(policy) = &content.policy {
        response = response.header(header::CONTENT_SECURITY_POLICY, policy);
    }
    response.body(body.into()).expect("the headers are fit for HTTP")
}
