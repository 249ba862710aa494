//! Proof Key for Code Exchange: the verifier, the challenge, and their comparison (RFC 7636).

use core::fmt;

use crate::encoding::{sha256, write_base64url};
use crate::error::Code;
use crate::random::Entropy;
use crate::secret::{self, Wiped};

/// The fewest characters of a verifier (RFC 7636 section 4.1).
pub const MIN_LENGTH: usize = 43;
/// The most characters of a verifier (RFC 7636 section 4.1).
pub const MAX_LENGTH: usize = 128;
/// The characters of an S256 challenge: 32 bytes in base64url (RFC 7636 section 4.2).
pub const CHALLENGE_LENGTH: usize = 43;

/// How a challenge is made from a verifier (RFC 7636 section 4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// `S256`: BASE64URL(SHA-256(verifier)). The only method that a client of this crate sends.
    S256,
    /// `plain`: the verifier itself. Exists for servers that must check what an old client sent.
    Plain,
}

impl Method {
    /// The value of `code_challenge_method`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::S256 => "S256",
            Self::Plain => "plain",
        }
    }

    /// The method of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "S256" => Some(Self::S256),
            "plain" => Some(Self::Plain),
            _ => None,
        }
    }
}

/// A `code_verifier`: 43 to 128 characters of the unreserved alphabet (RFC 7636 section 4.1).
///
/// It is not `Clone`: one verifier serves one login. It is wiped when dropped, and lives outside the heap.
pub struct Verifier {
    characters: Wiped<[u8; MAX_LENGTH]>,
    length: usize,
}

impl Verifier {
    /// Makes a verifier of `length` characters, from at least 256 random bits (RFC 7636 section 7.1).
    ///
    /// # Errors
    /// [`Code::VerifierLengthInvalid`] unless `length` is 43 to 128; [`Code::RandomnessUnavailable`]
    pub fn generate(length: usize, entropy: &mut impl Entropy) -> Result<Self, Code> {
        if !(MIN_LENGTH..=MAX_LENGTH).contains(&length) {
            return Err(Code::VerifierLengthInvalid);
        }
        // 96 bytes are 128 characters. Each character of base64url carries six bits, so any 43 carry 256 and more;
        // the 43rd character of exactly 32 bytes would carry only four, those of a longer string carry all six.
        let mut bytes = Wiped::new([0; 96]);
        entropy.fill(bytes.as_mut_slice())?;
        let mut characters = Wiped::new([0; MAX_LENGTH]);
        write_base64url(bytes.as_slice(), characters.get_mut(..length).unwrap_or_default());
        Ok(Self { characters, length })
    }

    /// Takes a verifier that was made elsewhere.
    ///
    /// # Errors
    /// [`Code::VerifierInvalid`] unless it is of the form of RFC 7636 section 4.1
    pub fn parse(verifier: impl AsRef<[u8]>) -> Result<Self, Code> {
        let verifier = verifier.as_ref();
        if !is_verifier(verifier) {
            return Err(Code::VerifierInvalid);
        }
        let mut characters = Wiped::new([0; MAX_LENGTH]);
        for (to, from) in characters.iter_mut().zip(verifier) {
            *to = *from;
        }
        Ok(Self { characters, length: verifier.len() })
    }

    /// The S256 challenge of this verifier (RFC 7636 section 4.2).
    #[must_use]
    pub fn challenge(&self) -> Challenge {
        Challenge::of(self.as_bytes())
    }

    /// Shows the verifier, for the token request (RFC 7636 section 4.5).
    #[must_use]
    pub fn expose(&self) -> &str {
        core::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.characters.get(..self.length).unwrap_or_default()
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Verifier([secret])")
    }
}

/// An S256 `code_challenge`: 43 characters that may be shown to anybody (RFC 7636 section 4.2).
#[derive(Clone, PartialEq, Eq)]
pub struct Challenge([u8; CHALLENGE_LENGTH]);

impl Challenge {
    pub(crate) fn of(verifier: &[u8]) -> Self {
        let mut characters = [0; CHALLENGE_LENGTH];
        write_base64url(&sha256(verifier), &mut characters);
        Self(characters)
    }

    /// The value of `code_challenge`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.0).unwrap_or_default()
    }

    pub(crate) const fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Challenge {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl fmt::Debug for Challenge {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Challenge").field(&self.as_str()).finish()
    }
}

/// The authorization server's half: whether a verifier belongs to a challenge (RFC 7636 section 4.6).
///
/// A verifier that is not of the RFC's form matches nothing. The time taken does not depend on where the strings differ.
#[must_use]
pub fn verify(code_verifier: impl AsRef<[u8]>, code_challenge: impl AsRef<[u8]>, method: Method) -> bool {
    let (code_verifier, code_challenge) = (code_verifier.as_ref(), code_challenge.as_ref());
    if !is_verifier(code_verifier) {
        return false;
    }
    match method {
        Method::S256 => secret::matches(Challenge::of(code_verifier).as_bytes(), code_challenge),
        Method::Plain => secret::matches(code_verifier, code_challenge),
    }
}

pub(crate) fn is_verifier(text: &[u8]) -> bool {
    (MIN_LENGTH..=MAX_LENGTH).contains(&text.len()) && text.iter().all(|byte| is_unreserved(*byte))
}

const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}
