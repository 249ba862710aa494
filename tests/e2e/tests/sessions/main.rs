//! A session stays: one refresh at a time for all tabs, whatever the network does; and it ends everywhere at once. What counts is what
//! the token endpoint saw.

mod failures;
mod refresh;
mod sign_out;
mod versions;

use std::io::{Write as _, stdout};

use e2e::{Browser, Engine, Lab, Tab};
use serde_json::Value;

/// Prints a measured figure, past the capture of the test runner, which shows only what failing tests print.
fn figure(text: &str) {
    writeln!(stdout(), "{:?}: {text}", Engine::from_env()).expect("the output can be written");
}

async fn run(browser: &Browser, script: &str) -> Value {
    browser.run(script).await.unwrap_or_else(|error| panic!("{script} failed: {error}"))
}

/// Signs in, in the tab that the browser shows, at a server that lets everybody in.
async fn sign_in(lab: &Lab, browser: &Browser) {
    let callback = lab.login(browser).await;
    let outcome = lab.handle(browser, &callback).await;
    assert_eq!(outcome.status, "signed-in", "{outcome:?}");
}

/// Lets every tab note what becomes of the session.
async fn hear(browser: &Browser, tabs: &[Tab]) {
    for tab in tabs {
        browser.switch(tab).await;
        run(browser, "return lab.hear();").await;
    }
}

/// Sees to it that every tab is signed in, and has heard of no end.
async fn assert_nobody_signed_out(browser: &Browser, tabs: &[Tab]) {
    for tab in tabs {
        browser.switch(tab).await;
        assert_eq!(run(browser, "return lab.scope();").await, "openid");
        let others = "return lab.news.filter(({ type }) => type !== 'refreshed');";
        assert_eq!(run(browser, others).await, serde_json::json!([]));
    }
}

/// What each tab got in each of those rounds, in which so many seconds pass and all ask for the access token at one word.
async fn rounds(browser: &Browser, tabs: &[Tab], rounds: usize, seconds: f64) -> Vec<Vec<String>> {
    for tab in tabs {
        browser.switch(tab).await;
        run(browser, &format!("return lab.armTokens({seconds});")).await;
    }
    run(browser, &format!("return lab.conduct({rounds}, {});", tabs.len())).await;
    let mut by_tab = Vec::new();
    for tab in tabs {
        browser.switch(tab).await;
        let tokens: Vec<String> =
            serde_json::from_value(run(browser, "return lab.tokens;").await).expect("a tab has its tokens");
        assert_eq!(tokens.len(), rounds);
        by_tab.push(tokens);
    }
    (0..rounds).map(|round| by_tab.iter().map(|tokens| tokens[round].clone()).collect()).collect()
}

/// Sees to it that in each round all tabs got the same token, and in each another one.
fn assert_one_token_a_round(rounds: &[Vec<String>]) {
    let mut before = String::new();
    for (number, tokens) in rounds.iter().enumerate() {
        let first = &tokens[0];
        assert!(!first.starts_with("failed"), "round {number}: {tokens:?}");
        assert!(tokens.iter().all(|token| token == first), "round {number}: {tokens:?}");
        assert_ne!(*first, before, "round {number}");
        before.clone_from(first);
    }
}
