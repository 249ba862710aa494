//! What an honest server says. A lie is one of these with something changed.

use serde_json::{Value, json};

use crate::keys::{self, Signer};
use crate::server::{Login, now};

/// Who signs in everywhere.
pub const SUBJECT: &str = "mallory";

/// Metadata without a lie (RFC 8414 section 2).
pub fn metadata(issuer: &str) -> Value {
    json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "userinfo_endpoint": format!("{issuer}/userinfo"),
        "jwks_uri": format!("{issuer}/jwks"),
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256", "PS256", "ES256", "EdDSA"],
        "token_endpoint_auth_methods_supported": ["none"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
    })
}

/// The claims of an ID token without a lie (OpenID Connect Core section 2).
pub fn claims(login: &Login) -> Value {
    let now = now();
    json!({
        "iss": login.issuer,
        "sub": SUBJECT,
        "aud": login.client_id,
        "exp": now + 300,
        "iat": now,
        "nonce": login.nonce,
        "at_hash": keys::at_hash(&login.access_token, Signer::Rs256),
    })
}

/// A token response without a lie (RFC 6749 section 5.1).
pub fn tokens(login: &Login) -> Value {
    tokens_with(login, keys::token(&claims(login), Signer::Rs256))
}

/// A token response without a lie but perhaps in its ID token.
pub fn tokens_with(login: &Login, id_token: String) -> Value {
    json!({
        "access_token": login.access_token,
        "token_type": "Bearer",
        "expires_in": 300,
        "refresh_token": login.refresh_token,
        "scope": login.scope,
        "id_token": id_token,
    })
}

/// The claims of a refreshed ID token: those of the first, issued now (OpenID Connect Core section 12.2).
pub fn refreshed_claims(login: &Login) -> Value {
    without(claims(login), "nonce")
}

/// The answer to a refresh without a lie.
pub fn refreshed(login: &Login) -> Value {
    tokens_with(login, keys::token(&refreshed_claims(login), Signer::Rs256))
}

/// The claims of the user (OpenID Connect Core section 5.3.2).
pub fn userinfo(_: &Login) -> Value {
    json!({ "sub": SUBJECT, "name": "Mallory" })
}

/// The keys: one of each type, under one `kid`.
pub fn jwks() -> Value {
    json!({ "keys": [keys::rsa_jwk(), keys::ec_jwk(), keys::ed_jwk()] })
}

/// The object with a member set to something else.
#[must_use]
pub fn with(mut object: Value, member: &str, value: Value) -> Value {
    object[member] = value;
    object
}

/// The object without a member.
#[must_use]
pub fn without(mut object: Value, member: &str) -> Value {
    object.as_object_mut().and_then(|members| members.remove(member));
    object
}
