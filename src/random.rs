//! Randomness: entropy in, tokens out. There is one source, and no weaker one behind it.

#[cfg(feature = "client")]
use alloc::string::String;
#[cfg(feature = "client")]
use alloc::vec::Vec;

#[cfg(feature = "client")]
use crate::encoding::write_base64url_to;
use crate::error::Code;
#[cfg(feature = "client")]
use crate::secret::Wiped;

/// A source of cryptographic randomness.
pub trait Entropy {
    /// Fills the buffer with random bytes.
    ///
    /// # Errors
    /// [`Code::RandomnessUnavailable`] when the platform has none; the buffer must not be used then.
    fn fill(&mut self, buffer: &mut [u8]) -> Result<(), Code>;
}

/// The platform's own generator: `crypto.getRandomValues` in a page, the operating system elsewhere.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&mut self, buffer: &mut [u8]) -> Result<(), Code> {
        getrandom::fill(buffer).map_err(|_| Code::RandomnessUnavailable)
    }
}

/// Appends 256 random bits as 43 base64url characters: a `state`, a `nonce`.
///
/// # Errors
/// [`Code::RandomnessUnavailable`]
#[cfg(feature = "client")]
pub(crate) fn write_token(entropy: &mut impl Entropy, text: &mut Vec<u8>) -> Result<(), Code> {
    let mut bytes = Wiped::new([0; 32]);
    entropy.fill(bytes.as_mut_slice())?;
    write_base64url_to(text, bytes.as_slice());
    Ok(())
}

/// Makes 256 random bits as 43 base64url characters: a `state`, a `nonce`, a `code_verifier`.
///
/// # Errors
/// [`Code::RandomnessUnavailable`]
#[cfg(feature = "client")]
pub fn token(entropy: &mut impl Entropy) -> Result<String, Code> {
    let mut text = Vec::new();
    write_token(entropy, &mut text)?;
    Ok(String::from_utf8(text).unwrap_or_default())
}
