//! Verifies signatures: `pkce-wasm` says by which keys, `ring` does the arithmetic.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pkce_wasm::client::jwks::{Hash, PublicKey};
use pkce_wasm::client::signature::{Check, Signature, Verdict};
use ring::signature::{
    self, ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RsaParameters, RsaPublicKeyComponents,
    UnparsedPublicKey, VerificationAlgorithm,
};

/// The verdict on a signature, and the digest that the crate wants for `at_hash`.
pub(crate) fn verify(check: &Check<'_>) -> Verdict {
    let digest = check.digest.map(|(hash, text)| {
        let function = match hash {
            Hash::Sha256 => &ring::digest::SHA256,
            Hash::Sha384 => &ring::digest::SHA384,
            Hash::Sha512 => &ring::digest::SHA512,
        };
        ring::digest::digest(function, text.as_bytes()).as_ref().to_vec()
    });
    let signature = match how(check.algorithm.alg) {
        None => Signature::Unavailable,
        Some(how) if check.keys.iter().any(|key| is_by(check, key, &how).unwrap_or(false)) => Signature::Valid,
        Some(_) => Signature::Invalid,
    };
    Verdict { signature, digest }
}

enum How {
    Rsa(&'static RsaParameters),
    Ec(&'static dyn VerificationAlgorithm),
    Ed25519,
}

/// How a signature of that `alg` is verified; `None` for ES512, which `ring` does not have.
fn how(alg: &str) -> Option<How> {
    Some(match alg {
        "RS256" => How::Rsa(&signature::RSA_PKCS1_2048_8192_SHA256),
        "RS384" => How::Rsa(&signature::RSA_PKCS1_2048_8192_SHA384),
        "RS512" => How::Rsa(&signature::RSA_PKCS1_2048_8192_SHA512),
        "PS256" => How::Rsa(&signature::RSA_PSS_2048_8192_SHA256),
        "PS384" => How::Rsa(&signature::RSA_PSS_2048_8192_SHA384),
        "PS512" => How::Rsa(&signature::RSA_PSS_2048_8192_SHA512),
        "ES256" => How::Ec(&ECDSA_P256_SHA256_FIXED),
        "ES384" => How::Ec(&ECDSA_P384_SHA384_FIXED),
        "EdDSA" | "Ed25519" => How::Ed25519,
        _ => return None,
    })
}

/// Whether this key made the signature; `None` when something about it cannot be read.
fn is_by(check: &Check<'_>, key: &PublicKey, how: &How) -> Option<bool> {
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
    let member = |name: &str| decode(key.member(name)?);
    let (message, signature) = (check.signing_input.as_bytes(), decode(check.signature)?);
    let verified = match how {
        How::Rsa(padding) => {
            RsaPublicKeyComponents { n: member("n")?, e: member("e")? }.verify(padding, message, &signature)
        }
        How::Ec(curve) => {
            // An uncompressed point (SEC 1 section 2.3.3).
            let point = [vec![4], member("x")?, member("y")?].concat();
            UnparsedPublicKey::new(*curve, point).verify(message, &signature)
        }
        How::Ed25519 => UnparsedPublicKey::new(&ED25519, member("x")?).verify(message, &signature),
    };
    Some(verified.is_ok())
}
