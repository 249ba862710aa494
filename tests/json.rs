//! JSON as RFC 8259 has it: what is accepted, what it says, and that `serde_json` says the same.
#![cfg(all(not(target_arch = "wasm32"), feature = "client"))]
#![cfg(test)]

#[path = "properties/src/json.rs"]
#[allow(unreachable_pub, reason = "it is the property of the crate to which the file belongs")]
mod property;

use pkce_wasm::json::{Json, MAX_DEPTH, number, parse};
use proptest::prelude::*;

use self::property::json as same_as_serde_json;

/// Whether a text is accepted, as `serde_json` says, too.
fn is_json(text: &str) -> bool {
    same_as_serde_json(text.as_bytes());
    parse(text.as_bytes()).is_some()
}

#[track_caller]
fn text(json: &str) -> String {
    same_as_serde_json(json.as_bytes());
    let mut bytes = Vec::new();
    parse(json.as_bytes()).unwrap().text(&mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

#[track_caller]
fn value(json: &str) -> f64 {
    same_as_serde_json(json.as_bytes());
    parse(json.as_bytes()).unwrap().number().unwrap()
}

#[test]
fn js1_a_character_with_a_meaning_is_found_wherever_it_stands_in_a_string() {
    let characters = (0..=0xFF).chain([0x2028, 0xFFFD, 0x10_FFFF]).filter_map(char::from_u32);
    for character in characters {
        for (before, after) in (0..10).flat_map(|before| (0..6).map(move |after| (before, after))) {
            let inside = [&"~".repeat(before), &*String::from(character), &" ".repeat(after)].concat();
            let is_plain = !matches!(character, '\0'..='\u{1f}' | '"' | '\\');
            assert_eq!(is_json(&format!("\"{inside}\"")), is_plain, "{inside:?}");
            assert_eq!(text(&serde_json::to_string(&inside).unwrap()), inside);
        }
    }
}

fn nested(depth: usize, open: &str, close: &str) -> String {
    [open.repeat(depth), close.repeat(depth)].concat()
}

#[test]
fn js1_what_rfc8259_calls_json_is_accepted() {
    for text in [
        "null",
        "true",
        "false",
        "0",
        "\"\"",
        "[]",
        "{}",
        "[ ]",
        "{ }",
        " \t\r\n[\n1 ,\t2\r]\n",
        "{ \"a\" : { } , \"b\":[[]] }",
        "-1",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000\"",
        "\"\u{7f}\u{80}\u{2028}\u{10ffff}\"",
        "{\"\":0}",
        "[null,true,false]",
    ] {
        assert!(is_json(text), "{text:?}");
    }
}

#[test]
fn js1_nothing_else_is() {
    for text in [
        "",
        " ",
        "\0",
        "null\0",
        "nul",
        "nulll",
        "True",
        "TRUE",
        "undefined",
        "NaN",
        "Infinity",
        "-Infinity",
        "[",
        "]",
        "{",
        "}",
        "[}",
        "{]",
        "[1",
        "[,]",
        "[1,]",
        "[,1]",
        "[1,,2]",
        "[1 2]",
        "{,}",
        "{\"a\":1,}",
        "{\"a\":1,,\"b\":2}",
        "{\"a\" 1}",
        "{\"a\"}",
        "{\"a\":}",
        "{:1}",
        "{a:1}",
        "{'a':1}",
        "{1:1}",
        "{null:1}",
        "'a'",
        "1 2",
        "[] []",
        "[]]",
        "// a\n1",
        "/* a */1",
        "1//",
        "\u{feff}1",
        "\u{a0}1",
        "1\u{b}",
        "1\u{c}",
        "\u{2028}1",
        "[1\u{a0}]",
        "`a`",
        "+1",
        "0x1",
        "1_000",
        "1,000",
        "#",
        "\\u0031",
    ] {
        assert!(!is_json(text), "{text:?}");
    }
}

#[test]
fn js1_a_string_has_no_control_characters_and_no_other_escapes() {
    for control in 0..0x20_u8 {
        assert!(!is_json(&format!("\"a{}b\"", char::from(control))), "{control}");
    }
    for escape in (0..0x80_u8).map(char::from).filter(|escape| !"\"\\/bfnrtu".contains(*escape)) {
        assert!(!is_json(&format!("\"\\{escape}\"")), "{escape:?}");
    }
    for text in [
        "\"",
        "\"a",
        "\"\\\"",
        "\"\\\\\\\"",
        "\"\\",
        "\"\\u",
        "\"\\u0",
        "\"\\u00",
        "\"\\u000",
        "\"\\u0000",
        "\"\\u00\"",
        "\"\\u000\"",
        "\"\\u000g\"",
        "\"\\u+123\"",
        "\"\\u-123\"",
        "\"\\u 123\"",
        "\"\\U0041\"",
        "\"\\u{41}\"",
        "\"\\x41\"",
        "\"\\u００４１\"",
        "\"a\"b\"",
    ] {
        assert!(!is_json(text), "{text:?}");
    }
}

#[test]
fn js1_a_number_has_the_form_of_section_6() {
    for text in [
        "-0",
        "0",
        "0.0",
        "0e0",
        "0E+00",
        "-0.0e-0",
        "10",
        "1.0",
        "1e1",
        "1E1",
        "1e+1",
        "1e-1",
        "1.5e01",
        "123456789012345678901234567890",
    ] {
        assert!(is_json(text), "{text}");
        assert_eq!(value(text), text.parse::<f64>().unwrap(), "{text}");
    }
    for text in [
        "01", "-01", "00", "-", "--1", "+1", "1.", "1.e1", ".5", "-.5", "1e", "1e+", "1e-", "1E", "1ee1", "1e1.0",
        "1e1e1", "1.2.3", "0x10", "1f", "1n", "1-", "1+1", "- 1", "1 e1", "1e 1", "0.", "-0.", "１",
    ] {
        assert!(!is_json(text), "{text}");
        assert!(!is_json(&format!("[{text}]")), "{text}");
    }
}

#[test]
fn js2_a_whole_number_up_to_2_to_the_53_is_exact() {
    let most = 1_u64 << 53;
    for power in 0..=53 {
        for number in [(1_u64 << power) - 1, 1 << power, (1 << power) + 1] {
            if number <= most {
                assert_eq!(value(&number.to_string()).to_bits(), (number as f64).to_bits());
                assert_eq!(value(&format!("-{number}")).to_bits(), (-(number as f64)).to_bits());
            }
        }
    }
    assert_eq!(value("9007199254740993"), 9_007_199_254_740_992.0);
    assert_eq!(value("-0").to_bits(), (-0.0_f64).to_bits());
    assert_eq!(value("0").to_bits(), 0.0_f64.to_bits());
}

#[test]
fn js2_other_numbers_are_as_near_as_their_use_wants_however_they_are_written() {
    let (many, most) = ("7".repeat(1000), "9".repeat(309));
    for text in [
        "0.1",
        "1.5",
        "1764000000.123456",
        "3.141592653589793",
        "1e22",
        "1e23",
        "1.7e308",
        "2.2250738585072014e-308",
        "1e-310",
        "5e-324",
        "123456789.123456789e-300",
        "0.000000000000000000000000000000000000001",
        "12345678901234567890",
        "18446744073709551616",
        &[&many, "e-999"].concat(),
        &[&many, "e-1000"].concat(),
        &["0.", &"0".repeat(1000), "1e1001"].concat(),
        &["0.", &many].concat(),
        &["1", &"0".repeat(1000), "e-1000"].concat(),
        &["0.", &"0".repeat(400), &many, "e400"].concat(),
        &[&most, "e-300"].concat(),
    ] {
        value(text);
        value(&format!("-{text}"));
    }
}

#[test]
fn js2_what_no_double_holds_is_infinite_or_zero() {
    let many = "9".repeat(400);
    for text in [
        "1e309",
        "1e400",
        "1e99999999999999999999",
        &many,
        &[&many, ".0"].concat(),
        &[&many, "e10"].concat(),
        "0.1e500",
    ] {
        assert_eq!(value(text), f64::INFINITY, "{text}");
        assert_eq!(value(&format!("-{text}")), f64::NEG_INFINITY, "{text}");
    }
    for text in ["1e-400", "1e-99999999999999999999", "0e400", "0e99999999999999999999", "0.0e-99999999999999999999"] {
        assert_eq!(value(text), 0.0, "{text}");
        assert!(value(&format!("-{text}")).is_sign_negative(), "{text}");
    }
}

#[test]
fn js2_what_is_no_number_has_no_value() {
    for text in ["", "\"1\"", "true", "null", "[1]", "{}", "+1", ".5", "e1", " 1", "NaN"] {
        assert_eq!(number(text.as_bytes()), None, "{text}");
    }
    assert_eq!(Json::default().number(), None);
}

#[test]
fn js3_escapes_are_undone() {
    for (json, expected) in [
        ("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\u{8}\u{c}\n\r\t"),
        ("\"\\u0041\\u00e9\\u20AC\\uFFFF\\u0000\"", "A\u{e9}\u{20ac}\u{ffff}\0"),
        ("\"\\\\u0041\\\\\\u0041\"", "\\u0041\\A"),
        ("\"\\ud83d\\ude00 \\uD83D\\uDE00\"", "\u{1f600} \u{1f600}"),
        ("\"\\ud800\\udc00\\udbff\\udfff\"", "\u{10000}\u{10ffff}"),
        ("\"é€😀\"", "é€😀"),
        ("\"\"", ""),
    ] {
        assert_eq!(text(json), expected, "{json}");
    }
}

#[test]
fn js3_half_of_a_surrogate_pair_is_the_replacement_character() {
    for (json, expected) in [
        ("\"\\ud83d\"", "\u{fffd}"),
        ("\"\\ude00\"", "\u{fffd}"),
        ("\"\\ude00\\ud83d\"", "\u{fffd}\u{fffd}"),
        ("\"\\ud83d\\ud83d\\ude00\"", "\u{fffd}\u{1f600}"),
        ("\"\\ud83d\\ude00\\ude00\"", "\u{1f600}\u{fffd}"),
        ("\"\\ud83dx\\ude00\"", "\u{fffd}x\u{fffd}"),
        ("\"\\ud83d\\n\\ude00\"", "\u{fffd}\n\u{fffd}"),
        ("\"\\ud83d\\u0041\"", "\u{fffd}A"),
        ("\"\\ud83d\\\\ude00\"", "\u{fffd}\\ude00"),
        ("\"\\udfff\\udbff\\udfff\"", "\u{fffd}\u{10ffff}"),
    ] {
        assert_eq!(text(json), expected, "{json}");
    }
    // A pair that is cut off is no string at all.
    assert!(!is_json("\"\\ud83d\\ude0\""));
    assert!(!is_json("\"\\ud83d\\u\""));
}

#[test]
fn js4_values_are_64_levels_deep_at_the_most() {
    let most = usize::from(MAX_DEPTH);
    assert_eq!(most, 64);
    for (open, close) in [("[", "]"), ("{\"a\":[", "]}"), ("[{\"a\":", "}]")] {
        let levels = open.matches(['[', '{']).count();
        let inner = if open.ends_with(':') { "0" } else { "" };
        let text = |depth: usize| [&open.repeat(depth), inner, &close.repeat(depth)].concat();
        assert!(is_json(&text(most / levels)), "{open}");
        assert!(!is_json(&text(most / levels + 1)), "{open}");
    }
    // One level more, beside shallow ones.
    assert!(!is_json(&format!("[[],{}]", nested(most, "[", "]"))));
    assert!(is_json(&format!("[[],{}]", nested(most - 1, "[", "]"))));
    // Neither depth nor length is a way to the end of the stack.
    assert!(!is_json(&nested(1_000_000, "[", "]")));
    assert!(!is_json(&"[".repeat(1_000_000)));
    assert!(!is_json(&"{\"a\":".repeat(1_000_000)));
    assert!(is_json(&format!("[{}0]", "[],".repeat(100_000))));
}

#[test]
fn js1_members_and_elements_are_visited_in_their_order_and_as_they_stand() {
    let visited = |json: &'static str, kind| {
        let mut visited = Vec::new();
        let whole = parse(json.as_bytes()).unwrap();
        whole.each(kind, &mut |key, value| visited.push((key.raw(), value.raw())))?;
        Some(visited)
    };
    let json = " { \"a\" : [ 1 , 2 ] , \"\\u0061\" : \"\\\"}\" , \"a\":null } ";
    let expected: Vec<(&[u8], &[u8])> =
        vec![(b"\"a\"", b"[ 1 , 2 ]"), (b"\"\\u0061\"", b"\"\\\"}\""), (b"\"a\"", b"null")];
    assert_eq!(visited(json, b'{'), Some(expected));
    assert_eq!(visited("[ 1 ,[ ],{}]", b'['), Some(vec![(&b""[..], &b"1"[..]), (b"", b"[ ]"), (b"", b"{}")]));
    for json in ["1", "\"{}\"", "null", "[]"] {
        assert_eq!(visited(json, b'{'), None, "{json}");
    }
    assert_eq!(visited("{}", b'['), None);
}

/// The parts of JSON and of what is nearly JSON.
fn token() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec![
        "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u", "\\ud83d", "\\ude00", "\\u0041", "\\n", "0", "1", "9", "-",
        "+", ".", "e", "E", "e400", "e-400", "true", "false", "null", "nul", "NaN", " ", "\t", "\n", "\r", "\u{b}",
        "\u{feff}", "\0", "\u{1f}", "é", "😀", "\"a\"", "\"a\":", "1e5", "00", "[]", "{}",
    ]);
    part.prop_map(str::to_owned)
}

fn string() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        "[a-c]",
        any::<char>()
            .prop_filter("has a meaning", |one| *one >= ' ' && *one != '"' && *one != '\\')
            .prop_map(String::from),
        prop::sample::select(vec!["\\\"", "\\\\", "\\/", "\\b", "\\f", "\\n", "\\r", "\\t"]).prop_map(str::to_owned),
        any::<u16>().prop_map(|unit| format!("\\u{unit:04x}")),
        (0xD700_u16..0xE100).prop_map(|unit| format!("\\u{unit:04X}")),
        any::<char>().prop_map(|one| one
            .encode_utf16(&mut [0; 2])
            .iter()
            .map(|unit| format!("\\u{unit:04x}"))
            .collect()),
    ];
    prop::collection::vec(part, 0..8).prop_map(|parts| format!("\"{}\"", parts.concat()))
}

fn leaf() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec!["null", "true", "false"]).prop_map(str::to_owned),
        string(),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>().prop_filter("is no JSON", |number| number.is_finite()).prop_map(|number| format!("{number:e}")),
        "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?",
        "-?(0|[1-9][0-9]{0,400})(\\.[0-9]{1,400})?([eE][+-]?[0-9]{1,3})?",
    ]
}

fn space() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["", "", "", " ", "\n", "\t\r"])
}

/// JSON as nobody would write it.
fn document() -> impl Strategy<Value = String> {
    let value = (space(), leaf(), space()).prop_map(|(before, leaf, after)| [before, &leaf, after].concat());
    value.prop_recursive(8, 64, 5, |inner| {
        let member = (space(), string(), space(), inner.clone());
        let object = prop::collection::vec(member, 0..5).prop_map(|members| {
            let members =
                members.into_iter().map(|(before, name, after, value)| [before, &name, after, ":", &value].concat());
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        });
        prop_oneof![prop::collection::vec(inner, 0..5).prop_map(|elements| format!("[{}]", elements.join(","))), object]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn js1_js2_js3_json_says_what_serde_json_says(text in document()) {
        prop_assert!(parse(text.as_bytes()).is_some());
        same_as_serde_json(text.as_bytes());
    }

    #[test]
    fn js1_json_with_a_change_is_accepted_where_serde_json_accepts_it(
        text in document(), at in any::<prop::sample::Index>(), put in prop_oneof![token(), any::<char>().prop_map(String::from)], remove in 0_usize..4,
    ) {
        let mut characters: Vec<char> = text.chars().collect();
        let at = at.index(characters.len().saturating_add(1));
        let end = at.saturating_add(remove).min(characters.len());
        characters.splice(at..end, put.chars());
        same_as_serde_json(String::from_iter(characters).as_bytes());
    }

    #[test]
    fn js1_any_text_is_accepted_where_serde_json_accepts_it(text in any::<String>(), parts in prop::collection::vec(token(), 0..24)) {
        same_as_serde_json(text.as_bytes());
        same_as_serde_json(parts.concat().as_bytes());
    }

    #[test]
    fn js1_no_bytes_stop_the_reader(bytes in any::<Vec<u8>>()) {
        // Whatever they are, also what is not UTF-8.
        if let Some(value) = parse(&bytes) {
            let mut text = Vec::new();
            let _ = (value.text(&mut text), value.number());
            let _ = (value.each(b'{', &mut |_, _| {}), value.each(b'[', &mut |_, _| {}));
        }
    }

    #[test]
    fn js2_a_whole_number_is_exact(number in -9_007_199_254_740_992_i64..=9_007_199_254_740_992) {
        prop_assert_eq!(value(&number.to_string()).to_bits(), (number as f64).to_bits());
    }
}
