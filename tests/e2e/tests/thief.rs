//! A thief copies the code, and later the token. It really asks the server, and gets what it is worth.

use e2e::{App, Attempt, Counters, Outcome, Page};
use serde_json::Value;

/// Sees to it that the thief was refused in all these ways, and that this is shown as the good outcome.
fn assert_refused(attempts: &[Attempt], ways: &[&str], wanted: &[&str]) {
    let names: Vec<_> = attempts.iter().map(|attempt| attempt.attempt.as_str()).collect();
    assert_eq!(names, ways);
    for Attempt { attempt, status, error, mark } in attempts {
        assert!(wanted.contains(&status.as_str()), "{attempt}: {status} {error}");
        assert_eq!(mark, "good", "{attempt}: {error}");
    }
}

async fn until_tried(app: &App, number: usize) -> Page {
    app.until("the thief has tried", |page| page.attempts.len() == number).await
}

/// Lets the thief use the token of the session.
async fn steal_the_token(app: &App, number: usize) -> Page {
    app.browser.click("#token-try").await;
    app.until("the thief has used the token", |page| page.token_attempts.len() == number).await
}

async fn text(app: &App, selector: &str) -> String {
    let text = app.browser.eval(&format!("return document.querySelector({selector:?})?.textContent ?? null;")).await;
    text.as_str().unwrap_or_else(|| panic!("there is no {selector}")).to_owned()
}

#[tokio::test]
async fn the_thief_is_refused_three_ways_and_the_app_still_signs_in() {
    let app = App::start().await;
    app.sign_in_until_callback().await;
    assert_eq!(app.demo.counters().await, Counters::default());

    app.browser.click("#thief-try").await;
    let page = until_tried(&app, 3).await;
    assert_refused(&page.attempts, &["no-verifier", "guessed-verifier", "plain"], &["400"]);
    for Attempt { attempt, error, .. } in &page.attempts {
        assert!(["invalid_grant", "invalid_request"].contains(&error.as_str()), "{attempt}: {error}");
    }
    assert!(!page.signed_in);
    assert_eq!(app.demo.counters().await, Counters { token_ok: 0, token_refused: 3 });

    let page = app.go_on().await;
    assert_eq!(page.outcome, Outcome::of("signed-in"));
    assert!(page.signed_in);
    assert_eq!(app.demo.counters().await, Counters { token_ok: 1, token_refused: 3 });
}

#[tokio::test]
async fn the_thief_goes_first_unless_the_visitor_says_otherwise() {
    let app = App::start().await;
    app.browser.eval("sessionStorage.clear(); return null;").await;
    app.open().await;
    app.go_to_login().await;
    app.browser.click("#submit").await;
    app.until("the page has paused", |page| page.paused).await;
    app.browser.wait_for("#thief-try").await;
}

#[tokio::test]
async fn without_pkce_the_thief_signs_in_and_the_app_does_not() {
    let app = App::start().await;
    app.turn("pkce", false).await;
    app.sign_in_until_callback().await;
    app.browser.click("#thief-try").await;
    let page = until_tried(&app, 2).await;
    let got: Vec<_> =
        page.attempts.iter().map(|it| (it.attempt.as_str(), it.status.as_str(), it.mark.as_str())).collect();
    assert_eq!(got, [("code-alone", "200", "bad"), ("token-bearer", "200", "bad")]);
    assert!(text(&app, "#thief-title").await.contains("Ada Demo"), "the page says whose tokens these are");

    let page = app.go_on().await;
    assert_eq!(page.outcome, Outcome::error("refused", "invalid_grant"));
    assert!(!page.signed_in);
    assert_eq!(app.demo.counters().await, Counters { token_ok: 1, token_refused: 1 });
    page.assert_no_response_is_left();

    // The same visitor, with PKCE again.
    app.turn("pkce", true).await;
    app.sign_in_until_callback().await;
    app.browser.click("#thief-try").await;
    let page = until_tried(&app, 3).await;
    assert_refused(&page.attempts, &["no-verifier", "guessed-verifier", "plain"], &["400"]);
    assert_eq!(app.go_on().await.outcome, Outcome::of("signed-in"));
}

#[tokio::test]
async fn only_a_server_that_allows_it_is_asked_without_pkce() {
    let app = App::start().await;
    app.turn("pkce", false).await;
    app.choose("pingone").await;
    app.ready().await;
    let state = "return [document.querySelector('#pkce').checked, document.querySelector('#pkce').disabled];";
    assert_eq!(app.browser.eval(state).await, serde_json::json!([true, true]));
    let page = app.sign_in().await;
    assert!(page.messages.iter().any(|message| message == "make-verifier"), "{page:#?}");
}

#[tokio::test]
async fn a_token_of_the_user_serves_the_thief_and_one_bound_to_a_key_does_not() {
    let app = App::start().await;
    app.sign_in().await;
    let page = steal_the_token(&app, 1).await;
    let [Attempt { attempt, status, mark, .. }] = &page.token_attempts[..] else { panic!("{page:#?}") };
    assert_eq!((attempt.as_str(), status.as_str(), mark.as_str()), ("token-bearer", "200", "bad"));
    assert!(text(&app, "#token-results").await.contains("Ada Demo"));

    app.turn("dpop", true).await;
    app.browser.click("#sign-in").await;
    let bound = |page: &Page| page.ready && page.outcome == Outcome::of("signed-in");
    app.until("the page is signed in again", bound).await;
    let page = steal_the_token(&app, 3).await;
    assert_refused(&page.token_attempts, &["token-bearer", "token-no-proof", "token-own-key"], &["400", "401"]);
    // Its owner is served as before.
    app.browser.click("#userinfo").await;
    app.browser.wait_for("#userinfo-result dl").await;
    assert!(text(&app, "#userinfo-result").await.contains("ada@example.com"));
}

/// How the challenge was made is shown with the values of this login, and not before they are spent.
#[tokio::test]
async fn the_verifier_is_shown_when_it_is_spent_with_the_challenge_that_it_leads_to() {
    let app = App::start().await;
    let shown = "return ['verifier', 'challenge'].map((name) =>
        document.querySelector(`[data-derivation=${name}]`)?.textContent ?? null);";
    app.sign_in_until_callback().await;
    let before = app.browser.eval(shown).await;
    assert_eq!(before[0], Value::Null, "the verifier is shown before it is spent");
    app.go_on().await;
    let after = app.browser.eval(shown).await;
    assert_eq!(after[1], before[1], "the challenge is another one");
    let matches = format!(
        "return import('/pkce-wasm/pkce.js').then(({{ deriveChallenge }}) => deriveChallenge({}) === {});",
        after[0], after[1]
    );
    assert_eq!(app.browser.eval(&matches).await, true, "{after}");
}

#[tokio::test]
async fn the_code_to_copy_is_that_of_this_sign_in() {
    let app = App::start().await;
    let code = text(&app, "#snippet").await;
    for member in [app.demo.issuer(), "pkce-wasm-demo", &app.demo.callback()] {
        assert!(code.contains(member), "{member} is not in {code}");
    }
    assert!(!code.contains("dpop"), "{code}");
    app.turn("dpop", true).await;
    assert!(text(&app, "#snippet").await.contains("dpop: \"required\""));
    app.browser.click("#copy").await;
    app.browser.wait_for("#copied:not(:empty)").await;
}
