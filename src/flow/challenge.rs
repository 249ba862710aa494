//! What a resource server asks for: the challenges of `WWW-Authenticate` (RFC 9110 section 11.6.1, RFC 6750 section 3, RFC 9470 section 3).

use alloc::string::String;
use alloc::vec::Vec;

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
    fn from_name(name: &str) -> Option<Self> {
        if name.eq_ignore_ascii_case("Bearer") {
            Some(Self::Bearer)
        } else if name.eq_ignore_ascii_case("DPoP") {
            Some(Self::Dpop)
        } else {
            None
        }
    }
}

/// A challenge of a resource server, in its own words: not to be trusted as HTML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// How the access token is to be shown.
    pub scheme: Scheme,
    /// What is wrong with the token or with what it was used for (RFC 6750 section 3.1, RFC 9470 section 3).
    pub error: Option<String>,
    /// The same for a person.
    pub error_description: Option<String>,
    /// The scopes that are needed, separated by spaces.
    pub scope: Option<String>,
    /// What is protected (RFC 9110 section 11.5).
    pub realm: Option<String>,
    /// The values of `acr` that serve, separated by spaces (RFC 9470 section 3).
    pub acr_values: Option<String>,
    /// Seconds within which the user has to have been authenticated (RFC 9470 section 3); `None` also when it is no whole number.
    pub max_age: Option<u64>,
}

impl Challenge {
    const fn new(scheme: Scheme) -> Self {
        Self { scheme, error: None, error_description: None, scope: None, realm: None, acr_values: None, max_age: None }
    }

    /// The place of a parameter that is a text; names know no case (RFC 9110 section 11.2).
    fn text(&mut self, name: &str) -> Option<&mut Option<String>> {
        let places = [
            ("error", &mut self.error),
            ("error_description", &mut self.error_description),
            ("scope", &mut self.scope),
            ("realm", &mut self.realm),
            ("acr_values", &mut self.acr_values),
        ];
        places.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, place)| place)
    }
}

/// The challenges of a header for the schemes that this crate knows, in their order. Several headers of this name are
/// one, joined by commas (RFC 9110 section 5.3).
///
/// What breaks the grammar ends the list: the challenge in which it stands is left out, and so is all that follows.
#[must_use]
pub fn parse(header: &str) -> Vec<Challenge> {
    let mut challenges = Vec::new();
    let mut cursor = Cursor(header);
    loop {
        cursor.skip(is_list_space);
        if cursor.0.is_empty() {
            return challenges;
        }
        let Some(challenge) = cursor.challenge() else { return challenges };
        challenges.extend(challenge);
    }
}

/// What of the header is still to be read.
#[derive(Clone, Copy)]
struct Cursor<'a>(&'a str);

impl<'a> Cursor<'a> {
    /// Takes the characters for which this holds.
    fn take(&mut self, holds: impl Fn(u8) -> bool) -> &'a str {
        let end = self.0.bytes().position(|byte| !holds(byte)).unwrap_or(self.0.len());
        let (taken, rest) = self.0.split_at_checked(end).unwrap_or_default();
        self.0 = rest;
        taken
    }

    fn skip(&mut self, holds: impl Fn(u8) -> bool) {
        self.take(holds);
    }

    /// A scheme and what belongs to it, up to the next scheme; the inner `None` stands for a scheme that is not known. The
    /// outer one says that the grammar is broken.
    fn challenge(&mut self) -> Option<Option<Challenge>> {
        let name = self.token()?;
        let mut challenge = Scheme::from_name(name).map(Challenge::new);
        if !self.0.starts_with(' ') {
            return self.at_end_of_element().then_some(challenge);
        }
        self.skip(is_space);
        if self.token68() {
            return Some(challenge);
        }
        let mut max_age = None;
        loop {
            let at_end = self.at_end_of_element();
            let mut ahead = *self;
            ahead.skip(is_list_space);
            // Without an equals sign it is the scheme of the next challenge.
            let Some(name) = ahead.parameter_name() else {
                if let Some(challenge) = &mut challenge {
                    challenge.max_age = max_age.as_deref().and_then(whole);
                }
                return at_end.then_some(challenge);
            };
            *self = ahead;
            let value = self.value()?;
            if !self.at_end_of_element() {
                return None;
            }
            let Some(challenge) = &mut challenge else { continue };
            let is_max_age = name.eq_ignore_ascii_case("max_age");
            if let Some(place) = if is_max_age { Some(&mut max_age) } else { challenge.text(name) }
                // Nobody could say which of two is meant (RFC 9110 section 11.2, RFC 6750 section 3).
                && place.replace(value).is_some()
            {
                return None;
            }
        }
    }

    /// RFC 9110 section 5.6.2.
    fn token(&mut self) -> Option<&'a str> {
        Some(self.take(is_tchar)).filter(|token| !token.is_empty())
    }

    /// The name of a parameter with its equals sign, around which there may be space (RFC 9110 section 11.2).
    fn parameter_name(&mut self) -> Option<&'a str> {
        let name = self.token()?;
        self.skip(is_space);
        self.0 = self.0.strip_prefix('=')?;
        self.skip(is_space);
        Some(name)
    }

    /// A token or a quoted string, without its escapes (RFC 9110 section 5.6.4).
    fn value(&mut self) -> Option<String> {
        let Some(quoted) = self.0.strip_prefix('"') else { return self.token().map(String::from) };
        let mut value = String::new();
        let mut characters = quoted.chars();
        loop {
            let character = match characters.next()? {
                '"' => break,
                '\\' => characters.next()?,
                character => character,
            };
            if character.is_control() && character != '\t' {
                return None;
            }
            value.push(character);
        }
        self.0 = characters.as_str();
        Some(value)
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
        self.0.is_empty() || self.0.starts_with(',')
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

/// Digits and nothing else: the standard library would take a sign too.
fn whole(digits: &str) -> Option<u64> {
    if digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.parse().ok() } else { None }
}
