//! What a resource server asks for: the challenges of `WWW-Authenticate` (RFC 9110 section 11.6.1, RFC 6750 section 3, RFC 9470 section 3).

use alloc::vec::Vec;

use crate::table::record;
use crate::text::{Class, after, number, skip, span, words};

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
    pub(crate) resource_metadata: Option<Vec<u8>>,
}

/// The parameters that are read.
const KNOWN: &str = "error error_description scope realm acr_values max_age resource_metadata";

record! {
    /// A challenge as it stands in the header, which is UTF-8: of [`KNOWN`] the values, where a string still has its quotes,
    /// and the scheme. What is twice was there before: nobody could say which one is meant (RFC 9110 section 11.2, RFC
    /// 6750 section 3).
    pub(crate) struct Raw / RawParts { error error_description scope realm acr_values max_age resource_metadata scheme twice }
}

/// The first challenge of a header for that scheme; `None` where there are only others. What cannot be read is a challenge that says nothing: a header
/// that breaks the grammar before such a challenge, and one in which a parameter stands twice.
pub(crate) fn first(mut header: &[u8], wanted: Scheme) -> Option<Raw<'_>> {
    loop {
        let Some(challenge) = next(&mut header) else {
            return if header.is_empty() { None } else { Some(Raw::blank()) };
        };
        let scheme = Scheme::from_name(challenge.scheme());
        if scheme.is_some() && !challenge.twice().is_empty() {
            return Some(Raw::blank());
        }
        if scheme == Some(wanted) {
            return Some(challenge);
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
        let Some(scheme) = Scheme::from_name(challenge.scheme()) else { continue };
        if !challenge.twice().is_empty() {
            break;
        }
        let text = |raw: &[u8]| if raw.is_empty() { None } else { Some(unquote(raw)) };
        challenges.push(Challenge {
            scheme,
            error: text(challenge.error()),
            error_description: text(challenge.error_description()),
            scope: text(challenge.scope()),
            realm: text(challenge.realm()),
            acr_values: text(challenge.acr_values()),
            max_age: number(&unquote(challenge.max_age())),
            resource_metadata: text(challenge.resource_metadata()),
        });
    }
    challenges
}

/// RFC 9110 section 5.6.3.
const SPACE: Class = Class::only(b" \t");
/// What may stand between the elements of a list: some of them may be empty (RFC 9110 section 5.6.1).
const BETWEEN: Class = Class::only(b" \t,");
/// RFC 9110 section 5.6.2.
const TOKEN: Class = Class::alphanumeric(b"!#$%&'*+-.^_`|~");
/// RFC 9110 section 11.2.
const TOKEN68: Class = Class::alphanumeric(b"-._~+/");

/// Takes a scheme and what belongs to it, up to the next scheme. `None` at the end, and where the grammar is broken.
#[inline(never)]
fn next<'a>(rest: &mut &'a [u8]) -> Option<Raw<'a>> {
    skip(rest, &BETWEEN);
    let mut challenge = Raw::blank();
    let scheme = span(rest, &TOKEN);
    let stands_alone = !rest.starts_with(b" ") || is_token68(rest);
    let (mut at_end, mut twice) = (is_at_end(rest), b"".as_slice());
    // Without an equals sign it is the scheme of the next challenge.
    while !stands_alone && let Some((name, mut value)) = parameter(rest) {
        let raw = take_value(&mut value)?;
        *rest = value;
        at_end = is_at_end(rest);
        if !at_end {
            return None;
        }
        let mut before = b"".as_slice();
        for (known, field) in words(KNOWN).zip(challenge.fields_mut()) {
            if known.eq_ignore_ascii_case(name) {
                before = field;
                *field = raw;
            }
        }
        if !before.is_empty() {
            twice = before;
        }
    }
    if let [.., in_scheme, in_twice] = challenge.fields_mut() {
        *in_scheme = scheme;
        *in_twice = twice;
    }
    if at_end && !scheme.is_empty() { Some(challenge) } else { None }
}

/// The name of a parameter, and what follows its equals sign, around which there may be space (RFC 9110 section 11.2).
fn parameter(mut rest: &[u8]) -> Option<(&[u8], &[u8])> {
    skip(&mut rest, &BETWEEN);
    let name = span(&mut rest, &TOKEN);
    skip(&mut rest, &SPACE);
    rest = after(rest, b"=").filter(|_| !name.is_empty())?;
    skip(&mut rest, &SPACE);
    Some((name, rest))
}

/// Takes a token or a quoted string, as it stands (RFC 9110 section 5.6.4).
fn take_value<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    if !rest.starts_with(b"\"") {
        return Some(span(rest, &TOKEN)).filter(|token| !token.is_empty());
    }
    let (mut end, mut escaped) = (1_usize, false);
    loop {
        let byte = *rest.get(end)?;
        end = end.wrapping_add(1);
        if escaped || !matches!(byte, b'"' | b'\\') {
            escaped = false;
            if byte.is_ascii_control() && byte != b'\t' {
                return None;
            }
        } else if byte == b'"' {
            break;
        } else {
            escaped = true;
        }
    }
    let (value, after) = rest.split_at_checked(end)?;
    *rest = after;
    Some(value)
}

/// The text of a value that was taken: a quoted string without its quotes and escapes.
#[inline(never)]
pub(crate) fn unquote(raw: &[u8]) -> Vec<u8> {
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
    skip(rest, &SPACE);
    let mut ahead = *rest;
    let is_there = skip(&mut ahead, &TOKEN68);
    skip(&mut ahead, const { &Class::only(b"=") });
    let stands_alone = is_there && is_at_end(&mut ahead);
    if stands_alone {
        *rest = ahead;
    }
    stands_alone
}

/// Passes over the space before a comma or the end; whether it is followed by them.
fn is_at_end(rest: &mut &[u8]) -> bool {
    skip(rest, &SPACE);
    matches!(rest.first(), None | Some(b','))
}
