//! JSON that stays where it is (RFC 8259): a text is checked and passed over once, and its values are parts of it.
//!
//! A value may be 64 levels deep. Half of a surrogate pair becomes U+FFFD. A whole number between -2^53 and 2^53 is exact;
//! any other one may differ in its last places.

use alloc::vec::Vec;

use crate::text::{Write, after, cut, nibble, take_plain};

/// How deep values may stand inside of each other.
pub const MAX_DEPTH: u8 = 64;

/// 2^53: below it every whole number is exact.
pub(crate) const MOST_EXACT: f64 = 9_007_199_254_740_992.0;

/// A value as it stands in a text that was found to be JSON. The default is no value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Json<'a>(&'a [u8]);

/// Called with each key and each value. An element of an array has no key.
type Visit<'v, 'a> = dyn FnMut(Json<'a>, Json<'a>) + 'v;

/// The value that a whole text is; `None` when the text is not JSON.
#[must_use]
pub fn parse(text: &[u8]) -> Option<Json<'_>> {
    let mut cursor = Cursor(text);
    let value = cursor.value(MAX_DEPTH)?;
    cursor.0.is_empty().then_some(value)
}

impl<'a> Json<'a> {
    /// A value that was found before; or a text that nobody has looked at, which only [`each`](Self::each) does.
    #[must_use]
    pub const fn new(raw: &'a [u8]) -> Self {
        Self(raw)
    }

    /// The value as it stands; empty when it is none.
    #[must_use]
    pub const fn raw(self) -> &'a [u8] {
        self.0
    }

    /// How the value begins: `{` an object, `[` an array, `"` a string, `t`, `f`, `n` a literal name, a digit or `-` a
    /// number; 0 when it is none.
    #[must_use]
    pub fn kind(self) -> u8 {
        self.0.first().copied().unwrap_or_default()
    }

    /// Visits the members of an object (`{`) or the elements of an array (`[`). `None` when the value is of another kind. It may be a whole text
    /// that nobody has looked at: then it is also `None` when that is not JSON, and what was visited before does not count.
    pub fn each(self, kind: u8, visit: &mut Visit<'_, 'a>) -> Option<()> {
        let mut cursor = Cursor(self.0);
        cursor.space();
        if cursor.peek() != kind {
            return None;
        }
        cursor.items(MAX_DEPTH, visit)?;
        cursor.space();
        cursor.0.is_empty().then_some(())
    }

    /// Appends the text of a string. `None` when the value is no string.
    #[inline(never)]
    pub fn text(self, text: &mut Vec<u8>) -> Option<()> {
        let mut rest = after(self.0, b"\"")?.split_last()?.1;
        loop {
            let (plain, after) = cut(rest, b'\\');
            text.text(plain);
            let Some((&escape, after)) = after.and_then(<[u8]>::split_first) else { return Some(()) };
            rest = after;
            text.push(match escape {
                b'b' => 8,
                b'f' => 12,
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                b'u' => {
                    let scalar = scalar(&mut rest);
                    push_scalar(if scalar & 0xFFFF_F800 == 0xD800 { 0xFFFD } else { scalar }, text);
                    continue;
                }
                byte => byte,
            });
        }
    }

    /// The value of a number.
    #[must_use]
    pub fn number(self) -> Option<f64> {
        number(self.0)
    }
}

/// Appends a character (RFC 3629 section 3).
fn push_scalar(scalar: u32, text: &mut Vec<u8>) {
    let (lead, mut more) = match scalar {
        0..0x80 => (0, 0),
        0x80..0x800 => (0xC0, 6),
        0x800..0x1_0000 => (0xE0, 12),
        _ => (0xF0, 18),
    };
    let [first, ..] = (lead | scalar.wrapping_shr(more)).to_le_bytes();
    text.push(first);
    while more > 0 {
        more = more.wrapping_sub(6);
        let [next, ..] = (0x80 | scalar.wrapping_shr(more) & 0x3F).to_le_bytes();
        text.push(next);
    }
}

/// The character of an escape whose `\u` was read: with half of a surrogate pair, the other half may follow.
fn scalar(rest: &mut &[u8]) -> u32 {
    let high = unit(rest);
    if high & 0xFC00 == 0xD800
        && let Some(mut after) = after(rest, b"\\u")
    {
        let low = unit(&mut after);
        if low & 0xFC00 == 0xDC00 {
            *rest = after;
            return ((high & 0x3FF) << 10 | low & 0x3FF).wrapping_add(0x10000);
        }
    }
    high
}

/// Four hexadecimal digits, which are there.
fn unit(rest: &mut &[u8]) -> u32 {
    let Some((digits, after)) = rest.split_at_checked(4) else { return 0 };
    *rest = after;
    digits.iter().fold(0, |unit, digit| unit << 4 | u32::from(nibble(*digit)))
}

/// The value of a JSON number; `None` when the text does not begin as one.
#[must_use]
#[inline(always)]
pub fn number(text: &[u8]) -> Option<f64> {
    Some(number_or_nan(text)).filter(|value| !value.is_nan())
}

/// The same as one number, which comes back in a register: NaN when there is none. To compare with it is false.
#[inline(never)]
pub(crate) fn number_or_nan(text: &[u8]) -> f64 {
    let (mut value, mut scale, mut exponent) = (0.0, 0_i32, 0_i32);
    let (mut behind, mut in_exponent, mut falls) = (false, false, false);
    for byte in text {
        match byte {
            b'-' => falls = in_exponent,
            b'.' => behind = true,
            b'0'..=b'9' => {
                let digit = byte.wrapping_sub(b'0');
                if in_exponent {
                    // So far no text reaches: beyond, it is nothing or infinite anyway.
                    exponent = exponent.wrapping_mul(10).wrapping_add(i32::from(digit)).min(100_000_000);
                } else if value < MOST_EXACT {
                    value = value * 10.0 + f64::from(digit);
                    scale = scale.wrapping_sub(i32::from(behind));
                } else {
                    // It changes the value by less than its last place.
                    scale = scale.wrapping_add(i32::from(!behind));
                }
            }
            // `e`, or the sign that it needs not.
            _ => in_exponent = true,
        }
    }
    let mut power = scale.wrapping_add(if falls { exponent.wrapping_neg() } else { exponent }).clamp(-800, 800);
    // In steps of a power of ten that is exact. A zero stays one, also beyond what a number can hold.
    while power != 0 && value != 0.0 {
        let step = power.clamp(-22, 22);
        let factor = (0..step.unsigned_abs()).fold(1.0, |factor, _| factor * 10.0);
        value = if step > 0 { value * factor } else { value / factor };
        power = power.wrapping_sub(step);
    }
    match text.first() {
        Some(b'-') => -value,
        Some(b'0'..=b'9') => value,
        _ => f64::NAN,
    }
}

/// What is still to be read.
struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    /// The next byte; 0, which begins nothing, at the end.
    fn peek(&self) -> u8 {
        self.0.first().copied().unwrap_or_default()
    }

    #[inline(never)]
    fn skip(&mut self) -> u8 {
        let byte = self.peek();
        self.0 = self.0.get(1..).unwrap_or_default();
        byte
    }

    fn space(&mut self) {
        while matches!(self.peek(), b' ' | b'\t' | b'\n' | b'\r') {
            self.skip();
        }
    }

    /// Passes over the object or array that begins here, to its end.
    fn items(&mut self, depth: u8, visit: &mut Visit<'_, 'a>) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        // In ASCII the closing bracket is the second one after the opening one.
        let close = self.skip().wrapping_add(2);
        self.space();
        if self.peek() == close {
            self.skip();
            return Some(());
        }
        loop {
            let mut key = Json::default();
            if close == b'}' {
                self.space();
                if self.peek() != b'"' {
                    return None;
                }
                key = self.value(depth)?;
                if self.skip() != b':' {
                    return None;
                }
            }
            let value = self.value(depth)?;
            visit(key, value);
            let mark = self.skip();
            if mark == close {
                return Some(());
            }
            if mark != b',' {
                return None;
            }
        }
    }

    /// Passes over a value and the space around it.
    fn value(&mut self, depth: u8) -> Option<Json<'a>> {
        self.space();
        let start = self.0;
        match self.peek() {
            b'{' | b'[' => self.items(depth, &mut |_, _| {})?,
            b'"' => self.string()?,
            b't' => self.word(b"true")?,
            b'f' => self.word(b"false")?,
            b'n' => self.word(b"null")?,
            _ => self.number()?,
        }
        let length = start.len().saturating_sub(self.0.len());
        self.space();
        start.get(..length).map(Json)
    }

    fn word(&mut self, word: &[u8]) -> Option<()> {
        self.0 = after(self.0, word)?;
        Some(())
    }

    fn string(&mut self) -> Option<()> {
        self.skip();
        loop {
            take_plain(&mut self.0);
            // At the end there is a zero, too.
            match self.skip() {
                b'"' => return Some(()),
                0..0x20 => return None,
                b'\\' => match self.skip() {
                    b'u' => {
                        for _ in 0..4 {
                            if !self.skip().is_ascii_hexdigit() {
                                return None;
                            }
                        }
                    }
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
                    _ => return None,
                },
                _ => {}
            }
        }
    }

    fn number(&mut self) -> Option<()> {
        if self.peek() == b'-' {
            self.skip();
        }
        if self.peek() == b'0' {
            self.skip();
        } else {
            self.digits()?;
        }
        if self.peek() == b'.' {
            self.skip();
            self.digits()?;
        }
        if self.peek() | 0x20 == b'e' {
            self.skip();
            if matches!(self.peek(), b'+' | b'-') {
                self.skip();
            }
            self.digits()?;
        }
        Some(())
    }

    fn digits(&mut self) -> Option<()> {
        if !self.peek().is_ascii_digit() {
            return None;
        }
        while self.peek().is_ascii_digit() {
            self.skip();
        }
        Some(())
    }
}
