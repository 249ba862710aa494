//! Real signatures, made and verified by a crate that knows nothing of this one.

use pkce_wasm::client::jwks::{Hash, PublicKey};
use pkce_wasm::client::signature::{Check, Signature, Verdict};
use pkce_wasm::encoding::from_base64url;
use ring::digest::{SHA384, SHA512, digest};
use ring::rand::SystemRandom;
use ring::signature::{
    self as sig, EcdsaKeyPair, Ed25519KeyPair, RsaKeyPair, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde_json::{Value, json};

/// The public half of a test key: `rsa-2048`, `rsa-1024`, `p-256`, `p-384` or `ed25519`.
pub(crate) fn public_jwk(name: &str) -> Value {
    let keys: Value = serde_json::from_str(include_str!("keys/public.json")).unwrap();
    keys.get(name).expect("a test key").clone()
}

/// The same with more members.
pub(crate) fn public_jwk_with(name: &str, members: &Value) -> Value {
    let mut jwk = public_jwk(name);
    jwk.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    jwk
}

/// The key set of the honest server: a key for every algorithm, none with a `kid`.
pub(crate) fn key_set() -> Value {
    let keys = ["rsa-2048", "p-256", "p-384", "ed25519"].map(public_jwk);
    json!({"keys": keys})
}

/// The signature of the honest server; `None` for an algorithm that it does not have.
pub(crate) fn sign(alg: &str, input: &str) -> Option<Vec<u8>> {
    let random = SystemRandom::new();
    let rsa = |padding: &'static dyn sig::RsaEncoding| {
        let key = RsaKeyPair::from_pkcs8(include_bytes!("keys/rsa-2048.der")).unwrap();
        let mut signature = vec![0; key.public().modulus_len()];
        key.sign(padding, &random, input.as_bytes(), &mut signature).unwrap();
        signature
    };
    let ecdsa = |algorithm, key: &[u8]| {
        let key = EcdsaKeyPair::from_pkcs8(algorithm, key, &random).unwrap();
        key.sign(&random, input.as_bytes()).unwrap().as_ref().to_vec()
    };
    Some(match alg {
        "RS256" => rsa(&sig::RSA_PKCS1_SHA256),
        "RS384" => rsa(&sig::RSA_PKCS1_SHA384),
        "RS512" => rsa(&sig::RSA_PKCS1_SHA512),
        "PS256" => rsa(&sig::RSA_PSS_SHA256),
        "PS384" => rsa(&sig::RSA_PSS_SHA384),
        "PS512" => rsa(&sig::RSA_PSS_SHA512),
        "ES256" => ecdsa(&sig::ECDSA_P256_SHA256_FIXED_SIGNING, include_bytes!("keys/p-256.der")),
        "ES384" => ecdsa(&sig::ECDSA_P384_SHA384_FIXED_SIGNING, include_bytes!("keys/p-384.der")),
        "EdDSA" | "Ed25519" => {
            let key = Ed25519KeyPair::from_pkcs8_maybe_unchecked(include_bytes!("keys/ed25519.der")).unwrap();
            key.sign(input.as_bytes()).as_ref().to_vec()
        }
        _ => return None,
    })
}

/// Does what is asked, as WebCrypto does it in a page.
pub(crate) fn verify(check: &Check<'_>) -> Verdict {
    let signature = from_base64url(check.signature).unwrap();
    let valid = check.keys.iter().any(|key| is_valid(check.algorithm.alg, key, check.signing_input, &signature));
    let signature = if valid { Signature::Valid } else { Signature::Invalid };
    let digest = check.digest.map(|(hash, text)| {
        let algorithm = match hash {
            Hash::Sha256 => panic!("the crate has that one itself"),
            Hash::Sha384 => &SHA384,
            Hash::Sha512 => &SHA512,
        };
        digest(algorithm, text.as_bytes()).as_ref().to_vec()
    });
    Verdict { signature, digest }
}

pub(crate) fn is_valid(alg: &str, key: &PublicKey, input: &str, signature: &[u8]) -> bool {
    let member = |name| from_base64url(key.member(name).unwrap()).unwrap();
    let rsa = |parameters| {
        RsaPublicKeyComponents { n: member("n"), e: member("e") }.verify(parameters, input.as_bytes(), signature)
    };
    let ecdsa = |algorithm: &'static dyn sig::VerificationAlgorithm| {
        let point = [vec![4], member("x"), member("y")].concat();
        UnparsedPublicKey::new(algorithm, point).verify(input.as_bytes(), signature)
    };
    let verified = match alg {
        "RS256" => rsa(&sig::RSA_PKCS1_2048_8192_SHA256),
        "RS384" => rsa(&sig::RSA_PKCS1_2048_8192_SHA384),
        "RS512" => rsa(&sig::RSA_PKCS1_2048_8192_SHA512),
        "PS256" => rsa(&sig::RSA_PSS_2048_8192_SHA256),
        "PS384" => rsa(&sig::RSA_PSS_2048_8192_SHA384),
        "PS512" => rsa(&sig::RSA_PSS_2048_8192_SHA512),
        "ES256" => ecdsa(&sig::ECDSA_P256_SHA256_FIXED),
        "ES384" => ecdsa(&sig::ECDSA_P384_SHA384_FIXED),
        "EdDSA" | "Ed25519" => UnparsedPublicKey::new(&sig::ED25519, member("x")).verify(input.as_bytes(), signature),
        alg => panic!("{alg} cannot be verified here"),
    };
    verified.is_ok()
}
