//! JSON that stays where it is, beside another reader.

use pkce_wasm::json::{Json, MAX_DEPTH, parse};
use serde_json::{Map, Value};

use crate::peer::accepted;

/// The input is a text.
pub fn json(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match parse(data) {
        Some(value) => {
            assert_eq!(std::str::from_utf8(value.raw()).unwrap(), text.trim_matches([' ', '\t', '\n', '\r']));
            if let Some(expected) = accepted(text) {
                assert!(depth(&expected) <= MAX_DEPTH.into(), "{text} is too deep");
                assert_same(value, &expected);
            }
        }
        None => {
            let read = serde_json::from_str::<Value>(text);
            assert!(read.as_ref().map_or(true, |value| depth(value) > MAX_DEPTH.into()), "{text} was refused");
        }
    }
}

/// How many arrays and objects stand inside of each other.
fn depth(value: &Value) -> usize {
    match value {
        Value::Array(elements) => elements.iter().map(depth).max().unwrap_or_default().saturating_add(1),
        Value::Object(members) => members.values().map(depth).max().unwrap_or_default().saturating_add(1),
        _ => 0,
    }
}

#[track_caller]
fn assert_same(value: Json<'_>, expected: &Value) {
    let kind = match expected {
        Value::Null => b'n',
        Value::Bool(true) => b't',
        Value::Bool(false) => b'f',
        Value::String(text) => {
            assert_eq!(string(value), *text);
            b'"'
        }
        Value::Number(number) => {
            assert_same_number(value, number.as_f64().expect("a number that is an f64"));
            value.kind()
        }
        Value::Array(elements) => {
            let mut found = Vec::new();
            value.each(b'[', &mut |key, element| {
                assert_eq!(key, Json::default());
                found.push(element);
            });
            assert_eq!(found.len(), elements.len());
            for (found, expected) in found.into_iter().zip(elements) {
                assert_same(found, expected);
            }
            b'['
        }
        Value::Object(members) => {
            // Of a member given twice the last one counts, for both.
            let mut found = Map::new();
            let mut values = Vec::new();
            value.each(b'{', &mut |key, member| {
                found.insert(string(key), values.len().into());
                values.push(member);
            });
            assert_eq!(found.keys().collect::<Vec<_>>(), members.keys().collect::<Vec<_>>());
            for (name, place) in found {
                assert_same(values[place.as_u64().unwrap() as usize], &members[&name]);
            }
            b'{'
        }
    };
    assert_eq!(value.kind(), kind, "{value:?}");
    let is_number = matches!(kind, b'-' | b'0'..=b'9');
    assert_eq!(value.number().is_some(), is_number);
    assert_eq!(value.text(&mut Vec::new()).is_some(), kind == b'"');
    assert_eq!(value.each(b'[', &mut |_, _| {}).is_some(), kind == b'[');
    assert_eq!(value.each(b'{', &mut |_, _| {}).is_some(), kind == b'{');
}

fn string(value: Json<'_>) -> String {
    let mut text = Vec::new();
    value.text(&mut text).expect("a string");
    String::from_utf8(text).expect("UTF-8")
}

/// Whole numbers between -2^53 and 2^53 are exact, the others right up to their last places.
#[track_caller]
fn assert_same_number(value: Json<'_>, expected: f64) {
    let number = value.number().expect("a number");
    let is_whole = !value.raw().iter().any(|byte| matches!(byte, b'.' | b'e' | b'E'));
    if is_whole && expected.abs() <= 9_007_199_254_740_992.0 {
        assert!(number == expected, "{number} and not {expected}");
    } else if value.raw().len() <= 40 {
        let difference = (number - expected).abs();
        assert!(difference <= expected.abs() * 1e-12 + 1e-300, "{number} and not {expected}");
    }
}
