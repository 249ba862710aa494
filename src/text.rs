//! Texts as bytes: cut, compared, written. What comes in is UTF-8, or is found to be.
//!
//! The methods of `str` and of slices that search bring loops for long texts along, which would be much of the shipped
//! module: these do not.

use alloc::vec::Vec;

/// The parts before and after the first mark; nothing is after a text without the mark.
#[inline(never)]
pub(crate) fn cut(text: &[u8], mark: u8) -> (&[u8], Option<&[u8]>) {
    let (part, rest) =
        text.split_at_checked(text.iter().position(|byte| *byte == mark).unwrap_or(text.len())).unwrap_or_default();
    (part, rest.split_first().map(|(_, rest)| rest))
}

/// The parts before and after the last mark.
pub(crate) fn cut_last(text: &[u8], mark: u8) -> Option<(&[u8], &[u8])> {
    let at = text.iter().rposition(|byte| *byte == mark)?;
    Some((text.get(..at)?, text.get(at.saturating_add(1)..)?))
}

/// Takes the part before the next mark, and the mark.
pub(crate) fn take<'a>(rest: &mut &'a [u8], mark: u8) -> &'a [u8] {
    let (part, after) = cut(rest, mark);
    *rest = after.unwrap_or_default();
    part
}

/// What follows a beginning; `None` after another one.
#[inline(never)]
pub(crate) fn after<'a>(text: &'a [u8], beginning: &[u8]) -> Option<&'a [u8]> {
    text.strip_prefix(beginning)
}

/// The parts of a text between the marks; of an empty text one, which is empty.
pub(crate) fn parts(text: &[u8], mark: u8) -> Parts<'_> {
    Parts { rest: Some(text), mark }
}

/// The parts that are still to come.
pub(crate) struct Parts<'a> {
    pub(crate) rest: Option<&'a [u8]>,
    pub(crate) mark: u8,
}

impl<'a> Iterator for Parts<'a> {
    type Item = &'a [u8];

    #[inline(never)]
    fn next(&mut self) -> Option<&'a [u8]> {
        let (part, rest) = cut(self.rest?, self.mark);
        self.rest = rest;
        Some(part)
    }
}

/// Whether both are the same. (Where one is known, `==` becomes a comparison of its bytes in the shipped module.)
#[inline(never)]
pub(crate) fn same(text: &[u8], other: &[u8]) -> bool {
    text == other
}

/// These texts, one behind the other.
#[inline(never)]
pub(crate) fn joined(texts: &[&[u8]]) -> Vec<u8> {
    let mut joined = Vec::new();
    for text in texts {
        joined.text(text);
    }
    joined
}

/// A number in decimal digits.
#[inline(never)]
pub(crate) fn digits(number: u64) -> Vec<u8> {
    let mut digits = Vec::new();
    digits.number(number);
    digits
}

/// Whether there is such a byte.
#[allow(clippy::manual_contains, reason = "`contains` on bytes would bring its search for long texts along")]
pub(crate) fn has(text: &[u8], mark: u8) -> bool {
    text.iter().any(|byte| *byte == mark)
}

/// Characters of ASCII, each by a bit.
pub(crate) struct Class([u32; 4]);

#[allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    reason = "it runs in the compiler, to which a wrong index is an error"
)]
impl Class {
    /// These.
    pub(crate) const fn only(these: &[u8]) -> Self {
        Self([0; 4]).with(these, true)
    }

    /// Letters and digits, and these.
    pub(crate) const fn alphanumeric(more: &[u8]) -> Self {
        Self([0, 0x03FF_0000, 0x07FF_FFFE, 0x07FF_FFFE]).with(more, true)
    }

    /// The characters that are printed and the space (`VSCHAR`, RFC 6749 appendix A), but for these.
    pub(crate) const fn printable(but: &[u8]) -> Self {
        Self([0, u32::MAX, u32::MAX, u32::MAX >> 1]).with(but, false)
    }

    /// The same, with these or without them.
    const fn with(mut self, these: &[u8], has: bool) -> Self {
        let mut at = 0;
        while at < these.len() {
            let (word, bit) = (these[at] as usize / 32, 1 << (these[at] % 32));
            self.0[word] = if has { self.0[word] | bit } else { self.0[word] & !bit };
            at += 1;
        }
        self
    }
}

impl Class {
    fn has(&self, byte: u8) -> bool {
        let word = self.0.get(usize::from(byte >> 5)).copied().unwrap_or_default();
        word.wrapping_shr(u32::from(byte)) & 1 != 0
    }
}

/// Takes the characters of that class.
#[inline(never)]
pub(crate) fn span<'a>(rest: &mut &'a [u8], class: &Class) -> &'a [u8] {
    let end = rest.iter().position(|byte| !class.has(*byte)).unwrap_or(rest.len());
    let (taken, after) = rest.split_at_checked(end).unwrap_or_default();
    *rest = after;
    taken
}

/// Passes over the characters of that class; whether there are any.
#[inline(never)]
pub(crate) fn skip(rest: &mut &[u8], class: &Class) -> bool {
    !span(rest, class).is_empty()
}

/// Whether every byte is of that class.
#[inline(never)]
pub(crate) fn all(mut text: &[u8], class: &Class) -> bool {
    span(&mut text, class);
    text.is_empty()
}

pub(crate) const DIGIT: Class = Class::only(b"0123456789");
/// The unreserved characters (RFC 3986 section 2.3, RFC 7636 section 4.1).
pub(crate) const UNRESERVED: Class = Class::alphanumeric(b"-._~");

/// Is the whole of a field whose text is there and empty: a field without a byte is not there. No UTF-8 has such a byte.
pub(crate) const EMPTY: u8 = 0xFD;

/// What a field says; empty also where it is not there.
pub(crate) fn plain(field: &[u8]) -> &[u8] {
    if field == [EMPTY] { b"" } else { field }
}

/// The words of a text that are separated by spaces.
pub(crate) fn words(text: &str) -> Parts<'_> {
    parts(text.as_bytes(), b' ')
}

/// The place of an element in a list that is separated by spaces. (To compare with one text after the other, as `match` does,
/// would be a comparison of each byte in the shipped module.)
#[inline(always)]
pub(crate) fn position(list: &[u8], element: &[u8]) -> Option<usize> {
    Some(place_or_most(list, element)).filter(|place| *place != usize::MAX)
}

/// The same as one number, which comes back in a register: the most of all when it is not there.
#[inline(never)]
fn place_or_most(list: &[u8], element: &[u8]) -> usize {
    let mut place = 0_usize;
    for other in parts(list, b' ') {
        if other == element {
            return place;
        }
        place = place.wrapping_add(1);
    }
    usize::MAX
}

/// Whether a list that is separated by spaces has that element.
pub(crate) fn contains(list: &[u8], element: &[u8]) -> bool {
    position(list, element).is_some()
}

/// A whole number in decimal digits and nothing else; `None` also when it is 2^64 or more.
#[inline(always)]
pub(crate) fn number(digits: &[u8]) -> Option<u64> {
    if is_number(digits) { Some(number_or(digits, 0)) } else { None }
}

/// Whether there is such a number.
#[inline(never)]
pub(crate) fn is_number(digits: &[u8]) -> bool {
    number_or(digits, 0) == number_or(digits, 1)
}

/// The number, or else another one. It comes back in a register, which an `Option` does not.
#[inline(never)]
pub(crate) fn number_or(digits: &[u8], otherwise: u64) -> u64 {
    let mut number = if digits.is_empty() { None } else { Some(0_u64) };
    for byte in digits {
        let digit = byte.wrapping_sub(b'0');
        number = number.filter(|number| digit < 10 && *number <= u64::MAX / 10);
        number = number.and_then(|number| number.wrapping_mul(10).checked_add(u64::from(digit)));
    }
    number.unwrap_or(otherwise)
}

/// Whether the bytes are UTF-8 (RFC 3629 section 4).
pub(crate) fn is_utf8(bytes: &[u8]) -> bool {
    let mut missing = 0_u8;
    // What the next byte may be.
    let (mut low, mut high) = (0x80, 0xBF);
    for &byte in bytes {
        if missing > 0 {
            if byte < low || byte > high {
                return false;
            }
            missing = missing.wrapping_sub(1);
            (low, high) = (0x80, 0xBF);
            continue;
        }
        missing = match byte {
            0..0x80 => 0,
            0xC2..0xE0 => 1,
            0xE0..0xF0 => 2,
            0xF0..0xF5 => 3,
            _ => return false,
        };
        match byte {
            0xE0 => low = 0xA0,
            0xED => high = 0x9F,
            0xF0 => low = 0x90,
            0xF4 => high = 0x8F,
            _ => {}
        }
    }
    missing == 0
}

/// The value of a hexadecimal digit.
pub(crate) const fn nibble(digit: u8) -> u8 {
    (digit & 15).wrapping_add(if digit > b'9' { 9 } else { 0 })
}

/// Decodes a component of a form; `None` when its escapes make no UTF-8.
pub(crate) fn from_form(component: &[u8]) -> Option<Vec<u8>> {
    let text = decode(component);
    if is_utf8(&text) { Some(text) } else { None }
}

/// The bytes of a component of a form. What is no escape stays as it is, as in `URLSearchParams`.
#[inline(never)]
pub(crate) fn decode(component: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    let mut rest = component;
    loop {
        text.text(span(&mut rest, &UNRESERVED));
        let Some((byte, after)) = rest.split_first() else { return text };
        rest = after;
        text.push(match byte {
            b'+' => b' ',
            b'%' => match rest {
                [high, low, after @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                    rest = after;
                    (nibble(*high) << 4) | nibble(*low)
                }
                _ => b'%',
            },
            byte => *byte,
        });
    }
}

/// The name of a parameter of a form or query, decoded, and its value as it stands.
pub(crate) fn pairs(form: &[u8]) -> impl Iterator<Item = (Option<Vec<u8>>, &[u8])> {
    parts(form, b'&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = cut(pair, b'=');
        (from_form(name), value.unwrap_or_default())
    })
}

const HEX: &[u8; 16] = b"0123456789ABCDEF";

#[allow(clippy::indexing_slicing, reason = "the index is below 16")]
const fn hex(digit: u8) -> u8 {
    HEX[(digit & 15) as usize]
}

/// A byte in each place of a word.
const fn four(byte: u8) -> u32 {
    u32::from_le_bytes([byte; 4])
}

/// Takes the bytes up to the first one that has a meaning in JSON or in records: a control character, a quote, a backslash, or a byte that no UTF-8
/// has. Most texts are plain ASCII, of which four bytes at a time are passed over.
#[inline(never)]
pub(crate) fn take_plain<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let mut length = 0_usize;
    for word in rest.as_chunks::<4>().0 {
        let word = u32::from_le_bytes(*word);
        let (quotes, backslashes) = (word ^ four(b'"'), word ^ four(b'\\'));
        // The highest bit of a byte stays clear where it is ASCII, no control character and none of the two, as long as no byte below it borrows.
        let lower = word.wrapping_sub(four(b' ')) | quotes.wrapping_sub(four(1)) | backslashes.wrapping_sub(four(1));
        if (word | lower) & four(0x80) != 0 {
            break;
        }
        length = length.wrapping_add(4);
    }
    let mut more = rest.get(length..).unwrap_or_default().iter();
    while more.next().is_some_and(|byte| *byte >= b' ' && !matches!(byte, b'"' | b'\\' | 0xFC..)) {
        length = length.wrapping_add(1);
    }
    let (plain, after) = rest.split_at_checked(length).unwrap_or_default();
    *rest = after;
    plain
}

/// Appends a text. What has a meaning is written by `special`.
#[inline(never)]
pub(crate) fn copy(text: &[u8], out: &mut Vec<u8>, special: &mut dyn FnMut(u8, &mut Vec<u8>)) {
    let mut rest = text;
    loop {
        out.text(take_plain(&mut rest));
        let Some((byte, after)) = rest.split_first() else { return };
        special(*byte, out);
        rest = after;
    }
}

/// A text under construction.
pub(crate) trait Write {
    /// Adds a text.
    fn text(&mut self, text: &[u8]);
    /// Adds a number in decimal digits. The formatting of the standard library would be much of the shipped module.
    fn number(&mut self, number: u64);
    /// Adds a text in which everything but the unreserved characters of RFC 3986 is escaped.
    fn escaped(&mut self, text: &[u8]);
    /// Adds a parameter of a form or query, and the `&` before it unless it is the first one.
    fn pair(&mut self, name: &[u8], value: &[u8]);
    /// Adds a string of JSON.
    fn string(&mut self, text: &[u8]);
    /// Adds JSON as it stands, on one line: a line break can only be the space between its parts.
    fn json(&mut self, value: &[u8]);
    /// Adds a member of a JSON object, and what stands before it; the value follows.
    fn member(&mut self, name: &[u8]);
    /// Adds those members of a JSON object that are there, as strings. The names are separated by spaces.
    fn members(&mut self, names: &str, values: &[&[u8]]);
    /// The same for parameters of a form or query.
    fn pairs(&mut self, names: &str, values: &[&[u8]]);
}

impl Write for Vec<u8> {
    #[inline(never)]
    fn text(&mut self, text: &[u8]) {
        self.extend_from_slice(text);
    }

    #[inline(never)]
    fn number(&mut self, number: u64) {
        if number > 9 {
            self.number(number / 10);
        }
        self.push(b'0'.wrapping_add(number.wrapping_rem(10).to_le_bytes()[0]));
    }

    #[inline(never)]
    fn escaped(&mut self, text: &[u8]) {
        let mut rest = text;
        loop {
            self.text(span(&mut rest, &UNRESERVED));
            let Some((byte, after)) = rest.split_first() else { return };
            rest = after;
            self.push(b'%');
            self.push(hex(byte >> 4));
            self.push(hex(*byte));
        }
    }

    #[inline(never)]
    fn pair(&mut self, name: &[u8], value: &[u8]) {
        if !matches!(self.last(), None | Some(b'?' | b'&')) {
            self.push(b'&');
        }
        self.escaped(name);
        self.push(b'=');
        self.escaped(value);
    }

    #[inline(never)]
    fn string(&mut self, text: &[u8]) {
        self.push(b'"');
        copy(text, self, &mut |byte, out| {
            if byte < 0x20 {
                out.text(b"\\u00");
                out.push(b'0' | byte >> 4);
                out.push(hex(byte));
            } else {
                // A byte that no UTF-8 has is left to whoever reads it as text.
                if byte < 0x80 {
                    out.push(b'\\');
                }
                out.push(byte);
            }
        });
        self.push(b'"');
    }

    fn json(&mut self, value: &[u8]) {
        copy(value, self, &mut |byte, out| out.push(if byte < b' ' { b' ' } else { byte }));
    }

    #[inline(never)]
    fn member(&mut self, name: &[u8]) {
        self.push(if matches!(self.last(), None | Some(b':')) { b'{' } else { b',' });
        self.string(name);
        self.push(b':');
    }

    #[inline(never)]
    fn members(&mut self, names: &str, values: &[&[u8]]) {
        for (name, value) in words(names).zip(values) {
            if !value.is_empty() {
                self.member(name);
                self.string(plain(value));
            }
        }
    }

    #[inline(never)]
    fn pairs(&mut self, names: &str, values: &[&[u8]]) {
        for (name, value) in words(names).zip(values) {
            if !value.is_empty() {
                self.pair(name, plain(value));
            }
        }
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use crate::text::Class;

    #[test]
    fn a_class_has_the_characters_that_it_is_named_after_and_no_other() {
        let only = Class::only(b" \t,");
        let alphanumeric = Class::alphanumeric(b"-._~");
        let printable = Class::printable(b" \"\\");
        for byte in 0..=u8::MAX {
            assert_eq!(only.has(byte), b" \t,".contains(&byte), "{byte}");
            assert_eq!(alphanumeric.has(byte), byte.is_ascii_alphanumeric() || b"-._~".contains(&byte), "{byte}");
            assert_eq!(printable.has(byte), matches!(byte, b'!'..=b'~') && !b"\"\\".contains(&byte), "{byte}");
        }
    }
}
