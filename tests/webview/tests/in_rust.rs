//! The demo as an application that keeps its tokens in Rust, by the plugin: with a real keyring, and with a page that turns against it.

use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use e2e::{Counters, Outcome};
use hostile::{Login, Reply, Rotation, Scenario, Server, honest};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use webview::{Machine, SCHEME, Tokens};

const RELAY: &str = env!("CARGO_BIN_EXE_relay");
const ONE_TOKEN: Counters = Counters { token_ok: 1, token_refused: 0 };

/// The tokens that a server of these tests has granted.
static GRANTED: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// An answer with tokens that stand nowhere by chance.
fn marked(login: &Login) -> Value {
    let mut login = login.clone();
    login.access_token = format!("searched-for-access-token-5f1c09d2-{}", login.access_token);
    login.refresh_token = format!("searched-for-refresh-token-5f1c09d2-{}", login.refresh_token);
    let tokens = honest::tokens(&login);
    let texts =
        ["access_token", "refresh_token", "id_token"].map(|name| tokens[name].as_str().unwrap_or_default().to_owned());
    GRANTED.lock().unwrap_or_else(PoisonError::into_inner).extend(texts);
    tokens
}

const MARKED: Scenario = Scenario { token: |login| Reply::json(marked(login)), ..Scenario::HONEST };

/// Tokens that are to be renewed as soon as they are there, and refresh tokens that serve once.
const SHORT: Scenario = Scenario {
    token: |login| Reply::json(honest::with(honest::tokens(login), "expires_in", 1.into())),
    rotation: Rotation::Strict,
    ..Scenario::HONEST
};

/// A resource server: which tokens it was shown.
#[derive(Clone, Default)]
struct Shown(Arc<Mutex<Vec<String>>>);

impl Shown {
    fn all(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn answer(State(shown): State<Shown>, uri: Uri, headers: HeaderMap) -> Response {
    let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    shown.0.lock().unwrap_or_else(PoisonError::into_inner).push(token.to_owned());
    match uri.path() {
        "/elsewhere" => (StatusCode::FOUND, [(header::LOCATION, "/there")]).into_response(),
        "/long" => "0123456789".repeat(50_000).into_response(),
        _ => "a thing".into_response(),
    }
}

/// Starts one; its origin.
async fn api() -> (String, Shown) {
    let shown = Shown::default();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("the loopback interface has a free port");
    let origin = format!("http://{}", listener.local_addr().expect("a listener has an address"));
    let router = Router::new().fallback(answer).with_state(shown.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (origin, shown)
}

fn in_rust(config: Value) -> Tokens {
    Tokens::InRust { config, has_keyring: true }
}

/// The configuration of a client of a server of these tests.
fn at(issuer: &str, origins: &[&str]) -> Value {
    json!({ "issuer": issuer, "clientId": "app", "scope": "openid", "resourceOrigins": origins })
}

/// Runs the body of an async function in the page, in which `client` is the client.
async fn page(machine: &Machine, body: &str) -> Value {
    let script = format!(
        "return (async () => {{ const {{ nativeClient }} = await import('/pkce-wasm/tauri.js'); const client = await nativeClient(); {body} }})();"
    );
    machine.app.browser.eval(&script).await
}

/// What a promise of the page is rejected with: the code, or `none`.
async fn code(machine: &Machine, promise: &str) -> String {
    let body = format!("return {promise}.then(() => 'none', (error) => error.code ?? String(error));");
    page(machine, &body).await.as_str().unwrap_or_default().to_owned()
}

async fn tier(machine: &Machine) -> String {
    page(machine, "return client.tier();").await.as_str().unwrap_or_default().to_owned()
}

/// Signs in at a server that lets everybody in.
async fn sign_in(machine: &Machine) {
    let url = machine.begin().await;
    machine.open(&machine.wave_through(&url).await);
    let page = machine.outcome("signed-in").await;
    assert!(page.signed_in, "{page:#?}");
}

#[tokio::test]
async fn tp1_na1_na3_tokens_in_rust_the_system_browser_signs_in_and_the_page_gets_claims() {
    let machine = Machine::start_with(RELAY, in_rust(json!({}))).await;
    let url = machine.begin().await;
    assert!(url.contains("redirect_uri=com.example.pkce-demo%3A%2Fcallback"), "{url}");
    let browser = machine.system_browser().await;
    machine.confirm(&browser, &url).await;
    machine.signed_in().await;
    assert_eq!(machine.app.demo.counters().await, ONE_TOKEN);
    assert_eq!(tier(&machine).await, "keyring");
    let user = page(&machine, "return (await client.session()).userinfo();").await;
    assert_eq!(user["sub"], "ada");
    assert_eq!(code(&machine, "(await client.session()).accessToken()").await, "token_not_exposed");

    // Another process of the application hands over and ends, and nothing else.
    let second = Command::new(machine.application())
        .arg("com.example.pkce-demo:/callback?code=a&state=b")
        .envs(machine.environment())
        .status();
    assert!(second.expect("the application can be started").success());
    assert_eq!(machine.processes().len(), 1);
    machine.outcome("other-login").await;
    assert!(!page(&machine, "return await client.session();").await.is_null());

    page(&machine, "await client.logout({ revoke: true });").await;
    assert!(page(&machine, "return await client.session();").await.is_null());
    let after = machine.app.reload().await;
    assert!(!after.signed_in, "{after:#?}");
}

#[tokio::test]
async fn tp1_tokens_in_rust_an_application_killed_meanwhile_is_started_by_the_redirect_and_signs_in() {
    let mut machine = Machine::start_with(RELAY, in_rust(json!({}))).await;
    let url = machine.begin().await;
    machine.kill().await;
    let browser = machine.system_browser().await;
    machine.confirm(&browser, &url).await;
    machine.tokens_granted(1).await;
    assert_eq!(machine.processes().len(), 1);
    machine.kept_in_keyring("session:").await;
    machine.kill().await;
    machine.restart(&[]).await;
    let page = machine.app.ready().await;
    assert!(page.signed_in, "{page:#?}");
    assert_eq!(machine.app.demo.counters().await, ONE_TOKEN);

    // Started by the redirect itself, the page is told of it.
    let url = machine.begin().await;
    machine.kill().await;
    machine.install("keeper", SCHEME, &machine.writing_to("redirects"));
    machine.confirm_again(&browser, &url).await;
    let redirect = machine.written("redirects", 0).await;
    machine.restart(&[&redirect]).await;
    machine.signed_in().await;
    machine.app.reload().await;
    machine.kill().await;
    machine.restart(&[&redirect]).await;
    let page = machine.outcome("already-completed").await;
    assert!(page.signed_in, "{page:#?}");
}

#[tokio::test]
async fn tp1_na5_na6_tokens_in_rust_a_port_of_this_machine_leads_back_and_is_closed_after_the_answer() {
    let machine = Machine::start_with(RELAY, in_rust(json!({ "redirectUri": "http://127.0.0.1/callback" }))).await;
    let url = machine.begin().await;
    let redirect_uri = machine.redirect_uri_in(&url);
    assert!(redirect_uri.starts_with("http://127.0.0.1:"), "{redirect_uri}");
    assert_eq!(machine.get(&format!("{redirect_uri}?code=a&state=b")).await, Some(200));
    let browser = machine.system_browser().await;
    machine.confirm(&browser, &url).await;
    machine.signed_in().await;
    browser.wait_for("h1").await;
    let closed = e2e::until(async || Ok::<_, ()>(machine.get(&redirect_uri).await.is_none().then_some(()))).await;
    closed.expect("the port is closed");
}

#[tokio::test]
async fn tp3_tokens_in_rust_twenty_who_ask_at_once_cause_one_refresh() {
    let (origin, shown) = api().await;
    let server = Server::start([("short", SHORT)]).await;
    let machine = Machine::start_with(RELAY, in_rust(at(&server.issuer("short"), &[&origin]))).await;
    sign_in(&machine).await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let script = format!(
        "const session = await client.session(); const asking = Array.from({{ length: 20 }}, () => session.fetch('{origin}/').then((answer) => answer.text())); return Promise.all(asking);"
    );
    let answers = page(&machine, &script).await;
    assert_eq!(answers, json!(vec!["a thing"; 20]));
    assert_eq!((server.refreshes().requests, server.refreshes().reused), (1, 0));
    assert_eq!(shown.all(), vec!["Bearer access-1.1"; 20]);
}

#[tokio::test]
async fn tp2_tokens_in_rust_a_keyring_that_is_locked_or_lost() {
    let mut machine = Machine::start_with(RELAY, in_rust(json!({}))).await;
    let url = machine.begin().await;
    let browser = machine.system_browser().await;
    machine.confirm(&browser, &url).await;
    machine.signed_in().await;

    machine.lock_keyring();
    assert_eq!(code(&machine, "client.session()").await, "storage_unavailable", "locked is not signed out");
    assert_eq!(code(&machine, "client.login()").await, "storage_unavailable");
    machine.stop_keyring();
    assert_eq!(code(&machine, "client.session()").await, "storage_unavailable", "gone is not signed out");
    machine.start_keyring();
    assert_eq!(page(&machine, "return (await client.session()).claims.sub;").await, "ada");
    assert_eq!(tier(&machine).await, "keyring");

    machine.lose_keyring();
    machine.start_keyring();
    assert!(
        page(&machine, "return await client.session();").await.is_null(),
        "without its keyring nobody is signed in"
    );
    let url = machine.begin().await;
    machine.confirm_again(&browser, &url).await;
    machine.signed_in().await;
}

#[tokio::test]
async fn tp2_tokens_in_rust_without_a_keyring_the_process_holds_them() {
    let mut machine = Machine::start_with(RELAY, Tokens::InRust { config: json!({}), has_keyring: false }).await;
    let url = machine.begin().await;
    let browser = machine.system_browser().await;
    machine.confirm(&browser, &url).await;
    machine.signed_in().await;
    assert_eq!(tier(&machine).await, "memory");
    let page = machine.app.reload().await;
    assert!(page.signed_in, "{page:#?}");
    machine.kill().await;
    machine.restart(&[]).await;
    let page = machine.app.ready().await;
    assert!(!page.signed_in, "{page:#?}");
}

/// What a script that has taken over the page tries.
const ATTACK: &str = r#"
const { invoke, Channel } = window.__TAURI__.core;
const ends = {};
const attempt = async (name, work) => {
  try {
    ends[name] = { given: JSON.stringify(await work()) ?? "nothing" };
  } catch (error) {
    ends[name] = { refused: String(error?.code ?? error) };
  }
};
const call = (url, change = {}) => invoke("plugin:pkce|fetch", {
  request: { id: 7, url, method: "GET", headers: [], body: null, manual: false, ...change }, body: new Channel(),
});
await attempt("token", () => invoke("plugin:pkce|access_token"));
await attempt("session", () => invoke("plugin:pkce|session"));
await attempt("listed", () => call(`${API}/`));
await attempt("elsewhere", () => call(`${OTHER}/`));
await attempt("hidden", () => call(`${API}@${OTHER.slice(7)}/`));
await attempt("redirect", () => call(`${API}/elsewhere`));
await attempt("token endpoint", () => call(`${ISSUER}/token`, { method: "POST" }));
await attempt("file", () => call("file:///etc/passwd"));
await attempt("own header", () => call(`${API}/`, { headers: [["authorization", "Bearer mine"]] }));
await attempt("own host", () => call(`${API}/`, { headers: [["host", "evil.example"]] }));
await attempt("trace", () => call(`${API}/`, { method: "TRACE" }));
await attempt("deep link", () => invoke("plugin:deep-link|get_current"));
await attempt("events", () => invoke("plugin:event|listen", { event: "deep-link://new-url", target: { kind: "Any" }, handler: 1 }));
await attempt("forged event", () => invoke("plugin:event|emit", { event: "deep-link://new-url", payload: ["com.example.pkce-demo:/callback?code=a&state=b"] }));
await attempt("opener", () => invoke("plugin:opener|open_url", { url: "https://evil.example" }));
await attempt("another window", () => invoke("plugin:webview|create_webview_window", { options: { label: "main", url: "index.html" } }));
await attempt("storage", async () => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, await indexedDB.databases()]));
await attempt("globals", async () => {
  const seen = new Set();
  const look = (value, depth) => {
    if (typeof value === "string") return [value];
    if (value === null || typeof value !== "object" || seen.has(value) || depth > 6 || value instanceof Node) return [];
    seen.add(value);
    return Object.getOwnPropertyNames(value).flatMap((name) => {
      try { return look(value[name], depth + 1); } catch { return []; }
    });
  };
  return look({ ...window, client, session: await client.session(), tauri: window.__TAURI__, inner: window.__TAURI_INTERNALS__ }, 0);
});
return ends;
"#;

#[tokio::test]
async fn tp5_a_hostile_page_gets_claims_and_requests_to_listed_origins_and_nothing_else() {
    let ((origin, shown), (other, other_shown)) = (api().await, api().await);
    let server = Server::start([("marked", MARKED)]).await;
    let issuer = server.issuer("marked");
    let machine = Machine::start_with(RELAY, in_rust(at(&issuer, &[&origin]))).await;
    sign_in(&machine).await;
    let script = format!("const API = '{origin}', OTHER = '{other}', ISSUER = '{issuer}'; {ATTACK}");
    let ends = page(&machine, &script).await;
    let given: Vec<_> = ends
        .as_object()
        .expect("every attempt has an end")
        .iter()
        .filter(|(_, end)| end.get("given").is_some())
        .map(|(name, _)| name.as_str())
        .collect();
    // Its own storage and globals are a page's own: no token is in them, as is seen below.
    let mut expected = ["globals", "listed", "session", "storage"];
    expected.sort_unstable();
    let mut found = given.clone();
    found.sort_unstable();
    assert_eq!(found, expected, "{ends:#}");
    for (name, refusal) in [
        ("elsewhere", "origin_refused"),
        ("hidden", "origin_refused"),
        ("token endpoint", "origin_refused"),
        ("file", "origin_refused"),
        ("redirect", "redirect_not_followed"),
        ("own header", "config_invalid"),
        ("own host", "config_invalid"),
        ("trace", "config_invalid"),
    ] {
        assert_eq!(ends[name]["refused"], refusal, "{name}");
    }
    for name in ["token", "deep link", "events", "forged event", "opener", "another window"] {
        let refusal = ends[name]["refused"].as_str().unwrap_or_default();
        assert!(refusal.contains("not allowed"), "{name}: {refusal}");
    }
    let text = ends.to_string();
    let granted = GRANTED.lock().unwrap_or_else(PoisonError::into_inner).clone();
    assert!(granted.len() >= 3, "{granted:?}");
    for token in granted.iter().map(String::as_str).chain(["searched-for"]) {
        assert!(!text.contains(token), "{token} in {text}");
    }
    assert_eq!(other_shown.all(), Vec::<String>::new());
    assert!(shown.all().iter().all(|token| token.starts_with("Bearer searched-for-access-token")), "{:?}", shown.all());
}

#[tokio::test]
async fn tp6_tokens_in_rust_are_neither_in_the_memory_of_the_webview_nor_in_its_profile() {
    let (origin, shown) = api().await;
    let server = Server::start([("marked", MARKED)]).await;
    let machine = Machine::start_with(RELAY, in_rust(at(&server.issuer("marked"), &[&origin]))).await;
    sign_in(&machine).await;
    // They are used, and the page is loaded again.
    let fetched = format!(
        "const session = await client.session(); return (await (await session.fetch('{origin}/long')).text()).length;"
    );
    assert_eq!(page(&machine, &fetched).await, 500_000);
    machine.app.reload().await;
    assert_eq!(page(&machine, &fetched).await, 500_000);
    assert_eq!(shown.all().len(), 2);

    let granted = GRANTED.lock().unwrap_or_else(PoisonError::into_inner).clone();
    assert!(granted.len() >= 3 && granted.iter().all(|token| token.len() > 40), "{granted:?}");
    // The same search finds what is there.
    page(&machine, "window.marked = ['a-text', 'that-is-there'].join('-');").await;
    let mut texts: Vec<_> = granted.iter().map(String::as_str).collect();
    texts.extend(["searched-for-", "a-text-that-is-there"]);
    let found = machine.search(&texts);
    assert!(
        !found.is_empty() && found.iter().all(|place| place.starts_with("a-text-that-is-there: process")),
        "{found:#?}"
    );
}

#[tokio::test]
async fn tokens_in_the_webview_are_in_its_memory_and_in_its_profile() {
    let server = Server::start([("marked", MARKED)]).await;
    let servers = json!([{
        "id": "demo", "label": "Demo server", "issuer": server.issuer("marked"), "clientId": "app",
        "redirectUri": "com.example.pkce-demo:/callback", "scope": "openid",
    }]);
    let machine = Machine::start_with(RELAY, Tokens::InWebView(Some(servers))).await;
    sign_in(&machine).await;
    machine.kept("pkce-wasm:2:s:").await;
    let granted = GRANTED.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let access_token = granted.iter().find(|token| token.starts_with("searched-for-access")).expect("one was granted");
    let found = machine.search(&[access_token]);
    assert!(found.iter().any(|place| place.contains(": process")), "{found:?}");
    assert!(found.iter().any(|place| place.contains("localstorage")), "{found:?}");
    assert_eq!(page_outcome(&machine).await, Outcome::of("signed-in"));
}

async fn page_outcome(machine: &Machine) -> Outcome {
    machine.app.ready().await.outcome
}
