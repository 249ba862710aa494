//! Callbacks that are forged, broken, altered or replayed, at the page's own redirect URI.

use e2e::{App, Counters, Outcome, with_parameter, without_parameter};

const NO_TOKEN: Counters = Counters { token_ok: 0, token_refused: 0 };
const ONE_TOKEN: Counters = Counters { token_ok: 1, token_refused: 0 };

/// Queries of callbacks that belong to no login, with what each leads to.
const FOREIGN: [(&str, &str, &str); 9] = [
    ("code=x&state=forged", "other-login", "transaction_not_found"),
    ("error=access_denied&state=forged", "other-login", "transaction_not_found"),
    ("code=x", "none", ""),
    ("code=x&state=", "none", ""),
    ("state=CA&city=LA", "none", ""),
    ("error=access_denied", "none", ""),
    ("code=x&state=forged&state=forged", "none", ""),
    ("code=x&code=y&state=forged", "none", ""),
    ("city=Orl%E9ans#state=open", "none", ""),
];

#[tokio::test]
async fn a_foreign_callback_is_refused_and_changes_nothing() {
    let app = App::start().await;
    for (query, status, code) in FOREIGN {
        let url = format!("{}?{query}", app.demo.callback());
        let page = app.visit(&url).await;
        assert_eq!(page.outcome, Outcome::error(status, code), "{query}");
        assert!(!page.signed_in, "{query}");
        assert_eq!(page.href, url, "the address is somebody else's");
    }
    assert_eq!(app.demo.counters().await, NO_TOKEN);

    app.open().await;
    app.sign_in().await;
    for (query, status, code) in FOREIGN {
        let url = format!("{}?{query}", app.demo.callback());
        let page = app.visit(&url).await;
        assert_eq!(page.outcome, Outcome::error(status, code), "{query}, signed in");
        assert!(page.signed_in, "the session was lost over {query}");
        assert_eq!(page.claims.get("sub").map(String::as_str), Some("ada"), "{query}");
        assert_eq!(page.href, url, "the address is somebody else's");
    }
    assert!(app.open().await.signed_in);
    assert_eq!(app.demo.counters().await, ONE_TOKEN);
}

#[tokio::test]
async fn a_replayed_callback_was_completed_already() {
    let app = App::start().await;
    let callback = app.sign_in_until_callback().await;
    app.pause(false).await;
    assert_eq!(app.go_on().await.outcome, Outcome::of("signed-in"));

    for _ in 0..2 {
        let page = app.visit(&callback).await;
        assert_eq!(page.outcome, Outcome::of("already-completed"));
        assert!(page.signed_in);
        assert_eq!(page.claims.get("sub").map(String::as_str), Some("ada"));
    }
    assert_eq!(app.demo.counters().await, ONE_TOKEN);

    app.browser.click("#sign-out").await;
    app.until("the page is signed out", |page| !page.signed_in).await;
    let page = app.visit(&callback).await;
    assert_eq!(page.outcome, Outcome::of("already-completed"));
    assert!(!page.signed_in, "a replayed callback signed the user in again");
    assert_eq!(app.demo.counters().await, ONE_TOKEN);
}

#[tokio::test]
async fn a_callback_from_another_issuer_is_refused_and_the_true_one_still_counts() {
    let app = App::start().await;
    let callback = app.sign_in_until_callback().await;
    app.pause(false).await;

    let elsewhere = "http%3A%2F%2F127.0.0.1%3A9";
    let state_alone = without_parameter(&without_parameter(&callback, "code"), "iss");
    let denied = with_parameter(&state_alone, "error", "access_denied");
    let altered = [
        (with_parameter(&callback, "iss", elsewhere), "response_issuer_mismatch"),
        (without_parameter(&callback, "iss"), "response_issuer_missing"),
        (with_parameter(&callback, "iss", ""), "response_issuer_missing"),
        (with_parameter(&denied, "iss", elsewhere), "response_issuer_mismatch"),
        (denied, "response_issuer_missing"),
        (format!("{callback}&iss={elsewhere}"), "parameter_duplicated"),
        (format!("{callback}&code=another"), "parameter_duplicated"),
    ];
    for (url, code) in altered {
        let page = app.visit(&url).await;
        assert_eq!(page.outcome, Outcome::error("refused", code), "{url}");
        assert!(!page.signed_in, "{url}");
    }
    let page = app.visit(&with_parameter(&callback, "state", "another")).await;
    assert_eq!(page.outcome, Outcome::error("other-login", "transaction_not_found"));
    assert_eq!(app.demo.counters().await, NO_TOKEN);

    let page = app.visit(&callback).await;
    assert_eq!(page.outcome, Outcome::of("signed-in"));
    assert!(page.signed_in);
    assert_eq!(app.demo.counters().await, ONE_TOKEN);
}
