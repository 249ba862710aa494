//! The same as in `late.rs`, as often as chance wants it.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use e2e::{figure, times};
use serde_json::{Value, json};

use crate::{A, B, Stage, pair, user};

/// Milliseconds by which the answer is let go before the sign-out, or after it.
const MOST: i64 = 25;

fn chance() -> i64 {
    let number = RandomState::new().build_hasher().finish() % (2 * MOST as u64 + 1);
    number as i64 - MOST
}

async fn after(milliseconds: i64) {
    tokio::time::sleep(Duration::from_millis(milliseconds.max(0).unsigned_abs())).await;
}

#[tokio::test]
async fn lo6_no_session_comes_back_in_any_round() {
    let total = times(5, 200);
    let stage = Stage::set(&json!({})).await;
    stage.open(A).await;
    stage.open(B).await;
    // What the other tab gives at the very moment at which it hears.
    let hear = "lab.client.on('signed-out', async () => { lab.atNews = await lab.user(); });";
    stage.run(B, hear).await;
    let mut came_back = Vec::new();
    let (mut refreshed, mut revoked) = (0, 0);
    // How often the answer was let go before the sign-out, in the same millisecond, and after it.
    let mut moments = [0; 3];
    for round in 0..total {
        let token = stage.sign_in(A).await;
        stage.until_signed_in(B, &user(&token)).await;
        stage.run(B, "lab.atNews = undefined; return lab.hold();").await;
        let before = stage.lab.server.refreshes().requests;
        stage.wire.hold();
        // The clock of the other tab is ahead from the first round on.
        let seconds = if round == 0 { 301 } else { 0 };
        stage.run(B, &format!("window.pending = lab.token({seconds}); return null;")).await;
        stage.until_arrived(|| stage.lab.server.refreshes().requests > before).await;

        let earlier = chance();
        moments[match earlier {
            1.. => 0,
            0 => 1,
            _ => 2,
        }] += 1;
        stage.browser.switch(&stage.tabs[A]).await;
        let answer = async {
            after(-earlier).await;
            stage.wire.release();
        };
        let sign_out = async {
            after(earlier).await;
            stage.browser.eval("return lab.client.logout().then(() => lab.user());").await
        };
        let ((), at_once) = tokio::join!(answer, sign_out);
        let pending = stage.run(B, "return pending;").await;
        let what = format!("round {round}, {earlier} ms, {pending}");
        let heard = stage.until(B, &what, "return lab.atNews === undefined ? null : [lab.atNews];").await;
        let mut seen = vec![at_once, heard[0].clone()];
        for tab in [B, A] {
            seen.push(stage.run(tab, "return lab.user();").await);
        }
        if pending.is_string() {
            refreshed += 1;
        } else {
            assert_eq!(pending["code"], "session_expired", "{what}");
            stage.until_revoked(&pair(&token, 1), &what).await;
            revoked += 1;
        }
        assert_eq!(stage.run(B, "return lab.held.expired;").await, true, "{what}");
        let tokens = [pair(&token, 0), pair(&token, 1)].concat();
        let marks: Vec<_> = tokens.into_iter().map(|token| format!("{token}\n")).collect();
        for tab in [A, B] {
            stage.until_forgotten(tab, &marks, &what).await;
            seen.push(stage.run(tab, "return lab.user();").await);
        }
        if seen.iter().any(|user| *user != Value::Null) {
            came_back.push(format!("{what}: {seen:?}"));
        }
    }
    figure(&format!(
        "a sign-out within {MOST} ms of another tab's refresh, {total} rounds: {} sessions came back; the answer was let go before, at and after the \
         sign-out {moments:?} times; it was first {refreshed} times, and came too late {revoked} times",
        came_back.len()
    ));
    assert!(came_back.is_empty(), "{came_back:#?}");
}
