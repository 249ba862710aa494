//! What must not be seen is not seen: not in a URL, not in what is printed, not in an error.
#![cfg(all(not(target_arch = "wasm32"), feature = "client"))]
#![cfg(test)]

mod support;

use std::fmt::Debug;

use pkce_wasm::client::session::Session;
use pkce_wasm::client::token::refresh;
use pkce_wasm::client::userinfo;
use pkce_wasm::encoding::base64url;
use pkce_wasm::secret::{Secret, matches};
use pkce_wasm::{Error, Verifier};
use proptest::prelude::*;
use serde_json::json;
use support::entropy::Seeded;
use support::{
    ACCESS_TOKEN, CODE, NOW, REFRESH_TOKEN, answer, code_verifier, come_back, come_back_with, config, exchange, grant,
    json_response, login, metadata, ok, parse, redeem_from, response, response_url, revocations, signed_in, state,
    token_response,
};

/// Every secret of a login, in the clear and as a form or a token would write it.
fn secrets() -> Vec<String> {
    let login = login();
    let secrets = [code_verifier(&login.transaction), CODE.into(), ACCESS_TOKEN.into(), REFRESH_TOKEN.into()];
    let id_token = signed_in().id_token.unwrap().expose().to_owned();
    secrets.iter().cloned().chain(secrets.iter().map(|secret| base64url(secret.as_bytes()))).chain([id_token]).collect()
}

#[track_caller]
fn assert_hides_secrets(printed: &str) {
    for secret in secrets() {
        assert!(!printed.contains(&secret), "{printed} shows {secret}");
    }
}

#[track_caller]
fn assert_prints_no_secret(value: &impl Debug) {
    assert_hides_secrets(&format!("{value:?} {value:#?}"));
}

#[test]
fn pk6_a_verifier_does_not_print_itself() {
    let verifier = Verifier::generate(43, &mut Seeded(1)).unwrap();
    assert!(!format!("{verifier:?} {verifier:#?}").contains(verifier.expose()));
}

#[test]
fn pk6_a_transaction_prints_neither_verifier_nor_state() {
    let login = login();
    assert_prints_no_secret(&login.transaction);
    assert!(!format!("{:?}", login.transaction).contains(&state(&login)));
    assert_prints_no_secret(&login);
    assert_prints_no_secret(&login.transaction.to_record());
}

#[test]
fn ac22_a_callback_does_not_print_its_code() {
    assert_prints_no_secret(&parse(&answer(&login(), &[("code", CODE)])).unwrap());
}

#[test]
fn ac22_a_grant_does_not_print_its_code() {
    assert_prints_no_secret(&grant());
}

#[test]
fn ac22_requests_and_what_is_kept_of_them_print_no_secret() {
    let (request, exchange, _) = exchange();
    assert_prints_no_secret(&request);
    assert_prints_no_secret(&exchange);
    assert_prints_no_secret(&refresh(&config(), &metadata(), signed_in()).unwrap());
    assert_prints_no_secret(&userinfo::request(&metadata(), &signed_in()).unwrap());
    assert_prints_no_secret(&revocations());
}

#[test]
fn ac22_responses_and_tokens_print_no_secret() {
    assert_prints_no_secret(&ok(&json!({"access_token": ACCESS_TOKEN, "refresh_token": REFRESH_TOKEN})));
    assert_prints_no_secret(&signed_in());
    assert_prints_no_secret(&signed_in().to_record());
    assert_prints_no_secret(&Session::new(signed_in()));
    let (_, exchange, nonce) = exchange();
    assert_prints_no_secret(&exchange.finish(&ok(&token_response(&nonce)), NOW).unwrap());
}

#[test]
fn ac22_no_secret_is_in_the_url_of_a_request() {
    let (request, ..) = exchange();
    assert_hides_secrets(&request.url);
    assert_hides_secrets(&login().url);
    assert_hides_secrets(&refresh(&config(), &metadata(), signed_in()).unwrap().0.url);
    assert_hides_secrets(&userinfo::request(&metadata(), &signed_in()).unwrap().url);
    for request in revocations() {
        assert_hides_secrets(&request.url);
    }
}

#[test]
fn ac9_the_key_of_a_record_shows_no_secret() {
    assert_hides_secrets(&login().transaction.key());
}

#[test]
fn ac22_no_error_shows_a_secret() {
    let answers = [
        response(200, Some("text/html"), &secrets().concat()),
        response(400, Some("text/html"), &secrets().concat()),
        response(500, Some("application/json"), &secrets().concat()),
        json_response(400, &json!({"code": CODE, "access_token": ACCESS_TOKEN})),
        ok(&json!({"access_token": [ACCESS_TOKEN], "token_type": "Bearer"})),
        ok(&json!({"access_token": ACCESS_TOKEN, "token_type": REFRESH_TOKEN})),
        ok(&json!({"access_token": ACCESS_TOKEN, "token_type": "Bearer", "id_token": ACCESS_TOKEN})),
    ];
    let mut errors: Vec<Error> = answers.iter().map(|answer| redeem_from(answer).unwrap_err()).collect();
    errors.push(come_back(login().transaction, &response_url(&[("code", CODE), ("state", "forged")])).unwrap_err());
    errors.push(come_back(login().transaction, &response_url(&[("code", CODE)])).unwrap_err());
    errors.push(come_back_with(login(), &[("code", CODE), ("code", CODE)]).unwrap_err());
    errors.push(Verifier::parse([&code_verifier(&login().transaction), "+"].concat()).unwrap_err().into());
    for error in errors {
        assert_prints_no_secret(&error);
        assert_hides_secrets(&error.to_string());
    }
}

#[test]
fn ac22_a_claim_is_no_secret_and_is_not_one_by_accident() {
    // The guard above would be worthless if nothing of the tokens were ever printed.
    let claims = signed_in().claims.unwrap();
    assert!(format!("{claims:?}").contains("alice"));
}

/// The sources that reach the page: the crate's and the package's.
fn shipped_sources() -> Vec<(std::path::PathBuf, String)> {
    fn collect(folder: &std::path::Path, sources: &mut Vec<(std::path::PathBuf, String)>) {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                collect(&path, sources);
            } else if path.extension().is_some_and(|end| end == "rs" || end == "js") {
                let source = std::fs::read_to_string(&path).unwrap();
                sources.push((path, source));
            }
        }
    }
    let mut sources = Vec::new();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    collect(&root.join("src"), &mut sources);
    collect(&root.join("pkg"), &mut sources);
    sources
}

#[test]
fn bb9_no_cookie_is_written_or_read() {
    let sources = shipped_sources();
    assert!(sources.iter().any(|(path, _)| path.ends_with("src/web/text.rs")));
    assert!(sources.iter().any(|(path, _)| path.ends_with("pkg/client/client.js")));
    for (path, source) in sources {
        for name in ["document.cookie", "cookieStore", "CookieStore", "set_cookie", "HtmlDocument"] {
            assert!(!source.contains(name), "{name} in {}", path.display());
        }
    }
}

#[test]
fn pk2_no_weaker_randomness_is_at_hand() {
    for (path, source) in shipped_sources() {
        for name in ["Math.random", "Math::random", "thread_rng", "SmallRng"] {
            assert!(!source.contains(name), "{name} in {}", path.display());
        }
    }
}

proptest! {
    #[test]
    fn pk6_a_secret_prints_the_same_whatever_it_is(one: String, other: String) {
        prop_assert_eq!(format!("{:?}", Secret::new(one)), format!("{:?}", Secret::new(other)));
    }

    #[test]
    fn ac7_secrets_match_exactly_when_they_are_the_same(one in "[a-c]{0,4}", other in "[a-c]{0,4}") {
        prop_assert_eq!(matches(&one, &other), one == other);
        prop_assert_eq!(Secret::new(one.clone()).matches(&other), one == other);
        prop_assert!(matches(&one, one.clone()));
    }
}

/// Forms in which a server may repeat a secret.
fn spellings(secret: &str) -> Vec<String> {
    let escaped: String = secret.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let every_other = secret.char_indices().map(|(place, character)| {
        if place % 2 == 0 { character.to_string() } else { format!("%{:02x}", character as u32) }
    });
    vec![secret.into(), escaped.to_lowercase(), every_other.collect(), escaped]
}

/// A refusal by the server whose every text repeats that secret, as it is told; what stands around is told.
#[track_caller]
fn assert_strikes_out(secret: &str, refuse: impl Fn(&str, &str, &str) -> Error) {
    for spelling in spellings(secret) {
        let uri = format!("https://as.example/help?was={spelling}#x");
        let error = refuse(&format!("bad_{spelling}"), &format!("{spelling} is wrong: {spelling}{spelling}!"), &uri);
        let refusal = error.refusal.as_ref().expect("it is the server's own refusal");
        assert_eq!(refusal.error, "bad_...");
        assert_eq!(refusal.error_description.as_deref(), Some("... is wrong: ......!"));
        assert_eq!(refusal.error_uri.as_deref(), Some("https://as.example/help?was=...#x"));
        assert!(!format!("{error:?} {error}").contains(&spelling));
    }
}

#[test]
fn ac22_what_a_server_says_at_the_callback_repeats_no_secret() {
    for secret in [&state(&login()), &code_verifier(&login().transaction), CODE] {
        assert_strikes_out(secret, |error, description, uri| {
            let login = login();
            let parameters = [("code", CODE), ("error", error), ("error_description", description), ("error_uri", uri)];
            let url = answer(&login, &parameters);
            come_back(login.transaction, &url).unwrap_err()
        });
    }
}

#[test]
fn ac22_what_a_token_endpoint_says_repeats_no_secret() {
    let refused = |error: &str, description: &str, uri: &str| {
        json_response(400, &json!({"error": error, "error_description": description, "error_uri": uri}))
    };
    let record = login().transaction.to_record();
    for secret in [CODE, &support::line(record.expose(), "code_verifier"), &support::line(record.expose(), "state")] {
        assert_strikes_out(secret, |error, description, uri| {
            redeem_from(&refused(error, description, uri)).unwrap_err()
        });
    }
    for secret in [ACCESS_TOKEN, REFRESH_TOKEN] {
        assert_strikes_out(secret, |error, description, uri| {
            let (_, exchange) = refresh(&config(), &metadata(), signed_in()).unwrap();
            exchange.finish(&refused(error, description, uri), NOW).map(|_| ()).unwrap_err()
        });
    }
    assert_strikes_out(ACCESS_TOKEN, |error, description, uri| {
        userinfo::finish(&refused(error, description, uri), &signed_in()).unwrap_err()
    });
}

/// A code of any length and content is a secret; what is as short as a part of a word is none.
#[test]
fn ac22_a_word_of_the_server_is_no_secret() {
    let told = |code: &str, description: &str| {
        let login = login();
        let url = answer(&login, &[("code", code), ("error", "access_denied"), ("error_description", description)]);
        let error = come_back(login.transaction, &url).unwrap_err();
        assert_eq!(error.code, pkce_wasm::Code::AccessDenied);
        error.refusal.as_ref().unwrap().error_description.clone().unwrap()
    };
    for (code, description, expected) in [
        ("a", "a rule said no", "a rule said no"),
        ("rul", "a rule said no", "a rule said no"),
        ("rule", "a rule said no", "a ... said no"),
        ("ä€ %+&=", "got ä€ %+&=", "got ..."),
        ("ä€ %+&=", "got %C3%A4%E2%82%AC%20%25%2B%26%3D.", "got ...."),
        ("0123456789abcdef-and-more", "0123456789abcdef", "..."),
        ("0123456789abcdef-and-more", "0123456789abcde", "0123456789abcde"),
        ("abababac", "ababababac", "ab..."),
    ] {
        assert_eq!(told(code, description), expected, "{code}");
    }
    // Neither takes longer than it has to.
    let (code, description) = ("a".repeat(100_000) + "b", "a".repeat(1_000_000));
    assert_eq!(told(&code, &description), "...".repeat(10));
}
