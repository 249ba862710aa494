//! The way that every user takes, at a real authorization server: sign in, come back, stay signed in past the token's expiry, sign out.
//! `cargo xtask test quick` runs this alone.

use e2e::{App, Browser, Counters, Lab, Outcome, Setup};
use serde_json::Value;

/// The token of the page, after so many seconds.
async fn token_after(browser: &Browser, seconds: u32) -> String {
    let token = browser.eval(&format!("return lab.token({seconds});")).await;
    token.as_str().unwrap_or_else(|| panic!("there is no token: {token}")).to_owned()
}

#[tokio::test]
async fn a_user_signs_in_gets_fresh_tokens_and_signs_out() {
    let (lab, provider) = Lab::at_provider().await;
    let browser = Browser::start_with(&Setup::unthrottled()).await;
    lab.open(&browser).await;

    let outcome = lab.sign_in_by_hand(&browser).await;
    assert_eq!(outcome.return_to.as_deref(), Some("/back"));
    assert!(!browser.url().await.contains("code="), "the code is left in the address bar");

    // The tokens of this server live for a minute.
    let first = token_after(&browser, 0).await;
    assert_eq!(outcome.token.as_deref(), Some(first.as_str()));
    let second = token_after(&browser, 61).await;
    assert_ne!(first, second);
    assert_eq!(provider.counters().await, Counters { token_ok: 2, token_refused: 0 });

    browser.eval("return lab.signOut();").await;
    assert_eq!(browser.eval("return lab.client.session();").await, Value::Null);
    lab.open(&browser).await;
    assert_eq!(browser.eval("return lab.client.session();").await, Value::Null, "signed in again after a reload");
    assert_eq!(provider.counters().await, Counters { token_ok: 2, token_refused: 0 });
}

#[tokio::test]
async fn a_user_of_the_demo_signs_in_and_out() {
    let app = App::start().await;
    let page = app.sign_in().await;
    page.assert_no_response_is_left();
    assert_eq!(page.runs_on, "wasm");
    assert!(app.reload().await.signed_in);
    app.browser.click("#sign-out").await;
    app.until("the page is signed out", |page| !page.signed_in).await;
    let page = app.reload().await;
    assert_eq!((page.outcome, page.signed_in), (Outcome::of("none"), false));
    assert_eq!(app.demo.counters().await, Counters { token_ok: 1, token_refused: 0 });
}
