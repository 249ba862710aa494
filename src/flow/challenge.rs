//! What a resource server asks for: the challenges of `WWW-Authenticate` (RFC 9110 section 11.6.1, RFC 6750 section 3, RFC 9470 section 3).

use alloc::vec::Vec;

use crate::text::{is_utf8, number, position};

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
const KNOWN: &[u8] = b"error error_description scope realm acr_values max_age";

impl Challenge {
    /// Of its parameters, whose names are in lower case, those that are known; `None` when one of them stands twice: nobody could say which is
    /// meant (RFC 9110 section 11.2, RFC 6750 section 3).
    fn new(scheme: Scheme, parameters: Vec<(Vec<u8>, Vec<u8>)>) -> Option<Self> {
        let mut values = <[Option<Vec<u8>>; 6]>::default();
        for (name, value) in parameters {
            let Some(slot) = position(KNOWN, &name).and_then(|place| values.get_mut(place)) else { continue };
            if slot.is_some() {
                return None;
            }
            *slot = Some(value);
        }
        let [error, error_description, scope, realm, acr_values, max_age] = values;
        let max_age = max_age.as_deref().and_then(number);
        Some(Self { scheme, error, error_description, scope, realm, acr_values, max_age })
    }
}

/// The first challenge of a header for the scheme `Bearer`.
pub(crate) fn bearer(header: &[u8]) -> Option<Challenge> {
    parse(header).into_iter().find(|challenge| challenge.scheme == Scheme::Bearer)
}

/// The challenges of a header for the schemes that this crate knows, in their order. Several headers of this name are
/// one, joined by commas (RFC 9110 section 5.3).
///
/// What breaks the grammar ends the list: the challenge in which it stands is left out, and so is all that follows.
pub(crate) fn parse(header: &[u8]) -> Vec<Challenge> {
    let mut challenges = Vec::new();
    let mut cursor = Cursor(header);
    while cursor.challenge(&mut challenges).is_some() {}
    challenges
}

/// What of the header is still to be read.
#[derive(Clone, Copy)]
struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    /// Takes the characters for which this holds.
    #[inline(never)]
    fn take(&mut self, holds: fn(u8) -> bool) -> &'a [u8] {
        let end = self.0.iter().position(|byte| !holds(*byte)).unwrap_or(self.0.len());
        let (taken, rest) = self.0.split_at_checked(end).unwrap_or_default();
        self.0 = rest;
        taken
    }

    fn skip(&mut self, holds: fn(u8) -> bool) {
        self.take(holds);
    }

    /// A scheme and what belongs to it, up to the next scheme. `None` at the end, and where the grammar is broken.
    fn challenge(&mut self, challenges: &mut Vec<Challenge>) -> Option<()> {
        self.skip(is_list_space);
        let scheme = Scheme::from_name(self.token()?);
        let mut parameters = Vec::new();
        let has_space = self.0.starts_with(b" ");
        self.skip(is_space);
        let stands_alone = !has_space || self.token68();
        let mut at_end = self.at_end_of_element();
        // Without an equals sign it is the scheme of the next challenge.
        while let Some((name, rest)) = self.parameter().filter(|_| !stands_alone) {
            *self = rest;
            parameters.push((name.to_ascii_lowercase(), self.value()?));
            at_end = self.at_end_of_element();
            if !at_end {
                return None;
            }
        }
        if !at_end {
            return None;
        }
        if let Some(scheme) = scheme {
            challenges.push(Challenge::new(scheme, parameters)?);
        }
        Some(())
    }

    /// RFC 9110 section 5.6.2.
    fn token(&mut self) -> Option<&'a [u8]> {
        Some(self.take(is_tchar)).filter(|token| !token.is_empty())
    }

    /// The name of the next parameter, and what follows its equals sign, around which there may be space (RFC 9110 section 11.2).
    fn parameter(mut self) -> Option<(&'a [u8], Self)> {
        self.skip(is_list_space);
        let name = self.token()?;
        self.skip(is_space);
        self.0 = self.0.strip_prefix(b"=")?;
        self.skip(is_space);
        Some((name, self))
    }

    /// A token or a quoted string, without its escapes (RFC 9110 section 5.6.4).
    fn value(&mut self) -> Option<Vec<u8>> {
        let Some(quoted) = self.0.strip_prefix(b"\"") else { return self.token().map(Vec::from) };
        let mut value = Vec::new();
        let mut bytes = quoted.iter();
        loop {
            let byte = match *bytes.next()? {
                b'"' => break,
                b'\\' => *bytes.next()?,
                byte => byte,
            };
            if byte.is_ascii_control() && byte != b'\t' {
                return None;
            }
            value.push(byte);
        }
        self.0 = bytes.as_slice();
        is_utf8(&value).then_some(value)
    }

    /// Passes over a token68, which stands alone (RFC 9110 section 11.2); false when there is none.
    fn token68(&mut self) -> bool {
        let mut ahead = *self;
        let is_empty = ahead.take(is_token68).is_empty();
        ahead.skip(|byte| byte == b'=');
        if is_empty || !ahead.at_end_of_element() {
            return false;
        }
        *self = ahead;
        true
    }

    /// Passes over the space before a comma or the end; whether it is followed by them.
    fn at_end_of_element(&mut self) -> bool {
        self.skip(is_space);
        self.0.is_empty() || self.0.starts_with(b",")
    }
}

/// RFC 9110 section 5.6.3.
const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// What may stand between the elements of a list: some of them may be empty (RFC 9110 section 5.6.1).
const fn is_list_space(byte: u8) -> bool {
    is_space(byte) || byte == b','
}

const fn is_tchar(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~'
        )
}

const fn is_token68(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/')
}
