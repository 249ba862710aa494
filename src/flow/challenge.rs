//! What a resource server asks for: the challenges of `WWW-Authenticate` (RFC 9110 section 11.6.1, RFC 6750 section 3, RFC 9470 section 3).

use alloc::vec::Vec;

use crate::text::{Class, after, number, span, words};

/// How the access token is to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// `Bearer` (RFC 6750).
    Bearer,
    /// `DPoP` (RFC 9449 section 7.1).
    Dpop,
}

impl Scheme {
    /// The scheme of that name; schemes know no case (RFC 9110 section 11.1).
    fn from_name(name: &[u8]) -> Option<Self> {
        if name.eq_ignore_ascii_case(b"Bearer") {
            Some(Self::Bearer)
        } else if name.eq_ignore_ascii_case(b"DPoP") {
            Some(Self::Dpop)
        } else {
            None
        }
    }
}

/// A challenge of a resource server, in its own words: not to be trusted as HTML.
pub(crate) struct Challenge {
    pub(crate) scheme: Scheme,
    pub(crate) error: Option<Vec<u8>>,
    pub(crate) error_description: Option<Vec<u8>>,
    pub(crate) scope: Option<Vec<u8>>,
    pub(crate) realm: Option<Vec<u8>>,
    pub(crate) acr_values: Option<Vec<u8>>,
    /// `None` also when it is no whole number.
    pub(crate) max_age: Option<u64>,
}

/// The parameters that are read.
const KNOWN: &str = "error error_description scope realm acr_values max_age";

/// A challenge as it stands in the header, which is UTF-8.
pub(crate) struct Raw<'a> {
    scheme: &'a [u8],
    /// The values of [`KNOWN`], which are not empty where they are there: a string still has its quotes.
    values: [&'a [u8]; 6],
    /// One of them stands twice: nobody could say which is meant (RFC 9110 section 11.2, RFC 6750 section 3).
    is_ambiguous: bool,
}

impl Raw<'_> {
    pub(crate) fn error(&self) -> Vec<u8> {
        unquote(self.values[0])
    }

    pub(crate) fn scope(&self) -> Vec<u8> {
        unquote(self.values[2])
    }

    /// `None` when any serves.
    pub(crate) fn acr_values(&self) -> Option<Vec<u8>> {
        let raw = self.values[4];
        if raw.is_empty() { None } else { Some(unquote(raw)) }
    }

    /// `None` also when it is no whole number.
    pub(crate) fn max_age(&self) -> Option<u64> {
        number(&unquote(self.values[5]))
    }
}

/// The first challenge of a header for the scheme `Bearer`.
pub(crate) fn bearer(mut header: &[u8]) -> Option<Raw<'_>> {
    loop {
        let challenge = next(&mut header)?;
        match Scheme::from_name(challenge.scheme) {
            Some(_) if challenge.is_ambiguous => return None,
            Some(Scheme::Bearer) => return Some(challenge),
            _ => {}
        }
    }
}

/// The challenges of a header for the schemes that this crate knows, in their order. Several headers of this name are
/// one, joined by commas (RFC 9110 section 5.3).
///
/// What breaks the grammar ends the list: the challenge in which it stands is left out, and so is all that follows.
pub(crate) fn parse(mut header: &[u8]) -> Vec<Challenge> {
    let mut challenges = Vec::new();
    while let Some(challenge) = next(&mut header) {
        let Some(scheme) = Scheme::from_name(challenge.scheme) else { continue };
        if challenge.is_ambiguous {
            break;
        }
        let text = |raw: &[u8]| if raw.is_empty() { None } else { Some(unquote(raw)) };
        let [error, error_description, scope, realm, acr_values, _] = challenge.values.map(text);
        let max_age = challenge.max_age();
        challenges.push(Challenge { scheme, error, error_description, scope, realm, acr_values, max_age });
    }
    challenges
}

/// RFC 9110 section 5.6.3.
const SPACE: Class = Class::Only(b" \t");
/// What may stand between the elements of a list: some of them may be empty (RFC 9110 section 5.6.1).
const BETWEEN: Class = Class::Only(b" \t,");
/// RFC 9110 section 5.6.2.
const TOKEN: Class = Class::Alphanumeric(b"!#$%&'*+-.^_`|~");
/// RFC 9110 section 11.2.
const TOKEN68: Class = Class::Alphanumeric(b"-._~+/");

/// Takes a scheme and what belongs to it, up to the next scheme. `None` at the end, and where the grammar is broken.
fn next<'a>(rest: &mut &'a [u8]) -> Option<Raw<'a>> {
    span(rest, &BETWEEN);
    let mut challenge = Raw { scheme: span(rest, &TOKEN), values: [b""; 6], is_ambiguous: false };
    let stands_alone = !rest.starts_with(b" ") || is_token68(rest);
    let mut at_end = is_at_end(rest);
    // Without an equals sign it is the scheme of the next challenge.
    while !stands_alone && let Some((name, mut value)) = parameter(rest) {
        let raw = take_value(&mut value)?;
        *rest = value;
        at_end = is_at_end(rest);
        if !at_end {
            return None;
        }
        for (known, value) in words(KNOWN).zip(&mut challenge.values) {
            if known.eq_ignore_ascii_case(name) {
                challenge.is_ambiguous |= !value.is_empty();
                *value = raw;
            }
        }
    }
    if at_end && !challenge.scheme.is_empty() { Some(challenge) } else { None }
}

/// The name of a parameter, and what follows its equals sign, around which there may be space (RFC 9110 section 11.2).
fn parameter(mut rest: &[u8]) -> Option<(&[u8], &[u8])> {
    span(&mut rest, &BETWEEN);
    let name = span(&mut rest, &TOKEN);
    span(&mut rest, &SPACE);
    rest = after(rest, b"=").filter(|_| !name.is_empty())?;
    span(&mut rest, &SPACE);
    Some((name, rest))
}

/// Takes a token or a quoted string, as it stands (RFC 9110 section 5.6.4).
fn take_value<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    if !rest.starts_with(b"\"") {
        return Some(span(rest, &TOKEN)).filter(|token| !token.is_empty());
    }
    let mut end = 0_usize;
    let mut next = || {
        end = end.wrapping_add(1);
        rest.get(end).copied()
    };
    loop {
        let mut byte = next()?;
        if byte == b'"' {
            break;
        }
        if byte == b'\\' {
            byte = next()?;
        }
        if byte.is_ascii_control() && byte != b'\t' {
            return None;
        }
    }
    let (value, after) = rest.split_at_checked(end.wrapping_add(1))?;
    *rest = after;
    Some(value)
}

/// The text of a value that was taken: a quoted string without its quotes and escapes.
#[inline(never)]
fn unquote(raw: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    let is_quoted = raw.starts_with(b"\"");
    let mut escaped = false;
    for &byte in raw {
        if is_quoted && !escaped && matches!(byte, b'"' | b'\\') {
            escaped = byte == b'\\';
        } else {
            escaped = false;
            text.push(byte);
        }
    }
    text
}

/// Passes over a token68, which stands alone (RFC 9110 section 11.2); false when there is none.
fn is_token68(rest: &mut &[u8]) -> bool {
    span(rest, &SPACE);
    let mut ahead = *rest;
    let is_empty = span(&mut ahead, &TOKEN68).is_empty();
    span(&mut ahead, &Class::Only(b"="));
    if is_empty || !is_at_end(&mut ahead) {
        return false;
    }
    *rest = ahead;
    true
}

/// Passes over the space before a comma or the end; whether it is followed by them.
fn is_at_end(rest: &mut &[u8]) -> bool {
    span(rest, &SPACE);
    matches!(rest.first(), None | Some(b','))
}
