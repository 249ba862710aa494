//! Signed in and signed out, in all tabs at once.

use e2e::{Browser, Lab, Setup, figure, soak};
use serde_json::{Value, json};

use crate::{hear, sign_in};

/// Milliseconds in which a sign-out has to be everywhere in a soak, which runs on a quiet machine.
const AT_ONCE: f64 = 1000.0;

#[tokio::test]
async fn a_sign_out_in_one_tab_reaches_the_others() {
    let browser = Browser::start_with(&Setup::unthrottled()).await;
    let tabs = browser.open_tabs(5).await;
    for without_channel in [false, true] {
        for storage in ["memory", "session", "local"] {
            let lab = Lab::start().await;
            lab.choose("honest", &json!({ "storage": storage, "withoutChannel": without_channel }));
            for tab in &tabs {
                browser.switch(tab).await;
                lab.open(&browser).await;
            }
            for tab in &tabs {
                browser.switch(tab).await;
                if storage != "local" || *tab == tabs[0] {
                    sign_in(&lab, &browser).await;
                }
            }
            hear(&browser, &tabs).await;
            for tab in &tabs {
                browser.switch(tab).await;
                assert_eq!(browser.eval("return lab.signedIn;").await, true, "{storage}");
            }
            let began = browser.eval("return lab.signOut();").await.as_f64().expect("it is a time");
            let mut slowest: f64 = 0.0;
            for tab in &tabs {
                browser.switch(tab).await;
                let look = "return lab.news.find(({ type }) => type === 'signed-out') ?? null;";
                let heard = browser.until(look).await.expect("every tab hears of it");
                assert_eq!(heard["elsewhere"], *tab != *tabs.last().expect("there are tabs"));
                assert_eq!(heard["reason"], "logout");
                slowest = slowest.max(heard["at"].as_f64().expect("it is a time") - began);
                assert_eq!(browser.eval("return lab.client.session();").await, Value::Null, "{storage}");
            }
            let how = if without_channel { "the storage event" } else { "a channel" };
            figure(&format!("sign-out, session in {storage}, by {how}: in 5 tabs after {slowest:.0} ms"));
            assert!(!soak() || slowest < AT_ONCE, "{slowest} ms");
        }
    }
}

#[tokio::test]
async fn a_sign_in_in_one_tab_is_one_in_all_that_share_the_session() {
    let lab = Lab::start().await;
    let browser = Browser::start_with(&Setup::unthrottled()).await;
    let tabs = lab.open_tabs(&browser, 3).await;
    hear(&browser, &tabs).await;
    sign_in(&lab, &browser).await;
    for tab in &tabs {
        browser.switch(tab).await;
        let look = "return lab.news.find(({ type }) => type === 'signed-in')?.elsewhere ?? null;";
        assert_eq!(browser.until(look).await.expect("every tab hears of it"), *tab != tabs[2]);
        assert_eq!(browser.eval("return lab.scope();").await, "openid");
    }
}
