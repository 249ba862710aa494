//! The requests that the application makes with its access token (RFC 6750, RFC 9470).
#![cfg(all(not(target_arch = "wasm32"), feature = "client"))]
#![cfg(test)]

mod support;

use pkce_wasm::client::resource::{check, read_refusal};
use pkce_wasm::error::Needed;
use pkce_wasm::{Code, Config, Error, TokenSet};
use proptest::prelude::*;
use serde_json::{Value, json};
use support::{NOW, code, config, config_with, fault, metadata, metadata_with, redeem_claims, signed_in, try_config};

fn listing(origins: &[&str]) -> Config {
    config_with(|settings| settings.resource_origins = origins.iter().map(|origin| (*origin).to_owned()).collect())
}

#[test]
fn be6_sb9_the_token_goes_to_the_origins_that_are_listed_and_to_no_other() {
    let config = listing(&["https://api.example", "https://files.example:8443/", "http://127.0.0.1:3000"]);
    for url in [
        "https://api.example/",
        "https://api.example/a/b?c=d#e",
        "https://API.example:443/",
        "https://files.example:8443/f",
        "http://127.0.0.1:3000/x",
    ] {
        assert!(check(&config, &metadata(), url).is_ok(), "{url}");
    }
    for url in [
        "http://api.example/",
        "https://api.example:444/",
        "https://api.example.evil.example/",
        "https://evil.example/https://api.example/",
        "https://api.example@evil.example/",
        "https://user@api.example/",
        "https://files.example/",
        "https://sub.api.example/",
        "http://127.0.0.1:3001/",
        "https://app.example/",
        "https://as.example/",
        "https://as.example/userinfo?x=y",
        "//api.example/",
        "/path",
        "",
        "data:,https://api.example",
        "blob:https://api.example/1",
    ] {
        assert_eq!(fault(check(&config, &metadata(), url)), (Code::OriginRefused, Some("url")), "{url}");
    }
}

/// The platform leaves characters in a path, a query or a fragment that RFC 3986 escapes.
#[test]
fn be6_a_url_is_compared_by_its_origin_alone() {
    let config = listing(&["https://api.example", "http://127.0.0.1:3000"]);
    for rest in [
        "/?q={}",
        "/?q=a|b^c`d",
        "/?q=\\",
        "/a|b^c",
        "/[x]?filter[a]={\"b\"}",
        "/#{x}\\",
        "?q={}",
        "#{}",
        "",
        "/?u=x@y:z//a/b",
    ] {
        for origin in ["https://api.example", "http://127.0.0.1:3000", "HTTPS://Api.Example:443"] {
            let url = [origin, rest].concat();
            assert!(check(&config, &metadata(), &url).is_ok(), "{url}");
            let url = url::Url::parse(&url).unwrap();
            assert!(check(&config, &metadata(), url.as_str()).is_ok(), "{url}");
        }
    }
    for url in [
        "https://api.example\\@evil.example/?{}",
        "https://api.example\\.evil.example/",
        "https://evil.example\\https://api.example/",
        "https://evil.example/@api.example/?{}",
        "https://evil.example?@api.example/",
        "https://evil.example#@api.example/",
        "https://api.example@evil.example/?{}",
        "https://api.example:@evil.example/",
        "https://api.example:443@evil.example/",
        "https://api.example:pass@evil.example/",
        "https://evil.example:443#https://api.example/",
        "https:/api.example/?{}",
        "https:///api.example/",
        "https:\\\\api.example/",
        "https:/\\api.example/",
        "https:api.example/",
        "http:s//api.example/",
        " https://api.example/",
        "\thttps://api.example/",
        "ht\ttps://api.example/",
        "https://api.example\t.evil.example/",
        "https://api.exa\nmple/",
        "https://api.example/\r\nHost: evil.example",
        "https://api.example/ x",
        "https://api.example/\u{0}",
        "https://api.example/\u{e9}",
        "https://\u{ff41}pi.example/",
        "https://api\u{3002}example/",
        "https://%61pi.example/",
        "https://api.example./",
        "https://api.example:/",
        "https://api.example:0443/",
        "https://api.example:443:443/",
        "https://api.example|evil.example/",
        "https://{api.example}/",
    ] {
        assert_eq!(fault(check(&config, &metadata(), url)), (Code::OriginRefused, Some("url")), "{url:?}");
    }
}

proptest! {
    /// Where a browser would go is where the token may go.
    #[test]
    fn be6_no_text_leads_a_browser_to_another_origin(
        text in "(https?|HTTPS|wss|com\\.a)?[:/\\\\ \t]{0,4}(api\\.example|API\\.example|evil|127\\.0\\.0\\.1)?[:@/\\\\?#.\t\n a0-9{}|\u{ff0f}]{0,6}(443|3000|api\\.example|@|)[/?#\\\\\\PC]{0,6}",
    ) {
        let config = listing(&["https://api.example", "http://127.0.0.1:3000"]);
        let listed = ["https://api.example", "http://127.0.0.1:3000"];
        let browser = url::Url::parse(&text).ok();
        let goes_to = |url: &url::Url| url.origin().ascii_serialization();
        if check(&config, &metadata(), &text).is_ok() {
            let url = browser.clone().expect("what a browser refuses was accepted");
            prop_assert!(listed.contains(&goes_to(&url).as_str()), "{} leads to {}", text, url);
            prop_assert_eq!((url.username(), url.password()), ("", None));
        }
        // What the platform has written is accepted, whatever it holds.
        if let Some(url) = browser.filter(|url| listed.contains(&goes_to(url).as_str()) && url.username().is_empty() && url.password().is_none()) {
            prop_assert!(check(&config, &metadata(), url.as_str()).is_ok(), "{}", url);
        }
    }

    #[test]
    fn be6_whatever_follows_the_origin_is_no_matter(rest in "[/?#]\\PC{0,20}") {
        let config = listing(&["https://api.example"]);
        let url = url::Url::parse(&["https://api.example", &rest].concat()).unwrap();
        prop_assert!(check(&config, &metadata(), url.as_str()).is_ok(), "{}", url);
    }
}

#[test]
fn be6_without_a_list_the_token_goes_to_the_userinfo_endpoint_alone() {
    assert!(check(&config(), &metadata(), "https://as.example/userinfo").is_ok());
    // Not even to the page's own origin.
    for url in ["https://app.example/api", "https://as.example/", "https://api.example/"] {
        assert_eq!(code(check(&config(), &metadata(), url)), Code::OriginRefused, "{url}");
    }
    let without = metadata_with(|document| document["userinfo_endpoint"] = Value::Null);
    assert_eq!(code(check(&config(), &without, "https://as.example/userinfo")), Code::OriginRefused);
}

#[test]
fn be6_ac22_what_is_listed_is_an_origin_and_secure() {
    let try_listing = |origin: &str| try_config(|settings| settings.resource_origins = vec![origin.into()]);
    for origin in [
        "",
        "api.example",
        "*",
        "https://api.example/path",
        "https://api.example/?q",
        "https://api.example/#f",
        "https://user@api.example",
        "com.example.app:/",
        "https://bücher.example",
    ] {
        assert_eq!(fault(try_listing(origin)), (Code::ConfigInvalid, Some("resource_origins")), "{origin}");
    }
    assert_eq!(fault(try_listing("http://api.example")), (Code::ConfigInvalid, Some("resource_origins")));
    let dangerous = try_config(|settings| {
        settings.resource_origins = vec!["http://api.example".into()];
        settings.dangerously_allow_http = true;
    });
    assert!(dangerous.is_ok());
}

fn refusal(tokens: &TokenSet, status: u16, header: Option<&str>) -> Result<bool, Error> {
    read_refusal(&config(), tokens, status, header, NOW)
}

#[test]
fn be5_an_invalid_token_calls_for_a_fresh_one() {
    let tokens = signed_in();
    for (status, header, expected) in [
        (401, Some("Bearer error=\"invalid_token\""), true),
        (401, Some("Basic realm=\"x\", Bearer realm=\"y\", error=invalid_token"), true),
        // A page sees no header that CORS does not expose.
        (401, None, true),
        (403, None, false),
        (403, Some("Bearer error=\"invalid_token\""), false),
        (401, Some("Bearer realm=\"x\""), false),
        (401, Some("Bearer error=\"invalid_request\""), false),
        (401, Some("Basic realm=\"x\""), false),
        (401, Some("DPoP error=\"invalid_token\""), false),
        (403, Some("Bearer"), false),
    ] {
        assert_eq!(refusal(&tokens, status, header).unwrap(), expected, "{status} {header:?}");
    }
}

#[test]
fn be5_a_challenge_that_cannot_be_read_is_as_one_that_cannot_be_seen() {
    let tokens = signed_in();
    for header in [
        "Bearer scope=\"\" error=\"invalid_token\"",
        "Bearer realm=\"x\" error=\"invalid_token\"",
        "Bearer realm=\"x\"; error=\"invalid_token\"",
        "Bearer; error=\"invalid_token\"",
        "Bearer error='invalid_token', error_description='The token has expired'",
        "Bearer error='insufficient_scope'",
        "Bearer error=\"expired_token\"",
        "Bearer",
        "bearer ",
        "Bearer,",
        "Basic realm=\"x\", Bearer",
        "Bearer error=\"invalid_token",
        "Bearer error:invalid_token",
        "Bearer error=\"invalid_token\", error=\"invalid_token\"",
        "Bearer {\"error\":\"invalid_token\"}",
        "Basic realm=\"x",
        "=",
        "Bearer error=\"\u{fc}",
    ] {
        assert!(refusal(&tokens, 401, Some(header)).unwrap(), "{header}");
        assert!(!refusal(&tokens, 403, Some(header)).unwrap(), "{header}");
    }
    // These can be read.
    for header in ["Basic", "Basic realm=\"x\", Digest", "Bearer realm=\"x\", scope=\"y\"", ""] {
        assert!(!refusal(&tokens, 401, Some(header)).unwrap(), "{header}");
    }
}

/// What a login has to ask for after that challenge, when the granted scope and the claims are these.
fn needed(status: u16, challenge: &str, change: impl FnOnce(&mut Value)) -> (Code, Option<Needed>) {
    let mut tokens = redeem_claims(change).unwrap();
    tokens.scope = "openid files.read".into();
    let error = refusal(&tokens, status, Some(challenge)).unwrap_err();
    assert_eq!(error.status, Some(status));
    (error.code, error.needed.clone())
}

fn scope(scope: &str) -> Option<Needed> {
    Some(Needed { scope: Some(scope.into()), ..Needed::default() })
}

#[test]
fn be5_an_insufficient_scope_is_told_with_what_a_login_has_to_ask_for() {
    let challenge = "Bearer error=\"insufficient_scope\", scope=\"files.write files.read\"";
    let expected = (Code::InsufficientScope, scope("openid files.read files.write"));
    assert_eq!(needed(403, challenge, |_| {}), expected);
    // Whatever its status.
    assert_eq!(needed(401, challenge, |_| {}), expected);
}

#[test]
fn be5_a_scope_that_was_granted_and_is_not_enough_calls_for_no_login() {
    for challenge in ["Bearer error=insufficient_scope", "Bearer error=insufficient_scope, scope=\"files.read\""] {
        assert_eq!(needed(403, challenge, |_| {}), (Code::InsufficientScope, None), "{challenge}");
    }
}

#[test]
fn be5_where_no_scope_was_granted_that_of_the_challenge_is_asked_for() {
    let tokens = TokenSet { scope: String::new(), ..signed_in() };
    let error = refusal(&tokens, 403, Some("Bearer error=insufficient_scope, scope=files")).unwrap_err();
    assert_eq!(error.needed, scope("openid files"));
}

#[test]
fn su1_su2_a_step_up_is_told_with_what_a_login_has_to_ask_for() {
    let challenge = "Bearer error=\"insufficient_user_authentication\", acr_values=\"gold silver\", max_age=\"5\"";
    let expected =
        Needed { scope: Some("openid files.read".into()), acr_values: Some("gold silver".into()), max_age: Some(5) };
    for status in [401, 403] {
        let found = needed(status, challenge, |_| {});
        assert_eq!(found, (Code::InsufficientUserAuthentication, Some(expected.clone())));
    }
    let with_scope = needed(401, "bearer max_age=0, error=insufficient_user_authentication, scope=\"x y\"", |_| {});
    assert_eq!(with_scope.1.unwrap().scope.unwrap(), "openid files.read x y");
}

#[test]
fn su4_a_user_who_was_authenticated_as_asked_is_not_sent_to_do_so_again() {
    let challenge = "Bearer error=insufficient_user_authentication, acr_values=\"gold silver\", max_age=60";
    let met = |acr: &str, seconds: u64| {
        needed(401, challenge, |claims| {
            claims["acr"] = json!(acr);
            claims["auth_time"] = json!(NOW.saturating_sub(seconds));
        })
        .1
        .is_none()
    };
    assert!(met("silver", 60));
    assert!(!met("bronze", 60));
    assert!(!met("silver", 61));
    assert!(needed(401, "Bearer error=insufficient_user_authentication", |_| {}).1.is_none());
}

#[test]
fn be4_of_several_bearer_challenges_the_first_counts() {
    let header = "Bearer error=\"insufficient_scope\", scope=\"a\", Bearer error=\"invalid_token\"";
    assert_eq!(code(refusal(&signed_in(), 403, Some(header))), Code::InsufficientScope);
}
