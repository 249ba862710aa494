//! The server's public keys, and which of them may have signed a token (RFC 7517, RFC 7518, RFC 8037).

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::client::fields::{fault_in, optional, part, read};
use crate::error::Error;
use crate::flow::{algorithm, jwks};
use crate::http::Response;

/// A hash function, for `at_hash` and for whoever verifies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl Hash {
    const fn of(algorithm: algorithm::Algorithm) -> Self {
        match algorithm.bits() {
            256 => Self::Sha256,
            384 => Self::Sha384,
            _ => Self::Sha512,
        }
    }

    /// The name in WebCrypto.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
        }
    }

    /// The octets of a digest.
    #[must_use]
    pub const fn length(self) -> u8 {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

/// A signature algorithm of JWS, with what WebCrypto and JWK call its parts. There is no other one: above all neither
/// `none` nor one whose key would have to be secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Algorithm {
    /// The value of `alg` (RFC 7518 section 3.1, RFC 8037 section 3.1, RFC 9864 section 2.2).
    pub alg: &'static str,
    /// The name in WebCrypto.
    pub name: &'static str,
    /// The hash function: of the signature, and of `at_hash`. Ed25519 has SHA-512 inside.
    pub hash: Hash,
    /// The `kty` of its keys.
    pub kty: &'static str,
    /// The `crv` of its keys, and their coordinates' octets.
    pub curve: Option<(&'static str, usize)>,
}

impl Algorithm {
    /// Every algorithm that is accepted.
    pub const ALL: [Self; 11] = [
        Self::of("RS256", 0),
        Self::of("RS384", 1),
        Self::of("RS512", 2),
        Self::of("PS256", 3),
        Self::of("PS384", 4),
        Self::of("PS512", 5),
        Self::of("ES256", 6),
        Self::of("ES384", 7),
        Self::of("ES512", 8),
        Self::of("EdDSA", 9),
        Self::of("Ed25519", 10),
    ];

    /// The algorithm of this `alg`, which has that place in the list of the protocol.
    const fn of(alg: &'static str, place: usize) -> Self {
        let algorithm = algorithm::Algorithm(place);
        let (name, kty) = algorithm.family();
        let curve = match algorithm.curve() {
            (_, 0) => None,
            (crv, octets) => Some((ascii(crv), octets)),
        };
        Self { alg, name: ascii(name), hash: Hash::of(algorithm), kty: ascii(kty), curve }
    }

    /// The algorithm of this `alg`; `None` when it is not one that is accepted.
    #[must_use]
    pub fn from_alg(alg: &str) -> Option<Self> {
        Self::known(algorithm::Algorithm::from_alg(alg.as_bytes())?)
    }

    pub(crate) fn known(algorithm: algorithm::Algorithm) -> Option<Self> {
        Self::ALL.get(algorithm.0).copied()
    }
}

/// A name that is ASCII.
const fn ascii(name: &[u8]) -> &str {
    match core::str::from_utf8(name) {
        Ok(name) => name,
        Err(_) => "",
    }
}

/// A public key that fits an algorithm: the members of its JWK that say what it is, and no other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey(Vec<(&'static str, String)>);

impl PublicKey {
    /// The members by name: `kty`, then `n` and `e`, or `crv`, `x` and perhaps `y`. Numbers are in base64url.
    #[must_use]
    pub fn members(&self) -> &[(&'static str, String)] {
        &self.0
    }

    /// A member.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }
}

/// A JWK Set (RFC 7517 section 5). Its keys are looked at only when one of them is wanted.
#[derive(Clone)]
pub struct Jwks(Vec<u8>);

impl fmt::Debug for Jwks {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Jwks").field(&part(&self.0)).finish()
    }
}

impl Jwks {
    /// Reads the answer of the `jwks_uri`.
    ///
    /// # Errors
    /// [`Code::ServerError`](crate::Code::ServerError), [`Code::RedirectNotFollowed`](crate::Code::RedirectNotFollowed),
    /// [`Code::JwksInvalid`](crate::Code::JwksInvalid)
    pub fn from_response(response: &Response) -> Result<Self, Error> {
        Ok(Self(jwks::finish(&response.reply()).map_err(fault_in(response))?))
    }

    /// Reads a set that was kept; `None` when it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        jwks::read(text.as_bytes()).map(Self)
    }

    /// The keys that may have made a signature by this algorithm, under this `kid` when the token names one. Decoys of
    /// the same `kid`, keys for another use and keys of unknown kinds are passed over, and so are symmetric keys.
    #[must_use]
    pub fn candidates(&self, algorithm: &Algorithm, kid: Option<&str>) -> Vec<PublicKey> {
        match algorithm::Algorithm::from_alg(algorithm.alg.as_bytes()) {
            Some(algorithm) => self.fitting(algorithm, optional(kid), b""),
            None => Vec::new(),
        }
    }

    /// The same by the field of a `kid`, and of an issuer unless it is empty.
    pub(crate) fn fitting(&self, algorithm: algorithm::Algorithm, kid: &[u8], issuer: &[u8]) -> Vec<PublicKey> {
        let mut keys = Vec::new();
        jwks::candidates(&self.0, algorithm, kid, issuer, &mut |jwk| {
            let members = ["kty", "n", "e", "crv", "x", "y"].into_iter().zip(jwks::members(jwk, algorithm));
            let members = members.filter(|(_, value)| !value.is_empty()).map(|(name, value)| (name, read(value)));
            keys.push(PublicKey(members.collect()));
        });
        keys
    }
}

/// Whether the set may be fetched again because a key is missing; both times are in seconds since 1970, the first one
/// that of the last such fetch. Otherwise every forged token would cost the server a request.
#[must_use]
pub fn may_refetch(refetched_at: Option<u64>, now: u64) -> bool {
    jwks::may_refetch(refetched_at, now)
}
