//! The user signs out while another tab shows another site.

use e2e::figure;
use serde_json::{Value, json};

use crate::{A, B, Stage};

/// How the user comes back to the tab that was away.
#[derive(Clone, Copy, Debug)]
enum Way {
    Back,
    Link,
}

#[tokio::test]
async fn lo6_a_tab_that_was_away_at_the_sign_out_comes_back_signed_out() {
    for without_channel in [false, true] {
        for storage in ["memory", "session", "local"] {
            let stage = Stage::set(&json!({ "storage": storage, "withoutChannel": without_channel })).await;
            stage.lab.allow_keeping();
            let elsewhere =
                format!("{}/nowhere", stage.lab.server.issuer("server").replacen("127.0.0.1", "localhost", 1));
            for way in [Way::Back, Way::Link] {
                let what = format!("{storage}, without a channel: {without_channel}, {way:?}");
                stage.open(A).await;
                stage.sign_in(A).await;
                stage.open(B).await;
                if storage != "local" {
                    stage.sign_in(B).await;
                }
                stage.run(B, "return lab.hold().then(() => lab.hear());").await;
                assert_ne!(stage.run(B, "return lab.user();").await, Value::Null, "{what}");
                let leave = "addEventListener('pageshow', ({ persisted }) => { lab.persisted = persisted; });";
                stage.run(B, &format!("{leave} location.assign({elsewhere:?});")).await;
                stage.until(B, "the other site is there", "return document.title === 'Welcome' || null;").await;

                stage.run(A, "return lab.client.logout();").await;

                stage.browser.switch(&stage.tabs[B]).await;
                match way {
                    Way::Back => stage.browser.back().await,
                    Way::Link => stage.browser.goto(&stage.lab.url("")).await,
                }
                stage.lab.ready(&stage.browser).await;
                assert_eq!(stage.run(B, "return lab.user();").await, Value::Null, "{what}");
                if stage.run(B, "return lab.persisted ?? false;").await == true {
                    let look = "return lab.news.find(({ type }) => type === 'signed-out')?.elsewhere ?? null;";
                    assert_eq!(stage.until(B, &format!("it is told: {what}"), look).await, true, "{what}");
                    assert_eq!(stage.run(B, "return lab.held.expired;").await, true, "{what}");
                    figure(&format!("away at the sign-out, session in {what}: kept by the browser, and told of it"));
                } else if matches!(way, Way::Back) {
                    figure(&format!("away at the sign-out, session in {what}: the browser has not kept the page"));
                }
            }
        }
    }
}
