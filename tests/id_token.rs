//! The claims of an ID token (OpenID Connect Core sections 2 and 3.1.3.7).
#![cfg(all(not(target_arch = "wasm32"), feature = "client"))]
#![cfg(test)]

mod support;

use pkce_wasm::client::authorize::LoginOptions;
use pkce_wasm::encoding::base64url;
use pkce_wasm::{Code, Error, TokenSet};
use proptest::prelude::*;
use serde_json::{Value, json};
use support::{
    CLIENT_ID, CODE, ISSUER, NOW, RS256, SUBJECT, claims, claims_of, code, come_back_with, config, config_with,
    exchange, fault, finish, id_token, json_response, jwt, login, login_with, ok, parameter, redeem, redeem_claims,
    signed, signed_in, token_response, without,
};

const INVALID: Code = Code::IdTokenInvalid;

/// The exchange is answered with an ID token of this header and honest claims.
fn redeem_header(header: &str) -> Result<TokenSet, Error> {
    let (_, exchange, nonce) = exchange();
    let mut answer = token_response(&nonce);
    answer["id_token"] = json!(signed(header, &claims(&nonce).to_string()));
    finish(exchange, &ok(&answer), NOW)
}

/// The exchange is answered with this ID token.
fn redeem_id_token(id_token: &str) -> Result<TokenSet, Error> {
    redeem(|answer| answer["id_token"] = json!(id_token))
}

/// The answer to this login is read at that time, with that tolerance.
fn redeem_at(now: u64, clock_tolerance: u32) -> Result<TokenSet, Error> {
    let config = config_with(|settings| settings.clock_tolerance = clock_tolerance);
    let login = login();
    let nonce = parameter(&login.url, "nonce").unwrap();
    let (_, exchange) = come_back_with(login, &[("code", CODE)]).unwrap().into_request(&config);
    finish(exchange, &ok(&token_response(&nonce)), now)
}

#[test]
fn id2_an_honest_id_token_is_accepted_and_its_claims_are_given() {
    let claims = claims_of(&signed_in());
    assert_eq!((claims["iss"].as_str(), claims["sub"].as_str()), (Some(ISSUER), Some(SUBJECT)));
}

#[test]
fn id1_a_token_that_is_not_three_parts_of_base64url_json_is_refused() {
    let good = id_token(&claims("n"));
    let parts: Vec<&str> = good.split('.').collect();
    let not_json = base64url(b"{");
    for token in [
        "".to_owned(),
        "a".to_owned(),
        "..".to_owned(),
        parts[..2].join("."),
        [&good, "."].concat(),
        [&good, ".a.b"].concat(),
        [parts[0], parts[1], "a+b"].join("."),
        [parts[0], parts[1], "a"].join("."),
        [&not_json, parts[1], parts[2]].join("."),
        [parts[0], &not_json, parts[2]].join("."),
        [parts[0], &base64url(b"[]"), parts[2]].join("."),
        [&base64url(b"\"RS256\""), parts[1], parts[2]].join("."),
        [parts[0], &base64url(&[0xFF, 0xFE]), parts[2]].join("."),
        [&[parts[0], "="].concat(), parts[1], parts[2]].join("."),
        [&good, " "].concat(),
    ] {
        assert_eq!(code(redeem_id_token(&token)), INVALID, "{token:?}");
    }
}

#[test]
fn id1_an_encrypted_id_token_is_refused() {
    let header = base64url(br#"{"alg":"RSA-OAEP","enc":"A256GCM"}"#);
    assert_eq!(code(redeem_id_token(&[&header, "a2V5", "aXY", "Y2lwaGVy", "dGFn"].join("."))), INVALID);
}

#[test]
fn id2_an_id_token_of_another_issuer_is_refused() {
    for issuer in ["https://evil.example", "https://as.example/", "https://AS.example", ""] {
        let tokens = redeem_claims(|claims| claims["iss"] = json!(issuer));
        assert_eq!(fault(tokens), (Code::IdTokenIssuerMismatch, Some("iss")), "{issuer:?}");
    }
}

#[test]
fn id2_id3_id8_id9_id15_a_claim_that_is_missing_or_of_the_wrong_type_is_told() {
    for claim in ["iss", "aud", "exp", "iat", "sub"] {
        assert_eq!(fault(redeem_claims(|claims| without(claims, claim))), (INVALID, Some(claim)));
        let invalid = if claim == "aud" { Code::IdTokenAudienceMismatch } else { INVALID };
        assert_eq!(fault(redeem_claims(|claims| claims[claim] = Value::Null)), (invalid, Some(claim)));
    }
    for claim in ["iss", "sub"] {
        for wrong in [json!(1), json!([ISSUER]), json!({})] {
            assert_eq!(fault(redeem_claims(|claims| claims[claim] = wrong.clone())), (INVALID, Some(claim)), "{wrong}");
        }
    }
    for claim in ["exp", "iat"] {
        for wrong in [json!("1900000000"), json!(true), json!([])] {
            assert_eq!(fault(redeem_claims(|claims| claims[claim] = wrong.clone())), (INVALID, Some(claim)), "{wrong}");
        }
    }
}

#[test]
fn id3_the_audience_is_this_client_as_a_string_or_in_an_array() {
    for audience in [json!(CLIENT_ID), json!([CLIENT_ID])] {
        assert!(redeem_claims(|claims| claims["aud"] = audience.clone()).is_ok(), "{audience}");
    }
}

#[test]
fn id3_any_other_audience_is_refused_also_beside_this_client() {
    for audience in [
        json!("other"),
        json!(""),
        json!([]),
        json!(["other"]),
        json!([CLIENT_ID, "other"]),
        json!(["other", CLIENT_ID]),
        json!([CLIENT_ID, 1]),
        json!(1),
        json!({}),
        json!([[CLIENT_ID]]),
        json!("APP"),
        json!("app "),
    ] {
        let tokens = redeem_claims(|claims| claims["aud"] = audience.clone());
        assert_eq!(fault(tokens), (Code::IdTokenAudienceMismatch, Some("aud")), "{audience}");
    }
}

/// The exchange of a client that trusts those audiences is answered with an ID token of these.
fn redeem_trusting(trusted: &[&str], aud: &Value, azp: Option<Value>) -> Result<TokenSet, Error> {
    let config = config_with(|settings| settings.trusted_audiences = trusted.iter().map(ToString::to_string).collect());
    let login = login();
    let nonce = parameter(&login.url, "nonce").unwrap();
    let (_, exchange) = come_back_with(login, &[("code", CODE)]).unwrap().into_request(&config);
    let mut claims = claims(&nonce);
    claims["aud"] = aud.clone();
    if let Some(azp) = azp {
        claims["azp"] = azp;
    }
    let mut answer = token_response(&nonce);
    answer["id_token"] = json!(id_token(&claims));
    finish(exchange, &ok(&answer), NOW)
}

#[test]
fn id3_audiences_that_are_trusted_by_name_may_stand_beside_this_client() {
    let trusting = |aud: &Value| redeem_trusting(&["project", "api"], aud, Some(json!(CLIENT_ID)));
    for aud in [json!([CLIENT_ID, "project"]), json!(["api", CLIENT_ID, "project"]), json!([CLIENT_ID])] {
        assert!(trusting(&aud).is_ok(), "{aud}");
    }
    for aud in [
        json!("project"),
        json!(["project", "api"]),
        json!([CLIENT_ID, "project", "other"]),
        json!([CLIENT_ID, "Project"]),
        json!([CLIENT_ID, "project api"]),
        json!([CLIENT_ID, "project", ""]),
        json!([CLIENT_ID, "project", 1]),
        json!([CLIENT_ID, ["project"]]),
        json!([CLIENT_ID, null]),
        json!([]),
    ] {
        assert_eq!(fault(trusting(&aud)), (Code::IdTokenAudienceMismatch, Some("aud")), "{aud}");
    }
    // Nobody is trusted who is not named.
    let aud = json!([CLIENT_ID, "project"]);
    assert_eq!(fault(redeem_trusting(&[], &aud, Some(json!(CLIENT_ID)))), (Code::IdTokenAudienceMismatch, Some("aud")));
}

#[test]
fn id4_beside_other_audiences_the_authorized_party_is_there_and_this_client() {
    let aud = json!([CLIENT_ID, "project"]);
    for azp in
        [None, Some(json!("project")), Some(json!("")), Some(Value::Null), Some(json!([CLIENT_ID])), Some(json!(1))]
    {
        let tokens = redeem_trusting(&["project"], &aud, azp.clone());
        assert_eq!(fault(tokens), (Code::IdTokenAudienceMismatch, Some("azp")), "{azp:?}");
    }
    assert!(redeem_trusting(&["project"], &json!([CLIENT_ID, CLIENT_ID]), None).is_ok());
}

#[test]
fn id3_an_audience_that_is_refused_is_told() {
    for (aud, found) in
        [(json!([CLIENT_ID, "project", ""]), Some("app project")), (json!("other"), Some("other")), (json!(7), None)]
    {
        let error = redeem_claims(|claims| claims["aud"] = aud.clone()).unwrap_err();
        assert_eq!(error.found.as_deref(), found, "{aud}");
    }
    let error = redeem_claims(|claims| claims["aud"] = json!([CLIENT_ID, "project"])).unwrap_err();
    assert!(error.to_string().contains("also for others") && error.to_string().ends_with("(aud: found app project)"));
    let error = redeem_header(r#"{"alg":"HS256"}"#).unwrap_err();
    assert_eq!((error.subject, error.found.as_deref()), (Some("alg"), Some("HS256")));
    // Of the user and of the login nothing is told.
    for claim in ["sub", "nonce", "at_hash"] {
        let error = redeem_claims(|claims| claims[claim] = json!("\u{e9}secret")).unwrap_err();
        assert_eq!((error.subject, &error.found), (Some(claim), &None));
    }
}

#[test]
fn id3_an_audience_to_trust_has_a_name() {
    let config = support::try_config(|settings| settings.trusted_audiences = vec!["project".into(), String::new()]);
    assert_eq!(fault(config), (Code::ConfigInvalid, Some("trusted_audiences")));
}

#[test]
fn id4_an_authorized_party_is_this_client() {
    assert!(redeem_claims(|claims| claims["azp"] = json!(CLIENT_ID)).is_ok());
    for azp in [json!("other"), json!(""), json!([CLIENT_ID]), json!(1)] {
        let tokens = redeem_claims(|claims| claims["azp"] = azp.clone());
        assert_eq!(fault(tokens), (Code::IdTokenAudienceMismatch, Some("azp")), "{azp}");
    }
}

#[test]
fn id6_asymmetric_algorithms_are_accepted() {
    for alg in ["RS256", "RS512", "PS256", "ES256", "ES384", "EdDSA", "Ed25519"] {
        assert!(redeem_header(&json!({"alg": alg}).to_string()).is_ok(), "{alg}");
    }
}

#[test]
fn id6_none_and_symmetric_algorithms_are_refused() {
    for alg in ["HS256", "HS384", "HS512"] {
        let header = json!({"alg": alg}).to_string();
        assert_eq!(fault(redeem_header(&header)), (Code::IdTokenAlgUnsupported, Some("alg")), "{alg:?}");
    }
    for alg in ["none", "None", "NONE", "hs256", "HS2567", "", "R", "rs256", "é", "A256KW", "dir"] {
        let header = json!({"alg": alg}).to_string();
        assert_eq!(fault(redeem_header(&header)), (INVALID, Some("alg")), "{alg:?}");
    }
    for header in [r#"{}"#, r#"{"alg":null}"#, r#"{"alg":1}"#, r#"{"alg":["RS256"]}"#] {
        assert_eq!(fault(redeem_header(header)), (INVALID, Some("alg")), "{header}");
    }
}

#[test]
fn id6_a_token_without_a_signature_is_refused_whatever_it_says_of_it() {
    let (_, exchange, nonce) = exchange();
    let mut answer = token_response(&nonce);
    answer["id_token"] = json!(jwt(RS256, &claims(&nonce).to_string(), ""));
    assert_eq!(code(finish(exchange, &ok(&answer), NOW)), INVALID);
}

#[test]
fn id8_an_expired_id_token_is_refused() {
    // It expires 300 seconds after it was issued; 60 of tolerance come on top.
    let at = |seconds: u64, tolerance| redeem_at(NOW.saturating_add(seconds), tolerance);
    assert!(at(299, 0).is_ok());
    assert_eq!(fault(at(300, 0)), (Code::IdTokenExpired, Some("exp")));
    assert!(at(359, 60).is_ok());
    assert_eq!(code(at(360, 60)), Code::IdTokenExpired);
    assert_eq!(code(at(660, 300)), Code::IdTokenExpired);
    for exp in [json!(0), json!(-1), json!(NOW.saturating_sub(60)), json!(-9_007_199_254_740_992_i64)] {
        assert_eq!(code(redeem_claims(|claims| claims["exp"] = exp.clone())), Code::IdTokenExpired, "{exp}");
    }
    assert!(redeem_claims(|claims| claims["exp"] = json!(9_007_199_254_740_992_u64)).is_ok());
}

#[test]
fn id9_an_id_token_of_the_future_is_refused() {
    let at = |seconds: u64, tolerance| redeem_at(NOW.saturating_sub(seconds), tolerance);
    assert!(at(0, 0).is_ok());
    assert_eq!(fault(at(1, 0)), (Code::IdTokenNotYetValid, Some("iat")));
    assert!(at(60, 60).is_ok());
    assert_eq!(code(at(61, 60)), Code::IdTokenNotYetValid);
    let latest = redeem_claims(|claims| claims["iat"] = json!(9_007_199_254_740_992_u64));
    assert_eq!(code(latest), Code::IdTokenNotYetValid);
}

#[test]
fn id9_an_id_token_is_not_used_before_its_nbf() {
    let from = |nbf: serde_json::Value| redeem_claims(|claims| claims["nbf"] = nbf);
    assert!(from(json!(NOW)).is_ok());
    assert!(from(json!(NOW.saturating_add(60))).is_ok());
    assert_eq!(fault(from(json!(NOW.saturating_add(61)))), (Code::IdTokenNotYetValid, Some("nbf")));
    assert_eq!(fault(from(json!("now"))), (Code::IdTokenInvalid, Some("nbf")));
}

#[test]
fn id10_the_nonce_is_the_one_that_was_sent() {
    let (_, _, nonce) = exchange();
    for wrong in [json!(""), json!("other"), json!(nonce.to_lowercase()), json!(1), json!([nonce]), json!(null)] {
        let tokens = redeem_claims(|claims| claims["nonce"] = wrong.clone());
        assert_eq!(fault(tokens), (Code::IdTokenNonceMismatch, Some("nonce")), "{wrong}");
    }
    assert_eq!(code(redeem_claims(|claims| without(claims, "nonce"))), Code::IdTokenNonceMismatch);
}

#[test]
fn id10_an_id_token_that_nobody_asked_for_is_checked_and_left_out_when_it_is_not_right() {
    let redeem = |change: fn(&mut Value)| {
        let login = login_with(LoginOptions { scope: Some("profile".into()), ..LoginOptions::default() });
        let (_, exchange) = come_back_with(login, &[("code", CODE)]).unwrap().into_request(&config());
        let mut claims = claims("unused");
        without(&mut claims, "nonce");
        change(&mut claims);
        let answer = json!({"access_token": "a", "token_type": "Bearer", "id_token": id_token(&claims)});
        finish(exchange, &ok(&answer), NOW)
    };
    assert_eq!(redeem(|_| {}).unwrap().subject().as_deref(), Some(SUBJECT));
    let wrong = redeem(|claims| claims["aud"] = json!("other")).unwrap();
    assert_eq!((wrong.id_token.is_none(), wrong.claims, wrong.id_token_verified_by), (true, None, None));
}

#[test]
fn id8_id9_id11_a_time_that_no_clock_can_show_is_refused() {
    for claim in ["exp", "iat", "nbf", "auth_time"] {
        for time in ["1e400", "-1e400", "1e300", "-1e300", "9007199254740994", "-9007199254740994", "9.1e15"] {
            let (_, exchange, nonce) = exchange();
            let mut claims = claims(&nonce);
            claims[claim] = json!("here");
            let claims = claims.to_string().replace("\"here\"", time);
            let mut answer = token_response(&nonce);
            answer["id_token"] = json!(signed(RS256, &claims));
            assert_eq!(fault(finish(exchange, &ok(&answer), NOW)), (INVALID, Some(claim)), "{time}");
        }
    }
}

/// What is there "if present" is present when it is null (RFC 7515 section 4.1, OpenID Connect Core sections 2 and 3.1.3.6).
#[test]
fn id15_null_is_not_absent_where_it_is_signed() {
    for (claim, expected) in [
        ("azp", Code::IdTokenAudienceMismatch),
        ("nonce", Code::IdTokenNonceMismatch),
        ("nbf", INVALID),
        ("at_hash", INVALID),
    ] {
        assert_eq!(fault(redeem_claims(|claims| claims[claim] = Value::Null)), (expected, Some(claim)));
    }
    for claim in ["auth_time", "acr", "name"] {
        assert!(redeem_claims(|claims| claims[claim] = Value::Null).is_ok(), "nobody asked for {claim}");
    }
    for (header, named) in [
        (r#"{"alg":"RS256","crit":null}"#, "crit"),
        (r#"{"alg":"RS256","kid":null}"#, "kid"),
        (r#"{"alg":null}"#, "alg"),
    ] {
        assert_eq!(fault(redeem_header(header)), (INVALID, Some(named)), "{header}");
    }
}

#[test]
fn id15_a_subject_is_1_to_255_ascii_characters() {
    for subject in ["a", "auth0|12 34", &*"a".repeat(255)] {
        assert!(redeem_claims(|claims| claims["sub"] = json!(subject)).is_ok(), "{subject}");
    }
    for subject in ["", "ä", &*"a".repeat(256)] {
        assert_eq!(fault(redeem_claims(|claims| claims["sub"] = json!(subject))), (INVALID, Some("sub")), "{subject}");
    }
}

#[test]
fn id15_an_extension_that_must_be_understood_is_refused() {
    for header in
        [r#"{"alg":"RS256","crit":["exp"],"exp":1}"#, r#"{"alg":"RS256","crit":[]}"#, r#"{"alg":"RS256","crit":""}"#]
    {
        assert_eq!(fault(redeem_header(header)), (INVALID, Some("crit")), "{header}");
    }
    assert!(redeem_header(r#"{"alg":"RS256","typ":"JWT","x5t":"y","b64":true}"#).is_ok());
}

/// An answer whose ID token has that header, and claims with nothing wrong but those added.
fn redeem_with(header: &str, added: &str) -> Result<TokenSet, Error> {
    let (_, exchange, nonce) = exchange();
    let honest = claims(&nonce).to_string();
    let text = [honest.trim_end_matches('}'), added, "}"].concat();
    let mut answer = token_response(&nonce);
    answer["id_token"] = json!(signed(header, &text));
    finish(exchange, &ok(&answer), NOW)
}

#[test]
fn id15_a_claim_given_twice_is_refused_however_it_is_spelled() {
    // RFC 7519 section 4: nobody could say which one is meant.
    for twice in [
        r#","sub":"bob""#,
        r#","sub":"alice""#,
        r#","\u0073ub":"bob""#,
        r#","s\u0075\u0062":"alice""#,
        r#","aud":"other""#,
        r#","exp":null"#,
        r#","x":1,"x":1"#,
        r#","x\n":1,"\u0078\u000a":2"#,
        r#","\ud83d\ude00":1,"😀":2"#,
        r#","":1,"":2"#,
    ] {
        assert_eq!(fault(redeem_with(RS256, twice)), (INVALID, None), "{twice}");
    }
    // Names that only look alike are two, and what is inside of a claim is the application's.
    for once in [r#","Sub":"bob","sub ":"bob""#, r#","x":{"y":1,"y":2}"#, r#","x":"sub","y":["sub","sub"]"#] {
        assert_eq!(redeem_with(RS256, once).unwrap().subject().as_deref(), Some(SUBJECT), "{once}");
    }
}

#[test]
fn id15_a_header_parameter_given_twice_is_refused_however_it_is_spelled() {
    // RFC 7515 section 4.
    for twice in [
        r#"{"alg":"RS256","alg":"RS256"}"#,
        r#"{"alg":"none","alg":"RS256"}"#,
        r#"{"alg":"RS256","\u0061lg":"none"}"#,
        r#"{"alg":"RS256","kid":null,"kid":null}"#,
        r#"{"alg":"RS256","typ":"JWT","t\u0079p":"JWT"}"#,
    ] {
        assert_eq!(fault(redeem_header(twice)), (INVALID, None), "{twice}");
    }
    assert!(redeem_header(r#"{"alg":"RS256","ALG":"none","typ":"JWT"}"#).is_ok());
}

#[test]
fn id6_a_bad_id_token_spoils_the_whole_answer() {
    // No token set, thus no access token, comes of it.
    let result = redeem_claims(|claims| claims["nonce"] = json!("other"));
    assert!(!format!("{result:?}").contains(support::ACCESS_TOKEN));
    assert!(result.is_err());
}

#[test]
fn ac20_an_id_token_beside_an_error_is_not_looked_at() {
    let (_, exchange, nonce) = exchange();
    let mut answer = token_response(&nonce);
    answer["error"] = json!("invalid_grant");
    assert_eq!(code(finish(exchange, &json_response(400, &answer), NOW)), Code::TokenRefused);
}

proptest! {
    #[test]
    fn id1_anything_can_be_read_as_an_id_token_and_nothing_unsaid_is_accepted(
        token in "\\PC*|[A-Za-z0-9_-]{0,20}(\\.[A-Za-z0-9_-]{0,20}){0,5}",
    ) {
        prop_assert!(redeem_id_token(&token).is_err());
    }

    #[test]
    fn id1_any_header_and_claims_can_be_read(header: String, claims: String, signature: String) {
        prop_assert!(redeem_id_token(&jwt(&header, &claims, &signature)).is_err());
        prop_assert!(redeem_id_token(&jwt(RS256, &claims, &signature)).is_err());
        let _ = redeem_header(&header);
    }

    #[test]
    fn id2_a_claim_may_be_anything_and_what_is_accepted_is_right(
        claim in prop::sample::select(vec!["iss", "sub", "aud", "exp", "iat", "nonce", "azp"]),
        text: String,
        number: f64,
        kind in 0..4,
    ) {
        let wrong = match kind {
            0 => json!(text),
            1 => json!(number),
            2 => json!([text, number]),
            _ => json!({text: number}),
        };
        if let Ok(tokens) = redeem_claims(|claims| claims[claim] = wrong) {
            let claims = claims_of(&tokens);
            prop_assert_eq!(claims["iss"].as_str(), Some(ISSUER));
            prop_assert_eq!(claims["aud"].as_str(), Some(CLIENT_ID));
            prop_assert!(claims["sub"].as_str().is_some_and(|subject| !subject.is_empty()));
        }
    }
}
