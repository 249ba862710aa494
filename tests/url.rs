//! The parts of an absolute URI (RFC 3986), split and never normalised.
#![cfg(all(not(target_arch = "wasm32"), feature = "client"))]
#![cfg(test)]

use pkce_wasm::url::Url;
use proptest::prelude::*;

fn parse(text: &str) -> Option<Url<'_>> {
    Url::parse(text.as_bytes())
}

fn url(text: &str) -> Url<'_> {
    parse(text).unwrap_or_else(|| panic!("{text} is a URL"))
}

/// The text that the parts were cut from.
fn reassemble(url: Url<'_>) -> Vec<u8> {
    let part = |mark: &str, part: Option<&[u8]>| part.map(|part| [mark.as_bytes(), part].concat()).unwrap_or_default();
    [url.scheme, b":", &part("//", url.authority), url.path, &part("?", url.query), &part("#", url.fragment)].concat()
}

#[test]
fn a_url_is_split_into_its_parts_as_they_were_written() {
    assert_eq!(
        url("HTTPS://As.Example:443/a/../B?x=%7e&y#z?"),
        Url {
            scheme: b"HTTPS",
            authority: Some(b"As.Example:443"),
            path: b"/a/../B",
            query: Some(b"x=%7e&y"),
            fragment: Some(b"z?"),
        }
    );
    assert_eq!(
        url("https://as.example?#"),
        Url { scheme: b"https", authority: Some(b"as.example"), path: b"", query: Some(b""), fragment: Some(b"") }
    );
}

#[test]
fn na3_a_private_use_scheme_has_an_opaque_path_or_an_authority() {
    let opaque = url("com.example.app:/oauth2redirect/idp");
    assert_eq!(reassemble(opaque), b"com.example.app:/oauth2redirect/idp");
    assert_eq!((opaque.authority, opaque.path), (None, b"/oauth2redirect/idp".as_slice()));
    let double = url("org.bxretail.app://callback");
    assert_eq!(reassemble(double), b"org.bxretail.app://callback");
    assert_eq!((double.authority, double.path), (Some(b"callback".as_slice()), b"".as_slice()));
    assert!(!opaque.is_web() && !double.is_web());
    assert!(!opaque.is_secure() && !double.is_secure());
}

#[test]
fn ac4_a_relative_reference_is_no_url() {
    for text in ["", "/callback", "//as.example/callback", "callback", "?a=b", "#a", ":", ":a", "1a:b", "-a:b", "a b:c"]
    {
        assert_eq!(parse(text), None, "{text:?}");
    }
}

#[test]
fn a_url_with_a_character_that_a_browser_might_read_otherwise_is_refused() {
    for text in [
        "https://as.example/a b",
        "https://as.example/a\tb",
        "https://as.example/\n",
        "https://as.example\\@evil.example/",
        "https://as.example/é",
        "https://аs.example/",
        "https://as.example/\"",
        "https://as.example/<a>",
        "https://as.example/\0",
        " https://as.example/",
    ] {
        assert_eq!(parse(text), None, "{text:?}");
    }
}

#[test]
fn a_url_that_names_a_user_is_refused() {
    for text in ["https://as.example@evil.example/", "https://user:password@as.example/", "https://@as.example/"] {
        assert_eq!(parse(text), None, "{text}");
    }
    assert_eq!(url("https://as.example/@user").path, b"/@user");
}

#[test]
fn a_web_url_without_a_host_is_refused() {
    for text in ["https:", "https:/callback", "https://", "https:///callback", "https://:443/", "http://?a", "HTTP:a"] {
        assert_eq!(parse(text), None, "{text}");
    }
}

#[test]
fn na5_the_host_is_found_with_and_without_a_port() {
    for (text, host) in [
        ("http://127.0.0.1:49152/cb", "127.0.0.1"),
        ("http://127.0.0.1/cb", "127.0.0.1"),
        ("http://[::1]:49152/cb", "[::1]"),
        ("http://[::1]/cb", "[::1]"),
        ("https://as.example:/", "as.example"),
        ("https://as.example", "as.example"),
    ] {
        assert_eq!(url(text).host(), host.as_bytes(), "{text}");
    }
}

#[test]
fn na5_loopback_is_this_machine_and_no_name_that_looks_like_it() {
    for host in ["localhost", "LOCALHOST", "127.0.0.1", "127.255.0.3", "[::1]", "localhost:8080", "[::1]:8080"] {
        assert!(url(&["http://", host, "/"].concat()).is_loopback(), "{host}");
    }
    for host in [
        "localhost.example",
        "notlocalhost",
        "127.0.0.1.example",
        "127.0.0",
        "127.0.0.256",
        "127.0.0.1.1",
        "127.0..1",
        "128.0.0.1",
        "127.example.0.1",
        "[::2]",
        "0.0.0.0",
        "as.example",
    ] {
        assert!(!url(&["http://", host, "/"].concat()).is_loopback(), "{host}");
    }
}

#[test]
fn na5_an_octet_has_digits_only() {
    assert!(!url("http://127.0.0.+1/").is_loopback());
}

#[test]
fn ac22_a_secret_may_travel_over_tls_or_within_this_machine() {
    for text in
        ["https://as.example/", "HTTPS://as.example/", "http://127.0.0.1:8080/", "http://localhost/", "http://[::1]/"]
    {
        assert!(url(text).is_secure(), "{text}");
    }
    for text in
        ["http://as.example/", "http://192.168.0.2/", "ws://localhost/", "ftp://127.0.0.1/", "com.example.app:/"]
    {
        assert!(!url(text).is_secure(), "{text}");
    }
}

proptest! {
    #[test]
    fn anything_can_be_read_as_a_url_and_its_parts_make_it_up(text in "\\PC*|[a-z]{1,5}:(//)?[a-z0-9:@./?#%\\[\\]]*") {
        if let Some(parts) = parse(&text) {
            prop_assert_eq!(reassemble(parts), text.as_bytes());
            let _ = (parts.host(), parts.is_loopback(), parts.is_secure());
        }
    }

    #[test]
    fn what_is_secure_is_https_or_loopback(text in "https?://[a-z0-9.:\\[\\]@]{1,20}/?") {
        if let Some(parts) = parse(&text) {
            prop_assert_eq!(parts.is_secure(), text.starts_with("https:") || parts.is_loopback());
        }
    }
}
