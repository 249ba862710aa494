//! Has WebCrypto verify a signature: the crate says by which keys.

use js_sys::{Array, Object, Reflect, Uint8Array};
use pkce_wasm::client::jwks::PublicKey;
use pkce_wasm::client::signature::{Check, Signature, Verdict};
use pkce_wasm::encoding::from_base64url;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{CryptoKey, SubtleCrypto, window};

/// The verdict on a signature, and the digest that the crate wants for `at_hash`. Only a secure page has WebCrypto: without it nobody
/// verifies, and the crate decides what that means.
pub(crate) async fn verify(check: &Check<'_>) -> Verdict {
    let subtle = window().and_then(|window| window.crypto().ok()).map(|crypto| crypto.subtle());
    let Some(subtle) = subtle.filter(|subtle| subtle.is_object()) else { return Verdict::UNAVAILABLE };
    let digest = digest(&subtle, check).await.ok().flatten();
    for key in &check.keys {
        if is_by(&subtle, check, key).await.unwrap_or(false) {
            return Verdict { signature: Signature::Valid, digest };
        }
    }
    Verdict { signature: Signature::Invalid, digest }
}

async fn digest(subtle: &SubtleCrypto, check: &Check<'_>) -> Result<Option<Vec<u8>>, JsValue> {
    let Some((hash, text)) = check.digest else { return Ok(None) };
    let digest = subtle.digest_with_str_and_js_u8_array(hash.name(), &Uint8Array::from(text.as_bytes()))?;
    Ok(Some(Uint8Array::new(&JsFuture::from(digest).await?).to_vec()))
}

/// Whether this key made the signature.
async fn is_by(subtle: &SubtleCrypto, check: &Check<'_>, key: &PublicKey) -> Result<bool, JsValue> {
    let algorithm = object(&[("name", check.algorithm.name.into()), ("hash", check.algorithm.hash.name().into())])?;
    if let Some((curve, _)) = check.algorithm.curve {
        Reflect::set(&algorithm, &"namedCurve".into(), &curve.into())?;
    }
    Reflect::set(&algorithm, &"saltLength".into(), &check.algorithm.hash.length().into())?;
    let members: Vec<_> = key.members().iter().map(|(name, value)| (*name, value.as_str().into())).collect();
    let usages = Array::of1(&"verify".into());
    let imported = subtle.import_key_with_object("jwk", &object(&members)?, &algorithm, false, &usages)?;
    let imported: CryptoKey = JsFuture::from(imported).await?.dyn_into()?;
    let signature = Uint8Array::from(from_base64url(check.signature).unwrap_or_default().as_slice());
    let signed = Uint8Array::from(check.signing_input.as_bytes());
    let verified =
        subtle.verify_with_object_and_js_u8_array_and_js_u8_array(&algorithm, &imported, &signature, &signed)?;
    Ok(JsFuture::from(verified).await?.is_truthy())
}

fn object(members: &[(&str, JsValue)]) -> Result<Object, JsValue> {
    let object = Object::new();
    for (name, value) in members {
        Reflect::set(&object, &(*name).into(), value)?;
    }
    Ok(object)
}
