//! Proofs that whoever shows a token has its key (RFC 9449), as a server looks at them.

use std::collections::BTreeSet;

use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest;
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use serde_json::Value;

use crate::server::now;

/// Seconds by which the time of a proof may be off.
const TOLERANCE: u64 = 60;

/// What a server remembers of proofs. Its nonce is another one after each of them.
#[derive(Debug, Default)]
pub(crate) struct Proofs {
    seen: BTreeSet<String>,
    number: u32,
    /// What was wrong with proofs, but for nonces.
    pub(crate) wrong: Vec<String>,
    /// How many came without the nonce.
    pub(crate) without_nonce: u32,
}

impl Proofs {
    /// Another nonce, from now on.
    pub(crate) fn next(&mut self) -> String {
        self.number += 1;
        self.nonce()
    }

    fn nonce(&self) -> String {
        format!("nonce-{}", self.number)
    }

    /// The thumbprint of the key of the proof that a request brings; the error code where it is not as it has to be (section 4.3).
    pub(crate) fn check(&mut self, headers: &HeaderMap, method: &str, url: &str) -> Result<String, &'static str> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let token = text("authorization").split_once(' ').map(|(_, token)| token);
        let (claims, thumbprint) = match read(text("dpop"), method, url, token) {
            Ok(read) => read,
            Err(what) => {
                self.wrong.push(format!("{method} {url}: {what}"));
                return Err("invalid_dpop_proof");
            }
        };
        if !self.seen.insert(claims["jti"].to_string()) {
            self.wrong.push(format!("{method} {url}: sent twice"));
            return Err("invalid_dpop_proof");
        }
        if claims["nonce"] != *self.nonce() {
            self.without_nonce += 1;
            return Err("use_dpop_nonce");
        }
        Ok(thumbprint)
    }
}

fn read(proof: &str, method: &str, url: &str, token: Option<&str>) -> Result<(Value, String), &'static str> {
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| "no base64url");
    let json = |text: &str| serde_json::from_slice::<Value>(&decode(text)?).map_err(|_| "no JSON");
    let hash = |text: &str| URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, text.as_bytes()));
    let (signed, signature) = proof.rsplit_once('.').ok_or("no proof")?;
    let (header, claims) = signed.split_once('.').ok_or("no proof")?;
    let (header, claims) = (json(header)?, json(claims)?);
    if header["typ"] != "dpop+jwt" || header["alg"] != "ES256" {
        return Err("the type");
    }
    let jwk = header["jwk"].as_object().ok_or("no key")?;
    let member = |name: &str| jwk.get(name).and_then(Value::as_str).unwrap_or_default();
    if jwk.len() != 4 || member("kty") != "EC" || member("crv") != "P-256" {
        return Err("the key");
    }
    let point = [vec![4], decode(member("x"))?, decode(member("y"))?].concat();
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
    key.verify(signed.as_bytes(), &decode(signature)?).map_err(|_| "the signature")?;
    if claims["htm"] != method || claims["htu"] != url {
        return Err("of another request");
    }
    if claims["iat"].as_u64().is_none_or(|iat| iat.abs_diff(now()) > TOLERANCE) {
        return Err("the time");
    }
    if claims["ath"].as_str().map(str::to_owned) != token.map(hash) {
        return Err("of another token");
    }
    if decode(claims["jti"].as_str().unwrap_or_default())?.len() < 16 {
        return Err("the number");
    }
    let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#, member("x"), member("y"));
    Ok((claims, hash(&canonical)))
}
