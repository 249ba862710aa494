//! A module as the text of a JavaScript string.
//!
//! Base64 cuts bytes into pieces of six bits, in which a compressor finds nothing again: the module then travels a third
//! larger. Here a byte stays a byte. From `#` on there are 91 printable characters that need no escape in a string; the bytes
//! below 89, which are most of a module, are one of the first 89, and each other byte is one of the last two with one of the first.
//! The loader of the package reads it.

/// The bytes that are one character.
const DIRECT: u8 = 89;

/// The text of these bytes.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().saturating_mul(2));
    for byte in bytes {
        let (prefix, rest) = (byte / DIRECT, byte % DIRECT);
        if prefix > 0 {
            text.push(character(DIRECT.saturating_sub(1).saturating_add(prefix)));
        }
        text.push(character(rest));
    }
    text
}

/// The printable character in this place, counted from `#`, backslash left out.
fn character(place: u8) -> char {
    let code = place.saturating_add(b'#');
    char::from(if code >= b'\\' { code.saturating_add(1) } else { code })
}

#[cfg(test)]
mod tests {
    use super::{DIRECT, encode};

    #[test]
    fn every_byte_is_a_text_of_its_own_that_needs_no_escape() {
        let mut seen = std::collections::HashSet::new();
        for byte in 0..=u8::MAX {
            let text = encode(&[byte]);
            assert!(text.bytes().all(|code| (b'#'..=b'~').contains(&code) && code != b'\\'));
            assert_eq!(text.len(), if byte < DIRECT { 1 } else { 2 });
            assert!(seen.insert(text));
        }
    }
}
