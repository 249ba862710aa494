//! The JSON reader (RFC 8259), and JSON that is handed on as the text that it came in.
#![cfg(all(not(target_arch = "wasm32"), feature = "client"))]
#![cfg(test)]

use pkce_wasm::JsonText;
use pkce_wasm::json::{Json, MAX_DEPTH, parse};
use proptest::prelude::*;
use serde_json::{Value, json};

fn text(json: &str) -> Option<String> {
    let mut bytes = Vec::new();
    parse(json.as_bytes())?.text(&mut bytes)?;
    Some(String::from_utf8(bytes).expect("UTF-8"))
}

fn number(json: &str) -> Option<f64> {
    parse(json.as_bytes())?.number()
}

#[test]
fn what_rfc_8259_calls_json_is_read_and_nothing_else() {
    for json in ["null", " true ", "[]", "{}", "\t\n\r[\n1 , 2\r]\t", r#"{"a":{"b":[{}]}}"#, "\"\u{7f}\"", "-0.0e+00"] {
        assert!(parse(json.as_bytes()).is_some(), "{json}");
    }
    for json in [
        "",
        " ",
        "nul",
        "nulll",
        "True",
        "NaN",
        "-Infinity",
        "[1,]",
        "[,1]",
        "[1 2]",
        "[",
        "]",
        "{",
        r#"{"a":1,}"#,
        r#"{a:1}"#,
        r#"{"a" 1}"#,
        r#"{"a":}"#,
        r#"{1:1}"#,
        "01",
        "-",
        "--1",
        "+1",
        "1.",
        ".5",
        "1e",
        "1e+",
        "0x1",
        "'a'",
        "\"",
        "\"\n\"",
        "\"\t\"",
        "\"\0\"",
        r#""\x""#,
        r#""\u12g4""#,
        r#""\u123""#,
        "/**/1",
        "1//",
        "\u{feff}1",
        "\u{a0}1",
        "1 1",
        "[1]]",
    ] {
        assert!(parse(json.as_bytes()).is_none(), "{json}");
    }
}

#[test]
fn a_string_is_read_with_its_escapes_and_half_of_a_pair_becomes_a_replacement() {
    for (json, expected) in [
        (r#""""#, ""),
        (r#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"),
        (r#""\u0041\u00e9\u20AC\ud83d\ude00""#, "Aé€😀"),
        (r#""é😀""#, "é😀"),
        (r#""\ud83d""#, "\u{fffd}"),
        (r#""\ud83dx""#, "\u{fffd}x"),
        (r#""\ude00\ud83d""#, "\u{fffd}\u{fffd}"),
        (r#""\ud83d\ud83d\ude00""#, "\u{fffd}😀"),
        (r#""\ud83d\u0041""#, "\u{fffd}A"),
    ] {
        assert_eq!(text(json).as_deref(), Some(expected), "{json}");
    }
    assert_eq!(text("1"), None);
}

#[test]
#[allow(clippy::float_cmp, reason = "these are exact")]
fn whole_numbers_up_to_2_to_the_53_are_exact() {
    for whole in [0_i64, 1, -1, 1_800_000_000, 9_007_199_254_740_991, 9_007_199_254_740_992, -9_007_199_254_740_992] {
        assert_eq!(number(&whole.to_string()), Some(whole as f64), "{whole}");
    }
    for (json, expected) in
        [("1e3", 1e3), ("1.5", 1.5), ("25e-1", 2.5), ("-0", 0.0), ("0e999999999999", 0.0), ("1e-999999999999", 0.0)]
    {
        assert_eq!(number(json), Some(expected), "{json}");
    }
    assert_eq!(number("1e999999999999"), Some(f64::INFINITY));
    assert_eq!((number("\"1\""), number("true"), number("[1]")), (None, None, None));
}

#[test]
fn values_stand_inside_of_each_other_up_to_a_bound() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let nested = |levels: usize| [&open.repeat(levels), "1", &close.repeat(levels)].concat();
        assert!(parse(nested(MAX_DEPTH.into()).as_bytes()).is_some());
        assert!(parse(nested(usize::from(MAX_DEPTH) + 1).as_bytes()).is_none());
        // However deep it is, it takes no more stack.
        assert!(parse(open.repeat(1_000_000).as_bytes()).is_none());
    }
}

#[test]
fn a_json_text_gives_its_members() {
    let claims =
        JsonText::parse(r#" {"sub":"a\u006cice","exp":1.5e3,"x":{"y":[1, 2]},"n":null,"sub2":1,"sub":"bob"} "#)
            .unwrap();
    assert_eq!(claims.string("sub").as_deref(), Some("bob"), "of a member given twice the last one counts");
    assert_eq!(claims.number("exp"), Some(1500.0));
    assert_eq!(claims.member("x").unwrap().as_str(), r#"{"y":[1, 2]}"#);
    assert_eq!(claims.member("x").unwrap().member("y").unwrap().as_str(), "[1, 2]");
    for absent in ["n", "y", "", "su", "subb"] {
        assert_eq!(claims.member(absent), None, "{absent}");
    }
    assert_eq!((claims.string("exp"), claims.number("sub")), (None, None));
    for other in ["[]", "1", "\"sub\"", "null"] {
        assert_eq!(JsonText::parse(other).unwrap().member("sub"), None);
    }
    assert_eq!(JsonText::parse("{"), None);
    assert_eq!(JsonText::parse("[1]"), JsonText::parse("[1]"));
    assert_ne!(JsonText::parse("[1]"), JsonText::parse("[1 ]"));
}

/// Whether both are the same value; numbers up to their last places.
fn is_same(json: Json<'_>, value: &Value) -> bool {
    match value {
        Value::Array(elements) => {
            let mut rest = elements.iter();
            let mut same = true;
            json.each(b'[', &mut |_, element| same &= rest.next().is_some_and(|value| is_same(element, value)));
            json.kind() == b'[' && same && rest.next().is_none()
        }
        Value::Object(members) => {
            let mut count = 0_usize;
            let mut same = true;
            let visited = json.each(b'{', &mut |key, member| {
                count = count.saturating_add(1);
                let mut name = Vec::new();
                key.text(&mut name);
                same &= members.get(str::from_utf8(&name).unwrap()).is_some_and(|value| is_same(member, value));
            });
            visited.is_some() && same && count == members.len()
        }
        Value::String(text) => {
            let mut bytes = Vec::new();
            json.text(&mut bytes).is_some() && bytes == text.as_bytes()
        }
        Value::Number(number) => {
            let number = number.as_f64().unwrap();
            json.number().is_some_and(|found| (found - number).abs() <= number.abs() * 1e-12 + 1e-300)
        }
        Value::Null | Value::Bool(_) => json.raw() == value.to_string().as_bytes(),
    }
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_filter("JSON has no other", |number| number.is_finite()).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..8)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn what_another_writer_writes_is_read_the_same(value in values()) {
        for text in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
            prop_assert!(is_same(parse(text.as_bytes()).unwrap(), &value), "{}", text);
            let kept = JsonText::parse(text.clone()).unwrap();
            prop_assert_eq!(kept.as_str(), text);
        }
    }

    #[test]
    fn a_text_is_json_when_it_is_to_another_reader(
        text in "\\PC{0,20}|[\\[\\]{}\":,0-9eE.+\\\\ntrufalsb \\n\\t-]{0,12}|\\[[\\[\\]{}\",:0-9eE.+ -]{0,12}\\]|-?[0-9]{0,3}(\\.[0-9]{0,2})?([eE][+-]?[0-9]{0,2})?|\"(\\\\[\"\\\\/bfnrtu0-9a-f]|[a-z]){0,6}\"",
    ) {
        let ours = parse(text.as_bytes());
        match serde_json::from_str::<Value>(&text) {
            Ok(value) => prop_assert!(ours.is_some(), "{} is {}", text, value),
            Err(error) => {
                let error = error.to_string();
                let is_known = ["surrogate", "leading", "hex escape", "out of range"].iter().any(|known| error.contains(known));
                prop_assert!(ours.is_none() || is_known, "{}: {}", text, error);
            }
        }
    }

    #[test]
    fn any_bytes_can_be_read(bytes: Vec<u8>) {
        if let Some(value) = parse(&bytes) {
            let _ = (value.text(&mut Vec::new()), value.number(), value.each(b'[', &mut |_, _| {}));
        }
    }
}

#[test]
fn a_value_of_the_tests_is_told_from_another() {
    assert!(is_same(parse(br#"{"a":[1,"x",null]}"#).unwrap(), &json!({"a": [1, "x", null]})));
    for other in
        [r#"{"a":[1,"x"]}"#, r#"{"a":[1,"y",null]}"#, r#"{"b":[1,"x",null]}"#, r#"{"a":[1,"x",null],"b":1}"#, "[]"]
    {
        assert!(!is_same(parse(other.as_bytes()).unwrap(), &json!({"a": [1, "x", null]})), "{other}");
    }
}
