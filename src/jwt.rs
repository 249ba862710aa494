//! JSON Web Tokens: split and decoded, not yet trusted (RFC 7515 section 3.1, RFC 7519 section 7.2).

use alloc::vec::Vec;

use crate::encoding::decode_base64url;
use crate::text::{is_utf8, take};

/// A JWS in its compact form, decoded. Nothing of it has been verified.
pub struct Jwt {
    /// The protected header, a JSON text.
    pub header: Vec<u8>,
    /// The claims, a JSON text.
    pub claims: Vec<u8>,
}

impl Jwt {
    /// Splits and decodes a token. `None` when it is not three base64url parts, of which the first two are UTF-8.
    #[must_use]
    pub fn decode(token: &[u8]) -> Option<Self> {
        let mut rest = token;
        let mut part = || decode_base64url(take(&mut rest, b'.')).filter(|text| is_utf8(text));
        let (header, claims) = (part()?, part()?);
        // A dot is not of the alphabet: there is no fourth part.
        decode_base64url(rest)?.first()?;
        Some(Self { header, claims })
    }
}
