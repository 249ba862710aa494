//! A keyring that is locked, lost or missing while the client needs it.

use pkce_wasm::client::authorize::LoginOptions;
use pkce_wasm::client::logout::LogoutOptions;
use serde_json::json;

use super::{LASTING, code, config, run, signed_in};
use crate::store::{StoreError, Tier};

#[test]
fn tp2_a_locked_keyring_signs_nobody_out_and_lets_nobody_in() {
    run(async {
        let (server, machine, client) = signed_in("lasting", LASTING, json!({})).await;
        machine.keyring.fail(Some(StoreError::Unavailable));
        assert_eq!(code(client.session().await), Some("storage_unavailable"));
        assert_eq!(code(client.login(LoginOptions::default()).await), Some("storage_unavailable"));
        assert_eq!(code(client.logout(Ok(LogoutOptions::default()), false, false).await), Some("storage_unavailable"));
        assert_eq!(machine.desk.opened.lock().unwrap().len(), 1, "no browser was opened");
        machine.keyring.fail(None);
        assert!(client.session().await.unwrap().is_some());

        // Lost: its items are gone.
        machine.keyring.items.lock().unwrap().clear();
        assert!(client.session().await.unwrap().is_none());
        assert_eq!(code(client.tokens(None, None, "expired").await), Some("session_expired"));
        // Gone altogether: the process holds what it has.
        machine.keyring.fail(Some(StoreError::Missing));
        let outcome = machine.sign_in(&client, LoginOptions::default()).await.unwrap();
        assert_eq!((outcome["status"].as_str(), client.tier()), (Some("signed-in"), Tier::Memory));
        assert!(client.session().await.unwrap().is_some());
        assert!(machine.start(config(&server.issuer("lasting"))).session().await.unwrap().is_none());
    });
}
