//! The face in a real browser engine: run by `wasm-pack test`.
//!
//! `Client` below does what a caller of the face does: it keeps the records, sends the requests, and has signatures verified. For these it uses
//! the same files as the npm package.
#![cfg(target_arch = "wasm32")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "a test states what it expects by failing"
)]

use js_sys::{Array, Function, JSON, Object, Promise, Reflect};
use pkce_wasm::{Code, web};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

const ISSUER: &str = "https://as.example";
const REDIRECT_URI: &str = "https://app.example/callback";

#[wasm_bindgen(module = "/pkg/platform/transport.js")]
extern "C" {
    #[wasm_bindgen(catch)]
    async fn send(request: &JsValue, network: &JsValue, named: &JsValue) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(js_name = bodyOf)]
    fn body_of(answer: &str) -> String;
}

#[wasm_bindgen(module = "/pkg/platform/signature.js")]
extern "C" {
    #[wasm_bindgen(js_name = canVerify)]
    fn can_verify() -> bool;
}

#[wasm_bindgen(module = "/pkg/platform/wait.js")]
extern "C" {
    fn pause(milliseconds: u32) -> Promise;
}

#[wasm_bindgen(module = "/pkg/platform/claim.js")]
extern "C" {
    fn claim(name: &str, patience: u32, work: &Function) -> Promise;
}

#[wasm_bindgen(module = "/pkg/platform/own.js")]
extern "C" {
    fn own(object: &JsValue) -> JsValue;
}

#[wasm_bindgen(module = "/pkg/platform/storage.js")]
extern "C" {
    type Records;
    #[wasm_bindgen(constructor)]
    fn new() -> Records;

    fn tiers(config: &JsValue) -> JsValue;
}

#[wasm_bindgen(module = "/pkg/platform/records.js")]
extern "C" {
    #[wasm_bindgen(js_name = createPlace)]
    fn create_place(tier: &JsValue, memory: &Records, host: &JsValue, unavailable: &Function) -> JsValue;
}

#[wasm_bindgen(module = "/pkg/engine/json.js")]
extern "C" {
    #[wasm_bindgen(js_name = toJson)]
    fn to_json(value: &JsValue) -> String;
}

#[wasm_bindgen(module = "/pkg/client/kept.js")]
extern "C" {
    type Logins;
    #[wasm_bindgen(js_name = createLogins)]
    fn create_logins(ask: &Function, place: &JsValue) -> Logins;
    #[wasm_bindgen(method, catch)]
    fn begin(this: &Logins, key: &str, transaction: &str) -> Result<(), JsValue>;
    #[wasm_bindgen(method)]
    fn pending(this: &Logins, key: &str) -> Option<String>;
    #[wasm_bindgen(method)]
    fn remains(this: &Logins, key: &str) -> Option<String>;
    #[wasm_bindgen(method)]
    fn bury(this: &Logins, key: &str, remains: &str);
    #[wasm_bindgen(method)]
    fn restore(this: &Logins, key: &str, transaction: &str);

    type Sessions;
    #[wasm_bindgen(js_name = createSessions)]
    fn create_sessions(ask: &Function, place: &JsValue, owner: &str) -> Sessions;
    #[wasm_bindgen(method)]
    fn load(this: &Sessions) -> Option<String>;
    #[wasm_bindgen(method)]
    fn save(this: &Sessions, session: &str);
    #[wasm_bindgen(method)]
    fn remove(this: &Sessions);
}

#[wasm_bindgen(module = "/pkg/client/exchange.js")]
extern "C" {
    type Exchange;
    #[wasm_bindgen(js_name = createExchange)]
    fn create_exchange(parts: &JsValue) -> Exchange;
    #[wasm_bindgen(method, catch)]
    async fn send(this: &Exchange, request: &JsValue, network: &JsValue) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch, js_name = fetchKeys)]
    async fn fetch_keys(this: &Exchange, url: &str, network: &JsValue) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method)]
    fn lacks(this: &Exchange, url: &JsValue) -> bool;
    #[wasm_bindgen(method, catch)]
    async fn conclude(this: &Exchange, step: &JsValue, network: &JsValue, spent: bool) -> Result<JsValue, JsValue>;
}

#[wasm_bindgen(inline_js = r#"
export function recorder(answers) {
  const sent = [];
  return {
    sent,
    answers,
    opened: [],
    fetch(url, init) {
      sent.push({ url, init });
      const [status, type, body] = answers.shift();
      if (status === 0) return Promise.reject(new TypeError("offline"));
      return Promise.resolve(new Response(body, { status, headers: { "content-type": type } }));
    },
  };
}
export function silent() {
  return { timeout: 20, fetch: (url, init) => new Promise((_, reject) => init.signal.addEventListener("abort", () => reject(init.signal.reason))) };
}
const base64url = (text) => btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const ES256 = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
let pair;
export async function keySet() {
  pair ??= await crypto.subtle.generateKey(ES256, true, ["sign", "verify"]);
  const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", pair.publicKey);
  return JSON.stringify({ keys: [{ kty, crv, x, y, kid: "1" }] });
}
export async function idToken(claims, kid) {
  await keySet();
  const input = [{ alg: "ES256", kid }, claims].map((part) => base64url(JSON.stringify(part))).join(".");
  const signature = await crypto.subtle.sign(ES256, pair.privateKey, new TextEncoder().encode(input));
  return [input, base64url(String.fromCharCode(...new Uint8Array(signature)))].join(".");
}
const MISSING = { locks: navigator, indexedDB: globalThis, subtle: crypto };
const hidden = new Map();
export function hide(name) {
  hidden.set(name, Object.getOwnPropertyDescriptor(MISSING[name], name));
  Object.defineProperty(MISSING[name], name, { value: undefined, configurable: true });
}
export function show(name) {
  delete MISSING[name][name];
  if (hidden.get(name)) Object.defineProperty(MISSING[name], name, hidden.get(name));
}
const { now } = Date;
export function stopClock(seconds) {
  Date.now = seconds === undefined ? now : () => 1000 * seconds;
}
export function worker(length) {
  const seen = { inside: 0, most: 0, done: 0 };
  const ended = length === undefined ? new Promise((end) => { seen.end = end; }) : undefined;
  seen.work = async (waited) => {
    seen.waited = waited;
    seen.inside += 1;
    seen.most = Math.max(seen.most, seen.inside);
    await (ended ?? new Promise((done) => setTimeout(done, length)));
    seen.inside -= 1;
    seen.done += 1;
  };
  seen.fail = async () => { throw new Error("failed"); };
  return seen;
}
export function leaveClaim(name, age) {
  return new Promise((done, failed) => {
    const opening = indexedDB.open("pkce-wasm", 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("claims");
    opening.onerror = () => failed(opening.error);
    opening.onsuccess = () => {
      const transaction = opening.result.transaction("claims", "readwrite");
      transaction.objectStore("claims").put({ holder: "gone", at: Date.now() - age }, name);
      transaction.oncomplete = () => { opening.result.close(); done(); };
    };
  });
}
"#)]
extern "C" {
    fn recorder(answers: Array) -> JsValue;
    fn silent() -> JsValue;
    #[wasm_bindgen(js_name = idToken)]
    fn id_token(claims: JsValue, kid: &str) -> Promise;
    #[wasm_bindgen(js_name = keySet)]
    fn key_set() -> Promise;
    fn hide(name: &str);
    fn show(name: &str);
    #[wasm_bindgen(js_name = stopClock)]
    fn stop_clock(seconds: Option<f64>);
    fn worker(length: Option<u32>) -> JsValue;
    #[wasm_bindgen(js_name = leaveClaim)]
    fn leave_claim(name: &str, age: f64) -> Promise;
}

fn get(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap()
}

fn set(object: &JsValue, name: &str, value: &JsValue) {
    Reflect::set(object, &name.into(), value).unwrap();
}

fn text(object: &JsValue, name: &str) -> String {
    get(object, name).as_string().unwrap_or_default()
}

fn json(text: &str) -> JsValue {
    JSON::parse(text).unwrap()
}

fn js<T: JsCast>(text: &str) -> T {
    JsValue::from(text).unchecked_into()
}

fn text_of(error: &JsValue) -> String {
    text(error, "code")
}

/// Calls a function of the face by its name in JavaScript; its object, or the object of its error.
fn ask(name: &str, texts: &[&str]) -> Result<JsValue, JsValue> {
    let text = |place: usize| js(texts.get(place).copied().unwrap_or_default());
    let answer = match name {
        "setup" => web::setup(text(0), text(1)),
        "discovery" => web::discovery(text(0), text(1)),
        "metadata" => web::metadata(text(0), text(1), text(2)),
        "begin" => web::begin(text(0), text(1), text(2)),
        "callback" => web::callback(text(0), text(1)),
        "arrive" => web::arrive(text(0), text(1), text(2), text(3)),
        "interrupted" => web::interrupted(text(0), text(1)),
        "finish" => web::finish(text(0), text(1), text(2)),
        "keys" => web::keys(text(0)),
        "check" => web::check(text(0), text(1), text(2), text(3)),
        "conclude" => web::conclude(text(0), text(1), text(2)),
        "end" => web::end(text(0), text(1), text(2)),
        "session" => web::session(text(0)),
        "sessionTokens" => web::session_tokens(text(0), text(1)),
        "refresh" => web::refresh(text(0), text(1)),
        "finishRefresh" => web::finish_refresh(text(0), text(1), text(2)),
        "settle" => web::settle(text(0), text(1), text(2)),
        "logout" => web::logout(text(0), text(1), text(2)),
        "resource" => web::resource(text(0), text(1)),
        "refusal" => web::refusal(text(0), text(1), text(2), text(3)),
        "fromTokens" => web::from_tokens(text(0)),
        "sweep" => web::sweep(text(0)),
        "redeem" => web::redeem(text(0), text(1), text(2)),
        _ => panic!("{name} is not asked in these tests"),
    };
    asked(answer.into())
}

/// The object of a text, or of its error.
fn asked(answer: JsValue) -> Result<JsValue, JsValue> {
    let answer = json(&answer.as_string().unwrap());
    let error = get(&answer, "error");
    if error.is_undefined() { Ok(answer) } else { Err(error) }
}

/// The same for JavaScript.
fn asking() -> Function {
    let closure = Closure::<dyn FnMut(String, JsValue, JsValue, JsValue, JsValue) -> Result<JsValue, JsValue>>::new(
        |name: String, first: JsValue, second: JsValue, third: JsValue, fourth: JsValue| {
            let texts = [first, second, third, fourth].map(|text| text.as_string().unwrap_or_default());
            ask(&name, &texts.each_ref().map(String::as_str))
        },
    );
    closure.into_js_value().unchecked_into()
}

/// Sends a request; a promise of the answer.
fn sending() -> Function {
    let closure = Closure::<dyn FnMut(JsValue, JsValue) -> Promise>::new(|request: JsValue, network: JsValue| {
        wasm_bindgen_futures::future_to_promise(async move { send(&request, &network, &named()).await })
    });
    closure.into_js_value().unchecked_into()
}

/// The body of an answer.
fn reading() -> Function {
    Closure::<dyn FnMut(String) -> String>::new(|answer: String| body_of(&answer)).into_js_value().unchecked_into()
}

/// An error that the face does not make itself.
fn named() -> Function {
    let closure = Closure::<dyn FnMut(String) -> JsValue>::new(|name: String| {
        let error = Object::new().into();
        set(&error, "code", &name.as_str().into());
        set(&error, "retryable", &code(&name).retryable().into());
        error
    });
    closure.into_js_value().unchecked_into()
}

fn unavailable() -> Function {
    named().bind1(&JsValue::NULL, &"storage_unavailable".into()).unchecked_into()
}

fn code(name: &str) -> Code {
    Code::ALL.iter().copied().find(|code| code.name() == name).unwrap()
}

fn metadata() -> JsValue {
    json(
        r#"{"issuer":"https://as.example","authorization_endpoint":"https://as.example/auth",
        "token_endpoint":"https://as.example/token","userinfo_endpoint":"https://as.example/me",
        "revocation_endpoint":"https://as.example/revoke","jwks_uri":"https://as.example/jwks","code_challenge_methods_supported":["S256"],
        "authorization_response_iss_parameter_supported":true}"#,
    )
}

/// The same with a place to sign out at.
fn metadata_with_end_session() -> JsValue {
    let metadata = metadata();
    set(&metadata, "end_session_endpoint", &format!("{ISSUER}/signoff").into());
    metadata
}

/// The configuration of a client id, which is a test's own.
fn config(client_id: &str) -> JsValue {
    let config = Object::new().into();
    for (name, value) in [("issuer", ISSUER), ("clientId", client_id), ("redirectUri", REDIRECT_URI)] {
        set(&config, name, &value.into());
    }
    config
}

fn set_up(config: &JsValue, metadata: &JsValue) -> Result<JsValue, JsValue> {
    ask("setup", &[&to_json(&own(config)), &to_json(metadata)])
}

fn callback(state: &str) -> String {
    format!("{REDIRECT_URI}?code=the-code&state={state}&iss=https%3A%2F%2Fas.example")
}

/// The name under which the records of a callback's login are kept.
fn key(client: &Client, url: &str) -> Option<String> {
    get(&client.ask("callback", &[url]).unwrap(), "key").as_string()
}

/// Who calls the face: it keeps the records, and sends the requests.
struct Client {
    config: JsValue,
    setup: String,
    logins: Logins,
    sessions: Sessions,
    host: JsValue,
    exchange: Exchange,
}

/// What becomes of a callback that was looked at.
struct Look {
    key: String,
    arrival: JsValue,
    pending: String,
    /// Whether the keys are to be fetched before the code is spent.
    lacks: bool,
}

impl Client {
    fn new(client_id: &str) -> Self {
        Self::with(config(client_id), &metadata(), &host(&[]))
    }

    fn with(config: JsValue, metadata: &JsValue, host: &JsValue) -> Self {
        Self::beside(config, metadata, host, &Records::new(), &JsValue::UNDEFINED)
    }

    /// One of a page with this memory, whose host keeps those records.
    fn beside(config: JsValue, metadata: &JsValue, host: &JsValue, memory: &Records, records: &JsValue) -> Self {
        // A test that failed may have left it standing.
        stop_clock(None);
        let checked = set_up(&config, metadata).unwrap();
        let tiers = tiers(&config);
        let place = |name: &str| create_place(&get(&tiers, name), memory, records, &unavailable());
        let parts = Object::new().into();
        set(&parts, "ask", &asking());
        set(&parts, "named", &named());
        set(&parts, "send", &sending());
        set(&parts, "bodyOf", &reading());
        Self {
            setup: text(&checked, "setup"),
            logins: create_logins(&asking(), &place("transactions")),
            sessions: create_sessions(&asking(), &place("session"), &text(&checked, "owner")),
            host: host.clone(),
            exchange: create_exchange(&parts),
            config,
        }
    }

    /// Asks with the setup of this client.
    fn ask(&self, name: &str, texts: &[&str]) -> Result<JsValue, JsValue> {
        ask(name, &[&[self.setup.as_str()], texts].concat())
    }

    fn network(&self) -> JsValue {
        network(&self.host)
    }

    /// Begins a login; its state.
    fn begin(&self) -> String {
        self.try_begin().unwrap()
    }

    fn try_begin(&self) -> Result<String, JsValue> {
        let begun = self.ask("begin", &[r#"{"returnTo":"/inbox"}"#])?;
        self.logins.begin(&text(&begun, "key"), &text(&begun, "transaction"))?;
        get(&self.host, "opened").unchecked_into::<Array>().push(&get(&begun, "url"));
        Ok(text(&begun, "state"))
    }

    /// Looks at a callback; a login whose code may be sent is claimed.
    fn look(&self, url: &str) -> Look {
        let key = key(self, url).unwrap_or_default();
        let pending = self.logins.pending(&key).unwrap_or_default();
        let remains = self.logins.remains(&key).unwrap_or_default();
        let arrival = self.ask("arrive", &[url, &pending, &remains]).unwrap();
        let lacks = self.exchange.lacks(&get(&arrival, "keys"));
        if let (false, Some(remains)) = (lacks, get(&arrival, "remains").as_string()) {
            self.logins.bury(&key, &remains);
        }
        Look { key, arrival, pending, lacks }
    }

    /// The same when the keys were fetched.
    async fn look_with_keys(&self, url: &str) -> Look {
        push_keys(&self.host).await;
        let first = self.look(url);
        self.exchange.fetch_keys(&text(&first.arrival, "keys"), &self.network()).await.unwrap();
        self.look(url)
    }

    /// From a callback to its outcome.
    async fn handled(&self, url: &str) -> JsValue {
        let mut look = self.look(url);
        if look.lacks {
            if let Err(error) = self.exchange.fetch_keys(&text(&look.arrival, "keys"), &self.network()).await {
                return self.ended(&look, Err(error), false);
            }
            look = self.look(url);
        }
        let outcome = get(&look.arrival, "outcome");
        if outcome.is_undefined() { self.redeemed(look).await } else { outcome }
    }

    /// Sends the code of a login that was claimed; its outcome.
    async fn redeemed(&self, look: Look) -> JsValue {
        let network = self.network();
        let kept = async {
            let answer = self.exchange.send(&look.arrival, &network).await?.as_string().unwrap();
            let step = self.ask("finish", &[&look.pending, &answer])?;
            self.exchange.conclude(&step, &network, true).await
        };
        let kept = kept.await;
        if let Ok(kept) = &kept {
            self.sessions.save(&text(kept, "session"));
        }
        self.ended(&look, kept, true)
    }

    /// Keeps what remains of a login; its outcome.
    fn ended(&self, look: &Look, kept: Result<JsValue, JsValue>, is_claimed: bool) -> JsValue {
        let failed = kept.as_ref().err().map_or_else(|| "{}".to_owned(), failed);
        let ended = self.ask("end", &[&look.pending, &failed]).unwrap();
        match get(&ended, "remains").as_string() {
            Some(remains) if is_claimed => self.logins.bury(&look.key, &remains),
            None if is_claimed => self.logins.restore(&look.key, &look.pending),
            _ => {}
        }
        let outcome = Object::new().into();
        set(&outcome, "returnTo", &get(&ended, "returnTo"));
        match kept {
            Ok(kept) => {
                set(&outcome, "status", &"signed-in".into());
                set(&outcome, "tokens", &get(&kept, "tokens"));
            }
            Err(error) => {
                set(&outcome, "status", &"refused".into());
                set(&outcome, "error", &error);
                set(&outcome, "restart", &get(&ended, "restart"));
            }
        }
        outcome
    }

    /// The tokens that are kept; undefined when there are none.
    fn session(&self) -> JsValue {
        get(&ask("session", &[&self.sessions.load().unwrap_or_default()]).unwrap(), "tokens")
    }

    /// Forgets the session, and then asks where to send the user.
    fn logout(&self, options: &str) -> Result<JsValue, JsValue> {
        let session = self.sessions.load().unwrap_or_default();
        self.sessions.remove();
        self.ask("logout", &[&session, options])
    }

    /// What is to be done for whoever wants other tokens than those that are spent.
    fn session_tokens(&self, spent: &str) -> Result<JsValue, JsValue> {
        let session = self.sessions.load().unwrap_or_default();
        ask("sessionTokens", &[&session, &format!(r#"{{"spent":"{spent}"}}"#)])
    }

    /// Writes down that a refresh is sent; its request.
    fn begin_refresh(&self) -> JsValue {
        let begun = self.ask("refresh", &[&self.sessions.load().unwrap()]).unwrap();
        self.sessions.save(&text(&begun, "session"));
        begun
    }

    /// Sends it and keeps what it came to; the access token.
    async fn refreshed(&self, begun: &JsValue) -> Result<String, JsValue> {
        let (network, sent) = (self.network(), text(begun, "session"));
        let fresh = async {
            let answer = self.exchange.send(begun, &network).await?.as_string().unwrap();
            let step = self.ask("finishRefresh", &[&sent, &answer])?;
            self.exchange.conclude(&step, &network, true).await
        };
        let fresh = fresh.await;
        let how = fresh.as_ref().err().map_or_else(|| "{}".to_owned(), failed);
        let settled = ask("settle", &[&sent, &self.sessions.load().unwrap_or_default(), &how])?;
        if let Some(session) = get(&settled, "session").as_string() {
            self.sessions.save(&session);
        }
        if get(&settled, "ended").is_truthy() {
            self.sessions.remove();
        }
        match fresh {
            Ok(fresh) if get(&settled, "fresh").is_truthy() => {
                self.sessions.save(&text(&fresh, "session"));
                Ok(text(&get(&fresh, "tokens"), "accessToken"))
            }
            fresh => {
                let error = fresh.err().unwrap_or_else(|| Object::new().into());
                for name in ["code", "retryAfter"] {
                    let value = get(&settled, name);
                    if !value.is_undefined() {
                        set(&error, name, &value);
                    }
                }
                Err(error)
            }
        }
    }

    /// The access token, refreshed when that is needed.
    async fn access_token(&self, spent: &str) -> Result<String, JsValue> {
        let step = self.session_tokens(spent)?;
        let tokens = get(&step, "tokens");
        if tokens.is_undefined() {
            self.refreshed(&self.begin_refresh()).await
        } else {
            Ok(text(&tokens, "accessToken"))
        }
    }

    fn client_id(&self) -> String {
        text(&self.config, "clientId")
    }

    /// Puts the keys and an answer with tokens into the queue of the server.
    async fn push_answer(&self) {
        push_keys(&self.host).await;
        self.push_tokens("1").await;
    }

    /// Tokens whose ID token is by the key of that name.
    async fn push_tokens(&self, kid: &str) {
        let nonce = opened(&self.host).search_params().get("nonce").unwrap();
        let (client_id, now) = (self.client_id(), (js_sys::Date::now() / 1000.0).floor());
        let claims = json(&format!(
            r#"{{"iss":"{ISSUER}","aud":"{client_id}","sub":"ada","exp":{},"iat":{now},"nonce":"{nonce}"}}"#,
            now + 300.0
        ));
        let body = format!(
            r#"{{"access_token":"at","token_type":"Bearer","expires_in":60,"refresh_token":"rt","id_token":"{}"}}"#,
            JsFuture::from(id_token(claims, kid)).await.unwrap().as_string().unwrap()
        );
        push(&self.host, 200, &body);
    }

    /// Signs in.
    async fn sign_in(&self) {
        let state = self.begin();
        self.push_answer().await;
        assert_eq!(text(&self.handled(&callback(&state)).await, "status"), "signed-in");
    }

    fn sent(&self) -> u32 {
        sent(&self.host)
    }
}

/// How an operation failed, for the face.
fn failed(error: &JsValue) -> String {
    let failed = Object::new().into();
    for name in ["code", "retryAfter", "oauthError"] {
        set(&failed, name, &get(error, name));
    }
    to_json(&failed)
}

/// A server that answers with what is put into its queue.
fn host(rows: &[(u16, &str, &str)]) -> JsValue {
    let answers = rows
        .iter()
        .map(|(status, content_type, body)| Array::of3(&(*status).into(), &(*content_type).into(), &(*body).into()))
        .collect();
    recorder(answers)
}

fn push(host: &JsValue, status: u16, body: &str) {
    let queue: Array = get(host, "answers").unchecked_into();
    queue.push(&Array::of3(&status.into(), &"application/json".into(), &body.into()));
}

async fn push_keys(host: &JsValue) {
    let keys = JsFuture::from(key_set()).await.unwrap();
    push(host, 200, &keys.as_string().unwrap());
}

fn network(host: &JsValue) -> JsValue {
    let network = Object::new().into();
    let fetch: Function = get(host, "fetch").unchecked_into();
    set(&network, "fetch", &fetch.bind0(host));
    set(&network, "timeout", &30_000.into());
    network
}

/// The last URL that the user was sent to.
fn opened(host: &JsValue) -> web_sys::Url {
    let opened: Array = get(host, "opened").unchecked_into();
    web_sys::Url::new(&opened.get(opened.length() - 1).as_string().unwrap()).unwrap()
}

fn sent(host: &JsValue) -> u32 {
    get(host, "sent").unchecked_into::<Array>().length()
}

fn derive(verifier: &str) -> String {
    web::derive_challenge(js(verifier)).as_string().unwrap()
}

fn belongs(verifier: &str, challenge: &str, plain: bool) -> bool {
    web::verify_challenge(js(verifier), js(challenge), plain)
}

fn pair(length: usize) -> (String, String) {
    let mut verifier = web::generate_pair_text(length).as_string().unwrap();
    let challenge = verifier.split_off(length);
    (verifier, challenge)
}

#[wasm_bindgen_test]
fn pk3_the_vector_of_rfc_7636_appendix_b() {
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    assert_eq!(derive(verifier), challenge);
    assert!(belongs(verifier, challenge, false));
    assert!(!belongs(challenge, challenge, false));
    assert!(belongs(verifier, verifier, true));
    for foreign in ["", "short", "é", &"é".repeat(43), &"\u{100}".repeat(43), &"~".repeat(129)] {
        assert!(!belongs(foreign, foreign, true), "{foreign}");
    }
}

#[wasm_bindgen_test]
fn pk1_lengths_and_alphabet() {
    for length in 43..=128 {
        let (verifier, challenge) = pair(length);
        assert_eq!(verifier.len(), length);
        assert_eq!(derive(&verifier), challenge);
        assert!(verifier.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)));
    }
}

#[wasm_bindgen_test]
fn pk7_every_pair_is_new_and_fits() {
    let mut seen = std::collections::HashSet::new();
    for _ in 0..1000 {
        let (verifier, challenge) = pair(43);
        assert!(belongs(&verifier, &challenge, false));
        assert!(seen.insert(verifier));
    }
}

#[wasm_bindgen_test]
fn pk5_pk6_the_authorization_url_shows_the_challenge_and_not_the_verifier() {
    let client = Client::new("begin");
    let request = client
        .ask(
            "begin",
            &[r#"{"uiLocales":"de en","claims":{"userinfo":{"email":null}},"resource":"https://a.example/ https://b.example/",
            "authorizationDetails":[{"type":"payment","amount":"1.50"}],"extraParameters":{"audience":"c&d"}}"#],
        )
        .unwrap();
    let url = web_sys::Url::new(&text(&request, "url")).unwrap();
    let parameter = |name: &str| url.search_params().get(name);
    assert_eq!(parameter("response_type").unwrap(), "code");
    assert_eq!(parameter("client_id").unwrap(), "begin");
    assert_eq!(parameter("redirect_uri").unwrap(), REDIRECT_URI);
    assert_eq!(parameter("code_challenge_method").unwrap(), "S256");
    assert_eq!(parameter("ui_locales").unwrap(), "de en");
    assert_eq!(parameter("claims").unwrap(), r#"{"userinfo":{"email":null}}"#);
    let resources: Vec<_> = url.search_params().get_all("resource").iter().filter_map(|one| one.as_string()).collect();
    assert_eq!(resources, ["https://a.example/", "https://b.example/"]);
    assert_eq!(parameter("authorization_details").unwrap(), r#"[{"type":"payment","amount":"1.50"}]"#);
    assert_eq!(parameter("audience").unwrap(), "c&d");
    assert_eq!(parameter("state").unwrap(), text(&request, "state"));
    let (transaction, challenge) = (text(&request, "transaction"), parameter("code_challenge").unwrap());
    let verifier = transaction.lines().find(|line| belongs(line, &challenge, false)).unwrap();
    assert!(!text(&request, "url").contains(verifier));
}

#[wasm_bindgen_test]
fn a_wrong_configuration_names_its_member() {
    let config = config("wrong");
    set(&config, "scope", &7.into());
    let error = set_up(&config, &metadata()).unwrap_err();
    assert_eq!((text_of(&error), text(&error, "subject")), ("config_invalid".into(), "scope".into()));
}

#[wasm_bindgen_test]
async fn a_login_completes_once_and_its_callback_stays_completed() {
    let client = Client::new("once");
    let state = client.begin();
    client.push_answer().await;

    let first = client.handled(&callback(&state)).await;
    assert_eq!(text(&first, "status"), "signed-in");
    assert_eq!(text(&first, "returnTo"), "/inbox");
    assert_eq!(text(&get(&get(&first, "tokens"), "claims"), "sub"), "ada");
    assert_eq!(text(&get(&first, "tokens"), "idTokenVerifiedBy"), "signature");
    assert_eq!(client.sent(), 2);

    let again = client.handled(&callback(&state)).await;
    assert_eq!(text(&again, "status"), "already-completed");
    assert_eq!(text(&again, "returnTo"), "/inbox");
    assert_eq!(client.sent(), 2);

    assert_eq!(text(&client.session(), "accessToken"), "at");
    client.sessions.remove();
    assert!(client.session().is_undefined());
}

#[wasm_bindgen_test]
async fn rv4_lo3_a_sign_out_forgets_the_session_also_when_the_server_cannot_end_it() {
    for (name, server, options, code) in [
        ("no-endpoint", metadata(), "{}", "endpoint_missing"),
        ("bad-path", metadata_with_end_session(), r#"{"returnTo":"//evil.example"}"#, "return_to_refused"),
    ] {
        let client = Client::with(config(name), &server, &host(&[]));
        client.sign_in().await;
        assert_eq!(text_of(&client.logout(options).unwrap_err()), code);
        assert!(client.session().is_undefined(), "{name}");
    }
}

#[wasm_bindgen_test]
async fn lo2_a_sign_out_is_known_by_its_own_state_and_disturbs_no_login() {
    let config = config("leaving");
    set(&config, "postLogoutRedirectUri", &"https://app.example/bye".into());
    let client = Client::with(config, &metadata_with_end_session(), &host(&[]));
    client.sign_in().await;
    let done = opened(&client.host).search_params().get("state").unwrap();
    let pending = client.begin();

    let left = client.logout(r#"{"returnTo":"/welcome"}"#).unwrap();
    client.logins.bury(&text(&left, "key"), &text(&left, "remains"));
    let url = web_sys::Url::new(&text(&left, "url")).unwrap();
    let parameter = |name: &str| url.search_params().get(name);
    assert_eq!(parameter("post_logout_redirect_uri").unwrap(), "https://app.example/bye");
    assert!(parameter("id_token_hint").is_some());

    let back = |query: &str| {
        let Look { arrival, .. } = client.look(&format!("https://app.example/bye{query}"));
        let outcome = get(&arrival, "outcome");
        (text(&outcome, "status"), get(&arrival, "address").as_string(), outcome)
    };
    for query in ["", "?state=", "?state=another", &format!("?state={pending}"), &format!("?state={done}")] {
        let (status, address, _) = back(query);
        assert_eq!((status.as_str(), address), ("none", None), "{query}");
    }
    for _ in 0..2 {
        let (status, address, outcome) = back(&format!("?state={}", parameter("state").unwrap()));
        assert_eq!((status.as_str(), address.as_deref()), ("signed-out", Some("https://app.example/bye")));
        assert_eq!(text(&outcome, "returnTo"), "/welcome");
    }
    // The keys are there still.
    client.push_tokens("1").await;
    assert_eq!(text(&client.handled(&callback(&pending)).await, "status"), "signed-in", "the login goes on");
}

#[wasm_bindgen_test]
async fn the_token_request_is_sent_without_credentials_referrer_cache_or_redirects() {
    let client = Client::new("request");
    client.sign_in().await;

    let request = get(&client.host, "sent").unchecked_into::<Array>().get(1);
    let init = get(&request, "init");
    assert_eq!(text(&request, "url"), "https://as.example/token");
    assert_eq!(text(&init, "method"), "POST");
    for (name, value) in
        [("redirect", "manual"), ("credentials", "omit"), ("referrerPolicy", "no-referrer"), ("cache", "no-store")]
    {
        assert_eq!(text(&init, name), value);
    }
    let form = web_sys::UrlSearchParams::new_with_str(&text(&init, "body")).unwrap();
    assert_eq!(form.get("code").unwrap(), "the-code");
    assert_eq!(form.get("grant_type").unwrap(), "authorization_code");
    assert_eq!(form.get("redirect_uri").unwrap(), REDIRECT_URI);
    let challenge = opened(&client.host).search_params().get("code_challenge").unwrap();
    assert_eq!(derive(&form.get("code_verifier").unwrap()), challenge);
}

#[wasm_bindgen_test]
async fn a_network_blip_can_be_repeated_and_a_refusal_cannot() {
    let client = Client::new("blip");
    let state = client.begin();
    push_keys(&client.host).await;
    for (status, body) in [(0, ""), (500, "down"), (400, r#"{"error":"invalid_grant"}"#)] {
        push(&client.host, status, body);
    }
    for code in ["network_failed", "server_error", "token_refused"] {
        let outcome = client.handled(&callback(&state)).await;
        assert_eq!(text(&outcome, "status"), "refused");
        assert_eq!(text_of(&get(&outcome, "error")), code);
    }
    let again = client.handled(&callback(&state)).await;
    assert_eq!(text_of(&get(&again, "error")), "token_refused");
    assert_eq!(get(&again, "restart"), JsValue::TRUE, "as it was said the first time");
    assert_eq!(client.sent(), 4, "the keys once, the code three times");
}

#[wasm_bindgen_test]
async fn ac7_a_forged_state_belongs_to_another_login() {
    let client = Client::new("forged");
    client.begin();
    let outcome = client.handled(&callback("forged")).await;
    assert_eq!(text(&outcome, "status"), "other-login");
    assert_eq!(text_of(&get(&outcome, "error")), "transaction_not_found");
    let nothing = client.handled("https://app.example/").await;
    assert_eq!(text(&nothing, "status"), "none");
    assert_eq!(client.sent(), 0);
}

#[wasm_bindgen_test]
async fn is1_a_wrong_iss_is_refused_and_the_true_answer_still_completes() {
    let client = Client::new("mixed-up");
    let state = client.begin();
    client.push_answer().await;
    let mixed_up = format!("{REDIRECT_URI}?code=x&state={state}&iss=https%3A%2F%2Fevil.example");
    let outcome = client.handled(&mixed_up).await;
    assert_eq!(text_of(&get(&outcome, "error")), "response_issuer_mismatch");
    assert_eq!(client.sent(), 0);
    let outcome = client.handled(&callback(&state)).await;
    assert_eq!(text(&outcome, "status"), "signed-in");
}

/// Looks for the metadata of an issuer: its own words.
async fn discover(issuer: &str, network: &JsValue) -> Result<JsValue, JsValue> {
    let places = ask("discovery", &[issuer, "{}"])?;
    let look = async |place: &str| {
        let request = Object::new().into();
        set(&request, "url", &get(&places, place));
        let answer = send(&request, network, &named()).await?.as_string().unwrap();
        ask("metadata", &[issuer, "{}", &answer])?;
        Ok(json(&body_of(&answer)))
    };
    match look("openid").await {
        Err(error) if text_of(&error) == "metadata_not_found" => look("oauth").await,
        found => found,
    }
}

#[wasm_bindgen_test]
async fn discovery_asks_both_places_and_compares_the_issuer() {
    let document = r#"{"issuer":"https://as.example/t","authorization_endpoint":"https://as.example/auth","token_endpoint":"https://as.example/token"}"#;
    let look = async |rows: &[(u16, &str, &str)]| {
        let host = host(rows);
        let found = discover("https://as.example/t", &network(&host)).await;
        (host, found)
    };
    let (host, found) = look(&[(404, "text/plain", ""), (200, "application/json; charset=utf-8", document)]).await;
    assert_eq!(text(&found.unwrap(), "issuer"), "https://as.example/t");
    let urls: Vec<String> =
        get(&host, "sent").unchecked_into::<Array>().iter().map(|request| text(&request, "url")).collect();
    assert_eq!(
        urls,
        [
            "https://as.example/t/.well-known/openid-configuration",
            "https://as.example/.well-known/oauth-authorization-server/t"
        ]
    );

    for (rows, code) in [
        (vec![(404, "text/plain", ""), (404, "text/plain", "")], "metadata_not_found"),
        (vec![(200, "text/html", "<html>")], "metadata_invalid"),
        (vec![(200, "application/json", "<html>")], "metadata_invalid"),
        (vec![(200, "application/json", r#"{"issuer":"https://as.example/T"}"#)], "issuer_mismatch"),
        (vec![(503, "text/plain", "")], "server_error"),
        (vec![(0, "", "")], "network_failed"),
    ] {
        let (_, found) = look(&rows).await;
        assert_eq!(text_of(&found.unwrap_err()), code);
    }
}

#[wasm_bindgen_test]
async fn a_server_that_never_answers_is_given_up() {
    assert_eq!(text_of(&discover(ISSUER, &silent()).await.unwrap_err()), "timed_out");
}

#[wasm_bindgen_test]
async fn an_expired_access_token_is_refreshed_and_only_invalid_grant_ends_the_session() {
    let client = Client::new("refresh");
    client.sign_in().await;
    for (status, body) in [
        (200, r#"{"access_token":"at2","token_type":"bearer","expires_in":0}"#),
        (503, "{}"),
        (200, r#"{"access_token":"at3","token_type":"bearer","expires_in":0,"refresh_token":"rt3"}"#),
        (400, r#"{"error":"invalid_grant"}"#),
    ] {
        push(&client.host, status, body);
    }
    let kept = |name: &str| text(&client.session(), name);
    // The clock goes when the test says so.
    let mut now = (js_sys::Date::now() / 1000.0).floor();
    stop_clock(Some(now));
    assert_eq!(client.access_token("").await.unwrap(), "at");
    // To be told so sends nothing.
    let look = client.session_tokens("at").unwrap();
    assert!(get(&look, "refresh").is_truthy() && get(&look, "tokens").is_undefined());
    assert_eq!(client.access_token("at").await.unwrap(), "at2");
    assert_eq!(kept("refreshToken"), "rt");
    let error = client.access_token("").await.unwrap_err();
    assert_eq!(text_of(&error), "server_error");
    let before = client.sent();
    assert_eq!(text_of(&client.session_tokens("").unwrap_err()), "server_error", "it is not asked again at once");
    assert_eq!(text_of(&client.access_token("").await.unwrap_err()), "server_error");
    assert_eq!(client.sent(), before);
    let wait = get(&error, "retryAfter").as_f64().unwrap();
    assert!((1.0..=2.0).contains(&wait), "{wait}");
    now += wait;
    stop_clock(Some(now));
    assert_eq!(client.access_token("").await.unwrap(), "at3");
    assert_eq!(kept("refreshToken"), "rt3");
    let error = client.access_token("").await.unwrap_err();
    assert_eq!((text_of(&error), text(&error, "oauthError")), ("session_expired".into(), "invalid_grant".into()));
    assert!(client.session().is_undefined());
    stop_clock(None);
}

#[wasm_bindgen_test]
async fn sb3_a_refresh_is_written_down_before_it_is_sent_and_brings_no_session_back_that_was_ended() {
    let client = Client::new("in-flight");
    client.sign_in().await;
    let kept = client.sessions.load().unwrap();
    let begun = client.begin_refresh();
    let written = client.sessions.load().unwrap();
    assert_eq!(written, text(&begun, "session"));
    assert_ne!(written, kept);
    assert_eq!(text(&client.session(), "refreshToken"), "rt", "it is there still, should the page go away now");
    assert_eq!(client.sent(), 2);
    // A page that finds this record knows that an answer was lost: the server may have put another refresh token in its place.
    let later = Client::new("in-flight");
    for (session, code) in [(&kept, "session_expired"), (&written, "refresh_interrupted")] {
        later.sessions.save(session);
        push(&later.host, 400, r#"{"error":"invalid_grant"}"#);
        assert_eq!(text_of(&later.refreshed(&later.begin_refresh()).await.unwrap_err()), code);
    }

    client.sessions.remove();
    push(&client.host, 200, r#"{"access_token":"at2","token_type":"bearer","refresh_token":"rt2"}"#);
    let error = client.refreshed(&begun).await.unwrap_err();
    assert_eq!(text_of(&error), "session_expired");
    assert_eq!(client.sessions.load(), None);
}

#[wasm_bindgen_test]
fn be6_the_token_is_brought_to_the_origins_of_the_configuration_alone() {
    let config = config("resources");
    let check = |url: &str| {
        let setup = set_up(&config, &metadata()).map_err(|error| text_of(&error))?;
        ask("resource", &[&text(&setup, "setup"), url]).map(drop).map_err(|error| text_of(&error))
    };
    assert_eq!(check("https://api.example/a"), Err("origin_refused".into()));
    set(&config, "resourceOrigins", &json(r#"["https://api.example"]"#));
    assert_eq!(check("https://api.example/a"), Ok(()));
    assert_eq!(check("https://as.example/me"), Ok(()));
    for url in ["https://app.example/", "https://api.example.evil.example/", "https://as.example/token"] {
        assert_eq!(check(url), Err("origin_refused".into()), "{url}");
    }
    for wrong in [r#"["api.example"]"#, r#""https://api.example""#, "[7]", "{}", r#"["https://api.example/path"]"#] {
        set(&config, "resourceOrigins", &json(wrong));
        assert_eq!(check("https://api.example/a"), Err("config_invalid".into()), "{wrong}");
    }
}

#[wasm_bindgen_test]
fn be5_su2_a_refusal_says_whether_fresh_tokens_or_a_login_would_help() {
    let client = Client::new("refusals");
    let tokens = r#"{"accessToken":"at","tokenType":"Bearer","scope":"openid"}"#;
    let session = text(&ask("fromTokens", &[tokens]).unwrap(), "session");
    let read = |status: &str, header: &str| {
        client.ask("refusal", &[&session, status, header]).map(|refusal| get(&refusal, "refresh").is_truthy())
    };
    assert!(read("401", "").unwrap());
    assert!(read("401", "Bearer error=\"invalid_token\"").unwrap());
    assert!(!read("403", "").unwrap());
    let error = read("403", "Bearer error=insufficient_scope, scope=\"files\"").unwrap_err();
    assert_eq!((text_of(&error), get(&error, "status").as_f64()), ("insufficient_scope".into(), Some(403.0)));
    assert_eq!(text(&get(&error, "loginOptions"), "scope"), "openid files");
    let header = "Bearer error=insufficient_user_authentication, acr_values=gold, max_age=5";
    let error = read("401", header).unwrap_err();
    assert_eq!(text_of(&error), "insufficient_user_authentication");
    let options = get(&error, "loginOptions");
    assert_eq!((text(&options, "acrValues"), get(&options, "maxAge").as_f64()), ("gold".into(), Some(5.0)));
}

#[wasm_bindgen_test]
async fn is5_the_callback_of_another_client_of_the_page_is_left_to_it() {
    let (host, memory) = (host(&[]), Records::new());
    let [ours, theirs] =
        ["ours", "theirs"].map(|name| Client::beside(config(name), &metadata(), &host, &memory, &JsValue::UNDEFINED));
    let state = ours.begin();
    ours.push_answer().await;
    let outcome = theirs.handled(&callback(&state)).await;
    assert_eq!(text(&outcome, "status"), "other-login");
    assert_eq!(text_of(&get(&outcome, "error")), "transaction_invalid");
    assert_eq!(sent(&host), 0);
    assert_eq!(text(&ours.handled(&callback(&state)).await, "status"), "signed-in");
}

#[wasm_bindgen_test]
async fn id7_the_keys_are_fetched_once_a_page_and_once_more_for_a_missing_one() {
    let client = Client::new("keys");
    // What was fetched just now is not fetched again: the clock stands.
    stop_clock(Some((js_sys::Date::now() / 1000.0).floor()));
    for (kid, requests, status) in
        [("1", 2, "signed-in"), ("1", 1, "signed-in"), ("2", 2, "refused"), ("3", 1, "refused")]
    {
        let before = client.sent();
        let state = client.begin();
        if before == 0 {
            push_keys(&client.host).await;
        }
        client.push_tokens(kid).await;
        if kid == "2" {
            push_keys(&client.host).await;
        }
        let outcome = client.handled(&callback(&state)).await;
        assert_eq!(text(&outcome, "status"), status, "{kid}");
        assert_eq!(client.sent() - before, requests, "{kid}");
        if status == "refused" {
            assert_eq!(text_of(&get(&outcome, "error")), "signing_key_not_found");
        }
    }
    stop_clock(None);
}

#[wasm_bindgen_test]
async fn id5_without_web_crypto_tls_stands_for_the_signature_and_nothing_is_fetched() {
    let client = Client::new("no-subtle");
    let state = client.begin();
    client.push_tokens("1").await;
    hide("subtle");
    let could_verify = can_verify();
    let outcome = client.handled(&callback(&state)).await;
    show("subtle");
    assert!(!could_verify && can_verify());
    assert_eq!(text(&get(&outcome, "tokens"), "idTokenVerifiedBy"), "tls");
    assert_eq!(client.sent(), 1);
    assert_eq!(text(&client.session(), "idTokenVerifiedBy"), "tls");
}

/// A storage of the page.
fn storage(tier: &str) -> web_sys::Storage {
    let window = web_sys::window().unwrap();
    let storage = if tier == "local" { window.local_storage() } else { window.session_storage() };
    storage.unwrap().unwrap()
}

fn names(storage: &web_sys::Storage, prefix: &str) -> Vec<String> {
    let names = (0..storage.length().unwrap()).filter_map(|place| storage.key(place).unwrap());
    names.filter(|name| name.starts_with(prefix)).collect()
}

/// What the names of the records of pending logins begin with, and those of what remains of one.
const PENDING: &str = "pkce-wasm:2:t:";
const REMAINS: &str = "pkce-wasm:2:d:";

#[wasm_bindgen_test]
async fn ac11_a_page_that_goes_away_during_the_exchange_leaves_a_login_to_begin_again() {
    let client = Client::new("gone");
    let url = callback(&client.begin());
    // Until the code is sent, the callback stays where it is, and nothing is lost.
    for _ in 0..2 {
        let look = client.look(&url);
        assert!(look.lacks);
        assert_eq!(text(&look.arrival, "keys"), "https://as.example/jwks");
        assert!(client.logins.pending(&look.key).is_some() && client.logins.remains(&look.key).is_none());
    }
    // The request is never answered.
    let look = client.look_with_keys(&url).await;
    assert_eq!(text(&look.arrival, "url"), "https://as.example/token");
    assert_eq!(text(&look.arrival, "address"), REDIRECT_URI);

    let by_callback = client.handled(&url).await;
    let remains = client.logins.remains(&look.key).unwrap();
    let by_name = get(&client.ask("interrupted", &[&remains]).unwrap(), "outcome");
    for outcome in [by_callback, by_name] {
        assert_eq!(text(&outcome, "status"), "refused");
        assert_eq!(text_of(&get(&outcome, "error")), "code_already_used");
        assert_eq!(get(&outcome, "restart"), JsValue::TRUE);
        assert_eq!(text(&outcome, "returnTo"), "/inbox");
    }
    assert!(client.session().is_undefined(), "never half signed in");
    assert_eq!(client.sent(), 1, "the keys were fetched, and no more");
}

#[wasm_bindgen_test]
async fn ac11_a_late_answer_still_completes_the_login_that_another_page_was_refused() {
    let client = Client::new("late");
    let url = callback(&client.begin());
    let look = client.look_with_keys(&url).await;
    client.push_tokens("1").await;
    assert_eq!(text_of(&get(&client.handled(&url).await, "error")), "code_already_used");
    assert_eq!(text(&client.redeemed(look).await, "status"), "signed-in");
    assert_eq!(text(&client.handled(&url).await, "status"), "already-completed");
}

#[wasm_bindgen_test]
async fn ac11_what_remains_of_a_login_is_its_own_clients_alone() {
    let (host, memory) = (host(&[]), Records::new());
    let [ours, theirs] =
        ["mine", "yours"].map(|name| Client::beside(config(name), &metadata(), &host, &memory, &JsValue::UNDEFINED));
    let url = callback(&ours.begin());
    ours.push_answer().await;
    assert_eq!(text(&ours.handled(&url).await, "status"), "signed-in");

    let look = theirs.look(&url);
    assert!(get(&look.arrival, "address").is_undefined(), "the callback stays where it was found");
    let outcome = get(&look.arrival, "outcome");
    assert_eq!(text(&outcome, "status"), "other-login");
    assert!(get(&outcome, "returnTo").is_undefined());
    let remains = ours.logins.remains(&look.key).unwrap();
    let outcome = get(&theirs.ask("interrupted", &[&remains]).unwrap(), "outcome");
    assert_eq!(text(&outcome, "status"), "none");
    assert_eq!(text(&ours.handled(&url).await, "status"), "already-completed");
}

#[wasm_bindgen_test]
fn a_callback_has_the_name_of_its_login_and_anything_else_has_none() {
    let client = Client::new("names");
    let name = |url: &str| key(&client, url);
    assert!(name(&callback("one")).is_some());
    assert_eq!(name(&callback("one")), name(&format!("{REDIRECT_URI}?state=one&error=access_denied")));
    assert_ne!(name(&callback("one")), name(&callback("two")));
    for url in ["", "https://app.example/", REDIRECT_URI, "https://app.example/callback?code=c&code=d&state=s"] {
        assert_eq!(name(url), None, "{url}");
    }
}

#[wasm_bindgen_test]
async fn a_login_is_kept_where_the_configuration_says() {
    for tier in ["local", "session", "memory", "host"] {
        let config = config(&format!("tier-{tier}"));
        set(&config, "transactionStorage", &tier.into());
        set(&config, "host", &(tier == "host").into());
        let (memory, records) = (Records::new(), Records::new());
        let client = Client::beside(config, &metadata(), &host(&[]), &memory, &records);
        let places = [storage("local"), storage("session"), memory.unchecked_into(), records.unchecked_into()];
        let count = || places.each_ref().map(|place| names(place, PENDING).len() + names(place, REMAINS).len());
        let before = count();
        let url = callback(&client.begin());
        client.push_answer().await;
        let name = format!("{PENDING}{}", key(&client, &url).unwrap());
        let kept: Vec<bool> = places.iter().map(|place| place.get_item(&name).unwrap().is_some()).collect();
        let expected = ["local", "session", "memory", "host"].map(|other| other == tier);
        assert_eq!(kept, expected, "{tier}");
        assert_eq!(text(&client.handled(&url).await, "status"), "signed-in", "{tier}");
        assert_eq!(text(&client.handled(&url).await, "status"), "already-completed", "{tier}");
        // One record more, for what remains took the place of the login.
        let after = count();
        assert_eq!(after.iter().sum::<usize>() - before.iter().sum::<usize>(), 1, "{tier}");
    }
    for (member, tier) in [("transactionStorage", "cookie"), ("transactionStorage", "host"), ("storage", "host")] {
        let config = config("tier");
        set(&config, member, &tier.into());
        assert_eq!(text_of(&set_up(&config, &metadata()).unwrap_err()), "config_invalid", "{member}: {tier}");
    }
}

#[wasm_bindgen_test]
fn abandoned_logins_leave_the_storage_bounded_and_the_newest_stays() {
    let client = Client::new("abandoned");
    let local = storage("local");
    let foreign = "pkce-wasm-of-somebody-else";
    local.set_item(foreign, "kept").unwrap();
    // Of a version that nobody knows any more, and over; also those of version 0.1.0.
    for (name, record) in [
        (format!("{PENDING}ancient"), "0\n1\n2\n"),
        (format!("{REMAINS}over"), "1\n1\n2\n"),
        ("pkce-wasm:t:before".into(), "v=1&created_at=1&expires_at=2"),
    ] {
        local.set_item(&name, record).unwrap();
    }
    for round in 0..300 {
        let url = callback(&client.begin());
        let name = format!("{PENDING}{}", key(&client, &url).unwrap());
        assert!(local.get_item(&name).unwrap().is_some(), "{round}");
    }
    let kept = names(&local, PENDING);
    assert_eq!(kept.len(), 100);
    assert!(!kept.iter().any(|name| name.ends_with("ancient")));
    assert!(!names(&local, REMAINS).iter().any(|name| name.ends_with("over")));
    assert_eq!(names(&local, "pkce-wasm:t:"), [""; 0]);
    assert_eq!(local.get_item(foreign).unwrap().unwrap(), "kept");
    for name in kept {
        local.remove_item(&name).unwrap();
    }
}

#[wasm_bindgen_test]
async fn a_full_storage_refuses_before_the_user_is_sent_away_and_is_enough_for_a_login_that_was_begun() {
    let client = Client::new("full");
    let state = client.begin();
    client.push_answer().await;
    let local = storage("local");
    let mut length = 1 << 24;
    let mut number = 0;
    while length > 0 {
        match local.set_item(&format!("filler-{number}"), &"x".repeat(length)) {
            Ok(()) => number += 1,
            Err(_) => length /= 2,
        }
    }
    let opened = get(&client.host, "opened").unchecked_into::<Array>().length();
    let refused = client.try_begin();
    let outcome = client.handled(&callback(&state)).await;
    let again = client.handled(&callback(&state)).await;
    for number in 0..number {
        local.remove_item(&format!("filler-{number}")).unwrap();
    }
    assert_eq!(text_of(&refused.unwrap_err()), "storage_unavailable");
    assert_eq!(get(&client.host, "opened").unchecked_into::<Array>().length(), opened);
    assert_eq!(text(&outcome, "status"), "signed-in");
    assert_eq!(text(&again, "status"), "already-completed");
}

/// Many who claim the same name, and how many of them were at work at once.
async fn assert_one_at_a_time(name: &str) {
    let seen = worker(Some(15));
    let claims: Array = (0..12).map(|_| claim(name, 30_000, &get(&seen, "work").unchecked_into())).collect();
    let other = claim(&format!("{name} of another"), 30_000, &get(&seen, "fail").unchecked_into());
    assert!(JsFuture::from(other).await.is_err(), "what the work throws comes out");
    JsFuture::from(Promise::all(&claims)).await.unwrap();
    assert_eq!(get(&seen, "most").as_f64(), Some(1.0), "{name}");
    assert_eq!(get(&seen, "done").as_f64(), Some(12.0), "{name}");
    // It is free again, also after a failure.
    for work in ["fail", "work"] {
        let _ = JsFuture::from(claim(name, 30_000, &get(&seen, work).unchecked_into())).await;
    }
    assert_eq!(get(&seen, "done").as_f64(), Some(13.0), "{name}");
}

#[wasm_bindgen_test]
async fn ac11_one_at_a_time_by_a_web_lock_a_row_of_a_database_or_turns() {
    assert_one_at_a_time("lock").await;
    hide("locks");
    assert_one_at_a_time("row").await;
    hide("indexedDB");
    assert_one_at_a_time("turn").await;
    show("indexedDB");
    show("locks");
}

#[wasm_bindgen_test]
async fn a_claim_whose_holder_was_killed_is_taken_and_a_living_one_waits_no_longer_than_its_patience() {
    hide("locks");
    let work = |name: &str, patience, seen: &JsValue| claim(name, patience, &get(seen, "work").unchecked_into());
    // Dead for long, and by a clock that was ahead: at once. It may be alive still: first it is waited for.
    for (name, age, waited) in [("dead", 60_000.0, false), ("ahead", -86_400_000.0, false), ("dying", 0.0, true)] {
        JsFuture::from(leave_claim(&format!("pkce-wasm:{name}"), age)).await.unwrap();
        let seen = worker(Some(0));
        JsFuture::from(work(name, 60_000, &seen)).await.unwrap();
        assert_eq!(get(&seen, "done").as_f64(), Some(1.0), "{name}");
        assert_eq!(get(&seen, "waited").as_bool(), Some(waited), "{name}");
    }
    // A holder that shows signs of life for longer than it is waited for.
    let (holder, other) = (worker(None), worker(Some(0)));
    let held = work("frozen", 60_000, &holder);
    while get(&holder, "inside").as_f64() != Some(1.0) {
        JsFuture::from(pause(10)).await.unwrap();
    }
    JsFuture::from(work("frozen", 6000, &other)).await.unwrap();
    assert_eq!(get(&other, "done").as_f64(), Some(1.0));
    let row = worker(Some(0));
    JsFuture::from(work("frozen", 500, &row)).await.unwrap();
    assert_eq!(get(&row, "waited").as_bool(), Some(true), "its row was not taken from it");
    get(&holder, "end").unchecked_into::<Function>().call0(&JsValue::NULL).unwrap();
    JsFuture::from(held).await.unwrap();
    show("locks");
}

#[wasm_bindgen_test]
fn ac11_a_page_takes_a_callback_up_once_and_its_code_out_of_the_address() {
    let window = web_sys::window().unwrap();
    let (before, origin) = (window.location().href().unwrap(), window.location().origin().unwrap());
    let redirect_uri = format!("{origin}/callback");
    let go = |address: &str| {
        let history = window.history().unwrap();
        history.replace_state_with_url(&JsValue::NULL, "", Some(address)).unwrap();
    };
    let config = config("page");
    set(&config, "redirectUri", &redirect_uri.as_str().into());
    let setup = text(&set_up(&config, &metadata()).unwrap(), "setup");
    let take = || asked(web::take_callback(js(&setup)).into());
    let begun = ask("begin", &[&setup, "{}"]).unwrap();
    let kept = storage("session");
    let name = format!("{PENDING}{}", text(&begun, "key"));
    kept.set_item(&name, &text(&begun, "transaction")).unwrap();

    assert!(get(&take().unwrap(), "url").is_undefined(), "no callback");
    let url = format!("{redirect_uri}?code=c&state={}&iss=https%3A%2F%2Fas.example", text(&begun, "state"));
    for (query, code) in
        [("code=c&state=other", "transaction_not_found"), ("code=c&code=d&state=s", "parameter_duplicated")]
    {
        let foreign = format!("{redirect_uri}?{query}");
        go(&foreign);
        let error = take().unwrap_err();
        assert_eq!(text_of(&error), code, "{foreign}");
        assert!(kept.get_item(&name).unwrap().is_some());
        assert_eq!(window.location().href().unwrap(), foreign);
    }
    go(&url);
    let taken = take().unwrap();
    assert_eq!(window.location().href().unwrap(), redirect_uri);
    assert_eq!((text(&taken, "url"), text(&taken, "transaction")), (url.clone(), text(&begun, "transaction")));
    let request = ask("redeem", &[&setup, &text(&taken, "transaction"), &text(&taken, "url")]).unwrap();
    assert_eq!(text(&request, "url"), "https://as.example/token");
    go(&url);
    assert_eq!(text_of(&take().unwrap_err()), "transaction_not_found");
    go(&before);
}

#[wasm_bindgen_test]
fn a_page_that_may_not_send_its_user_away_stays_and_keeps_nothing() {
    let setup = text(&set_up(&config("stays"), &metadata()).unwrap(), "setup");
    let before = names(&storage("session"), PENDING);
    let webview = r#"{"userAgent":"Mozilla/5.0 (Linux; Android 14; Pixel 8; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/120.0.0.0 Mobile Safari/537.36"}"#;
    for (options, page, code) in
        [("{}", webview, "embedded_user_agent"), (r#"{"returnTo":"//evil.example"}"#, "", "return_to_refused")]
    {
        let error = asked(web::sign_in(js(&setup), js(options), js(page)).into()).unwrap_err();
        assert_eq!(text_of(&error), code);
    }
    assert_eq!(names(&storage("session"), PENDING), before);
}
