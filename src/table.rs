//! Tables and records. A table names the members of a kind of JSON object that are read, and their types. A record is a
//! fixed number of texts, by name. A table reads JSON into a record; a record is kept as lines.
//!
//! In memory the fields of a record are parts of one text, in which four bytes have a meaning that no UTF-8 text has.
//! As lines, these bytes, the line break and the backslash are escaped: no value can move a field, and a field that is
//! missing is another one than a field that is empty.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::error::{Code, Fault};
use crate::json::Json;
use crate::text::{EMPTY, Parts, Write, after, copy, cut, parts, take_plain, words};

/// Ends a field.
pub(crate) const FIELD: u8 = 0xFF;
/// Stands before each element of a list.
pub(crate) const LIST: u8 = 0xFE;
/// Is the whole of a value that is of another type than wanted, where that is no error by itself: it equals nothing.
pub(crate) const ODD: u8 = 0xFC;

/// The most members of an object in which no name may stand twice, and the most bytes of their names.
const MOST_MEMBERS: usize = 256;
const MOST_NAMES: usize = 1 << 14;

/// The type of a member.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A string.
    Text,
    /// A string; null is an empty one.
    NullableText,
    /// A string; anything else equals nothing.
    AnyText,
    /// A number.
    Number,
    /// A number; anything else is none.
    AnyNumber,
    /// A number, or one in a string; anything else is none.
    Seconds,
    /// Whether it is `true`.
    Flag,
    /// An array of strings; of anything else, one element that equals nothing.
    Texts,
    /// The same, and a string is an array of one.
    TextOrTexts,
    /// An object, as it stands.
    Object,
    /// An array, as it stands.
    Array,
    /// Any value, as it stands.
    Any,
}

/// Some members of a table, a bit for each, the first one the lowest.
#[derive(Clone, Copy)]
pub(crate) struct Members(pub(crate) u32);

impl Members {
    #[allow(clippy::cast_possible_truncation, reason = "a table is short")]
    const fn has(self, place: usize) -> bool {
        self.0.wrapping_shr(place as u32) & 1 != 0
    }
}

/// The members of an object that are read.
pub(crate) struct Table {
    names: &'static str,
    kinds: &'static [Kind],
    /// How many members the tables before it have.
    before: u8,
    /// Whether JavaScript spells the names: `clientId` for `client_id`.
    camel: bool,
    /// Whether no name may stand twice (RFC 7515 section 4, RFC 7519 section 4); else the last one counts.
    unique: bool,
    /// Whether null is a value, of another type than wanted; else it counts as absent.
    signed: bool,
}

impl Table {
    /// A table of these members, after another one.
    pub(crate) const fn new(names: &'static str, kinds: &'static [Kind], before: Option<&Self>) -> Self {
        let before = match before {
            Some(before) => before.before.saturating_add(length(before.kinds)),
            None => 0,
        };
        Self { names, kinds, before, camel: false, unique: false, signed: false }
    }

    /// The same, in the spelling of JavaScript.
    pub(crate) const fn camel(self) -> Self {
        Self { camel: true, ..self }
    }

    /// The same, in which no name may stand twice.
    pub(crate) const fn unique(self) -> Self {
        Self { unique: true, ..self }
    }

    /// The same for what is signed: null is no more absent than any other value (RFC 7515 section 4.1, RFC 7519 section 4.1).
    pub(crate) const fn signed(self) -> Self {
        Self { unique: true, signed: true, ..self }
    }

    /// By which number a [`Fault`] knows a member. Asked when the crate is compiled, which fails when there is none.
    #[allow(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation,
        reason = "it runs in the compiler, to which a wrong index is an error"
    )]
    pub(crate) const fn place(&self, name: &str) -> u8 {
        let (names, name) = (self.names.as_bytes(), name.as_bytes());
        let (mut at, mut place) = (0, self.before + 1);
        while at < names.len() {
            let mut length = 0;
            let mut same = true;
            while names[at + length] != b' ' {
                same = same && length < name.len() && names[at + length] == name[length];
                length += 1;
            }
            if same && length == name.len() {
                return place;
            }
            place += 1;
            at += length + 1;
        }
        assert!(at > usize::MAX - 1, "the table has no such member");
        0
    }

    /// The name of the member that a [`Fault`] knows by this number; `None` when it is of another table.
    pub(crate) fn name(&self, place: u8) -> Option<&'static [u8]> {
        let place = place.wrapping_sub(self.before).wrapping_sub(1);
        if place < length(self.kinds) { words(self.names).nth(usize::from(place)) } else { None }
    }

    /// Reads an object; a member that is null counts as absent, but for what is signed.
    ///
    /// # Errors
    /// the code, naming the member; naming none when the text is no object
    #[inline(never)]
    pub(crate) fn read(&self, text: &[u8], invalid: Code) -> Result<Vec<u8>, Fault> {
        self.take(Json::new(text), invalid)
    }

    /// The first member of an object that is none of these of the table and not null, as it is spelled.
    #[inline(never)]
    pub(crate) fn stranger(&self, known: Members, text: &[u8]) -> Option<Vec<u8>> {
        let mut stranger = None;
        Json::new(text).each(b'{', &mut |key, value| {
            let mut name = Vec::new();
            key.text(&mut name);
            if stranger.is_none() && value.kind() != b'n' && !self.member(&name).is_some_and(|place| known.has(place)) {
                stranger = Some(name);
            }
        })?;
        stranger
    }

    /// Which member a key is; none is named by an empty text.
    #[inline(never)]
    fn member(&self, key: &[u8]) -> Option<usize> {
        words(self.names).position(|name| !key.is_empty() && is_name(name, key, self.camel))
    }

    /// The same for an object that is part of a text.
    pub(crate) fn take(&self, object: Json<'_>, invalid: Code) -> Result<Vec<u8>, Fault> {
        self.divide(object, Json::default(), invalid, 0, &mut Vec::new())
    }

    /// The same, with the members of another object in the place of its own, unless this one is no value. Writes the members that
    /// the table does not have, up to so many bytes, as an object that lacks its end.
    #[inline(never)]
    pub(crate) fn divide(
        &self,
        object: Json<'_>,
        over: Json<'_>,
        invalid: Code,
        most: usize,
        rest: &mut Vec<u8>,
    ) -> Result<Vec<u8>, Fault> {
        let mut members = blank();
        let mut key_text = Vec::new();
        let mut seen = Vec::new();
        let (mut count, mut twice) = (0_usize, false);
        for object in [object, over].iter().take(if over.raw().is_empty() { 1 } else { 2 }) {
            let visited = object.each(b'{', &mut |key, value| {
                key_text.clear();
                key.text(&mut key_text);
                if self.unique {
                    count = count.saturating_add(1);
                    twice |= count > MOST_MEMBERS
                        || seen.len() > MOST_NAMES
                        || parts(&seen, FIELD).any(|name| name == key_text);
                    seen.text(&key_text);
                    seen.push(FIELD);
                }
                if let Some(member) = self.member(&key_text).and_then(|place| members.get_mut(place)) {
                    *member = value.raw();
                } else if rest.len().saturating_add(key.raw().len()).saturating_add(value.raw().len()) < most {
                    rest.push(if rest.is_empty() { b'{' } else { b',' });
                    rest.text(key.raw());
                    rest.push(b':');
                    rest.text(value.raw());
                }
            });
            visited.filter(|()| !twice).ok_or(invalid)?;
        }
        let mut fields = Vec::new();
        let mut place = self.before;
        for (member, kind) in members.iter().zip(self.kinds) {
            place = place.wrapping_add(1);
            let member = Json::new(member);
            let is_absent = member.kind() == b'n' && !self.signed && *kind != Kind::NullableText;
            if !member.raw().is_empty() && !is_absent {
                write(member, *kind, &mut fields).ok_or(invalid.at(place))?;
            }
            fields.push(FIELD);
        }
        Ok(fields)
    }
}

#[allow(clippy::cast_possible_truncation, reason = "a table is short")]
const fn length(kinds: &[Kind]) -> u8 {
    kinds.len() as u8
}

/// Whether a key is this name; of `client_id` JavaScript makes `clientId`.
fn is_name(name: &[u8], key: &[u8], camel: bool) -> bool {
    if !camel {
        return name == key;
    }
    let mut key = key.iter().copied();
    let mut upper = false;
    for &byte in name {
        if byte == b'_' {
            upper = true;
            continue;
        }
        let wanted = if upper { byte.to_ascii_uppercase() } else { byte };
        upper = false;
        if key.next() != Some(wanted) {
            return false;
        }
    }
    key.next().is_none()
}

/// Writes a member as a field; `None` when it is of another type.
fn write(member: Json<'_>, kind: Kind, fields: &mut Vec<u8>) -> Option<()> {
    let is_numeric = matches!(member.kind(), b'-' | b'0'..=b'9');
    let is_text = member.kind() == b'"';
    match kind {
        Kind::Text | Kind::NullableText | Kind::AnyText | Kind::Seconds if is_text => write_text(member, fields),
        Kind::NullableText if member.kind() == b'n' => fields.push(EMPTY),
        Kind::TextOrTexts if is_text => {
            fields.push(LIST);
            write_text(member, fields);
        }
        Kind::Texts | Kind::TextOrTexts => write_texts(member, fields),
        Kind::Number | Kind::AnyNumber | Kind::Seconds if is_numeric => fields.text(member.raw()),
        Kind::Object if member.kind() == b'{' => write_raw(member, fields),
        Kind::Array if member.kind() == b'[' => write_raw(member, fields),
        Kind::Any => write_raw(member, fields),
        Kind::Flag => {
            if member.kind() == b't' {
                fields.push(b'1');
            }
        }
        Kind::AnyText | Kind::AnyNumber | Kind::Seconds => fields.push(ODD),
        _ => return None,
    }
    Some(())
}

fn write_text(member: Json<'_>, fields: &mut Vec<u8>) {
    let before = fields.len();
    if member.text(fields).is_none() {
        fields.push(ODD);
    } else if fields.len() == before {
        fields.push(EMPTY);
    }
}

fn write_texts(member: Json<'_>, fields: &mut Vec<u8>) {
    let before = fields.len();
    let elements = member.each(b'[', &mut |_, element| {
        fields.push(LIST);
        write_text(element, fields);
    });
    if elements.is_none() {
        fields.push(LIST);
        fields.push(ODD);
    } else if fields.len() == before {
        fields.push(EMPTY);
    }
}

/// Writes JSON on one line: outside of its strings a line break is space, and inside it is escaped.
fn write_raw(value: Json<'_>, fields: &mut Vec<u8>) {
    fields.json(value.raw());
}

/// The elements of a list.
pub(crate) fn elements(list: &[u8]) -> Parts<'_> {
    Parts { rest: after(list, &[LIST]), mark: LIST }
}

/// Whether a list has that element.
#[inline(never)]
pub(crate) fn has_element(list: &[u8], element: &[u8]) -> bool {
    elements(list).any(|other| other == element)
}

/// Appends an element to a list.
pub(crate) fn push_element(list: &mut Vec<u8>, element: &[u8]) {
    list.push(LIST);
    list.text(element);
}

/// The field of a text.
pub(crate) const fn field(text: &[u8]) -> &[u8] {
    if text.is_empty() { &[EMPTY] } else { text }
}

/// The most fields of a record.
pub(crate) const MOST_FIELDS: usize = 27;

/// The fields of a record, whichever it is: what it does not have is empty. One pointer, for records travel: then taking
/// one apart, and handing it on, costs next to nothing.
pub(crate) type Fields<'a> = Box<[&'a [u8]; MOST_FIELDS]>;

/// A record in which nothing is there.
#[inline(never)]
pub(crate) fn blank<'a>() -> Fields<'a> {
    Box::new([b""; _])
}

/// Takes so many fields from a text in which others may follow; `None` when there are fewer.
#[inline(never)]
pub(crate) fn take_fields<'a>(text: &mut &'a [u8], count: usize) -> Option<Fields<'a>> {
    let mut fields = blank();
    for field in fields.iter_mut().take(count) {
        let (part, rest) = cut(text, FIELD);
        *field = part;
        *text = rest?;
    }
    Some(fields)
}

/// The fields that a text is; `None` when they are more or fewer.
#[inline(never)]
pub(crate) fn read_fields(mut text: &[u8], count: usize) -> Option<Fields<'_>> {
    let fields = take_fields(&mut text, count)?;
    if text.is_empty() { Some(fields) } else { None }
}

/// The fields that a table has written, which are all there.
#[inline(never)]
pub(crate) fn view_fields(mut text: &[u8], count: usize) -> Fields<'_> {
    take_fields(&mut text, count).unwrap_or_else(blank)
}

/// How long the text is in which fields stand.
fn size(fields: &[&[u8]]) -> usize {
    fields.iter().fold(fields.len(), |size, field| size.saturating_add(field.len()))
}

/// An empty text with room for so many bytes: one that grows leaves copies behind, which nobody wipes. The npm package wipes its
/// whole memory, and needs none of it.
fn with_room(bytes: usize) -> Vec<u8> {
    if cfg!(target_os = "none") { Vec::new() } else { Vec::with_capacity(bytes) }
}

/// The text in which fields stand.
#[inline(never)]
pub(crate) fn join(fields: &[&[u8]]) -> Vec<u8> {
    let mut text = with_room(size(fields));
    for field in fields {
        text.text(field);
        text.push(FIELD);
    }
    text
}

/// The same with those values in the place of the fields from that place on.
#[inline(never)]
pub(crate) fn join_with(fields: &[&[u8]], from: usize, values: &[&[u8]]) -> Vec<u8> {
    let mut text = with_room(size(fields).saturating_add(size(values)));
    for (place, field) in fields.iter().enumerate() {
        text.text(values.get(place.wrapping_sub(from)).unwrap_or(field));
        text.push(FIELD);
    }
    text
}

/// The bytes that have a meaning in fields or lines, and the letters by which lines escape them. The first one ends a field.
const MARKS: [u8; 6] = [FIELD, LIST, EMPTY, ODD, b'\n', b'\\'];
const LETTERS: &[u8; 6] = b"\nleon\\";

/// What stands in the one list in the place that a byte has in the other.
#[inline(never)]
fn translate(byte: u8, from: &[u8; 6], to: &[u8; 6]) -> Option<u8> {
    from.iter().zip(to).find(|(other, _)| **other == byte).map(|(_, translated)| *translated)
}

/// The lines of fields.
#[inline(never)]
pub(crate) fn to_lines(fields: &[u8]) -> Vec<u8> {
    let mut lines = with_room(fields.len().saturating_mul(2));
    copy(fields, &mut lines, &mut |byte, lines| {
        let letter = translate(byte, &MARKS, LETTERS);
        if byte != FIELD && letter.is_some() {
            lines.push(b'\\');
        }
        lines.push(letter.unwrap_or(byte));
    });
    lines
}

/// The fields of lines. Of an escape that is none the backslash is left out: what is text stays text.
#[inline(never)]
pub(crate) fn from_lines(lines: &[u8]) -> Vec<u8> {
    let mut fields = Vec::new();
    let mut rest = lines;
    // One that grows takes longer, and leaves copies behind. (`with_capacity` would bring a second allocation function along.)
    fields.reserve(lines.len());
    loop {
        fields.text(take_plain(&mut rest));
        let Some((byte, after)) = rest.split_first() else { return fields };
        rest = after;
        match byte {
            b'\n' => fields.push(FIELD),
            b'\\' => {
                let Some((letter, after)) = rest.split_first() else { return fields };
                rest = after;
                let mark = translate(*letter, LETTERS, &MARKS).filter(|mark| *mark != FIELD);
                fields.push(mark.unwrap_or(*letter));
            }
            byte => fields.push(*byte),
        }
    }
}

/// A record by the names of its fields, and what it is made of.
macro_rules! record {
    ($(#[$attribute:meta])* $vis:vis struct $name:ident / $parts:ident { $($field:ident)* }) => {
        $(#[$attribute])*
        #[derive(Clone)]
        $vis struct $name<'a>(crate::table::Fields<'a>);

        /// What the record is made of, by name.
        #[allow(dead_code, reason = "some records are only read")]
        $vis struct $parts<'a> { $(pub(crate) $field: &'a [u8],)* }

        #[allow(dead_code, reason = "some records are only read")]
        impl $parts<'_> {
            /// The text in which these fields stand.
            pub(crate) fn to_fields(&self) -> alloc::vec::Vec<u8> {
                crate::table::join(&[$(self.$field,)*])
            }
        }

        #[allow(dead_code, reason = "every record has all of them")]
        impl<'a> $name<'a> {
            crate::table::accessors! { 'a 0; $($field)* }

            const COUNT: usize = crate::table::count!($($field)*);

            /// The record of these parts.
            pub(crate) fn of(parts: $parts<'a>) -> Self {
                let mut record = Self::blank();
                for (field, part) in record.0.iter_mut().zip(&[$(parts.$field,)*]) {
                    *field = *part;
                }
                record
            }

            /// A record in which nothing is there.
            pub(crate) fn blank() -> Self {
                Self(crate::table::blank())
            }

            /// Takes its fields from a text in which others may follow.
            pub(crate) fn take(text: &mut &'a [u8]) -> Option<Self> {
                crate::table::take_fields(text, Self::COUNT).map(Self)
            }

            /// The record that a text is.
            pub(crate) fn read(text: &'a [u8]) -> Option<Self> {
                crate::table::read_fields(text, Self::COUNT).map(Self)
            }

            /// The record that a table has read.
            pub(crate) fn of_table(text: &'a [u8]) -> Self {
                Self(crate::table::view_fields(text, Self::COUNT))
            }

            /// Its fields, in their order.
            pub(crate) fn fields(&self) -> &[&'a [u8]] {
                self.0.get(..Self::COUNT).unwrap_or_default()
            }

            /// The same, to be changed.
            pub(crate) fn fields_mut(&mut self) -> &mut [&'a [u8]] {
                self.0.get_mut(..Self::COUNT).unwrap_or_default()
            }

            /// The text in which its fields stand.
            #[allow(clippy::wrong_self_convention, reason = "a record is long to be copied")]
            pub(crate) fn to_fields(&self) -> alloc::vec::Vec<u8> {
                crate::table::join(self.fields())
            }
        }
    };
}
macro_rules! count {
    () => { 0 };
    ($first:ident $($rest:ident)*) => { 1 + crate::table::count!($($rest)*) };
}
macro_rules! accessors {
    ($a:lifetime $place:expr;) => {};
    ($a:lifetime $place:expr; $first:ident $($rest:ident)*) => {
        #[allow(clippy::indexing_slicing, reason = "the array has that many fields")]
        pub(crate) fn $first(&self) -> &$a [u8] { self.0[$place] }
        crate::table::accessors! { $a $place + 1; $($rest)* }
    };
}

/// A table and the record that it reads into. A member whose name is a word of Rust is given its name in JSON.
macro_rules! table {
    ($(#[$attribute:meta])* $table:ident / $name:ident / $parts:ident after $before:expr, $($style:ident)? {
        $($field:ident $(= $json:literal)?: $kind:ident,)*
    }) => {
        $(#[$attribute])*
        pub(crate) const $table: crate::table::Table = crate::table::Table::new(
            concat!($(crate::table::name!($field $($json)?), " ",)*),
            &[$(crate::table::Kind::$kind,)*],
            $before,
        )$(.$style())?;

        crate::table::record! {
            $(#[$attribute])*
            pub(crate) struct $name / $parts { $($field)* }
        }
    };
}
macro_rules! name {
    ($field:ident) => {
        stringify!($field)
    };
    ($field:ident $json:literal) => {
        $json
    };
}

pub(crate) use {accessors, count, name, record, table};
