//! The demo page as a person sees it.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::browser::{Browser, until};
use crate::demo::Demo;

/// What the page shows at one moment.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Page {
    /// The URL of the page, as its own script sees it.
    pub href: String,
    /// Whether the start-up is finished, the callback included.
    pub ready: bool,
    /// Whether somebody is signed in.
    pub signed_in: bool,
    /// Whether the login is held up between the callback and the exchange.
    pub paused: bool,
    /// What the last callback led to.
    pub outcome: Outcome,
    /// The claims shown, by name.
    pub claims: BTreeMap<String, String>,
    /// What the thief got for the code.
    pub attempts: Vec<Attempt>,
    /// What it got for the access token.
    pub token_attempts: Vec<Attempt>,
    /// The messages of the sequence picture, in order.
    pub messages: Vec<String>,
    /// The code that runs the package: `wasm` or `js`.
    pub runs_on: String,
    /// The URLs of this origin in the session history, where the engine can tell.
    pub history: Vec<String>,
}

/// What a callback led to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Outcome {
    /// `none`, `signed-in`, `already-completed`, `refused`, `other-login` or `error`.
    pub status: String,
    /// The error's code; empty without one.
    pub code: String,
}

/// What became of one attempt of the thief.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Attempt {
    /// `no-verifier`, `guessed-verifier` or `plain`; `code-alone` where there is no challenge; `token-bearer`, `token-no-proof` or `token-own-key`.
    pub attempt: String,
    /// The HTTP status of the token endpoint's answer.
    pub status: String,
    /// The OAuth `error` in it.
    pub error: String,
    /// `good` where the thief was refused, `bad` where it was not.
    pub mark: String,
}

const LOOK: &str = r##"
const data = (selector) => document.querySelector(selector)?.dataset ?? {};
const all = (selector, read) => [...document.querySelectorAll(selector)].map(read);
const on = (value) => value !== undefined && value !== "false";
const attempts = (list) => all(`${list} li`, ({ dataset: { attempt, status, error, mark } }) => (
  { attempt, status: status ?? "", error: error ?? "", mark: mark ?? "" }));
return {
  href: location.href,
  ready: data("body").ready === "true",
  signedIn: on(data("body").signedIn),
  paused: on(data("body").paused),
  outcome: { status: data("#outcome").status ?? "", code: data("#outcome").code ?? "" },
  claims: Object.fromEntries(all("#account [data-claim]", (item) => [item.dataset.claim, item.textContent.trim()])),
  attempts: attempts("#thief-results"),
  tokenAttempts: attempts("#token-results"),
  messages: all("#sequence li", (item) => item.dataset.message ?? ""),
  runsOn: data("#engine").engine ?? "",
  history: (window.navigation?.entries?.() ?? []).map((entry) => entry.url ?? ""),
};
"##;

/// The demo page in a browser, with its servers.
#[derive(Debug)]
pub struct App {
    /// The browser.
    pub browser: Browser,
    /// The servers.
    pub demo: Demo,
}

impl App {
    /// Starts the servers and the browser, and opens the page. Logins do not stop for the thief.
    pub async fn start() -> Self {
        Self::of(Demo::start()).await
    }

    /// The same with a demo that is served already.
    pub async fn of(demo: Demo) -> Self {
        Self::in_browser(demo, Browser::start().await).await
    }

    /// The same in a browser that runs already.
    pub async fn in_browser(demo: Demo, browser: Browser) -> Self {
        let app = Self { demo, browser };
        app.open().await;
        app.pause(false).await;
        app
    }

    /// Opens the page afresh and waits for its start-up.
    pub async fn open(&self) -> Page {
        self.visit(self.demo.app()).await
    }

    /// Goes to a URL of the page and waits for its start-up.
    pub async fn visit(&self, url: &str) -> Page {
        self.browser.goto(url).await;
        self.ready().await
    }

    /// Loads the page again and waits for its start-up.
    pub async fn reload(&self) -> Page {
        self.browser.reload().await;
        self.ready().await
    }

    /// Waits for the end of the start-up.
    pub async fn ready(&self) -> Page {
        self.until("the page is ready", |page| page.ready).await
    }

    /// Waits until the page shows what is wanted.
    pub async fn until(&self, what: &str, wanted: impl Fn(&Page) -> bool) -> Page {
        let last = std::cell::RefCell::new(None);
        let found = until(async || {
            let page: Page = serde_json::from_value(self.browser.run(LOOK).await.map_err(|error| error.to_string())?)
                .map_err(|error| error.to_string())?;
            let met = wanted(&page);
            last.replace(Some(page.clone()));
            Ok::<_, String>(met.then_some(page))
        })
        .await;
        match found {
            Ok(page) => page,
            Err(error) => panic!(
                "waited in vain until {what}: {error}\nlast seen: {:#?}\nnow at {}",
                last.take(),
                self.browser.url().await
            ),
        }
    }

    /// Presses the sign-in button and waits for the authorization server's page.
    pub async fn go_to_login(&self) {
        self.browser.click("#sign-in").await;
        self.browser.wait_for("#login").await;
    }

    /// Confirms the authorization server's page and waits until the demo page has dealt with the callback.
    pub async fn confirm(&self) -> Page {
        self.browser.click("#submit").await;
        self.ready().await
    }

    /// Signs in from the page as it is, and sees to it that this worked.
    pub async fn sign_in(&self) -> Page {
        self.go_to_login().await;
        let page = self.confirm().await;
        assert_eq!(page.outcome, Outcome::of("signed-in"), "{page:#?}");
        assert!(page.signed_in, "{page:#?}");
        page
    }

    /// Begins a login that stops between the callback and the exchange; gives the callback URL.
    pub async fn sign_in_until_callback(&self) -> String {
        self.pause(true).await;
        self.go_to_login().await;
        self.browser.click("#submit").await;
        let page = self.until("the page has paused", |page| page.paused).await;
        let url = page.href;
        assert!(url.starts_with(&self.demo.callback()), "{url}");
        assert!(url.contains("code=") && url.contains("state="), "{url}");
        url
    }

    /// Sets whether logins stop between the callback and the exchange.
    pub async fn pause(&self, pause: bool) {
        let checked = self.browser.run("return document.querySelector('#pause').checked;").await;
        if checked.expect("the page has a pause switch") != pause {
            self.browser.click("#pause").await;
        }
    }

    /// Lets a paused login go on.
    pub async fn go_on(&self) -> Page {
        self.browser.click("#continue").await;
        self.until("the login went on", |page| page.ready && !page.paused).await
    }

    /// Chooses one of the servers: `demo`, `pingone` or `custom`.
    pub async fn choose(&self, server: &str) {
        self.browser.click(&format!("input[name=server][value={server}]")).await;
    }

    /// Fills in the form for one's own server, and waits until the page has met that server.
    pub async fn use_own_server(&self, issuer: &str, client_id: &str) -> Page {
        self.choose("custom").await;
        self.ready().await;
        self.browser.fill("#issuer", issuer).await;
        self.browser.fill("#client-id", client_id).await;
        self.browser.click("#use-server").await;
        self.ready().await
    }

    /// Makes the browser forget everything that the page has kept, and opens the page.
    pub async fn start_afresh(&self) -> Page {
        let forgotten = self.browser.run("sessionStorage.clear(); localStorage.clear();").await;
        forgotten.expect("the page runs script");
        self.open().await;
        self.pause(false).await;
        self.ready().await
    }

    /// Turns a switch of the page: `pkce` or `dpop`.
    pub async fn turn(&self, name: &str, on: bool) {
        let checked = self.browser.run(&format!("return document.querySelector('#{name}').checked;")).await;
        if checked.expect("the page has that switch") != on {
            self.browser.click(&format!("#{name}")).await;
            self.ready().await;
        }
    }
}

impl Page {
    /// Sees to it that neither the address bar nor the history holds what came back with the user.
    pub fn assert_no_response_is_left(&self) {
        for url in self.history.iter().chain([&self.href]) {
            assert!(
                !["code=", "state=", "iss=", "error="].iter().any(|name| url.contains(name)),
                "{url} is left of the callback"
            );
        }
    }
}

impl Outcome {
    /// An outcome without an error.
    pub fn of(status: &str) -> Self {
        Self { status: status.to_owned(), code: String::new() }
    }

    /// An outcome with an error.
    pub fn error(status: &str, code: &str) -> Self {
        Self { status: status.to_owned(), code: code.to_owned() }
    }
}

/// The URL with a query parameter set to another value; added when it was not there.
pub fn with_parameter(url: &str, name: &str, value: &str) -> String {
    let url = without_parameter(url, name);
    let joint = if url.contains('?') { '&' } else { '?' };
    format!("{url}{joint}{name}={value}")
}

/// The URL without a query parameter.
pub fn without_parameter(url: &str, name: &str) -> String {
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    let is_other = |pair: &&str| pair.split('=').next() != Some(name);
    let rest: Vec<_> = query.split('&').filter(|pair| !pair.is_empty()).filter(is_other).collect();
    if rest.is_empty() { base.to_owned() } else { format!("{base}?{}", rest.join("&")) }
}
