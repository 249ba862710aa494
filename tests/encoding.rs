//! base64url (RFC 4648 section 5) and forms (RFC 6749 appendix B).
#![cfg(all(not(target_arch = "wasm32"), feature = "client"))]
#![cfg(test)]

use pkce_wasm::encoding::{Form, base64url, decimal, form_pairs, from_base64url};
use proptest::prelude::*;

fn pairs(form: &str) -> Vec<(String, String)> {
    form_pairs(form).unwrap()
}

fn pair(name: &str, value: &str) -> (String, String) {
    (name.into(), value.into())
}

#[test]
fn base64url_has_the_alphabet_of_rfc4648_section_5_and_no_padding() {
    for (bytes, text) in [
        (&b""[..], ""),
        (b"f", "Zg"),
        (b"fo", "Zm8"),
        (b"foo", "Zm9v"),
        (b"foobar", "Zm9vYmFy"),
        (&[0xFB, 0xEF, 0xFF], "--__"),
    ] {
        assert_eq!(base64url(bytes), text);
        assert_eq!(from_base64url(text).as_deref(), Some(bytes));
    }
}

#[test]
fn base64url_has_one_spelling_only() {
    // Padding, the other alphabet, white space, an impossible length, bits that belong to no byte.
    for text in ["Zg==", "Zg=", "++//", "Zm9v\n", " Zm9v", "Zm9v ", "Z", "Zm9vY", "Zh", "Zm9", "é"] {
        assert_eq!(from_base64url(text), None, "{text:?}");
    }
}

#[test]
fn ac13_a_form_is_encoded_in_utf8_as_in_rfc6749_appendix_b() {
    assert_eq!(Form::new().with("value", " %&+£€").finish(), "value=%20%25%26%2B%C2%A3%E2%82%AC");
    assert_eq!(pairs("value=+%25%26%2B%C2%A3%E2%82%AC"), [pair("value", " %&+£€")]);
}

#[test]
fn ac13_only_the_unreserved_characters_stand_as_they_are() {
    let encoded = Form::new().with("AZaz09-._~", "!*'();:@=$,/?#[]\"\\").finish();
    assert_eq!(encoded, "AZaz09-._~=%21%2A%27%28%29%3B%3A%40%3D%24%2C%2F%3F%23%5B%5D%22%5C");
}

#[test]
fn ac12_a_plus_is_a_space() {
    assert_eq!(
        pairs("error_description=no+such+user&a+b=c%2Bd"),
        [pair("error_description", "no such user"), pair("a b", "c+d"),]
    );
}

#[test]
fn a_form_keeps_order_and_duplicates_and_drops_nothing_but_empty_pairs() {
    assert_eq!(
        pairs("b=1&a=2&&b=3&c&=d&e=f=g&"),
        [pair("b", "1"), pair("a", "2"), pair("b", "3"), pair("c", ""), pair("", "d"), pair("e", "f=g"),]
    );
    assert_eq!(pairs(""), []);
}

#[test]
fn an_escape_that_is_not_utf8_decodes_to_nothing() {
    for form in ["a=%FF", "%C3=1", "a=%ED%A0%80", "ok=1&a=%80"] {
        assert_eq!(form_pairs(form), None, "{form}");
    }
}

#[test]
fn a_parameter_without_a_value_is_left_out() {
    let form = Form::new().with_some("a", None).with_some("b", Some("")).with_some("c", Some("1"));
    assert_eq!(form.finish(), "b=&c=1");
}

#[test]
fn the_smallest_and_the_largest_number_are_written() {
    assert_eq!(decimal(0), "0");
    assert_eq!(decimal(10), "10");
    assert_eq!(decimal(u64::MAX), "18446744073709551615");
}

proptest! {
    #[test]
    fn bytes_survive_base64url(bytes: Vec<u8>) {
        prop_assert_eq!(from_base64url(&base64url(&bytes)), Some(bytes));
    }

    #[test]
    fn what_base64url_decodes_is_spelled_in_no_other_way(text in "[A-Za-z0-9_-]{0,40}|\\PC{0,12}") {
        if let Some(bytes) = from_base64url(&text) {
            prop_assert_eq!(base64url(&bytes), text);
        }
    }

    #[test]
    fn ac13_parameters_survive_a_form(parameters in prop::collection::vec(any::<(String, String)>(), 0..6)) {
        let form = parameters.iter().fold(Form::new(), |form, (name, value)| form.with(name, value)).finish();
        prop_assert!(form.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~%=&".contains(&byte)));
        prop_assert_eq!(form_pairs(&form), Some(parameters));
    }

    #[test]
    fn a_number_is_written_in_decimal_digits(number: u64) {
        prop_assert_eq!(decimal(number), number.to_string());
    }

    #[test]
    fn anything_can_be_read_as_a_form(text: String) {
        let _ = form_pairs(&text);
    }
}
