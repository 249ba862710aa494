//! Tokens that are bound to a key (RFC 9449).

use hostile::{Reply, Rotation, Scenario, Server, honest};
use pkce_wasm::client::authorize::LoginOptions;
use pkce_wasm::client::logout::LogoutOptions;
use serde_json::{Value, json};

use super::{Machine, assert_discreet, call, code, config_with, metadata_with, run};
use crate::dpop::Key;

/// A server that takes pushed requests and proofs, and nothing else, with another nonce in every answer; its tokens are to be
/// renewed as soon as they are there.
const BOUND: Scenario = Scenario {
    proves: true,
    metadata: |issuer| {
        let pushing = metadata_with(issuer, "pushed_authorization_request_endpoint", "/par");
        Reply::json(honest::with(pushing, "require_pushed_authorization_requests", true.into()))
    },
    token: |login| Reply::json(honest::with(honest::tokens(login), "token_type", "DPoP".into())),
    refresh: |login| Reply::json(honest::with(honest::refreshed(login), "token_type", "DPoP".into())),
    rotation: Rotation::Strict,
    ..Scenario::HONEST
};

/// Such a server, a machine, and the configuration of an application that wants its tokens bound.
async fn bound() -> (Server, Machine, Value) {
    let server = Server::start([("bound", BOUND)]).await;
    let config = config_with(&server.issuer("bound"), json!({ "dpop": "required" }));
    (server, Machine::new(), config)
}

/// How many keys are kept.
fn keys_of(machine: &Machine) -> usize {
    let records = machine.vault().read().unwrap();
    records.below("session-key:").count() + records.below("login-key:").count()
}

#[test]
fn tp7_tokens_are_bound_to_a_key_that_stays_in_rust_at_a_server_that_takes_nothing_else() {
    run(async {
        let (server, machine, config) = bound().await;
        let client = machine.start(config.clone());
        let outcome = machine.sign_in(&client, LoginOptions::default()).await.unwrap();
        assert_eq!(outcome, json!({ "status": "signed-in" }));
        assert!(machine.desk.opened.lock().unwrap()[0].contains("request_uri="));
        let told = serde_json::to_value(client.session().await.unwrap().unwrap()).unwrap();
        assert_eq!(told["tokenBinding"], json!({ "type": "dpop" }));
        // In another process too, which knows no nonce yet.
        for client in [client, machine.start(config.clone()), machine.start(config.clone())] {
            for _ in 0..3 {
                client.refresh(None).await.unwrap();
                assert_eq!(client.userinfo(None).await.unwrap().string("name").as_deref(), Some("Mallory"));
                let userinfo = format!("{}/userinfo", server.issuer("bound"));
                assert_eq!(client.fetch(&call(&userinfo), None).await.unwrap().status(), 200);
            }
        }
        let (wrong, without_nonce) = server.proofs();
        assert!(wrong.is_empty(), "{wrong:?}");
        assert!(without_nonce <= 3, "one for each process: {without_nonce}");
        assert_eq!(
            (server.refreshes().requests, server.refreshes().reused),
            (9, 0),
            "no refresh token was spent for a nonce"
        );

        // A token alone is worth nothing.
        let client = machine.start(config);
        let token = client.tokens(None, None, "expired").await.unwrap().tokens.access_token;
        for scheme in ["Bearer", "DPoP"] {
            let stolen = reqwest::Client::new().get(format!("{}/userinfo", server.issuer("bound")));
            let stolen = stolen.header("authorization", format!("{scheme} {}", token.expose())).send().await.unwrap();
            assert_eq!(stolen.status(), 401);
        }
        let proof = client.proof("GET", "https://api.example/", Some("n")).await.unwrap().unwrap();
        assert_eq!(proof.split('.').count(), 3);

        client.logout(Ok(LogoutOptions::default()), false, false).await.unwrap();
        assert_eq!(keys_of(&machine), 0);
        assert_discreet(&machine);
    });
}

#[test]
fn tp7_a_server_that_binds_no_tokens_is_refused_or_told() {
    run(async {
        let server = Server::start([]).await;
        for (dpop, status) in [("required", "refused"), ("preferred", "signed-in")] {
            let machine = Machine::new();
            let client = machine.start(config_with(&server.issuer("honest"), json!({ "dpop": dpop })));
            let outcome = machine.sign_in(&client, LoginOptions::default()).await.unwrap();
            assert_eq!(outcome["status"], status);
            if status == "refused" {
                assert_eq!(outcome["error"]["code"], "token_type_unsupported");
            } else {
                let told = serde_json::to_value(client.session().await.unwrap().unwrap()).unwrap();
                assert_eq!(told["tokenBinding"], json!({ "type": "bearer", "reason": "server" }));
                client.userinfo(None).await.unwrap();
                client.refresh(None).await.unwrap();
            }
            assert_eq!(keys_of(&machine), 0);
        }
    });
}

#[test]
fn tp7_dp8_a_server_that_takes_no_proof_by_es256_is_refused_or_gets_none() {
    run(async {
        let deaf = Scenario {
            metadata: |issuer| {
                let algs = json!(["RS256", "EdDSA"]);
                Reply::json(honest::with(honest::metadata(issuer), "dpop_signing_alg_values_supported", algs))
            },
            ..Scenario::HONEST
        };
        let server = Server::start([("deaf", deaf)]).await;
        let issuer = server.issuer("deaf");
        let machine = Machine::new();
        let client = machine.start(config_with(&issuer, json!({ "dpop": "required" })));
        assert_eq!(code(client.login(LoginOptions::default()).await), Some("server_unsupported"));
        let client = machine.start(config_with(&issuer, json!({ "dpop": "preferred" })));
        let outcome = machine.sign_in(&client, LoginOptions::default()).await.unwrap();
        assert_eq!(outcome["status"], "signed-in");
        let told = serde_json::to_value(client.session().await.unwrap().unwrap()).unwrap();
        assert_eq!(told["tokenBinding"], json!({ "type": "bearer", "reason": "unavailable" }));
        client.refresh(None).await.unwrap();
        assert_eq!(keys_of(&machine), 0);
    });
}

#[test]
fn tp7_a_key_that_is_gone_ends_the_session_and_shows_the_tokens_to_nobody() {
    run(async {
        let (server, machine, config) = bound().await;
        let client = machine.start(config.clone());
        machine.sign_in(&client, LoginOptions::default()).await.unwrap();
        assert_eq!(keys_of(&machine), 1);
        let vault = machine.vault();
        let mut records = vault.read().unwrap();
        let name = records.below("session-key:").next().map(|(name, _)| format!("session-key:{name}")).unwrap();
        // Another key in its place.
        records.set(&name, Key::make().unwrap().1.expose());
        vault.write(&records).unwrap();
        let (hits, client) = (server.hits("bound", "userinfo"), machine.start(config));
        assert_eq!(code(client.userinfo(None).await), Some("dpop_key_missing"));
        assert_eq!(code(client.refresh(None).await), Some("dpop_key_missing"));
        assert_eq!((server.hits("bound", "userinfo"), server.refreshes().requests), (hits, 0));
        assert!(client.session().await.unwrap().is_none());
        assert_eq!(machine.desk.told().last().unwrap(), &json!({ "type": "expired", "reason": "session_expired" }));
    });
}
