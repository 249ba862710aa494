//! Many logins at once, and one callback in several tabs at once.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, RandomState};

use e2e::{Browser, Lab, Report, Setup, figure, times};
use serde_json::json;

/// What each tab made of the callbacks that it was given one after the other.
async fn outcomes(browser: &Browser) -> Vec<Report> {
    let outcomes = browser.eval("return lab.outcomes;").await;
    serde_json::from_value(outcomes.clone()).unwrap_or_else(|error| panic!("{outcomes}: {error}"))
}

/// An order that nobody foresees.
fn shuffle<T>(mut things: Vec<T>) -> Vec<T> {
    let chance = RandomState::new();
    let mut shuffled = Vec::new();
    while !things.is_empty() {
        let len = u64::try_from(things.len()).expect("a length fits");
        let place = usize::try_from(chance.hash_one(shuffled.len()) % len).expect("a place fits");
        shuffled.push(things.swap_remove(place));
    }
    shuffled
}

#[tokio::test]
async fn fifty_logins_at_once_are_fifty_sessions() {
    const TABS: usize = 5;
    const EACH: usize = 10;
    let lab = Lab::start().await;
    // The session of each tab is its own: in a shared place the last one would stand for all.
    lab.choose("honest", &json!({ "storage": "memory" }));
    let browser = Browser::start().await;
    let tabs = lab.open_tabs(&browser, TABS).await;
    for tab in &tabs {
        browser.switch(tab).await;
        browser.eval(&format!("lab.armLogins({EACH});")).await;
    }
    browser.eval("lab.go();").await;
    let mut callbacks = Vec::new();
    for tab in &tabs {
        browser.switch(tab).await;
        let begun = browser.until("return lab.begun ?? null;").await.expect("the tab begins its logins");
        for request in serde_json::from_value::<Vec<String>>(begun).expect("the requests are URLs") {
            callbacks.push(lab.answer(&request).await);
        }
    }
    assert_eq!(callbacks.len(), TABS * EACH);

    // Five tabs at a time leave for the callbacks, in an order of their own, as five redirects would arrive.
    let mut tokens = BTreeSet::new();
    for five in shuffle(callbacks).chunks(TABS) {
        for (tab, callback) in tabs.iter().zip(five) {
            browser.switch(tab).await;
            browser.eval(&format!("lab.armVisit({});", json!(callback))).await;
        }
        browser.eval("lab.go();").await;
        for tab in &tabs {
            browser.switch(tab).await;
            let outcome = lab.outcome(&browser).await;
            assert_eq!(outcome.status, "signed-in", "{outcome:?}");
            tokens.insert(outcome.token.expect("a session has a token"));
        }
    }
    figure(&format!(
        "{} logins at once from {TABS} tabs, callbacks shuffled: {} sessions, {} exchanges",
        TABS * EACH,
        tokens.len(),
        lab.server.exchanges().values().sum::<u32>()
    ));
    lab.assert_exchanges(TABS * EACH);
    assert_eq!(tokens.len(), TABS * EACH);
}

/// What two tabs made of the same callbacks: in each round one has signed in, and the other knows it.
fn assert_one_of_two(first: &[Report], second: &[Report], rounds: usize) {
    assert_eq!((first.len(), second.len()), (rounds, rounds));
    let wrong: Vec<_> = first
        .iter()
        .zip(second)
        .filter(|(first, second)| {
            let mut statuses = [first.status.as_str(), second.status.as_str()];
            statuses.sort_unstable();
            statuses != ["already-completed", "signed-in"] || first.token != second.token || first.token.is_none()
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {rounds} rounds went wrong, the first so: {:#?}", wrong.len(), wrong.first());
}

/// The same callbacks in two tabs, which stay open and handle each at one word.
async fn handle_in_two_tabs(lab: &Lab, browser: &Browser, rounds: usize) {
    const BATCH: usize = 10;
    let tabs = lab.open_tabs(browser, 3).await;
    let [first, second, conductor] = &tabs[..] else { panic!("three tabs are open") };
    let (mut by_first, mut by_second) = (Vec::new(), Vec::new());
    for _ in 0..rounds / BATCH {
        browser.switch(conductor).await;
        let mut callbacks = Vec::new();
        for request in lab.begin(browser, BATCH).await {
            callbacks.push(lab.answer(&request).await);
        }
        for tab in [first, second] {
            browser.switch(tab).await;
            browser.eval(&format!("lab.armCallbacks({});", json!(callbacks))).await;
        }
        browser.switch(conductor).await;
        browser.eval(&format!("return lab.conduct({BATCH}, 2);")).await;
        browser.switch(first).await;
        by_first.extend(outcomes(browser).await);
        browser.switch(second).await;
        by_second.extend(outcomes(browser).await);
    }
    let firsts = by_first.iter().filter(|outcome| outcome.status == "signed-in").count();
    figure(&format!(
        "same callback in 2 tabs at once, {rounds} rounds: {} exchanges ({firsts} by the first tab)",
        lab.server.exchanges().values().sum::<u32>()
    ));
    lab.assert_exchanges(rounds);
    assert_one_of_two(&by_first, &by_second, rounds);
}

#[tokio::test]
async fn a_callback_in_two_tabs_at_once_is_exchanged_once() {
    let browser = Browser::start_with(&Setup::unthrottled()).await;
    handle_in_two_tabs(&Lab::start().await, &browser, times(20, 200)).await;
}

/// The whole way: two tabs are sent to the same callback URL and load the page there.
#[tokio::test]
async fn a_callback_opened_by_two_tabs_at_once_is_exchanged_once() {
    let rounds = times(5, 20);
    let lab = Lab::start().await;
    let browser = Browser::start().await;
    let tabs = lab.open_tabs(&browser, 2).await;
    let (mut by_first, mut by_second) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let callback = json!(lab.login(&browser).await);
        for tab in &tabs {
            browser.switch(tab).await;
            browser.eval(&format!("lab.armVisit({callback});")).await;
        }
        browser.eval("lab.go();").await;
        for (tab, outcomes) in tabs.iter().zip([&mut by_first, &mut by_second]) {
            browser.switch(tab).await;
            outcomes.push(lab.outcome(&browser).await);
        }
    }
    figure(&format!(
        "same callback loaded by 2 tabs at once, {rounds} rounds: {} exchanges",
        lab.server.exchanges().values().sum::<u32>()
    ));
    lab.assert_exchanges(rounds);
    assert_one_of_two(&by_first, &by_second, rounds);
}

/// An insecure origin has no Web Locks.
#[tokio::test]
async fn a_callback_in_two_tabs_of_an_insecure_origin_is_exchanged_once() {
    let Some(setup) = Setup::unthrottled_on_lan() else {
        return figure("skipped: WebKitGTK maps no names, and every address of loopback is secure to it");
    };
    let lab = Lab::start().await.on_lan("honest");
    let browser = Browser::start_with(&setup).await;
    lab.open(&browser).await;
    lab.assert_insecure(&browser).await;
    figure("on an insecure origin, without Web Locks:");
    handle_in_two_tabs(&lab, &browser, times(10, 40)).await;
}
