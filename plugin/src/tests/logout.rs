//! The logout: here, at the server, and the way back from there.

use hostile::{Reply, Scenario};
use pkce_wasm::client::authorize::LoginOptions;
use pkce_wasm::client::logout::LogoutOptions;
use serde_json::json;

use super::{SCHEME, code, metadata_with, run, signed_in};
use crate::told::Outcome;

#[test]
fn tp1_a_sign_out_forgets_and_revokes() {
    run(async {
        let revoking = Scenario {
            metadata: |issuer| Reply::json(metadata_with(issuer, "revocation_endpoint", "/revoke")),
            ..Scenario::HONEST
        };
        let (server, machine, client) = signed_in("revoking", revoking, json!({})).await;
        client.logout(Ok(LogoutOptions::default()), true, false).await.unwrap();
        assert!(client.session().await.unwrap().is_none());
        assert_eq!(server.revoked().into_iter().collect::<Vec<_>>(), ["access-1", "refresh-1"]);
        let kept = machine.keyring.items.lock().unwrap().values().cloned().collect::<Vec<_>>().concat();
        let kept = String::from_utf8_lossy(&kept).into_owned();
        assert!(!kept.contains("access-1") && !kept.contains("refresh-1"), "{kept}");
        assert_eq!(machine.desk.told().last().unwrap(), &json!({ "type": "signed-out", "reason": "logout" }));
        // Options that are wrong: the session is forgotten and its tokens are revoked all the same.
        for (options, expected) in
            [(r#"{ "endsession": true }"#, "member_unknown"), (r#"{ "returnTo": 1 }"#, "config_invalid")]
        {
            machine.sign_in(&client, LoginOptions::default()).await.unwrap();
            let before = server.revoked().len();
            assert_eq!(code(client.logout(LogoutOptions::from_json(options), true, true).await), Some(expected));
            assert!(client.session().await.unwrap().is_none());
            assert_eq!(server.revoked().len(), before + 2, "{options}");
        }
        // A server without the endpoint: the session is forgotten all the same.
        machine.sign_in(&client, LoginOptions::default()).await.unwrap();
        assert_eq!(code(client.logout(Ok(LogoutOptions::default()), false, true).await), Some("endpoint_missing"));
        assert!(client.session().await.unwrap().is_none());
    });
}

#[test]
fn tp1_who_signs_out_at_the_server_too_comes_back() {
    run(async {
        let ending = Scenario {
            metadata: |issuer| Reply::json(metadata_with(issuer, "end_session_endpoint", "/end")),
            ..Scenario::HONEST
        };
        let members = json!({ "postLogoutRedirectUri": "com.example.app:/out" });
        let (server, machine, client) = signed_in("ending", ending, members).await;
        let options = LogoutOptions { return_to: Some("/bye".into()), ..Default::default() };
        client.logout(Ok(options), false, true).await.unwrap();
        assert!(client.session().await.unwrap().is_none());
        let url = machine.desk.opened.lock().unwrap().last().unwrap().clone();
        assert!(
            url.starts_with(&format!("{}/end?", server.issuer("ending"))) && url.contains("id_token_hint="),
            "{url}"
        );
        let state = url.split(['?', '&']).find_map(|pair| pair.strip_prefix("state=")).unwrap().to_owned();
        let forged = client.handle_redirect("com.example.app:/out?state=guessed", SCHEME).await;
        assert!(matches!(forged, Outcome::None), "{forged:?}");
        let back = client.handle_redirect(&format!("com.example.app:/out?state={state}"), SCHEME).await;
        assert_eq!(serde_json::to_value(back).unwrap(), json!({ "status": "signed-out", "returnTo": "/bye" }));
    });
}
