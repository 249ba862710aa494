//! The server's keys, for tests only, and what it signs with them (RFC 7515, RFC 7517, RFC 7518).

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use num_bigint::BigUint;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
    RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaKeyPair,
};
use ring::{digest, hmac, rsa};
use serde_json::{Value, json};

/// The `kid` under which the server publishes a key, whatever its type.
pub const KID: &str = "hostile";

static RSA: LazyLock<RsaKeyPair> = LazyLock::new(|| rsa_pair(include_bytes!("../keys/rsa.pk8")));
static OTHER_RSA: LazyLock<RsaKeyPair> = LazyLock::new(|| rsa_pair(include_bytes!("../keys/rsa-other.pk8")));
const EC: &[u8] = include_bytes!("../keys/ec.pk8");
const OTHER_EC: &[u8] = include_bytes!("../keys/ec-other.pk8");
/// Too short to be trusted; `ring` does not sign with such a key.
static WEAK_RSA: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../keys/rsa-1024.json")).expect("the key file is JSON"));
const ED: &[u8] = include_bytes!("../keys/ed.pk8");
/// What an attacker uses as the secret of an HMAC, hoping that the client does the same.
const RSA_PUBLIC: &[u8] = include_bytes!("../keys/rsa.pub.pem");

/// How a token is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signer {
    /// RS256 with the published key.
    Rs256,
    /// RS256 with a key that is nobody's.
    OtherRs256,
    /// RS256 with a key of 1024 bits.
    WeakRs256,
    /// PS256 with the published key.
    Ps256,
    /// ES256 with the published key.
    Es256,
    /// ES256 with a key that is nobody's.
    OtherEs256,
    /// ES256 with the published key, in the ASN.1 form that RFC 7518 section 3.4 does not use.
    Es256Asn1,
    /// EdDSA with the published key.
    Ed25519,
    /// HMAC with the published RSA key as the secret (RFC 8725 section 2.1).
    Hs256WithPublicKey,
    /// Not at all: the signature is empty.
    Unsigned,
    /// These bytes in the place of a signature.
    Bytes(&'static [u8]),
}

impl Signer {
    /// The honest value of `alg`.
    pub const fn alg(self) -> &'static str {
        match self {
            Self::Ps256 => "PS256",
            Self::Es256 | Self::OtherEs256 | Self::Es256Asn1 => "ES256",
            Self::Ed25519 => "EdDSA",
            Self::Hs256WithPublicKey => "HS256",
            Self::Unsigned => "none",
            Self::Rs256 | Self::OtherRs256 | Self::WeakRs256 | Self::Bytes(_) => "RS256",
        }
    }

    /// Signs.
    pub fn sign(self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Rs256 => rsa_signature(&RSA, &RSA_PKCS1_SHA256, message),
            Self::OtherRs256 => rsa_signature(&OTHER_RSA, &RSA_PKCS1_SHA256, message),
            Self::WeakRs256 => weak_rsa_signature(message),
            Self::Ps256 => rsa_signature(&RSA, &RSA_PSS_SHA256, message),
            Self::Es256 => ec_signature(EC, &ECDSA_P256_SHA256_FIXED_SIGNING, message),
            Self::OtherEs256 => ec_signature(OTHER_EC, &ECDSA_P256_SHA256_FIXED_SIGNING, message),
            Self::Es256Asn1 => ec_signature(EC, &ECDSA_P256_SHA256_ASN1_SIGNING, message),
            Self::Ed25519 => ed_pair().sign(message).as_ref().to_vec(),
            Self::Hs256WithPublicKey => {
                hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, RSA_PUBLIC), message).as_ref().to_vec()
            }
            Self::Unsigned => Vec::new(),
            Self::Bytes(bytes) => bytes.to_vec(),
        }
    }
}

/// A token with that header and those claims, as they are written (RFC 7515 section 7.1).
pub fn jws(header: &str, claims: &str, signer: Signer) -> String {
    let signed = [header, claims].map(|part| encode(part.as_bytes())).join(".");
    let signature = encode(&signer.sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

/// A token with those claims, signed in that way and saying so.
pub fn token(claims: &Value, signer: Signer) -> String {
    let header = json!({ "alg": signer.alg(), "kid": KID, "typ": "JWT" });
    jws(&header.to_string(), &claims.to_string(), signer)
}

/// The published RSA key. It names no algorithm: RS256 and PS256 are both made with it.
pub fn rsa_jwk() -> Value {
    rsa_public(&RSA)
}

/// An RSA key that signs nothing.
pub fn other_rsa_jwk() -> Value {
    rsa_public(&OTHER_RSA)
}

/// An RSA key of 1024 bits, half of what RFC 7518 section 3.3 asks for. What is signed with it is signed well.
pub fn weak_rsa_jwk() -> Value {
    json!({ "kty": "RSA", "use": "sig", "kid": KID, "n": WEAK_RSA["n"], "e": WEAK_RSA["e"] })
}

/// The published key on the curve P-256.
pub fn ec_jwk() -> Value {
    ec_public(EC)
}

/// A key on the curve P-256 that signs nothing.
pub fn other_ec_jwk() -> Value {
    ec_public(OTHER_EC)
}

/// The published Ed25519 key.
pub fn ed_jwk() -> Value {
    json!({ "kty": "OKP", "crv": "Ed25519", "use": "sig", "kid": KID, "x": encode(ed_pair().public_key().as_ref()) })
}

/// The `at_hash` of an access token: the left half of its hash by the function that is in the signature (OpenID Connect
/// Core section 3.1.3.6).
pub fn at_hash(access_token: &str, signer: Signer) -> String {
    let function = if signer == Signer::Ed25519 { &digest::SHA512 } else { &digest::SHA256 };
    let hash = digest::digest(function, access_token.as_bytes());
    let (left, _) = hash.as_ref().split_at(function.output_len() / 2);
    encode(left)
}

/// Whether a verifier belongs to a challenge by S256 (RFC 7636 section 4.6).
pub fn answers_challenge(code_verifier: &str, code_challenge: &str) -> bool {
    encode(digest::digest(&digest::SHA256, code_verifier.as_bytes()).as_ref()) == code_challenge
}

/// base64url without padding.
pub fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn rsa_pair(der: &[u8]) -> RsaKeyPair {
    RsaKeyPair::from_pkcs8(der).expect("the key file holds an RSA key")
}

fn ed_pair() -> Ed25519KeyPair {
    Ed25519KeyPair::from_pkcs8_maybe_unchecked(ED).expect("the key file holds an Ed25519 key")
}

fn ec_pair(der: &[u8], form: &'static ring::signature::EcdsaSigningAlgorithm) -> EcdsaKeyPair {
    EcdsaKeyPair::from_pkcs8(form, der, &SystemRandom::new()).expect("the key file holds a P-256 key")
}

fn rsa_signature(pair: &RsaKeyPair, padding: &'static dyn ring::signature::RsaEncoding, message: &[u8]) -> Vec<u8> {
    let mut signature = vec![0; pair.public().modulus_len()];
    pair.sign(padding, &SystemRandom::new(), message, &mut signature).expect("the key is long enough");
    signature
}

/// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017 sections 8.2.1 and 9.2).
fn weak_rsa_signature(message: &[u8]) -> Vec<u8> {
    const DIGEST_INFO: &[u8] = b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20";
    let number = |name: &str| BigUint::from_bytes_be(&weak_rsa_member(name));
    let length = weak_rsa_member("n").len();
    let end = [&[0], DIGEST_INFO, digest::digest(&digest::SHA256, message).as_ref()].concat();
    let encoded = [vec![0, 1], vec![0xff; length - 2 - end.len()], end].concat();
    let signature = BigUint::from_bytes_be(&encoded).modpow(&number("d"), &number("n")).to_bytes_be();
    [vec![0; length - signature.len()], signature].concat()
}

fn weak_rsa_member(name: &str) -> Vec<u8> {
    let value = WEAK_RSA[name].as_str().expect("the key has the member");
    URL_SAFE_NO_PAD.decode(value).expect("the member is base64url")
}

fn ec_signature(der: &[u8], form: &'static ring::signature::EcdsaSigningAlgorithm, message: &[u8]) -> Vec<u8> {
    let signature = ec_pair(der, form).sign(&SystemRandom::new(), message).expect("there is randomness");
    signature.as_ref().to_vec()
}

fn rsa_public(pair: &RsaKeyPair) -> Value {
    let public: rsa::PublicKeyComponents<Vec<u8>> = pair.public().into();
    json!({ "kty": "RSA", "use": "sig", "kid": KID, "n": encode(&public.n), "e": encode(&public.e) })
}

fn ec_public(der: &[u8]) -> Value {
    // 4, then both coordinates of 32 octets (SEC 1 section 2.3.3).
    let pair = ec_pair(der, &ECDSA_P256_SHA256_FIXED_SIGNING);
    let point = pair.public_key().as_ref();
    json!({ "kty": "EC", "crv": "P-256", "use": "sig", "kid": KID, "x": encode(&point[1..33]), "y": encode(&point[33..]) })
}

#[cfg(test)]
mod tests {
    use ring::signature::{RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, RsaPublicKeyComponents};

    use super::*;

    #[test]
    fn id7_who_trusts_a_short_key_believes_its_signature() {
        let key = RsaPublicKeyComponents { n: weak_rsa_member("n"), e: weak_rsa_member("e") };
        assert_eq!(key.n.len(), 128);
        let signature = Signer::WeakRs256.sign(b"message");
        let verify = |message| key.verify(&RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, message, &signature);
        assert!(verify(b"message").is_ok() && verify(b"another").is_err());
    }
}
