//! `Client` does what a caller of the face does: it keeps the records, sends the requests, and has signatures verified. For these it uses
//! the same files as the npm package.

use js_sys::{Array, Function, JSON, Object, Promise, Reflect};
use pkce_wasm::{Code, web};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use crate::bindings::{
    Epochs, Exchange, Logins, Records, Sessions, body_of, create_epochs, create_exchange, create_held, create_logins,
    create_place, own, send, tiers, to_json,
};

pub(crate) const ISSUER: &str = "https://as.example";
pub(crate) const REDIRECT_URI: &str = "https://app.example/callback";

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
    pub(crate) fn silent() -> JsValue;
    #[wasm_bindgen(js_name = idToken)]
    fn id_token(claims: JsValue, kid: &str) -> Promise;
    #[wasm_bindgen(js_name = keySet)]
    fn key_set() -> Promise;
    pub(crate) fn hide(name: &str);
    pub(crate) fn show(name: &str);
    #[wasm_bindgen(js_name = stopClock)]
    pub(crate) fn stop_clock(seconds: Option<f64>);
    pub(crate) fn worker(length: Option<u32>) -> JsValue;
    #[wasm_bindgen(js_name = leaveClaim)]
    pub(crate) fn leave_claim(name: &str, age: f64) -> Promise;
}

pub(crate) fn get(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap()
}

pub(crate) fn set(object: &JsValue, name: &str, value: &JsValue) {
    Reflect::set(object, &name.into(), value).unwrap();
}

pub(crate) fn text(object: &JsValue, name: &str) -> String {
    get(object, name).as_string().unwrap_or_default()
}

pub(crate) fn json(text: &str) -> JsValue {
    JSON::parse(text).unwrap()
}

pub(crate) fn js<T: JsCast>(text: &str) -> T {
    JsValue::from(text).unchecked_into()
}

pub(crate) fn text_of(error: &JsValue) -> String {
    text(error, "code")
}

/// Calls a function of the face by its name in JavaScript; its object, or the object of its error.
pub(crate) fn ask(name: &str, texts: &[&str]) -> Result<JsValue, JsValue> {
    let text = |place: usize| js(texts.get(place).copied().unwrap_or_default());
    let answer = match name {
        "setup" => web::setup(text(0), text(1)),
        "discovery" => web::discovery(text(0), text(1)),
        "metadata" => web::metadata(text(0), text(1), text(2)),
        "begin" => web::begin(text(0), text(1), text(2), text(3)),
        "callback" => web::callback(text(0), text(1)),
        "arrive" => web::arrive(text(0), text(1), text(2), text(3)),
        "finish" => web::finish(text(0), text(1), text(2), text(3)),
        "keys" => web::keys(text(0)),
        "check" => web::check(text(0), text(1), text(2), text(3)),
        "conclude" => web::conclude(text(0), text(1), text(2)),
        "end" => web::end(text(0), text(1), text(2)),
        "session" => web::session(text(0), text(1)),
        "sessionTokens" => web::session_tokens(text(0), text(1)),
        "refresh" => web::refresh(text(0), text(1)),
        "finishRefresh" => web::finish_refresh(text(0), text(1), text(2)),
        "settle" => web::settle(text(0), text(1), text(2), text(3)),
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
pub(crate) fn asked(answer: JsValue) -> Result<JsValue, JsValue> {
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
pub(crate) fn named() -> Function {
    let closure = Closure::<dyn FnMut(String) -> JsValue>::new(|name: String| {
        let error = Object::new().into();
        set(&error, "code", &name.as_str().into());
        set(&error, "retryable", &code(&name).retryable().into());
        error
    });
    closure.into_js_value().unchecked_into()
}

pub(crate) fn unavailable() -> Function {
    named().bind1(&JsValue::NULL, &"storage_unavailable".into()).unchecked_into()
}

pub(crate) fn code(name: &str) -> Code {
    Code::ALL.iter().copied().find(|code| code.name() == name).unwrap()
}

pub(crate) fn metadata() -> JsValue {
    json(
        r#"{"issuer":"https://as.example","authorization_endpoint":"https://as.example/auth",
        "token_endpoint":"https://as.example/token","userinfo_endpoint":"https://as.example/me",
        "revocation_endpoint":"https://as.example/revoke","jwks_uri":"https://as.example/jwks","code_challenge_methods_supported":["S256"],
        "authorization_response_iss_parameter_supported":true}"#,
    )
}

/// The same with a place to sign out at.
pub(crate) fn metadata_with_end_session() -> JsValue {
    let metadata = metadata();
    set(&metadata, "end_session_endpoint", &format!("{ISSUER}/signoff").into());
    metadata
}

/// The configuration of a client id, which is a test's own.
pub(crate) fn config(client_id: &str) -> JsValue {
    let config = Object::new().into();
    for (name, value) in [("issuer", ISSUER), ("clientId", client_id), ("redirectUri", REDIRECT_URI)] {
        set(&config, name, &value.into());
    }
    config
}

pub(crate) fn set_up(config: &JsValue, metadata: &JsValue) -> Result<JsValue, JsValue> {
    ask("setup", &[&to_json(&own(config)), &to_json(metadata)])
}

pub(crate) fn callback(state: &str) -> String {
    format!("{REDIRECT_URI}?code=the-code&state={state}&iss=https%3A%2F%2Fas.example")
}

/// The name under which the records of a callback's login are kept.
pub(crate) fn key(client: &Client, url: &str) -> Option<String> {
    get(&client.ask("callback", &[url]).unwrap(), "key").as_string()
}

/// The session of a client: one login after the other.
pub(crate) struct Kept {
    sessions: Sessions,
    epochs: Epochs,
}

impl Kept {
    fn of(place: &JsValue, owner: &str) -> Self {
        let (kinds, before, parts) = (Object::new().into(), Object::new().into(), Object::new().into());
        set(&before, SESSION, &"pkce-wasm:s:".into());
        set(&kinds, "BEFORE", &before);
        set(&kinds, "SESSION", &SESSION.into());
        set(&parts, "kinds", &kinds);
        set(&parts, "Session", &Function::new_no_args(""));
        let epochs = create_epochs(place, owner, &js_sys::Map::new());
        let (client, home) = (Object::new().into(), Object::new().into());
        set(&home, "last", &js_sys::Map::new());
        set(&home, "written", &js_sys::Map::new());
        set(&client, "home", &home);
        set(&client, "owner", &owner.into());
        let sessions = create_held(&parts).create_sessions(place, &epochs, &client);
        Self { sessions, epochs }
    }

    pub(crate) fn load(&self) -> Option<String> {
        let kept = self.sessions.load();
        (!kept.is_undefined()).then(|| text(&kept, "session"))
    }

    pub(crate) fn save(&self, session: &str) {
        let kept = self.sessions.load();
        if kept.is_undefined() {
            self.sessions.start(&self.epochs.begin(), session);
        } else {
            self.sessions.save(&get(&kept, "id"), session);
        }
    }

    pub(crate) fn remove(&self) {
        self.sessions.remove();
    }
}

/// Who calls the face: it keeps the records, and sends the requests.
pub(crate) struct Client {
    pub(crate) config: JsValue,
    pub(crate) setup: String,
    pub(crate) logins: Logins,
    pub(crate) sessions: Kept,
    pub(crate) host: JsValue,
    pub(crate) exchange: Exchange,
}

/// What becomes of a callback that was looked at.
pub(crate) struct Look {
    pub(crate) key: String,
    pub(crate) arrival: JsValue,
    pub(crate) pending: String,
    /// Whether the keys are to be fetched before the code is spent.
    pub(crate) lacks: bool,
}

impl Client {
    pub(crate) fn new(client_id: &str) -> Self {
        Self::with(config(client_id), &metadata(), &host(&[]))
    }

    pub(crate) fn with(config: JsValue, metadata: &JsValue, host: &JsValue) -> Self {
        Self::beside(config, metadata, host, &Records::new(), &JsValue::UNDEFINED)
    }

    /// One of a page with this memory, whose host keeps those records.
    pub(crate) fn beside(
        config: JsValue,
        metadata: &JsValue,
        host: &JsValue,
        memory: &Records,
        records: &JsValue,
    ) -> Self {
        // A test that failed may have left it standing.
        stop_clock(None);
        let checked = set_up(&config, metadata).unwrap();
        let tiers = tiers(&config);
        let place = |name: &str| create_place(&get(&tiers, name), memory, records, &unavailable());
        let parts = Object::new().into();
        set(&parts, "ask", &asking());
        set(&parts, "named", &named());
        set(&parts, "more", &Function::new_with_args("error, facts", "return Object.assign(error, facts)"));
        set(&parts, "send", &sending());
        set(&parts, "bodyOf", &reading());
        Self {
            setup: text(&checked, "setup"),
            logins: create_logins(&asking(), &place("transactions")),
            sessions: Kept::of(&place("session"), &text(&checked, "owner")),
            host: host.clone(),
            exchange: create_exchange(&parts),
            config,
        }
    }

    /// Asks with the setup of this client.
    pub(crate) fn ask(&self, name: &str, texts: &[&str]) -> Result<JsValue, JsValue> {
        ask(name, &[&[self.setup.as_str()], texts].concat())
    }

    pub(crate) fn network(&self) -> JsValue {
        network(&self.host)
    }

    /// Begins a login; its state.
    pub(crate) fn begin(&self) -> String {
        self.try_begin().unwrap()
    }

    pub(crate) fn try_begin(&self) -> Result<String, JsValue> {
        let begun = self.ask("begin", &[r#"{"returnTo":"/inbox"}"#])?;
        self.logins.begin(&text(&begun, "key"), &text(&begun, "transaction"))?;
        get(&self.host, "opened").unchecked_into::<Array>().push(&get(&begun, "url"));
        Ok(text(&begun, "state"))
    }

    /// Looks at a callback; a login whose code may be sent is claimed.
    pub(crate) fn look(&self, url: &str) -> Look {
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
    pub(crate) async fn look_with_keys(&self, url: &str) -> Look {
        push_keys(&self.host).await;
        let first = self.look(url);
        self.exchange.fetch_keys(&text(&first.arrival, "keys"), &self.network()).await.unwrap();
        self.look(url)
    }

    /// From a callback to its outcome.
    pub(crate) async fn handled(&self, url: &str) -> JsValue {
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
    pub(crate) async fn redeemed(&self, look: Look) -> JsValue {
        let network = self.network();
        let kept = async {
            let answer = self.exchange.send(&look.arrival, &network).await?.as_string().unwrap();
            let step = self.ask("finish", &[&look.pending, &answer, &text(&look.arrival, "said")])?;
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
    pub(crate) fn session(&self) -> JsValue {
        get(&self.ask("session", &[&self.sessions.load().unwrap_or_default()]).unwrap(), "tokens")
    }

    /// Forgets the session, and then asks where to send the user.
    pub(crate) fn logout(&self, options: &str) -> Result<JsValue, JsValue> {
        let session = self.sessions.load().unwrap_or_default();
        self.sessions.remove();
        self.ask("logout", &[&session, options])
    }

    /// What is to be done for whoever wants other tokens than those that are spent.
    pub(crate) fn session_tokens(&self, spent: &str) -> Result<JsValue, JsValue> {
        let session = self.sessions.load().unwrap_or_default();
        ask("sessionTokens", &[&session, &format!(r#"{{"spent":"{spent}"}}"#)])
    }

    /// Writes down that a refresh is sent; its request.
    pub(crate) fn begin_refresh(&self) -> JsValue {
        let begun = self.ask("refresh", &[&self.sessions.load().unwrap()]).unwrap();
        self.sessions.save(&text(&begun, "session"));
        begun
    }

    /// Sends it and keeps what it came to; the access token.
    pub(crate) async fn refreshed(&self, begun: &JsValue) -> Result<String, JsValue> {
        let (network, sent) = (self.network(), text(begun, "session"));
        let fresh = async {
            let answer = self.exchange.send(begun, &network).await?.as_string().unwrap();
            let step = self.ask("finishRefresh", &[&sent, &answer])?;
            self.exchange.conclude(&step, &network, true).await
        };
        let fresh = fresh.await;
        let how = fresh.as_ref().err().map_or_else(|| "{}".to_owned(), failed);
        let settled = ask("settle", &[&sent, &self.sessions.load().unwrap_or_default(), &how, ""])?;
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
    pub(crate) async fn access_token(&self, spent: &str) -> Result<String, JsValue> {
        let step = self.session_tokens(spent)?;
        let tokens = get(&step, "tokens");
        if tokens.is_undefined() {
            self.refreshed(&self.begin_refresh()).await
        } else {
            Ok(text(&tokens, "accessToken"))
        }
    }

    pub(crate) fn client_id(&self) -> String {
        text(&self.config, "clientId")
    }

    /// Puts the keys and an answer with tokens into the queue of the server.
    pub(crate) async fn push_answer(&self) {
        push_keys(&self.host).await;
        self.push_tokens("1").await;
    }

    /// Tokens whose ID token is by the key of that name.
    pub(crate) async fn push_tokens(&self, kid: &str) {
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
    pub(crate) async fn sign_in(&self) {
        let state = self.begin();
        self.push_answer().await;
        assert_eq!(text(&self.handled(&callback(&state)).await, "status"), "signed-in");
    }

    pub(crate) fn sent(&self) -> u32 {
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
pub(crate) fn host(rows: &[(u16, &str, &str)]) -> JsValue {
    let answers = rows
        .iter()
        .map(|(status, content_type, body)| Array::of3(&(*status).into(), &(*content_type).into(), &(*body).into()))
        .collect();
    recorder(answers)
}

pub(crate) fn push(host: &JsValue, status: u16, body: &str) {
    let queue: Array = get(host, "answers").unchecked_into();
    queue.push(&Array::of3(&status.into(), &"application/json".into(), &body.into()));
}

pub(crate) async fn push_keys(host: &JsValue) {
    let keys = JsFuture::from(key_set()).await.unwrap();
    push(host, 200, &keys.as_string().unwrap());
}

pub(crate) fn network(host: &JsValue) -> JsValue {
    let network = Object::new().into();
    let fetch: Function = get(host, "fetch").unchecked_into();
    set(&network, "fetch", &fetch.bind0(host));
    set(&network, "timeout", &30_000.into());
    network
}

/// The last URL that the user was sent to.
pub(crate) fn opened(host: &JsValue) -> web_sys::Url {
    let opened: Array = get(host, "opened").unchecked_into();
    web_sys::Url::new(&opened.get(opened.length() - 1).as_string().unwrap()).unwrap()
}

pub(crate) fn sent(host: &JsValue) -> u32 {
    get(host, "sent").unchecked_into::<Array>().length()
}

pub(crate) fn derive(verifier: &str) -> String {
    web::derive_challenge(js(verifier)).as_string().unwrap()
}

pub(crate) fn belongs(verifier: &str, challenge: &str, plain: bool) -> bool {
    web::verify_challenge(js(verifier), js(challenge), plain)
}

/// A storage of the page.
pub(crate) fn storage(tier: &str) -> web_sys::Storage {
    let window = web_sys::window().unwrap();
    let storage = if tier == "local" { window.local_storage() } else { window.session_storage() };
    storage.unwrap().unwrap()
}

pub(crate) fn names(storage: &web_sys::Storage, prefix: &str) -> Vec<String> {
    let names = (0..storage.length().unwrap()).filter_map(|place| storage.key(place).unwrap());
    names.filter(|name| name.starts_with(prefix)).collect()
}

/// What the names of the records of pending logins begin with, and those of what remains of one.
/// What the name of a session's record begins with.
const SESSION: &str = "pkce-wasm:2:s:";
pub(crate) const PENDING: &str = "pkce-wasm:2:t:";
pub(crate) const REMAINS: &str = "pkce-wasm:2:d:";
