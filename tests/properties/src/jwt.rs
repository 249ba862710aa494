//! JSON Web Tokens and the keys that may have signed them.

use pkce_wasm::client::jwks::{Algorithm, PublicKey};
use pkce_wasm::client::signature::Signature;
use pkce_wasm::encoding::{base64url, from_base64url};
use pkce_wasm::jwt::Jwt;
use pkce_wasm::{Answer, Code, Jwks, Step, Verdict, VerifiedBy};
use serde_json::json;

use crate::peer::{Login, NOW, accepted, lines, response};
use crate::token::assert_claims;

/// The input is a token as it comes, on the next two lines a header and the claims of another token, and then a JWK Set.
pub fn jwt(data: &[u8]) {
    let Some(([token, header, claims], keys)) = lines(data) else { return };
    assert_decodes(token);

    let token = [header, claims, "signature"].map(|part| base64url(part.as_bytes())).join(".");
    let decoded = Jwt::decode(token.as_bytes()).expect("three parts of base64url");
    assert_eq!((decoded.header.as_slice(), decoded.claims.as_slice()), (header.as_bytes(), claims.as_bytes()));

    let keys = Jwks::parse(keys);
    if let Some(keys) = &keys {
        for algorithm in Algorithm::ALL {
            for key in keys.candidates(&algorithm, None) {
                assert_public(&algorithm, &key);
            }
        }
    }
    assert_id_token(&token, header, claims, keys.as_ref());
}

/// A token that decodes is spelled in no other way.
fn assert_decodes(token: &str) {
    let Some(jwt) = Jwt::decode(token.as_bytes()) else { return };
    let parts: Vec<_> = token.split('.').map(|part| from_base64url(part).expect("what was decoded")).collect();
    let [header, claims, signature] = parts.as_slice() else { panic!("{token} has not three parts") };
    assert!(!signature.is_empty());
    assert_eq!((header, claims), (&jwt.header, &jwt.claims));
    assert!(std::str::from_utf8(header).is_ok() && std::str::from_utf8(claims).is_ok());
    assert_eq!([header, claims, signature].map(|part| base64url(part)).join("."), token);
}

/// Nothing secret and nothing weak is handed to whoever verifies.
fn assert_public(algorithm: &Algorithm, key: &PublicKey) {
    let names: Vec<_> = key.members().iter().map(|(name, _)| *name).collect();
    let expected: &[&str] = match algorithm.kty {
        "RSA" => &["kty", "n", "e"],
        "EC" => &["kty", "crv", "x", "y"],
        _ => &["kty", "crv", "x"],
    };
    assert_eq!(names, expected);
    assert_eq!(key.member("kty"), Some(algorithm.kty));
    let octets = |name: &str| from_base64url(key.member(name).unwrap()).expect("base64url");
    if algorithm.kty == "RSA" {
        let modulus = octets("n");
        let bits = modulus.iter().skip_while(|octet| **octet == 0).map(|octet| octet.leading_zeros()).next();
        let length = modulus.iter().skip_while(|octet| **octet == 0).count() as u32;
        assert!(length.saturating_mul(8).saturating_sub(bits.unwrap_or(0)) >= 2048, "a modulus of {length} octets");
        assert_eq!(octets("e").last().map(|last| last % 2), Some(1));
    } else {
        assert_eq!(key.member("crv"), algorithm.curve.map(|(crv, _)| crv));
    }
}

/// Whether a member of an object stands twice.
fn has_duplicate(text: &str) -> bool {
    struct Names(bool);
    impl<'de> serde::Deserialize<'de> for Names {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Visitor;
            impl<'de> serde::de::Visitor<'de> for Visitor {
                type Value = Names;

                fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    formatter.write_str("an object")
                }

                fn visit_map<A: serde::de::MapAccess<'de>>(self, mut members: A) -> Result<Names, A::Error> {
                    let (mut names, mut twice) = (std::collections::BTreeSet::new(), false);
                    while let Some((name, _)) = members.next_entry::<String, serde::de::IgnoredAny>()? {
                        twice |= !names.insert(name);
                    }
                    Ok(Names(twice))
                }
            }
            deserializer.deserialize_map(Visitor)
        }
    }
    // What this parser refuses is said by `accepted`.
    serde_json::from_str::<Names>(text).is_ok_and(|names| names.0)
}

/// A token that is accepted has the claims of this login, an asymmetric algorithm, and a key that fits it.
fn assert_id_token(token: &str, header: &str, claims: &str, keys: Option<&Jwks>) {
    let body = json!({"access_token": "a", "token_type": "Bearer", "id_token": token});
    let answer = response(200, Some("application/json"), &body.to_string());
    for verdict in [Signature::Valid, Signature::Invalid, Signature::Unavailable] {
        let Ok(Answer::Unverified(unverified)) = Login::OPENID.finish(&answer) else { return };
        for text in [header, claims] {
            assert!(!has_duplicate(text), "{text} gives a member twice (RFC 7515 section 4, RFC 7519 section 4)");
        }
        let Some(header) = accepted(header) else { return };
        let alg = header["alg"].as_str().expect("the alg of a token that was accepted");
        assert!(Algorithm::from_alg(alg).is_some() && !alg.starts_with("HS") && alg != "none", "{alg}");
        assert!(header["crit"].is_null(), "{header}");

        match unverified.next(keys, Some(NOW), NOW) {
            Ok(Step::Fetch(request)) => assert_eq!(request.url, "https://as.example/jwks"),
            Ok(Step::Verify(check)) => {
                assert!(keys.is_some());
                assert_eq!([check.signing_input, ".", check.signature].concat(), token);
                assert_eq!(check.algorithm.alg, alg);
                assert!((1..=32).contains(&check.keys.len()));
                for key in &check.keys {
                    assert_public(&check.algorithm, key);
                }
            }
            Err(error) => assert_eq!(error.code, Code::SigningKeyNotFound),
        }
        match unverified.conclude(&Verdict { signature: verdict, digest: None }) {
            Ok(tokens) => {
                let claims = tokens.claims.as_ref().expect("claims");
                if let Some(claims) = accepted(claims.as_str()) {
                    assert_claims(&claims, &Login::OPENID);
                }
                let by = if verdict == Signature::Valid { VerifiedBy::Signature } else { VerifiedBy::Tls };
                assert_eq!(tokens.id_token_verified_by, Some(by));
                assert_ne!(verdict, Signature::Invalid, "{token} was accepted with a wrong signature");
            }
            Err(error) if verdict == Signature::Invalid => assert_eq!(error.code, Code::IdTokenSignatureInvalid),
            // A digest that nobody made cannot be compared.
            Err(error) => assert_eq!(error.code, Code::IdTokenUnverifiable),
        }
    }
}
