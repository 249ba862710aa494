//! Verifies what the crate asks to be verified: the part that WebCrypto plays in a page.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pkce_wasm::client::jwks::{Hash, PublicKey};
use pkce_wasm::client::signature::{Check, Signature, Verdict};
use ring::digest;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, RsaPublicKeyComponents,
    UnparsedPublicKey,
};

/// The verdict on a signature, for the algorithms that the server signs by.
pub(crate) fn verdict(check: &Check<'_>) -> Verdict {
    let digest = check.digest.map(|(hash, text)| {
        let function = match hash {
            Hash::Sha256 => &digest::SHA256,
            Hash::Sha384 => &digest::SHA384,
            Hash::Sha512 => &digest::SHA512,
        };
        digest::digest(function, text.as_bytes()).as_ref().to_vec()
    });
    let valid = check.keys.iter().any(|key| made(check, key).unwrap_or(false));
    Verdict { signature: if valid { Signature::Valid } else { Signature::Invalid }, digest }
}

/// Whether this key made the signature; `None` when something about it cannot be read.
fn made(check: &Check<'_>, key: &PublicKey) -> Option<bool> {
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
    let member = |name: &str| decode(key.member(name)?);
    let (message, signature) = (check.signing_input.as_bytes(), decode(check.signature)?);
    let rsa = |padding| {
        let components = RsaPublicKeyComponents { n: member("n")?, e: member("e")? };
        Some(components.verify(padding, message, &signature))
    };
    let verified = match check.algorithm.alg {
        "RS256" => rsa(&RSA_PKCS1_2048_8192_SHA256)?,
        "PS256" => rsa(&RSA_PSS_2048_8192_SHA256)?,
        "ES256" => {
            // SEC 1 section 2.3.3.
            let point = [vec![4], member("x")?, member("y")?].concat();
            UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, &signature)
        }
        "EdDSA" => UnparsedPublicKey::new(&ED25519, member("x")?).verify(message, &signature),
        _ => return None,
    };
    Some(verified.is_ok())
}
