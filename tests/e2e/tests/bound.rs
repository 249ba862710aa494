//! Pushed requests and tokens that are bound to a key, at oidc-provider that takes nothing else, with nonces.

use e2e::{Browser, Counters, Lab, Setup, Tab};
use serde_json::{Value, json};

#[tokio::test]
async fn a_user_signs_in_with_a_pushed_request_and_every_token_is_bound_to_a_key_until_the_sign_out() {
    let (lab, provider) = Lab::at_bound_provider().await;
    let browser = Browser::start_with(&Setup::unthrottled()).await;
    lab.open(&browser).await;
    let failed = browser
        .eval("return lab.leaveReady().then(() => null, ({ code, message, cause }) => `${code} ${message} ${cause}`);")
        .await;
    assert_eq!(failed, Value::Null);
    browser.click("#submit").await;
    let outcome = lab.outcome(&browser).await;
    assert_eq!((outcome.status.as_str(), outcome.return_to.as_deref()), ("signed-in", Some("/back")), "{outcome:?}");
    let bound = json!(["dpop", "ada", "ada", true]);
    assert_eq!(browser.eval("return lab.bound();").await, bound);

    // The tokens of this server live for a minute.
    let first = browser.eval("return lab.token(0);").await;
    let second = browser.eval("return lab.token(61);").await;
    assert!(first.is_string() && second.is_string() && first != second, "{first}, {second}");
    let Counters { token_ok, .. } = provider.counters().await;
    assert_eq!(token_ok, 2);

    // The key is there after a reload, and in another tab.
    let tabs = lab.open_tabs(&browser, 2).await;
    for tab in &tabs {
        browser.switch(tab).await;
        assert_eq!(browser.eval("return lab.bound();").await, bound);
        let token = browser.eval("return lab.token(0);").await;
        assert!(token.is_string(), "{token}");
    }
    assert_eq!(browser.eval("return lab.keys();").await, json!(1));
    browser.eval("return lab.client.logout({ revoke: true });").await;
    assert_eq!(browser.eval("return lab.client.session();").await, Value::Null);
    assert_eq!(browser.eval("return lab.keys();").await, json!(0));
}

/// Keeps hold of the pop-ups that the page opens, and has each push wait for `lab.push`.
const WATCH: &str = "
    const { open, fetch } = window;
    window.open = (...rest) => {
      lab.places = [...(lab.places ?? []), rest[0]];
      return (window.popup = open.apply(window, rest));
    };
    lab.pushes = 0;
    window.fetch = async (...request) => {
      if (`${request[0]}`.endsWith('/request')) {
        lab.pushes += 1;
        if (lab.held) await lab.held;
      }
      return fetch(...request);
    };";

/// Has pushes wait until `lab.release` is called.
const HOLD: &str = "lab.held = new Promise((done, failed) => Object.assign(lab, { release: done, fail: failed }));";

/// A page at that server which offers a pop-up, and its window.
async fn offering(browser: &Browser, lab: &Lab) -> Tab {
    lab.open(browser).await;
    browser.eval(WATCH).await;
    browser.eval("lab.offerPopup();").await;
    browser.user_goes().await;
    browser.tab().await
}

/// Clicks, and lets the commands go to the window that opens.
async fn open_popup(browser: &Browser, page: &Tab) -> Tab {
    browser.click("#popup").await;
    let popup =
        browser.until_tabs(2).await.into_iter().find(|tab| tab != page).expect("the other window is the pop-up");
    browser.switch(&popup).await;
    popup
}

async fn popped(browser: &Browser) -> Value {
    browser.until("return lab.popped ?? null;").await.unwrap_or_else(|last| panic!("the login does not end: {last}"))
}

/// Signs in where the server asks for it.
async fn sign_in(browser: &Browser, page: &Tab) -> Value {
    browser.wait_for("#submit").await;
    assert_eq!(browser.eval("return window.opener === null;").await, true, "the server sees the window of the page");
    browser.click_away("#submit").await;
    browser.until_tabs(1).await;
    browser.switch(page).await;
    popped(browser).await
}

#[tokio::test]
async fn a_popup_opens_in_the_click_on_a_blank_page_and_is_led_on_when_its_request_is_pushed() {
    let (lab, provider) = Lab::at_bound_provider().await;
    let browser = Browser::start_with(&Setup::unthrottled()).await;
    let page = offering(&browser, &lab).await;
    browser.eval(HOLD).await;
    let popup = open_popup(&browser, &page).await;
    // Nothing is pushed yet: it has a page of its own that knows nobody.
    assert_eq!(browser.eval("return [location.href, window.opener];").await, json!(["about:blank", null]));
    browser.switch(&page).await;
    browser.eval("lab.release();").await;
    browser.switch(&popup).await;
    let outcome = sign_in(&browser, &page).await;
    assert_eq!((&outcome["status"], &outcome["returnTo"]), (&json!("signed-in"), &json!("/back")), "{outcome}");
    assert_eq!(browser.eval("return lab.bound();").await, json!(["dpop", "ada", "ada", true]));

    // Made ready before the click, by options in another order, it opens at its place.
    browser.eval("lab.popped = lab.held = null; lab.places = []; lab.pushes = 0;").await;
    let ready = "return lab.client.prepare({ returnTo: '/back', popup: true }).then(() => lab.pushes, String);";
    // The first proof of a key has no nonce.
    assert_eq!(browser.eval(ready).await, json!(2));
    browser.eval("document.querySelector('#popup').remove(); lab.offerPopup({}, undefined, lab.client);").await;
    // The server knows the user still: the pop-up comes back by itself.
    browser.click("#popup").await;
    let outcome = popped(&browser).await;
    assert_eq!(outcome["status"], "signed-in", "{outcome}");
    let seen = browser.eval("return [lab.pushes, lab.places.length, /request_uri=/.test(lab.places[0])];").await;
    assert_eq!(seen, json!([2, 1, true]));
    assert_eq!(provider.counters().await.token_ok, 2);
}

#[tokio::test]
async fn a_popup_whose_login_is_not_made_ready_is_closed_and_one_that_is_closed_meanwhile_is_told() {
    let (lab, provider) = Lab::at_bound_provider().await;
    let browser = Browser::start_with(&Setup::unthrottled()).await;
    let page = offering(&browser, &lab).await;
    browser.eval(HOLD).await;
    open_popup(&browser, &page).await;
    browser.switch(&page).await;
    browser.eval("lab.fail(new TypeError('offline'));").await;
    browser.until_tabs(1).await;
    assert_eq!(popped(&browser).await["code"], "network_failed");

    browser.eval("lab.popped = null;").await;
    browser.eval(HOLD).await;
    open_popup(&browser, &page).await;
    browser.close_tab().await;
    browser.switch(&page).await;
    browser.user_comes_back().await;
    browser.eval("lab.release();").await;
    let outcome = popped(&browser).await;
    assert_eq!((&outcome["status"], &outcome["code"]), (&json!("refused"), &json!("popup_closed")), "{outcome}");

    browser.eval("lab.popped = null;").await;
    browser.eval(HOLD).await;
    open_popup(&browser, &page).await;
    browser.switch(&page).await;
    browser.eval("lab.controller.abort();").await;
    browser.until_tabs(1).await;
    assert_eq!(popped(&browser).await["code"], "aborted");
    assert_eq!(provider.counters().await, Counters::default());
}
