//! Forms and base64url.

use std::borrow::Cow;

use pkce_wasm::encoding::{Form, base64url, form_pairs, from_base64url};

/// The input is a form, or a text in base64url.
pub fn form(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };

    let expected: Vec<(String, String)> =
        form_urlencoded::parse(data).map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
    // Stricter than a browser, which puts U+FFFD in the place of what is not UTF-8.
    let spaced: Vec<u8> = data.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    let is_utf8 = spaced.split(|byte| matches!(byte, b'&' | b'=')).all(|part| {
        let decoded: Cow<'_, [u8]> = percent_encoding::percent_decode(part).into();
        std::str::from_utf8(&decoded).is_ok()
    });
    let pairs = form_pairs(text);
    assert_eq!(pairs, is_utf8.then_some(expected), "{text:?}");

    if let Some(pairs) = pairs {
        let written = pairs.iter().fold(Form::new(), |form, (name, value)| form.with(name, value)).finish();
        assert_eq!(form_pairs(&written).as_ref(), Some(&pairs), "{text:?} was written as {written:?}");
        let read: Vec<_> =
            form_urlencoded::parse(written.as_bytes()).map(|(name, value)| (name.into(), value.into())).collect();
        assert_eq!(read, pairs, "a server reads {written:?} otherwise");
    }
    if let Some(bytes) = from_base64url(text) {
        assert_eq!(base64url(&bytes), text, "base64url has one spelling");
    }
    assert_eq!(from_base64url(&base64url(data)).as_deref(), Some(data));
}
