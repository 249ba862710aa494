//! The token endpoint (RFC 6749 sections 4.1.3, 5 and 6, RFC 7636 section 4.5).
#![cfg(all(not(target_arch = "wasm32"), feature = "client"))]
#![cfg(test)]

mod support;

use std::fs;
use std::path::Path;

use pkce_wasm::client::authorize::LoginOptions;
use pkce_wasm::client::token::refresh;
use pkce_wasm::http::Response;
use pkce_wasm::pkce::verify;
use pkce_wasm::{Authorization, Code, Error, Metadata, Method, TokenSet, Transaction, begin};
use proptest::prelude::*;
use serde_json::{Value, json};
use support::entropy::Seeded;
use support::{
    ACCESS_TOKEN, CLIENT_ID, CODE, ISSUER, NOW, REDIRECT_URI, REFRESH_TOKEN, SUBJECT, answer, claims, code, come_back,
    come_back_with, config, config_with, document_with, exchange, fault, fields, finish, json_response, login,
    login_at, login_with, metadata, metadata_with, names, ok, parameter, read_json, redeem, redeem_from, response,
    signed_in, state, token_response, value, without,
};

const INVALID: Code = Code::TokenResponseInvalid;

#[test]
fn ac13_the_token_request_carries_what_is_required_and_nothing_else() {
    let login = login();
    let challenge = parameter(&login.url, "code_challenge").unwrap();
    let (request, _) = come_back_with(login, &[("code", CODE)]).unwrap().into_request(&config());
    assert_eq!(names(&request), ["grant_type", "code", "redirect_uri", "client_id", "code_verifier"]);
    let fields = fields(&request);
    assert_eq!(value(&fields, "grant_type").as_deref(), Some("authorization_code"));
    assert_eq!(value(&fields, "code").as_deref(), Some(CODE));
    assert_eq!(value(&fields, "redirect_uri").as_deref(), Some(REDIRECT_URI));
    assert_eq!(value(&fields, "client_id").as_deref(), Some(CLIENT_ID));
    let code_verifier = value(&fields, "code_verifier").unwrap();
    assert!(verify(&code_verifier, &challenge, Method::S256));
}

#[test]
fn ri2_the_resources_of_a_login_are_named_at_the_token_endpoint_too_and_at_every_refresh() {
    let wanted = ["https://a.example/", "https://b.example/x?y=1&z"];
    let resource = Some(wanted.join(" "));
    let login = login_with(LoginOptions { resource, ..LoginOptions::default() });
    let nonce = parameter(&login.url, "nonce").unwrap();
    // The record has to hold them: another page may redeem the code.
    let record = login.transaction.to_record();
    let login = Authorization { transaction: Transaction::from_record(record.expose()).unwrap(), ..login };
    let (request, exchange) = come_back_with(login, &[("code", CODE)]).unwrap().into_request(&config());
    let named = |request| {
        let fields = fields(request).into_iter().filter(|(name, _)| name == "resource");
        fields.map(|(_, value)| value).collect::<Vec<_>>()
    };
    assert_eq!(named(&request), wanted);

    let tokens = finish(exchange, &ok(&token_response(&nonce)), NOW).unwrap();
    assert_eq!(tokens.resource.as_deref(), Some("https://a.example/ https://b.example/x?y=1&z"));
    let (request, exchange) = refresh(&config(), &metadata(), tokens).unwrap();
    assert_eq!(named(&request), wanted);
    let tokens = finish(exchange, &ok(&json!({"access_token": "b", "token_type": "Bearer"})), NOW).unwrap();
    let (request, _) = refresh(&config(), &metadata(), tokens).unwrap();
    assert_eq!(named(&request), wanted, "the second refresh");

    let nowhere = TokenSet { resource: Some(String::new()), ..signed_in() };
    let (request, _) = refresh(&config(), &metadata(), nowhere).unwrap();
    assert_eq!(named(&request), [""; 0], "no place at all");
}

#[test]
fn ra3_the_authorization_details_that_were_granted_are_shown() {
    let granted = json!([{"type": "payment", "amount": "1.50", "id": 7}]);
    let tokens = redeem(|answer| answer["authorization_details"] = granted.clone()).unwrap();
    assert_eq!(tokens.authorization_details.as_ref().map(read_json), Some(granted.clone()));
    assert_eq!(signed_in().authorization_details, None);

    let refreshed = |tokens, answer: Value| {
        let (_, exchange) = refresh(&config(), &metadata(), tokens).unwrap();
        finish(exchange, &ok(&answer), NOW).unwrap()
    };
    let silent = refreshed(tokens, json!({"access_token": "b", "token_type": "Bearer"}));
    assert_eq!(silent.authorization_details.as_ref().map(read_json), Some(granted));
    let less = json!([]);
    let told = json!({"access_token": "c", "token_type": "Bearer", "authorization_details": less});
    assert_eq!(refreshed(silent, told).authorization_details.as_ref().map(read_json), Some(less));
}

#[test]
fn ra3_authorization_details_that_are_no_array_are_refused() {
    for wrong in [json!("[]"), json!({"type": "payment"}), json!(1)] {
        let tokens = redeem(|answer| answer["authorization_details"] = wrong.clone());
        assert_eq!(fault(tokens), (INVALID, Some("authorization_details")), "{wrong}");
    }
}

#[test]
fn ac14_the_token_request_is_a_post_with_nothing_in_its_url() {
    let (request, ..) = exchange();
    assert_eq!(request.url, "https://as.example/token");
}

#[test]
fn ac14_the_query_of_the_token_endpoint_is_kept() {
    let metadata = metadata_with(|document| document["token_endpoint"] = json!("https://as.example/token?t=%7E1"));
    let (request, _) = come_back_with(login_at(&metadata), &[("code", CODE)]).unwrap().into_request(&config());
    assert_eq!(request.url, "https://as.example/token?t=%7E1");
}

#[test]
fn ac15_na8_a_public_client_authenticates_by_no_method() {
    let (request, ..) = exchange();
    assert!(request.bearer.is_none());
    let (refreshing, _) = refresh(&config(), &metadata(), signed_in()).unwrap();
    assert!(refreshing.bearer.is_none());
    for name in names(&request).iter().chain(&names(&refreshing)) {
        assert!(!name.starts_with("client_secret") && !name.starts_with("client_assertion"), "{name}");
    }
}

#[test]
fn ac5_ac13_na5_the_same_redirect_uri_is_sent_to_both_endpoints() {
    for redirect_uri in ["http://127.0.0.1:49152/cb", "org.bxretail.app://callback", "https://App.Example:443/%7Ecb"] {
        let config = config_with(|settings| settings.redirect_uri = redirect_uri.into());
        let login = begin(&config, &metadata(), LoginOptions::default(), &mut Seeded(1), NOW).unwrap();
        assert_eq!(parameter(&login.url, "redirect_uri").as_deref(), Some(redirect_uri));
        let url = format!("{redirect_uri}?code={CODE}&state={}", state(&login));
        let callback = pkce_wasm::Callback::parse(&url, redirect_uri).unwrap();
        let (request, _) = login.transaction.accept(&config, callback, NOW).unwrap().into_request(&config);
        assert_eq!(value(&fields(&request), "redirect_uri").as_deref(), Some(redirect_uri));
    }
}

#[test]
fn ac26_no_other_grant_than_code_and_refresh_is_known() {
    let (request, ..) = exchange();
    let (refreshing, _) = refresh(&config(), &metadata(), signed_in()).unwrap();
    assert_eq!(value(&fields(&request), "grant_type").as_deref(), Some("authorization_code"));
    assert_eq!(value(&fields(&refreshing), "grant_type").as_deref(), Some("refresh_token"));
    let mut grants = 0;
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                grants = fs::read_to_string(path).unwrap().matches("\"grant_type ").count().max(grants);
            }
        }
    }
    assert_eq!(grants, 2, "the two grants, both in one file");
}

#[test]
fn ac16_an_honest_answer_becomes_a_token_set() {
    let tokens = signed_in();
    assert_eq!(tokens.access_token.expose(), ACCESS_TOKEN);
    assert_eq!(tokens.token_type, "Bearer");
    assert_eq!(tokens.expires_at, Some(NOW.saturating_add(3600)));
    assert_eq!(tokens.scope, "openid");
    assert_eq!(tokens.refresh_token.as_ref().unwrap().expose(), REFRESH_TOKEN);
    assert_eq!(tokens.subject().as_deref(), Some(SUBJECT));
    assert_eq!(support::claims_of(&tokens)["iss"], support::ISSUER);
    assert_eq!(tokens.id_token.unwrap().expose().split('.').count(), 3);
}

#[test]
fn ac16_a_missing_access_token_is_told() {
    for missing in [Value::Null, json!("")] {
        let tokens = redeem(|answer| answer["access_token"] = missing.clone());
        assert_eq!(fault(tokens), (Code::AccessTokenMissing, Some("access_token")), "{missing}");
    }
    assert_eq!(code(redeem(|answer| without(answer, "access_token"))), Code::AccessTokenMissing);
}

#[test]
fn ac16_a_missing_token_type_is_told() {
    assert_eq!(fault(redeem(|answer| without(answer, "token_type"))), (INVALID, Some("token_type")));
    assert_eq!(fault(redeem(|answer| answer["token_type"] = Value::Null)), (INVALID, Some("token_type")));
}

#[test]
fn ac16_a_member_that_is_no_string_is_refused_and_told() {
    for member in ["access_token", "token_type", "refresh_token", "id_token"] {
        for wrong in [json!(1), json!(true), json!(["x"]), json!({})] {
            assert_eq!(fault(redeem(|answer| answer[member] = wrong.clone())), (INVALID, Some(member)), "{wrong}");
        }
    }
}

#[test]
fn ac16_unknown_members_are_ignored() {
    let tokens = redeem(|answer| {
        answer["session_state"] = json!("x");
        answer["x"] = json!([{}]);
    });
    assert!(tokens.is_ok());
}

#[test]
fn id15_of_a_member_given_twice_the_last_one_counts() {
    let redeem = |last: &str| {
        let (_, exchange, nonce) = exchange();
        let honest = token_response(&nonce).to_string();
        let body = [honest.trim_end_matches('}'), ",", last, "}"].concat();
        finish(exchange, &response(200, Some("application/json"), &body), NOW)
    };
    assert_eq!(redeem(r#""access_token":"last""#).unwrap().access_token.expose(), "last");
    assert_eq!(fault(redeem(r#""token_type":"mac""#)), (Code::TokenTypeUnsupported, Some("token_type")));
    assert_eq!(fault(redeem(r#""access_token":null"#)), (Code::AccessTokenMissing, Some("access_token")));
}

#[test]
fn ac16_a_body_that_is_not_a_json_object_is_refused() {
    for content_type in [Some("application/json"), Some("text/html"), Some("text/plain"), None] {
        for body in [
            "<!doctype html><title>Oops</title>",
            "access_token=a&token_type=bearer",
            "",
            "[]",
            "null",
            "\"a\"",
            "{\"access_token\":\"a\"",
            "{\"access_token\":\"a\",\"token_type\":\"Bearer\"}}",
        ] {
            let error = redeem_from(&response(200, content_type, body)).unwrap_err();
            assert_eq!((error.code, error.status), (INVALID, Some(200)), "{content_type:?} {body}");
        }
    }
}

/// The answer to a login without `openid` at a server with that token endpoint.
fn redeem_at(token_endpoint: &str, answer: &Response) -> Result<TokenSet, Error> {
    let config = config_with(|settings| {
        settings.scope = "files".into();
        settings.dangerously_allow_http = true;
    });
    let document = document_with(|document| document["token_endpoint"] = json!(token_endpoint));
    let metadata = Metadata::from_json(&document.to_string(), ISSUER, true).unwrap();
    let login = begin(&config, &metadata, LoginOptions::default(), &mut Seeded(7), NOW).unwrap();
    let url = support::answer(&login, &[("code", CODE)]);
    let (_, exchange) = come_back(login.transaction, &url).unwrap().into_request(&config);
    finish(exchange, answer, NOW)
}

#[test]
fn ac16_over_tls_or_within_the_machine_the_body_decides_what_is_success() {
    let body = json!({"access_token": "a", "token_type": "Bearer"});
    for status in [200, 201, 202] {
        for content_type in [Some("application/json"), Some("text/plain"), Some("text/html"), Some(""), None] {
            let answer = response(status, content_type, &body.to_string());
            for endpoint in ["https://as.example/token", "http://localhost:8080/token", "http://[::1]/token"] {
                assert!(redeem_at(endpoint, &answer).is_ok(), "{status} {content_type:?} {endpoint}");
            }
            // Anybody on the network may have made that answer.
            let far = redeem_at("http://as.example/token", &answer).map(|_| ()).map_err(|error| error.code);
            let is_as_specified = status == 200 && content_type == Some("application/json");
            assert_eq!(far, if is_as_specified { Ok(()) } else { Err(INVALID) }, "{status} {content_type:?}");
        }
    }
    for status in [203, 204, 205, 206, 207, 226, 400, 404] {
        let error = redeem_at("https://as.example/token", &json_response(status, &body)).unwrap_err();
        assert_eq!((error.code, error.status), (INVALID, Some(status)));
    }
}

#[test]
fn sb7_a_redirect_of_the_token_endpoint_is_never_followed() {
    for status in [301, 302, 303, 307, 308] {
        for answer in [json_response(status, &token_response("n")), response(status, Some("text/html"), "")] {
            let error = redeem_from(&answer).unwrap_err();
            assert_eq!((error.code, error.status), (Code::RedirectNotFollowed, Some(status)));
        }
    }
}

#[test]
fn ac22_a_token_that_a_header_or_a_form_cannot_carry_is_refused() {
    for character in (0..=0xFF).filter_map(char::from_u32).chain(['\u{2028}', '\u{FEFF}', '\u{1F600}']) {
        for token in [format!("a{character}b"), character.to_string()] {
            let access_token = redeem(|answer| answer["access_token"] = json!(token)).map(|_| ());
            let refresh_token = redeem(|answer| answer["refresh_token"] = json!(token)).map(|_| ());
            if character.is_ascii_graphic() {
                access_token.unwrap();
                refresh_token.unwrap();
                continue;
            }
            assert_eq!(fault(access_token), (Code::TokenResponseInvalid, Some("access_token")), "{character:?}");
            if character == ' ' {
                refresh_token.unwrap();
            } else {
                assert_eq!(fault(refresh_token), (Code::TokenResponseInvalid, Some("refresh_token")), "{character:?}");
            }
        }
    }
}

#[test]
fn ac17_the_token_type_knows_no_case_and_is_kept_as_it_came() {
    for token_type in ["Bearer", "bearer", "BEARER"] {
        assert_eq!(redeem(|answer| answer["token_type"] = json!(token_type)).unwrap().token_type, token_type);
    }
}

#[test]
fn ac17_a_token_of_an_unknown_type_is_refused() {
    for token_type in ["mac", "DPoP", "N_A", "", "Bearer ", "bearer,mac"] {
        let tokens = redeem(|answer| answer["token_type"] = json!(token_type));
        assert_eq!(fault(tokens), (Code::TokenTypeUnsupported, Some("token_type")), "{token_type:?}");
    }
}

#[test]
fn ac18_an_absent_lifetime_is_unknown() {
    assert_eq!(redeem(|answer| without(answer, "expires_in")).unwrap().expires_at, None);
    assert_eq!(redeem(|answer| answer["expires_in"] = Value::Null).unwrap().expires_at, None);
}

#[test]
fn ac18_a_lifetime_is_a_number_or_one_in_a_string() {
    for (lifetime, seconds) in [
        (json!(0), 0),
        (json!(1), 1),
        (json!(3600.0), 3600),
        (json!("3600"), 3600),
        (json!(4_294_967_296_u64), 4_294_967_296),
    ] {
        let tokens = redeem(|answer| answer["expires_in"] = lifetime.clone()).unwrap();
        assert_eq!(tokens.expires_at, Some(NOW.saturating_add(seconds)), "{lifetime}");
    }
}

#[test]
fn ac18_a_lifetime_that_is_negative_has_expired() {
    for lifetime in [json!(-1), json!(-0.5), json!(-1e300), json!("-1"), json!("-0.1"), json!(-0.0)] {
        let tokens = redeem(|answer| answer["expires_in"] = lifetime.clone()).unwrap();
        assert_eq!((tokens.expires_at, tokens.expires_in), (Some(NOW), Some(0)), "{lifetime}");
    }
    let body = r#"{"access_token":"a","token_type":"Bearer","expires_in":-1e400}"#;
    let tokens = redeem_at("https://as.example/token", &response(200, None, body)).unwrap();
    assert_eq!(tokens.expires_at, Some(NOW));
}

#[test]
fn ac18_a_lifetime_that_is_no_number_is_as_if_it_were_missing() {
    for lifetime in [
        json!(""),
        json!("soon"),
        json!("3600s"),
        json!("0x10"),
        json!("3 600"),
        json!("1,5"),
        json!("[1]"),
        json!(true),
        json!([1]),
        json!({"seconds": 1}),
    ] {
        let tokens = redeem(|answer| answer["expires_in"] = lifetime.clone()).unwrap();
        assert_eq!((tokens.expires_at, tokens.expires_in), (None, None), "{lifetime}");
    }
    for (lifetime, seconds) in [("3599.99", 3599), ("3.6e3", 3600), ("60.0", 60)] {
        let tokens = redeem(|answer| answer["expires_in"] = json!(lifetime)).unwrap();
        assert_eq!(tokens.expires_in, Some(seconds), "{lifetime}");
    }
}

#[test]
fn ac18_a_lifetime_beyond_every_clock_is_unknown() {
    for lifetime in ["1e300", "1e400", "9007199254740992", "9007197454740992", "\"18446744073709551615\""] {
        let body = format!(r#"{{"access_token":"a","token_type":"Bearer","expires_in":{lifetime}}}"#);
        let (_, exchange) = refresh(&config(), &metadata(), signed_in()).unwrap();
        let tokens = finish(exchange, &response(200, Some("application/json"), &body), NOW).unwrap();
        assert_eq!((tokens.expires_at, tokens.expires_in), (None, None), "{lifetime}");
    }
}

/// No later step refuses the tokens for it: JavaScript holds every number of them exactly.
#[test]
fn ac18_no_lifetime_overflows_the_clock() {
    for (lifetime, now, expected) in [
        (9_007_199_254_740_991_u64 - NOW, NOW, Some(9_007_199_254_740_991)),
        (9_007_199_254_740_991, NOW, None),
        (3_153_600_000, NOW, Some(NOW + 3_153_600_000)),
        (60, u64::MAX, None),
    ] {
        let mut answer = token_response("unused");
        answer["expires_in"] = json!(lifetime);
        without(&mut answer, "id_token");
        let (_, exchange) = refresh(&config(), &metadata(), signed_in()).unwrap();
        let tokens: TokenSet = finish(exchange, &ok(&answer), now).unwrap();
        assert_eq!(tokens.expires_at, expected);
    }
}

#[test]
fn ac19_the_scope_granted_is_the_one_asked_for_unless_the_server_says_otherwise() {
    assert_eq!(redeem(|answer| answer["scope"] = json!("openid profile")).unwrap().scope, "openid profile");
    assert_eq!(signed_in().scope, "openid");
    let login = login_with(LoginOptions { scope: Some("a b".into()), ..LoginOptions::default() });
    let (_, exchange) = come_back_with(login, &[("code", CODE)]).unwrap().into_request(&config());
    let tokens: TokenSet = finish(exchange, &ok(&json!({"access_token": "a", "token_type": "Bearer"})), NOW).unwrap();
    assert_eq!((tokens.scope.as_str(), tokens.refresh_token.is_none()), ("a b", true));
}

#[test]
fn ac19_a_scope_that_is_a_list_is_joined_and_any_other_is_refused() {
    for (scope, expected) in [
        (json!(["user:read", "chat"]), "user:read chat"),
        (json!(["one"]), "one"),
        (json!([]), ""),
        (json!([""]), ""),
        (json!(["", "a", ""]), "a"),
        (json!(""), ""),
    ] {
        assert_eq!(redeem(|answer| answer["scope"] = scope.clone()).unwrap().scope, expected, "{scope}");
    }
    for scope in [json!(1), json!(true), json!({}), json!(["a", 1]), json!([["a"]]), json!([null])] {
        assert_eq!(fault(redeem(|answer| answer["scope"] = scope.clone())), (INVALID, Some("scope")), "{scope}");
    }
}

#[test]
fn ac16_members_that_nothing_reads_are_given_whole_and_bounded() {
    let extra =
        |tokens: &TokenSet| tokens.extra.as_ref().map(|text| serde_json::from_str::<Value>(text.expose()).unwrap());
    assert_eq!(extra(&signed_in()), None);
    let tokens = redeem(|answer| {
        answer["patient"] = json!("1");
        answer["nested"] = json!({"a": [1, null, "\u{e9}\n\""]});
    })
    .unwrap();
    let told = json!({"patient": "1", "nested": {"a": [1, null, "\u{e9}\n\""]}});
    assert_eq!(extra(&tokens), Some(told.clone()));
    // They stay in the record, and until a refresh brings others.
    let tokens = TokenSet::from_record(tokens.to_record().expose()).unwrap();
    let refreshed = |tokens, answer: Value| {
        let (_, exchange) = refresh(&config(), &metadata(), tokens).unwrap();
        finish(exchange, &ok(&answer), NOW).unwrap()
    };
    let tokens = refreshed(tokens, json!({"access_token": "b", "token_type": "Bearer"}));
    assert_eq!(extra(&tokens), Some(told));
    let tokens = refreshed(tokens, json!({"access_token": "c", "token_type": "Bearer", "x": 1}));
    assert_eq!(extra(&tokens), Some(json!({"x": 1})));
    assert!(!format!("{:?}", redeem(|answer| answer["device_secret"] = json!("hunter2"))).contains("hunter2"));

    for length in [4000, 4086, 4087, 4088, 4089, 100_000] {
        let tokens = redeem(|answer| {
            answer["a"] = json!("x".repeat(length));
            answer["b"] = json!(1);
        })
        .unwrap();
        let text = tokens.extra.as_ref().unwrap().expose();
        assert!(text.len() <= 4096, "{}", text.len());
        assert_eq!(extra(&tokens).unwrap().get("a").is_some(), length <= 4088, "{length}");
    }
}

#[test]
fn ac20_an_error_refuses_whatever_else_is_there() {
    for status in [200, 201, 202, 400, 401, 404] {
        for content_type in [Some("application/json"), Some("text/html"), Some("text/plain"), None] {
            let mut answer = token_response("n");
            answer["error"] = json!("bad_verification_code");
            answer["error_description"] = json!("it is wrong");
            let error = redeem_from(&response(status, content_type, &answer.to_string())).unwrap_err();
            assert_eq!((error.code, error.status), (Code::TokenRefused, Some(status)));
            let refusal = error.refusal.as_ref().unwrap();
            assert_eq!(refusal.error, "bad_verification_code");
            assert_eq!(refusal.error_description.as_deref(), Some("it is wrong"));
        }
    }
    let object = json!({"error": {"message": "used before", "type": "OAuthException", "code": 100}});
    let error = redeem_from(&json_response(400, &object)).unwrap_err();
    assert_eq!(error.code, Code::TokenRefused);
    let refusal = error.refusal.as_ref().unwrap();
    assert_eq!((refusal.error.as_str(), refusal.error_description.as_deref()), ("OAuthException", Some("used before")));
}

#[test]
fn ac20_an_error_that_says_nothing_refuses_nothing() {
    for error in [Value::Null, json!(""), json!(false), json!(0), json!([]), json!({}), json!({"code": 1})] {
        assert!(redeem(|answer| answer["error"] = error.clone()).is_ok(), "{error}");
    }
}

#[test]
fn ac20_a_server_that_fails_is_told_in_its_words_and_ends_no_grant() {
    for (status, word) in
        [(500, "server_error"), (503, "temporarily_unavailable"), (502, "invalid_grant"), (429, "slow_down")]
    {
        let body = json!({"error": word, "error_description": "later"}).to_string();
        let answer = Response { retry_after: Some(7), ..response(status, Some("text/html"), &body) };
        let error = redeem_from(&answer).unwrap_err();
        assert_eq!((error.code, error.status, error.retry_after), (Code::ServerError, Some(status), Some(7)));
        assert_eq!(error.refusal.as_ref().unwrap().error, word);
        assert!(!error.is_invalid_grant() && error.code.retryable());
    }
}

#[test]
fn id16_an_id_token_that_nobody_asked_for_is_not_needed() {
    let endpoint = "https://as.example/token";
    let header = |alg: &str| support::jwt(&json!({"alg": alg}).to_string(), &claims("n").to_string(), "s");
    for id_token in
        [json!(""), Value::Null, json!(7), json!({}), json!("a.b.c"), json!(header("HS256")), json!(header("none"))]
    {
        for granted in ["files", "openid files"] {
            let answer = json!({"access_token": "a", "token_type": "Bearer", "id_token": id_token, "scope": granted});
            let tokens = redeem_at(endpoint, &ok(&answer)).unwrap();
            assert_eq!((tokens.id_token.is_none(), tokens.claims.is_none()), (true, true), "{id_token}");
            assert_eq!(tokens.id_token_verified_by, None);
        }
    }
}

#[test]
fn ac20_a_refusal_in_json_is_given_on_with_its_status() {
    for status in [400, 401, 403] {
        let answer = json!({
            "error": "invalid_client",
            "error_description": "unknown client",
            "error_uri": "https://as.example/help",
        });
        let error = redeem_from(&json_response(status, &answer)).unwrap_err();
        assert_eq!((error.code, error.status), (Code::TokenRefused, Some(status)));
        let refusal = error.refusal.as_ref().unwrap();
        assert_eq!(refusal.error, "invalid_client");
        assert_eq!(refusal.error_description.as_deref(), Some("unknown client"));
        assert_eq!(refusal.error_uri.as_deref(), Some("https://as.example/help"));
    }
}

#[test]
fn pk10_a_verifier_that_does_not_match_is_an_invalid_grant() {
    let error = redeem_from(&json_response(400, &json!({"error": "invalid_grant"}))).unwrap_err();
    assert_eq!(error.code, Code::TokenRefused);
    assert!(error.is_invalid_grant() && error.restart_helps());
    let other = redeem_from(&json_response(400, &json!({"error": "invalid_client"}))).unwrap_err();
    assert!(!other.is_invalid_grant() && !other.restart_helps());
}

#[test]
fn ac20_an_error_uri_that_is_no_address_of_the_web_is_left_out() {
    let refused = json!({"error": "invalid_client", "error_uri": "javascript:alert(1)"});
    let error = redeem_from(&json_response(400, &refused)).unwrap_err();
    assert_eq!(error.refusal.as_ref().unwrap().error_uri, None);
}

#[test]
fn ac20_a_refusal_that_is_not_json_is_told_by_its_status_and_its_body_by_nothing() {
    for (status, expected) in [
        (400, INVALID),
        (404, INVALID),
        (418, INVALID),
        (429, Code::ServerError),
        (500, Code::ServerError),
        (502, Code::ServerError),
        (599, Code::ServerError),
    ] {
        let error = redeem_from(&response(status, Some("text/html"), "<p>code_verifier=hunter2</p>")).unwrap_err();
        assert_eq!((error.code, error.status), (expected, Some(status)));
        assert_eq!(error.refusal, None);
        assert!(!format!("{error:?} {error}").contains("hunter2"));
    }
    for answer in [json!({}), json!({"error": 1}), json!(["error"]), json!({"error": null})] {
        assert_eq!(code(redeem_from(&json_response(400, &answer))), INVALID, "{answer}");
    }
}

#[test]
fn ac20_a_server_that_failed_may_be_asked_again() {
    let error = redeem_from(&json_response(503, &json!({"error": "temporarily_unavailable"}))).unwrap_err();
    assert_eq!(error.code, Code::ServerError);
    assert!(error.code.retryable());
}

#[test]
fn id16_without_the_id_token_that_was_asked_for_there_is_no_login() {
    let tokens = redeem(|answer| without(answer, "id_token"));
    assert_eq!(fault(tokens), (Code::IdTokenMissing, Some("id_token")));
}

#[test]
fn ac22_no_secret_is_in_the_url_of_any_request() {
    let (request, ..) = exchange();
    let (refreshing, _) = refresh(&config(), &metadata(), signed_in()).unwrap();
    for url in [request.url, refreshing.url] {
        for secret in [CODE, ACCESS_TOKEN, REFRESH_TOKEN] {
            assert!(!url.contains(secret), "{url}");
        }
    }
}

proptest! {
    #[test]
    fn ac16_any_answer_can_be_read_and_what_is_accepted_has_a_token(status: u16, content_type: Option<String>, body: String) {
        let _ = redeem_from(&response(status, content_type.as_deref(), &body));
        prop_assert!(redeem_from(&response(200, Some("application/json"), &body)).is_err());
    }

    #[test]
    fn ac16_a_member_of_the_answer_may_be_anything(
        member in prop::sample::select(vec!["access_token", "token_type", "expires_in", "scope", "refresh_token", "id_token"]),
        text: String,
        number: f64,
        kind in 0..4,
    ) {
        let member_value = match kind {
            0 => json!(text),
            1 => json!(number),
            2 => json!([text]),
            _ => json!({text: number}),
        };
        if let Ok(tokens) = redeem(|answer| answer[member] = member_value) {
            prop_assert!(!tokens.access_token.expose().is_empty());
            prop_assert!(tokens.token_type.eq_ignore_ascii_case("bearer"));
            prop_assert!(tokens.expires_at.is_none_or(|time| time >= NOW));
            prop_assert_eq!(tokens.subject(), Some(SUBJECT.to_owned()));
        }
    }

    #[test]
    fn ac13_a_code_survives_the_form(code in "[ -~]{1,60}|\\PC{1,20}") {
        let (request, _) = come_back_with(login(), &[("code", &code)]).unwrap().into_request(&config());
        prop_assert_eq!(value(&fields(&request), "code"), Some(code));
    }
}

#[test]
fn na11_the_secret_of_a_public_client_is_sent_where_it_is_named() {
    let config = config_with(|settings| settings.public_client_secret = Some("GOCSPX-none".into()));
    let login = begin(&config, &metadata(), LoginOptions::default(), &mut Seeded(7), NOW).unwrap();
    assert!(!login.url.contains("GOCSPX"), "it is no parameter of the authorization request");
    let url = answer(&login, &[("code", CODE)]);
    let (request, _) = come_back(login.transaction, &url).unwrap().into_request(&config);
    assert_eq!(value(&fields(&request), "client_secret").as_deref(), Some("GOCSPX-none"));
    let (request, _) = refresh(&config, &metadata(), signed_in()).unwrap();
    assert_eq!(value(&fields(&request), "client_secret").as_deref(), Some("GOCSPX-none"));
    let (request, _) = refresh(&support::config(), &metadata(), signed_in()).unwrap();
    assert_eq!(value(&fields(&request), "client_secret"), None);
}
