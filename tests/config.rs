//! What the application is: client id, redirect URI, scopes (RFC 6749, RFC 8252).
#![cfg(all(not(target_arch = "wasm32"), feature = "client"))]
#![cfg(test)]

mod support;

use pkce_wasm::{Code, Config};
use support::{config_with, fault, settings, try_config};

fn redirect_uri(redirect_uri: &str) -> Result<Config, pkce_wasm::Error> {
    try_config(|settings| settings.redirect_uri = redirect_uri.into())
}

fn assert_redirect_uri_refused(text: &str) {
    let fault = fault(redirect_uri(text));
    assert_eq!(fault, (Code::RedirectUriInvalid, Some("redirect_uri")), "{text:?}");
}

#[test]
fn the_defaults_are_those_of_an_openid_client_with_every_check_on() {
    let settings = settings();
    assert_eq!(settings.scope, "openid");
    assert_eq!(settings.transaction_max_age, 600);
    assert_eq!(settings.clock_tolerance, 60);
    assert!(!settings.dangerously_assume_pkce_support);
    assert!(!settings.dangerously_allow_http);
}

#[test]
fn ac5_the_settings_are_kept_byte_for_byte() {
    for text in
        ["http://127.0.0.1/cb", "http://127.0.0.1/cb/", "https://App.Example:443/%7Ecb", "com.app:/x", "com.app:///x"]
    {
        assert_eq!(redirect_uri(text).unwrap().settings().redirect_uri, text);
    }
}

#[test]
fn ac4_a_relative_redirect_uri_is_refused() {
    for text in ["", "/callback", "callback", "//app.example/callback", "?", "https:", "https:///callback"] {
        assert_redirect_uri_refused(text);
    }
}

#[test]
fn ac4_a_redirect_uri_with_a_fragment_is_refused_even_an_empty_one() {
    for text in ["https://app.example/callback#", "https://app.example/#/callback", "com.example.app:/callback#x"] {
        assert_redirect_uri_refused(text);
    }
}

#[test]
fn ac4_a_redirect_uri_may_have_a_query() {
    assert!(redirect_uri("https://app.example/callback?tenant=1").is_ok());
}

#[test]
fn na3_a_private_use_scheme_needs_a_period() {
    for text in ["com.example.app:/oauth2redirect/idp", "org.bxretail.app://callback", "com.example.app:callback"] {
        assert!(redirect_uri(text).is_ok(), "{text}");
    }
    for text in ["myapp:/callback", "myapp://callback", "javascript:alert(1)", "data:text/html,x", "file:///callback"] {
        assert_redirect_uri_refused(text);
    }
}

#[test]
fn na4_a_claimed_https_redirect_uri_is_accepted() {
    assert!(redirect_uri("https://app.example/oauth2redirect/idp").is_ok());
}

#[test]
fn na5_http_is_accepted_on_loopback_with_any_port_and_nowhere_else() {
    for text in ["http://127.0.0.1:49152/cb", "http://[::1]:61023/cb", "http://localhost:3000/cb", "http://127.0.0.1"] {
        assert!(redirect_uri(text).is_ok(), "{text}");
    }
    for text in ["http://app.example/cb", "http://127.0.0.1.app.example/cb", "http://192.168.1.2/cb"] {
        assert_redirect_uri_refused(text);
    }
}

#[test]
fn ac22_http_beyond_loopback_is_accepted_only_by_the_dangerous_setting() {
    let insecure = |allow: bool| {
        try_config(|settings| {
            settings.issuer = "http://as.lan".into();
            settings.redirect_uri = "http://app.lan/cb".into();
            settings.dangerously_allow_http = allow;
        })
    };
    assert_eq!(fault(insecure(false)), (Code::EndpointInsecure, Some("issuer")));
    assert!(insecure(true).is_ok());
}

#[test]
fn a_redirect_uri_with_a_character_that_no_uri_may_hold_is_refused() {
    for text in [
        "https://app.example/call back",
        "https://app.example/\n",
        "https://user@app.example/cb",
        "https://app.example/ü",
    ] {
        assert_redirect_uri_refused(text);
    }
}

#[test]
fn md4_an_issuer_is_a_url_of_a_server_without_query_and_fragment() {
    for issuer in [
        "",
        "as.example",
        "/as",
        "https://as.example?",
        "https://as.example/?a=b",
        "https://as.example#",
        "com.example.as:/x",
    ] {
        let config = try_config(|settings| settings.issuer = issuer.into());
        assert_eq!(fault(config), (Code::ConfigInvalid, Some("issuer")), "{issuer:?}");
    }
    for issuer in ["https://as.example", "https://as.example/", "https://as.example/tenant/as", "http://localhost:3000"]
    {
        assert!(try_config(|settings| settings.issuer = issuer.into()).is_ok(), "{issuer}");
    }
}

#[test]
fn ac6_a_client_id_is_printable_ascii_and_not_empty() {
    for client_id in ["", "ä", "a\n", "\u{7f}", "a\tb"] {
        let config = try_config(|settings| settings.client_id = client_id.into());
        assert_eq!(fault(config), (Code::ConfigInvalid, Some("client_id")), "{client_id:?}");
    }
    for client_id in ["s6BhdRkqt3", "a b~!\"\\", "https://app.example/client"] {
        assert!(try_config(|settings| settings.client_id = client_id.into()).is_ok(), "{client_id}");
    }
}

#[test]
fn ac6_scopes_are_tokens_of_the_alphabet_between_single_spaces() {
    for scope in [" ", " openid", "openid ", "openid  profile", "openid\tprofile", "a\"b", "a\\b", "ü", "a\u{7f}"] {
        let config = try_config(|settings| settings.scope = scope.into());
        assert_eq!(fault(config), (Code::ConfigInvalid, Some("scope")), "{scope:?}");
    }
    for scope in ["", "openid", "openid profile offline_access", "!#[]^~", "https://api.example/read"] {
        assert!(try_config(|settings| settings.scope = scope.into()).is_ok(), "{scope}");
    }
}

#[test]
fn id8_the_clock_tolerance_is_bounded() {
    assert_eq!(Config::MAX_CLOCK_TOLERANCE, 300);
    assert!(try_config(|settings| settings.clock_tolerance = 300).is_ok());
    assert!(try_config(|settings| settings.clock_tolerance = 0).is_ok());
    for tolerance in [301, u32::MAX] {
        let config = try_config(|settings| settings.clock_tolerance = tolerance);
        assert_eq!(fault(config), (Code::ConfigInvalid, Some("clock_tolerance")));
    }
}

#[test]
fn ac7_a_login_has_some_time() {
    let config = try_config(|settings| settings.transaction_max_age = 0);
    assert_eq!(fault(config), (Code::ConfigInvalid, Some("transaction_max_age")));
    assert_eq!(config_with(|settings| settings.transaction_max_age = 1).settings().transaction_max_age, 1);
}

#[test]
fn a_configuration_in_json_is_that_of_the_same_settings() {
    let json = r#"{ "issuer": "https://as.example", "clientId": "app", "redirectUri": "com.example.app:/callback",
        "scope": "openid email", "clockTolerance": 5, "resourceOrigins": ["https://api.example"], "storage": "local", "timeout": 5, "dpop": null,
        "trustedAudiences": ["project"], "acceptIssuer": "https://other.example", "metadata": {"userinfo_endpoint":"https://as.example/me"},
        "publicClientSecret": "none" }"#;
    let read = Config::from_json(json).unwrap();
    let settings = pkce_wasm::Settings::new("https://as.example", "app", "com.example.app:/callback");
    let made = Config::new(pkce_wasm::Settings {
        scope: "openid email".into(),
        clock_tolerance: 5,
        resource_origins: vec!["https://api.example".into()],
        trusted_audiences: vec!["project".into()],
        accept_issuer: vec!["https://other.example".into()],
        metadata: Some(r#"{"userinfo_endpoint":"https://as.example/me"}"#.into()),
        public_client_secret: Some("none".into()),
        ..settings
    })
    .unwrap();
    assert_eq!(format!("{read:?}"), format!("{made:?}"));
    assert_eq!(read.owner(), made.owner());
    for (json, name) in [
        (r#"{ "client_id": "app" }"#, "client_id"),
        (r#"{ "issuer": 1, "scopes": "openid" }"#, "scopes"),
        (r#"{ "": 1 }"#, ""),
        (r#"{ "\u0063lientid": "app" }"#, "clientid"),
    ] {
        let error = Config::from_json(json).unwrap_err();
        assert_eq!((error.code, error.found.as_deref()), (Code::MemberUnknown, Some(name)), "{json}");
    }
    assert_eq!(
        fault(Config::from_json(r#"{ "unknown": null }"#)),
        (Code::ConfigInvalid, Some("issuer")),
        "null is absent"
    );
    for (json, subject) in [
        ("", None),
        ("[]", None),
        ("{}", Some("issuer")),
        (r#"{ "issuer": 1 }"#, Some("issuer")),
        (
            r#"{ "issuer": "https://as.example", "clientId": "app", "redirectUri": "a.b:/c", "resourceOrigins": "x" }"#,
            Some("resource_origins"),
        ),
    ] {
        assert_eq!(fault(Config::from_json(json)), (Code::ConfigInvalid, subject), "{json}");
    }
}
