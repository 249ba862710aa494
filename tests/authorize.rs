//! The authorization request (RFC 6749 section 4.1.1, RFC 7636 section 4.3).
#![cfg(all(not(target_arch = "wasm32"), feature = "client"))]
#![cfg(test)]

mod support;

use pkce_wasm::client::authorize::{AuthorizationDetails, ClaimsRequest, LoginOptions};
use pkce_wasm::pkce::verify;
use pkce_wasm::{Code, Method, Transaction, begin};
use proptest::prelude::*;
use serde_json::json;
use support::entropy::{Dry, Seeded};
use support::{
    CLIENT_ID, CODE, ISSUER, NOW, REDIRECT_URI, answer, code, code_verifier, come_back, config, config_with, fault,
    finish, login, login_at, login_with, metadata, metadata_with, ok, parameter, parameters, state, try_login,
};

fn with_extra(extra: &[(&str, &str)]) -> LoginOptions {
    LoginOptions {
        extra_parameters: extra.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
        ..LoginOptions::default()
    }
}

fn with_scope(scope: &str) -> LoginOptions {
    LoginOptions { scope: Some(scope.into()), ..LoginOptions::default() }
}

fn with_return_to(return_to: &str) -> LoginOptions {
    LoginOptions { return_to: Some(return_to.into()), ..LoginOptions::default() }
}

/// What every request of this crate has to carry, whatever it was asked for.
fn assert_protected(login: &pkce_wasm::Authorization) {
    let challenge = parameter(&login.url, "code_challenge").unwrap();
    assert_eq!(parameter(&login.url, "code_challenge_method").as_deref(), Some("S256"));
    assert!(verify(code_verifier(&login.transaction), &challenge, Method::S256));
    assert_eq!(parameter(&login.url, "response_type").as_deref(), Some("code"));
    assert_eq!(state(login).len(), 43);
}

#[test]
fn ac6_the_request_carries_what_is_required_and_nothing_else() {
    let login = login();
    assert!(login.url.starts_with("https://as.example/authorize?response_type=code&"));
    let names: Vec<String> = parameters(&login.url).into_iter().map(|(name, _)| name).collect();
    assert_eq!(
        names,
        [
            "response_type",
            "client_id",
            "redirect_uri",
            "scope",
            "state",
            "code_challenge",
            "code_challenge_method",
            "nonce",
        ]
    );
    assert_eq!(parameter(&login.url, "client_id").as_deref(), Some(CLIENT_ID));
    assert_eq!(parameter(&login.url, "redirect_uri").as_deref(), Some(REDIRECT_URI));
    assert_eq!(parameter(&login.url, "scope").as_deref(), Some("openid"));
}

#[test]
fn ac1_the_query_of_the_endpoint_is_kept() {
    for (endpoint, start) in [
        ("https://as.example/a", "https://as.example/a?response_type=code&"),
        ("https://as.example/a?", "https://as.example/a?response_type=code&"),
        ("https://as.example/a?t=%7E1+2", "https://as.example/a?t=%7E1+2&response_type=code&"),
        ("https://as.example/a?t=1&", "https://as.example/a?t=1&response_type=code&"),
        ("https://as.example?t", "https://as.example?t&response_type=code&"),
    ] {
        let login = login_at(&metadata_with(|document| document["authorization_endpoint"] = json!(endpoint)));
        assert!(login.url.starts_with(start), "{}", login.url);
        assert_protected(&login);
    }
}

#[test]
fn ac2_an_endpoint_that_already_carries_a_parameter_of_the_request_is_refused() {
    for endpoint in [
        "https://as.example/a?client_id=x",
        "https://as.example/a?t=1&state",
        "https://as.example/a?code_challenge_method=plain",
        "https://as.example/a?code%5Fchallenge_method=plain",
        "https://as.example/a?response_type=token",
        "https://as.example/a?t=%FF",
    ] {
        let metadata = metadata_with(|document| document["authorization_endpoint"] = json!(endpoint));
        let login = begin(&config(), &metadata, LoginOptions::default(), &mut Seeded(1), NOW);
        assert_eq!(fault(login), (Code::MetadataInvalid, Some("authorization_endpoint")), "{endpoint}");
    }
}

#[test]
fn ac2_an_extra_parameter_is_sent_once() {
    assert_eq!(code(try_login(with_extra(&[("audience", "1"), ("audience", "2")]))), Code::ParameterProtected);
    let metadata =
        metadata_with(|document| document["authorization_endpoint"] = json!("https://as.example/a?audience=x"));
    let login = begin(&config(), &metadata, with_extra(&[("audience", "y")]), &mut Seeded(1), NOW);
    assert_eq!(code(login), Code::MetadataInvalid);
}

#[test]
fn ac2_extra_parameters_are_sent_encoded() {
    let login = login_with(with_extra(&[("locale", "de en"), ("a&b", "=#?"), ("audience", "https://api.example")]));
    assert_eq!(parameter(&login.url, "locale").as_deref(), Some("de en"));
    assert_eq!(parameter(&login.url, "a&b").as_deref(), Some("=#?"));
    assert_eq!(parameter(&login.url, "audience").as_deref(), Some("https://api.example"));
    assert_protected(&login);
}

#[test]
fn id16_prompt_and_login_hint_are_sent() {
    let login = login_with(LoginOptions {
        prompt: Some("login consent".into()),
        login_hint: Some("alice@example.org".into()),
        ..LoginOptions::default()
    });
    assert_eq!(parameter(&login.url, "prompt").as_deref(), Some("login consent"));
    assert_eq!(parameter(&login.url, "login_hint").as_deref(), Some("alice@example.org"));
}

#[test]
fn id16_max_age_is_sent_as_a_whole_number_also_zero() {
    for (max_age, sent) in [(0, "0"), (3600, "3600"), (u32::MAX, "4294967295")] {
        let login = login_with(LoginOptions { max_age: Some(max_age), ..LoginOptions::default() });
        assert_eq!(parameter(&login.url, "max_age").as_deref(), Some(sent));
    }
    assert_eq!(parameter(&login().url, "max_age"), None);
}

#[test]
fn id16_ui_locales_and_claims_are_sent_as_they_are_written() {
    let claims = r#"{"id_token":{"email":{"essential":true}},"userinfo":{"name":null}}"#;
    let login = login_with(LoginOptions {
        ui_locales: Some("fr-CA fr en".into()),
        claims: Some(ClaimsRequest::parse(claims.into()).unwrap()),
        ..LoginOptions::default()
    });
    assert_eq!(parameter(&login.url, "ui_locales").as_deref(), Some("fr-CA fr en"));
    assert_eq!(parameter(&login.url, "claims").as_deref(), Some(claims));
    for wrong in ["", "  ", "de  en", "de\"en"] {
        let options = LoginOptions { ui_locales: Some(wrong.into()), ..LoginOptions::default() };
        assert_eq!(fault(try_login(options)), (Code::ConfigInvalid, Some("ui_locales")), "{wrong:?}");
    }
}

#[test]
fn id16_claims_are_a_json_object() {
    for wrong in ["", "{", "[]", "\"email\"", "null", "1"] {
        let claims = ClaimsRequest::parse(wrong.into());
        assert_eq!(fault(claims), (Code::ConfigInvalid, Some("claims")), "{wrong:?}");
    }
}

fn with_resource(resource: &[&str]) -> LoginOptions {
    LoginOptions { resource: Some(resource.join(" ")), ..LoginOptions::default() }
}

#[test]
fn ri1_several_resources_are_sent_each_in_its_own_parameter() {
    let wanted = ["https://a.example/", "https://b.example/api?tenant=1&x", "urn:example:c"];
    let login = login_with(with_resource(&wanted));
    let sent: Vec<_> = parameters(&login.url).into_iter().filter(|(name, _)| name == "resource").collect();
    assert_eq!(sent.into_iter().map(|(_, value)| value).collect::<Vec<_>>(), wanted);
    assert_eq!(parameter(&support::login().url, "resource"), None);
}

#[test]
fn ri1_a_resource_is_an_absolute_uri_without_fragment() {
    for wrong in ["", "/api", "api.example", "https://a.example/#f", "https://a.example/#", "https://a example/"] {
        let login = try_login(with_resource(&["https://a.example/", wrong]));
        assert_eq!(fault(login), (Code::ConfigInvalid, Some("resource")), "{wrong:?}");
    }
}

#[test]
fn ra1_authorization_details_are_an_array_of_objects_with_a_type() {
    let details = r#"[{"type":"payment","amount":"1.50"},{"type":"account"}]"#;
    let login = login_with(LoginOptions {
        authorization_details: Some(AuthorizationDetails::parse(details.into()).unwrap()),
        ..LoginOptions::default()
    });
    assert_eq!(parameter(&login.url, "authorization_details").as_deref(), Some(details));
    for wrong in ["", "{}", r#"{"type":"a"}"#, r#"["a"]"#, "[{}]", r#"[{"type":1}]"#, r#"[{"type":"a"},{}]"#] {
        let parsed = AuthorizationDetails::parse(wrong.into());
        assert_eq!(fault(parsed), (Code::ConfigInvalid, Some("authorization_details")), "{wrong}");
    }
}

#[test]
fn the_state_of_a_login_in_a_popup_says_so_and_is_as_random() {
    let login = login_with(LoginOptions { popup: true, ..LoginOptions::default() });
    let state = parameter(&login.url, "state").unwrap();
    assert_eq!(state.strip_prefix("popup.").unwrap().len(), 43);
    let key = login.transaction.key();
    assert_eq!(key.strip_prefix("popup.").unwrap().len(), 43);
    assert!(!key.contains(state.strip_prefix("popup.").unwrap()));
    let plain = support::login();
    assert!(!parameter(&plain.url, "state").unwrap().contains('.') && !plain.transaction.key().contains('.'));
}

#[test]
fn ac5_the_redirect_uri_is_sent_byte_for_byte() {
    for redirect_uri in [
        "http://127.0.0.1/cb",
        "http://127.0.0.1/cb/",
        "http://127.0.0.1:49152/cb",
        "http://[::1]:61023/cb",
        "https://App.Example:443/%7Ecb/./x?tenant=%41&b",
        "com.example.app:/x",
        "com.example.app:///x",
        "org.bxretail.app://callback",
    ] {
        let config = config_with(|settings| settings.redirect_uri = redirect_uri.into());
        let login = begin(&config, &metadata(), LoginOptions::default(), &mut Seeded(1), NOW).unwrap();
        assert_eq!(parameter(&login.url, "redirect_uri").as_deref(), Some(redirect_uri));
    }
}

#[test]
fn ac6_the_scope_of_a_login_replaces_the_configured_one() {
    let login = login_with(with_scope("openid profile offline_access"));
    assert_eq!(parameter(&login.url, "scope").as_deref(), Some("openid profile offline_access"));
    for scope in [" ", "openid  profile", "a\"b", "ü"] {
        assert_eq!(fault(try_login(with_scope(scope))), (Code::ConfigInvalid, Some("scope")), "{scope:?}");
    }
}

#[test]
fn ac6_an_empty_scope_is_not_sent_and_the_answer_tells_what_was_granted() {
    let bare = config_with(|settings| settings.scope = String::new());
    for (config, options) in [(&bare, LoginOptions::default()), (&config(), with_scope(""))] {
        let login = begin(config, &metadata(), options, &mut Seeded(7), NOW).unwrap();
        assert_eq!((parameter(&login.url, "scope"), parameter(&login.url, "nonce")), (None, None));
        let transaction = Transaction::from_record(login.transaction.to_record().expose()).unwrap();
        let url = answer(&login, &[("code", CODE)]);
        let (_, exchange) = come_back(transaction, &url).unwrap().into_request(config);
        let tokens = finish(exchange, &ok(&json!({"access_token": "a", "token_type": "Bearer"})), NOW).unwrap();
        assert_eq!(tokens.scope, "");
    }
    let again = begin(&bare, &metadata(), with_scope("openid"), &mut Seeded(7), NOW).unwrap();
    assert_eq!(parameter(&again.url, "scope").as_deref(), Some("openid"));
}

#[test]
fn id17_a_nonce_is_sent_exactly_when_an_id_token_is_asked_for() {
    assert_eq!(parameter(&login_with(with_scope("profile openid")).url, "nonce").unwrap().len(), 43);
    for scope in ["profile", "openidx", "OPENID", "x:openid"] {
        assert_eq!(parameter(&login_with(with_scope(scope)).url, "nonce"), None, "{scope}");
    }
}

#[test]
fn pk4_pk9_ac25_no_extra_parameter_replaces_one_of_the_request() {
    for name in [
        "response_type",
        "response_mode",
        "client_id",
        "redirect_uri",
        "scope",
        "state",
        "nonce",
        "code_challenge",
        "code_challenge_method",
        "request",
        "request_uri",
        "prompt",
        "login_hint",
        "max_age",
        "acr_values",
        "ui_locales",
        "claims",
        "resource",
        "authorization_details",
    ] {
        assert_eq!(code(try_login(with_extra(&[(name, "x")]))), Code::ParameterProtected, "{name}");
    }
}

#[test]
fn pk6_na8_no_secret_can_be_sent_as_an_extra_parameter() {
    for name in ["client_secret", "code_verifier"] {
        assert_eq!(code(try_login(with_extra(&[(name, "x")]))), Code::ParameterProtected, "{name}");
    }
}

#[test]
fn pk4_the_method_is_s256_also_when_support_is_only_assumed() {
    let config = config_with(|settings| settings.dangerously_assume_pkce_support = true);
    let metadata = metadata_with(|document| document["code_challenge_methods_supported"] = json!(["plain"]));
    assert_protected(&begin(&config, &metadata, LoginOptions::default(), &mut Seeded(1), NOW).unwrap());
}

#[test]
fn pk5_challenge_and_method_are_both_sent() {
    assert_protected(&login());
}

#[test]
fn pk6_the_verifier_is_not_in_the_url() {
    let login = login();
    assert!(!login.url.contains(&code_verifier(&login.transaction)));
}

#[test]
fn pk8_a_login_does_not_begin_at_a_server_without_s256() {
    let metadata = metadata_with(|document| document["code_challenge_methods_supported"] = json!(["plain"]));
    let login = begin(&config(), &metadata, LoginOptions::default(), &mut Seeded(1), NOW);
    assert_eq!(code(login), Code::PkceUnsupported);
}

#[test]
fn md8_a_login_does_not_begin_at_another_issuer() {
    let config = config_with(|settings| settings.issuer = "https://other.example".into());
    let login = begin(&config, &metadata(), LoginOptions::default(), &mut Seeded(1), NOW);
    assert_eq!(code(login), Code::IssuerMismatch);
    assert_ne!(config.settings().issuer, ISSUER);
}

#[test]
fn pk2_a_login_does_not_begin_without_randomness() {
    let login = begin(&config(), &metadata(), LoginOptions::default(), &mut Dry, NOW);
    assert_eq!(code(login), Code::RandomnessUnavailable);
}

#[test]
fn ac9_where_to_return_to_is_kept_and_not_sent() {
    let login = login_with(with_return_to("/orders?id=4711#top"));
    assert_eq!(login.transaction.return_to(), Some("/orders?id=4711#top"));
    assert!(!login.url.contains("orders") && !login.url.contains("4711"));
    assert_eq!(support::login().transaction.return_to(), None);
}

#[test]
fn ac23_the_place_to_return_to_is_a_path_of_this_origin() {
    for return_to in ["/", "/a/b?c=d#e", "/a//b", "/?next=//evil.example", "/%2F/evil.example", "/@evil.example"] {
        assert!(try_login(with_return_to(return_to)).is_ok(), "{return_to}");
    }
    for return_to in [
        "",
        "a",
        "https://evil.example/",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\/evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "/\r/evil.example",
        " //evil.example",
        "\u{1}//evil.example",
        "javascript:alert(1)",
        "?a",
        "#a",
        "./a",
    ] {
        let fault = fault(try_login(with_return_to(return_to)));
        assert_eq!(fault, (Code::ReturnToRefused, Some("return_to")), "{return_to:?}");
    }
}

#[test]
fn pk7_ac8_state_nonce_and_verifier_are_of_256_bits_and_differ_among_each_other() {
    let login = login();
    let secrets = [state(&login), parameter(&login.url, "nonce").unwrap(), code_verifier(&login.transaction)];
    for (index, secret) in secrets.iter().enumerate() {
        assert_eq!(secret.len(), 43);
        assert_eq!(secrets.iter().position(|other| other == secret), Some(index));
    }
}

proptest! {
    #[test]
    fn pk7_every_login_has_its_own_state_nonce_and_verifier(seed: u64) {
        let mut entropy = Seeded(seed);
        let mut begin = || begin(&config(), &metadata(), LoginOptions::default(), &mut entropy, NOW).unwrap();
        let (one, other) = (begin(), begin());
        prop_assert_ne!(state(&one), state(&other));
        prop_assert_ne!(parameter(&one.url, "nonce"), parameter(&other.url, "nonce"));
        prop_assert_ne!(parameter(&one.url, "code_challenge"), parameter(&other.url, "code_challenge"));
        prop_assert_ne!(code_verifier(&one.transaction), code_verifier(&other.transaction));
        prop_assert_ne!(one.transaction.key(), other.transaction.key());
    }

    #[test]
    fn pk4_pk9_whatever_is_asked_for_the_request_is_protected_and_nothing_stands_twice(
        scope: Option<String>,
        prompt: Option<String>,
        login_hint: Option<String>,
        return_to: Option<String>,
        extra_parameters in prop::collection::vec(("code_challenge_method|state|[a-z_]{1,20}|\\PC{0,8}", any::<String>()), 0..4),
    ) {
        if let Ok(login) = try_login(LoginOptions {
            scope,
            return_to,
            prompt,
            login_hint,
            extra_parameters,
            ..LoginOptions::default()
        }) {
            assert_protected(&login);
            for (name, _) in parameters(&login.url) {
                prop_assert!(parameter(&login.url, &name).is_some());
            }
            prop_assert!(!login.url.contains(&code_verifier(&login.transaction)));
        }
    }

    #[test]
    fn ac23_what_is_returned_to_never_leads_to_another_host(return_to in "[/\\\\ \t\n.@:a-z]{1,12}") {
        if try_login(with_return_to(&return_to)).is_ok() {
            // What a browser makes of it: tabs and line breaks dropped, backslashes turned.
            let seen: String = return_to
                .chars()
                .filter(|character| !"\t\n\r".contains(*character))
                .map(|character| if character == '\\' { '/' } else { character })
                .collect();
            prop_assert!(seen.starts_with('/') && !seen.starts_with("//"));
        }
    }
}

#[test]
fn options_in_json_are_those_of_the_same_values() {
    let json = r#"{ "scope": "openid", "returnTo": "/a", "prompt": "login", "loginHint": "ada", "maxAge": 0, "acrValues": "1 2", "requireAcr": true,
        "uiLocales": "de en", "claims": { "userinfo": null }, "resource": "https://api.example", "popup": true,
        "authorizationDetails": [{ "type": "x" }], "extraParameters": { "a": "b", "c": "" } }"#;
    let read = LoginOptions::from_json(json).unwrap();
    let made = LoginOptions {
        scope: Some("openid".into()),
        return_to: Some("/a".into()),
        prompt: Some("login".into()),
        login_hint: Some("ada".into()),
        max_age: Some(0),
        acr_values: Some("1 2".into()),
        require_acr: true,
        ui_locales: Some("de en".into()),
        claims: Some(ClaimsRequest::parse(r#"{"userinfo":null}"#.into()).unwrap()),
        resource: Some("https://api.example".into()),
        authorization_details: Some(AuthorizationDetails::parse(r#"[{"type":"x"}]"#.into()).unwrap()),
        dpop_jkt: None,
        popup: true,
        extra_parameters: vec![("a".into(), "b".into()), ("c".into(), String::new())],
    };
    let plain = |options: &LoginOptions| format!("{options:?}").replace([' ', '\\'], "");
    assert_eq!(plain(&read), plain(&made));
    assert_eq!(format!("{:?}", LoginOptions::from_json("{}").unwrap()), format!("{:?}", LoginOptions::default()));
    for name in ["return_to", "maxage", "loginhint", "scopes", "issuer", "revoke", "endSession"] {
        let error = LoginOptions::from_json(&format!(r#"{{ "scope": "openid", "{name}": "x" }}"#)).unwrap_err();
        assert_eq!((error.code, error.found.as_deref()), (Code::MemberUnknown, Some(name)));
        assert!(LoginOptions::from_json(&format!(r#"{{ "{name}": null }}"#)).is_ok(), "null is absent");
    }
    for (json, subject) in [
        ("null", None),
        (r#"{ "scope": 1 }"#, Some("scope")),
        (r#"{ "maxAge": -1 }"#, Some("max_age")),
        (r#"{ "claims": "x" }"#, Some("claims")),
        (r#"{ "authorizationDetails": [{}] }"#, Some("authorization_details")),
        (r#"{ "extraParameters": { "a": 1 } }"#, Some("extra_parameters")),
    ] {
        let error = LoginOptions::from_json(json).unwrap_err();
        assert_eq!((error.code, error.subject), (Code::ConfigInvalid, subject), "{json}");
    }
}
