//! Lost answers, a server that is down, a network that is gone.

use std::time::Duration;

use e2e::{Browser, Lab, Setup, Wire, figure, soak, times};
use hostile::{Delivery, Login, Reply, Rotation, Scenario, honest};
use serde_json::{Value, json};

use crate::{assert_nobody_signed_out, assert_one_token_a_round, hear, rounds, sign_in};

/// Every fifth answer is cut off on its way, after the server has done its part.
fn lossy(login: &Login) -> Reply {
    let answer = Reply::json(honest::refreshed(login)).showing_date();
    if login.refreshes.is_multiple_of(5) { answer.arriving(Delivery::Cut) } else { answer }
}

const fn losing(rotation: Rotation) -> Scenario {
    Scenario { refresh: lossy, rotation, ..DATED }
}

/// Lets the page read its clock.
const DATED: Scenario = Scenario {
    token: |login| Reply::json(honest::tokens(login)).showing_date(),
    refresh: |login| Reply::json(honest::refreshed(login)).showing_date(),
    rotation: Rotation::Strict,
    ..Scenario::HONEST
};

/// Where the server does not rotate, or answers the last token again, as it has to if answers can be lost.
#[tokio::test]
async fn sb3_every_fifth_answer_is_lost_and_nobody_is_signed_out() {
    let total = times(10, 40);
    // Of these requests every fifth is lost, and that many are not.
    let requests = (total..).find(|requests| requests - requests / 5 == total).expect("there is such a number");
    for (name, rotation) in [("fixed", Rotation::None), ("tolerant", Rotation::Tolerant)] {
        let lab = Lab::start_with([(name, losing(rotation))]).await;
        lab.choose(name, &json!({}));
        let browser = Browser::start_with(&Setup::unthrottled()).await;
        lab.open(&browser).await;
        sign_in(&lab, &browser).await;
        let tabs = lab.open_tabs(&browser, 5).await;
        hear(&browser, &tabs).await;
        let all = rounds(&browser, &tabs, total, 301.0).await;
        let refreshes = lab.server.refreshes();
        figure(&format!("5 tabs, {total} rounds, every fifth answer lost, rotation {rotation:?}: {refreshes:?}"));
        if rotation == Rotation::Tolerant {
            assert_one_token_a_round(&all);
        }
        assert!(all.iter().flatten().all(|token| !token.starts_with("failed")), "{all:?}");
        assert_nobody_signed_out(&browser, &tabs).await;
        // Four of five are kept: each lost one was asked for again, once.
        assert_eq!((refreshes.requests, refreshes.reused), (requests as u32, 0));
    }
}

/// A server that ends the login of a token that comes twice leaves nothing to be done: the new token is lost. All tabs are told so.
#[tokio::test]
async fn sb3_a_lost_answer_of_a_strict_server_is_told_for_what_it_is() {
    let lab = Lab::start_with([("strict", losing(Rotation::Strict))]).await;
    lab.choose("strict", &json!({}));
    let browser = Browser::start_with(&Setup::unthrottled()).await;
    lab.open(&browser).await;
    sign_in(&lab, &browser).await;
    let tabs = lab.open_tabs(&browser, 2).await;
    hear(&browser, &tabs).await;
    let all = rounds(&browser, &tabs, 5, 301.0).await;
    assert_one_token_a_round(&all[..4]);
    assert!(all[4].contains(&"failed: refresh_interrupted".to_owned()), "{:?}", all[4]);
    for tab in &tabs {
        browser.switch(tab).await;
        let ended = browser.until("return lab.news.find(({ type }) => type === 'expired')?.reason ?? null;").await;
        assert_eq!(ended.expect("every tab is told"), "refresh_interrupted");
        assert_eq!(browser.eval("return lab.client.session();").await, Value::Null);
    }
    figure(&format!("an answer of a strict server is lost: refresh_interrupted, {:?}", lab.server.refreshes()));
}

/// The token that the page has, or the code of the error.
async fn ask(browser: &Browser, seconds: u32) -> String {
    let told = browser.eval(&format!("return lab.token({seconds});")).await;
    match &told {
        Value::String(token) => token.clone(),
        error => {
            assert_eq!(error["retryable"], true, "{error}");
            assert!(error["retryAfter"].as_u64().is_some_and(|seconds| seconds <= 30), "{error}");
            error["code"].as_str().unwrap_or_default().to_owned()
        }
    }
}

#[tokio::test]
async fn sb3_a_server_that_is_down_signs_nobody_out() {
    let lab = Lab::start_with([("dated", DATED)]).await;
    lab.choose("dated", &json!({}));
    let browser = Browser::start_with(&Setup::unthrottled()).await;
    lab.open(&browser).await;
    sign_in(&lab, &browser).await;
    let tabs = lab.open_tabs(&browser, 5).await;
    hear(&browser, &tabs).await;
    lab.server.fail(Some(503));
    browser.switch(&tabs[0]).await;
    // About to expire: it serves on. From here on the clock stands still, so that a slow machine does not let the token expire.
    browser.eval("return lab.stopClock(30);").await;
    assert!(ask(&browser, 0).await.starts_with("access"));
    // Expired: there is nothing to give.
    for _ in 0..5 {
        assert_eq!(ask(&browser, 61).await, "server_error");
    }
    let down = lab.server.refreshes();
    for _ in 0..5 {
        assert_eq!(ask(&browser, 0).await, "server_error");
    }
    assert_eq!(lab.server.refreshes(), down, "nobody asks again and again");
    lab.server.fail(None);
    assert!(ask(&browser, 31).await.starts_with("access"));
    assert_nobody_signed_out(&browser, &tabs).await;
    assert_eq!(lab.server.refreshes().reused, 0);
    figure(&format!("503 for a while: nobody signed out, {:?}", lab.server.refreshes()));
}

#[tokio::test]
async fn sb3_a_minute_offline_signs_nobody_out() {
    let wire = Wire::lay().await;
    let lab = Lab::start_behind(Some(wire.address()), [("dated", DATED)]).await;
    wire.mend(lab.server.address()).await;
    lab.choose("dated", &json!({}));
    let browser = Browser::start_with(&Setup::unthrottled()).await;
    lab.open(&browser).await;
    sign_in(&lab, &browser).await;
    let tabs = lab.open_tabs(&browser, 3).await;
    hear(&browser, &tabs).await;
    wire.cut().await;
    for tab in tabs.iter().rev() {
        browser.switch(tab).await;
        assert_eq!(ask(&browser, 301).await, "network_failed");
    }
    // A minute passes, in a soak by every clock; the other tabs hear of it later.
    let step = if soak() { 0 } else { 5 };
    for _ in 0..12 {
        if soak() {
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
        assert_eq!(ask(&browser, step).await, "network_failed");
    }
    wire.mend(lab.server.address()).await;
    // By then the next attempt is due.
    assert!(ask(&browser, 31).await.starts_with("access"));
    for tab in &tabs[1..] {
        browser.switch(tab).await;
        assert!(ask(&browser, 12 * step + 31).await.starts_with("access"));
    }
    assert_nobody_signed_out(&browser, &tabs).await;
    let refreshes = lab.server.refreshes();
    figure(&format!("a minute offline: nobody signed out, {refreshes:?}"));
    assert_eq!((refreshes.requests, refreshes.reused), (1, 0));
}
