//! An authorization server that lies, in as many ways as a test asks for.
//!
//! Each way is a [`Scenario`] and has an issuer of its own, by its name in the path; all share one port. Whatever a scenario
//! does not replace is honest, so that a refusal is for the lie and nothing else.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{Method, Uri, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// One way to lie.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// Its name, which is the issuer's path.
    pub name: &'static str,
    /// The metadata that the issuer serves.
    pub metadata: fn(issuer: &str) -> Reply,
    /// What the token endpoint answers.
    pub token: fn(&Login) -> Reply,
    /// The keys that the server publishes, when they are asked for the first, second, and so on time.
    pub jwks: fn(time: u32) -> Reply,
}

impl Scenario {
    /// An honest server.
    pub const fn honest(name: &'static str) -> Self {
        Self {
            name,
            metadata: |issuer| Reply::json(honest_metadata(issuer)),
            token: |login| Reply::json(tokens(login)),
            jwks: |_| Reply::json(jwks(KID)),
        }
    }

    /// An honest server with other metadata.
    pub const fn with_metadata(name: &'static str, metadata: fn(&str) -> Reply) -> Self {
        Self { metadata, ..Self::honest(name) }
    }

    /// An honest server with another answer of the token endpoint.
    pub const fn with_token(name: &'static str, token: fn(&Login) -> Reply) -> Self {
        Self { token, ..Self::honest(name) }
    }

    /// An honest server that publishes other keys.
    pub const fn with_jwks(name: &'static str, jwks: fn(u32) -> Reply) -> Self {
        Self { jwks, ..Self::honest(name) }
    }
}

/// A login that the authorization endpoint has waved through.
#[derive(Clone, Debug)]
pub struct Login {
    /// The issuer.
    pub issuer: String,
    /// The client that asked.
    pub client_id: String,
    /// The `nonce` that it sent; empty without one.
    pub nonce: String,
}

/// What the server answers.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// `Content-Type`.
    pub content_type: &'static str,
    /// `Location`, when there is one.
    pub location: Option<String>,
    /// The body.
    pub body: String,
}

impl Reply {
    /// A JSON document.
    pub fn json(value: Value) -> Self {
        Self { status: 200, content_type: "application/json", location: None, body: value.to_string() }
    }

    /// A web page.
    pub fn html(status: u16) -> Self {
        let body = "<!doctype html><title>Welcome</title><p>Nothing to see here.".to_owned();
        Self { status, content_type: "text/html", location: None, body }
    }

    /// A redirect.
    pub fn redirect(status: u16, location: String) -> Self {
        Self { status, location: Some(location), ..Self::html(status) }
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let mut response = Response::builder()
            .status(self.status)
            .header(header::CONTENT_TYPE, self.content_type)
            .header(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")
            .header(header::ACCESS_CONTROL_ALLOW_HEADERS, "*")
            .header(header::CACHE_CONTROL, "no-store");
        if let Some(location) = self.location {
            response = response.header(header::LOCATION, location);
        }
        response.body(self.body.into()).expect("a scenario's status and headers are fit for HTTP")
    }
}

/// Metadata without a lie.
pub fn honest_metadata(issuer: &str) -> Value {
    json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/jwks"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
    })
}

/// A token response without a lie.
pub fn tokens(login: &Login) -> Value {
    honest_tokens(id_token(&honest_claims(login)))
}

/// A token response around an ID token.
pub fn honest_tokens(id_token: String) -> Value {
    json!({
        "access_token": "an-access-token",
        "token_type": "Bearer",
        "expires_in": 600,
        "scope": "openid",
        "id_token": id_token,
    })
}

/// The claims of an ID token without a lie.
pub fn honest_claims(login: &Login) -> Value {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970").as_secs();
    json!({
        "iss": login.issuer,
        "aud": login.client_id,
        "sub": "mallory",
        "nonce": login.nonce,
        "iat": now,
        "exp": now + 600,
    })
}

/// The name of the key that signs.
pub const KID: &str = "hostile";

/// The key that signs: a new one for each process.
static KEY: LazyLock<EcdsaKeyPair> = LazyLock::new(|| {
    let random = SystemRandom::new();
    let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("the platform gives randomness");
    EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random).expect("the key was made just now")
});

/// The key set with the key that signs, under this name.
pub fn jwks(kid: &str) -> Value {
    let point = KEY.public_key().as_ref();
    let coordinate = |from: usize| URL_SAFE_NO_PAD.encode(point.get(from..from + 32).expect("a point of P-256"));
    let key = json!({ "kty": "EC", "crv": "P-256", "use": "sig", "kid": kid, "x": coordinate(1), "y": coordinate(33) });
    json!({ "keys": [key] })
}

/// An ID token with these claims.
pub fn id_token(claims: &Value) -> String {
    signed(&json!({ "alg": "ES256", "kid": KID, "typ": "JWT" }), claims)
}

/// A JWT with that header and these claims, signed by ES256 whatever the header says.
pub fn signed(header: &Value, claims: &Value) -> String {
    let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    let input = format!("{header}.{claims}");
    let signature = KEY.sign(&SystemRandom::new(), input.as_bytes()).expect("a P-256 key signs anything");
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// A running server. It ends with the test.
#[derive(Debug)]
pub struct Hostile {
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    origin: String,
    scenarios: Vec<Scenario>,
    state: Mutex<Memory>,
}

#[derive(Debug, Default)]
struct Memory {
    logins: HashMap<String, Login>,
    hits: HashMap<String, u32>,
}

impl Hostile {
    /// Starts a server with these scenarios on a free port.
    pub async fn start(scenarios: impl IntoIterator<Item = Scenario>) -> Self {
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("the loopback interface has a free port");
        let address = listener.local_addr().expect("a listener has an address");
        let shared = Arc::new(Shared {
            origin: format!("http://{address}"),
            scenarios: scenarios.into_iter().collect(),
            state: Mutex::default(),
        });
        let router = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.expect("the server runs") });
        Self { shared, task }
    }

    /// The issuer of a scenario.
    pub fn issuer(&self, name: &str) -> String {
        self.shared.issuer(name)
    }

    /// How often a place below a scenario's issuer was asked, preflights not counted.
    pub fn hits(&self, name: &str, place: &str) -> u32 {
        self.shared.hits(name, place)
    }

    /// An issuer where nobody listens.
    pub async fn nobody() -> String {
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("the loopback interface has a free port");
        format!("http://{}", listener.local_addr().expect("a listener has an address"))
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    fn issuer(&self, name: &str) -> String {
        format!("{}/{name}", self.origin)
    }

    fn hits(&self, name: &str, place: &str) -> u32 {
        self.memory().hits.get(&format!("/{name}/{place}")).copied().unwrap_or(0)
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets everybody in: sends the browser straight back with a code.
    fn authorize(&self, scenario: &Scenario, query: &str) -> Reply {
        let parameters = parse(query);
        let parameter = |name: &str| parameters.get(name).cloned().unwrap_or_default();
        let issuer = self.issuer(scenario.name);
        let mut memory = self.memory();
        let code = format!("code-{}", memory.logins.len());
        let login = Login { issuer: issuer.clone(), client_id: parameter("client_id"), nonce: parameter("nonce") };
        memory.logins.insert(code.clone(), login);
        let answer = form([("code", code), ("state", parameter("state")), ("iss", issuer)]);
        Reply::redirect(302, format!("{}?{answer}", parameter("redirect_uri")))
    }

    fn token(&self, scenario: &Scenario, body: &[u8]) -> Reply {
        let parameters = parse(&String::from_utf8_lossy(body));
        let login = parameters.get("code").and_then(|code| self.memory().logins.get(code).cloned());
        match login {
            Some(login) => (scenario.token)(&login),
            None => Reply { status: 400, ..Reply::json(json!({ "error": "invalid_grant" })) },
        }
    }
}

async fn answer(State(shared): State<Arc<Shared>>, method: Method, uri: Uri, body: Bytes) -> Reply {
    if method == Method::OPTIONS {
        return Reply::html(204);
    }
    *shared.memory().hits.entry(uri.path().to_owned()).or_default() += 1;
    let (name, place) = uri.path().trim_start_matches('/').split_once('/').unwrap_or_default();
    let Some(scenario) = shared.scenarios.iter().find(|scenario| scenario.name == name) else {
        return Reply::html(404);
    };
    match place {
        ".well-known/openid-configuration" => (scenario.metadata)(&shared.issuer(name)),
        "authorize" => shared.authorize(scenario, uri.query().unwrap_or_default()),
        "token" => shared.token(scenario, &body),
        "jwks" => (scenario.jwks)(shared.hits(name, place)),
        _ => Reply::html(404),
    }
}

fn parse(form: &str) -> HashMap<String, String> {
    form_urlencoded::parse(form.as_bytes()).into_owned().collect()
}

fn form<const N: usize>(pairs: [(&str, String); N]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}
