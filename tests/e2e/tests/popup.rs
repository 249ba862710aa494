//! Sign-in in a pop-up, with the browsers' own blocking of pop-ups, against a server whose pages are parted from whoever opened them
//! (`Cross-Origin-Opener-Policy: same-origin`).

use e2e::{App, Browser, Counters, Lab, Outcome, Tab};
use serde_json::{Value, json};

const ONE_TOKEN: Counters = Counters { token_ok: 1, token_refused: 0 };

/// Keeps hold of the pop-ups that the page opens, as the page itself does.
const WATCH: &str = "
    const open = window.open;
    window.open = (...rest) => (window.popup = open.apply(window, rest));";

/// Opens the pop-up by a click, and lets the commands go to it; gives the page's window and the pop-up.
async fn open_popup(app: &App) -> (Tab, Tab) {
    let page = app.browser.tab().await;
    app.browser.eval(WATCH).await;
    app.browser.user_goes().await;
    app.browser.click("#sign-in-popup").await;
    let tabs = app.browser.until_tabs(2).await;
    let popup = tabs.into_iter().find(|tab| *tab != page).expect("the other window is the pop-up");
    app.browser.switch(&popup).await;
    app.browser.wait_for("#login").await;
    (page, popup)
}

async fn is(app: &App, script: &str) -> bool {
    app.browser.eval(&format!("return {script};")).await == true
}

#[tokio::test]
async fn sb6_bb6_a_popup_signs_in_although_the_server_parts_it_from_the_page() {
    let app = App::start().await;
    let (page, _) = open_popup(&app).await;
    assert!(is(&app, "window.opener === null").await, "the server's page sees the application's window");

    app.browser.switch(&page).await;
    assert!(is(&app, "popup.closed").await, "the server's policy does not part the windows");
    let [first, second] = &app.browser.tabs().await[..] else { panic!("the pop-up was closed") };
    let popup = if *first == page { second } else { first };

    app.browser.switch(popup).await;
    app.browser.click_away("#submit").await;
    app.browser.until_tabs(1).await;
    app.browser.switch(&page).await;
    let shown = app.until("the page is signed in", |page| page.signed_in).await;
    assert_eq!(shown.outcome, Outcome::of("signed-in"));
    assert_eq!(shown.claims.get("sub").map(String::as_str), Some("ada"));
    shown.assert_no_response_is_left();
    assert_eq!(app.demo.counters().await, ONE_TOKEN);
}

#[tokio::test]
async fn a_popup_that_the_user_closes_is_told() {
    let app = App::start().await;
    let (page, _) = open_popup(&app).await;
    app.browser.close_tab().await;
    app.browser.switch(&page).await;
    app.browser.user_comes_back().await;
    let shown = app.until("the page knows", |page| page.outcome.status == "refused").await;
    assert_eq!(shown.outcome, Outcome::error("refused", "popup_closed"));
    assert!(!shown.signed_in);
    assert_eq!(app.demo.counters().await, Counters::default());
}

#[tokio::test]
async fn a_popup_that_the_browser_blocks_is_told() {
    let app = App::start().await;
    // Nobody has touched the page, and a click by script counts for nothing.
    app.browser.eval("setTimeout(() => document.querySelector('#sign-in-popup').click(), 6000);").await;
    let shown = app.until("the page knows", |page| page.outcome.status == "refused").await;
    assert_eq!(shown.outcome, Outcome::error("refused", "popup_blocked"));
    assert_eq!(app.browser.tabs().await.len(), 1);
}

#[tokio::test]
async fn a_login_that_is_declined_in_a_popup_is_told() {
    let app = App::start().await;
    let (page, _) = open_popup(&app).await;
    app.browser.click_away("#cancel").await;
    app.browser.until_tabs(1).await;
    app.browser.switch(&page).await;
    let shown = app.until("the page knows", |page| page.outcome.status == "refused").await;
    assert_eq!(shown.outcome, Outcome::error("refused", "access_denied"));
    assert!(!shown.signed_in);
    assert_eq!(app.demo.counters().await, Counters::default());
}

/// Has the page hear nothing of a pop-up for longer than one waits for a sign of it.
const BUSY: &str = "
    lab.busy = true;
    setTimeout(() => { lab.busy = false; }, 9000);
    const { get, set } = Object.getOwnPropertyDescriptor(BroadcastChannel.prototype, 'onmessage');
    Object.defineProperty(BroadcastChannel.prototype, 'onmessage', {
        get,
        set(hear) { set.call(this, (event) => lab.busy || hear.call(this, event)); },
    });";

#[tokio::test]
async fn sb6_a_popup_waits_for_a_page_that_is_busy() {
    let lab = Lab::start().await;
    let browser = Browser::start().await;
    lab.open(&browser).await;
    browser.eval(&format!("lab.offerPopup(); {BUSY}")).await;
    browser.click("#popup").await;
    let outcome = popped(&browser).await;
    assert_eq!(outcome["status"], "signed-in", "{outcome}");
    assert_eq!(browser.eval("return lab.busy;").await, false, "the page heard nothing meanwhile");
    browser.until_tabs(1).await;
    lab.assert_exchanges(1);
}

#[tokio::test]
async fn a_popup_goes_on_alone_when_the_page_is_gone() {
    let app = App::start().await;
    let (page, popup) = open_popup(&app).await;
    app.browser.switch(&page).await;
    app.browser.close_tab().await;
    app.browser.switch(&popup).await;
    let shown = app.confirm().await;
    assert_eq!(shown.outcome, Outcome::of("signed-in"));
    assert!(shown.signed_in);
    shown.assert_no_response_is_left();
    assert_eq!(app.demo.counters().await, ONE_TOKEN);
}

/// What the login in a pop-up came to, in the bare page.
async fn popped(browser: &Browser) -> Value {
    match browser.until("return lab.popped ?? null;").await {
        Ok(outcome) => outcome,
        Err(last) => panic!("the login does not end: {last}; there are {}", browser.windows().await),
    }
}

#[tokio::test]
async fn the_tokens_of_a_popup_are_where_the_application_is_whatever_the_storage() {
    let browser = Browser::start().await;
    for (storage, transactions) in
        [("memory", "local"), ("memory", "memory"), ("session", "session"), ("local", "local")]
    {
        let lab = Lab::start().await;
        lab.choose("honest", &json!({ "storage": storage, "transactionStorage": transactions }));
        lab.open(&browser).await;
        browser.eval("lab.offerPopup();").await;
        browser.click("#popup").await;
        let outcome = popped(&browser).await;
        assert_eq!(outcome["status"], "signed-in", "{storage} {transactions}: {outcome}");
        assert_eq!(outcome["token"], "access-1", "{storage} {transactions}");
        assert_eq!(outcome["returnTo"], "/back");
        assert_eq!(outcome["signedIn"], true, "{storage} {transactions}");
        browser.until_tabs(1).await;
        lab.assert_exchanges(1);
    }
}

#[tokio::test]
async fn a_blocked_popup_falls_back_to_a_redirect_when_asked_to() {
    let lab = Lab::start().await;
    let browser = Browser::start().await;
    lab.open(&browser).await;
    browser.eval("lab.offerPopup({ fallback: 'redirect' });").await;
    browser.eval("setTimeout(() => document.querySelector('#popup').click(), 6000);").await;
    let outcome = popped(&browser).await;
    assert_eq!((&outcome["status"], &outcome["opened"]), (&json!("redirecting"), &json!(1)));
    assert_eq!(browser.tabs().await.len(), 1);
}

#[tokio::test]
async fn a_login_in_a_popup_can_be_given_up() {
    let lab = Lab::start().await;
    let browser = Browser::start().await;
    lab.open(&browser).await;
    // A server whose page leads nowhere.
    let waiting = json!({ "issuer": lab.server.issuer("nowhere") });
    browser.eval(&format!("lab.offerPopup({{}}, {waiting});")).await;
    browser.click("#popup").await;
    browser.until_tabs(2).await;
    browser.eval("lab.controller.abort();").await;
    let outcome = popped(&browser).await;
    assert_eq!((&outcome["status"], &outcome["code"]), (&json!("threw"), &json!("aborted")));

    browser.eval("lab.popped = null; document.querySelector('#popup').click();").await;
    assert_eq!(popped(&browser).await["code"], "aborted", "a signal that was aborted before");
}
