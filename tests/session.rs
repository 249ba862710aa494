//! What a signed-in application holds, as a record that can be kept.
#![cfg(all(not(target_arch = "wasm32"), feature = "client"))]
#![cfg(test)]

mod support;

use pkce_wasm::TokenSet;
use pkce_wasm::secret::Secret;
use proptest::prelude::*;
use serde_json::{Value, json};
use support::{ACCESS_TOKEN, NOW, REFRESH_TOKEN, SUBJECT, config, config_with, redeem, signed_in};

fn revive(record: &str) -> Option<TokenSet<Value>> {
    TokenSet::from_record(record)
}

fn assert_same(one: &TokenSet<Value>, other: &TokenSet<Value>) {
    let exposed = |secret: &Option<Secret>| secret.as_ref().map(|secret| secret.expose().to_owned());
    assert_eq!(one.access_token.expose(), other.access_token.expose());
    assert_eq!(one.token_type, other.token_type);
    assert_eq!(one.expires_at, other.expires_at);
    assert_eq!(one.scope, other.scope);
    assert_eq!(exposed(&one.refresh_token), exposed(&other.refresh_token));
    assert_eq!(exposed(&one.id_token), exposed(&other.id_token));
    assert_eq!(one.claims, other.claims);
    assert_eq!(one.id_token_verified_by, other.id_token_verified_by);
    assert_eq!(one.resource, other.resource);
    assert_eq!(one.authorization_details, other.authorization_details);
}

/// Tokens with nothing but what has to be there.
fn bare(access_token: &str) -> TokenSet<Value> {
    TokenSet {
        access_token: Secret::new(access_token.into()),
        token_type: "Bearer".into(),
        expires_at: None,
        scope: "openid".into(),
        refresh_token: None,
        id_token: None,
        claims: None,
        id_token_verified_by: None,
        resource: None,
        authorization_details: None,
    }
}

#[test]
fn a_session_survives_the_page() {
    let tokens = signed_in();
    let revived = revive(tokens.to_record().expose()).unwrap();
    assert_same(&tokens, &revived);
    assert_eq!(revived.access_token.expose(), ACCESS_TOKEN);
    assert_eq!(revived.refresh_token.as_ref().unwrap().expose(), REFRESH_TOKEN);
    assert_eq!(revived.subject().as_deref(), Some(SUBJECT));
}

#[test]
fn ri2_ra3_what_the_tokens_are_for_survives_the_page() {
    let tokens = TokenSet {
        resource: Some("https://a.example/ https://b.example/x?y=1&z".into()),
        authorization_details: Some(
            json!([{"type": "payment", "amount": {"currency": "EUR", "value": "1.50 & more"}}]),
        ),
        ..bare("a")
    };
    assert_same(&tokens, &revive(tokens.to_record().expose()).unwrap());
}

#[test]
fn a_session_of_an_access_token_alone_survives_too() {
    let tokens = bare("a");
    let revived = revive(tokens.to_record().expose()).unwrap();
    assert_same(&tokens, &revived);
    assert_eq!(revived.subject(), None);
}

#[test]
fn a_record_that_lacks_something_or_is_of_another_form_is_none() {
    assert!(revive("v=1&access_token=a&token_type=Bearer&scope=").is_some());
    for record in [
        "",
        "v=1",
        "v=2&access_token=a&token_type=Bearer&scope=",
        "access_token=a&token_type=Bearer&scope=",
        "v=1&token_type=Bearer&scope=",
        "v=1&access_token=a&scope=",
        "v=1&access_token=a&token_type=Bearer",
        "v=1&access_token=a&token_type=Bearer&scope=&expires_at=soon",
        "v=1&access_token=a&token_type=Bearer&scope=&expires_at=-1",
        "v=1&access_token=a&token_type=Bearer&scope=&id_token=a.b",
        "v=1&access_token=%FF&token_type=Bearer&scope=",
        "{\"access_token\":\"a\"}",
    ] {
        assert!(revive(record).is_none(), "{record}");
    }
}

#[test]
fn of_a_field_given_twice_the_first_counts() {
    let record = "v=1&access_token=a&token_type=Bearer&scope=s&refresh_token=r";
    for field in ["v", "access_token", "token_type", "scope", "refresh_token"] {
        let tokens = revive(&[record, "&", field, "=twice"].concat()).unwrap();
        assert_eq!(tokens.to_record().expose(), record, "{field}");
    }
}

#[test]
fn ac18_a_token_is_fresh_until_shortly_before_it_expires() {
    let tokens = redeem(|answer| answer["expires_in"] = json!(60)).unwrap();
    for (seconds, fresh) in [(0, true), (49, true), (50, false), (60, false), (61, false)] {
        assert_eq!(tokens.is_fresh(NOW.saturating_add(seconds)), fresh, "{seconds}");
    }
    assert!(!tokens.is_fresh(u64::MAX));
}

#[test]
fn ac18_a_token_without_a_known_expiry_may_be_used() {
    let tokens = bare("a");
    assert!(tokens.is_fresh(0) && tokens.is_fresh(u64::MAX));
}

#[test]
fn md8_the_sessions_of_two_clients_or_issuers_are_kept_apart() {
    let other_issuer = config_with(|settings| settings.issuer = "https://as.example/b".into());
    let other_client = config_with(|settings| settings.client_id = "other".into());
    let keys = [config().owner(), other_issuer.owner(), other_client.owner()];
    for (index, key) in keys.iter().enumerate() {
        assert_eq!(keys.iter().position(|other| other == key), Some(index));
    }
    let other_callback = config_with(|settings| settings.redirect_uri = "https://app.example/other".into());
    assert_eq!(config().owner(), other_callback.owner());
}

proptest! {
    #[test]
    fn a_session_makes_the_round_trip_whatever_its_tokens_are(
        access_token: String,
        refresh_token: Option<String>,
        scope: String,
        expires_at: Option<u64>,
    ) {
        let tokens = TokenSet {
            expires_at,
            scope,
            refresh_token: refresh_token.map(Secret::new),
            ..bare(&access_token)
        };
        assert_same(&tokens, &revive(tokens.to_record().expose()).unwrap());
    }

    #[test]
    fn any_string_can_be_read_as_a_session(record in "\\PC*|v=1(&(access_token|token_type|scope|expires_at|id_token)=[a-z0-9.%]{0,12}){0,6}") {
        if let Some(tokens) = revive(&record) {
            prop_assert!(revive(tokens.to_record().expose()).is_some());
        }
    }
}
