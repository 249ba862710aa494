//! How and when the user was authenticated: what a login asks for, and what the ID token says (OpenID Connect Core
//! sections 3.1.2.1 and 3.1.3.7, steps 12 and 13).
#![cfg(all(not(target_arch = "wasm32"), feature = "client"))]
#![cfg(test)]

mod support;

use pkce_wasm::client::authorize::{ClaimsRequest, LoginOptions};
use pkce_wasm::client::token::refresh;
use pkce_wasm::{Code, Error, TokenSet, Transaction};
use serde_json::{Value, json};
use support::{
    CODE, NOW, answer, claims, code, come_back, config, config_with, fault, finish, id_token, line, login_with,
    metadata, ok, parameter, token_response, try_login, with_line,
};

const INSUFFICIENT: Code = Code::InsufficientUserAuthentication;

fn max_age(seconds: u32) -> LoginOptions {
    LoginOptions { max_age: Some(seconds), ..LoginOptions::default() }
}

fn acr_values(values: &str) -> LoginOptions {
    LoginOptions { acr_values: Some(values.into()), ..LoginOptions::default() }
}

fn required(values: &str) -> LoginOptions {
    LoginOptions { require_acr: true, ..acr_values(values) }
}

fn claims_request(claims: &Value) -> LoginOptions {
    let claims = ClaimsRequest::parse(claims.to_string()).unwrap();
    LoginOptions { claims: Some(claims), ..LoginOptions::default() }
}

/// A login that makes a request of `acr` in the ID token.
fn acr_request(request: &Value) -> LoginOptions {
    claims_request(&json!({"userinfo": {"acr": null}, "id_token": {"auth_time": {"essential": true}, "acr": request}}))
}

/// A login that asked for that and whose page was left meanwhile. Its ID token has this claim beside the honest ones, and
/// is read at that time, without clock tolerance.
fn redeem_at(now: u64, options: LoginOptions, claim: &str, value: &Value) -> Result<TokenSet, Error> {
    let login = login_with(options);
    let nonce = parameter(&login.url, "nonce").unwrap();
    let url = answer(&login, &[("code", CODE)]);
    let transaction = Transaction::from_record(login.transaction.to_record().expose()).unwrap();
    let config = config_with(|settings| settings.clock_tolerance = 0);
    let (_, exchange) = come_back(transaction, &url).unwrap().into_request(&config);
    let mut claims = claims(&nonce);
    claims[claim] = value.clone();
    let mut answer = token_response(&nonce);
    answer["id_token"] = json!(id_token(&claims));
    finish(exchange, &ok(&answer), now)
}

fn redeem(options: LoginOptions, claim: &str, value: &Value) -> Result<TokenSet, Error> {
    redeem_at(NOW, options, claim, value)
}

#[test]
fn id11_the_user_was_authenticated_within_the_max_age_asked_for() {
    let at = |seconds: u64| json!(NOW.saturating_sub(seconds));
    assert!(redeem(max_age(300), "auth_time", &at(300)).is_ok());
    assert!(redeem(max_age(0), "auth_time", &at(0)).is_ok());
    assert!(redeem(max_age(u32::MAX), "auth_time", &json!(1)).is_ok());
    for (asked, seconds) in [(300, 301), (0, 1), (3600, 86_400)] {
        let tokens = redeem(max_age(asked), "auth_time", &at(seconds));
        assert_eq!(fault(tokens), (INSUFFICIENT, Some("auth_time")), "{seconds} of {asked}");
    }
    // Who did not ask does not care.
    assert!(redeem(LoginOptions::default(), "auth_time", &at(86_400)).is_ok());
}

#[test]
fn id11_a_user_who_takes_time_at_the_server_is_not_asked_again() {
    // Authenticated a second after the login began, back four minutes later.
    let tokens = redeem_at(NOW.saturating_add(240), max_age(0), "auth_time", &json!(NOW.saturating_add(1)));
    assert!(tokens.is_ok());
}

#[test]
fn id11_with_max_age_the_id_token_has_an_auth_time() {
    for wrong in [Value::Null, json!(NOW.to_string()), json!(true), json!([NOW])] {
        let tokens = redeem(max_age(300), "auth_time", &wrong);
        assert_eq!(fault(tokens), (Code::IdTokenInvalid, Some("auth_time")), "{wrong}");
    }
    assert!(redeem(LoginOptions::default(), "auth_time", &Value::Null).is_ok());
}

#[test]
fn id11_nobody_was_authenticated_in_the_future() {
    // A server that counts in milliseconds would pass every max_age.
    for future in [NOW.saturating_add(1), NOW.saturating_mul(1000)] {
        assert_eq!(fault(redeem(max_age(300), "auth_time", &json!(future))), (INSUFFICIENT, Some("auth_time")));
    }
}

#[test]
fn id11_the_clock_tolerance_counts_for_auth_time_too() {
    let redeem = |seconds: i64| {
        let login = login_with(max_age(300));
        let nonce = parameter(&login.url, "nonce").unwrap();
        let url = answer(&login, &[("code", CODE)]);
        let (_, exchange) = come_back(login.transaction, &url).unwrap().into_request(&config());
        let mut claims = claims(&nonce);
        claims["auth_time"] = json!(NOW.saturating_add_signed(seconds));
        support::redeem_from_exchange(exchange, &nonce, |answer| answer["id_token"] = json!(id_token(&claims)))
    };
    assert!(redeem(-360).is_ok() && redeem(60).is_ok());
    assert_eq!(code(redeem(-361)), INSUFFICIENT);
    assert_eq!(code(redeem(61)), INSUFFICIENT);
}

#[test]
fn id11_a_clock_that_is_a_day_wrong_neither_refuses_a_fresh_authentication_nor_accepts_a_stale_one() {
    // The login asks for five minutes and takes four. The server's clock is that many seconds ahead of this machine's, and
    // the user was authenticated that many seconds after the login began.
    let redeem = |ahead: i64, authenticated: i64, tells_the_time: bool| {
        let now = NOW.saturating_add(240);
        let server = |time: u64| time.saturating_add_signed(ahead);
        let login = login_with(max_age(300));
        let nonce = parameter(&login.url, "nonce").unwrap();
        let url = answer(&login, &[("code", CODE)]);
        let transaction = Transaction::from_record(login.transaction.to_record().expose()).unwrap();
        let (_, exchange) = come_back(transaction, &url).unwrap().into_request(&config());
        let mut claims = claims(&nonce);
        claims["iat"] = json!(server(now));
        claims["exp"] = json!(server(now).saturating_add(300));
        claims["auth_time"] = json!(server(NOW).saturating_add_signed(authenticated));
        let mut answer = token_response(&nonce);
        answer["id_token"] = json!(id_token(&claims));
        let mut response = ok(&answer);
        response.date = tells_the_time.then(|| server(now));
        finish(exchange, &response, now)
    };
    for ahead in [86_400, 0, -86_400] {
        // The tolerance is a minute.
        for fresh in [-360, 0, 239, 300] {
            assert!(redeem(ahead, fresh, true).is_ok(), "{ahead} {fresh}");
        }
        for stale in [-361, -3600, -86_400, 301, 86_400] {
            assert_eq!(fault(redeem(ahead, stale, true)), (INSUFFICIENT, Some("auth_time")), "{ahead} {stale}");
        }
        assert_eq!(redeem(ahead, 0, false).is_ok(), ahead == 0, "by this machine's clock alone: {ahead}");
    }
}

#[test]
fn id11_the_acr_is_one_of_those_required() {
    for acr in ["urn:mfa", "phr"] {
        assert!(redeem(required("urn:mfa phr"), "acr", &json!(acr)).is_ok(), "{acr}");
    }
    for wrong in [json!("0"), json!(""), json!("urn:mf"), json!("urn:mfa phr"), json!(["phr"]), json!(1), Value::Null] {
        let tokens = redeem(required("urn:mfa phr"), "acr", &wrong);
        assert_eq!(fault(tokens), (INSUFFICIENT, Some("acr")), "{wrong}");
    }
    assert_eq!(fault(redeem(required("phr"), "name", &json!("Alice"))), (INSUFFICIENT, Some("acr")));
    assert!(redeem(LoginOptions::default(), "acr", &json!("0")).is_ok());
}

#[test]
fn id11_an_acr_that_is_only_asked_for_is_voluntary() {
    for values in ["tenant:acme idp:x", "urn:mfa phr"] {
        for acr in [json!("0"), json!("phr"), json!(""), json!(["phr"]), json!(1), Value::Null] {
            assert!(redeem(acr_values(values), "acr", &acr).is_ok(), "{values} {acr}");
        }
        assert!(redeem(acr_values(values), "name", &json!("Alice")).is_ok(), "{values}");
    }
    // A request for claims is voluntary too, unless it says otherwise.
    for request in [
        json!(null),
        json!({}),
        json!({"values": ["phr"]}),
        json!({"value": "phr"}),
        json!({"essential": false, "values": ["phr"]}),
        json!({"essential": "true", "values": ["phr"]}),
        json!("phr"),
        json!(["phr"]),
    ] {
        assert!(redeem(acr_request(&request), "acr", &json!("0")).is_ok(), "{request}");
    }
    for claims in [
        json!({"userinfo": {"acr": {"essential": true, "values": ["phr"]}}}),
        json!({"acr": {"essential": true, "values": ["phr"]}}),
        json!({"id_token": {"name": {"essential": true, "values": ["phr"]}, "values": {"essential": true}}}),
        json!({"id_token": null}),
        json!({}),
    ] {
        assert!(redeem(claims_request(&claims), "acr", &json!("0")).is_ok(), "{claims}");
    }
}

#[test]
fn id11_an_essential_acr_is_required() {
    for request in [
        json!({"essential": true, "values": ["urn:mfa", "phr"]}),
        json!({"essential": true, "value": "phr"}),
        json!({"values": ["phr"], "essential": true, "value": "0"}),
    ] {
        assert!(redeem(acr_request(&request), "acr", &json!("phr")).is_ok(), "{request}");
        for wrong in [json!("0"), json!("urn:mfa phr"), json!(["phr"]), json!(""), Value::Null] {
            let tokens = redeem(acr_request(&request), "acr", &wrong);
            assert_eq!(fault(tokens), (INSUFFICIENT, Some("acr")), "{request} {wrong}");
        }
    }
    // One is enough where none is named, or those of acr_values.
    let any = || acr_request(&json!({"essential": true}));
    assert!(redeem(any(), "acr", &json!("0")).is_ok());
    for wrong in [json!(""), json!(1), json!(["0"]), Value::Null] {
        assert_eq!(fault(redeem(any(), "acr", &wrong)), (INSUFFICIENT, Some("acr")), "{wrong}");
    }
    assert_eq!(fault(redeem(any(), "name", &json!("Alice"))), (INSUFFICIENT, Some("acr")));
    let named = || LoginOptions { acr_values: Some("phr".into()), ..any() };
    assert!(redeem(named(), "acr", &json!("phr")).is_ok());
    assert_eq!(code(redeem(named(), "acr", &json!("0"))), INSUFFICIENT);
}

#[test]
fn id11_what_is_required_is_one_of_all_that_is_required() {
    let request = json!({"essential": true, "values": ["urn:mfa", "phr"]});
    let both = || LoginOptions { acr_values: Some("0 phr".into()), require_acr: true, ..acr_request(&request) };
    assert!(redeem(both(), "acr", &json!("phr")).is_ok());
    for wrong in ["0", "urn:mfa"] {
        assert_eq!(code(redeem(both(), "acr", &json!(wrong))), INSUFFICIENT, "{wrong}");
    }
    let none = LoginOptions { acr_values: Some("0".into()), require_acr: true, ..acr_request(&request) };
    assert_eq!(fault(try_login(none)), (Code::ConfigInvalid, Some("claims")));
    // Of a request that is not essential only where there is no other.
    let voluntary = || LoginOptions { require_acr: true, ..acr_request(&json!({"values": ["phr"]})) };
    assert!(redeem(voluntary(), "acr", &json!("phr")).is_ok());
    assert_eq!(code(redeem(voluntary(), "acr", &json!("0"))), INSUFFICIENT);
    let other = LoginOptions { acr_values: Some("0".into()), ..voluntary() };
    assert!(redeem(other, "acr", &json!("0")).is_ok());
}

#[test]
fn id11_what_cannot_be_required_is_refused_before_the_login() {
    let nothing = LoginOptions { require_acr: true, ..LoginOptions::default() };
    assert_eq!(fault(try_login(nothing)), (Code::ConfigInvalid, Some("require_acr")));
    for values in [json!([]), json!(["a b"]), json!([""]), json!(["phr", 1]), json!({}), json!(1), json!("a\"b")] {
        let login = try_login(acr_request(&json!({"essential": true, "values": values})));
        assert_eq!(fault(login), (Code::ConfigInvalid, Some("claims")), "{values}");
    }
}

#[test]
fn id11_values_that_no_acr_could_be_are_refused_before_the_login() {
    for values in ["", " phr", "urn:mfa  phr", "a\"b", "ü"] {
        assert_eq!(fault(try_login(acr_values(values))), (Code::ConfigInvalid, Some("acr_values")), "{values:?}");
    }
}

#[test]
fn id11_what_only_an_id_token_can_say_is_not_asked_without_one() {
    for options in [max_age(300), acr_values("phr"), required("phr"), acr_request(&json!({"essential": true}))] {
        let login = try_login(LoginOptions { scope: Some("profile".into()), ..options });
        assert_eq!(fault(login), (Code::ConfigInvalid, Some("scope")));
    }
}

#[test]
fn id11_what_was_asked_for_is_kept_with_the_login_and_sent() {
    let login = login_with(LoginOptions { max_age: Some(0), ..required("urn:mfa phr") });
    let record = login.transaction.to_record();
    for (name, asked) in [("max_age", "0"), ("acr_values", "urn:mfa phr")] {
        assert_eq!(line(record.expose(), name), asked);
        assert_eq!(parameter(&login.url, name).as_deref(), Some(asked));
    }
    // What is only asked for is sent and not enforced.
    let login = login_with(acr_values("urn:mfa phr"));
    assert_eq!(line(login.transaction.to_record().expose(), "acr_values"), "");
    assert_eq!(parameter(&login.url, "acr_values").as_deref(), Some("urn:mfa phr"));
}

#[test]
fn id11_a_record_whose_max_age_cannot_be_read_is_refused() {
    let record = login_with(LoginOptions::default()).transaction.to_record();
    assert!(Transaction::from_record(record.expose()).is_ok());
    for bad in ["\\e", "-1", "soon", "18446744073709551616"] {
        let record = with_line(record.expose(), "max_age", bad);
        assert_eq!(fault(Transaction::from_record(&record)), (Code::TransactionInvalid, Some("max_age")), "{bad:?}");
    }
}

#[test]
fn id11_a_refresh_authenticates_nobody() {
    let tokens = redeem(max_age(300), "auth_time", &json!(NOW)).unwrap();
    let (_, exchange) = refresh(&config(), &metadata(), tokens).unwrap();
    let answer = json!({"access_token": "a2", "token_type": "Bearer"});
    assert!(exchange.finish(&ok(&answer), NOW.saturating_add(86_400)).is_ok());
}
