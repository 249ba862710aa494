//! Signing in from the application: the browser is the system's, and the user comes back through the operating system.

use e2e::{Counters, Outcome, with_parameter};
use webview::{Machine, SCHEME};

const RELAY: &str = env!("CARGO_BIN_EXE_relay");
const NO_TOKEN: Counters = Counters { token_ok: 0, token_refused: 0 };
const ONE_TOKEN: Counters = Counters { token_ok: 1, token_refused: 0 };

#[tokio::test]
async fn na1_na3_the_system_browser_signs_in_and_the_private_use_scheme_leads_back() {
    let machine = Machine::start(RELAY).await;
    let url = machine.begin().await;
    assert!(url.starts_with(machine.app.demo.issuer()), "{url}");
    assert!(url.contains("redirect_uri=com.example.pkce-demo%3A%2Fcallback"), "{url}");
    let page = machine.outcome("waiting").await;
    assert!(page.href.starts_with("tauri://localhost"), "the WebView stays where it is: {page:#?}");

    let browser = machine.system_browser().await;
    machine.confirm(&browser, &url).await;
    machine.signed_in().await;
    assert_eq!(machine.app.demo.counters().await, ONE_TOKEN);
    assert_eq!(machine.processes().len(), 1, "the second start has handed its URL over and ended");
}

#[tokio::test]
async fn na3_a_double_slash_is_sent_and_compared_as_it_is_written() {
    let machine = Machine::start(RELAY).await;
    machine.app.choose("pingone").await;
    machine.app.ready().await;
    let url = machine.begin().await;
    assert!(url.contains("redirect_uri=com.example.pkce-demo%3A%2F%2Fcallback"), "{url}");
    let browser = machine.system_browser().await;
    machine.confirm(&browser, &url).await;
    machine.signed_in().await;
    assert_eq!(machine.app.demo.pingone_counters().await, ONE_TOKEN);
}

#[tokio::test]
async fn an_application_killed_while_the_browser_is_open_is_started_by_the_redirect_and_signs_in() {
    let mut machine = Machine::start(RELAY).await;
    let url = machine.begin().await;
    machine.kill().await;

    // The operating system starts the application, with the URL as its argument.
    let browser = machine.system_browser().await;
    machine.confirm(&browser, &url).await;
    machine.tokens_granted(1).await;
    assert_eq!(machine.processes().len(), 1);

    // No driver can look into what the operating system has started: the next start shows that the session was kept.
    machine.kept("pkce-wasm:2:s:").await;
    machine.kill().await;
    machine.restart(&[]).await;
    let page = machine.app.ready().await;
    assert!(page.signed_in, "{page:#?}");
    assert_eq!(machine.app.demo.counters().await, ONE_TOKEN);
}

#[tokio::test]
async fn an_application_started_by_the_redirect_shows_the_login_and_the_same_redirect_again_changes_nothing() {
    let mut machine = Machine::start(RELAY).await;
    let url = machine.begin().await;
    machine.kill().await;
    machine.install("keeper", SCHEME, &machine.writing_to("redirects"));
    let browser = machine.system_browser().await;
    machine.confirm(&browser, &url).await;
    let redirect = machine.written("redirects", 0).await;

    machine.restart(&[&redirect]).await;
    let page = machine.signed_in().await;
    for message in ["authorization-request", "callback", "token-response"] {
        assert!(page.messages.iter().any(|seen| seen == message), "the picture shows no {message}: {page:#?}");
    }
    // What the application was started with is still there when its page is loaded again.
    let page = machine.app.reload().await;
    assert!(page.signed_in, "{page:#?}");
    let page = machine.outcome("already-completed").await;
    assert!(page.signed_in, "{page:#?}");
    assert_eq!(machine.app.demo.counters().await, ONE_TOKEN);
}

#[tokio::test]
async fn na5_na6_a_port_of_this_machine_leads_back_and_is_closed_after_the_answer() {
    let machine = Machine::start(RELAY).await;
    machine.app.browser.click("#by-port").await;
    let url = machine.begin().await;
    let redirect_uri = machine.redirect_uri_in(&url);
    let port = redirect_uri.strip_prefix("http://127.0.0.1:").and_then(|rest| rest.strip_suffix("/callback"));
    let port: u16 = port.and_then(|port| port.parse().ok()).unwrap_or_else(|| panic!("{redirect_uri}"));

    // What comes from elsewhere is no answer, and does not close the port to the true one.
    assert_eq!(machine.get(&format!("http://127.0.0.1:{port}/elsewhere?code=a&state=b")).await, Some(404));
    assert_eq!(machine.get(&format!("{redirect_uri}?code=a&state=b")).await, Some(200));
    let page = machine.outcome("other-login").await;
    assert_eq!(page.outcome, Outcome::error("other-login", "transaction_not_found"));

    let browser = machine.system_browser().await;
    machine.confirm(&browser, &url).await;
    machine.signed_in().await;
    assert_eq!(machine.app.demo.counters().await, ONE_TOKEN);
    browser.wait_for("h1").await;
    assert!(browser.url().await.starts_with(&redirect_uri));
    assert_eq!(machine.get(&redirect_uri).await, None, "the port is closed");
}

#[tokio::test]
async fn na9_an_unsolicited_or_forged_deep_link_does_nothing() {
    let machine = Machine::start(RELAY).await;
    machine.open("com.example.pkce-demo:/callback?code=stolen&state=guessed");
    let page = machine.outcome("other-login").await;
    assert_eq!(page.outcome, Outcome::error("other-login", "transaction_not_found"));

    let url = machine.begin().await;
    for forged in [
        "com.example.pkce-demo:/callback?code=stolen&state=guessed",
        "com.example.pkce-demo:/callback?error=access_denied&state=guessed",
        "com.example.pkce-demo:/callback?code=a&code=b&state=c",
        "com.example.pkce-demo:/elsewhere?code=stolen&state=guessed",
        "com.example.pkce-demo://callback?code=stolen&state=guessed",
        "com.example.pkce-demo:",
    ] {
        machine.open(forged);
    }
    let browser = machine.system_browser().await;
    machine.confirm(&browser, &url).await;
    machine.signed_in().await;
    assert_eq!(machine.app.demo.counters().await, ONE_TOKEN, "nothing forged was sent to the server");

    // A URL that was handed over before is not handed over again; another one is.
    machine.open("com.example.pkce-demo:/callback?code=stolen&state=guessed-again");
    let page = machine.outcome("other-login").await;
    assert!(page.signed_in, "{page:#?}");
}

#[tokio::test]
async fn another_application_with_the_same_scheme_gets_the_code_and_can_do_nothing_with_it() {
    let machine = Machine::start(RELAY).await;
    let url = machine.begin().await;
    machine.install("malicious", SCHEME, &machine.writing_to("stolen"));
    let browser = machine.system_browser().await;
    machine.confirm(&browser, &url).await;
    let stolen = machine.written("stolen", 0).await;
    assert!(stolen.starts_with("com.example.pkce-demo:/callback?code="), "{stolen}");

    for extra in ["", "&code_verifier=0123456789012345678901234567890123456789012"] {
        let (status, error) = machine.redeem(&stolen, extra).await;
        assert_eq!((status, error.as_str()), (400, "invalid_grant"), "{extra}");
    }
    let page = machine.outcome("waiting").await;
    assert!(!page.signed_in, "{page:#?}");
    assert_eq!(machine.app.demo.counters().await.token_ok, 0);
}

#[tokio::test]
async fn after_a_browser_that_was_closed_a_new_login_works() {
    let machine = Machine::start(RELAY).await;
    let browser = machine.system_browser().await;
    let abandoned = machine.begin().await;
    browser.goto(&abandoned).await;
    drop(browser);
    assert_eq!(machine.app.demo.counters().await, NO_TOKEN);

    let url = machine.begin().await;
    assert_ne!(abandoned, url);
    let browser = machine.system_browser().await;
    machine.confirm(&browser, &url).await;
    machine.signed_in().await;
    assert_eq!(machine.app.demo.counters().await, ONE_TOKEN);
}

#[tokio::test]
async fn of_two_deep_links_at_once_the_true_one_signs_in() {
    let machine = Machine::start(RELAY).await;
    let url = machine.begin().await;
    machine.install("keeper", SCHEME, &machine.writing_to("redirects"));
    let browser = machine.system_browser().await;
    machine.confirm(&browser, &url).await;
    let redirect = machine.written("redirects", 0).await;
    machine.install("pkce-demo", SCHEME, &machine.application());

    let forged = with_parameter(&redirect, "state", "guessed");
    machine.open_at_once(&[&forged, &redirect, &redirect]);
    let page = machine.app.until("the login is complete", |page| page.signed_in).await;
    assert_eq!(page.claims.get("sub").map(String::as_str), Some("ada"), "{page:#?}");
    assert_eq!(machine.app.demo.counters().await, ONE_TOKEN);
}
