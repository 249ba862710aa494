//! Tests: no value moves a field of any record.

use std::string::String;
use std::vec;
use std::vec::Vec;

use proptest::prelude::*;

use crate::flow::setup::Setup;
use crate::flow::signature::Unverified;
use crate::flow::tokens::{self, Session};
use crate::flow::transaction::{Tombstone, Transaction};
use crate::table::{FIELD, LIST, MOST_FIELDS, ODD, field, from_lines, join, push_element, to_lines};
use crate::text::{EMPTY, is_utf8, plain};

/// The fields of a record after their way through lines, by how many the record has.
type RoundTrip = fn(&[&[u8]]) -> Vec<Vec<u8>>;

macro_rules! records {
    ($($name:ident $count:literal)*) => {
        [$((stringify!($name), $count, |values| {
            let mut record = $name::blank();
            assert_eq!(record.fields().len(), $count, "{}", stringify!($name));
            record.fields_mut().copy_from_slice(values);
            let lines = to_lines(&record.to_fields());
            assert!(is_utf8(&lines), "lines are text");
            assert_eq!(lines.iter().filter(|byte| **byte == b'\n').count(), $count);
            let fields = from_lines(&lines);
            let record = $name::read(&fields).expect("a record that was just written");
            record.fields().iter().map(|field| field.to_vec()).collect()
        }),)*]
    };
}

/// Every record that leaves the crate.
const RECORDS: [(&str, usize, RoundTrip); 5] =
    records! { Setup 27 Transaction 21 Tombstone 9 Session 16 Unverified 11 };

/// What may stand in a field: nothing, a text that is empty, every character of one byte and others, alone, twice and between
/// others, what lines escape with, and the lists and marks of tables.
fn values() -> Vec<Vec<u8>> {
    let mut values = vec![Vec::new(), vec![EMPTY], vec![ODD], vec![LIST, ODD]];
    let characters = (0..=0xFF).chain([0xD7FF, 0xFDFC, 0xFFFD, 0x1_0000, 0x10_FFFF]);
    let texts = characters.filter_map(char::from_u32).flat_map(|character| {
        let twice = String::from_iter([character, character]);
        let between = String::from_iter(['a', character, 'l']);
        [String::from(character), twice, between]
    });
    let written = ["\\n", "\\\\n", "\\\n", "\n\\", "\\l", "\\e", "\\o", "\\", "\n\n\n", "\r\n", "é\n\\ü"];
    for text in texts.chain(written.map(String::from)) {
        let mut list = Vec::new();
        push_element(&mut list, text.as_bytes());
        push_element(&mut list, field(b""));
        values.extend([text.into_bytes(), list]);
    }
    values
}

#[test]
fn no_value_moves_a_field_of_any_record_and_absent_is_not_empty() {
    let values = values();
    for (name, count, round_trip) in RECORDS {
        let names: Vec<Vec<u8>> = (0..count).map(|place| std::format!("field {place}").into_bytes()).collect();
        for place in 0..count {
            for value in &values {
                let mut fields: Vec<&[u8]> = names.iter().map(Vec::as_slice).collect();
                fields[place] = value;
                assert_eq!(round_trip(&fields), fields, "{value:?} in field {place} of {name}");
            }
        }
        for value in &values {
            let fields: Vec<&[u8]> = (0..count).map(|_| value.as_slice()).collect();
            assert_eq!(round_trip(&fields), fields, "{value:?} in every field of {name}");
        }
    }
}

/// No text has these bytes, and what is no text does not come in: but should one come, it moves nothing.
#[test]
fn every_byte_but_the_end_of_a_field_makes_the_way_through_lines() {
    for byte in 0..=u8::MAX {
        if byte == FIELD {
            assert!(!is_utf8(&[byte]));
            continue;
        }
        for value in [vec![byte], vec![byte, byte], vec![b'\\', byte], vec![byte, b'n'], vec![b'\n', byte, b'\n']] {
            let fields = join(&[b"before", &value, b"", &value, b"after"]);
            let lines = to_lines(&fields);
            assert_eq!(lines.iter().filter(|byte| **byte == b'\n').count(), 5, "{value:?}");
            assert_eq!(from_lines(&lines), fields, "{value:?}");
        }
    }
    for byte in [FIELD, LIST, EMPTY, ODD] {
        for text in [vec![byte], vec![b'a', byte], vec![0xC3, byte]] {
            assert!(!is_utf8(&text), "{text:?} is no text");
        }
    }
}

#[test]
fn an_escape_that_is_none_takes_nothing_but_its_backslash() {
    for (lines, fields) in
        [("\\x\n", b"x\xFF".as_slice()), ("\\é\n", b"\xC3\xA9\xFF"), ("a\\\nb\n", b"a\nb\xFF"), ("a\n\\", b"a\xFF")]
    {
        assert_eq!(from_lines(lines.as_bytes()), fields, "{lines:?}");
    }
}

#[test]
fn a_record_has_as_many_lines_as_fields() {
    for (name, count, _) in RECORDS {
        assert!(count <= MOST_FIELDS, "{name} has more fields than a record can have");
    }
    assert!(Tombstone::read(&from_lines(&[b'\n'; 9])).is_some());
    for lines in [8, 10] {
        assert!(Tombstone::read(&from_lines(&vec![b'\n'; lines])).is_none(), "{lines} lines");
    }
    assert!(Tombstone::read(&from_lines(b"\n\n\n\n\n\n\n\n\nmore")).is_none());
    assert!(Tombstone::read(&from_lines(b"\n\n\n\n\n\n\n\nno end")).is_none());
}

proptest! {
    #[test]
    fn any_fields_make_the_round_trip(values in prop::collection::vec(prop::option::of(any::<String>()), MOST_FIELDS)) {
        for (_, count, round_trip) in RECORDS {
            let fields: Vec<&[u8]> =
                values.iter().take(count).map(|value| value.as_deref().map_or(b"".as_slice(), |text| field(text.as_bytes()))).collect();
            let read = round_trip(&fields);
            prop_assert_eq!(&read, &fields);
            for (value, field) in values.iter().zip(&read) {
                prop_assert_eq!(value.is_some(), !field.is_empty());
                prop_assert_eq!(value.as_deref().unwrap_or_default().as_bytes(), plain(field));
            }
        }
    }

    #[test]
    fn any_lines_are_read_and_written_as_what_was_read(lines: Vec<u8>) {
        let fields = from_lines(&lines);
        prop_assert_eq!(from_lines(&to_lines(&fields)), fields);
    }

    /// What a server sends as a token stands in its own field whatever it is, from JSON to the record and back.
    #[test]
    fn any_text_of_json_stays_in_its_field(
        access_token in "[!-~]+", refresh_token in prop::option::of("[ -~]*"), scope in "\\PC+|[\\x00-\\xFF]*",
        resource: Option<String>,
    ) {
        let json = serde_json::json!({
            "accessToken": access_token, "tokenType": "Bearer", "scope": scope, "refreshToken": refresh_token,
            "resource": resource, "expiresAt": 1, "authorizationDetails": [{"type": &scope}],
        });
        let fields = tokens::from_json(serde_json::to_string_pretty(&json).unwrap().as_bytes()).unwrap();
        let fields = from_lines(&to_lines(&fields));
        let session = Session::parse(&fields).expect("a record that was just written");
        prop_assert_eq!(session.access_token(), access_token.as_bytes());
        prop_assert_eq!(plain(session.scope()), scope.as_bytes());
        prop_assert_eq!(session.refresh_token().is_empty(), refresh_token.is_none());
        prop_assert_eq!(plain(session.refresh_token()), refresh_token.as_deref().unwrap_or_default().as_bytes());
        prop_assert_eq!(plain(session.resource()), resource.as_deref().unwrap_or_default().as_bytes());
        prop_assert_eq!(session.expires_at(), b"1");
        let details: serde_json::Value = serde_json::from_slice(session.authorization_details()).unwrap();
        prop_assert_eq!(&details[0]["type"], &scope);
    }
}
