//! JSON Web Tokens: split and decoded, not yet trusted (RFC 7515 section 3.1, RFC 7519 section 7.2).

use alloc::string::String;

use crate::encoding::from_base64url;
use crate::json::Json;

/// A JWS in its compact form, decoded. Nothing of it has been verified.
pub struct Jwt<J> {
    /// The protected header.
    pub header: J,
    /// The claims.
    pub claims: J,
}

impl<J: Json> Jwt<J> {
    /// Splits and decodes a token. `None` when it is not three base64url parts, of which the first two are JSON objects.
    #[must_use]
    pub fn decode(token: &str) -> Option<Self> {
        let mut parts = token.split('.');
        let (header, claims, signature) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        from_base64url(signature)?.first()?;
        Some(Self { header: object(header)?, claims: object(claims)? })
    }
}

fn object<J: Json>(part: &str) -> Option<J> {
    let text = String::from_utf8(from_base64url(part)?).ok()?;
    J::parse(&text).filter(J::is_object)
}
