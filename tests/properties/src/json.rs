//! JSON is read as `serde_json` reads it.

use std::collections::BTreeMap;

use pkce_wasm::json::{self, Json, MAX_DEPTH};
use serde_json::Value;

/// From here on a number may be more than a double can hold: `serde_json` refuses those, and here they are infinite.
const LARGE: f64 = 1.797e308;

/// By how much a number may differ, as a part of it; and near zero, where doubles have fewer digits.
const PART: f64 = 1e-14;
const LEAST: f64 = 1e-323;

/// A text is accepted when `serde_json` accepts it, and says the same. The exceptions are values more than 64 levels deep, which
/// are refused; halves of surrogate pairs, which become U+FFFD; and numbers that no double can hold, which become infinite. Of a
/// name given twice, the last member counts.
pub fn json(data: &[u8]) {
    // What is not UTF-8 never comes here.
    let Ok(text) = str::from_utf8(data) else { return };
    let ours = json::parse(text.as_bytes());
    let theirs = serde_json::from_str::<Value>(text);
    for kind in *b"{[" {
        let visited = Json::new(text.as_bytes()).each(kind, &mut |_, _| {});
        assert_eq!(visited.is_some(), ours.is_some_and(|ours| ours.kind() == kind), "{text} was not looked at before");
    }
    match (ours, theirs) {
        (None, Err(_)) => {}
        (Some(ours), Ok(theirs)) => assert_same(ours, &theirs),
        (None, Ok(_)) => assert!(depth(text) > u32::from(MAX_DEPTH), "refused, and it is JSON"),
        (Some(ours), Err(error)) => {
            let theirs = serde_json::from_str(&mended(text));
            let theirs = theirs.unwrap_or_else(|_| panic!("accepted, and it is no JSON: {error}"));
            assert_same(ours, &theirs);
        }
    }
}

fn assert_same(ours: Json<'_>, theirs: &Value) {
    let raw = str::from_utf8(ours.raw()).expect("a part between whole characters");
    let again = json::parse(raw.as_bytes()).expect("a part is a text by itself");
    assert_eq!(again, ours);
    let kind = match theirs {
        Value::Null => b'n',
        Value::Bool(true) => b't',
        Value::Bool(false) => b'f',
        Value::Number(_) => *raw.as_bytes().first().unwrap_or(&b'0'),
        Value::String(_) => b'"',
        Value::Array(_) => b'[',
        Value::Object(_) => b'{',
    };
    assert_eq!(ours.kind(), kind, "{raw} and {theirs}");
    for other in *b"{[" {
        assert_eq!(ours.each(other, &mut |_, _| {}).is_some(), kind == other, "{raw} has no members");
    }
    let mut text = Vec::new();
    assert_eq!(ours.text(&mut text).is_some(), theirs.is_string(), "{raw}");
    assert_eq!(ours.number().is_some(), theirs.is_number(), "{raw}");
    match theirs {
        Value::Null | Value::Bool(_) => assert_eq!(raw, theirs.to_string()),
        Value::Number(_) => assert_same_number(ours.number().unwrap(), raw, theirs.as_f64().unwrap()),
        Value::String(theirs) => assert_eq!(String::from_utf8(text).as_ref(), Ok(theirs)),
        Value::Array(theirs) => {
            let mut elements = Vec::new();
            ours.each(b'[', &mut |_, element| elements.push(element)).unwrap();
            assert_eq!(elements.len(), theirs.len());
            elements.into_iter().zip(theirs).for_each(|(ours, theirs)| assert_same(ours, theirs));
        }
        Value::Object(theirs) => {
            let mut members = BTreeMap::new();
            ours.each(b'{', &mut |key, value| {
                let mut name = Vec::new();
                key.text(&mut name).unwrap();
                members.insert(String::from_utf8(name).expect("a name is UTF-8"), value);
            })
            .unwrap();
            assert!(members.keys().eq(theirs.keys()), "{raw} has the members {:?}", members.keys());
            members.into_values().zip(theirs.values()).for_each(|(ours, theirs)| assert_same(ours, theirs));
        }
    }
}

fn assert_same_number(ours: f64, raw: &str, theirs: f64) {
    let exact: f64 = raw.parse().expect("the standard library reads every number of JSON");
    let is_whole = !raw.contains(['.', 'e', 'E']);
    if is_whole && exact.abs() <= 9_007_199_254_740_992.0 {
        assert_eq!(ours.to_bits(), exact.to_bits(), "{raw} is {ours}");
    } else if exact.abs() < LARGE {
        let limit = exact.abs().mul_add(PART, LEAST);
        assert!((ours - exact).abs() <= limit && (ours - theirs).abs() <= limit, "{raw} is {ours}, not {theirs}");
    } else {
        assert!(ours.abs() >= LARGE * (1.0 - PART), "{raw} is {ours}");
        assert_eq!(ours.is_sign_negative(), exact.is_sign_negative(), "{raw} is {ours}");
    }
}

/// How deep the values stand inside of each other, in a text that is JSON.
fn depth(text: &str) -> u32 {
    let (mut depth, mut deepest) = (0_u32, 0);
    let (mut in_string, mut escaped) = (false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'[' | b'{' => {
                depth = depth.saturating_add(1);
                deepest = depth.max(deepest);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// The same text without what only `serde_json` refuses. Nothing that is no JSON becomes JSON by it.
fn mended(text: &str) -> String {
    let mut mended = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_number = matches!(first, '-' | '0'..='9');
        let length = match first {
            '"' => string(rest),
            _ if is_number => rest.find(|other| !is_of_number(other)).unwrap_or(rest.len()),
            _ => first.len_utf8(),
        };
        let (part, after) = rest.split_at(length);
        match first {
            '"' => mended.push_str(&without_halves(part)),
            _ if is_number => mended.push_str(&smaller(part)),
            _ => mended.push_str(part),
        }
        rest = after;
    }
    mended
}

const fn is_of_number(character: char) -> bool {
    matches!(character, '0'..='9' | '+' | '-' | '.' | 'e' | 'E')
}

/// The length of the string with which a text begins.
fn string(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at.saturating_add(1),
            _ => {}
        }
    }
    text.len()
}

/// A string in which each half of a surrogate pair is `\uFFFD`.
fn without_halves(string: &str) -> String {
    let mut mended = String::new();
    let mut rest = string;
    while let Some(first) = rest.chars().next() {
        let follows = |at| unit(rest.get(at..)?);
        let (part, length) = match (follows(0), follows(6)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => (None, 12),
            (Some(0xD800..=0xDFFF), _) => (Some("\\uFFFD"), 6),
            (Some(_), _) => (None, 6),
            // What is escaped begins no escape.
            _ if first == '\\' => (None, rest.chars().take(2).map(char::len_utf8).sum()),
            _ => (None, first.len_utf8()),
        };
        let (kept, after) = rest.split_at(length);
        mended.push_str(part.unwrap_or(kept));
        rest = after;
    }
    mended
}

/// The number of the escape with which a text begins.
fn unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    u16::from_str_radix(digits, 16).ok().filter(|_| !digits.starts_with('+'))
}

/// A number of the same form that a double can hold.
fn smaller(number: &str) -> String {
    if number.parse().is_ok_and(|value: f64| value.abs() < LARGE) {
        return number.to_owned();
    }
    let (mantissa, exponent) = number.split_at(number.find(['e', 'E']).unwrap_or(number.len()));
    let (whole, fraction) = mantissa.split_at(mantissa.find('.').unwrap_or(mantissa.len()));
    let few: String = whole.chars().take(20).collect();
    // A zero in the place of the exponent's digits.
    let sign = exponent.trim_end_matches(|digit: char| digit.is_ascii_digit());
    let zero = if sign.len() < exponent.len() { "0" } else { "" };
    [&few, fraction, sign, zero].concat()
}
