//! The session: one refresh at a time, none lost, and how a session ends.

use std::sync::Arc;
use std::time::Duration;

use hostile::{Reply, Scenario, honest};
use serde_json::json;

use super::{SHORT, assert_discreet, code, config, run, signed_in, until};
use crate::store::Tier;

#[test]
fn tp3_of_twenty_who_want_a_token_in_each_of_two_processes_one_renews_it() {
    run(async {
        let (server, machine, first) = signed_in("short", SHORT, json!({})).await;
        let second = machine.start(config(&server.issuer("short")));
        tokio::time::sleep(Duration::from_millis(1100)).await;
        let asking = (0..40).map(|number| {
            let client = Arc::clone(if number % 2 == 0 { &first } else { &second });
            tokio::spawn(async move {
                client.tokens(None, None, "expired").await.map(|session| session.tokens.access_token)
            })
        });
        let mut tokens = Vec::new();
        for asked in asking.collect::<Vec<_>>() {
            tokens.push(asked.await.unwrap().unwrap().expose().to_owned());
        }
        tokens.dedup();
        assert_eq!(tokens, ["access-1.1"]);
        assert_eq!((server.refreshes().requests, server.refreshes().reused), (1, 0));
        assert_eq!(machine.desk.count("refreshed"), 1);
        assert_discreet(&machine);
    });
}

#[test]
fn tp3_that_a_refresh_was_begun_is_kept_before_it_is_sent() {
    run(async {
        let (server, machine, client) = signed_in("short", SHORT, json!({})).await;
        // Without a keyring to note it in, nothing is sent.
        machine.keyring.writes_left.lock().unwrap().replace(0);
        assert_eq!(code(client.refresh(None).await), Some("storage_unavailable"));
        assert_eq!(server.refreshes().requests, 0);
        // The note is there, the answer is lost with the process: the next process is told so by the server.
        machine.keyring.writes_left.lock().unwrap().replace(1);
        client.refresh(None).await.unwrap();
        assert_eq!(client.tier(), Tier::Memory, "what would be lost is held");
        assert_eq!(server.refreshes().requests, 1);
        machine.keyring.writes_left.lock().unwrap().take();
        let next = machine.start(config(&server.issuer("short")));
        assert!(next.session().await.unwrap().is_some());
        assert_eq!(code(next.refresh(None).await), Some("refresh_interrupted"));
        assert!(next.session().await.unwrap().is_none());
        assert_eq!(machine.desk.told().last().unwrap()["reason"], "refresh_interrupted");
    });
}

#[test]
fn tp3_who_stops_waiting_does_not_lose_the_answer() {
    run(async {
        let (server, _machine, client) = signed_in("short", SHORT, json!({})).await;
        for _ in 0..20 {
            let asking = Arc::clone(&client);
            let asked = tokio::spawn(async move { asking.refresh(None).await });
            tokio::time::sleep(Duration::from_millis(2)).await;
            asked.abort();
            let _ = asked.await;
            client.refresh(None).await.unwrap();
        }
        assert_eq!(server.refreshes().reused, 0);
        assert!(client.session().await.unwrap().is_some());
    });
}

#[test]
fn tp1_a_session_that_nothing_renews_says_when_it_ends() {
    run(async {
        let ending = Scenario {
            token: |login| {
                let tokens = honest::without(honest::tokens(login), "refresh_token");
                Reply::json(honest::with(tokens, "expires_in", 2.into()))
            },
            ..Scenario::HONEST
        };
        let (_server, machine, client) = signed_in("ending", ending, json!({})).await;
        until("the end is told", async || machine.desk.count("expired") == 1).await;
        assert_eq!(machine.desk.count("expiring"), 1);
        assert!(client.session().await.unwrap().is_none());
        assert_eq!(code(client.tokens(None, None, "expired").await), Some("session_expired"));
    });
}
