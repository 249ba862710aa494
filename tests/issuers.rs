//! Issuers that an application accepts in the place of the one that it asks: a server of several tenants names each in its tokens.
#![cfg(all(not(target_arch = "wasm32"), feature = "client"))]
#![cfg(test)]

mod support;

use pkce_wasm::client::authorize::LoginOptions;
use pkce_wasm::client::token::{Answer, refresh};
use pkce_wasm::client::userinfo;
use pkce_wasm::{Callback, Code, Config, Error, Metadata, Settings, TokenSet, begin};
use proptest::prelude::*;
use serde_json::{Value, json};
use support::entropy::Seeded;
use support::signing::{key_set, public_jwk_with};
use support::{
    CODE, ISSUER, NOW, REDIRECT_URI, SUBJECT, claims, code, config, document_with, fault, finish, id_token, ok,
    parameter, token_response, try_config, verify, without,
};

const ADA: &str = "11111111-2222-3333-4444-555555555555";
const EVE: &str = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";
const PATTERN: &str = "https://as.example/{tenantid}/v2.0";

fn of(tenant: &str) -> String {
    PATTERN.replace("{tenantid}", tenant)
}

fn accepting(issuers: &[&str]) -> Config {
    try_accepting(issuers).unwrap()
}

fn try_accepting(issuers: &[&str]) -> Result<Config, Error> {
    try_config(|settings: &mut Settings| settings.accept_issuer = issuers.iter().map(ToString::to_string).collect())
}

fn try_document(issuer: &str, config: &Config) -> Result<Metadata, Error> {
    Metadata::from_json_for(&document_with(|document| document["issuer"] = json!(issuer)).to_string(), config)
}

/// A login at that server, whose callback names this issuer if any, and the answer of its token endpoint with these claims more.
fn redeem(config: &Config, callback: Option<&str>, more: &Value) -> Result<TokenSet, Error> {
    redeem_by(config, callback, more, &key_set())
}

fn redeem_by(config: &Config, callback: Option<&str>, more: &Value, keys: &Value) -> Result<TokenSet, Error> {
    let metadata = try_document(ISSUER, config).unwrap();
    let login = begin(config, &metadata, LoginOptions::default(), &mut Seeded(7), NOW).unwrap();
    let (state, nonce) = (parameter(&login.url, "state").unwrap(), parameter(&login.url, "nonce").unwrap());
    let iss = callback.map(|iss| ["&iss=", iss].concat()).unwrap_or_default();
    let url = [REDIRECT_URI, "?code=", CODE, "&state=", &state, &iss].concat();
    let callback = Callback::parse(&url, REDIRECT_URI).unwrap();
    let (_, exchange) = login.transaction.accept(config, callback, NOW)?.into_request(config);
    let mut answer = token_response(&nonce);
    answer["id_token"] = json!(id_token(&with(claims(&nonce), more)));
    match exchange.finish(&ok(&answer), NOW)? {
        Answer::Tokens(tokens) => Ok(tokens),
        Answer::Unverified(unverified) => verify(unverified, keys, NOW),
    }
}

fn with(mut claims: Value, more: &Value) -> Value {
    for (name, value) in more.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
}

fn tenant(tenant: &str) -> Value {
    json!({"iss": of(tenant), "tid": tenant})
}

#[test]
fn md3_a_document_names_the_issuer_asked_or_one_that_is_accepted() {
    let config = accepting(&[PATTERN, "https://login.example/"]);
    for issuer in [ISSUER, PATTERN, &of(ADA), "https://login.example/"] {
        assert!(try_document(issuer, &config).is_ok(), "{issuer}");
    }
    for issuer in [
        "https://login.example",
        "https://as.example/common/v2.0",
        "https://as.example/{tenantid}/v2.0/",
        "https://as.example/{tenant}/v2.0",
        "https://evil.example/{tenantid}/v2.0",
    ] {
        let error = try_document(issuer, &config).unwrap_err();
        assert_eq!((error.code, error.found.as_deref()), (Code::IssuerMismatch, Some(issuer)));
        assert!(error.to_string().contains("acceptIssuer"));
    }
    // Without it nothing is widened.
    for issuer in [PATTERN, "https://login.example/"] {
        assert_eq!(code(try_document(issuer, &support::config())), Code::IssuerMismatch, "{issuer}");
    }
}

#[test]
fn md3_what_is_accepted_is_an_issuer() {
    for pattern in
        [PATTERN, "https://{tenantid}.as.example/{tenantid}/v2.0", "https://as.example", "http://localhost/{tenantid}"]
    {
        assert!(try_accepting(&[pattern]).is_ok(), "{pattern}");
    }
    for pattern in [
        "",
        "*",
        "https://as.example/*{x}",
        "https://as.example/{tenant}/v2.0",
        "https://as.example/{tenantid",
        "https://as.example/?t={tenantid}",
        "https://as.example/#{tenantid}",
        "{tenantid}",
        "{tenantid}://as.example",
    ] {
        let config = try_accepting(&[ISSUER, pattern]);
        assert_eq!(fault(config), (Code::ConfigInvalid, Some("accept_issuer")), "{pattern}");
    }
    assert_eq!(fault(try_accepting(&["http://as.example/"])), (Code::ConfigInvalid, Some("accept_issuer")));
}

#[test]
fn id2_the_tenant_of_a_pattern_is_one_guid_and_the_claim_tid() {
    let config = accepting(&[PATTERN]);
    assert!(redeem(&config, None, &tenant(ADA)).is_ok());
    assert!(redeem(&config, None, &tenant(&ADA.to_uppercase())).is_ok());
    assert!(redeem(&config, None, &json!({})).is_ok(), "the issuer itself");
    for tid in [json!(EVE), json!(""), json!([ADA]), json!(1), Value::Null, json!(ADA.replace('1', "2"))] {
        let tokens = redeem(&config, None, &json!({"iss": of(ADA), "tid": tid}));
        assert_eq!(fault(tokens), (Code::IdTokenIssuerMismatch, Some("tid")), "{tid}");
    }
    assert_eq!(fault(redeem(&config, None, &json!({"iss": of(ADA)}))), (Code::IdTokenIssuerMismatch, Some("tid")));
    for odd in [
        "common",
        "{tenantid}",
        "",
        "11111111222233334444555555555555",
        "11111111-2222-3333-4444-55555555555g",
        "11111111-2222-3333-4444-5555555555555",
        "11111111-2222-3333-4444-55555555555",
        "1111111--2222-3333-4444-555555555555",
        &[ADA, "/", EVE].concat(),
    ] {
        let tokens = redeem(&config, None, &tenant(odd));
        assert_eq!(fault(tokens), (Code::IdTokenIssuerMismatch, Some("iss")), "{odd}");
    }
    for iss in ["https://evil.example/", &[&of(ADA), "/"].concat(), &of(ADA).replace("https", "http")] {
        assert_eq!(code(redeem(&config, None, &json!({"iss": iss, "tid": ADA}))), Code::IdTokenIssuerMismatch, "{iss}");
    }
}

#[test]
fn id2_a_pattern_with_two_tenants_means_one() {
    let config = accepting(&["https://{tenantid}.as.example/{tenantid}"]);
    let redeem = |host: &str, path: &str| {
        let iss = ["https://", host, ".as.example/", path].concat();
        redeem(&config, None, &json!({"iss": iss, "tid": path}))
    };
    assert!(redeem(ADA, ADA).is_ok());
    assert_eq!(fault(redeem(ADA, EVE)), (Code::IdTokenIssuerMismatch, Some("iss")));
    assert_eq!(fault(redeem(EVE, &EVE.to_uppercase())), (Code::IdTokenIssuerMismatch, Some("iss")));
}

#[test]
fn id2_an_issuer_that_is_accepted_by_its_name_has_no_tenant() {
    let config = accepting(&["https://my.login.example"]);
    assert!(redeem(&config, None, &json!({"iss": "https://my.login.example"})).is_ok());
    let tokens = redeem(&config, None, &json!({"iss": "https://login.example"}));
    assert_eq!(fault(tokens), (Code::IdTokenIssuerMismatch, Some("iss")));
}

#[test]
fn md8_callback_id_token_and_refresh_agree_on_one_issuer() {
    let config = accepting(&[PATTERN]);
    assert!(redeem(&config, Some(&of(ADA)), &tenant(ADA)).is_ok());
    for (callback, more) in [(of(EVE), tenant(ADA)), (ISSUER.into(), tenant(ADA)), (of(ADA), json!({}))] {
        let tokens = redeem(&config, Some(&callback), &more);
        assert_eq!(fault(tokens), (Code::IdTokenIssuerMismatch, Some("iss")), "{callback}");
    }
    for callback in ["https://evil.example", PATTERN, "https://as.example/common/v2.0"] {
        let tokens = redeem(&config, Some(callback), &tenant(ADA));
        assert_eq!(fault(tokens), (Code::ResponseIssuerMismatch, Some("iss")), "{callback}");
    }

    let metadata = try_document(PATTERN, &config).unwrap();
    let refreshed = |more: &Value| {
        let tokens = redeem(&config, None, &tenant(ADA)).unwrap();
        let (_, exchange) = refresh(&config, &metadata, tokens).unwrap();
        let mut claims = with(claims("unused"), more);
        without(&mut claims, "nonce");
        finish(
            exchange,
            &ok(&json!({"access_token": "a2", "token_type": "Bearer", "id_token": id_token(&claims)})),
            NOW,
        )
    };
    assert!(refreshed(&tenant(ADA)).is_ok());
    for more in [tenant(EVE), json!({}), json!({"iss": of(EVE), "tid": ADA})] {
        assert_eq!(fault(refreshed(&more)), (Code::IdTokenIssuerMismatch, Some("iss")), "{more}");
    }
}

#[test]
fn sb9_a_session_of_an_issuer_that_is_not_accepted_is_used_nowhere() {
    let (tenants, document) = (accepting(&[PATTERN]), document_with(|_| {}).to_string());
    let session = || redeem(&tenants, None, &tenant(ADA)).unwrap();
    for (config, is_ours) in [(accepting(&[&of(ADA)]), true), (accepting(&[&of(EVE)]), false), (config(), false)] {
        let metadata = Metadata::from_json_for(&document, &config).unwrap();
        let request = refresh(&config, &metadata, session());
        assert_eq!(request.map(drop).map_err(|error| error.code), is_ours.then_some(()).ok_or(Code::IssuerMismatch));
        assert_eq!(userinfo::request(&metadata, &session()).is_ok(), is_ours);
    }
}

#[test]
fn id7_a_key_of_one_issuer_serves_no_other() {
    let config = accepting(&[PATTERN]);
    let by_key_of = |issuer: Value, more: &Value| {
        let key = public_jwk_with("rsa-2048", &json!({"issuer": issuer}));
        redeem_by(&config, None, more, &json!({"keys": [key]}))
    };
    for issuer in [json!(PATTERN), json!(of(ADA)), Value::Null] {
        assert!(by_key_of(issuer.clone(), &tenant(ADA)).is_ok(), "{issuer}");
    }
    for issuer in [json!(of(EVE)), json!(ISSUER), json!(""), json!("https://evil.example/{tenantid}/v2.0"), json!(1)] {
        assert_eq!(code(by_key_of(issuer.clone(), &tenant(ADA))), Code::SigningKeyNotFound, "{issuer}");
    }
    // Where there is one issuer alone a key is not asked whose it is.
    let tokens = redeem_by(
        &support::config(),
        None,
        &json!({}),
        &json!({"keys": [public_jwk_with("rsa-2048", &json!({"issuer": PATTERN}))]}),
    );
    assert_eq!(tokens.unwrap().subject().as_deref(), Some(SUBJECT));
}

proptest! {
    #[test]
    fn id2_whatever_the_issuer_is_only_the_tenant_of_its_tid_is_accepted(
        iss in "https://as\\.example(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|/[-0-9a-fA-F{}]{0,40}|)(/v2\\.0)?[/a]?",
        tid in "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
        names_it: bool,
    ) {
        let tid = if names_it { iss.split('/').nth(3).unwrap_or_default().to_owned() } else { tid };
        let tokens = redeem(&accepting(&[PATTERN]), None, &json!({"iss": iss, "tid": tid}));
        if tokens.is_ok() {
            prop_assert!(iss == ISSUER || iss == of(&tid) && tid.len() == 36, "{} {}", iss, tid);
        }
    }
}
