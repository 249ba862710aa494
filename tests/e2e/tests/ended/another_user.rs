//! The user signs out and another one signs in while a tab refreshes, or redeems a code.

use std::time::Instant;

use e2e::figure;
use serde_json::json;

use crate::{A, B, Begun, NEWS, News, Stage, Work, user};

/// When the answer is let go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    BeforeTheSignIn,
    WhileItIsUnderWay,
    AfterTheSignIn,
}

const MOMENTS: [Moment; 3] = [Moment::BeforeTheSignIn, Moment::WhileItIsUnderWay, Moment::AfterTheSignIn];

async fn another_user_during(work: Work) {
    let stage = Stage::set(&json!({})).await;
    let start = Instant::now();
    for moment in MOMENTS {
        for news in NEWS {
            let what = format!("{work:?}, {moment:?}, {news:?}");
            let Begun { user: before, late, marks } = stage.begin(work, news).await;
            stage.run(A, "return lab.client.logout();").await;
            stage.until_it_knows(news).await;
            let token = match moment {
                Moment::BeforeTheSignIn => {
                    stage.wire.release();
                    stage.run(B, "return pending;").await;
                    stage.sign_in(A).await
                }
                Moment::WhileItIsUnderWay => {
                    stage.wire.hold_no_more();
                    tokio::join!(stage.sign_in(A), async { stage.wire.release() }).0
                }
                Moment::AfterTheSignIn => {
                    stage.wire.hold_no_more();
                    let token = stage.sign_in(A).await;
                    stage.wire.release();
                    token
                }
            };
            let pending = stage.run(B, "return pending;").await;
            if news != News::Late {
                assert_eq!(pending["code"], "session_expired", "{what}: {pending}");
            }
            stage.assert_known(news, &what).await;
            stage.run(B, "catchUp();").await;
            let held = stage.run(B, "return lab.ofHeld();").await;
            assert_eq!(held, json!({ "expired": true, "user": before, "token": "failed: session_expired" }), "{what}");
            stage.assert_user(&json!(user(&token)), &what).await;
            for tab in [A, B] {
                stage.until_forgotten(tab, &marks, &what).await;
            }
            // Also what was kept before the sign-out could be seen.
            stage.until_revoked(&late, &what).await;
        }
    }
    figure(&format!("another user signs in during a {work:?}, 12 orders: it is theirs, {:?}", start.elapsed()));
}

#[tokio::test]
async fn lo6_another_user_who_signs_in_during_a_refresh_stays_signed_in() {
    another_user_during(Work::Refresh).await;
}

#[tokio::test]
async fn lo6_another_user_who_signs_in_during_a_callback_stays_signed_in() {
    another_user_during(Work::Callback).await;
}
