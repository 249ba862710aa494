//! Tabs with 0.1.0 and tabs with this version, of one origin.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use e2e::{Browser, Lab, Setup, Tab, figure, times, workspace};
use hostile::{Rotation, Scenario};
use serde_json::json;

use crate::{rounds, sign_in};

const ROTATING: Scenario = Scenario { rotation: Rotation::Strict, ..Scenario::HONEST };

/// Longer than an access token lives.
const LATER: f64 = 301.0;

/// Puts the page with 0.1.0 beside the other one: `before.html`.
fn add_before(lab: &Lab, package: &Path) {
    let folder = lab.folder();
    let page = |name: &str| fs::read_to_string(workspace().join("tests/e2e/pages").join(name)).unwrap();
    symlink(package, folder.join("before")).unwrap();
    fs::write(folder.join("before.html"), page("index.html").replace("/lab.js", "/before.js")).unwrap();
    fs::write(folder.join("before.js"), page("lab.js").replace("/pkce-wasm/index.js", "/before/index.js")).unwrap();
}

async fn open_before(lab: &Lab, browser: &Browser) {
    browser.goto(&lab.url("before.html")).await;
    lab.ready(browser).await;
}

/// Which tokens the tabs have, without a refresh.
async fn tokens(browser: &Browser, tabs: &[Tab]) -> Vec<String> {
    let mut tokens = Vec::new();
    for tab in tabs {
        browser.switch(tab).await;
        tokens.push(browser.eval("return lab.token();").await.to_string());
    }
    tokens
}

#[tokio::test]
async fn tabs_of_0_1_0_and_of_this_version_send_no_refresh_token_twice() {
    let Some(before) = std::env::var_os("PKCE_E2E_BEFORE").map(PathBuf::from) else {
        return figure("skipped: 0.1.0 is not here, for this clone does not have its commit");
    };
    let total = times(3, 20);
    let lab = Lab::start_with([("rotating", ROTATING)]).await;
    lab.choose("rotating", &json!({}));
    add_before(&lab, &before);
    let browser = Browser::start_with(&Setup::unthrottled()).await;
    let tabs = browser.open_tabs(6).await;
    let (old, new) = tabs.split_at(3);
    for round in 1..=total {
        // Whoever was signed in with this version is, from now on, whoever signs in with 0.1.0.
        for tab in old {
            browser.switch(tab).await;
            open_before(&lab, &browser).await;
        }
        sign_in(&lab, &browser).await;
        for tab in new {
            browser.switch(tab).await;
            lab.open(&browser).await;
        }
        let first = tokens(&browser, &tabs).await;
        assert!(first.iter().all(|token| *token == first[0]), "one session in all tabs: {first:?}");

        let given = rounds(&browser, &tabs, 1, LATER).await.remove(0);
        let (from_old, from_new) = given.split_at(old.len());
        assert!(from_new.iter().all(|token| *token == from_new[0] && !token.starts_with("failed")), "{given:?}");
        let is_told = |token: &String| *token == from_new[0] || token == "failed: session_expired";
        assert!(from_old.iter().all(is_told), "{given:?}");
        let refreshes = lab.server.refreshes();
        assert_eq!((refreshes.requests, refreshes.reused), (round as u32, 0), "{given:?}");
    }
    // Those that are open with 0.1.0 still work, and see that they are signed out, once the session was moved.
    browser.switch(&new[0]).await;
    browser.eval("return lab.client.session().then((session) => session.refresh()).then(() => null);").await;
    browser.switch(&old[0]).await;
    assert_eq!(browser.eval("return lab.scope();").await, json!(null));
    let refreshes = lab.server.refreshes();
    figure(&format!("3 tabs of 0.1.0 and 3 of this version, {total} rounds: {refreshes:?}"));
    assert_eq!((refreshes.requests, refreshes.reused), (total as u32 + 1, 0));
}
