//! The browser is killed with all its processes, in the middle of a login, and started again with the same profile.

use std::time::Duration;

use e2e::{Browser, Engine, Lab, Setup};
use hostile::{Delivery, Reply, Scenario, honest};
use serde_json::json;
use tempfile::TempDir;

use crate::figure;

/// From the moment at which the page is left until its `localStorage` is on the disk. Chromium begins to write when the
/// page goes and takes up to a quarter of a second, Firefox up to one; the rest is for a machine that is busy.
const AFTER_LEAVING: Duration = Duration::from_secs(2);

/// The same for a page that stays: both engines collect what is written for five seconds.
const WHILE_STAYING: Duration = Duration::from_secs(7);

/// Redeems the code at once; the answer never arrives.
const MUTE: Scenario =
    Scenario { token: |login| Reply::json(honest::tokens(login)).arriving(Delivery::Never), ..Scenario::HONEST };

/// A profile that outlives the browser; `None` where the engine keeps none.
fn profile() -> Option<(TempDir, Setup)> {
    if Engine::from_env() == Engine::WebKit {
        figure("skipped: WebKitGTK's MiniBrowser keeps nothing on the disk under automation");
        return None;
    }
    let folder = TempDir::with_prefix("pkce-profile-").expect("a temporary folder can be made");
    let setup = Setup { profile: Some(folder.path().to_owned()), ..Setup::default() };
    Some((folder, setup))
}

/// Sends the page away, as a login does; to another name of this machine, which is another site.
async fn leave(lab: &Lab, browser: &Browser) {
    browser.goto(&lab.server.issuer("elsewhere").replacen("127.0.0.1", "localhost", 1)).await;
}

#[tokio::test]
async fn a_browser_killed_before_the_callback_completes_it_when_it_runs_again() {
    let Some((_folder, setup)) = profile() else { return };
    let lab = Lab::start().await;
    for (what, leaves, wait) in [("left", true, AFTER_LEAVING), ("still open", false, WHILE_STAYING)] {
        let browser = Browser::start_with(&setup).await;
        lab.open(&browser).await;
        let callback = lab.login(&browser).await;
        if leaves {
            leave(&lab, &browser).await;
        }
        tokio::time::sleep(wait).await;
        browser.kill();

        let browser = Browser::start_with(&setup).await;
        let outcome = lab.visit(&browser, &callback).await;
        assert_eq!(outcome.status, "signed-in", "the page was {what}: {outcome:?}");
        assert_eq!(outcome.return_to.as_deref(), Some("/back"));
        figure(&format!("killed {wait:?} after login(), the page {what}: signed-in in the new process"));
        assert_eq!(lab.visit(&browser, &callback).await.status, "already-completed");
    }
    lab.assert_exchanges(2);
}

/// What is lost when the kill comes at once is a login that nobody knows, never half of one.
#[tokio::test]
async fn a_browser_killed_in_the_very_moment_of_login_signs_in_or_says_that_it_does_not_know() {
    let Some((_folder, setup)) = profile() else { return };
    let lab = Lab::start().await;
    for wait in [0, 250, 500, 1000] {
        let browser = Browser::start_with(&setup).await;
        lab.open(&browser).await;
        let callback = lab.login(&browser).await;
        leave(&lab, &browser).await;
        tokio::time::sleep(Duration::from_millis(wait)).await;
        browser.kill();
        let browser = Browser::start_with(&setup).await;
        let outcome = lab.visit(&browser, &callback).await;
        figure(&format!(
            "killed {wait} ms after the page was left: {} {}",
            outcome.status,
            outcome.code.as_deref().unwrap_or_default()
        ));
        match outcome.status.as_str() {
            "signed-in" => assert!(outcome.signed_in),
            _ => assert_eq!(
                (outcome.status.as_str(), outcome.code.as_deref()),
                ("other-login", Some("transaction_not_found")),
                "{outcome:?}"
            ),
        }
    }
}

#[tokio::test]
async fn a_browser_killed_between_exchange_and_save_asks_the_user_to_begin_again() {
    let Some((_folder, setup)) = profile() else { return };
    let lab = Lab::start_with([("mute", MUTE)]).await;
    lab.choose("mute", &json!({}));
    // At once, and when what was written at the callback is on the disk.
    for (rounds, wait) in [(1, Duration::ZERO), (2, WHILE_STAYING)] {
        let outcome = kill_in_exchange(&lab, &setup, wait, rounds).await;
        figure(&format!("killed {wait:?} into the exchange: refused {outcome}, restart"));
    }
}

/// Gives the code of the refusal.
async fn kill_in_exchange(lab: &Lab, setup: &Setup, wait: Duration, redeemed: usize) -> String {
    let browser = Browser::start_with(setup).await;
    lab.open(&browser).await;
    let callback = lab.login(&browser).await;
    leave(lab, &browser).await;
    tokio::time::sleep(AFTER_LEAVING).await;
    browser.goto(&callback).await;
    while lab.server.redeemed() < redeemed {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    tokio::time::sleep(wait).await;
    browser.kill();

    let browser = Browser::start_with(setup).await;
    let mut code = String::new();
    // However often it is tried.
    for _ in 0..2 {
        let outcome = lab.visit(&browser, &callback).await;
        assert_eq!((outcome.status.as_str(), outcome.restart), ("refused", Some(true)), "{outcome:?}");
        assert!(!outcome.signed_in, "{outcome:?}");
        code = outcome.code.unwrap_or_default();
    }
    lab.choose("honest", &json!({}));
    lab.open(&browser).await;
    let next = lab.login(&browser).await;
    let outcome = lab.visit(&browser, &next).await;
    assert_eq!(outcome.status, "signed-in", "the next login: {outcome:?}");
    lab.choose("mute", &json!({}));
    code
}
