//! The two encodings of the wire: base64url (RFC 4648 section 5, unpadded) and forms
//! (`application/x-www-form-urlencoded`, RFC 6749 appendix B).

#[cfg(feature = "client")]
use alloc::string::String;
#[cfg(feature = "client")]
use alloc::vec::Vec;

use base64::Engine as _;
use sha2::{Digest as _, Sha256};

#[cfg(feature = "client")]
use crate::text::{Write, digits, from_form, pairs};

/// The alphabet of base64url, and how it goes without padding.
const BASE64URL: base64::engine::GeneralPurpose = base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Writes bytes in base64url without padding, as far as there is room.
///
/// The crate is given three bytes at a time: then the loop that it has for long inputs does not become part of the module.
pub(crate) fn write_base64url(bytes: &[u8], text: &mut [u8]) {
    for (group, characters) in bytes.chunks(3).zip(text.chunks_mut(4)) {
        let octet = |place: usize| group.get(place).copied().unwrap_or_default();
        let three = [octet(0), octet(1), octet(2)];
        let mut four = [0; 4];
        // Cannot fail: four characters are what three bytes need.
        let _ = BASE64URL.encode_slice(three, &mut four);
        for (to, from) in characters.iter_mut().zip(&four) {
            *to = *from;
        }
    }
}

/// Appends the SHA-256 of a text in base64url.
#[cfg(feature = "client")]
#[inline(never)]
pub(crate) fn write_hash(text: &mut Vec<u8>, of: &[u8]) {
    write_base64url_to(text, &sha256(of));
}

/// The SHA-256 of a text.
#[inline(never)]
pub(crate) fn sha256(text: &[u8]) -> [u8; 32] {
    Sha256::digest(text).into()
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

/// The same for bytes. What the crate does with padding and with long inputs would be much of the module.
#[cfg(feature = "client")]
#[inline(never)]
pub(crate) fn decode_base64url(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    // The bits that are not yet a byte, and how many they are.
    let (mut rest, mut count) = (0_u32, 0_u32);
    for character in text {
        let bits = match character {
            b'A'..=b'Z' => character.wrapping_sub(b'A'),
            b'a'..=b'z' => character.wrapping_sub(b'a').wrapping_add(26),
            b'0'..=b'9' => character.wrapping_sub(b'0').wrapping_add(52),
            b'-' => 62,
            b'_' => 63,
            _ => return None,
        };
        rest = rest << 6 | u32::from(bits);
        count = count.wrapping_add(6);
        if count >= 8 {
            count = count.wrapping_sub(8);
            bytes.push(rest.wrapping_shr(count).to_le_bytes()[0]);
            rest &= 0xFF;
        }
    }
    // What remains has to be zeros, and less than a character.
    let is_whole = count < 6 && rest & 1_u32.wrapping_shl(count).wrapping_sub(1) == 0;
    if is_whole { Some(bytes) } else { None }
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
    String::from_utf8(digits(number)).unwrap_or_default()
}
