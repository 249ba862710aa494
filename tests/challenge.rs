//! What a resource server asks for in `WWW-Authenticate` (RFC 9110 section 11.6.1, RFC 6750 section 3, RFC 9470 section 3).
#![cfg(all(not(target_arch = "wasm32"), feature = "client"))]
#![cfg(test)]

use pkce_wasm::client::challenge::{Challenge, Scheme, parse};

const BARE: Challenge = Challenge {
    scheme: Scheme::Bearer,
    error: None,
    error_description: None,
    scope: None,
    realm: None,
    acr_values: None,
    max_age: None,
    resource_metadata: None,
};

fn text(value: &str) -> Option<String> {
    Some(value.into())
}

fn one(header: &str) -> Challenge {
    let challenges = parse(header);
    assert_eq!(challenges.len(), 1, "{header} is {challenges:?}");
    challenges[0].clone()
}

/// The realms of the challenges.
fn realms(header: &str) -> Vec<String> {
    parse(header).into_iter().map(|challenge| challenge.realm.unwrap_or_default()).collect()
}

#[test]
fn be4_the_examples_of_rfc6750_section_3() {
    assert_eq!(one(r#"Bearer realm="example""#), Challenge { realm: text("example"), ..BARE });
    assert_eq!(
        one(r#"Bearer realm="example",
                  error="invalid_token",
                  error_description="The access token expired""#
            .replace('\n', " ")
            .as_str()),
        Challenge {
            realm: text("example"),
            error: text("invalid_token"),
            error_description: text("The access token expired"),
            ..BARE
        }
    );
}

#[test]
fn be4_the_example_of_rfc9110_section_11_6_1_has_no_scheme_that_is_known() {
    assert_eq!(parse(r#"Basic realm="simple", Newauth realm="apps", type=1, title="Login to \"apps\"""#), []);
}

#[test]
fn be4_of_several_challenges_each_keeps_its_own_parameters() {
    let header = r#"Basic realm="b", Bearer error="invalid_token", scope="a b", Negotiate, DPoP algs="ES256", error=use_dpop_nonce, Newauth scope=n"#;
    assert_eq!(
        parse(header),
        [
            Challenge { error: text("invalid_token"), scope: text("a b"), ..BARE },
            Challenge { scheme: Scheme::Dpop, error: text("use_dpop_nonce"), ..BARE },
        ]
    );
}

#[test]
fn be4_a_quoted_string_hides_what_looks_like_a_challenge() {
    assert_eq!(
        parse(r#"Basic realm="a\", Bearer error=\"invalid_token", DPoP realm="x, Bearer realm=\"y\"""#),
        [Challenge { scheme: Scheme::Dpop, realm: text("x, Bearer realm=\"y\""), ..BARE }]
    );
}

#[test]
fn be4_escapes_are_undone_and_other_characters_stay() {
    for (quoted, value) in [
        (r#""""#, ""),
        (r#""\a\\\"""#, "a\\\""),
        (r#""é €""#, "é €"),
        ("\"a\tb\"", "a\tb"),
        (r#""%22+&quot;<b>""#, "%22+&quot;<b>"),
    ] {
        assert_eq!(one(&["Bearer realm=", quoted].concat()).realm.as_deref(), Some(value), "{quoted}");
    }
}

#[test]
fn be4_schemes_and_names_know_no_case_and_values_do() {
    assert_eq!(
        parse("BEARER ERROR=Invalid_Token, dpop Realm=R"),
        [
            Challenge { error: text("Invalid_Token"), ..BARE },
            Challenge { scheme: Scheme::Dpop, realm: text("R"), ..BARE },
        ]
    );
}

#[test]
fn be4_a_token68_stands_alone_and_is_passed_over() {
    for header in
        ["Bearer a.b-c~d+e/f_==", "Negotiate abc=, Bearer", "Bearer realm", "Bearer realm=", "Bearer realm= ,"]
    {
        assert_eq!(parse(header), [BARE], "{header}");
    }
    // Beside it no parameter may stand, and without a challenge none at all.
    assert_eq!(parse("Bearer =a"), []);
    assert_eq!(parse("Bearer abc==, realm=x, DPoP"), [BARE]);
}

#[test]
fn be4_space_is_allowed_where_the_grammar_has_it_and_elements_may_be_empty() {
    for header in ["Bearer realm=x", "Bearer   realm = \"x\"", ",, Bearer ,realm\t=\tx , ,", "\tBearer , , realm=x\t"] {
        assert_eq!(parse(header), [Challenge { realm: text("x"), ..BARE }], "{header:?}");
    }
    for header in ["Bearer", " Bearer ", "Bearer,", ",Bearer ,"] {
        assert_eq!(parse(header), [BARE], "{header:?}");
    }
    for header in ["", " ", ",", "\t, ,"] {
        assert_eq!(parse(header), [], "{header:?}");
    }
}

#[test]
fn be4_what_breaks_the_grammar_ends_the_list() {
    for broken in [
        "Bearer realm=\"open",
        "Bearer realm=\"open\\",
        "Bearer realm=a realm=b",
        "Bearer realm=a b",
        "Bearer realm=a \"b\"",
        "Bearer realm=\"a\"b",
        "Bearer realm=(a)",
        "Bearer realm==a",
        "Bearer !a",
        "Bearer\trealm=a",
        "Bearer\"a\"",
        "Bearer realm=\"a\nb\"",
        "Bearer realm=\"a\0\"",
        "Bearer realm=a; error=b",
        "Bearer: realm=a",
        "\"Bearer\"",
        "=a",
    ] {
        assert_eq!(parse(broken), [], "{broken:?}");
        assert_eq!(realms(&["DPoP realm=kept, ", broken, ", DPoP realm=lost"].concat()), ["kept"], "{broken:?}");
    }
}

#[test]
fn be4_a_parameter_given_twice_leaves_its_challenge_out() {
    for twice in
        ["error=a, error=a", "scope=a, SCOPE=b", "max_age=1, max_age=2", "max_age=x, max_age=2", "realm=\"\", realm=b"]
    {
        assert_eq!(parse(&["Bearer ", twice].concat()), [], "{twice}");
    }
    assert_eq!(realms("Bearer realm=a, Bearer realm=b"), ["a", "b"]);
}

#[test]
fn su1_the_example_of_rfc9470_section_3() {
    let header = r#"Bearer error="insufficient_user_authentication", error_description="A different authentication level is required", acr_values="myACR""#;
    assert_eq!(
        one(header),
        Challenge {
            error: text("insufficient_user_authentication"),
            error_description: text("A different authentication level is required"),
            acr_values: text("myACR"),
            ..BARE
        }
    );
}

#[test]
fn su1_max_age_is_a_token_or_a_quoted_string_in_both_schemes() {
    for (header, max_age) in [
        ("Bearer error=insufficient_user_authentication, max_age=5", 5),
        ("Bearer max_age=\"5\"", 5),
        ("DPoP MAX_AGE=\"0\"", 0),
        ("dpop max_age=18446744073709551615", u64::MAX),
        ("Bearer max_age=007", 7),
    ] {
        assert_eq!(one(header).max_age, Some(max_age), "{header}");
    }
}

#[test]
fn su1_a_max_age_that_is_no_whole_number_is_as_if_it_were_not_there() {
    for max_age in ["-1", "+1", "1.5", "1e3", "\"\"", "\" 5\"", "five", "18446744073709551616", "0x5"] {
        let challenge = one(&["Bearer error=insufficient_user_authentication, max_age=", max_age].concat());
        let expected = Challenge { error: text("insufficient_user_authentication"), ..BARE };
        assert_eq!(challenge, expected, "{max_age}");
    }
}
