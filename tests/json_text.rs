//! JSON that is handed on as the text that it came in: claims and details of an authorization.
#![cfg(all(not(target_arch = "wasm32"), feature = "client"))]
#![cfg(test)]

use pkce_wasm::JsonText;

#[test]
fn a_json_text_gives_its_members() {
    let claims =
        JsonText::parse(r#" {"sub":"a\u006cice","exp":1.5e3,"x":{"y":[1, 2]},"n":null,"sub2":1,"sub":"b\u006fb"} "#)
            .unwrap();
    assert_eq!(claims.string("sub").as_deref(), Some("bob"), "of a member given twice the last one counts");
    assert_eq!(claims.number("exp"), Some(1500.0));
    assert_eq!(claims.member("x").unwrap().as_str(), r#"{"y":[1, 2]}"#);
    assert_eq!(claims.member("x").unwrap().member("y").unwrap().as_str(), "[1, 2]");
    for absent in ["n", "y", "", "su", "subb"] {
        assert_eq!(claims.member(absent), None, "{absent}");
    }
    assert_eq!((claims.string("exp"), claims.number("sub")), (None, None));
}

#[test]
fn what_is_no_object_has_no_members_and_what_is_no_json_is_none() {
    for json in ["[]", "1", "\"sub\"", "null"] {
        assert_eq!(JsonText::parse(json).unwrap().member("sub"), None);
    }
    for other in ["", "{", "sub", "{} {}"] {
        assert_eq!(JsonText::parse(other), None, "{other:?}");
    }
}

#[test]
fn two_json_texts_are_the_same_when_they_are_written_the_same() {
    assert_eq!(JsonText::parse("[1]"), JsonText::parse("[1]"));
    assert_ne!(JsonText::parse("[1]"), JsonText::parse("[1 ]"));
}
