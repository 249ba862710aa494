//! The user signs out while another tab refreshes, or redeems a code.

use std::time::Instant;

use e2e::figure;
use serde_json::{Value, json};

use crate::{A, B, Begun, MOMENTS, Moment, NEWS, News, Stage, Work};

/// Whether tokens were handed out, which was right at that time, as far as the tab could know; else the code of the refusal.
fn outcome(work: Work, pending: &Value) -> Result<(), &Value> {
    match work {
        Work::Refresh if pending.is_string() => Ok(()),
        Work::Callback if pending["status"] == "signed-in" => Ok(()),
        Work::Refresh | Work::Callback => Err(&pending["code"]),
    }
}

async fn sign_out_during(work: Work) {
    let stage = Stage::set(&json!({})).await;
    let start = Instant::now();
    for moment in MOMENTS {
        for news in NEWS {
            let what = format!("{work:?}, {moment:?}, {news:?}");
            let Begun { user, late, marks } = stage.begin(work, news).await;
            let pending = stage.sign_out(moment, news).await;
            match outcome(work, &pending) {
                Ok(()) => {
                    assert!(moment != Moment::AfterTheSignOut || news == News::Late, "{what}: {pending}");
                    // No news are needed for that; whoever signed out waits for a refresh, and knows of no callback.
                    if work == Work::Refresh || news != News::Late {
                        stage.until_forgotten(A, &marks, &what).await;
                    }
                }
                Err(code) => {
                    assert!(moment != Moment::BeforeTheSignOut, "{what}: {pending}");
                    assert_eq!(code, "session_expired", "{what}: {pending}");
                    stage.until_revoked(&late, &what).await;
                }
            }
            stage.assert_known(news, &what).await;
            stage.run(B, "catchUp();").await;
            let held = stage.run(B, "return lab.ofHeld();").await;
            assert_eq!(held, json!({ "expired": true, "user": user, "token": "failed: session_expired" }), "{what}");
            stage.assert_user(&Value::Null, &what).await;
            for tab in [A, B] {
                stage.until_forgotten(tab, &marks, &what).await;
            }
            // Also what was kept before the sign-out could be seen.
            if moment == Moment::AfterTheSignOut {
                stage.until_revoked(&late, &what).await;
            }
        }
    }
    figure(&format!("a sign-out during a {work:?}, 12 orders: nobody is signed in, {:?}", start.elapsed()));
}

#[tokio::test]
async fn lo6_rv5_a_sign_out_during_a_refresh_is_one_whenever_the_answer_comes() {
    sign_out_during(Work::Refresh).await;
}

#[tokio::test]
async fn lo6_rv5_a_sign_out_during_a_callback_is_one_whenever_the_answer_comes() {
    sign_out_during(Work::Callback).await;
}
