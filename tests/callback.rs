//! The user comes back (RFC 6749 sections 4.1.2 and 10.12, RFC 9207).
#![cfg(all(not(target_arch = "wasm32"), feature = "client"))]
#![cfg(test)]

mod support;

use pkce_wasm::client::authorize::LoginOptions;
use pkce_wasm::client::callback::unverified_error;
use pkce_wasm::{Authorization, Callback, Code, Error, Grant, Transaction, begin};
use proptest::prelude::*;
use support::entropy::Seeded;
use support::{
    CODE, ISSUER, NOW, REDIRECT_URI, answer, code, come_back, come_back_with, config, config_with, fault, fields,
    login, login_at, login_with, metadata, metadata_with, parse, promises_iss, response_url, state, value,
};

const OTHER_ISSUER: &str = "https://evil.example";

/// The code as the token request will carry it.
fn redeemed(grant: Grant) -> String {
    value(&fields(&grant.into_request(&config()).0), "code").unwrap()
}

fn login_with_promised_iss() -> Authorization {
    login_at(&metadata_with(promises_iss))
}

/// A login with this redirect URI that comes back to that address.
fn round_trip(redirect_uri: &str, callback: impl FnOnce(&str) -> String) -> Result<Grant, Error> {
    let config = config_with(|settings| settings.redirect_uri = redirect_uri.into());
    let login = begin(&config, &metadata(), LoginOptions::default(), &mut Seeded(1), NOW).unwrap();
    let response = format!("code={CODE}&state={}", state(&login));
    let callback = Callback::parse(&callback(&response), redirect_uri).expect("it shows the state");
    login.transaction.accept(&config, callback, NOW)
}

/// A login with this redirect URI that comes back elsewhere: the part of the address that is told.
fn elsewhere(redirect_uri: &str, callback: impl FnOnce(&str) -> String) -> Option<&'static str> {
    let error = round_trip(redirect_uri, callback).unwrap_err();
    assert_eq!(error.code, Code::RedirectUriMismatch);
    assert!(!error.ends_login() && error.restart_helps());
    error.subject
}

#[test]
fn ac7_the_right_answer_is_granted() {
    let grant = come_back_with(login(), &[("code", CODE)]).unwrap();
    assert_eq!(redeemed(grant), CODE);
}

#[test]
fn ac7_a_wrong_state_is_refused() {
    let right = state(&login());
    let shortened: String = right.chars().skip(1).collect();
    for wrong in ["x", &shortened, &right.to_lowercase(), &[&right, "A"].concat(), &[&right, " "].concat()] {
        let url = response_url(&[("code", CODE), ("state", wrong)]);
        assert_eq!(fault(come_back(login().transaction, &url)), (Code::StateMismatch, Some("state")), "{wrong}");
    }
}

#[test]
fn ac7_a_wrong_state_is_refused_before_anything_else_is_said() {
    // An error, another issuer and a late hour: of a forged answer none of it is believed.
    let url = response_url(&[("error", "access_denied"), ("state", "forged"), ("iss", OTHER_ISSUER)]);
    let callback = parse(&url).unwrap();
    let error = login().transaction.accept(&config(), callback, u64::MAX).unwrap_err();
    assert_eq!((error.code, error.refusal.as_ref()), (Code::StateMismatch, None));
}

#[test]
fn ac7_na9_a_url_with_no_state_or_with_two_belongs_to_no_login() {
    for query in [
        "code=c",
        "error=access_denied",
        "code=c&state=",
        "code=c&state=a&state=b",
        "code=c&state=a&state=a",
        "state=&state=a",
    ] {
        assert!(parse(&[REDIRECT_URI, "?", query].concat()).is_none(), "{query}");
    }
    assert!(parse(&format!("{REDIRECT_URI}#state=a&state=a")).is_none());
    assert!(parse(&format!("{REDIRECT_URI}?state=a#state=a")).is_none());
}

#[test]
fn na9_an_address_without_a_state_is_no_callback() {
    for url in [
        REDIRECT_URI,
        "https://app.example/callback?",
        "https://app.example/callback?utm_source=mail",
        "https://app.example/callback?code=&error=&state=",
        "https://app.example/callback?State=x",
        "https://app.example/callback#/orders",
        "https://app.example/callback#_=_",
        "https://app.example/callback#access_token=x",
        "https://app.example/callback#/orders?state=x",
        "https://app.example/",
        "https://app.example/orders?code=1",
        "",
    ] {
        assert!(parse(url).is_none(), "{url}");
    }
    // Whose it is only the logins say that are kept.
    for url in
        ["https://app.example/orders?code=1&state=2", "https://app.example/callback#state=2", "?state=2", "x:?state=2"]
    {
        assert_eq!(parse(url).unwrap().state(), "2", "{url}");
    }
}

#[test]
fn ac7_an_error_that_shows_no_state_is_told_as_unverified_and_within_bounds() {
    let told = |query: &str| unverified_error(&[REDIRECT_URI, query].concat(), REDIRECT_URI);
    assert_eq!(told("?error=access_denied&error_description=x").as_deref(), Some("access_denied"));
    assert_eq!(told("?error=access_denied&state=").as_deref(), Some("access_denied"));
    assert_eq!(told(&format!("?error={}", "x".repeat(200))), Some("x".repeat(128)));
    for query in [
        "",
        "?error=",
        "?error=%22",
        "?error=%FF",
        "?error=a&error=a",
        "?error=a&state=s",
        "?error=a&state=s&state=s",
        "#error=a",
        "/?error=a",
    ] {
        assert_eq!(told(query), None, "{query}");
    }
}

#[test]
fn ac7_an_expired_login_is_refused() {
    let accept = |now| {
        let login = login();
        let callback = parse(&answer(&login, &[("code", CODE)])).unwrap();
        login.transaction.accept(&config(), callback, now)
    };
    assert!(accept(NOW.saturating_add(600)).is_ok());
    assert_eq!(code(accept(NOW.saturating_add(601))), Code::TransactionExpired);
    assert_eq!(code(accept(u64::MAX)), Code::TransactionExpired);
    // A clock that was set back meanwhile does not end a login.
    for back in [60, 86_400, NOW] {
        assert!(accept(NOW.saturating_sub(back)).is_ok(), "{back}");
    }
}

#[test]
fn ac7_a_login_of_another_client_issuer_or_session_name_is_refused() {
    for (config, subject) in [
        (config_with(|settings| settings.issuer = OTHER_ISSUER.into()), "issuer"),
        (config_with(|settings| settings.client_id = "other".into()), "client_id"),
        (config_with(|settings| settings.session_name = "other".into()), "session_name"),
    ] {
        let login = login();
        let callback = parse(&answer(&login, &[("code", CODE)])).unwrap();
        assert_eq!(fault(login.transaction.accept(&config, callback, NOW)), (Code::TransactionInvalid, Some(subject)));
    }
}

#[test]
fn ac2_a_parameter_that_stands_twice_is_refused() {
    for name in ["code", "iss", "error", "error_description", "error_uri"] {
        for (first, second) in [("a", "b"), ("a", "a"), ("", "a"), ("a", "")] {
            let login = login();
            let url = format!("{}&{name}={first}&{name}={second}", answer(&login, &[]));
            assert_eq!(fault(come_back(login.transaction, &url)), (Code::ParameterDuplicated, Some(name)), "{url}");
        }
    }
}

#[test]
fn ac2_a_duplicate_is_found_behind_its_escapes() {
    let login = login();
    let url = [&answer(&login, &[("code", CODE)]), "&c%6Fde=other"].concat();
    assert_eq!(fault(come_back(login.transaction, &url)), (Code::ParameterDuplicated, Some("code")));
    assert!(
        parse(&response_url(&[("code", CODE), ("state", "s"), ("st%61te", "s")])).is_some(),
        "an escaped percent sign"
    );
    assert!(parse(&[&response_url(&[("code", CODE), ("state", "s")]), "&st%61te=s"].concat()).is_none());
}

#[test]
fn ac3_a_parameter_without_a_value_is_as_if_it_were_not_there() {
    assert_eq!(fault(come_back_with(login(), &[("code", "")])), (Code::CodeMissing, Some("code")));
    assert!(come_back_with(login(), &[("code", CODE), ("error", ""), ("iss", "")]).is_ok());
    let missing = come_back_with(login_with_promised_iss(), &[("code", CODE), ("iss", "")]);
    assert_eq!(code(missing), Code::ResponseIssuerMissing);
}

#[test]
fn ac7_an_answer_with_neither_code_nor_error_is_refused() {
    assert_eq!(code(come_back_with(login(), &[])), Code::CodeMissing);
}

#[test]
fn ac10_unknown_parameters_are_ignored_even_twice() {
    let parameters =
        [("code", CODE), ("session_state", "1"), ("x", "1"), ("x", "2"), ("Code", "other"), ("access_token", "t")];
    assert_eq!(redeemed(come_back_with(login(), &parameters).unwrap()), CODE);
}

#[test]
fn ac10_a_code_of_any_length_and_content_is_passed_on_unchanged() {
    let every_vschar: String = (0x20_u8..=0x7E).map(char::from).collect();
    for code in [every_vschar.clone(), every_vschar.repeat(200), "a".repeat(1 << 16), "1".into()] {
        assert_eq!(redeemed(come_back_with(login(), &[("code", &code)]).unwrap()), code);
    }
}

#[test]
fn ac12_a_refusal_is_given_on_in_the_servers_own_words() {
    let error = come_back_with(
        login(),
        &[
            ("error", "invalid_scope"),
            ("error_description", "no <b>such</b> scope"),
            ("error_uri", "https://as.example/help"),
        ],
    )
    .unwrap_err();
    assert_eq!(error.code, Code::AuthorizationRefused);
    let refusal = error.refusal.as_ref().unwrap();
    assert_eq!(refusal.error, "invalid_scope");
    assert_eq!(refusal.error_description.as_deref(), Some("no <b>such</b> scope"));
    assert_eq!(refusal.error_uri.as_deref(), Some("https://as.example/help"));
}

#[test]
fn ac12_an_error_uri_that_is_no_address_of_the_web_is_left_out() {
    let error_uri = |error_uri: &str| {
        let refused = come_back_with(login(), &[("error", "server_error"), ("error_uri", error_uri)]).unwrap_err();
        refused.refusal.clone().unwrap().error_uri
    };
    assert_eq!(error_uri("https://as.example/help#1").as_deref(), Some("https://as.example/help#1"));
    for link in ["javascript:alert(1)", "data:text/html,x", "/help", "https://as.example/\"onclick=", " https://a"] {
        assert_eq!(error_uri(link), None, "{link}");
    }
}

/// A login with these options is refused with that error.
fn refused_with(prompt: Option<&str>, error: &str) -> Error {
    let options = LoginOptions { prompt: prompt.map(Into::into), ..LoginOptions::default() };
    come_back_with(login_with(options), &[("error", error)]).unwrap_err()
}

#[test]
fn id16_the_errors_of_a_login_without_prompt_keep_their_names() {
    for error in ["login_required", "interaction_required", "consent_required", "account_selection_required"] {
        let refused = refused_with(Some("none"), error);
        assert_eq!(refused.code, Code::InteractionRequired);
        assert!(refused.restart_helps() && refused.ends_login());
        assert_eq!(refused.refusal.as_ref().unwrap().error, error);
    }
}

#[test]
fn id16_the_same_errors_of_a_login_that_may_prompt_say_that_it_was_declined() {
    for error in ["login_required", "interaction_required", "consent_required", "account_selection_required"] {
        for prompt in [None, Some("login"), Some("consent select_account"), Some("nonesuch")] {
            let refused = refused_with(prompt, error);
            assert_eq!(refused.code, Code::AccessDenied, "{error} {prompt:?}");
            assert!(refused.restart_helps() && refused.ends_login());
            assert_eq!(refused.refusal.as_ref().unwrap().error, error);
        }
    }
}

#[test]
fn ac12_whether_beginning_again_may_help_is_told_by_what_the_server_says() {
    for (error, code, helps) in [
        ("access_denied", Code::AccessDenied, true),
        ("user_cancelled_login", Code::AccessDenied, true),
        ("user_cancelled_authorize", Code::AccessDenied, true),
        ("user_canceled", Code::AccessDenied, true),
        ("user_denied", Code::AccessDenied, true),
        ("consent_denied", Code::AccessDenied, true),
        ("temporarily_unavailable", Code::AuthorizationRefused, true),
        ("server_error", Code::AuthorizationRefused, true),
        ("invalid_request", Code::AuthorizationRefused, false),
        ("invalid_scope", Code::AuthorizationRefused, false),
        ("unauthorized_client", Code::AuthorizationRefused, false),
        ("user_canc", Code::AuthorizationRefused, false),
        ("server_error ", Code::AuthorizationRefused, false),
        ("invalid_grant server_error", Code::AuthorizationRefused, false),
    ] {
        let refused = refused_with(None, error);
        assert_eq!((refused.code, refused.restart_helps()), (code, helps), "{error}");
        assert!(refused.ends_login());
    }
}

#[test]
fn ac12_a_plus_in_a_description_is_a_space() {
    let login = login();
    let url = format!("{}&error=x&error_description=no+such%2Buser", answer(&login, &[]));
    let error = come_back(login.transaction, &url).unwrap_err();
    assert_eq!(error.refusal.as_ref().unwrap().error_description.as_deref(), Some("no such+user"));
}

#[test]
fn ac12_unknown_errors_keep_their_name_and_a_declined_login_has_its_own_code() {
    for (name, expected) in [
        ("access_denied", Code::AccessDenied),
        ("temporarily_unavailable", Code::AuthorizationRefused),
        ("x-vendor.error", Code::AuthorizationRefused),
        ("ACCESS_DENIED", Code::AuthorizationRefused),
    ] {
        let error = come_back_with(login(), &[("error", name)]).unwrap_err();
        assert_eq!((error.code, error.refusal.as_ref().unwrap().error.as_str()), (expected, name));
    }
}

#[test]
fn ac12_an_error_outside_the_alphabet_of_rfc6749_is_no_answer_of_an_honest_server() {
    for name in ["access\ndenied", "a\"b", "a\\b", "dénié", "\u{202e}", "a\0"] {
        assert_eq!(
            fault(come_back_with(login(), &[("error", name)])),
            (Code::CallbackInvalid, Some("error")),
            "{name:?}"
        );
    }
}

#[test]
fn ac12_an_error_beside_a_code_is_an_error() {
    assert_eq!(code(come_back_with(login(), &[("code", CODE), ("error", "access_denied")])), Code::AccessDenied);
}

#[test]
fn ac25_an_answer_in_the_fragment_is_refused() {
    let state = state(&login());
    let refused = |url: &str| fault(come_back(login().transaction, url));
    for fragment in [
        "access_token=t&token_type=bearer&state=",
        "id_token=a.b.c&state=",
        "code=1&state=",
        "error=x&state=",
        "state=",
        "st%61te=",
    ] {
        let url = [REDIRECT_URI, "#", fragment, &state].concat();
        assert_eq!(refused(&url), (Code::CallbackInvalid, Some("fragment")), "{fragment}");
    }
    for fragment in ["access_token=t", "id_token=a.b.c", "code=1", "error=x"] {
        let url = [&answer(&login(), &[("code", CODE)]), "#", fragment].concat();
        assert_eq!(refused(&url), (Code::CallbackInvalid, Some("fragment")), "{fragment}");
    }
}

#[test]
fn ac25_a_fragment_that_is_no_answer_does_no_harm() {
    for fragment in ["", "_=_", "/orders", "top"] {
        let login = login();
        let url = [&answer(&login, &[("code", CODE)]), "#", fragment].concat();
        assert_eq!(redeemed(come_back(login.transaction, &url).unwrap()), CODE, "{fragment}");
    }
}

#[test]
fn ac10_what_is_not_known_may_hold_anything() {
    for more in ["&x=%FF", "&%FF=x", "&city=Orl%E9ans", "&x=%zz&%", "&&=&==", "&x=\u{1F600}"] {
        let login = login();
        let url = [&answer(&login, &[("code", CODE)]), more].concat();
        assert_eq!(redeemed(come_back(login.transaction, &url).unwrap()), CODE, "{more}");
    }
    let login = login();
    let url = [&answer(&login, &[]), "&code=%FF"].concat();
    assert_eq!(fault(come_back(login.transaction, &url)), (Code::CallbackInvalid, Some("code")));
}

#[test]
fn ac12_the_words_of_a_server_may_be_in_another_encoding() {
    for (sent, said) in [
        ("refus%E9", "refus\u{FFFD}"),
        ("%E2%82+%C3%A9", "\u{FFFD} é"),
        ("%FC%FD%FE%FF", "\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}"),
    ] {
        let login = login();
        let url = format!("{}&error=x&error_description={sent}&error_uri=%E9", answer(&login, &[]));
        let error = come_back(login.transaction, &url).unwrap_err();
        let refusal = error.refusal.as_ref().unwrap();
        assert_eq!((refusal.error_description.as_deref(), refusal.error_uri.as_deref()), (Some(said), None));
    }
}

#[test]
fn na7_the_callback_arrives_at_the_redirect_uri_and_nowhere_else() {
    for (other, part) in [
        ("https://app.example/callback/", "path"),
        ("https://app.example/callback/index.html", "path"),
        ("https://app.example/Callback", "path"),
        ("https://app.example/callbac", "path"),
        ("https://app.example/callback2", "path"),
        ("https://app.example/", "path"),
        ("https://app.example/%63allback", "path"),
        ("https://app.example/x/../callback", "path"),
        ("https://app.example:8443/callback", "host"),
        ("https://evil.example/callback", "host"),
        ("https://app.example.evil.example/callback", "host"),
        ("http://app.example/callback", "scheme"),
        ("com.example.app:/callback", "scheme"),
        ("https://mallory@app.example/callback", "redirect_uri"),
        ("/callback", "redirect_uri"),
    ] {
        assert_eq!(elsewhere(REDIRECT_URI, |response| format!("{other}?{response}")), Some(part), "{other}");
    }
    for (redirect_uri, other, part) in [
        ("com.example.app:/cb", "com.example.app:///cb", "host"),
        ("com.example.app:/cb", "com.example.app://cb", "host"),
        ("com.example.app:/cb", "com.example.app:cb", "path"),
        ("com.example.app:/cb", "com.example.app:/cb/", "path"),
        ("com.example.app://cb:80", "com.example.app://cb", "host"),
        ("com.example.app:/cb", "com.example.apps:/cb", "scheme"),
    ] {
        assert_eq!(elsewhere(redirect_uri, |response| format!("{other}?{response}")), Some(part), "{other}");
    }
}

#[test]
fn na3_na5_every_kind_of_redirect_uri_makes_the_round_trip() {
    for redirect_uri in [
        "https://app.example/callback",
        "https://app.example/callback/",
        "https://app.example/",
        "http://127.0.0.1:49152/cb",
        "http://[::1]:61023/cb",
        "com.example.app:/oauth2redirect/idp",
        "com.example.app:callback",
        "org.bxretail.app://callback",
    ] {
        let granted = round_trip(redirect_uri, |response| format!("{redirect_uri}?{response}")).unwrap();
        assert_eq!(redeemed(granted), CODE, "{redirect_uri}");
    }
}

#[test]
fn na5_the_port_belongs_to_the_address() {
    let other = elsewhere("http://127.0.0.1:49152/cb", |response| format!("http://127.0.0.1:49153/cb?{response}"));
    assert_eq!(other, Some("host"));
}

/// RFC 3986 sections 3.1, 3.2.2 and 6.2.3; the port by which a web address goes without one.
#[test]
fn ac5_the_redirect_uri_may_come_back_in_an_equivalent_spelling() {
    for (redirect_uri, address) in [
        ("https://app.example", "https://app.example/"),
        ("http://localhost:3000", "http://localhost:3000/"),
        ("org.bxretail.app://callback", "org.bxretail.app://callback/"),
        ("org.bxretail.app://callback/", "org.bxretail.app://callback"),
        ("com.Example.MyApp:/cb", "com.example.myapp:/cb"),
        ("com.example.app:/cb", "com.example.App:/cb"),
        ("com.example.app://CB/x", "com.example.app://cb/x"),
        ("https://App.example:443/Cb", "https://app.example/Cb"),
        ("http://LOCALHOST:80", "http://localhost/"),
        ("https://app.example:8443", "https://app.example:8443/"),
    ] {
        let granted = round_trip(redirect_uri, |response| format!("{address}?{response}"));
        assert!(granted.is_ok(), "{redirect_uri} at {address}");
    }
}

#[test]
fn ac4_the_query_of_the_redirect_uri_has_to_be_there_still() {
    for (own, query) in [
        ("tenant=1", "tenant=1&RESPONSE"),
        ("tenant=1", "RESPONSE&tenant=1"),
        ("tenant=1", "x=1&x=2&tenant=1&RESPONSE&utm=%FF"),
        ("a=1&b=2", "b=2&RESPONSE&a=1"),
        ("a=1&b=2", "&&a=1&b=2&&RESPONSE&"),
        ("a=%C3%A9", "%61=%c3%a9&RESPONSE"),
        ("a=%E9", "a=%e9&RESPONSE"),
        ("a=x%20y", "a=x+y&RESPONSE"),
        ("a=1&a=2", "a=2&RESPONSE&a=1"),
        ("a", "a=&RESPONSE"),
        ("", "RESPONSE"),
        // What the redirect URI has of its own is no part of the response.
        ("state=x", "state=x&RESPONSE"),
        ("code=x&iss=y", "code=x&RESPONSE&iss=y"),
    ] {
        let redirect_uri = format!("https://app.example/callback?{own}");
        let granted =
            round_trip(&redirect_uri, |response| format!("{REDIRECT_URI}?{}", query.replace("RESPONSE", response)));
        assert_eq!(redeemed(granted.unwrap()), CODE, "{own} as {query}");
    }
    for (own, query) in [
        ("tenant=1", ""),
        ("tenant=1", "tenant=2&"),
        ("tenant=1", "tenant=12&"),
        ("tenant=1", "Tenant=1&"),
        ("tenant=1", "tenant&"),
        ("tenant=1", "tenant=1&tenant=2&"),
        ("tenant=1", "tenant=2&tenant=1&"),
        ("tenant=1", "tenant=1&ten%61nt=1&"),
        ("tenant=1&x=2", "tenant=1&"),
        ("a=1&a=2", "a=1&a=1&"),
        ("a=1&a=1&a=2", "a=1&a=2&a=2&"),
        ("a=1&a=2", "a=1&"),
        ("a=%2B", "a=+&"),
    ] {
        let redirect_uri = format!("https://app.example/callback?{own}");
        let part = elsewhere(&redirect_uri, |response| format!("{REDIRECT_URI}?{query}{response}"));
        assert_eq!(part, Some("query"), "{own} as {query}");
    }
    let bare = "https://app.example/callback?tenant=1";
    assert!(Callback::parse(bare, bare).is_none());
}

#[test]
fn na7_a_login_is_bound_to_the_redirect_uri_it_began_with() {
    // The configuration changed while the user was away: the callback fits the new one, not the login.
    let login = login();
    let moved = "https://app.example/moved";
    let config = config_with(|settings| settings.redirect_uri = moved.into());
    let url = format!("{moved}?code={CODE}&state={}", state(&login));
    let callback = Callback::parse(&url, moved).unwrap();
    let refused = login.transaction.accept(&config, callback, NOW);
    assert_eq!(fault(refused), (Code::RedirectUriMismatch, Some("path")));
}

#[test]
fn is1_a_wrong_iss_is_refused_also_on_errors() {
    for login in [login, login_with_promised_iss] {
        for iss in [OTHER_ISSUER, "https://as.example/", "https://AS.example", "https://as.example:443"] {
            for parameter in [("code", CODE), ("error", "access_denied")] {
                let error = come_back_with(login(), &[parameter, ("iss", iss)]).unwrap_err();
                assert_eq!((error.code, error.subject), (Code::ResponseIssuerMismatch, Some("iss")), "{iss}");
                assert_eq!(error.refusal, None, "what a stranger says is not passed on");
            }
        }
    }
}

#[test]
fn is1_the_iss_is_compared_after_decoding() {
    let login = login();
    let url = format!("{}&iss=https%3A%2F%2Fas%2Eexample", answer(&login, &[("code", CODE)]));
    assert!(come_back(login.transaction, &url).is_ok());
}

#[test]
fn is2_a_promised_iss_that_is_missing_is_refused_also_on_errors() {
    for parameter in [("code", CODE), ("error", "access_denied")] {
        let refused = come_back_with(login_with_promised_iss(), &[parameter]);
        assert_eq!(fault(refused), (Code::ResponseIssuerMissing, Some("iss")));
    }
    assert!(come_back_with(login_with_promised_iss(), &[("code", CODE), ("iss", ISSUER)]).is_ok());
}

#[test]
fn is2_the_promise_survives_the_page() {
    let login = login_with_promised_iss();
    let url = answer(&login, &[("code", CODE)]);
    let transaction = Transaction::from_record(login.transaction.to_record().expose()).unwrap();
    assert_eq!(code(come_back(transaction, &url)), Code::ResponseIssuerMissing);
}

#[test]
fn is3_the_right_iss_is_accepted_from_a_server_that_did_not_promise_it() {
    assert!(come_back_with(login(), &[("code", CODE), ("iss", ISSUER)]).is_ok());
    assert!(come_back_with(login(), &[("code", CODE)]).is_ok());
}

#[test]
fn ac7_only_the_servers_own_answer_ends_a_login() {
    for parameters in [[("error", "access_denied")], [("error", "server_error")]] {
        assert!(come_back_with(login(), &parameters).unwrap_err().ends_login());
    }
    let forged = [
        come_back(login().transaction, &response_url(&[("code", CODE), ("state", "forged")])),
        come_back_with(login(), &[("error", "access_denied"), ("iss", OTHER_ISSUER)]),
        come_back_with(login_with_promised_iss(), &[("error", "access_denied")]),
    ];
    for refused in forged {
        assert!(!refused.unwrap_err().ends_login());
    }
}

/// Parameters as an attacker would choose them: the known names, any values.
fn hostile_parameters() -> impl Strategy<Value = Vec<(String, String)>> {
    let name = "code|state|iss|error|error_description|error_uri|access_token|\\PC{0,6}";
    let value = prop_oneof![any::<String>(), Just(ISSUER.to_owned()), Just(CODE.to_owned())];
    prop::collection::vec((name, value), 0..8)
}

proptest! {
    #[test]
    fn ac7_no_query_is_granted_without_the_right_state(query in "\\PC*|([a-z_]{1,5}=[%+A-Za-z0-9]{0,8}&?){0,8}") {
        let url = [REDIRECT_URI, "?", &query].concat();
        if let Some(callback) = parse(&url) {
            prop_assert!(login().transaction.accept(&config(), callback, NOW).is_err());
        }
    }

    #[test]
    fn ac7_no_parameters_are_granted_without_the_right_state(parameters in hostile_parameters()) {
        let parameters: Vec<(&str, &str)> =
            parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        if let Some(callback) = parse(&response_url(&parameters)) {
            prop_assert_eq!(
                code(login().transaction.accept(&config(), callback, NOW)),
                Code::StateMismatch
            );
        }
    }

    #[test]
    fn is1_what_is_granted_has_one_state_one_code_and_no_other_issuer(parameters in hostile_parameters()) {
        let parameters: Vec<(&str, &str)> =
            parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let login = login_with_promised_iss();
        let url = answer(&login, &parameters);
        if let Some(callback) = parse(&url)
            && let Ok(grant) = login.transaction.accept(&config(), callback, NOW)
        {
            let of = |wanted: &str| {
                parameters.iter().filter(|(name, _)| *name == wanted).map(|(_, value)| *value).collect::<Vec<_>>()
            };
            prop_assert_eq!(of("state"), Vec::<&str>::new());
            prop_assert_eq!(of("iss"), vec![ISSUER]);
            let code = redeemed(grant);
            prop_assert_eq!(of("code"), vec![code.as_str()]);
            prop_assert!(of("error").iter().all(|error| error.is_empty()));
        }
    }

    #[test]
    fn na9_any_url_can_be_opened(url in "\\PC*|https://app\\.example/callback[?#][a-z=&%0-9#?]{0,30}", redirect_uri: String) {
        let _ = parse(&url);
        let _ = Callback::parse(&url, &redirect_uri);
        let _ = Callback::parse(&redirect_uri, &redirect_uri);
        let _ = unverified_error(&url, &redirect_uri);
    }

    #[test]
    fn na7_an_address_is_the_redirect_uri_or_it_is_refused(address in "https?://app\\.(example|evil)(:[0-9]{1,3})?/(callback|cb)?/?") {
        // The default port is the same address, written out.
        prop_assume!(address.replacen(":443/", "/", 1) != REDIRECT_URI);
        let part = elsewhere(REDIRECT_URI, |response| [&address, "?", response].concat());
        prop_assert!(part.is_some());
    }

    /// Whatever is added, and in whichever order: the parameters of the redirect URI are there or the callback is refused.
    #[test]
    fn ac4_parameters_may_be_added_in_any_order_but_none_of_the_redirect_uris_own_names(
        added in prop::collection::vec("[a-d]=[0-2]", 0..5), place in 0..6_usize,
    ) {
        let own = ["a=1", "b=2"];
        let mut query: Vec<&str> = added.iter().map(String::as_str).chain(own).collect();
        let is_fine = added.iter().all(|pair| !pair.starts_with(['a', 'b']));
        let turn = place.checked_rem(query.len()).unwrap();
        query.rotate_left(turn);
        let redirect_uri = format!("{REDIRECT_URI}?{}", own.join("&"));
        let granted = round_trip(&redirect_uri, |response| format!("{REDIRECT_URI}?{}&{response}", query.join("&")));
        prop_assert_eq!(granted.is_ok(), is_fine);
    }
}

#[test]
fn ac25_a_token_in_a_fragment_with_a_broken_escape_is_refused_all_the_same() {
    let login = login();
    let url = [&answer(&login, &[("code", CODE)]), "#access_token=t&x=%FF"].concat();
    assert_eq!(fault(come_back(login.transaction, &url)), (Code::CallbackInvalid, Some("fragment")));
}
