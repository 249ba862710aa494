//! The server: whatever a scenario does not replace is honest.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, Uri, header};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::proofs::Proofs;
use crate::reply::Reply;
use crate::{honest, keys};

/// One way to behave. Its name is the issuer's path.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// What the OpenID well-known place serves.
    pub metadata: fn(issuer: &str) -> Reply,
    /// What the well-known place of RFC 8414 serves.
    pub oauth_metadata: fn(issuer: &str) -> Reply,
    /// The code for the login of that number.
    pub code: fn(number: usize) -> String,
    /// Where the browser is sent with the code.
    pub response: fn(&Answer) -> String,
    /// What the token endpoint answers to a code that is good.
    pub token: fn(&Login) -> Reply,
    /// What it answers to a refresh token that is good.
    pub refresh: fn(&Login) -> Reply,
    /// What becomes of a refresh token that was used.
    pub rotation: Rotation,
    /// What the userinfo endpoint answers to an access token that is good.
    pub userinfo: fn(&Login) -> Reply,
    /// The key set, at its first, second, … reading.
    pub jwks: fn(reading: u32) -> Reply,
    /// How long the token endpoint waits before it acts, at the first, second, … request for a code.
    pub delay: fn(request: u32) -> Duration,
    /// Whether every request that shows or wants a token has to bring a proof with the nonce of the last answer (RFC 9449).
    pub proves: bool,
}

impl Scenario {
    /// An honest server.
    pub const HONEST: Self = Self {
        metadata: |issuer| Reply::json(honest::metadata(issuer)),
        oauth_metadata: |_| Reply::html(404),
        code: |number| format!("code-{number}"),
        response: |answer| answer.honest(),
        token: |login| Reply::json(honest::tokens(login)),
        refresh: |login| Reply::json(honest::refreshed(login)),
        rotation: Rotation::None,
        userinfo: |login| Reply::json(honest::userinfo(login)),
        jwks: |_| Reply::json(honest::jwks()),
        delay: |_| Duration::ZERO,
        proves: false,
    };
}

/// What becomes of a refresh token that was used (RFC 9700 section 4.14.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// It serves again.
    None,
    /// Another takes its place. Whoever brings it again ends the login.
    Strict,
    /// The same; but the last one that was used is answered as it was the first time, for the answer may have been lost.
    Tolerant,
}

/// What the authorization endpoint has to answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The redirect URI that the client sent.
    pub redirect_uri: String,
    /// The `state` that it sent.
    pub state: String,
    /// The code.
    pub code: String,
    /// The issuer.
    pub issuer: String,
    /// The issuer of an honest server, which is another one.
    pub other_issuer: String,
}

impl Answer {
    /// The response without a lie (RFC 6749 section 4.1.2, RFC 9207 section 2).
    pub fn honest(&self) -> String {
        self.with(&[("code", &self.code), ("state", &self.state), ("iss", &self.issuer)])
    }

    /// A response with those parameters.
    pub fn with(&self, parameters: &[(&str, &str)]) -> String {
        self.with_raw(&form(parameters))
    }

    /// A response with that query, as it is.
    pub fn with_raw(&self, query: &str) -> String {
        format!("{}?{query}", self.redirect_uri)
    }

    /// The honest response, followed by that text.
    pub fn followed_by(&self, text: &str) -> String {
        format!("{}{text}", self.honest())
    }

    /// The honest response at another address.
    pub fn at(&self, address: &str) -> String {
        let honest = self.honest();
        format!("{address}?{}", honest.split_once('?').unwrap_or_default().1)
    }
}

/// A login that the authorization endpoint has waved through.
#[derive(Clone, Debug, Default)]
pub struct Login {
    /// The issuer.
    pub issuer: String,
    /// The client that asked.
    pub client_id: String,
    /// The `nonce` that it sent; empty without one.
    pub nonce: String,
    /// The scopes that it asked for.
    pub scope: String,
    /// The access token, once the code is redeemed.
    pub access_token: String,
    /// The refresh token.
    pub refresh_token: String,
    /// How often the tokens were refreshed.
    pub refreshes: u32,
    /// The thumbprint of the key that the tokens are bound to; empty where they are not.
    pub jkt: String,
    used: Vec<String>,
    ended: bool,
    redirect_uri: String,
    code_challenge: String,
    redeemed: bool,
}

impl Login {
    fn refresh(&mut self, rotation: Rotation) {
        self.refreshes += 1;
        if rotation != Rotation::None {
            let first = |token: &str| token.split('.').next().unwrap_or_default().to_owned();
            let next = format!("{}.{}", first(&self.refresh_token), self.refreshes);
            self.access_token = format!("{}.{}", first(&self.access_token), self.refreshes);
            self.used.push(std::mem::replace(&mut self.refresh_token, next));
        }
    }
}

/// A running server. It ends when this is dropped.
#[derive(Debug)]
pub struct Server {
    shared: Arc<Shared>,
    address: SocketAddr,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    origin: String,
    scenarios: HashMap<&'static str, Scenario>,
    memory: Mutex<Memory>,
}

#[derive(Debug, Default)]
struct Memory {
    logins: HashMap<String, Login>,
    number: usize,
    hits: HashMap<String, u32>,
    exchanges: BTreeMap<String, u32>,
    refreshes: Refreshes,
    revoked: BTreeSet<String>,
    failing: Option<u16>,
    proofs: Proofs,
    pushed: HashMap<String, String>,
}

/// The requests with refresh tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Refreshes {
    /// How many there were, whatever came of them.
    pub requests: u32,
    /// How many brought a token that was used before and is not to be used again.
    pub reused: u32,
}

/// The scenario that is always there.
const HONEST: &str = "honest";

impl Server {
    /// Starts a server with these scenarios, each by its name, and an honest one, on a free port.
    pub async fn start(scenarios: impl IntoIterator<Item = (&'static str, Scenario)>) -> Self {
        Self::start_behind(None, scenarios).await
    }

    /// Starts it behind another address, by which the browsers know it.
    pub async fn start_behind(
        front: Option<SocketAddr>,
        scenarios: impl IntoIterator<Item = (&'static str, Scenario)>,
    ) -> Self {
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("the loopback interface has a free port");
        let address = listener.local_addr().expect("a listener has an address");
        let shared = Arc::new(Shared {
            origin: format!("http://{}", front.unwrap_or(address)),
            scenarios: [(HONEST, Scenario::HONEST)].into_iter().chain(scenarios).collect(),
            memory: Mutex::default(),
        });
        let router = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.expect("the server runs") });
        Self { shared, address, task }
    }

    /// The issuer of a scenario.
    pub fn issuer(&self, name: &str) -> String {
        self.shared.issuer(name)
    }

    /// How often a place below a scenario's issuer was asked, preflights not counted.
    pub fn hits(&self, name: &str, place: &str) -> u32 {
        self.shared.memory().hits.get(&format!("/{name}/{place}")).copied().unwrap_or(0)
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// How often each code was brought to the token endpoint, whatever came of it.
    pub fn exchanges(&self) -> BTreeMap<String, u32> {
        self.shared.memory().exchanges.clone()
    }

    /// The requests with refresh tokens so far.
    pub fn refreshes(&self) -> Refreshes {
        self.shared.memory().refreshes
    }

    /// The tokens that it was told to forget (RFC 7009).
    pub fn revoked(&self) -> BTreeSet<String> {
        self.shared.memory().revoked.clone()
    }

    /// Lets the token endpoint answer with that status from now on, and do nothing; or lets it be itself again.
    pub fn fail(&self, status: Option<u16>) {
        self.shared.memory().failing = status;
    }

    /// What was wrong with proofs, but for nonces; and how many requests were refused for want of one.
    pub fn proofs(&self) -> (Vec<String>, u32) {
        let memory = self.shared.memory();
        (memory.proofs.wrong.clone(), memory.proofs.without_nonce)
    }

    /// How many codes were redeemed.
    pub fn redeemed(&self) -> usize {
        self.shared.memory().logins.values().filter(|login| login.redeemed).count()
    }

    /// An issuer where nobody listens.
    pub async fn nobody() -> String {
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("the loopback interface has a free port");
        format!("http://{}", listener.local_addr().expect("a listener has an address"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Seconds since 1970.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

/// The same place under the other name of this machine, which is another origin.
pub(crate) fn abroad(issuer: &str) -> String {
    issuer.replacen("127.0.0.1", "localhost", 1)
}

impl Shared {
    fn issuer(&self, name: &str) -> String {
        format!("{}/{name}", self.origin)
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a request that is pushed (RFC 9126 section 2).
    fn push(&self, body: &[u8]) -> Reply {
        let mut memory = self.memory();
        memory.number += 1;
        let name = format!("urn:ietf:params:oauth:request_uri:{}", memory.number);
        memory.pushed.insert(name.clone(), String::from_utf8_lossy(body).into_owned());
        Reply::json(json!({ "request_uri": name, "expires_in": 60 })).status(201)
    }

    /// Lets everybody in: sends the browser straight back with a code.
    fn authorize(&self, name: &str, scenario: &Scenario, query: &str) -> Reply {
        let mut parameters = parse(query);
        if let Some(request_uri) = parameters.get("request_uri") {
            let pushed = self.memory().pushed.remove(request_uri);
            let Some(pushed) = pushed else { return Reply::html(400) };
            parameters = parse(&pushed);
        }
        let parameter = |name: &str| parameters.get(name).cloned().unwrap_or_default();
        let issuer = self.issuer(name);
        if parameter("code_challenge_method") != "S256" {
            return Reply::html(400);
        }
        let mut memory = self.memory();
        memory.number += 1;
        let code = (scenario.code)(memory.number);
        let login = Login {
            issuer: issuer.clone(),
            client_id: parameter("client_id"),
            nonce: parameter("nonce"),
            scope: parameter("scope"),
            jkt: if scenario.proves { parameter("dpop_jkt") } else { String::new() },
            redirect_uri: parameter("redirect_uri"),
            code_challenge: parameter("code_challenge"),
            access_token: format!("access-{}", memory.number),
            refresh_token: format!("refresh-{}", memory.number),
            ..Login::default()
        };
        memory.logins.insert(code.clone(), login);
        let answer = Answer {
            redirect_uri: parameter("redirect_uri"),
            state: parameter("state"),
            code,
            issuer,
            other_issuer: self.issuer(HONEST),
        };
        Reply::redirect(302, (scenario.response)(&answer))
    }

    /// The server's half of RFC 6749 section 4.1.3 and RFC 7636 section 4.6. It is never the one that lies.
    fn token(&self, scenario: &Scenario, body: &[u8], jkt: &str) -> Reply {
        let parameters = parse(&String::from_utf8_lossy(body));
        let parameter = |name: &str| parameters.get(name).map(String::as_str).unwrap_or_default();
        let mut memory = self.memory();
        if let Some(status) = memory.failing {
            memory.refreshes.requests += u32::from(parameter("grant_type") == "refresh_token");
            return Reply::html(status);
        }
        match parameter("grant_type") {
            "authorization_code" => {
                let login = memory.logins.get_mut(parameter("code")).filter(|login| {
                    !login.redeemed
                        && login.jkt == jkt
                        && parameter("client_id") == login.client_id
                        && parameter("redirect_uri") == login.redirect_uri
                        && keys::answers_challenge(parameter("code_verifier"), &login.code_challenge)
                });
                if let Some(login) = login {
                    login.redeemed = true;
                    return (scenario.token)(login);
                }
            }
            "refresh_token" => {
                memory.refreshes.requests += 1;
                let brought = parameter("refresh_token");
                let is_theirs = |login: &&mut Login| {
                    login.jkt == jkt
                        && (login.refresh_token == brought || login.used.iter().any(|used| used == brought))
                };
                if let Some(login) = memory.logins.values_mut().find(is_theirs).filter(|login| !login.ended) {
                    if login.refresh_token == brought {
                        login.refresh(scenario.rotation);
                        return (scenario.refresh)(login);
                    }
                    if scenario.rotation == Rotation::Tolerant && login.used.last().is_some_and(|used| used == brought)
                    {
                        login.refreshes += 1;
                        return (scenario.refresh)(login);
                    }
                    login.ended = true;
                    memory.refreshes.reused += 1;
                }
            }
            _ => {}
        }
        Reply::json(json!({ "error": "invalid_grant" })).status(400)
    }

    /// Forgets a token; with a refresh token goes the login (RFC 7009 section 2.1).
    fn revoke(&self, body: &[u8]) -> Reply {
        let token = parse(&String::from_utf8_lossy(body)).remove("token").unwrap_or_default();
        let mut memory = self.memory();
        for login in memory.logins.values_mut().filter(|login| login.refresh_token == token) {
            login.ended = true;
        }
        memory.revoked.insert(token);
        Reply::json(json!({}))
    }

    /// Notes that a code was brought; how often that has happened.
    fn brought(&self, body: &[u8]) -> u32 {
        let parameters = parse(&String::from_utf8_lossy(body));
        let Some(code) = parameters.get("code") else { return 0 };
        let mut memory = self.memory();
        let times = memory.exchanges.entry(code.clone()).or_default();
        *times += 1;
        *times
    }

    fn userinfo(&self, scenario: &Scenario, headers: &HeaderMap, jkt: &str) -> Reply {
        let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let scheme = if scenario.proves { "DPoP " } else { "Bearer " };
        let token = authorization.and_then(|value| value.strip_prefix(scheme)).unwrap_or_default();
        match self.memory().logins.values().find(|login| login.access_token == token && login.jkt == jkt) {
            Some(login) => (scenario.userinfo)(login),
            None => Reply::html(401),
        }
    }
}

async fn answer(State(shared): State<Arc<Shared>>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Reply {
    if method == Method::OPTIONS {
        return Reply::html(204);
    }
    let hits = {
        let mut memory = shared.memory();
        let hits = memory.hits.entry(uri.path().to_owned()).or_default();
        *hits += 1;
        *hits
    };
    let path = uri.path();
    if let Some(name) = path.strip_prefix("/.well-known/oauth-authorization-server/") {
        let scenario = shared.scenarios.get(name);
        return scenario.map_or_else(|| Reply::html(404), |scenario| (scenario.oauth_metadata)(&shared.issuer(name)));
    }
    let (name, place) = path.trim_start_matches('/').split_once('/').unwrap_or_default();
    let Some(scenario) = shared.scenarios.get(name) else {
        return Reply::html(404);
    };
    let mut jkt = String::new();
    let mut nonce = None;
    if scenario.proves && matches!(place, "token" | "userinfo" | "par") {
        let url = format!("{}/{place}", shared.issuer(name));
        let mut memory = shared.memory();
        let proven = memory.proofs.check(&headers, method.as_str(), &url);
        nonce = Some(memory.proofs.next());
        match proven {
            Ok(thumbprint) => jkt = thumbprint,
            Err(error) if place == "userinfo" => {
                let challenge = if error == "use_dpop_nonce" {
                    r#"DPoP error="use_dpop_nonce", algs="ES256""#
                } else {
                    r#"DPoP error="invalid_dpop_proof", algs="ES256""#
                };
                return Reply { challenge, nonce, ..Reply::html(401) };
            }
            Err(error) => return Reply { nonce, ..Reply::json(json!({ "error": error })).status(400) },
        }
    }
    let reply = match place {
        ".well-known/openid-configuration" => (scenario.metadata)(&shared.issuer(name)),
        "authorize" => shared.authorize(name, scenario, uri.query().unwrap_or_default()),
        "token" => {
            let delay = (scenario.delay)(shared.brought(&body));
            if !delay.is_zero() {
                tokio::time::sleep(delay).await;
            }
            shared.token(scenario, &body, &jkt)
        }
        "userinfo" => shared.userinfo(scenario, &headers, &jkt),
        "revoke" => shared.revoke(&body),
        "jwks" => (scenario.jwks)(hits),
        // Where the redirects lead: each answers as honestly as it can, so that following it would succeed.
        "elsewhere/metadata" => Reply::json(honest::metadata(&shared.issuer(name))),
        "elsewhere/token" => shared.token(&Scenario::HONEST, &body, ""),
        "elsewhere/userinfo" => shared.userinfo(&Scenario::HONEST, &headers, ""),
        "par" if scenario.proves => shared.push(&body),
        _ => Reply::html(404),
    };
    Reply { nonce, ..reply }
}

fn parse(form: &str) -> HashMap<String, String> {
    form_urlencoded::parse(form.as_bytes()).into_owned().collect()
}

pub(crate) fn form(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}
