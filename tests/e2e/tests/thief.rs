//! A malicious app intercepts the code. It really asks the token endpoint, and gets nothing.

use e2e::{App, Attempt, Counters, Outcome};

#[tokio::test]
async fn the_thief_is_refused_three_ways_and_the_app_still_signs_in() {
    let app = App::start().await;
    app.sign_in_until_callback().await;
    assert_eq!(app.demo.counters().await, Counters::default());

    app.browser.click("#thief-try").await;
    let page = app.until("the thief has tried three times", |page| page.attempts.len() == 3).await;
    let names: Vec<_> = page.attempts.iter().map(|attempt| attempt.attempt.as_str()).collect();
    assert_eq!(names, ["no-verifier", "guessed-verifier", "plain"]);
    for Attempt { attempt, status, error } in &page.attempts {
        assert_eq!(status, "400", "{attempt}");
        assert!(["invalid_grant", "invalid_request"].contains(&error.as_str()), "{attempt}: {error}");
    }
    assert!(!page.signed_in);
    assert_eq!(app.demo.counters().await, Counters { token_ok: 0, token_refused: 3 });

    let page = app.go_on().await;
    assert_eq!(page.outcome, Outcome::of("signed-in"));
    assert!(page.signed_in);
    assert_eq!(app.demo.counters().await, Counters { token_ok: 1, token_refused: 3 });
}
