//! The main job: a person signs in, stays signed in, signs out, changes their mind.

use e2e::{App, Counters, Outcome, Page};
use hostile::{Scenario, Server};

/// What the demo's authorization servers say of their only account.
fn assert_is_ada(page: &Page) {
    assert!(page.signed_in, "{page:#?}");
    assert_eq!(page.claims.get("sub").map(String::as_str), Some("ada"), "{page:#?}");
    assert_eq!(page.claims.get("name").map(String::as_str), Some("Ada Demo"), "{page:#?}");
}

const ONE_TOKEN: Counters = Counters { token_ok: 1, token_refused: 0 };

#[tokio::test]
async fn a_sign_in_is_kept_across_a_reload_and_ended_by_sign_out() {
    let app = App::start().await;
    let page = app.ready().await;
    assert_eq!(page.outcome, Outcome::of("none"));
    assert!(!page.signed_in);
    assert_eq!(page.runs_on, "wasm");

    let page = app.sign_in().await;
    assert_is_ada(&page);
    page.assert_no_response_is_left();
    assert_eq!(app.demo.counters().await, ONE_TOKEN);
    for message in ["authorization-request", "authorization-response", "token-request", "token-response"] {
        assert!(page.messages.iter().any(|seen| seen == message), "the picture shows no {message}: {page:#?}");
    }

    let page = app.reload().await;
    assert_is_ada(&page);
    page.assert_no_response_is_left();

    app.browser.click("#sign-out").await;
    let page = app.until("the page is signed out", |page| !page.signed_in).await;
    assert!(page.claims.values().all(|claim| claim != "ada" && claim != "Ada Demo"), "{page:#?}");
    assert!(!app.reload().await.signed_in);
    assert_eq!(app.demo.counters().await, ONE_TOKEN);
}

#[tokio::test]
async fn a_page_in_a_browser_is_not_asked_how_to_come_back() {
    let app = App::start().await;
    let shown = app.browser.run("return document.querySelector('#way-back').getClientRects().length;").await;
    assert_eq!(shown.expect("the page runs script"), 0, "only an application has a choice");
}

#[tokio::test]
async fn the_token_works_at_the_userinfo_endpoint() {
    let app = App::start().await;
    app.sign_in().await;
    app.browser.click("#userinfo").await;
    app.browser.wait_for("#userinfo-result dl").await;
    let answer = app.browser.run("return document.querySelector('#userinfo-result').textContent;").await;
    assert!(answer.expect("the page runs script").to_string().contains("ada@example.com"));
}

#[tokio::test]
async fn a_cancelled_sign_in_can_be_tried_again() {
    let app = App::start().await;
    app.go_to_login().await;
    app.browser.click("#cancel").await;
    let page = app.ready().await;
    assert_eq!(page.outcome, Outcome::error("refused", "access_denied"));
    assert!(!page.signed_in);
    page.assert_no_response_is_left();
    assert_eq!(app.demo.counters().await, Counters::default());

    assert_is_ada(&app.sign_in().await);
    assert_eq!(app.demo.counters().await, ONE_TOKEN);
}

#[tokio::test]
async fn a_server_of_pingones_shape_signs_in() {
    let app = App::start().await;
    app.choose("pingone").await;
    app.ready().await;
    app.go_to_login().await;
    let url = app.browser.url().await;
    assert!(url.starts_with(app.demo.pingone_issuer()), "{url}");
    let page = app.confirm().await;
    assert_eq!(page.outcome, Outcome::of("signed-in"));
    assert_is_ada(&page);
    page.assert_no_response_is_left();
    assert_eq!(app.demo.pingone_counters().await, ONE_TOKEN);
    assert_eq!(app.demo.counters().await, Counters::default());
}

#[tokio::test]
async fn an_own_server_is_kept_across_the_redirect() {
    let app = App::start().await;
    let issuer = app.demo.issuer().to_owned();
    app.use_own_server(&issuer, "pkce-wasm-demo").await;
    assert_is_ada(&app.sign_in().await);
    assert_eq!(app.demo.counters().await, ONE_TOKEN);

    let fields = "return ['server', 'issuer', 'client-id'].map((name) =>
        document.querySelector(`[name=${name}]:checked, #${name}`)?.value);";
    let kept = app.browser.run(fields).await.expect("the page runs script");
    assert_eq!(kept, serde_json::json!(["custom", issuer, "pkce-wasm-demo"]));
}

/// "Use this server" asks it what it offers, once each time. The way there and back does not ask again.
#[tokio::test]
async fn an_own_server_is_asked_once_what_it_offers() {
    let server = Server::start([("own", Scenario::HONEST)]).await;
    let app = App::start().await;
    let asked = || server.hits("own", ".well-known/openid-configuration");
    app.use_own_server(&server.issuer("own"), "hostile").await;
    assert_eq!(asked(), 1);
    app.browser.click("#use-server").await;
    app.ready().await;
    assert_eq!(asked(), 2);
    app.browser.click("#sign-in").await;
    app.until("the page is signed in", |page| page.ready && page.outcome == Outcome::of("signed-in")).await;
    assert_eq!(asked(), 2);
}

/// Each place where a server may say what it offers is asked. That is one question.
#[tokio::test]
async fn a_server_that_is_not_there_gives_no_answer_once() {
    let app = App::start().await;
    let page = app.use_own_server(&Server::nobody().await, "app").await;
    assert_eq!(page.outcome, Outcome::error("error", "network_failed"));
    assert_eq!(page.messages, ["metadata-request", "metadata-response"]);
}
