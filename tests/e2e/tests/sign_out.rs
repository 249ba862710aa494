//! Sign-out at the server (OpenID Connect RP-Initiated Logout 1.0).

use e2e::{App, Outcome};

/// Signs out here and at the server, and comes back.
async fn sign_out(app: &App) {
    app.browser.click("#sign-out-everywhere").await;
    app.browser.wait_for("form[action], form").await;
    app.browser.click("#submit").await;
    let page = app.until("the page is back", |page| page.ready && page.outcome.status == "signed-out").await;
    assert_eq!(page.outcome, Outcome::of("signed-out"));
    assert!(!page.signed_in);
    assert_eq!(page.href, app.demo.app(), "the state is left in the address bar");
    page.assert_no_response_is_left();
}

#[tokio::test]
async fn lo1_lo2_a_sign_out_at_the_server_ends_both_sessions_and_comes_back() {
    let app = App::start().await;
    app.sign_in().await;
    sign_out(&app).await;
    assert!(!app.reload().await.signed_in);
    // Where the server remembered, it would not ask.
    app.go_to_login().await;
    assert_eq!(app.confirm().await.outcome, Outcome::of("signed-in"));

    // The place to come back to is a page like any other: with a foreign state, or none, nobody is signed out.
    for query in ["?state=another", "", "?x=1"] {
        let page = app.visit(&format!("{}{query}", app.demo.app())).await;
        assert_eq!(page.outcome, Outcome::of("none"), "{query}");
        assert!(page.signed_in, "{query}");
    }
}

#[tokio::test]
async fn lo1_pingones_signoff_signs_out() {
    let app = App::start().await;
    app.choose("pingone").await;
    app.ready().await;
    app.go_to_login().await;
    assert_eq!(app.confirm().await.outcome, Outcome::of("signed-in"));
    sign_out(&app).await;
    assert!(!app.reload().await.signed_in);
}
