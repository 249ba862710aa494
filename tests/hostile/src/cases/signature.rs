//! Lies in the signature of the ID token and in the keys, whose claims are good (OpenID Connect Core sections 3.1.3.7 and
//! 10.1, RFC 8725 sections 2 and 3).

use pkce_wasm::Code;
use serde_json::{Value, json};

use super::Case;
use crate::honest::{self, with, without};
use crate::keys::{self, KID, Signer};
use crate::reply::{Delivery, Reply};
use crate::server::{Login, Scenario, abroad};

fn case(
    name: &'static str,
    requirements: &'static [&'static str],
    token: fn(&Login) -> Reply,
    jwks: fn(u32) -> Reply,
) -> Case {
    Case::new(name, requirements, Scenario { token, jwks, ..Scenario::HONEST })
}

/// A lie in the token: the keys are honest.
fn token(name: &'static str, requirements: &'static [&'static str], token: fn(&Login) -> Reply) -> Case {
    case(name, requirements, token, |_| Reply::json(honest::jwks()))
}

/// A lie in the keys: the token is honest.
fn jwks(name: &'static str, requirements: &'static [&'static str], jwks: fn(u32) -> Reply) -> Case {
    case(name, requirements, |login| signed(login, Signer::Rs256), jwks)
}

/// A token response whose ID token is signed in that way.
fn signed(login: &Login, signer: Signer) -> Reply {
    let claims = with(honest::claims(login), "at_hash", json!(keys::at_hash(&login.access_token, signer)));
    Reply::json(honest::tokens_with(login, keys::token(&claims, signer)))
}

/// A token response whose ID token has that header and is signed in that way.
fn headed(login: &Login, header: Value, signer: Signer) -> Reply {
    let token = keys::jws(&header.to_string(), &honest::claims(login).to_string(), signer);
    Reply::json(honest::tokens_with(login, token))
}

/// A token response whose ID token has an `at_hash` that is another.
fn hashed(login: &Login, at_hash: Value) -> Reply {
    let claims = with(honest::claims(login), "at_hash", at_hash);
    Reply::json(honest::tokens_with(login, keys::token(&claims, Signer::Rs256)))
}

fn keys_of(keys: &[Value]) -> Reply {
    Reply::json(json!({ "keys": keys }))
}

pub(super) fn cases() -> Vec<Case> {
    use Code::{
        EndpointMissing, IdTokenAlgUnsupported, IdTokenHashMismatch, IdTokenInvalid, IdTokenSignatureInvalid,
        JwksInvalid, RedirectNotFollowed, SigningKeyNotFound, SigningKeysUnavailable,
    };
    vec![
        token("signed-rs256", &["ID5"], |login| signed(login, Signer::Rs256)).for_peers(),
        token("signed-ps256", &["ID5", "ID6"], |login| signed(login, Signer::Ps256)),
        token("signed-es256", &["ID5", "ID6"], |login| signed(login, Signer::Es256)),
        token("signed-eddsa", &["ID5", "ID6"], |login| signed(login, Signer::Ed25519)),
        case(
            "kid-absent-one-key",
            &["ID7"],
            |login| headed(login, json!({ "alg": "RS256" }), Signer::Rs256),
            |_| keys_of(&[without(keys::rsa_jwk(), "kid")]),
        ),
        jwks("keys-of-unknown-type-beside", &["ID7"], |_| {
            keys_of(&[
                json!({ "kty": "XYZ", "kid": KID }),
                json!({ "kty": "EC", "kid": KID, "crv": "P-0" }),
                keys::rsa_jwk(),
            ])
        }),
        jwks("keys-rotated", &["ID7"], |reading| {
            if reading == 1 {
                keys_of(&[with(keys::other_rsa_jwk(), "kid", json!("old"))])
            } else {
                keys_of(&[keys::rsa_jwk()])
            }
        }),
        token("at-hash-missing", &["ID12"], |login| {
            let claims = without(honest::claims(login), "at_hash");
            Reply::json(honest::tokens_with(login, keys::token(&claims, Signer::Rs256)))
        }),
        token("alg-none", &["ID6"], |login| signed(login, Signer::Unsigned)).refused(IdTokenInvalid).for_peers(),
        token("alg-none-with-a-signature", &["ID6"], |login| headed(login, json!({ "alg": "none" }), Signer::Rs256))
            .refused(IdTokenInvalid),
        token("alg-none-in-other-case", &["ID6"], |login| headed(login, json!({ "alg": "nOnE" }), Signer::Bytes(b"x")))
            .refused(IdTokenInvalid),
        token("alg-hs256-with-the-public-key", &["ID6"], |login| signed(login, Signer::Hs256WithPublicKey))
            .refused(IdTokenAlgUnsupported)
            .for_peers(),
        token("alg-of-another-key", &["ID6", "ID7"], |login| {
            headed(login, json!({ "alg": "ES256", "kid": KID }), Signer::Rs256)
        })
        .refused(IdTokenSignatureInvalid),
        token("alg-of-another-padding", &["ID6"], |login| {
            headed(login, json!({ "alg": "RS256", "kid": KID }), Signer::Ps256)
        })
        .refused(IdTokenSignatureInvalid),
        token("alg-unknown", &["ID6"], |login| headed(login, json!({ "alg": "RS257", "kid": KID }), Signer::Rs256))
            .refused(IdTokenInvalid),
        token("signature-of-another-key", &["ID5"], |login| signed(login, Signer::OtherRs256))
            .refused(IdTokenSignatureInvalid)
            .for_peers(),
        token("signature-of-another-curve-key", &["ID5"], |login| signed(login, Signer::OtherEs256))
            .refused(IdTokenSignatureInvalid),
        token("signature-in-asn1", &["ID5"], |login| signed(login, Signer::Es256Asn1)).refused(IdTokenSignatureInvalid),
        token("signature-of-zeros", &["ID5"], |login| {
            headed(login, json!({ "alg": "ES256", "kid": KID }), Signer::Bytes(&[0; 64]))
        })
        .refused(IdTokenSignatureInvalid),
        token("signature-empty", &["ID5"], |login| {
            headed(login, json!({ "alg": "RS256", "kid": KID }), Signer::Unsigned)
        })
        .refused(IdTokenInvalid)
        .for_peers(),
        token("signature-shortened", &["ID5"], |login| {
            let token = keys::token(&honest::claims(login), Signer::Rs256);
            // 301 characters are no base64url of anything, whatever they are.
            Reply::json(honest::tokens_with(login, token[..token.len() - 41].to_owned()))
        })
        .refused(IdTokenInvalid),
        token("claims-changed-after-signing", &["ID5"], |login| {
            let honest = keys::token(&honest::claims(login), Signer::Rs256);
            let claims = with(honest::claims(login), "sub", json!("another"));
            let changed = keys::token(&claims, Signer::Rs256);
            let parts: Vec<_> = honest.split('.').zip(changed.split('.')).collect();
            let [(header, _), (_, claims), (signature, _)] = parts[..] else { unreachable!("a token has three parts") };
            Reply::json(honest::tokens_with(login, format!("{header}.{claims}.{signature}")))
        })
        .refused(IdTokenSignatureInvalid)
        .for_peers(),
        token("key-brought-along", &["ID7"], |login| {
            let header = json!({ "alg": "RS256", "kid": KID, "jwk": keys::other_rsa_jwk() });
            headed(login, header, Signer::OtherRs256)
        })
        .refused(IdTokenSignatureInvalid),
        token("key-pointed-to", &["ID7"], |login| {
            let place = format!("{}/elsewhere/jwks", abroad(&login.issuer));
            headed(login, json!({ "alg": "RS256", "kid": "new", "jku": place, "x5u": place }), Signer::OtherRs256)
        })
        .refused(SigningKeyNotFound),
        token("kid-unknown", &["ID7"], |login| {
            headed(login, json!({ "alg": "RS256", "kid": "unknown" }), Signer::OtherRs256)
        })
        .refused(SigningKeyNotFound),
        token("kid-number", &["ID7"], |login| headed(login, json!({ "alg": "RS256", "kid": 7 }), Signer::OtherRs256))
            .refused(IdTokenInvalid),
        jwks("keys-decoys-only", &["ID7"], |_| keys_of(&[keys::other_rsa_jwk(), keys::other_ec_jwk()]))
            .refused(IdTokenSignatureInvalid),
        jwks("key-for-encryption", &["ID7"], |_| keys_of(&[with(keys::rsa_jwk(), "use", json!("enc"))]))
            .refused(SigningKeyNotFound),
        jwks("key-of-another-algorithm", &["ID7"], |_| keys_of(&[with(keys::rsa_jwk(), "alg", json!("PS256"))]))
            .refused(SigningKeyNotFound),
        jwks("key-for-other-operations", &["ID7"], |_| {
            keys_of(&[with(keys::rsa_jwk(), "key_ops", json!(["encrypt"]))])
        })
        .refused(SigningKeyNotFound),
        jwks("key-symmetric", &["ID7"], |_| keys_of(&[json!({ "kty": "oct", "kid": KID, "k": "AAAA" })]))
            .refused(SigningKeyNotFound),
        jwks("key-without-modulus", &["ID7"], |_| keys_of(&[without(keys::rsa_jwk(), "n")]))
            .refused(SigningKeyNotFound),
        case(
            "key-of-1024-bits",
            &["ID7"],
            |login| signed(login, Signer::WeakRs256),
            |_| keys_of(&[keys::weak_rsa_jwk()]),
        )
        .refused(SigningKeyNotFound),
        jwks("keys-none", &["ID7"], |_| keys_of(&[])).refused(SigningKeyNotFound),
        jwks("keys-array", &["ID7"], |_| Reply::json(json!([keys::rsa_jwk()]))).refused(JwksInvalid),
        jwks("keys-not-an-array", &["ID7"], |_| Reply::json(json!({ "keys": keys::rsa_jwk() }))).refused(JwksInvalid),
        jwks("keys-html", &["ID7"], |_| Reply::html(200)).refused(JwksInvalid),
        jwks("keys-not-found", &["ID7"], |_| Reply::html(404)).refused(JwksInvalid),
        jwks("keys-moved", &["ID7", "SB7"], |_| Reply::redirect(302, "/honest/jwks".to_owned()))
            .refused(RedirectNotFollowed),
        jwks("keys-under-503", &["ID7"], |_| Reply::html(503)).refused(SigningKeysUnavailable),
        jwks("keys-cut", &["ID7"], |_| Reply::json(honest::jwks()).arriving(Delivery::Cut))
            .refused(SigningKeysUnavailable),
        Case::new(
            "alg-not-listed",
            &["ID6"],
            Scenario {
                metadata: |issuer| {
                    let listed = json!(["ES256"]);
                    Reply::json(with(honest::metadata(issuer), "id_token_signing_alg_values_supported", listed))
                },
                ..Scenario::HONEST
            },
        )
        .refused(IdTokenInvalid),
        Case::new(
            "alg-registered-and-not-listed",
            &["ID6"],
            Scenario {
                metadata: |issuer| {
                    let listed = json!(["RS256"]);
                    Reply::json(with(honest::metadata(issuer), "id_token_signing_alg_values_supported", listed))
                },
                token: |login| signed(login, Signer::Es256),
                ..Scenario::HONEST
            },
        )
        .configured(|settings| settings.id_token_signed_response_alg = Some("ES256".to_owned())),
        Case::new(
            "alg-listed-and-another-registered",
            &["ID6"],
            Scenario { token: |login| signed(login, Signer::Rs256), ..Scenario::HONEST },
        )
        .configured(|settings| settings.id_token_signed_response_alg = Some("ES256".to_owned()))
        .refused(IdTokenInvalid),
        Case::new(
            "alg-none-registered-as-another-and-not-listed",
            &["ID6"],
            Scenario { token: |login| signed(login, Signer::Unsigned), ..Scenario::HONEST },
        )
        .configured(|settings| settings.id_token_signed_response_alg = Some("ES256".to_owned()))
        .refused(IdTokenInvalid),
        Case::new(
            "keys-nowhere",
            &["ID5"],
            Scenario {
                metadata: |issuer| Reply::json(without(honest::metadata(issuer), "jwks_uri")),
                ..Scenario::HONEST
            },
        )
        .refused(EndpointMissing),
        Case::new(
            "keys-over-http",
            &["ID5", "MD6"],
            Scenario {
                metadata: |issuer| {
                    Reply::json(with(honest::metadata(issuer), "jwks_uri", json!("http://login.example/jwks")))
                },
                ..Scenario::HONEST
            },
        )
        .refused(Code::EndpointInsecure),
        token("at-hash-of-another-token", &["ID12"], |login| {
            hashed(login, json!(keys::at_hash("another", Signer::Rs256)))
        })
        .refused(IdTokenHashMismatch)
        .for_peers(),
        token("at-hash-shortened", &["ID12"], |login| {
            hashed(login, json!(keys::at_hash(&login.access_token, Signer::Rs256)[..11]))
        })
        .refused(IdTokenHashMismatch),
        token("at-hash-empty", &["ID12"], |login| hashed(login, json!(""))).refused(IdTokenHashMismatch),
        token("at-hash-number", &["ID12"], |login| hashed(login, json!(7))).refused(IdTokenInvalid),
    ]
}
