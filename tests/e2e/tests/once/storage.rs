//! Storage that is full, forbidden, or filled by logins that nobody finishes.

use std::time::Instant;

use e2e::{Browser, Engine, Lab, Setup, figure, times};
use serde_json::{Value, json};

#[tokio::test]
async fn a_full_storage_is_said_before_the_user_leaves() {
    let lab = Lab::start().await;
    let browser = Browser::start().await;
    lab.open(&browser).await;
    let taken = browser.eval("return lab.fill(localStorage);").await;
    assert!(taken.as_u64().is_some_and(|taken| taken > 1_000_000), "{taken}");
    let tried = browser.eval("return lab.tryToBegin();").await;
    figure(&format!("localStorage full after {taken} characters: {tried}"));
    assert_eq!(tried, json!({ "opened": 0, "code": "storage_unavailable" }));
    let left = browser.eval("return Object.keys(localStorage).filter((name) => name.startsWith('pkce'));").await;
    assert_eq!(left, json!([]), "a part of a record was left");

    // With room again the same page can begin a login.
    browser.eval("localStorage.removeItem('f0');").await;
    let callback = lab.login(&browser).await;
    assert_eq!(lab.handle(&browser, &callback).await.status, "signed-in");
    lab.assert_exchanges(1);
}

/// Begun with room, come back to a storage that is full to the last character.
#[tokio::test]
async fn a_storage_that_fills_up_during_the_login_signs_in_or_says_so() {
    let lab = Lab::start().await;
    let browser = Browser::start().await;
    for tier in ["memory", "local"] {
        lab.choose("honest", &json!({ "storage": tier }));
        lab.open(&browser).await;
        let callback = lab.login(&browser).await;
        browser.eval("lab.fill(localStorage);").await;
        let first = lab.handle(&browser, &callback).await;
        browser.eval("localStorage.removeItem('f0');").await;
        let second = lab.handle(&browser, &callback).await;
        figure(&format!(
            "storage filled up during the login, session in {tier}: {} {}, then with room {} {}",
            first.status,
            first.code.as_deref().unwrap_or_default(),
            second.status,
            second.code.as_deref().unwrap_or_default()
        ));
        match first.status.as_str() {
            "signed-in" => assert_eq!((second.status.as_str(), second.signed_in), ("already-completed", true)),
            "refused" => {
                assert_eq!(first.code.as_deref(), Some("storage_unavailable"), "{first:?}");
                assert!(!first.signed_in, "{first:?}");
                let finished = second.status == "signed-in" || (second.status == "refused" && !second.signed_in);
                assert!(finished, "{second:?}");
            }
            _ => panic!("{first:?}"),
        }
        assert!(lab.server.exchanges().values().all(|times| *times <= 1), "{:?}", lab.server.exchanges());
        browser.eval("localStorage.clear();").await;
    }
}

#[tokio::test]
async fn a_forbidden_storage_is_said_before_the_user_leaves() {
    let preference = |name: &str, value: Value| Setup {
        preferences: [(name.to_owned(), value)].into_iter().collect(),
        ..Setup::default()
    };
    let ways = match Engine::from_env() {
        Engine::Chromium => {
            vec![("cookies blocked", preference("profile.default_content_setting_values.cookies", json!(2)))]
        }
        Engine::Firefox => vec![
            ("dom.storage.enabled=false and cookies blocked", {
                let mut setup = preference("dom.storage.enabled", json!(false));
                setup.preferences.insert("network.cookie.cookieBehavior".to_owned(), json!(2));
                setup
            }),
            ("cookies blocked", preference("network.cookie.cookieBehavior", json!(2))),
        ],
        Engine::WebKit | Engine::Application => {
            return figure("skipped: WebKitGTK's driver has no setting that forbids storage");
        }
    };
    for (way, setup) in ways {
        let lab = Lab::start().await;
        lab.choose("honest", &json!({ "storage": "memory" }));
        let browser = Browser::start_with(&setup).await;
        lab.open(&browser).await;
        let seen = "try { return String(window.localStorage); } catch (error) { return error.name; }";
        let seen = browser.eval(seen).await;
        assert_ne!(seen, json!("[object Storage]"), "{way}: the storage is there");
        let tried = browser.eval("return lab.tryToBegin();").await;
        figure(&format!("storage disabled ({way}: localStorage is {seen}): {tried}"));
        assert_eq!(tried, json!({ "opened": 0, "code": "storage_unavailable" }), "{way}");
    }
}

#[tokio::test]
async fn abandoned_logins_leave_little_behind() {
    const STEP: usize = 500;
    // A hundred are kept: those beyond are what is tried.
    let logins = times(1_000, 10_000);
    let lab = Lab::start().await;
    let browser = Browser::start().await;
    lab.open(&browser).await;
    let start = Instant::now();
    let (mut records, mut characters) = (0, 0);
    for _ in 0..logins / STEP {
        browser.eval(&format!("lab.begin({STEP});")).await;
        let used: (u64, u64) = serde_json::from_value(browser.eval("return lab.used();").await).expect("two numbers");
        records = records.max(used.0);
        characters = characters.max(used.1);
        assert!(records <= 100 && characters <= 128 * 1024, "{records} records of {characters} characters");
    }
    let each = start.elapsed() / u32::try_from(logins).expect("it fits");
    figure(&format!(
        "{logins} abandoned logins: at most {records} records, {characters} characters; {each:?} for each login"
    ));
    // The next login is none the worse for it.
    let callback = lab.login(&browser).await;
    assert_eq!(lab.handle(&browser, &callback).await.status, "signed-in");
}

/// What remains of logins that came to an end is bounded too.
#[tokio::test]
async fn refused_logins_leave_little_behind() {
    let rounds = times(2, 20);
    let lab = Lab::start().await;
    let browser = Browser::start().await;
    lab.open(&browser).await;
    let mut most = (0, 0);
    for _ in 0..rounds {
        browser.eval("return lab.decline(500);").await;
        let used = browser.eval("return lab.used();").await;
        let used: (u64, u64) = serde_json::from_value(used).expect("two numbers");
        most = (most.0.max(used.0), most.1.max(used.1));
        assert!(most.0 <= 200 && most.1 <= 128 * 1024, "{most:?}");
    }
    figure(&format!("{} refused logins: at most {} records, {} characters", rounds * 500, most.0, most.1));
}
