//! A server that takes its time, a network that goes away, a clock that is wrong.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use e2e::{Browser, Engine, Lab, Setup, Wire, figure, soak};
use hostile::{Delivery, Reply, Scenario, honest};
use serde_json::json;

/// Acts after that many seconds.
macro_rules! after {
    ($seconds:literal) => {
        Scenario { delay: |_| Duration::from_secs($seconds), ..Scenario::HONEST }
    };
}

/// Acts after a minute when it is asked first, and at once when it is asked again.
const LATE_ONCE: Scenario =
    Scenario { delay: |request| Duration::from_secs(if request == 1 { 60 } else { 0 }), ..Scenario::HONEST };

/// Acts at once, and the answer never arrives.
const MUTE: Scenario =
    Scenario { token: |login| Reply::json(honest::tokens(login)).arriving(Delivery::Never), ..Scenario::HONEST };

/// Acts at once, and the answer is cut off on its way.
const CUT: Scenario =
    Scenario { token: |login| Reply::json(honest::tokens(login)).arriving(Delivery::Cut), ..Scenario::HONEST };

/// Its keys are not to be had at first.
const KEYS_LATE: Scenario = Scenario {
    jwks: |reading| if reading <= 2 { Reply::html(503) } else { Reply::json(honest::jwks()) },
    ..Scenario::HONEST
};

/// Lets the page read its clock.
const DATED: Scenario =
    Scenario { token: |login| Reply::json(honest::tokens(login)).showing_date(), ..Scenario::HONEST };

/// Begins a login at that scenario and follows it.
async fn login_at(lab: &Lab, browser: &Browser, scenario: &str) -> String {
    let more = json!({ "issuer": lab.server.issuer(scenario) });
    let begun = browser.eval(&format!("return lab.begin(1, {more});")).await;
    lab.answer(begun[0].as_str().expect("a login was begun")).await
}

/// All at once: the slow answers take a minute together, not each. That the usual timeout is 30 seconds is seen in a soak.
#[tokio::test]
async fn a_slow_server_is_waited_for_until_the_timeout() {
    let lab = Lab::start_with([
        ("after-1", after!(1)),
        ("after-10", after!(10)),
        ("after-60", after!(60)),
        ("late-once", LATE_ONCE),
        ("mute", MUTE),
    ])
    .await;
    let browser = Browser::start().await;
    lab.choose("honest", &json!({ "storage": "memory" }));
    lab.open(&browser).await;
    let start = Instant::now();
    // What never answers in time may be given up soon; what answers is given time enough.
    let given_up = if soak() { json!({}) } else { json!({ "timeout": 3_000 }) };
    let slowest = if soak() { "after-60" } else { "after-10" };
    let mut scenarios = vec![
        ("honest", json!({ "timeout": 120_000 })),
        ("after-1", json!({ "timeout": 120_000 })),
        ("late-once", given_up.clone()),
        ("mute", given_up),
        (slowest, json!({ "timeout": 120_000 })),
    ];
    if soak() {
        scenarios.push(("after-10", json!({})));
    }
    let mut callbacks = Vec::new();
    for (scenario, mut more) in scenarios {
        let callback = login_at(&lab, &browser, scenario).await;
        more["issuer"] = json!(lab.server.issuer(scenario));
        // Begun and not waited for.
        let script = format!("(window.pending ??= {{}})[{0:?}] = lab.handle({1}, {more});", scenario, json!(callback));
        browser.eval(&script).await;
        callbacks.push((scenario, callback));
    }
    let outcome = async |scenario: &str| {
        let outcome = browser.eval(&format!("return pending[{scenario:?}];")).await;
        figure(&format!(
            "answer {scenario}: {} {} after {} s",
            outcome["status"].as_str().unwrap_or_default(),
            outcome["code"].as_str().unwrap_or_default(),
            start.elapsed().as_secs()
        ));
        outcome
    };
    for scenario in ["honest", "after-1"] {
        assert_eq!(outcome(scenario).await["status"], "signed-in", "{scenario}");
    }

    // The timeout is over. Where the server has not acted yet the same callback can be handled again; where it
    // has, the code is spent and the user has to begin again.
    for scenario in ["late-once", "mute"] {
        let outcome = outcome(scenario).await;
        assert_eq!(outcome["status"], "refused", "{scenario}: {outcome}");
        assert_eq!(outcome["code"], "timed_out", "{scenario}: {outcome}");
        assert_eq!(outcome["retryable"], true, "{scenario}: {outcome}");
        assert_eq!(outcome["signedIn"], false, "{scenario}: {outcome}");
    }
    for (scenario, callback) in &callbacks {
        let more = json!({ "issuer": lab.server.issuer(scenario), "timeout": 120_000 });
        let again = async || browser.eval(&format!("return lab.handle({}, {more});", json!(callback))).await;
        match *scenario {
            "late-once" => assert_eq!(again().await["status"], "signed-in", "handled again"),
            "mute" => {
                let outcome = again().await;
                assert_eq!(outcome["status"], "refused", "{outcome}");
                assert_eq!(outcome["restart"], true, "{outcome}");
                assert_eq!(outcome["signedIn"], false, "{outcome}");
                figure(&format!("handled again after an answer that never came: {} restart", outcome["code"]));
            }
            _ => {}
        }
    }

    assert_eq!(outcome(slowest).await["status"], "signed-in");
    assert!(start.elapsed() >= Duration::from_secs(if soak() { 60 } else { 10 }));
    if soak() {
        assert_eq!(outcome("after-10").await["status"], "signed-in");
    }
    // Once each, and once more for each of the two that were handled again.
    let mut times: Vec<_> = lab.server.exchanges().into_values().collect();
    times.sort_unstable();
    assert_eq!(times, if soak() { vec![1, 1, 1, 1, 2, 2] } else { vec![1, 1, 1, 2, 2] });
}

#[tokio::test]
async fn a_callback_that_arrives_offline_completes_online() {
    let wire = Wire::lay().await;
    let lab = Lab::start_behind(Some(wire.address()), [("cut", CUT)]).await;
    wire.mend(lab.server.address()).await;
    let browser = Browser::start().await;
    lab.open(&browser).await;
    let callback = lab.login(&browser).await;

    wire.cut().await;
    for _ in 0..2 {
        let outcome = lab.visit(&browser, &callback).await;
        assert_eq!(outcome.status, "refused", "{outcome:?}");
        assert_eq!(outcome.code.as_deref(), Some("network_failed"), "{outcome:?}");
        assert_eq!(outcome.retryable, Some(true), "{outcome:?}");
        assert!(!outcome.signed_in, "{outcome:?}");
    }
    assert_eq!(lab.server.exchanges().len(), 0);

    wire.mend(lab.server.address()).await;
    assert!(browser.url().await.contains("code="), "nothing is left to handle again");
    browser.reload().await;
    let outcome = lab.outcome(&browser).await;
    assert_eq!(outcome.status, "signed-in", "{outcome:?}");
    figure("offline at the callback: refused network_failed twice; online: signed-in");
    lab.assert_exchanges(1);
    assert_eq!(lab.visit(&browser, &callback).await.status, "already-completed");
    lab.assert_exchanges(1);
}

/// A code that is spent before the keys are there would be lost with them.
#[tokio::test]
async fn keys_that_cannot_be_fetched_cost_no_login() {
    let lab = Lab::start_with([("keys-late", KEYS_LATE)]).await;
    lab.choose("keys-late", &json!({}));
    let browser = Browser::start().await;
    lab.open(&browser).await;
    let callback = lab.login(&browser).await;
    for _ in 0..2 {
        let outcome = lab.visit(&browser, &callback).await;
        assert_eq!((outcome.status.as_str(), outcome.retryable), ("refused", Some(true)), "{outcome:?}");
        assert_eq!(outcome.code.as_deref(), Some("server_error"), "{outcome:?}");
        assert!(!outcome.signed_in, "{outcome:?}");
    }
    lab.assert_exchanges(0);

    browser.reload().await;
    let outcome = lab.outcome(&browser).await;
    assert_eq!(outcome.status, "signed-in", "{outcome:?}");
    lab.assert_exchanges(1);
    figure("keys under 503 twice: refused server_error, retryable; then signed-in, one exchange");
}

#[tokio::test]
async fn an_answer_that_is_cut_off_asks_the_user_to_begin_again() {
    let lab = Lab::start_with([("cut", CUT)]).await;
    lab.choose("cut", &json!({}));
    let browser = Browser::start().await;
    lab.open(&browser).await;
    let callback = lab.login(&browser).await;
    let first = lab.visit(&browser, &callback).await;
    let code = first.code.as_deref().unwrap_or_default();
    // On a connection that was in use before, Chromium repeats the request by itself, and is refused.
    let repeated = Engine::from_env() == Engine::Chromium && code == "token_refused" && first.restart == Some(true);
    assert!(first.status == "refused" && (code == "network_failed" || repeated), "{first:?}");
    let second = lab.visit(&browser, &callback).await;
    assert_eq!((second.status.as_str(), second.restart), ("refused", Some(true)), "{second:?}");
    assert!(!first.signed_in && !second.signed_in);
    let third = lab.visit(&browser, &callback).await;
    assert_eq!((third.status.as_str(), third.restart), ("refused", Some(true)), "{third:?}");
    figure(&format!(
        "answer cut off: {code}, then {}, then {}; {} exchanges",
        second.code.unwrap_or_default(),
        third.code.unwrap_or_default(),
        lab.server.exchanges().values().sum::<u32>()
    ));
    assert_eq!(lab.server.exchanges().into_values().collect::<Vec<_>>(), [2], "a refused code was brought again");
}

/// The library that gives all of Chromium another clock; Firefox does not start with it, nor does WebKitGTK.
fn libfaketime() -> Option<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib").ok()?.flatten();
    let found = folders.map(|folder| folder.path().join("faketime/libfaketime.so.1")).find(|file| file.is_file());
    found.filter(|_| Engine::from_env() == Engine::Chromium)
}

/// The browser, or at the least the page, lives in another day; the servers do not.
#[tokio::test]
async fn a_clock_that_is_a_day_wrong_keeps_nobody_out() {
    for (offset, days, code) in [("+1d", 1, "id_token_expired"), ("-1d", -1, "id_token_not_yet_valid")] {
        let lab = Lab::start_with([("dated", DATED)]).await;
        lab.choose("dated", &json!({}));
        let mut setup = Setup::default();
        let whose = if let Some(library) = libfaketime() {
            let environment = [("LD_PRELOAD", library.display().to_string()), ("FAKETIME", offset.to_owned())];
            setup.environment.extend(environment.map(|(name, value)| (name.to_owned(), value)));
            "of the browser (libfaketime)"
        } else {
            lab.set_clock(days);
            "of the page (Date.now)"
        };
        let browser = Browser::start_with(&setup).await;
        lab.open(&browser).await;
        let here = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("it is after 1970");
        let there = browser.eval("return lab.now() / 1000;").await.as_f64().unwrap_or_default();
        let off = (there - here.as_secs_f64()) / 86_400.0;
        assert!((off - f64::from(days)).abs() < 0.01, "the browser's clock is {off} days off, not {days}");

        let callback = lab.login(&browser).await;
        let outcome = lab.visit(&browser, &callback).await;
        assert_eq!(outcome.status, "signed-in", "{offset}: {outcome:?}");
        assert_eq!(lab.visit(&browser, &callback).await.status, "already-completed", "{offset}");

        // A server that keeps its clock to itself: refused for what it is, and nobody is sent in circles.
        lab.choose("honest", &json!({}));
        lab.open(&browser).await;
        let callback = lab.login(&browser).await;
        let blind = lab.visit(&browser, &callback).await;
        assert_eq!((blind.status.as_str(), blind.code.as_deref()), ("refused", Some(code)), "{offset}: {blind:?}");
        assert_eq!(blind.restart, Some(false), "{offset}: {blind:?}");
        figure(&format!("clock {whose} {offset}: {} (server shows its Date); else {code}", outcome.status));
        lab.assert_exchanges(2);
    }
}

/// The clock is set right, or wrong, while the user is away.
#[tokio::test]
async fn a_clock_that_is_set_during_the_login_has_a_defined_outcome() {
    let lab = Lab::start_with([("dated", DATED)]).await;
    lab.choose("dated", &json!({}));
    let browser = Browser::start().await;
    for (days, status, code) in [(1, "refused", Some("transaction_expired")), (-1, "signed-in", None)] {
        lab.open(&browser).await;
        let callback = lab.login(&browser).await;
        browser.eval(&format!("lab.setClock({days});")).await;
        let outcome = lab.handle(&browser, &callback).await;
        assert_eq!((outcome.status.as_str(), outcome.code.as_deref()), (status, code), "{days}: {outcome:?}");
        assert_eq!(outcome.restart, code.map(|_| true), "{days}: {outcome:?}");
        figure(&format!("clock set by {days} day during the login (Date.now of the page): {status} {code:?}"));
    }
    lab.assert_exchanges(1);
}
