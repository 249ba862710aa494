//! The login, and the ways back from it.

use hostile::{Server, honest};
use pkce_wasm::client::authorize::LoginOptions;
use pkce_wasm::error::Code;
use serde_json::{Value, json};

use super::{Machine, SCHEME, assert_discreet, config, config_with, run, until};
use crate::config::Configuration;
use crate::store::Tier;
use crate::told::Outcome;

#[test]
fn tp1_a_configuration_goes_to_the_protocol_as_it_is() {
    let wrong = |member: &str, value: Value| {
        let config = config_with("https://login.example.com", json!({ member: value }));
        Configuration::new(config.as_object().unwrap().clone()).err().map(|error| (error.code, error.subject))
    };
    assert_eq!(wrong("scope", "openid  profile".into()), Some((Code::ConfigInvalid, Some("scope"))));
    assert_eq!(wrong("clientId", Value::Null), Some((Code::ConfigInvalid, Some("client_id"))));
    assert_eq!(wrong("issuer", "http://login.example.com".into()), Some((Code::EndpointInsecure, Some("issuer"))));
    assert_eq!(wrong("redirectUri", "app:/callback".into()), Some((Code::RedirectUriInvalid, Some("redirect_uri"))));
    assert_eq!(
        wrong("resourceOrigins", json!(["https://a.example/path"])),
        Some((Code::ConfigInvalid, Some("resource_origins")))
    );
    assert_eq!(wrong("timeout", 5.into()), None);
}

#[test]
fn tp1_a_login_by_the_system_browser_gives_claims_and_no_token() {
    run(async {
        let server = Server::start([]).await;
        let machine = Machine::new();
        let client = machine.start(config(&server.issuer("honest")));
        assert!(client.session().await.unwrap().is_none());
        let outcome =
            machine.sign_in(&client, LoginOptions { return_to: Some("/here".into()), ..Default::default() }).await;
        assert_eq!(outcome.unwrap(), json!({ "status": "signed-in", "returnTo": "/here" }));
        let session = serde_json::to_value(client.session().await.unwrap().unwrap()).unwrap();
        assert_eq!(session["claims"]["sub"], honest::SUBJECT);
        assert_eq!(session["idTokenVerifiedBy"], "signature");
        assert_eq!(session["renewable"], true);
        assert!(!session.to_string().contains("access-"), "{session}");
        assert_eq!(client.tier(), Tier::Keyring);
        assert_eq!(client.userinfo(None).await.unwrap().string("name").as_deref(), Some("Mallory"));
        assert_eq!((machine.desk.count("signed-in"), machine.desk.count("redirect")), (1, 1));
        assert_discreet(&machine);
    });
}

#[test]
fn tp1_an_application_that_was_killed_meanwhile_finishes_the_login_once() {
    run(async {
        let server = Server::start([]).await;
        let machine = Machine::new();
        machine.start(config(&server.issuer("honest"))).login(LoginOptions::default()).await.unwrap();
        let back = machine.browse().await;
        let forged = back.replace("state=", "state=x");
        let client = machine.start(config(&server.issuer("honest")));
        assert!(matches!(client.handle_redirect(&forged, SCHEME).await, Outcome::OtherLogin { .. }));
        assert!(matches!(
            client.handle_redirect("com.example.app:/elsewhere?code=a&state=b", SCHEME).await,
            Outcome::None
        ));
        assert!(matches!(client.handle_redirect(&back, SCHEME).await, Outcome::SignedIn { .. }));
        assert!(matches!(client.handle_redirect(&back, SCHEME).await, Outcome::AlreadyCompleted { .. }));
        // At once, in two processes: one redeems it.
        client.login(LoginOptions::default()).await.unwrap();
        let back = machine.browse().await;
        let other = machine.start(config(&server.issuer("honest")));
        let (one, two) = tokio::join!(client.handle_redirect(&back, SCHEME), other.handle_redirect(&back, SCHEME));
        let done = [one, two].iter().filter(|outcome| matches!(outcome, Outcome::SignedIn { .. })).count();
        assert_eq!(done, 1);
        assert!(server.exchanges().values().all(|times| *times == 1), "{:?}", server.exchanges());
        assert_discreet(&machine);
    });
}

#[test]
fn na5_na6_a_loopback_port_is_chosen_at_run_time_and_closed_after_the_answer() {
    run(async {
        let server = Server::start([]).await;
        let machine = Machine::new();
        let config = config_with(&server.issuer("honest"), json!({ "redirectUri": "http://127.0.0.1/back" }));
        let client = machine.start(config);
        client.login(LoginOptions::default()).await.unwrap();
        let back = machine.browse().await;
        assert!(back.starts_with("http://127.0.0.1:") && back.contains("/back?code="), "{back}");
        let place = back.split('?').next().unwrap();
        let browser = reqwest::Client::new();
        let forged = browser.get(format!("{place}?code=stolen&state=guessed")).send().await.unwrap();
        assert_eq!(forged.status(), 200);
        assert_eq!(browser.get(&back).send().await.unwrap().status(), 200);
        until("somebody is signed in", async || client.session().await.unwrap().is_some()).await;
        until("the port is closed", async || browser.get(place).send().await.is_err()).await;
        assert_eq!(machine.desk.count("signed-in"), 1);
        // The next login has another port, and its session is the same client's.
        let outcome = machine.sign_in(&client, LoginOptions::default()).await.unwrap();
        assert_eq!(outcome["status"], "signed-in", "a login is known by its state, and arrives where it was sent to");
    });
}
