//! The signature algorithms that are accepted: above all neither `none` nor one whose key would have to be secret
//! (RFC 7518 section 3.1, RFC 8037 section 3.1, RFC 9864 section 2.2).

use crate::text::{contains, position};

/// By their `alg`: RSA in two forms, the elliptic curves, and the two names of one algorithm.
const ALGS: &[u8] = b"RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519";

/// Whether its key is a secret that client and server share, which a public client has not (RFC 7518 section 3.2).
pub(crate) fn is_symmetric(alg: &[u8]) -> bool {
    contains(b"HS256 HS384 HS512", alg)
}

/// An algorithm, by its place in that list.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Algorithm(pub(crate) usize);

impl Algorithm {
    /// The algorithm of this `alg`; `None` when it is not one that is accepted.
    pub(crate) fn from_alg(alg: &[u8]) -> Option<Self> {
        position(ALGS, alg).map(Self)
    }

    /// Which hash function it is: SHA-256, SHA-384 or SHA-512.
    const fn size(self) -> usize {
        if self.0 > 8 { 2 } else { self.0.wrapping_rem(3) }
    }

    /// The bits of the hash function: of the signature, and of `at_hash`. Ed25519 has SHA-512 inside.
    pub(crate) const fn bits(self) -> u64 {
        match self.size() {
            0 => 256,
            1 => 384,
            _ => 512,
        }
    }

    /// The same in digits.
    pub(crate) const fn hash(self) -> &'static [u8] {
        match self.size() {
            0 => b"256",
            1 => b"384",
            _ => b"512",
        }
    }

    /// The name in WebCrypto, and the `kty` of the keys.
    pub(crate) const fn family(self) -> (&'static [u8], &'static [u8]) {
        match self.0 {
            0..3 => (b"RSASSA-PKCS1-v1_5", b"RSA"),
            3..6 => (b"RSA-PSS", b"RSA"),
            6..9 => (b"ECDSA", b"EC"),
            _ => (b"Ed25519", b"OKP"),
        }
    }

    /// The `crv` of the keys, and the octets of a coordinate; nothing for RSA.
    pub(crate) const fn curve(self) -> (&'static [u8], usize) {
        match self.0 {
            0..6 => (b"", 0),
            6 => (b"P-256", 32),
            7 => (b"P-384", 48),
            8 => (b"P-521", 66),
            _ => (b"Ed25519", 32),
        }
    }

    /// Whether the keys are those of RSA.
    pub(crate) const fn is_rsa(self) -> bool {
        self.0 < 6
    }

    /// Whether a key is a point with two coordinates.
    pub(crate) const fn has_y(self) -> bool {
        self.0 < 9
    }

    /// Whether both verify the same signatures: `EdDSA` and `Ed25519` are two names of one algorithm (RFC 9864 section 2.2).
    pub(crate) const fn is_like(self, other: Self) -> bool {
        self.0 == other.0 || self.0 > 8 && other.0 > 8
    }
}
