//! The crate's own parsers beside the platform's, in a real browser engine: run by `wasm-pack test`.
//!
//! Where the crate is stricter, it refuses; where both accept, they read the same. It refuses
//! - a form with an escape that does not decode to UTF-8: `URLSearchParams` puts U+FFFD in its place, and two different
//!   values of `state` or `code` could become one;
//! - a URL with a character that no URI may hold, with a user in its authority, or of the web without `//`: `URL` escapes,
//!   drops or corrects them, and what was checked would not be what is used.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects, reason = "a test states what it expects by failing")]

use js_sys::Array;
use pkce_wasm::encoding::{Form, form_pairs};
use pkce_wasm::url::Url;
use wasm_bindgen::JsCast;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::UrlSearchParams;

wasm_bindgen_test_configure!(run_in_browser);

const CASES: usize = 5000;

/// Texts of pieces chosen at random, the same at each run (splitmix64).
struct Texts(u64);

impl Texts {
    fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) % count as u64) as usize
    }

    fn one<'a>(&mut self, pieces: &[&'a str]) -> &'a str {
        pieces.get(self.below(pieces.len())).unwrap()
    }

    fn some(&mut self, pieces: &[&str], most: usize) -> String {
        (0..self.below(most + 1)).map(|_| self.one(pieces)).collect()
    }
}

/// What a form is made of, and what looks like it.
const FORM: &[&str] = &[
    "&",
    "&",
    "&",
    "=",
    "=",
    "=",
    "a",
    "b",
    "state",
    "code",
    "+",
    "%",
    "%2",
    "%zz",
    "%2x",
    "%%",
    "%25",
    "%20",
    "%26",
    "%3D",
    "%2B",
    "%2b",
    "%00",
    "%C3%A9",
    "%c3%a9",
    "%E2%82%AC",
    "%F0%9F%98%80",
    "%EF%BB%BF",
    "%7F",
    "%FF",
    "%C3",
    "%A9",
    "%C0%80",
    "%ED%A0%80",
    "%F4%90%80%80",
    "é",
    "€",
    "😀",
    "\u{FEFF}",
    ";",
    "?",
    "#",
    "/",
    ":",
    "@",
    "'",
    "\"",
    "<",
    " ",
    "\t",
    "\n",
    "\0",
    "~",
    "-",
    "_",
    ".",
    "*",
];

/// The parameters as the platform reads them.
fn platform(form: &str) -> Vec<(String, String)> {
    // The constructor drops a question mark at the very beginning, which an empty pair prevents.
    let parameters = UrlSearchParams::new_with_str(&["&", form].concat()).unwrap();
    let text = |pair: &Array, index| pair.get(index).as_string().unwrap();
    let pairs = Array::from(&parameters);
    pairs.iter().map(|pair| pair.unchecked_into::<Array>()).map(|pair| (text(&pair, 0), text(&pair, 1))).collect()
}

fn is_replaced(pairs: &[(String, String)]) -> bool {
    pairs.iter().any(|(name, value)| name.contains('\u{FFFD}') || value.contains('\u{FFFD}'))
}

#[wasm_bindgen_test]
fn ac12_a_form_is_read_as_the_platform_reads_it() {
    let (mut read, mut refused) = (0, 0);
    let mut texts = Texts(12);
    for _ in 0..CASES {
        let form = texts.some(FORM, 12);
        let expected = platform(&form);
        match form_pairs(&form) {
            Some(pairs) => {
                assert_eq!(pairs, expected, "{form:?}");
                assert!(!is_replaced(&pairs), "{form:?}");
                read += 1;
            }
            None => {
                assert!(is_replaced(&expected), "{form:?} is sound");
                refused += 1;
            }
        }
    }
    assert!(read > CASES / 4 && refused > CASES / 10, "{read} read, {refused} refused");
}

#[wasm_bindgen_test]
fn ac13_a_form_that_is_written_is_read_by_the_platform_as_it_was_meant() {
    let mut texts = Texts(13);
    for _ in 0..CASES {
        let pairs: Vec<_> = (0..texts.below(5)).map(|_| (texts.some(FORM, 6), texts.some(FORM, 6))).collect();
        let form = pairs.iter().fold(Form::new(), |form, (name, value)| form.with(name, value)).finish();
        assert_eq!(platform(&form), pairs, "{form}");
        assert_eq!(form_pairs(&form), Some(pairs), "{form}");
    }
}

const SCHEMES: &[&str] = &["https", "http", "HTTPS", "hTTp"];
const SLASHES: &[&str] = &["//", "//", "//", "//", "//", "//", "//", "/", "", "///", "\\\\"];
const HOSTS: &[&str] = &[
    "as.example",
    "AS.Example",
    "a",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "a.localhost",
    "127.0.0.1",
    "127.0.0.010",
    "127.1",
    "127.0.0.256",
    "128.0.0.1",
    "0x7f.0.0.1",
    "2130706433",
    "[::1]",
    "[0:0::1]",
    "[::ffff:7f00:1]",
    "[::2]",
    "a%62c",
    "%6cocalhost",
    "b\u{fc}cher.example",
    "xn--bcher-kva.example",
    "a_b",
    "a..b",
    "1.2.3",
    "a b",
    "",
    "user@a",
    "u:p@a",
    "a,b",
    "a;b",
    "a!$&'()*+=b",
    "a~b",
    "a[b",
    "a%zz",
    "a%00",
    "-a-",
];
const PORTS: &[&str] = &["", "", "", ":", ":80", ":443", ":8080", ":0", ":00080", ":65535", ":65536", ":a", ":1:2"];
const PATHS: &[&str] = &[
    "/",
    "/",
    "/a",
    "/B",
    "/..",
    "/.",
    "/%2e%2E",
    "/%7e",
    "/%zz",
    "/@",
    "/:",
    "/a;b=c",
    "/'",
    "/!$&()*+,=",
    "/\u{e9}",
    "/ ",
    "/\"",
    "/<",
    "/{",
    "/|",
    "/^",
    "/`",
    "/\\",
    "/\t",
    "/[",
    "/]",
    "//",
];
const QUERIES: &[&str] = &[
    "", "?", "?a=b", "?a=%zz", "?'", "?a'b", "?%27", "??", "?/", "?a&&b=+", "?@", "?\u{e9}", "? ", "?<", "?[]", "?{}",
    "?a|b", "?`",
];
const FRAGMENTS: &[&str] =
    &["", "", "", "#", "#a", "#a=b&c", "#?", "#/", "#'", "#[]", "#%zz", "#\u{e9}", "#`", "# ", "##"];

/// Whether the platform may write this host in another way: addresses, what is escaped, and in Chromium the marks that
/// no name of a host has.
fn is_rewritten(host: &str) -> bool {
    let last = host.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
    !host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
        || last.starts_with(|first: char| first.is_ascii_digit())
}

fn is_loopback(hostname: &str) -> bool {
    hostname == "localhost" || hostname == "[::1]" || hostname.starts_with("127.")
}

#[wasm_bindgen_test]
fn a_url_of_the_web_is_split_as_the_platform_splits_it() {
    let (mut same, mut only_ours, mut only_theirs) = (0, 0, 0);
    let mut texts = Texts(14);
    for _ in 0..CASES {
        let text = [
            texts.one(SCHEMES),
            ":",
            texts.one(SLASHES),
            texts.one(HOSTS),
            texts.one(PORTS),
            &texts.some(PATHS, 3),
            texts.one(QUERIES),
            texts.one(FRAGMENTS),
        ]
        .concat();
        match (Url::parse(text.as_bytes()), web_sys::Url::new(&text)) {
            (Some(url), Ok(platform)) => {
                assert_same(&text, &url, &platform);
                same += 1;
            }
            // Nothing is sent to what the platform does not take for a URL.
            (Some(_), Err(_)) => only_ours += 1,
            (None, Ok(_)) => {
                assert!(is_refused_on_purpose(&text), "{text:?} is refused");
                only_theirs += 1;
            }
            (None, Err(_)) => {}
        }
    }
    assert!(
        same > CASES / 20 && only_ours > 0 && only_theirs > CASES / 20,
        "{same} the same, {only_ours} and {only_theirs} accepted by one alone"
    );
}

/// What the crate refuses and the platform mends.
fn is_refused_on_purpose(text: &str) -> bool {
    let (_, rest) = text.split_once(':').unwrap();
    let authority = rest.strip_prefix("//").map(|rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
    !text.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte))
        || authority.is_none_or(|authority| authority.is_empty() || authority.contains('@'))
}

/// A part of a URL, which is ASCII.
fn ascii(part: &[u8]) -> &str {
    std::str::from_utf8(part).unwrap()
}

#[track_caller]
fn assert_same(text: &str, url: &Url<'_>, platform: &web_sys::Url) {
    assert_eq!(platform.protocol(), [&ascii(url.scheme).to_ascii_lowercase(), ":"].concat(), "{text}");
    assert_eq!((platform.username(), platform.password()), (String::new(), String::new()), "{text}");

    let (host, authority) = (ascii(url.host()), ascii(url.authority.unwrap()));
    if !is_rewritten(host) {
        assert_eq!(platform.hostname(), host.to_ascii_lowercase(), "{text}");
    }
    let is_secure = platform.protocol() == "https:" || is_loopback(&platform.hostname());
    // Every spelling of this machine that is accepted as such is one to the platform too, and no other host passes for it.
    assert!(is_secure || !url.is_secure(), "{text}");
    assert!(!is_secure || url.is_secure() || is_rewritten(host), "{text}");

    let default = if platform.protocol() == "https:" { "443" } else { "80" };
    let port = authority.strip_prefix(host).unwrap().trim_start_matches(':').trim_start_matches('0');
    let is_zero = authority.ends_with(":0");
    let expected = if is_zero {
        "0"
    } else if port == default {
        ""
    } else {
        port
    };
    assert_eq!(platform.port(), expected, "{text}");

    // Segments of dots are resolved, also when they are escaped.
    let is_dots = |segment: &str| matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..");
    let path = ascii(url.path);
    if !path.split('/').any(is_dots) {
        assert_eq!(platform.pathname(), if path.is_empty() { "/" } else { path }, "{text}");
    }
    // An apostrophe is escaped in the query, and an empty query or fragment is as if it were not there.
    let part = |mark: &str, part: Option<&[u8]>| {
        part.map(ascii).filter(|part| !part.is_empty()).map(|part| [mark, part].concat()).unwrap_or_default()
    };
    assert_eq!(platform.search(), part("?", url.query).replace('\'', "%27"), "{text}");
    assert_eq!(platform.hash(), part("#", url.fragment), "{text}");
}
