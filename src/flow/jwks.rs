//! The server's public keys, and which of them may have signed a token (RFC 7517, RFC 7518, RFC 8037).

use alloc::string::String;
use alloc::vec::Vec;

use crate::encoding::from_base64url;
use crate::error::{Code, Error};
use crate::http::Response;
use crate::json::Json;

/// Seconds for which a key that is not in the set makes nobody fetch the set again.
const REFETCH_INTERVAL: u64 = 30;

/// The most keys that are tried on one signature.
const MAX_CANDIDATES: usize = 32;

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
    const fn rsa(alg: &'static str, name: &'static str, hash: Hash) -> Self {
        Self { alg, name, hash, kty: "RSA", curve: None }
    }

    const fn ec(alg: &'static str, hash: Hash, crv: &'static str, octets: usize) -> Self {
        Self { alg, name: "ECDSA", hash, kty: "EC", curve: Some((crv, octets)) }
    }

    const fn ed25519(alg: &'static str) -> Self {
        Self { alg, name: "Ed25519", hash: Hash::Sha512, kty: "OKP", curve: Some(("Ed25519", 32)) }
    }

    /// Every algorithm that is accepted.
    pub const ALL: [Self; 11] = [
        Self::rsa("RS256", "RSASSA-PKCS1-v1_5", Hash::Sha256),
        Self::rsa("RS384", "RSASSA-PKCS1-v1_5", Hash::Sha384),
        Self::rsa("RS512", "RSASSA-PKCS1-v1_5", Hash::Sha512),
        Self::rsa("PS256", "RSA-PSS", Hash::Sha256),
        Self::rsa("PS384", "RSA-PSS", Hash::Sha384),
        Self::rsa("PS512", "RSA-PSS", Hash::Sha512),
        Self::ec("ES256", Hash::Sha256, "P-256", 32),
        Self::ec("ES384", Hash::Sha384, "P-384", 48),
        Self::ec("ES512", Hash::Sha512, "P-521", 66),
        Self::ed25519("EdDSA"),
        Self::ed25519("Ed25519"),
    ];

    /// The algorithm of this `alg`; `None` when it is not one that is accepted.
    #[must_use]
    pub fn from_alg(alg: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.alg == alg)
    }
}

/// A public key that fits an algorithm: the members of its JWK that say what it is, and no other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey(Vec<(&'static str, String)>);

impl PublicKey {
    /// The members by name: `kty`, and `n` and `e`, or `crv`, `x` and perhaps `y`. Numbers are in base64url.
    #[must_use]
    pub fn members(&self) -> &[(&'static str, String)] {
        &self.0
    }

    /// A member.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    /// Takes the public half of a JWK; `None` when it is not a key for this algorithm (RFC 7517 section 4).
    fn read<J: Json>(jwk: &J, algorithm: &Algorithm, kid: Option<&str>) -> Option<Self> {
        let is = |name: &str, wanted: &str| jwk.string(name).as_deref() == Some(wanted);
        let unless_absent = |name: &str, fits: &dyn Fn(&J) -> bool| jwk.member(name).is_none_or(|value| fits(&value));
        let fits = is("kty", algorithm.kty)
            && kid.is_none_or(|kid| is("kid", kid))
            && unless_absent("use", &|_| is("use", "sig"))
            && unless_absent("alg", &|alg| {
                // EdDSA and Ed25519 are two names of one algorithm (RFC 9864 section 2.2).
                let alg = alg.as_string().and_then(|alg| Algorithm::from_alg(&alg));
                alg.is_some_and(|other| (other.name, other.hash) == (algorithm.name, algorithm.hash))
            })
            && unless_absent("key_ops", &|operations| {
                let verifies = |operation: &J| operation.as_string().is_some_and(|name| name == "verify");
                operations.as_elements().is_some_and(|operations| operations.iter().any(verifies))
            });
        if !fits {
            return None;
        }
        let mut members = Vec::from([("kty", String::from(algorithm.kty))]);
        let mut take = |name: &'static str, is_sound: &dyn Fn(&[u8]) -> bool| {
            let value = jwk.string(name)?;
            if !is_sound(&from_base64url(&value)?) {
                return None;
            }
            members.push((name, value));
            Some(())
        };
        match algorithm.curve {
            None => {
                take("n", &is_modulus)?;
                take("e", &is_exponent)?;
            }
            Some((crv, octets)) => {
                if !is("crv", crv) {
                    return None;
                }
                take("x", &|x| x.len() == octets)?;
                if algorithm.kty == "EC" {
                    take("y", &|y| y.len() == octets)?;
                }
                members.push(("crv", String::from(crv)));
            }
        }
        Some(Self(members))
    }
}

/// At least 2048 bits (RFC 7518 section 3.3), and not so many that verifying would hold up the page.
fn is_modulus(octets: &[u8]) -> bool {
    let octets = without_zeros(octets);
    matches!(octets.len(), 257..=1024) || octets.len() == 256 && octets.first().is_some_and(|first| *first >= 0x80)
}

/// Odd and not one: with one, everything is its own signature.
fn is_exponent(octets: &[u8]) -> bool {
    let octets = without_zeros(octets);
    octets.last().is_some_and(|last| last % 2 == 1) && octets != [1]
}

fn without_zeros(octets: &[u8]) -> &[u8] {
    let zeros = octets.iter().take_while(|octet| **octet == 0).count();
    octets.get(zeros..).unwrap_or_default()
}

/// A JWK Set (RFC 7517 section 5). Its keys are looked at only when one of them is wanted.
#[derive(Clone, Debug)]
pub struct Jwks<J>(Vec<J>);

impl<J: Json> Jwks<J> {
    /// Reads the answer of the `jwks_uri`.
    ///
    /// # Errors
    /// [`Code::ServerError`], [`Code::RedirectNotFollowed`], [`Code::JwksInvalid`]
    pub fn from_response(response: &Response) -> Result<Self, Error> {
        response.check_status()?;
        let invalid = Error::new(Code::JwksInvalid).status(response.status);
        if response.status != 200 || !response.is_json() {
            return Err(invalid);
        }
        Self::parse(response.body.expose()).ok_or(invalid)
    }

    /// Reads a set that was kept; `None` when it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        J::parse(text).filter(J::is_object)?.member("keys")?.as_elements().map(Self)
    }

    /// The keys that may have made a signature by this algorithm, under this `kid` when the token names one. Decoys of
    /// the same `kid`, keys for another use and keys of unknown kinds are passed over, and so are symmetric keys.
    #[must_use]
    pub fn candidates(&self, algorithm: &Algorithm, kid: Option<&str>) -> Vec<PublicKey> {
        let mut keys = Vec::new();
        for jwk in &self.0 {
            if keys.len() < MAX_CANDIDATES
                && let Some(key) = PublicKey::read(jwk, algorithm, kid)
            {
                keys.push(key);
            }
        }
        keys
    }
}

/// Whether the set may be fetched again because a key is missing; both times are in seconds since 1970, the first one
/// that of the last such fetch. Otherwise every forged token would cost the server a request.
#[must_use]
pub fn may_refetch(refetched_at: Option<u64>, now: u64) -> bool {
    refetched_at.is_none_or(|refetched_at| now.abs_diff(refetched_at) >= REFETCH_INTERVAL)
}
