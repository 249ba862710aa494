//! Many tabs, one session, tokens that expire.

use std::time::Instant;

use e2e::{Browser, Counters, Engine, Lab, Setup, figure, times};
use hostile::{Reply, Rotation, Scenario, honest};
use serde_json::json;

use crate::{assert_nobody_signed_out, assert_one_token_a_round, hear, rounds, sign_in};

/// Tokens that live for four seconds, and rotate; the page may read the server's clock.
const SHORT: Scenario = Scenario {
    token: |login| Reply::json(honest::with(honest::tokens(login), "expires_in", json!(4))).showing_date(),
    refresh: |login| Reply::json(honest::with(honest::refreshed(login), "expires_in", json!(4))).showing_date(),
    rotation: Rotation::Strict,
    ..Scenario::HONEST
};

/// oidc-provider rotates, and ends the grant of a token that is used twice.
#[tokio::test]
async fn sb3_twenty_tabs_refresh_once_in_each_round() {
    const BATCH: usize = 20;
    let total = times(BATCH, 500);
    // WebKitGTK's driver opens windows, each as large as a screen.
    let number = if Engine::from_env() == Engine::WebKit { 5 } else { 20 };
    let (lab, provider) = Lab::at_provider().await;
    let browser = Browser::start_with(&Setup::unthrottled()).await;
    lab.open(&browser).await;
    lab.sign_in_by_hand(&browser).await;

    let tabs = lab.open_tabs(&browser, number).await;
    hear(&browser, &tabs).await;
    let start = Instant::now();
    let mut all = Vec::new();
    for _ in 0..total / BATCH {
        all.extend(rounds(&browser, &tabs, BATCH, 61.0).await);
    }
    let Counters { token_ok, token_refused } = provider.counters().await;
    figure(&format!(
        "{number} tabs, {total} rounds with an expired token at oidc-provider: {} refreshes, {token_refused} refused, {} ms a round",
        token_ok - 1,
        start.elapsed().as_millis() / total as u128
    ));
    assert_one_token_a_round(&all);
    assert_nobody_signed_out(&browser, &tabs).await;
    assert_eq!((token_ok, token_refused), (1 + total as u32, 0));
}

/// The same with tokens that are bound to a key, where every proof needs a nonce. In each round the nonce may be too old, and is asked for before the refresh token is sent.
#[tokio::test]
async fn sb3_twenty_tabs_refresh_a_bound_session_once_in_each_round() {
    let total = times(10, 100);
    let number = if Engine::from_env() == Engine::WebKit { 5 } else { 20 };
    let (lab, provider) = Lab::at_bound_provider().await;
    let browser = Browser::start_with(&Setup::unthrottled()).await;
    lab.open(&browser).await;
    browser.eval("return lab.leaveReady();").await;
    browser.click("#submit").await;
    assert_eq!(lab.outcome(&browser).await.status, "signed-in");

    let tabs = lab.open_tabs(&browser, number).await;
    hear(&browser, &tabs).await;
    let all = rounds(&browser, &tabs, total, 61.0).await;
    let Counters { token_ok, token_refused } = provider.counters().await;
    figure(&format!("{number} tabs, {total} rounds with bound tokens and nonces: {} refreshes", token_ok - 1));
    assert_one_token_a_round(&all);
    assert_nobody_signed_out(&browser, &tabs).await;
    assert_eq!(token_ok, 1 + total as u32);
    // The nonce of the code, and one before each refresh.
    assert!(token_refused <= 1 + total as u32, "{token_refused}");
}

/// An insecure origin has no Web Locks.
#[tokio::test]
async fn sb3_five_tabs_of_an_insecure_origin_refresh_once_in_each_round() {
    let total = times(10, 40);
    let Some(setup) = Setup::unthrottled_on_lan() else {
        return figure("skipped: WebKitGTK maps no names, and every address of loopback is secure to it");
    };
    let lab = Lab::start_with([("short", SHORT)]).await.on_lan("short");
    let browser = Browser::start_with(&setup).await;
    lab.open(&browser).await;
    lab.assert_insecure(&browser).await;
    sign_in(&lab, &browser).await;
    let tabs = lab.open_tabs(&browser, 5).await;
    hear(&browser, &tabs).await;
    let all = rounds(&browser, &tabs, total, 4.0).await;
    let refreshes = lab.server.refreshes();
    figure(&format!("5 tabs of an insecure origin, {total} rounds: {refreshes:?}"));
    assert_one_token_a_round(&all);
    assert_nobody_signed_out(&browser, &tabs).await;
    assert_eq!((refreshes.requests, refreshes.reused), (total as u32, 0));
}
