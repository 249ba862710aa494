//! A page that starts where somebody is signed in needs no server for that, and trusts nobody with a secret whom it has not asked who they are.

use std::net::Ipv4Addr;

use axum::Router;
use axum::http::{HeaderMap, StatusCode, header};
use e2e::{Browser, Lab, Report, Setup, Wire, figure, until};
use hostile::{Reply, Rotation, Scenario, Server, honest};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

const SERVER: Scenario = Scenario {
    metadata: |issuer| {
        let metadata = honest::metadata(issuer);
        Reply::json(honest::with(metadata, "revocation_endpoint", json!(format!("{issuer}/revoke"))))
    },
    token: |login| Reply::json(honest::tokens(login)).showing_date(),
    refresh: |login| Reply::json(honest::refreshed(login)).showing_date(),
    rotation: Rotation::Strict,
    ..Scenario::HONEST
};

/// A resource server that says with which token it was asked. It ends when this is dropped.
struct Resource {
    origin: String,
    task: JoinHandle<()>,
}

impl Resource {
    async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("there is a free port");
        let origin = format!("http://{}", listener.local_addr().expect("a listener has an address"));
        let answer = async |headers: HeaderMap| {
            let brought = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
            let open =
                [(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"), (header::ACCESS_CONTROL_ALLOW_HEADERS, "authorization")];
            (StatusCode::OK, open, brought.unwrap_or_default().to_owned())
        };
        let router = Router::new().fallback(answer);
        let task = tokio::spawn(async move { axum::serve(listener, router).await.expect("the server runs") });
        Self { origin, task }
    }
}

impl Drop for Resource {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A page that discovers its server, with a wire to it.
struct Stage {
    wire: Wire,
    lab: Lab,
    browser: Browser,
    resource: Resource,
}

const METADATA: &str = ".well-known/openid-configuration";

impl Stage {
    /// Where somebody is signed in; their access token too.
    async fn set(more: &Value) -> (Self, String) {
        let wire = Wire::lay().await;
        let lab = Lab::start_behind(Some(wire.address()), [("server", SERVER)]).await;
        wire.mend(lab.server.address()).await;
        let resource = Resource::start().await;
        let mut config = json!({ "resourceOrigins": [resource.origin] });
        config.as_object_mut().expect("it is an object").extend(more.as_object().expect("so is this").clone());
        lab.choose_server(&lab.server.issuer("server"), &Value::Null, &config);
        let browser = Browser::start_with(&Setup::unthrottled()).await;
        let stage = Self { wire, lab, browser, resource };
        stage.lab.open(&stage.browser).await;
        let callback = stage.lab.login(&stage.browser).await;
        let Report { status, token, .. } = stage.lab.handle(&stage.browser, &callback).await;
        assert_eq!(status, "signed-in");
        (stage, token.expect("there is a token"))
    }

    fn hits(&self, place: &str) -> u32 {
        self.lab.server.hits("server", place)
    }

    async fn eval(&self, script: &str) -> Value {
        self.browser.eval(script).await
    }

    /// Loads the page again, and sees to it that the user is signed in at once; after how many milliseconds.
    async fn start(&self) -> u64 {
        self.browser.reload().await;
        self.lab.ready(&self.browser).await;
        let start = self.eval("return lab.start;").await;
        assert_eq!(start["signedIn"], true, "{start}");
        start["after"].as_f64().expect("it is a time") as u64
    }

    /// Sees to it that the resource server is asked with that token.
    async fn assert_fetches(&self, token: &str) {
        let url = json!(self.resource.origin);
        let fetch =
            format!("return lab.client.session().then((session) => session.fetch({url})).then((got) => got.text());");
        assert_eq!(self.eval(&fetch).await, format!("Bearer {token}"));
    }

    async fn until_hits(&self, place: &str, number: u32) {
        let is_there = async || Ok::<_, ()>((self.hits(place) == number).then_some(()));
        until(is_there).await.unwrap_or_else(|_| panic!("{place} was asked {} times, not {number}", self.hits(place)));
    }

    /// Changes what is kept of the server: a member, given its value and the issuer.
    async fn change(&self, members: &[&str], to: &str) {
        let issuer = json!(self.lab.server.issuer("server"));
        let changed = self
            .eval(&format!(
                "const issuer = {issuer};
                const name = Object.keys(localStorage).find((name) => name.startsWith('pkce-wasm:2:m:'));
                const [at, ...text] = localStorage.getItem(name).split('\\n');
                const metadata = JSON.parse(text.join('\\n'));
                const change = (value) => {to};
                for (const member of {}) metadata[member] = change(metadata[member]);
                localStorage.setItem(name, `${{at}}\\n${{JSON.stringify(metadata)}}`);
                return metadata.issuer;",
                json!(members)
            ))
            .await;
        assert_eq!(changed, issuer);
    }

    /// The same: whatever a page asks is somebody else's.
    async fn tamper(&self, other: &str) {
        let members = ["token_endpoint", "revocation_endpoint", "userinfo_endpoint", "jwks_uri"];
        self.change(&members, &format!("value.replace(issuer, {other:?})")).await;
    }
}

#[tokio::test]
async fn bb12_md11_a_user_is_signed_in_at_once_while_the_server_is_down() {
    let (stage, token) = Stage::set(&json!({})).await;
    stage.wire.cut().await;
    let after = stage.start().await;
    stage.assert_fetches(&token).await;
    let refused = stage.eval("return lab.token(301);").await;
    assert_eq!((&refused["code"], &refused["retryable"]), (&json!("network_failed"), &json!(true)), "{refused}");
    let found = stage.hits(METADATA);
    stage.wire.mend(stage.lab.server.address()).await;
    // By then the next attempt is due. The server is asked who it is before it is brought the refresh token.
    let fresh = stage.eval("return lab.token(31);").await;
    assert_eq!(fresh, format!("{token}.1"));
    assert_eq!((stage.hits(METADATA), stage.hits("token")), (found + 1, 2));
    figure(&format!("a start while the server is down: signed in after {after} ms"));
}

#[tokio::test]
async fn bb12_md11_a_user_is_signed_in_at_once_while_the_server_is_slow() {
    let (stage, token) = Stage::set(&json!({})).await;
    let found = stage.hits(METADATA);
    stage.wire.hold_everything();
    let after = stage.start().await;
    stage.assert_fetches(&token).await;
    stage.eval("window.pending = lab.token(301); return null;").await;
    stage.until_hits(METADATA, found + 1).await;
    // Whole rounds later the refresh token has gone nowhere.
    for _ in 0..3 {
        stage.eval("return fetch('/setup.json').then(() => null);").await;
    }
    assert_eq!(stage.hits("token"), 1, "the refresh token was sent to a server that had not said who it is");
    stage.wire.release();
    assert_eq!(stage.eval("return pending;").await, format!("{token}.1"));
    assert_eq!((stage.hits(METADATA), stage.hits("token")), (found + 1, 2));
    figure(&format!("a start while every answer of the server is held: signed in after {after} ms"));
}

/// Who can write to the origin's storage without running script there, or did so once, gets no code and no token by it.
#[tokio::test]
async fn md11_what_is_kept_of_a_server_leads_no_secret_elsewhere() {
    let attacker = Server::start([]).await;
    let other = attacker.issuer("honest");
    for scope in ["openid", "api"] {
        let (stage, token) = Stage::set(&json!({ "scope": scope })).await;

        stage.tamper(&other).await;
        stage.start().await;
        let refresh = "return lab.client.session().then((session) => session.refresh()).then(lab.token);";
        assert_eq!(stage.eval(refresh).await, format!("{token}.1"), "{scope}");

        stage.tamper(&other).await;
        stage.start().await;
        stage.eval("return lab.client.session().then((session) => session.userinfo()).then(() => null);").await;
        assert_eq!(stage.hits("userinfo"), 1, "{scope}");

        // A login that was begun with it, and its callback in the same page and in another.
        for visits in [false, true] {
            stage.tamper(&other).await;
            stage.start().await;
            let callback = stage.lab.login(&stage.browser).await;
            stage.tamper(&other).await;
            let outcome = if visits {
                stage.lab.visit(&stage.browser, &callback).await
            } else {
                stage.lab.handle(&stage.browser, &callback).await
            };
            assert_eq!(attacker.hits("honest", "token"), 0, "{scope}: the code was brought to another server");
            assert_eq!(outcome.code.as_deref(), Some("transaction_invalid"), "{scope}, {outcome:?}");
            assert_eq!((outcome.restart, outcome.signed_in), (Some(true), true), "{scope}, {outcome:?}");
        }

        stage.browser.goto(&stage.lab.url("")).await;
        stage.lab.ready(&stage.browser).await;
        stage.tamper(&other).await;
        stage.start().await;
        stage.eval("return lab.client.logout({ revoke: true });").await;
        assert!(stage.lab.server.revoked().len() >= 2, "{scope}: {:?}", stage.lab.server.revoked());
        for place in ["token", "revoke", "userinfo"] {
            assert_eq!(attacker.hits("honest", place), 0, "{scope}: {place}");
        }
    }
}

/// Where the real server is not there, nobody is asked in its place.
#[tokio::test]
async fn md11_what_is_kept_of_a_server_that_is_down_leads_no_secret_elsewhere() {
    let attacker = Server::start([]).await;
    let (stage, token) = Stage::set(&json!({})).await;
    stage.tamper(&attacker.issuer("honest")).await;
    stage.wire.cut().await;
    stage.start().await;
    stage.assert_fetches(&token).await;
    assert_eq!(stage.eval("return lab.token(301);").await["code"], "network_failed");
    let sign_out = "return lab.client.logout({ revoke: true }).then(() => null, ({ code }) => code);";
    assert_eq!(stage.eval(sign_out).await, "network_failed");
    for place in ["token", "revoke", "userinfo"] {
        assert_eq!(attacker.hits("honest", place), 0, "{place}");
    }
}

/// What is kept may be old: a server moves. A login keeps the endpoints that it began with.
#[tokio::test]
async fn md10_a_login_that_began_at_a_server_that_has_moved_is_begun_again_once() {
    let (stage, _) = Stage::set(&json!({})).await;
    for (logins, elsewhere) in [(2, "value + '?before'"), (3, "`${issuer}/nowhere`")] {
        stage.change(&["jwks_uri"], elsewhere).await;
        stage.start().await;
        let callback = stage.lab.login(&stage.browser).await;
        let refused = stage.lab.visit(&stage.browser, &callback).await;
        assert_eq!(
            (refused.code.as_deref(), refused.restart),
            (Some("transaction_invalid"), Some(true)),
            "{refused:?}"
        );
        let callback = stage.lab.login(&stage.browser).await;
        let outcome = stage.lab.visit(&stage.browser, &callback).await;
        assert_eq!(outcome.status, "signed-in", "{elsewhere}: {outcome:?}");
        stage.lab.assert_exchanges(logins);
        stage.browser.goto(&stage.lab.url("")).await;
        stage.lab.ready(&stage.browser).await;
    }
}
