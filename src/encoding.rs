//! The two encodings of the wire: base64url (RFC 4648 section 5, unpadded) and forms
//! (`application/x-www-form-urlencoded`, RFC 6749 appendix B). Thin over the crates that do it.

#[cfg(feature = "client")]
use alloc::string::String;
#[cfg(feature = "client")]
use alloc::vec::Vec;

use base64::Engine as _;

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

/// Encodes bytes in base64url without padding.
#[cfg(feature = "client")]
#[must_use]
pub fn base64url(bytes: &[u8]) -> String {
    let length = bytes.len().saturating_mul(4).div_ceil(3);
    let mut text = alloc::vec![0; length];
    write_base64url(bytes, &mut text);
    String::from_utf8(text).unwrap_or_default()
}

/// Decodes unpadded base64url; `None` when it is anything else.
///
/// The crate is given four characters at a time, for the same reason. `A` stands for six zero bits: what is missing of the
/// last group is filled with it, and has to come out as zeros.
#[cfg(feature = "client")]
#[must_use]
pub fn from_base64url(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for group in text.as_bytes().chunks(4) {
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
        bytes.extend_from_slice(decoded);
    }
    Some(bytes)
}

/// Everything but the unreserved characters of RFC 3986: what a form or a query component has to escape.
#[cfg(feature = "client")]
const RESERVED: &percent_encoding::AsciiSet =
    &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A form or query under construction.
#[cfg(feature = "client")]
#[derive(Default)]
pub struct Form(String);

#[cfg(feature = "client")]
impl Form {
    /// An empty form.
    #[must_use]
    pub const fn new() -> Self {
        Self(String::new())
    }

    /// Adds a parameter.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        if !self.0.is_empty() {
            self.0.push('&');
        }
        self.0.extend(percent_encoding::utf8_percent_encode(name, RESERVED));
        self.0.push('=');
        self.0.extend(percent_encoding::utf8_percent_encode(value, RESERVED));
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
        self.0
    }
}

/// The parameters of a form or query, decoded, in their order. `None` when an escape does not decode to UTF-8.
#[cfg(feature = "client")]
#[must_use]
pub fn form_pairs(form: &str) -> Option<Vec<(String, String)>> {
    form.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((decode_component(name)?, decode_component(value)?))
        })
        .collect()
}

/// Takes a field out of a record. Of one that is there twice, the first counts, and the order of the others stays.
#[cfg(feature = "client")]
pub(crate) fn take_field(fields: &mut Vec<(String, String)>, name: &str) -> Option<String> {
    let position = fields.iter().position(|(field, _)| field == name)?;
    Some(fields.remove(position).1)
}

#[cfg(feature = "client")]
fn decode_component(component: &str) -> Option<String> {
    let bytes: Vec<u8> = component.bytes().map(|byte| if byte == b'+' { b' ' } else { byte }).collect();
    String::from_utf8(percent_encoding::percent_decode(&bytes).collect()).ok()
}

/// A whole number in decimal digits. The formatting of the standard library would be the largest part of the shipped module.
#[cfg(feature = "client")]
#[must_use]
pub fn decimal(number: u64) -> String {
    let mut digits = match number / 10 {
        0 => String::new(),
        tens => decimal(tens),
    };
    let digit = u8::try_from(number % 10).unwrap_or_default();
    digits.push(char::from(b'0'.saturating_add(digit)));
    digits
}
