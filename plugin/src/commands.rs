//! The commands that a page may call, each by a permission of its own. None of the default ones gives a token.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pkce_wasm::client::authorize::LoginOptions;
use pkce_wasm::client::logout::LogoutOptions;
use pkce_wasm::error::{Code, Error};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tauri::ipc::{Channel, InvokeResponseBody};
use tauri::{Runtime, State, Webview};
use tokio::task::AbortHandle;

use crate::client::Client;
use crate::http::Call;
use crate::store::Tier;
use crate::told::{Event, Failure, Outcome, Told};

/// The most outcomes of redirects that wait for a page.
const MOST_WAITING: usize = 16;

/// Who hears of events. Outcomes of redirects wait until there is a page.
#[derive(Default)]
pub(crate) struct Listeners(Mutex<Audience>);

#[derive(Default)]
struct Audience {
    /// By the label of the WebView.
    pages: HashMap<String, Channel<Event>>,
    waiting: Vec<Event>,
}

impl Listeners {
    fn audience(&self) -> MutexGuard<'_, Audience> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn tell(&self, event: &Event) {
        let Audience { pages, waiting } = &mut *self.audience();
        pages.retain(|_, page| page.send(event.clone()).is_ok());
        if pages.is_empty() && matches!(event, Event::Redirect { .. }) && waiting.len() < MOST_WAITING {
            waiting.push(event.clone());
        }
    }

    fn add(&self, label: &str, page: Channel<Event>) {
        let Audience { pages, waiting } = &mut *self.audience();
        for event in waiting.drain(..) {
            // A page that has gone meanwhile has nothing to be told.
            let _ = page.send(event);
        }
        pages.insert(label.to_owned(), page);
    }
}

/// The requests that are under way, by WebView and number.
#[derive(Default)]
pub(crate) struct Calls(Mutex<HashMap<(String, u32), AbortHandle>>);

impl Calls {
    fn all(&self) -> MutexGuard<'_, HashMap<(String, u32), AbortHandle>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self, which: impl Fn(&(String, u32)) -> bool) {
        self.all().retain(|call, handle| {
            let ends = which(call);
            if ends {
                handle.abort();
            }
            !ends
        });
    }
}

/// What the commands need.
pub(crate) struct Pages {
    pub(crate) client: Arc<Client>,
    pub(crate) listeners: Arc<Listeners>,
    pub(crate) calls: Arc<Calls>,
}

type Answered<T> = Result<T, Failure>;

#[tauri::command]
pub(crate) async fn login(pages: State<'_, Pages>, options: Option<Value>) -> Answered<()> {
    Ok(pages.client.login(LoginOptions::from_json(&object(options))?).await?)
}

#[tauri::command]
pub(crate) async fn logout(pages: State<'_, Pages>, options: Option<Value>) -> Answered<()> {
    let is_set = |member| options.as_ref().and_then(|options| options.get(member)) == Some(&Value::Bool(true));
    let (revoke, at_server) = (is_set("revoke"), is_set("endSession"));
    Ok(pages.client.logout(LogoutOptions::from_json(&object(options)), revoke, at_server).await?)
}

/// The text of the options of a call.
fn object(options: Option<Value>) -> String {
    options.filter(|options| !options.is_null()).map_or_else(|| "{}".to_owned(), |options| options.to_string())
}

/// What a page learns at its start.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Now {
    session: Option<Told>,
    tier: Tier,
    redirect_uri: String,
}

#[tauri::command]
pub(crate) async fn session(pages: State<'_, Pages>) -> Answered<Now> {
    let session = pages.client.session().await?;
    Ok(Now { session, tier: pages.client.tier(), redirect_uri: pages.client.redirect_uri().to_owned() })
}

#[tauri::command]
pub(crate) async fn refresh(pages: State<'_, Pages>, subject: Option<String>) -> Answered<()> {
    Ok(pages.client.refresh(subject.as_deref()).await?)
}

#[tauri::command]
pub(crate) async fn userinfo(pages: State<'_, Pages>, subject: Option<String>) -> Answered<Value> {
    let claims = pages.client.userinfo(subject.as_deref()).await?;
    Ok(serde_json::from_str(claims.as_str()).map_err(|_| Error::new(Code::UserinfoInvalid))?)
}

/// Gives the access token to the page: only with the permission `pkce:allow-access-token`, which is not among the default ones.
#[tauri::command]
pub(crate) async fn access_token(pages: State<'_, Pages>) -> Answered<String> {
    let session = pages.client.tokens(None, None, "expired").await?;
    Ok(session.tokens.access_token.expose().to_owned())
}

/// Events go to this page from now on; what its WebView was asking before is ended.
#[tauri::command]
pub(crate) fn subscribe<R: Runtime>(webview: Webview<R>, pages: State<'_, Pages>, events: Channel<Event>) {
    pages.calls.end(|(label, _)| label == webview.label());
    pages.listeners.add(webview.label(), events);
}

/// A request of a page.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Wanted {
    /// A number by which it can be ended.
    id: u32,
    url: String,
    method: String,
    headers: Vec<(String, String)>,
    /// In base64.
    body: Option<String>,
    /// Milliseconds to the beginning of the answer.
    timeout: Option<u32>,
    /// Whether a redirect is given back as it is.
    manual: bool,
    subject: Option<String>,
}

/// The beginning of an answer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Head {
    status: u16,
    url: String,
    headers: Vec<(String, String)>,
}

/// Headers of an answer that no page sees (Fetch section "forbidden response-header").
const HIDDEN: [&str; 2] = ["set-cookie", "set-cookie2"];

/// Makes a request with the access token. The body comes over the channel: its bytes, then `null`, or an error.
#[tauri::command]
pub(crate) async fn fetch<R: Runtime>(
    webview: Webview<R>,
    pages: State<'_, Pages>,
    request: Wanted,
    body: Channel<InvokeResponseBody>,
) -> Answered<Head> {
    let Wanted { id, url, method, headers, body: sent, timeout, manual, subject } = request;
    let invalid = || Error::new(Code::ConfigInvalid).about("body");
    let sent = sent.map(|sent| STANDARD.decode(sent)).transpose().map_err(|_| invalid())?;
    let timeout = timeout.map_or(pages.client.timeout(), |milliseconds| Duration::from_millis(milliseconds.into()));
    let call = Call::new(&url, &method, &headers, sent, timeout, manual)?;
    let (client, calls, which) =
        (Arc::clone(&pages.client), Arc::clone(&pages.calls), (webview.label().to_owned(), id));
    let answering = tokio::spawn(async move { client.fetch(&call, subject.as_deref()).await });
    calls.all().insert(which.clone(), answering.abort_handle());
    let answer = answering.await.map_err(|_| Error::new(Code::Aborted)).and_then(|answer| answer);
    let mut answer = match answer {
        Ok(answer) => answer,
        Err(error) => {
            calls.all().remove(&which);
            return Err(error.into());
        }
    };
    let headers = answer.headers().iter().filter(|(name, _)| !HIDDEN.contains(&name.as_str()));
    let headers = headers
        .map(|(name, value)| (name.to_string(), value.as_bytes().iter().map(|&byte| char::from(byte)).collect()));
    let head = Head { status: answer.status().as_u16(), url: answer.url().to_string(), headers: headers.collect() };
    let (ended, ending) = (Arc::clone(&calls), which.clone());
    let reading = tokio::spawn(async move {
        let end = loop {
            match answer.chunk().await {
                // Nobody reads any more.
                Ok(Some(part)) if body.send(InvokeResponseBody::Raw(part.to_vec())).is_err() => break None,
                Ok(Some(_)) => {}
                Ok(None) => break Some(Value::Null),
                Err(_) => break serde_json::to_value(Failure::from(Error::new(Code::NetworkFailed))).ok(),
            }
        };
        if let Some(end) = end {
            let _ = body.send(InvokeResponseBody::Json(end.to_string()));
        }
        ended.all().remove(&ending);
    });
    // A task that has ended already is no matter: its handle aborts nothing.
    if !reading.is_finished() {
        calls.all().insert(which, reading.abort_handle());
    }
    Ok(head)
}

/// Ends a request of this page.
#[tauri::command]
pub(crate) fn cancel<R: Runtime>(webview: Webview<R>, pages: State<'_, Pages>, id: u32) {
    pages.calls.end(|(label, number)| label == webview.label() && *number == id);
}

/// Hands a URL over by which the operating system opened the application, and waits until it is dealt with.
pub(crate) async fn arrive(client: Arc<Client>, url: String) -> Outcome {
    let redirect_uri = client.redirect_uri().to_owned();
    client.handle_redirect(&url, &redirect_uri).await
}
