//! A session stays: one refresh at a time for all tabs, whatever the network does; and it ends everywhere at once. What counts is what
//! the token endpoint saw.

mod failures;
mod refresh;
mod sign_out;
mod versions;

use e2e::{Browser, Lab, Tab};

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
        browser.eval("return lab.hear();").await;
    }
}

/// Sees to it that every tab is signed in, and has heard of no end.
async fn assert_nobody_signed_out(browser: &Browser, tabs: &[Tab]) {
    for tab in tabs {
        browser.switch(tab).await;
        assert_eq!(browser.eval("return lab.scope();").await, "openid");
        let others = "return lab.news.filter(({ type }) => type !== 'refreshed');";
        assert_eq!(browser.eval(others).await, serde_json::json!([]));
    }
}

/// What each tab got in each of those rounds, in which so many seconds pass and all ask for the access token at one word.
async fn rounds(browser: &Browser, tabs: &[Tab], rounds: usize, seconds: f64) -> Vec<Vec<String>> {
    for tab in tabs {
        browser.switch(tab).await;
        browser.eval(&format!("return lab.armTokens({seconds});")).await;
    }
    browser.eval(&format!("return lab.conduct({rounds}, {});", tabs.len())).await;
    let mut by_tab = Vec::new();
    for tab in tabs {
        browser.switch(tab).await;
        let tokens: Vec<String> =
            serde_json::from_value(browser.eval("return lab.tokens;").await).expect("a tab has its tokens");
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
