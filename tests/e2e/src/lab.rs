//! A bare page with the package, and an authorization server that lets everybody in: for what the demo is too slow or too
//! kind for.

use std::net::SocketAddr;
use std::path::PathBuf;

use hostile::{Scenario, Server, honest};
use http_body_util::Empty;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde::Deserialize;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::browser::{Browser, Tab};
use crate::demo::{package, workspace};
use crate::engine::LAN;
use crate::provider::Provider;
use crate::site::Site;

/// The page and its server.
#[derive(Debug)]
pub struct Lab {
    /// The authorization server.
    pub server: Server,
    site: Site,
    host: String,
    folder: TempDir,
}

/// A URL that a login came back with.
pub type Callback = String;

/// What the page says of an outcome.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Report {
    /// `none`, `signed-in`, `already-completed`, `refused`, `other-login`, or `threw` when there was none.
    pub status: String,
    /// The error's code.
    pub code: Option<String>,
    /// Whether the same callback may be handled again.
    pub retryable: Option<bool>,
    /// Whether a new login may help.
    pub restart: Option<bool>,
    /// Where the application wanted to return to.
    pub return_to: Option<String>,
    /// The access token of the session that came with it.
    pub token: Option<String>,
    /// Whether `client.session()` gives one afterwards.
    pub signed_in: bool,
}

impl Lab {
    /// Starts both, with an honest authorization server.
    pub async fn start() -> Self {
        Self::start_with([]).await
    }

    /// Starts both, with these scenarios beside `honest`.
    pub async fn start_with(scenarios: impl IntoIterator<Item = (&'static str, Scenario)>) -> Self {
        Self::start_behind(None, scenarios).await
    }

    /// Starts both, with the authorization server behind an address.
    pub async fn start_behind(
        front: Option<SocketAddr>,
        scenarios: impl IntoIterator<Item = (&'static str, Scenario)>,
    ) -> Self {
        let folder = TempDir::with_prefix("pkce-lab-").expect("a temporary folder can be made");
        let folders = [("", folder.path().to_owned()), ("", pages()), ("pkce-wasm/", package())];
        let lab = Self {
            server: Server::start_behind(front, scenarios).await,
            site: Site::of_folders(folders).await,
            host: "127.0.0.1".to_owned(),
            folder,
        };
        lab.choose("honest", &json!({}));
        lab
    }

    /// Starts both, and a real authorization server at which the page signs in.
    pub async fn at_provider() -> (Self, Provider) {
        let lab = Self::start().await;
        let provider = Provider::start(lab.url("").trim_end_matches('/'));
        lab.choose_server(provider.issuer(), &provider.metadata().await, &json!({}));
        (lab, provider)
    }

    /// The same, where requests are pushed and tokens bound to a key.
    pub async fn at_bound_provider() -> (Self, Provider) {
        let lab = Self::start().await;
        let provider = Provider::start_bound(lab.url("").trim_end_matches('/'));
        lab.choose_server(provider.issuer(), &provider.metadata().await, &json!({ "dpop": "required" }));
        (lab, provider)
    }

    /// The same page on an origin that is not secure, at that scenario. Nothing verifies an ID token there, and the page has to say that it wants
    /// that.
    #[must_use]
    pub fn on_lan(self, scenario: &str) -> Self {
        let lab = Self { host: LAN.to_owned(), ..self };
        lab.choose(scenario, &json!({ "dangerouslyAllowHttp": true, "dangerouslyAllowUnverifiedIdToken": true }));
        lab
    }

    /// Sees to it that the page that the browser shows is not secure, and so has no Web Locks.
    pub async fn assert_insecure(&self, browser: &Browser) {
        let locks = browser.eval("return [isSecureContext, typeof navigator.locks];").await;
        assert_eq!(locks, json!([false, "undefined"]), "the browser takes {} for secure", self.host);
    }

    /// Sets with which scenario and which further configuration the page makes its client from its next start on.
    pub fn choose(&self, scenario: &str, more: &Value) {
        let issuer = self.server.issuer(scenario);
        self.choose_server(&issuer, &honest::metadata(&issuer), more);
    }

    /// The same, at any authorization server. With `null` for its metadata the page discovers them at each start.
    pub fn choose_server(&self, issuer: &str, metadata: &Value, more: &Value) {
        let mut config = json!({
            "issuer": issuer,
            "clientId": "lab",
            "redirectUri": self.url("callback"),
            "scope": "openid",
            "storage": "local",
        });
        if let (Some(config), Some(more)) = (config.as_object_mut(), more.as_object()) {
            config.extend(more.clone());
        }
        let setup = json!({ "config": config, "metadata": metadata });
        std::fs::write(self.folder.path().join("setup.json"), setup.to_string())
            .expect("the temporary folder can be written");
    }

    /// Sets the page's clock that many days ahead from its next start on, before anything else runs.
    pub fn set_clock(&self, days: i32) {
        let clock = std::fs::read_to_string(pages().join("clock.js")).expect("the page is there");
        std::fs::write(self.folder.path().join("clock.js"), format!("{clock}setClock({days});\n"))
            .expect("the temporary folder can be written");
    }

    /// Lets browsers keep the page when they leave it, for who goes back to it.
    pub fn allow_keeping(&self) {
        self.site.allow_keeping();
    }

    /// A place of the page's origin.
    pub fn url(&self, path: &str) -> String {
        self.site.url_on(&self.host, path)
    }

    /// A folder whose files the page's origin has too.
    pub fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// Opens the page in the browser's tab and waits until it runs.
    pub async fn open(&self, browser: &Browser) {
        browser.goto(&self.url("")).await;
        self.ready(browser).await;
    }

    /// Opens the page in the browser's tab and in as many more as it takes to have that many.
    pub async fn open_tabs(&self, browser: &Browser, number: usize) -> Vec<Tab> {
        let tabs = browser.open_tabs(number).await;
        for tab in &tabs {
            browser.switch(tab).await;
            self.open(browser).await;
        }
        tabs
    }

    /// Waits until the page in the browser's tab runs.
    pub async fn ready(&self, browser: &Browser) {
        if let Err(last) = browser.until("return window.lab?.client ? true : null;").await {
            let failed = browser.run("return String(window.failed);").await;
            panic!("the page at {} does not run: {last}; {failed:?}", browser.url().await);
        }
    }

    /// Begins logins in the page that the browser shows, without leaving it; gives their authorization requests.
    pub async fn begin(&self, browser: &Browser, number: usize) -> Vec<String> {
        let begun = browser.run(&format!("return lab.begin({number});")).await.expect("logins can be begun");
        serde_json::from_value(begun).expect("the requests are URLs")
    }

    /// Leaves the page for the real server's, confirms there, and comes back; what the page makes of it.
    pub async fn sign_in_by_hand(&self, browser: &Browser) -> Report {
        browser.eval("lab.leave();").await;
        browser.click("#submit").await;
        let outcome = self.outcome(browser).await;
        assert_eq!(outcome.status, "signed-in", "{outcome:?}");
        outcome
    }

    /// Follows an authorization request as a browser would; gives the callback.
    pub async fn answer(&self, request: &str) -> Callback {
        let to_server = self.direct(request);
        let client = Client::builder(TokioExecutor::new()).build_http::<Empty<&[u8]>>();
        let answer = client.get(to_server.parse().expect("the request is a URL")).await.expect("the server answers");
        let location = answer.headers().get("location").and_then(|location| location.to_str().ok());
        location.unwrap_or_else(|| panic!("{request} is answered with {}", answer.status())).to_owned()
    }

    /// Begins a login and follows it; gives the callback.
    pub async fn login(&self, browser: &Browser) -> Callback {
        self.answer(&self.begin(browser, 1).await[0]).await
    }

    /// The same URL at the server itself, whatever is in front of it.
    fn direct(&self, url: &str) -> String {
        let rest = url.splitn(4, '/').nth(3).unwrap_or_default();
        format!("http://{}/{rest}", self.server.address())
    }

    /// Hands a callback to `handleRedirect` in the page that the browser shows.
    pub async fn handle(&self, browser: &Browser, callback: &str) -> Report {
        let script = format!("return lab.handle({});", json!(callback));
        read(browser.run(&script).await.expect("the page handles a callback"))
    }

    /// Goes to a callback, and waits for what the page makes of it.
    pub async fn visit(&self, browser: &Browser, callback: &str) -> Report {
        browser.goto(callback).await;
        self.outcome(browser).await
    }

    /// Waits for what the page that is open, or is being opened, has made of its callback.
    pub async fn outcome(&self, browser: &Browser) -> Report {
        match browser.until("return window.lab?.outcome ?? null;").await {
            Ok(outcome) => read(outcome),
            Err(last) => panic!("the page at {} has no outcome: {last}", browser.url().await),
        }
    }

    /// Sees to it that every code was brought exactly once, and that there are that many.
    pub fn assert_exchanges(&self, number: usize) {
        let exchanges = self.server.exchanges();
        let mut more = exchanges.iter().filter(|(_, times)| **times != 1);
        let first = more.next();
        let number_of_more = usize::from(first.is_some()) + more.count();
        assert!(
            first.is_none(),
            "{number_of_more} of {} codes were brought more than once: {first:?}",
            exchanges.len()
        );
        assert_eq!((exchanges.len(), self.server.redeemed()), (number, number), "codes brought, codes redeemed");
    }
}

/// What the page said.
fn read(said: Value) -> Report {
    serde_json::from_value(said.clone()).unwrap_or_else(|error| panic!("{said} is no outcome: {error}"))
}

/// Where the page lies.
fn pages() -> PathBuf {
    workspace().join("tests/e2e/pages")
}
