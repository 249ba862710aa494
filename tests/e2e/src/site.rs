//! Files over HTTP, with or without a Content-Security-Policy.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A running server of folders. `/callback` is its page too.
#[derive(Debug)]
pub struct Site {
    /// The port.
    pub port: u16,
    content: Arc<Content>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Content {
    /// Each below a path of its own; a file is taken from the first that has it.
    folders: Vec<(String, PathBuf)>,
    policy: Option<String>,
    /// Whether pages are isolated from other origins, for which engines give them a finer clock.
    isolated: bool,
    /// Whether a browser may keep the pages that it has left.
    may_keep: AtomicBool,
}

impl Site {
    /// Serves a folder on the loopback address.
    pub async fn of(folder: &Path) -> Self {
        Self::start(folder, |_| None).await
    }

    /// Serves folders, each below a path; the first that has a file is asked for it.
    pub async fn of_folders<'a>(folders: impl IntoIterator<Item = (&'a str, PathBuf)>) -> Self {
        let folders = folders.into_iter().map(|(path, folder)| (path.to_owned(), folder)).collect();
        Self::serve(folders, |_| None, false).await
    }

    /// Serves a folder to pages that are isolated from other origins.
    pub async fn isolated(folder: &Path) -> Self {
        Self::serve(vec![(String::new(), folder.to_owned())], |_| None, true).await
    }

    /// Serves a folder under the policy that is made for the site's origin.
    pub async fn start(folder: &Path, policy: impl FnOnce(&str) -> Option<String>) -> Self {
        Self::serve(vec![(String::new(), folder.to_owned())], policy, false).await
    }

    async fn serve(
        folders: Vec<(String, PathBuf)>,
        policy: impl FnOnce(&str) -> Option<String>,
        isolated: bool,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("there is a free port");
        let port = listener.local_addr().expect("a listener has an address").port();
        let policy = policy(&format!("http://127.0.0.1:{port}"));
        let content = Arc::new(Content { folders, policy, isolated, may_keep: AtomicBool::new(false) });
        let router = Router::new().fallback(answer).with_state(Arc::clone(&content));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.expect("the server runs") });
        Self { port, content, task }
    }

    /// Lets browsers keep the pages that they leave from now on, for who goes back to them.
    pub fn allow_keeping(&self) {
        self.content.may_keep.store(true, Ordering::Relaxed);
    }

    /// A page of the site on the loopback address.
    pub fn url(&self, page: &str) -> String {
        self.url_on("127.0.0.1", page)
    }

    /// A page of the site under another host name.
    pub fn url_on(&self, host: &str, page: &str) -> String {
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
        "callback" => "index.html".to_owned(),
        path if path.is_empty() || path.ends_with('/') => format!("{path}index.html"),
        path => path.to_owned(),
    };
    let path = path.as_str();
    if path.split('/').any(|part| part == "..") {
        return StatusCode::NOT_FOUND.into_response();
    }
    let files =
        content.folders.iter().filter_map(|(prefix, folder)| Some(folder.join(path.strip_prefix(prefix.as_str())?)));
    let mut found = None;
    for file in files {
        if let Ok(body) = tokio::fs::read(file).await {
            found = Some(body);
            break;
        }
    }
    let Some(body) = found else { return StatusCode::NOT_FOUND.into_response() };
    let kind = match Path::new(path).extension().and_then(|end| end.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("css") => "text/css; charset=utf-8",
        Some("json") => "application/json",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    };
    let caching = if content.may_keep.load(Ordering::Relaxed) { "no-cache" } else { "no-store" };
    let mut response = Response::builder().header(header::CONTENT_TYPE, kind).header(header::CACHE_CONTROL, caching);
    if let Some(policy) = &content.policy {
        response = response.header(header::CONTENT_SECURITY_POLICY, policy);
    }
    if content.isolated {
        response = response.header("cross-origin-opener-policy", "same-origin");
        response = response.header("cross-origin-embedder-policy", "require-corp");
    }
    response.body(body.into()).expect("the headers are fit for HTTP")
}
