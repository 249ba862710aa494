//! Sources of randomness whose output is known, or missing.

use pkce_wasm::Code;
use pkce_wasm::random::Entropy;

/// The same octets again and again: for the vectors of the specifications.
pub(crate) struct Octets<'a>(pub(crate) &'a [u8]);

impl Entropy for Octets<'_> {
    fn fill(&mut self, buffer: &mut [u8]) -> Result<(), Code> {
        for (byte, octet) in buffer.iter_mut().zip(self.0.iter().cycle()) {
            *byte = *octet;
        }
        Ok(())
    }
}

/// The same octets for the same seed, and others at each call (splitmix64).
pub(crate) struct Seeded(pub(crate) u64);

impl Entropy for Seeded {
    fn fill(&mut self, buffer: &mut [u8]) -> Result<(), Code> {
        for byte in buffer {
            self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            *byte = mixed.to_be_bytes()[0];
        }
        Ok(())
    }
}

/// A platform without randomness.
pub(crate) struct Dry;

impl Entropy for Dry {
    fn fill(&mut self, _: &mut [u8]) -> Result<(), Code> {
        Err(Code::RandomnessUnavailable)
    }
}
