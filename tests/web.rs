//! The face in a real browser engine: run by `wasm-pack test`.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects, reason = "a test states what it expects by failing")]

use js_sys::{Array, Function, JSON, Object, Promise, Reflect};
use pkce_wasm::web;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

const ISSUER: &str = "https://as.example";
const REDIRECT_URI: &str = "https://app.example/callback";

#[wasm_bindgen(module = "/pkg/platform/transport.js")]
extern "C" {
    fn send(request: &JsValue, network: &JsValue) -> Promise;
}

#[wasm_bindgen(module = "/pkg/platform/signature.js")]
extern "C" {
    fn verify(task: &JsValue) -> Promise;
}

#[wasm_bindgen(module = "/pkg/platform/wait.js")]
extern "C" {
    fn pause(milliseconds: u32) -> Promise;
}

#[wasm_bindgen(module = "/pkg/platform/claim.js")]
extern "C" {
    fn claim(name: &str, patience: u32, work: &Function) -> Promise;
}

#[wasm_bindgen(module = "/pkg/platform/storage.js")]
extern "C" {
    type Records;
    #[wasm_bindgen(constructor)]
    fn new() -> Records;
}

#[wasm_bindgen(inline_js = r#"
export function recorder(answers) {
  const sent = [];
  return {
    sent,
    opened: [],
    open(url) { this.opened.push(url); },
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
const MISSING = { locks: navigator, indexedDB: globalThis };
const hidden = new Map();
export function hide(name) {
  hidden.set(name, Object.getOwnPropertyDescriptor(MISSING[name], name));
  Object.defineProperty(MISSING[name], name, { value: undefined, configurable: true });
}
export function show(name) {
  delete MISSING[name][name];
  if (hidden.get(name)) Object.defineProperty(MISSING[name], name, hidden.get(name));
}
export function worker(length) {
  const seen = { inside: 0, most: 0, done: 0 };
  seen.work = async () => {
    seen.inside += 1;
    seen.most = Math.max(seen.most, seen.inside);
    await new Promise((done) => setTimeout(done, length));
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
    fn recorder(answers: Array) -> Object;
    fn silent() -> Object;
    #[wasm_bindgen(js_name = idToken)]
    fn id_token(claims: JsValue, kid: &str) -> Promise;
    #[wasm_bindgen(js_name = keySet)]
    fn key_set() -> Promise;
    fn hide(name: &str);
    fn show(name: &str);
    fn worker(length: u32) -> JsValue;
    #[wasm_bindgen(js_name = leaveClaim)]
    fn leave_claim(name: &str, age: f64) -> Promise;
}

fn get(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap()
}

fn text(object: &JsValue, name: &str) -> String {
    get(object, name).as_string().unwrap_or_default()
}

fn json(text: &str) -> JsValue {
    JSON::parse(text).unwrap()
}

fn metadata() -> JsValue {
    json(
        r#"{"issuer":"https://as.example","authorization_endpoint":"https://as.example/auth",
        "token_endpoint":"https://as.example/token","userinfo_endpoint":"https://as.example/me",
        "revocation_endpoint":"https://as.example/revoke","jwks_uri":"https://as.example/jwks","code_challenge_methods_supported":["S256"],
        "authorization_response_iss_parameter_supported":true}"#,
    )
}

/// A configuration whose memory and client id are this test's own.
fn config(client_id: &str, host: &JsValue) -> JsValue {
    let config = Object::new();
    for (name, value) in [
        ("issuer", ISSUER.into()),
        ("clientId", client_id.into()),
        ("redirectUri", REDIRECT_URI.into()),
        ("host", host.clone()),
        ("memory", Records::new().into()),
    ] {
        Reflect::set(&config, &name.into(), &value).unwrap();
    }
    config.into()
}

fn answers(rows: &[(u16, &str, &str)]) -> Array {
    rows.iter()
        .map(|(status, content_type, body)| Array::of3(&(*status).into(), &(*content_type).into(), &(*body).into()))
        .collect()
}

/// The last URL that the user was sent to.
fn opened(host: &JsValue) -> web_sys::Url {
    let opened: Array = get(host, "opened").unchecked_into();
    web_sys::Url::new(&opened.get(opened.length() - 1).as_string().unwrap()).unwrap()
}

fn sent(host: &JsValue) -> u32 {
    get(host, "sent").unchecked_into::<Array>().length()
}

fn callback(state: &str) -> String {
    format!("{REDIRECT_URI}?code=the-code&state={state}&iss=https%3A%2F%2Fas.example")
}

/// Goes on with an operation until it is done, as the package does.
async fn settled(step: Result<JsValue, JsValue>, config: &JsValue, network: &JsValue) -> Result<JsValue, JsValue> {
    let mut step = step?;
    while !get(&step, "awaiting").is_undefined() {
        let task = get(&step, "verify");
        let answer = if task.is_object() { verify(&task) } else { send(&get(&step, "request"), network) };
        let answer = JsFuture::from(answer).await.unwrap();
        let awaiting = get(&step, "awaiting").as_f64().unwrap() as u32;
        step = web::resume(config.clone(), metadata(), awaiting, &text(&step, "carry"), answer)?;
    }
    Ok(get(&step, "done"))
}

async fn handled(config: &JsValue, url: String) -> JsValue {
    let step = web::handle_redirect(config.clone(), metadata(), &url);
    settled(step, config, &network(config)).await.unwrap()
}

/// The step of a callback that comes after its keys were fetched.
async fn with_keys(config: &JsValue, url: &str) -> JsValue {
    push_keys(&get(config, "host")).await;
    let step = web::handle_redirect(config.clone(), metadata(), url).unwrap();
    let answer = JsFuture::from(send(&get(&step, "request"), &network(config))).await.unwrap();
    let awaiting = get(&step, "awaiting").as_f64().unwrap() as u32;
    web::resume(config.clone(), metadata(), awaiting, &text(&step, "carry"), answer).unwrap()
}

fn network(config: &JsValue) -> JsValue {
    let host = get(config, "host");
    let network = Object::new();
    let fetch: Function = get(&host, "fetch").unchecked_into();
    Reflect::set(&network, &"fetch".into(), &fetch.bind0(&host)).unwrap();
    network.into()
}

async fn push_answer(host: &JsValue, client_id: &str) {
    push_keys(host).await;
    push_tokens(host, client_id, "1").await;
}

async fn push_keys(host: &JsValue) {
    let queue: Array = get(host, "answers").unchecked_into();
    let keys = JsFuture::from(key_set()).await.unwrap();
    queue.push(&Array::of3(&200.into(), &"application/json".into(), &keys));
}

/// Tokens whose ID token is by the key of that name.
async fn push_tokens(host: &JsValue, client_id: &str, kid: &str) {
    let nonce = opened(host).search_params().get("nonce").unwrap();
    let now = (js_sys::Date::now() / 1000.0).floor();
    let claims = json(&format!(
        r#"{{"iss":"{ISSUER}","aud":"{client_id}","sub":"ada","exp":{},"iat":{now},"nonce":"{nonce}"}}"#,
        now + 300.0
    ));
    let body = format!(
        r#"{{"access_token":"at","token_type":"Bearer","expires_in":60,"refresh_token":"rt","id_token":"{}"}}"#,
        JsFuture::from(id_token(claims, kid)).await.unwrap().as_string().unwrap()
    );
    let queue: Array = get(host, "answers").unchecked_into();
    queue.push(&Array::of3(&200.into(), &"application/json".into(), &body.into()));
}

/// A host that answers with what `push_answer` and the rows put into its queue.
fn host(rows: &[(u16, &str, &str)]) -> JsValue {
    let queue = answers(rows);
    let host = recorder(queue.clone());
    Reflect::set(&host, &"answers".into(), &queue).unwrap();
    host.into()
}

fn begin(config: &JsValue, host: &JsValue) -> String {
    let begun = web::login(config.clone(), metadata(), json(r#"{"returnTo":"/inbox"}"#)).unwrap();
    get(host, "opened").unchecked_into::<Array>().push(&get(&begun, "url"));
    opened(host).search_params().get("state").unwrap()
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

fn js(text: &str) -> web::Text {
    JsValue::from(text).unchecked_into()
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

fn text_of(error: &JsValue) -> String {
    text(error, "code")
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
    let host = host(&[]);
    let request = web::begin_authorization(
        config("begin", &host),
        metadata(),
        json(
            r#"{"uiLocales":"de en","claims":{"userinfo":{"email":null}},"resource":"https://a.example/ https://b.example/",
            "authorizationDetails":[{"type":"payment","amount":"1.50"}],"extraParameters":{"audience":"c&d"}}"#,
        ),
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
    let transaction = text(&request, "transaction");
    let verifier = transaction.split("code_verifier=").nth(1).unwrap().split('&').next().unwrap();
    assert!(!text(&request, "url").contains(verifier));
    assert_eq!(derive(verifier), parameter("code_challenge").unwrap());
}

#[wasm_bindgen_test]
fn a_wrong_configuration_names_its_member() {
    let config = config("wrong", &JsValue::UNDEFINED);
    Reflect::set(&config, &"scope".into(), &7.into()).unwrap();
    let error = web::check_client(config, metadata()).unwrap_err();
    assert_eq!((text(&error, "code"), text(&error, "subject")), ("config_invalid".into(), "scope".into()));
}

#[wasm_bindgen_test]
async fn a_login_completes_once_and_its_callback_stays_completed() {
    let host = host(&[]);
    let config = config("once", &host);
    let state = begin(&config, &host);
    push_answer(&host, "once").await;

    let first = handled(&config, callback(&state)).await;
    assert_eq!(text(&first, "status"), "signed-in");
    assert_eq!(text(&first, "returnTo"), "/inbox");
    assert_eq!(text(&get(&get(&first, "tokens"), "claims"), "sub"), "ada");
    assert_eq!(text(&get(&first, "tokens"), "idTokenVerifiedBy"), "signature");
    assert_eq!(sent(&host), 2);

    let again = handled(&config, callback(&state)).await;
    assert_eq!(text(&again, "status"), "already-completed");
    assert_eq!(text(&again, "returnTo"), "/inbox");
    assert_eq!(sent(&host), 2);

    assert_eq!(text(&web::session(config.clone(), metadata()).unwrap(), "accessToken"), "at");
    let left = web::logout(config.clone(), metadata(), JsValue::UNDEFINED).unwrap();
    assert!(get(&left, "url").is_undefined());
    assert!(web::session(config, metadata()).unwrap().is_null());
}

/// The metadata of the server, with a place to sign out at.
fn metadata_with_end_session() -> JsValue {
    let metadata = metadata();
    set(&metadata, "end_session_endpoint", &format!("{ISSUER}/signoff").into());
    metadata
}

#[wasm_bindgen_test]
async fn rv4_lo3_a_sign_out_forgets_the_session_also_when_the_server_cannot_end_it() {
    for (name, options, code) in [
        ("no-endpoint", r#"{"endSession":true}"#, "endpoint_missing"),
        ("bad-path", r#"{"endSession":true,"returnTo":"//evil.example"}"#, "return_to_refused"),
    ] {
        let host = host(&[]);
        let config = config(name, &host);
        let state = begin(&config, &host);
        push_answer(&host, name).await;
        handled(&config, callback(&state)).await;
        let server = if name == "no-endpoint" { metadata() } else { metadata_with_end_session() };
        let refused = web::logout(config.clone(), server, json(options)).unwrap_err();
        assert_eq!(text_of(&refused), code);
        assert!(web::session(config, metadata()).unwrap().is_null(), "{name}");
    }
}

#[wasm_bindgen_test]
async fn lo2_a_sign_out_is_known_by_its_own_state_and_disturbs_no_login() {
    let host = host(&[]);
    let config = config("leaving", &host);
    set(&config, "postLogoutRedirectUri", &"https://app.example/bye".into());
    let state = begin(&config, &host);
    push_answer(&host, "leaving").await;
    handled(&config, callback(&state)).await;
    let pending = begin(&config, &host);

    let options = json(r#"{"endSession":true,"returnTo":"/welcome"}"#);
    let left = web::logout(config.clone(), metadata_with_end_session(), options).unwrap();
    assert_eq!(text(&get(&left, "tokens"), "accessToken"), "at");
    let url = web_sys::Url::new(&text(&left, "url")).unwrap();
    let parameter = |name: &str| url.search_params().get(name);
    assert_eq!(parameter("post_logout_redirect_uri").unwrap(), "https://app.example/bye");
    assert!(parameter("id_token_hint").is_some());

    let back = |query: &str| {
        let step =
            web::handle_redirect(config.clone(), metadata(), &format!("https://app.example/bye{query}")).unwrap();
        (text(&get(&step, "done"), "status"), get(&step, "address").as_string(), get(&step, "done"))
    };
    for query in ["", "?state=", "?state=another", &format!("?state={pending}"), &format!("?state={state}")] {
        let (status, address, _) = back(query);
        assert_eq!((status.as_str(), address), ("none", None), "{query}");
    }
    for _ in 0..2 {
        let (status, address, outcome) = back(&format!("?state={}", parameter("state").unwrap()));
        assert_eq!((status.as_str(), address.as_deref()), ("signed-out", Some("https://app.example/bye")));
        assert_eq!(text(&outcome, "returnTo"), "/welcome");
    }
    // The keys are there still.
    push_tokens(&host, "leaving", "1").await;
    assert_eq!(text(&handled(&config, callback(&pending)).await, "status"), "signed-in", "the login goes on");
}

#[wasm_bindgen_test]
async fn the_token_request_is_sent_without_credentials_referrer_cache_or_redirects() {
    let host = host(&[]);
    let config = config("request", &host);
    let state = begin(&config, &host);
    push_answer(&host, "request").await;
    handled(&config, callback(&state)).await;

    let request = get(&host, "sent").unchecked_into::<Array>().get(1);
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
    let challenge = opened(&host).search_params().get("code_challenge").unwrap();
    assert_eq!(derive(&form.get("code_verifier").unwrap()), challenge);
}

#[wasm_bindgen_test]
async fn a_network_blip_can_be_repeated_and_a_refusal_cannot() {
    let host =
        host(&[(0, "", ""), (500, "text/plain", "down"), (400, "application/json", r#"{"error":"invalid_grant"}"#)]);
    let config = config("blip", &host);
    // The keys are no matter here.
    set(&config, "subtle", &false.into());
    let state = begin(&config, &host);

    for code in ["network_failed", "server_error", "token_refused"] {
        let outcome = handled(&config, callback(&state)).await;
        assert_eq!(text(&outcome, "status"), "refused");
        assert_eq!(text_of(&get(&outcome, "error")), code);
    }
    let again = handled(&config, callback(&state)).await;
    assert_eq!(text_of(&get(&again, "error")), "token_refused");
    assert_eq!(get(&again, "restart"), JsValue::TRUE, "as it was said the first time");
    assert_eq!(sent(&host), 3);
}

#[wasm_bindgen_test]
async fn ac7_a_forged_state_belongs_to_another_login() {
    let host = host(&[]);
    let config = config("forged", &host);
    begin(&config, &host);
    let outcome = handled(&config, callback("forged")).await;
    assert_eq!(text(&outcome, "status"), "other-login");
    assert_eq!(text_of(&get(&outcome, "error")), "transaction_not_found");
    let nothing = handled(&config, "https://app.example/".into()).await;
    assert_eq!(text(&nothing, "status"), "none");
    assert_eq!(sent(&host), 0);
}

#[wasm_bindgen_test]
async fn is1_a_wrong_iss_is_refused_and_the_true_answer_still_completes() {
    let host = host(&[]);
    let config = config("mixed-up", &host);
    let state = begin(&config, &host);
    push_answer(&host, "mixed-up").await;
    let mixed_up = format!("{REDIRECT_URI}?code=x&state={state}&iss=https%3A%2F%2Fevil.example");
    let outcome = handled(&config, mixed_up).await;
    assert_eq!(text_of(&get(&outcome, "error")), "response_issuer_mismatch");
    assert_eq!(sent(&host), 0);
    let outcome = handled(&config, callback(&state)).await;
    assert_eq!(text(&outcome, "status"), "signed-in");
}

#[wasm_bindgen_test]
async fn discovery_asks_both_places_and_compares_the_issuer() {
    let document = r#"{"issuer":"https://as.example/t","authorization_endpoint":"https://as.example/auth","token_endpoint":"https://as.example/token"}"#;
    let ask = async |rows: &[(u16, &str, &str)]| {
        let host = host(rows);
        let options: JsValue = Object::new().into();
        let step = web::discover("https://as.example/t", options.clone());
        let found = settled(step, &options, &network(&config("discover", &host))).await;
        (host, found)
    };
    let (host, found) = ask(&[(404, "text/plain", ""), (200, "application/json; charset=utf-8", document)]).await;
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
        let (_, found) = ask(&rows).await;
        assert_eq!(text_of(&found.unwrap_err()), code);
    }
}

#[wasm_bindgen_test]
async fn a_server_that_never_answers_is_given_up() {
    let options = JsValue::from(Object::new());
    let error = settled(web::discover(ISSUER, options.clone()), &options, &silent()).await.unwrap_err();
    assert_eq!(text_of(&error), "timed_out");
}

#[wasm_bindgen_test]
async fn an_expired_access_token_is_refreshed_and_only_invalid_grant_ends_the_session() {
    let host = host(&[]);
    let config = config("refresh", &host);
    let state = begin(&config, &host);
    push_answer(&host, "refresh").await;
    handled(&config, callback(&state)).await;

    let queue: Array = get(&host, "answers").unchecked_into();
    for (status, body) in [
        (200, r#"{"access_token":"at2","token_type":"bearer","expires_in":0}"#),
        (503, "{}"),
        (200, r#"{"access_token":"at3","token_type":"bearer","expires_in":0,"refresh_token":"rt3"}"#),
        (400, r#"{"error":"invalid_grant"}"#),
    ] {
        queue.push(&Array::of3(&status.into(), &"application/json".into(), &body.into()));
    }
    let step = |spent: &str, alone: bool| {
        web::session_tokens(config.clone(), metadata(), json(&format!(r#"{{"spent":"{spent}"}}"#)), alone)
    };
    let tokens = async |spent: &str| {
        settled(step(spent, true), &config, &network(&config)).await.map(|tokens| text(&tokens, "accessToken"))
    };
    let kept = |name: &str| text(&web::session(config.clone(), metadata()).unwrap(), name);
    assert_eq!(tokens("").await.unwrap(), "at");
    // Nothing is sent by who is not the only one.
    let look = step("at", false).unwrap();
    assert!(get(&look, "refresh").is_truthy() && get(&look, "request").is_undefined());
    assert_eq!(tokens("at").await.unwrap(), "at2");
    assert_eq!(kept("refreshToken"), "rt");
    let error = tokens("").await.unwrap_err();
    assert_eq!(text_of(&error), "server_error");
    let before = sent(&host);
    assert_eq!(text_of(&step("", false).unwrap_err()), "server_error", "it is not asked again at once");
    assert_eq!(text_of(&tokens("").await.unwrap_err()), "server_error");
    assert_eq!(sent(&host), before);
    let wait = get(&error, "retryAfter").as_f64().unwrap() as u32;
    assert!((1..=2).contains(&wait), "{wait}");
    JsFuture::from(pause(1000 * wait)).await.unwrap();
    assert_eq!(tokens("").await.unwrap(), "at3");
    assert_eq!(kept("refreshToken"), "rt3");
    let error = tokens("").await.unwrap_err();
    assert_eq!((text_of(&error), text(&error, "oauthError")), ("session_expired".into(), "invalid_grant".into()));
    assert!(web::session(config.clone(), metadata()).unwrap().is_null());
}

#[wasm_bindgen_test]
async fn sb3_a_refresh_is_written_down_before_it_is_sent_and_brings_no_session_back_that_was_ended() {
    let host = host(&[]);
    let config = config("in-flight", &host);
    let state = begin(&config, &host);
    push_answer(&host, "in-flight").await;
    handled(&config, callback(&state)).await;
    let memory: web_sys::Storage = get(&config, "memory").unchecked_into();
    let name = names(&memory, "pkce-wasm:s:").pop().unwrap();
    let record = || memory.get_item(&name).unwrap();
    assert!(!record().unwrap().contains("attempts"));
    let step = web::session_tokens(config.clone(), metadata(), json(r#"{"spent":"at"}"#), true);
    assert!(record().unwrap().contains("attempts=1") && record().unwrap().contains("refresh_token=rt"));
    assert_eq!(sent(&host), 2);

    web::logout(config.clone(), metadata(), json("{}")).unwrap();
    let queue: Array = get(&host, "answers").unchecked_into();
    let body = r#"{"access_token":"at2","token_type":"bearer","refresh_token":"rt2"}"#;
    queue.push(&Array::of3(&200.into(), &"application/json".into(), &body.into()));
    let error = settled(step, &config, &network(&config)).await.unwrap_err();
    assert_eq!(text_of(&error), "session_expired");
    assert_eq!(record(), None);
}

#[wasm_bindgen_test]
fn be6_the_token_is_brought_to_the_origins_of_the_configuration_alone() {
    let config = config("resources", &JsValue::UNDEFINED);
    let check = |url: &str| web::check_resource(config.clone(), metadata(), url).map_err(|error| text_of(&error));
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
    let config = config("refusals", &JsValue::UNDEFINED);
    let tokens = json(r#"{"accessToken":"at","tokenType":"Bearer","scope":"openid"}"#);
    let read = |status, header: Option<&str>| {
        web::read_refusal(config.clone(), metadata(), tokens.clone(), status, header.map(String::from))
    };
    assert!(read(401, None).unwrap());
    assert!(read(401, Some("Bearer error=\"invalid_token\"")).unwrap());
    assert!(!read(403, None).unwrap());
    let error = read(403, Some("Bearer error=insufficient_scope, scope=\"files\"")).unwrap_err();
    assert_eq!((text_of(&error), get(&error, "status").as_f64()), ("insufficient_scope".into(), Some(403.0)));
    assert_eq!(text(&get(&error, "loginOptions"), "scope"), "openid files");
    let header = "Bearer error=insufficient_user_authentication, acr_values=gold, max_age=5";
    let error = read(401, Some(header)).unwrap_err();
    assert_eq!(text_of(&error), "insufficient_user_authentication");
    let options = get(&error, "loginOptions");
    assert_eq!((text(&options, "acrValues"), get(&options, "maxAge").as_f64()), ("gold".into(), Some(5.0)));
}

#[wasm_bindgen_test]
async fn is5_the_callback_of_another_client_of_the_page_is_left_to_it() {
    let host = host(&[]);
    let (ours, theirs) = (config("ours", &host), config("theirs", &host));
    let state = begin(&ours, &host);
    push_answer(&host, "ours").await;
    let outcome = handled(&theirs, callback(&state)).await;
    assert_eq!(text(&outcome, "status"), "other-login");
    assert_eq!(text_of(&get(&outcome, "error")), "transaction_invalid");
    assert_eq!(sent(&host), 0);
    assert_eq!(text(&handled(&ours, callback(&state)).await, "status"), "signed-in");
}

#[wasm_bindgen_test]
async fn id7_the_keys_are_fetched_once_a_page_and_once_more_for_a_missing_one() {
    let host = host(&[]);
    let config = config("keys", &host);
    for (kid, requests, status) in
        [("1", 2, "signed-in"), ("1", 1, "signed-in"), ("2", 2, "refused"), ("3", 1, "refused")]
    {
        let before = sent(&host);
        let state = begin(&config, &host);
        if before == 0 {
            push_keys(&host).await;
        }
        push_tokens(&host, "keys", kid).await;
        if kid == "2" {
            push_keys(&host).await;
        }
        let outcome = handled(&config, callback(&state)).await;
        assert_eq!(text(&outcome, "status"), status, "{kid}");
        assert_eq!(sent(&host) - before, requests, "{kid}");
        if status == "refused" {
            assert_eq!(text_of(&get(&outcome, "error")), "signing_key_not_found");
        }
    }
}

#[wasm_bindgen_test]
async fn id5_without_web_crypto_tls_stands_for_the_signature_and_nothing_is_fetched() {
    let host = host(&[]);
    let config = config("no-subtle", &host);
    Reflect::set(&config, &"subtle".into(), &false.into()).unwrap();
    let state = begin(&config, &host);
    push_tokens(&host, "no-subtle", "1").await;
    let outcome = handled(&config, callback(&state)).await;
    assert_eq!(text(&get(&outcome, "tokens"), "idTokenVerifiedBy"), "tls");
    assert_eq!(sent(&host), 1);
    assert_eq!(text(&web::session(config, metadata()).unwrap(), "idTokenVerifiedBy"), "tls");
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

fn set(config: &JsValue, name: &str, value: &JsValue) {
    Reflect::set(config, &name.into(), value).unwrap();
}

#[wasm_bindgen_test]
async fn ac11_a_page_that_goes_away_during_the_exchange_leaves_a_login_to_begin_again() {
    let host = host(&[]);
    let config = config("gone", &host);
    let state = begin(&config, &host);
    let url = callback(&state);
    let key = web::callback_key(REDIRECT_URI, &url).unwrap();
    // Until the code is sent, the callback stays where it is, and nothing is lost.
    for _ in 0..2 {
        let step = web::handle_redirect(config.clone(), metadata(), &url).unwrap();
        assert_eq!(text(&get(&step, "request"), "url"), "https://as.example/jwks");
        assert!(get(&step, "address").is_undefined());
    }
    // The request is never answered.
    let step = with_keys(&config, &url).await;
    assert_eq!(text(&get(&step, "request"), "url"), "https://as.example/token");
    assert_eq!(text(&step, "address"), REDIRECT_URI);

    let by_callback = handled(&config, url).await;
    let by_name = get(&web::interrupted(config.clone(), metadata(), &key).unwrap(), "done");
    for outcome in [by_callback, by_name] {
        assert_eq!(text(&outcome, "status"), "refused");
        assert_eq!(text_of(&get(&outcome, "error")), "code_already_used");
        assert_eq!(get(&outcome, "restart"), JsValue::TRUE);
        assert_eq!(text(&outcome, "returnTo"), "/inbox");
    }
    assert!(web::session(config, metadata()).unwrap().is_null(), "never half signed in");
    assert_eq!(sent(&host), 1, "the keys were fetched, and no more");
}

#[wasm_bindgen_test]
async fn ac11_a_late_answer_still_completes_the_login_that_another_page_was_refused() {
    let host = host(&[]);
    let config = config("late", &host);
    let state = begin(&config, &host);
    let step = Ok(with_keys(&config, &callback(&state)).await);
    push_tokens(&host, "late", "1").await;
    assert_eq!(text_of(&get(&handled(&config, callback(&state)).await, "error")), "code_already_used");
    let outcome = settled(step, &config, &network(&config)).await.unwrap();
    assert_eq!(text(&outcome, "status"), "signed-in");
    assert_eq!(text(&handled(&config, callback(&state)).await, "status"), "already-completed");
}

#[wasm_bindgen_test]
async fn ac11_what_remains_of_a_login_is_its_own_clients_alone() {
    let host = host(&[]);
    let (ours, theirs) = (config("mine", &host), config("yours", &host));
    let state = begin(&ours, &host);
    push_answer(&host, "mine").await;
    assert_eq!(text(&handled(&ours, callback(&state)).await, "status"), "signed-in");

    let step = web::handle_redirect(theirs.clone(), metadata(), &callback(&state)).unwrap();
    assert!(get(&step, "address").is_undefined(), "the callback stays where it was found");
    assert_eq!(text(&get(&step, "done"), "status"), "other-login");
    assert!(get(&get(&step, "done"), "returnTo").is_undefined());
    let key = web::callback_key(REDIRECT_URI, &callback(&state)).unwrap();
    let step = web::interrupted(theirs, metadata(), &key).unwrap();
    assert_eq!(text(&get(&step, "done"), "status"), "none");
    assert_eq!(text(&handled(&ours, callback(&state)).await, "status"), "already-completed");
}

#[wasm_bindgen_test]
fn a_callback_has_the_name_of_its_login_and_anything_else_has_none() {
    let name = |url: &str| web::callback_key(REDIRECT_URI, url);
    assert_eq!(name(&callback("one")), name(&format!("{REDIRECT_URI}?state=one&error=access_denied")));
    assert_ne!(name(&callback("one")), name(&callback("two")));
    for url in ["", "https://app.example/", REDIRECT_URI, "https://app.example/callback?code=c&code=d&state=s"] {
        assert_eq!(name(url), None, "{url}");
    }
}

#[wasm_bindgen_test]
async fn a_login_is_kept_where_the_configuration_says() {
    let host = host(&[]);
    for tier in ["local", "session", "memory", "host"] {
        let client_id = format!("tier-{tier}");
        let config = config(&client_id, &host);
        set(&config, "transactionStorage", &tier.into());
        let memory: web_sys::Storage = get(&config, "memory").unchecked_into();
        let records: web_sys::Storage = JsValue::from(Records::new()).unchecked_into();
        set(&config, "records", &records);
        let places = [storage("local"), storage("session"), memory, records];
        let count =
            || places.each_ref().map(|place| names(place, "pkce-wasm:t:").len() + names(place, "pkce-wasm:d:").len());
        let before = count();
        let state = begin(&config, &host);
        push_answer(&host, &client_id).await;
        let name = format!("pkce-wasm:t:{}", web::callback_key(REDIRECT_URI, &callback(&state)).unwrap());
        let kept: Vec<bool> = places.iter().map(|place| place.get_item(&name).unwrap().is_some()).collect();
        let expected = ["local", "session", "memory", "host"].map(|other| other == tier);
        assert_eq!(kept, expected, "{tier}");
        assert_eq!(text(&handled(&config, callback(&state)).await, "status"), "signed-in", "{tier}");
        assert_eq!(text(&handled(&config, callback(&state)).await, "status"), "already-completed", "{tier}");
        // One record more, for the tombstone took the place of the login.
        let after = count();
        assert_eq!(after.iter().sum::<usize>() - before.iter().sum::<usize>(), 1, "{tier}");
    }
    let config = config("tier", &host);
    for (member, tier) in [("transactionStorage", "cookie"), ("transactionStorage", "host"), ("storage", "host")] {
        set(&config, member, &tier.into());
        let error = web::check_client(config.clone(), metadata()).unwrap_err();
        assert_eq!(text_of(&error), "config_invalid", "{member}: {tier}");
        set(&config, member, &JsValue::UNDEFINED);
    }
}

#[wasm_bindgen_test]
fn abandoned_logins_leave_the_storage_bounded_and_the_newest_stays() {
    let host = host(&[]);
    let config = config("abandoned", &host);
    let foreign = "pkce-wasm-of-somebody-else";
    storage("local").set_item(foreign, "kept").unwrap();
    // Of a version that nobody knows any more, and over.
    storage("local").set_item("pkce-wasm:t:ancient", "v=0&created_at=1").unwrap();
    storage("local").set_item("pkce-wasm:d:over", "v=1&created_at=1&expires_at=2").unwrap();
    for round in 0..300 {
        let state = begin(&config, &host);
        let name = format!("pkce-wasm:t:{}", web::callback_key(REDIRECT_URI, &callback(&state)).unwrap());
        assert!(storage("local").get_item(&name).unwrap().is_some(), "{round}");
    }
    let kept = names(&storage("local"), "pkce-wasm:t:");
    assert_eq!(kept.len(), 100);
    assert!(!kept.iter().any(|name| name.ends_with("ancient")));
    assert!(!names(&storage("local"), "pkce-wasm:d:").iter().any(|name| name.ends_with("over")));
    assert_eq!(storage("local").get_item(foreign).unwrap().unwrap(), "kept");
    for name in kept {
        storage("local").remove_item(&name).unwrap();
    }
}

#[wasm_bindgen_test]
async fn a_full_storage_refuses_before_the_user_is_sent_away_and_is_enough_for_a_login_that_was_begun() {
    let host = host(&[]);
    let config = config("full", &host);
    let state = begin(&config, &host);
    push_answer(&host, "full").await;
    let local = storage("local");
    let mut length = 1 << 24;
    let mut number = 0;
    while length > 0 {
        match local.set_item(&format!("filler-{number}"), &"x".repeat(length)) {
            Ok(()) => number += 1,
            Err(_) => length /= 2,
        }
    }
    let refused = web::login(config.clone(), metadata(), JsValue::UNDEFINED);
    let outcome = handled(&config, callback(&state)).await;
    let again = handled(&config, callback(&state)).await;
    for number in 0..number {
        local.remove_item(&format!("filler-{number}")).unwrap();
    }
    assert_eq!(text_of(&refused.unwrap_err()), "storage_unavailable");
    assert_eq!(text(&outcome, "status"), "signed-in");
    assert_eq!(text(&again, "status"), "already-completed");
}

/// Many who claim the same name, and how many of them were at work at once.
async fn assert_one_at_a_time(name: &str) {
    let seen = worker(15);
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
    let now = js_sys::Date::now;
    let work = |name: &str, patience| {
        let seen = worker(0);
        (claim(name, patience, &get(&seen, "work").unchecked_into()), seen)
    };
    // Dead for long, and by a clock that was ahead: at once.
    for age in [60_000.0, -86_400_000.0] {
        JsFuture::from(leave_claim("pkce-wasm:dead", age)).await.unwrap();
        let began = now();
        let (done, seen) = work("dead", 60_000);
        JsFuture::from(done).await.unwrap();
        assert_eq!(get(&seen, "done").as_f64(), Some(1.0));
        assert!(now() - began < 3000.0, "{age}");
    }
    // It may be alive still: first it is waited for.
    JsFuture::from(leave_claim("pkce-wasm:dying", 3500.0)).await.unwrap();
    let began = now();
    let (done, _) = work("dying", 60_000);
    JsFuture::from(done).await.unwrap();
    assert!((1000.0..10_000.0).contains(&(now() - began)), "{}", now() - began);
    // A holder that shows signs of life for longer than it is waited for.
    let holder = worker(7000);
    let held = claim("frozen", 60_000, &get(&holder, "work").unchecked_into());
    JsFuture::from(pause(500)).await.unwrap();
    let (done, _) = work("frozen", 6000);
    JsFuture::from(done).await.unwrap();
    assert_eq!(get(&holder, "inside").as_f64(), Some(1.0), "its row was not taken from it");
    JsFuture::from(held).await.unwrap();
    show("locks");
}
