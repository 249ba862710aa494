//! The client as a whole, without Tauri: at servers that are honest and at servers that lie, with a keyring that can be told how to fail.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test states what it expects by failing"
)]

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hostile::{Case, Expected, Group, Reply, Rotation, Scenario, Server, cases, honest};
use pkce_wasm::Settings;
use pkce_wasm::client::authorize::LoginOptions;
use pkce_wasm::client::logout::LogoutOptions;
use pkce_wasm::error::{Code, Error};
use reqwest::header::LOCATION;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::client::{Client, Shell};
use crate::config::Configuration;
use crate::http::Call;
use crate::lock::Lock;
use crate::store::tests::Fake;
use crate::store::{StoreError, Tier, Vault};
use crate::told::{Event, Outcome};

const SCHEME: &str = "com.example.app:/callback";
const PATIENCE: Duration = Duration::from_secs(60);

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap().block_on(work)
}

/// What the client asks of the application, written down.
#[derive(Clone, Default)]
struct Desk {
    opened: Arc<Mutex<Vec<String>>>,
    told: Arc<Mutex<Vec<Event>>>,
}

impl Shell for Desk {
    fn open(&self, url: &str) -> Result<(), Error> {
        self.opened.lock().unwrap().push(url.to_owned());
        Ok(())
    }

    fn tell(&self, event: Event) {
        self.told.lock().unwrap().push(event);
    }
}

impl Desk {
    fn told(&self) -> Vec<Value> {
        self.told.lock().unwrap().iter().map(|event| serde_json::to_value(event).unwrap()).collect()
    }

    fn count(&self, kind: &str) -> usize {
        self.told().iter().filter(|event| event["type"] == kind).count()
    }
}

/// A user's machine: its keyring, its folder, and what the application shows.
struct Machine {
    keyring: Arc<Fake>,
    folder: TempDir,
    desk: Desk,
}

impl Machine {
    fn new() -> Self {
        Self { keyring: Arc::default(), folder: tempfile::tempdir().unwrap(), desk: Desk::default() }
    }

    /// A process of the application.
    fn start(&self, config: Value) -> Arc<Client> {
        let config = Configuration::new(config.as_object().unwrap().clone()).unwrap();
        let vault = Vault::new(Box::new(Arc::clone(&self.keyring)), self.folder.path());
        let lock = Lock::new(self.folder.path().join("lock"));
        Client::new(config, vault, lock, Box::new(self.desk.clone())).unwrap()
    }

    /// The URL with which the browser comes back from the page that was opened last.
    async fn browse(&self) -> String {
        let url = self.desk.opened.lock().unwrap().last().unwrap().clone();
        let _ = rustls::crypto::ring::default_provider().install_default();
        let browser = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let answer = browser.get(url).send().await.unwrap();
        answer.headers()[LOCATION].to_str().unwrap().to_owned()
    }

    /// Begins a login and comes back from it.
    async fn sign_in(&self, client: &Arc<Client>, options: LoginOptions) -> Result<Value, Error> {
        client.login(options).await?;
        let back = self.browse().await;
        let redirect_uri = client.redirect_uri().to_owned();
        Ok(serde_json::to_value(client.handle_redirect(&back, &redirect_uri).await).unwrap())
    }
}

fn config(issuer: &str) -> Value {
    json!({ "issuer": issuer, "clientId": "app", "redirectUri": SCHEME })
}

/// An honest server whose access tokens are to be renewed as soon as they are there.
const SHORT: Scenario = Scenario {
    token: |login| Reply::json(honest::with(honest::tokens(login), "expires_in", 1.into())),
    rotation: Rotation::Strict,
    ..Scenario::HONEST
};

/// The same with tokens that last.
const LASTING: Scenario = Scenario { rotation: Rotation::Strict, ..Scenario::HONEST };

fn code<T>(result: Result<T, Error>) -> Option<&'static str> {
    result.err().map(|error| error.code.name())
}

/// Nothing that a page is told holds a token.
fn assert_discreet(machine: &Machine) {
    let told = Value::from(machine.desk.told()).to_string();
    for secret in ["access-", "refresh-", "eyJ", "code-"] {
        assert!(!told.contains(secret), "{secret} in {told}");
    }
}

#[test]
fn tp1_a_login_by_the_system_browser_gives_claims_and_no_token() {
    run(async {
        let server = Server::start([]).await;
        let machine = Machine::new();
        let client = machine.start(config(&server.issuer("honest")));
        assert!(client.session().await.unwrap().is_none());
        let outcome =
            machine.sign_in(&client, LoginOptions { return_to: Some("/here".into()), ..Default::default() }).await;
        assert_eq!(outcome.unwrap(), json!({ "status": "signed-in", "returnTo": "/here" }));
        let session = serde_json::to_value(client.session().await.unwrap().unwrap()).unwrap();
        assert_eq!(session["claims"]["sub"], honest::SUBJECT);
        assert_eq!(session["idTokenVerifiedBy"], "signature");
        assert_eq!(session["renewable"], true);
        assert!(!session.to_string().contains("access-"), "{session}");
        assert_eq!(client.tier(), Tier::Keyring);
        assert_eq!(client.userinfo(None).await.unwrap().string("name").as_deref(), Some("Mallory"));
        assert_eq!((machine.desk.count("signed-in"), machine.desk.count("redirect")), (1, 1));
        assert_discreet(&machine);
    });
}

#[test]
fn na5_na6_a_loopback_port_is_chosen_at_run_time_and_closed_after_the_answer() {
    run(async {
        let server = Server::start([]).await;
        let machine = Machine::new();
        let mut config = config(&server.issuer("honest"));
        config["redirectUri"] = "http://127.0.0.1/back".into();
        let client = machine.start(config);
        client.login(LoginOptions::default()).await.unwrap();
        let back = machine.browse().await;
        assert!(back.starts_with("http://127.0.0.1:") && back.contains("/back?code="), "{back}");
        let place = back.split('?').next().unwrap();
        let browser = reqwest::Client::new();
        let forged = browser.get(format!("{place}?code=stolen&state=guessed")).send().await.unwrap();
        assert_eq!(forged.status(), 200);
        assert_eq!(browser.get(&back).send().await.unwrap().status(), 200);
        until("somebody is signed in", async || client.session().await.unwrap().is_some()).await;
        until("the port is closed", async || browser.get(place).send().await.is_err()).await;
        assert_eq!(machine.desk.count("signed-in"), 1);
        // The next login has another port, and its session is the same client's.
        let outcome = machine.sign_in(&client, LoginOptions::default()).await.unwrap();
        assert_eq!(outcome["status"], "signed-in", "a login is known by its state, and arrives where it was sent to");
    });
}

async fn until(what: &str, check: impl AsyncFn() -> bool) {
    let wait = async {
        while !check().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("waited in vain until {what}"));
}

#[test]
fn tp1_no_lie_of_an_authorization_server_is_believed() {
    run(async {
        let cases = cases::all();
        let server = Server::start(cases.iter().map(|case| (case.name, case.scenario))).await;
        let (mut wrong, mut tried) = (Vec::new(), 0);
        for case in &cases {
            tried += 1;
            let end = take(case, &server).await;
            let good = match case.expected {
                Expected::Accepted => end.is_ok(),
                Expected::Refused(code) => kept(case.group, code).iter().any(|code| end == Err(code.name().to_owned())),
            };
            if !good {
                wrong.push(format!("{}: {end:?} instead of {:?}", case.name, case.expected));
            }
        }
        assert!(tried > 60, "only {tried} cases were tried");
        assert!(wrong.is_empty(), "{wrong:#?}");
    });
}

/// The codes in a client that keeps its logins and its session: it finds a login by its `state`, and a refresh token that is refused by `invalid_grant` ends the
/// session.
fn kept(group: Group, code: Code) -> Vec<Code> {
    match (group, code) {
        (_, Code::StateMismatch) => vec![Code::TransactionNotFound],
        (Group::Refresh, Code::TokenRefused) => vec![Code::TokenRefused, Code::SessionExpired],
        (_, code) => vec![code],
    }
}

/// What a case has in its configuration beside the usual, as JSON has it.
fn configure(case: &Case, config: &mut Value) {
    let usual = || Settings::new(config["issuer"].as_str().unwrap(), "app", SCHEME);
    let (before, mut settings) = (usual(), usual());
    (case.configure)(&mut settings);
    if settings.trusted_audiences != before.trusted_audiences {
        config["trustedAudiences"] = settings.trusted_audiences.clone().into();
    }
    if settings.accept_issuer != before.accept_issuer {
        config["acceptIssuer"] = settings.accept_issuer.clone().into();
    }
    if let Some(alg) = &settings.id_token_signed_response_alg {
        config["idTokenSignedResponseAlg"] = alg.as_str().into();
    }
    if let Some(metadata) = &settings.metadata {
        config["metadata"] = serde_json::from_str(metadata).unwrap();
    }
    if settings.scope != before.scope {
        config["scope"] = settings.scope.as_str().into();
    }
}

/// The login at a case's issuer, as far as the step at which it lies; the code of the error.
async fn take(case: &Case, server: &Server) -> Result<(), String> {
    let machine = Machine::new();
    let mut config = config(&server.issuer(case.name));
    config["redirectUri"] = hostile::client::REDIRECT_URI.into();
    config["clientId"] = hostile::client::CLIENT_ID.into();
    if matches!(case.expected, Expected::Refused(Code::TimedOut)) {
        config["timeout"] = 2000.into();
    }
    configure(case, &mut config);
    let client = machine.start(config);
    let outcome = machine.sign_in(&client, (case.options)()).await.map_err(|error| error.code.name().to_owned())?;
    match outcome["status"].as_str() {
        Some("signed-in") => {}
        // It belongs to no login: the pending one goes on.
        Some("none") => return Err(Code::StateMissing.name().to_owned()),
        _ => return Err(outcome["error"]["code"].as_str().unwrap_or_default().to_owned()),
    }
    let name = |error: Error| error.code.name().to_owned();
    if case.group == Group::Userinfo || !case.is_lie() {
        client.userinfo(None).await.map_err(name)?;
    }
    if case.group == Group::Refresh || case.refreshes {
        client.refresh(None).await.map_err(name)?;
    }
    Ok(())
}

#[test]
fn tp3_of_twenty_who_want_a_token_in_each_of_two_processes_one_renews_it() {
    run(async {
        let server = Server::start([("short", SHORT)]).await;
        let machine = Machine::new();
        let first = machine.start(config(&server.issuer("short")));
        machine.sign_in(&first, LoginOptions::default()).await.unwrap();
        let second = machine.start(config(&server.issuer("short")));
        tokio::time::sleep(Duration::from_millis(1100)).await;
        let asking = (0..40).map(|number| {
            let client = Arc::clone(if number % 2 == 0 { &first } else { &second });
            tokio::spawn(async move {
                client.tokens(None, None, "expired").await.map(|session| session.tokens.access_token)
            })
        });
        let mut tokens = Vec::new();
        for asked in asking.collect::<Vec<_>>() {
            tokens.push(asked.await.unwrap().unwrap().expose().to_owned());
        }
        tokens.dedup();
        assert_eq!(tokens, ["access-1.1"]);
        assert_eq!((server.refreshes().requests, server.refreshes().reused), (1, 0));
        assert_eq!(machine.desk.count("refreshed"), 1);
        assert_discreet(&machine);
    });
}

#[test]
fn tp3_that_a_refresh_was_begun_is_kept_before_it_is_sent() {
    run(async {
        let server = Server::start([("short", SHORT)]).await;
        let machine = Machine::new();
        let client = machine.start(config(&server.issuer("short")));
        machine.sign_in(&client, LoginOptions::default()).await.unwrap();
        // Without a keyring to note it in, nothing is sent.
        machine.keyring.writes_left.lock().unwrap().replace(0);
        assert_eq!(code(client.refresh(None).await), Some("storage_unavailable"));
        assert_eq!(server.refreshes().requests, 0);
        // The note is there, the answer is lost with the process: the next process is told so by the server.
        machine.keyring.writes_left.lock().unwrap().replace(1);
        client.refresh(None).await.unwrap();
        assert_eq!(client.tier(), Tier::Memory, "what would be lost is held");
        assert_eq!(server.refreshes().requests, 1);
        machine.keyring.writes_left.lock().unwrap().take();
        let next = machine.start(config(&server.issuer("short")));
        assert!(next.session().await.unwrap().is_some());
        assert_eq!(code(next.refresh(None).await), Some("refresh_interrupted"));
        assert!(next.session().await.unwrap().is_none());
        assert_eq!(machine.desk.told().last().unwrap()["reason"], "refresh_interrupted");
    });
}

#[test]
fn tp3_who_stops_waiting_does_not_lose_the_answer() {
    run(async {
        let server = Server::start([("short", SHORT)]).await;
        let machine = Machine::new();
        let client = machine.start(config(&server.issuer("short")));
        machine.sign_in(&client, LoginOptions::default()).await.unwrap();
        for _ in 0..20 {
            let asking = Arc::clone(&client);
            let asked = tokio::spawn(async move { asking.refresh(None).await });
            tokio::time::sleep(Duration::from_millis(2)).await;
            asked.abort();
            let _ = asked.await;
            client.refresh(None).await.unwrap();
        }
        assert_eq!(server.refreshes().reused, 0);
        assert!(client.session().await.unwrap().is_some());
    });
}

#[test]
fn tp1_an_application_that_was_killed_meanwhile_finishes_the_login_once() {
    run(async {
        let server = Server::start([]).await;
        let machine = Machine::new();
        machine.start(config(&server.issuer("honest"))).login(LoginOptions::default()).await.unwrap();
        let back = machine.browse().await;
        let forged = back.replace("state=", "state=x");
        let client = machine.start(config(&server.issuer("honest")));
        assert!(matches!(client.handle_redirect(&forged, SCHEME).await, Outcome::OtherLogin { .. }));
        assert!(matches!(
            client.handle_redirect("com.example.app:/elsewhere?code=a&state=b", SCHEME).await,
            Outcome::None
        ));
        assert!(matches!(client.handle_redirect(&back, SCHEME).await, Outcome::SignedIn { .. }));
        assert!(matches!(client.handle_redirect(&back, SCHEME).await, Outcome::AlreadyCompleted { .. }));
        // At once, in two processes: one redeems it.
        client.login(LoginOptions::default()).await.unwrap();
        let back = machine.browse().await;
        let other = machine.start(config(&server.issuer("honest")));
        let (one, two) = tokio::join!(client.handle_redirect(&back, SCHEME), other.handle_redirect(&back, SCHEME));
        let done = [one, two].iter().filter(|outcome| matches!(outcome, Outcome::SignedIn { .. })).count();
        assert_eq!(done, 1);
        assert!(server.exchanges().values().all(|times| *times == 1), "{:?}", server.exchanges());
        assert_discreet(&machine);
    });
}

#[test]
fn tp2_a_locked_keyring_signs_nobody_out_and_lets_nobody_in() {
    run(async {
        let server = Server::start([("lasting", LASTING)]).await;
        let machine = Machine::new();
        let client = machine.start(config(&server.issuer("lasting")));
        machine.sign_in(&client, LoginOptions::default()).await.unwrap();
        machine.keyring.fail(Some(StoreError::Unavailable));
        assert_eq!(code(client.session().await), Some("storage_unavailable"));
        assert_eq!(code(client.login(LoginOptions::default()).await), Some("storage_unavailable"));
        assert_eq!(code(client.logout(LogoutOptions::default(), false, false).await), Some("storage_unavailable"));
        assert_eq!(machine.desk.opened.lock().unwrap().len(), 1, "no browser was opened");
        machine.keyring.fail(None);
        assert!(client.session().await.unwrap().is_some());

        // Lost: its items are gone.
        machine.keyring.items.lock().unwrap().clear();
        assert!(client.session().await.unwrap().is_none());
        assert_eq!(code(client.tokens(None, None, "expired").await), Some("session_expired"));
        // Gone altogether: the process holds what it has.
        machine.keyring.fail(Some(StoreError::Missing));
        let outcome = machine.sign_in(&client, LoginOptions::default()).await.unwrap();
        assert_eq!((outcome["status"].as_str(), client.tier()), (Some("signed-in"), Tier::Memory));
        assert!(client.session().await.unwrap().is_some());
        assert!(machine.start(config(&server.issuer("lasting"))).session().await.unwrap().is_none());
    });
}

#[test]
fn tp1_a_sign_out_forgets_and_revokes() {
    run(async {
        let revoking = Scenario {
            metadata: |issuer| {
                Reply::json(honest::with(
                    honest::metadata(issuer),
                    "revocation_endpoint",
                    format!("{issuer}/revoke").into(),
                ))
            },
            ..Scenario::HONEST
        };
        let server = Server::start([("revoking", revoking)]).await;
        let machine = Machine::new();
        let client = machine.start(config(&server.issuer("revoking")));
        machine.sign_in(&client, LoginOptions::default()).await.unwrap();
        client.logout(LogoutOptions::default(), true, false).await.unwrap();
        assert!(client.session().await.unwrap().is_none());
        assert_eq!(server.revoked().into_iter().collect::<Vec<_>>(), ["access-1", "refresh-1"]);
        let kept = machine.keyring.items.lock().unwrap().values().cloned().collect::<Vec<_>>().concat();
        let kept = String::from_utf8_lossy(&kept).into_owned();
        assert!(!kept.contains("access-1") && !kept.contains("refresh-1"), "{kept}");
        assert_eq!(machine.desk.told().last().unwrap(), &json!({ "type": "signed-out", "reason": "logout" }));
        // A server without the endpoint: the session is forgotten all the same.
        machine.sign_in(&client, LoginOptions::default()).await.unwrap();
        assert_eq!(code(client.logout(LogoutOptions::default(), false, true).await), Some("endpoint_missing"));
        assert!(client.session().await.unwrap().is_none());
    });
}

/// A server that takes pushed requests and proofs, and nothing else, with another nonce in every answer; its tokens are to be renewed as soon as they are there.
const BOUND: Scenario = Scenario {
    proves: true,
    metadata: |issuer| {
        let pushing = honest::with(
            honest::metadata(issuer),
            "pushed_authorization_request_endpoint",
            format!("{issuer}/par").into(),
        );
        Reply::json(honest::with(pushing, "require_pushed_authorization_requests", true.into()))
    },
    token: |login| Reply::json(honest::with(honest::tokens(login), "token_type", "DPoP".into())),
    refresh: |login| Reply::json(honest::with(honest::refreshed(login), "token_type", "DPoP".into())),
    rotation: Rotation::Strict,
    ..Scenario::HONEST
};

#[test]
fn tp7_tokens_are_bound_to_a_key_that_stays_in_rust_at_a_server_that_takes_nothing_else() {
    run(async {
        let server = Server::start([("bound", BOUND)]).await;
        let machine = Machine::new();
        let mut config = config(&server.issuer("bound"));
        config["dpop"] = "required".into();
        let client = machine.start(config.clone());
        let outcome = machine.sign_in(&client, LoginOptions::default()).await.unwrap();
        assert_eq!(outcome, json!({ "status": "signed-in" }));
        assert!(machine.desk.opened.lock().unwrap()[0].contains("request_uri="));
        let told = serde_json::to_value(client.session().await.unwrap().unwrap()).unwrap();
        assert_eq!(told["tokenBinding"], json!({ "type": "dpop" }));
        // In another process too, which knows no nonce yet.
        for client in [client, machine.start(config.clone()), machine.start(config)] {
            for _ in 0..3 {
                client.refresh(None).await.unwrap();
                assert_eq!(client.userinfo(None).await.unwrap().string("name").as_deref(), Some("Mallory"));
                let userinfo = format!("{}/userinfo", server.issuer("bound"));
                assert_eq!(client.fetch(&call(&userinfo), None).await.unwrap().status(), 200);
            }
        }
        let (wrong, without_nonce) = server.proofs();
        assert!(wrong.is_empty(), "{wrong:?}");
        assert!(without_nonce <= 3, "one for each process: {without_nonce}");
        assert_eq!(
            (server.refreshes().requests, server.refreshes().reused),
            (9, 0),
            "no refresh token was spent for a nonce"
        );

        // A token alone is worth nothing.
        let client = machine.start({
            let mut config = self::config(&server.issuer("bound"));
            config["dpop"] = "required".into();
            config
        });
        let token = client.tokens(None, None, "expired").await.unwrap().tokens.access_token;
        for scheme in ["Bearer", "DPoP"] {
            let stolen = reqwest::Client::new().get(format!("{}/userinfo", server.issuer("bound")));
            let stolen = stolen.header("authorization", format!("{scheme} {}", token.expose())).send().await.unwrap();
            assert_eq!(stolen.status(), 401);
        }
        let proof = client.proof("GET", "https://api.example/", Some("n")).await.unwrap().unwrap();
        assert_eq!(proof.split('.').count(), 3);

        client.logout(LogoutOptions::default(), false, false).await.unwrap();
        assert_eq!(keys_of(&machine), 0);
        assert_discreet(&machine);
    });
}

/// How many keys are kept.
fn keys_of(machine: &Machine) -> usize {
    let records = Vault::new(Box::new(Arc::clone(&machine.keyring)), machine.folder.path()).read().unwrap();
    records.below("session-key:").count() + records.below("login-key:").count()
}

#[test]
fn tp7_a_server_that_binds_no_tokens_is_refused_or_told() {
    run(async {
        let server = Server::start([]).await;
        for (dpop, status) in [("required", "refused"), ("preferred", "signed-in")] {
            let machine = Machine::new();
            let mut config = config(&server.issuer("honest"));
            config["dpop"] = dpop.into();
            let client = machine.start(config);
            let outcome = machine.sign_in(&client, LoginOptions::default()).await.unwrap();
            assert_eq!(outcome["status"], status);
            if status == "refused" {
                assert_eq!(outcome["error"]["code"], "token_type_unsupported");
            } else {
                let told = serde_json::to_value(client.session().await.unwrap().unwrap()).unwrap();
                assert_eq!(told["tokenBinding"], json!({ "type": "bearer", "reason": "server" }));
                client.userinfo(None).await.unwrap();
                client.refresh(None).await.unwrap();
            }
            assert_eq!(keys_of(&machine), 0);
        }
    });
}

#[test]
fn tp7_a_key_that_is_gone_ends_the_session_and_shows_the_tokens_to_nobody() {
    run(async {
        let server = Server::start([("bound", BOUND)]).await;
        let machine = Machine::new();
        let mut config = config(&server.issuer("bound"));
        config["dpop"] = "required".into();
        let client = machine.start(config.clone());
        machine.sign_in(&client, LoginOptions::default()).await.unwrap();
        assert_eq!(keys_of(&machine), 1);
        let vault = Vault::new(Box::new(Arc::clone(&machine.keyring)), machine.folder.path());
        let mut records = vault.read().unwrap();
        let name = records.below("session-key:").next().map(|(name, _)| format!("session-key:{name}")).unwrap();
        // Another key in its place.
        records.set(&name, crate::dpop::Key::make().unwrap().1.expose());
        vault.write(&records).unwrap();
        let (hits, client) = (server.hits("bound", "userinfo"), machine.start(config));
        assert_eq!(code(client.userinfo(None).await), Some("dpop_key_missing"));
        assert_eq!(code(client.refresh(None).await), Some("dpop_key_missing"));
        assert_eq!((server.hits("bound", "userinfo"), server.refreshes().requests), (hits, 0));
        assert!(client.session().await.unwrap().is_none());
        assert_eq!(machine.desk.told().last().unwrap(), &json!({ "type": "expired", "reason": "session_expired" }));
    });
}

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

fn call(url: &str) -> Call {
    Call::new(url, "GET", &[], None, PATIENCE, false).unwrap()
}

#[test]
fn tp4_requests_go_to_the_listed_origins_only_and_follow_no_redirect() {
    run(async {
        let (server, api, other) =
            (Server::start([("lasting", LASTING)]).await, Api::start().await, Api::start().await);
        let machine = Machine::new();
        let mut config = config(&server.issuer("lasting"));
        config["resourceOrigins"] = json!([api.origin]);
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
        let (server, api) = (Server::start([("lasting", LASTING)]).await, Api::start().await);
        let machine = Machine::new();
        let mut config = config(&server.issuer("lasting"));
        config["resourceOrigins"] = json!([api.origin]);
        let client = machine.start(config);
        machine.sign_in(&client, LoginOptions::default()).await.unwrap();
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

#[test]
fn tp1_a_configuration_goes_to_the_protocol_as_it_is() {
    let machine = Machine::new();
    let good = config("https://login.example.com");
    let wrong = |member: &str, value: Value| {
        let mut config = good.clone();
        config[member] = value;
        Configuration::new(config.as_object().unwrap().clone()).err().map(|error| (error.code, error.subject))
    };
    assert_eq!(wrong("scope", "openid  profile".into()), Some((Code::ConfigInvalid, Some("scope"))));
    assert_eq!(wrong("clientId", Value::Null), Some((Code::ConfigInvalid, Some("client_id"))));
    assert_eq!(wrong("issuer", "http://login.example.com".into()), Some((Code::EndpointInsecure, Some("issuer"))));
    assert_eq!(wrong("redirectUri", "app:/callback".into()), Some((Code::RedirectUriInvalid, Some("redirect_uri"))));
    assert_eq!(
        wrong("resourceOrigins", json!(["https://a.example/path"])),
        Some((Code::ConfigInvalid, Some("resource_origins")))
    );
    assert_eq!(wrong("timeout", 5.into()), None);
    drop(machine);
}

#[test]
fn tp1_who_signs_out_at_the_server_too_comes_back() {
    run(async {
        let ending = Scenario {
            metadata: |issuer| {
                let metadata = honest::metadata(issuer);
                Reply::json(honest::with(metadata, "end_session_endpoint", format!("{issuer}/end").into()))
            },
            ..Scenario::HONEST
        };
        let server = Server::start([("ending", ending)]).await;
        let machine = Machine::new();
        let mut config = config(&server.issuer("ending"));
        config["postLogoutRedirectUri"] = "com.example.app:/out".into();
        let client = machine.start(config);
        machine.sign_in(&client, LoginOptions::default()).await.unwrap();
        let options = LogoutOptions { return_to: Some("/bye".into()), ..Default::default() };
        client.logout(options, false, true).await.unwrap();
        assert!(client.session().await.unwrap().is_none());
        let url = machine.desk.opened.lock().unwrap().last().unwrap().clone();
        assert!(
            url.starts_with(&format!("{}/end?", server.issuer("ending"))) && url.contains("id_token_hint="),
            "{url}"
        );
        let state = url.split(['?', '&']).find_map(|pair| pair.strip_prefix("state=")).unwrap().to_owned();
        let forged = client.handle_redirect("com.example.app:/out?state=guessed", SCHEME).await;
        assert!(matches!(forged, Outcome::None), "{forged:?}");
        let back = client.handle_redirect(&format!("com.example.app:/out?state={state}"), SCHEME).await;
        assert_eq!(serde_json::to_value(back).unwrap(), json!({ "status": "signed-out", "returnTo": "/bye" }));
    });
}

#[test]
fn tp1_a_session_that_nothing_renews_says_when_it_ends() {
    run(async {
        let ending = Scenario {
            token: |login| {
                let tokens = honest::without(honest::tokens(login), "refresh_token");
                Reply::json(honest::with(tokens, "expires_in", 2.into()))
            },
            ..Scenario::HONEST
        };
        let server = Server::start([("ending", ending)]).await;
        let machine = Machine::new();
        let client = machine.start(config(&server.issuer("ending")));
        machine.sign_in(&client, LoginOptions::default()).await.unwrap();
        until("the end is told", async || machine.desk.count("expired") == 1).await;
        assert_eq!(machine.desk.count("expiring"), 1);
        assert!(client.session().await.unwrap().is_none());
        assert_eq!(code(client.tokens(None, None, "expired").await), Some("session_expired"));
    });
}
