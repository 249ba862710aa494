//! Pushed requests and tokens that are bound to a key, at oidc-provider that takes nothing else, with nonces.

use e2e::{Browser, Counters, Lab, Setup};
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
