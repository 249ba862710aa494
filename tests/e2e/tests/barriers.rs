//! Nobody is kept out of the demo by how it is drawn: axe finds nothing in any state of it, light and dark, on a desktop and on a phone.

use std::fs;

use e2e::{App, Browser, Demo, Engine, Outcome, Setup, Site, demo_files, workspace};

/// What axe finds: each rule that is broken, and where.
const FIND: &str = "return axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
    violations.map(({ id, nodes }) =>
        `${id}: ${nodes.map(({ target, failureSummary }) => `${target.join(' ')} (${failureSummary})`).join('; ')}`));";

/// The demo as files, in a window of this width, and what looks at it.
struct Look {
    _site: Site,
    app: App,
    axe: String,
    faults: Vec<String>,
}

impl Look {
    async fn at(dark: bool, width: u32) -> Self {
        let script = workspace().join("tests/e2e/axe/node_modules/axe-core/axe.min.js");
        let axe = fs::read_to_string(script).expect("axe is installed: run `cargo xtask test e2e`");
        let site = Site::of_folders([("demo/", demo_files())]).await;
        let browser = Browser::start_with(&Setup::liking(dark)).await;
        browser.resize(width, 900).await;
        let app = App::in_browser(Demo::of_files(&site.url("demo/")), browser).await;
        let is_dark = app.browser.eval("return matchMedia('(prefers-color-scheme: dark)').matches;").await;
        assert_eq!(is_dark, dark, "the page is not drawn as it was meant to be");
        let inner = app.browser.eval("return innerWidth;").await;
        assert!((inner.as_u64().unwrap_or_default() < 576) == (width < 576), "the window is {inner} wide");
        Self { _site: site, app, axe, faults: Vec::new() }
    }

    /// Looks at the page as it is.
    async fn see(&mut self, state: &str) {
        let has_axe = "return typeof axe === 'object';";
        if self.app.browser.eval(has_axe).await != true {
            self.app.browser.eval(&format!("{}; window.axe = axe; return null;", self.axe)).await;
        }
        let still = "return document.getAnimations().every(({ playState }) => playState !== 'running') || null;";
        self.app.browser.until(still).await.expect("colours change for a moment only");
        let found = self.app.browser.eval(FIND).await;
        let found = found.as_array().unwrap_or_else(|| panic!("axe gave {found}"));
        self.faults.extend(found.iter().map(|fault| format!("{state}: {}", fault.as_str().unwrap_or_default())));
        let wide = "const { scrollWidth, clientWidth } = document.documentElement; return scrollWidth - clientWidth;";
        if self.app.browser.eval(wide).await != 0 {
            self.faults.push(format!("{state}: the page is wider than its window"));
        }
    }

    /// Begins a sign-in that stops with the thief at the door.
    async fn pause(&mut self) {
        self.app.sign_in_until_callback().await;
    }

    async fn let_the_thief_redeem(&mut self, attempts: usize) {
        self.app.browser.click("#thief-try").await;
        self.app.until("the thief has tried", |page| page.attempts.len() == attempts).await;
    }

    async fn let_the_thief_use_the_token(&mut self, attempts: usize) {
        self.app.browser.click("#token-try").await;
        self.app.until("the thief has tried", |page| page.token_attempts.len() == attempts).await;
    }

    /// Goes through every state.
    async fn see_it_all(mut self) {
        self.see("at the start").await;
        self.app.turn("pkce", false).await;
        self.see("without PKCE").await;
        self.app.go_to_login().await;
        self.see("the sign-in page").await;
        self.app.browser.click("#cancel").await;
        assert_eq!(self.app.ready().await.outcome, Outcome::error("refused", "access_denied"));
        self.see("cancelled").await;
        self.pause().await;
        self.see("without PKCE, paused").await;
        self.let_the_thief_redeem(2).await;
        self.see("without PKCE, robbed").await;
        self.app.go_on().await;
        self.see("without PKCE, too late").await;

        self.app.turn("pkce", true).await;
        self.app.browser.click("#sign-in").await;
        self.app.until("the page has paused", |page| page.paused).await;
        self.let_the_thief_redeem(3).await;
        self.see("the thief is refused").await;
        self.app.go_on().await;
        self.app
            .browser
            .eval("document.querySelector('[data-message=make-verifier] .step').click(); return null;")
            .await;
        self.see("signed in, with the derivation").await;
        self.app.browser.click("#userinfo").await;
        self.app.browser.wait_for("#userinfo-result dl").await;
        self.let_the_thief_use_the_token(1).await;
        self.see("the token is stolen").await;
        self.app.turn("dpop", true).await;
        self.app.pause(false).await;
        self.app.browser.click("#sign-in").await;
        self.app.until("the page is signed in", |page| page.ready && page.outcome == Outcome::of("signed-in")).await;
        self.let_the_thief_use_the_token(3).await;
        self.see("the token is bound").await;
        self.app.browser.click("#sign-out").await;
        self.app.until("the page is signed out", |page| !page.signed_in).await;
        self.see("signed out").await;

        self.app.choose("custom").await;
        self.app.ready().await;
        self.see("the form for another server").await;
        let nowhere = format!("{}nowhere", self.app.demo.app());
        self.app.browser.fill("#issuer", &nowhere).await;
        self.app.browser.fill("#client-id", "app").await;
        self.app.browser.click("#use-server").await;
        self.app.until("the page knows", |page| page.ready && page.outcome.status == "error").await;
        self.see("a server that is not there").await;
        self.app.visit(&format!("{}?code=x&state=forged", self.app.demo.app())).await;
        self.see("a callback of nobody").await;
        assert!(self.faults.is_empty(), "{:#?}", self.faults);
    }
}

#[tokio::test]
async fn light_on_a_desktop() {
    Look::at(false, 1280).await.see_it_all().await;
}

#[tokio::test]
async fn dark_on_a_desktop() {
    if Engine::from_env() != Engine::WebKit {
        Look::at(true, 1280).await.see_it_all().await;
    }
}

#[tokio::test]
async fn light_on_a_phone() {
    Look::at(false, 390).await.see_it_all().await;
}

#[tokio::test]
async fn dark_on_a_phone() {
    if Engine::from_env() != Engine::WebKit {
        Look::at(true, 390).await.see_it_all().await;
    }
}

/// The pages of the authorization server that `cargo xtask demo` starts.
#[tokio::test]
async fn the_pages_of_the_other_server() {
    let app = App::start().await;
    let site = Site::of_folders([("demo/", demo_files())]).await;
    let script = workspace().join("tests/e2e/axe/node_modules/axe-core/axe.min.js");
    let axe = fs::read_to_string(script).expect("axe is installed: run `cargo xtask test e2e`");
    let mut look = Look { _site: site, app, axe, faults: Vec::new() };
    look.see("at the start").await;
    look.app.go_to_login().await;
    look.see("the sign-in page").await;
    look.app.browser.fill("#login", "nobody").await;
    look.app.browser.click("#submit").await;
    look.app.browser.wait_for(".problem").await;
    look.see("a name that nobody has").await;
    look.app.browser.fill("#login", "ada").await;
    look.app.confirm().await;
    look.app.browser.click("#sign-out-everywhere").await;
    look.app.browser.wait_for("#submit").await;
    look.see("the sign-out page").await;
    assert!(look.faults.is_empty(), "{:#?}", look.faults);
}
