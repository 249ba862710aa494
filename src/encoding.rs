//! The two encodings of the wire: base64url (RFC 4648 section 5, unpadded) and forms
//! (`application/x-www-form-urlencoded`, RFC 6749 appendix B). Thin over the crates that do it.

#[cfg(feature = "client")]
use alloc::string::String;
#[cfg(feature = "client")]
use alloc::vec::Vec;

use base64::Engine as _;

#[cfg(feature = "client")]
use crate::text::{Write, from_form, pairs};

/// The alphabet of base64url, and how it goes without padding.
const BASE64URL: base64::engine::GeneralPurpose = base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Writes bytes in base64url without padding, as far as there is room.
///
/// The crate is given three bytes at a time: then the loop that it has for long inputs does not become part of the module.
pub(crate) fn write_base64url(bytes: &[u8], text: &mut [u8]) {
    for (group, characters) in bytes.chunks(3).zip(text.chunks_mut(4)) {
        let mut three = [0; 3];
        for (to, from) in three.iter_mut().zip(group) {
            *to = *from;
        }
        let mut four = [0; 4];
        // Cannot fail: four characters are what three bytes need.
        let _ = BASE64URL.encode_slice(three, &mut four);
        for (to, from) in characters.iter_mut().zip(four) {
            *to = from;
        }
    }
}

/// Appends bytes in base64url without padding.
#[cfg(feature = "client")]
#[inline(never)]
pub(crate) fn write_base64url_to(text: &mut Vec<u8>, bytes: &[u8]) {
    let start = text.len();
    text.resize(start.saturating_add(bytes.len().saturating_mul(4).div_ceil(3)), 0);
    write_base64url(bytes, text.get_mut(start..).unwrap_or_default());
}

/// Encodes bytes in base64url without padding.
#[cfg(feature = "client")]
#[must_use]
pub fn base64url(bytes: &[u8]) -> String {
    let mut text = Vec::new();
    write_base64url_to(&mut text, bytes);
    String::from_utf8(text).unwrap_or_default()
}

/// Decodes unpadded base64url; `None` when it is anything else.
#[cfg(feature = "client")]
#[must_use]
pub fn from_base64url(text: &str) -> Option<Vec<u8>> {
    decode_base64url(text.as_bytes())
}

/// The same for bytes.
///
/// The crate is given four characters at a time, for the same reason. `A` stands for six zero bits: what is missing of the
/// last group is filled with it, and has to come out as zeros.
#[cfg(feature = "client")]
#[inline(never)]
pub(crate) fn decode_base64url(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for group in text.chunks(4) {
        let mut four = [b'A'; 4];
        for (to, from) in four.iter_mut().zip(group) {
            *to = *from;
        }
        let mut three = [0; 3];
        BASE64URL.decode_slice(four, &mut three).ok()?;
        let (decoded, rest) = three.split_at_checked(group.len().checked_sub(1).filter(|length| *length > 0)?)?;
        if rest.iter().any(|byte| *byte != 0) {
            return None;
        }
        bytes.text(decoded);
    }
    Some(bytes)
}

/// A form or query under construction.
#[cfg(feature = "client")]
#[derive(Default)]
pub struct Form(Vec<u8>);

#[cfg(feature = "client")]
impl Form {
    /// An empty form.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a parameter. Everything but the unreserved characters of RFC 3986 is escaped.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.0.pair(name.as_bytes(), value.as_bytes());
        self
    }

    /// Adds a parameter when there is a value.
    #[must_use]
    pub fn with_some(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// The encoded form.
    #[must_use]
    pub fn finish(self) -> String {
        String::from_utf8(self.0).unwrap_or_default()
    }
}

/// The parameters of a form or query, decoded, in their order. `None` when an escape does not decode to UTF-8.
#[cfg(feature = "client")]
#[must_use]
pub fn form_pairs(form: &str) -> Option<Vec<(String, String)>> {
    let string = |text: Option<Vec<u8>>| String::from_utf8(text?).ok();
    pairs(form.as_bytes()).map(|(name, value)| Some((string(name)?, string(from_form(value))?))).collect()
}

/// A whole number in decimal digits.
#[cfg(feature = "client")]
#[must_use]
pub fn decimal(number: u64) -> String {
    let mut digits = Vec::new();
    digits.number(number);
    String::from_utf8(digits).unwrap_or_default()
}
