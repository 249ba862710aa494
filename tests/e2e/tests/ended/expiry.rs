//! An access token that nothing can replace comes to its end.

use hostile::{Reply, Scenario, honest};
use serde_json::{Value, json};

use crate::{A, B, SERVER, Stage, tokens, user};

/// Gives no refresh token. Its access tokens live for five minutes.
const LONE: Scenario = Scenario {
    token: |login| {
        let tokens = honest::without(tokens(login, honest::claims(login)), "refresh_token");
        Reply::json(tokens).showing_date()
    },
    ..SERVER
};

#[tokio::test]
async fn bb3_the_end_of_a_session_without_a_refresh_token_is_told_once_in_each_tab() {
    let stage = Stage::set_at(LONE, &json!({})).await;
    for tab in [A, B] {
        stage.open(tab).await;
    }
    let token = stage.sign_in(A).await;
    let listen = "
        driveTimers();
        lab.ends = [];
        for (const type of ['expiring', 'expired']) lab.client.on(type, (event) => lab.ends.push(event));
        // An application asks as often as it likes.
        return lab.hold().then(lab.user).then(lab.user);";
    for tab in [A, B] {
        stage.until_signed_in(tab, &user(&token)).await;
        stage.run(tab, listen).await;
    }
    // What was loaded by need is there, and looks at the clock.
    let expected = |types: &[&str]| {
        let event = |kind: &&str| json!({ "type": kind, "reason": "session_expired", "elsewhere": false });
        json!(types.iter().map(event).collect::<Vec<_>>())
    };
    let (soon, over) = (&["expiring"][..], &["expiring", "expired"][..]);
    // In steps that are shorter than what a script may take: the driver of WebKitGTK has a timer for that in the page.
    for (seconds, types) in [(140, &[][..]), (60, &[]), (45, soon), (10, soon), (50, over), (140, over)] {
        for tab in [A, B] {
            stage.run(tab, &format!("passTime({seconds}); return lab.user().then(lab.user);")).await;
            let look = format!("return lab.ends.length < {} ? null : lab.ends;", types.len());
            stage.until(tab, &format!("{types:?} are told"), &look).await;
            assert_eq!(stage.run(tab, "return lab.ends;").await, expected(types), "tab {tab}");
            let is_over = types.contains(&"expired");
            let there = if is_over { Value::Null } else { json!(user(&token)) };
            assert_eq!(stage.run(tab, "return lab.user();").await, there, "tab {tab}, {types:?}");
            let given = if is_over { "failed: session_expired" } else { token.as_str() };
            let held = json!({ "expired": is_over, "user": user(&token), "token": given });
            assert_eq!(stage.run(tab, "return lab.ofHeld();").await, held, "tab {tab}, {types:?}");
        }
    }
}
