//! Lies in the answer to a refresh (RFC 6749 section 6, OpenID Connect Core section 12.2).

use pkce_wasm::Code;
use serde_json::{Value, json};

use super::Case;
use crate::honest::{self, with, without};
use crate::keys::{self, Signer};
use crate::reply::{Delivery, Reply};
use crate::server::{Login, Scenario, abroad, now};

fn case(name: &'static str, requirements: &'static [&'static str], refresh: fn(&Login) -> Reply) -> Case {
    Case::new(name, requirements, Scenario { refresh, ..Scenario::HONEST })
}

fn honest(login: &Login) -> Reply {
    Reply::json(honest::refreshed(login))
}

/// An honest answer with a member set to something else.
fn altered(login: &Login, member: &str, value: impl Into<Value>) -> Reply {
    Reply::json(with(honest::refreshed(login), member, value.into()))
}

/// An honest answer but for one claim of its ID token.
fn claiming(login: &Login, claim: &str, value: impl Into<Value>) -> Reply {
    let claims = with(honest::refreshed_claims(login), claim, value.into());
    Reply::json(honest::tokens_with(login, keys::token(&claims, Signer::Rs256)))
}

/// The answer to a login whose ID token has a claim that a refreshed one has to keep to.
fn claiming_first(login: &Login, claim: &str, value: impl Into<Value>) -> Reply {
    let claims = with(honest::claims(login), claim, value.into());
    Reply::json(honest::tokens_with(login, keys::token(&claims, Signer::Rs256)))
}

/// A case whose user was authenticated at the time 1,000,000,000.
fn authenticated(name: &'static str, refresh: fn(&Login) -> Reply) -> Case {
    let token = |login: &Login| claiming_first(login, "auth_time", 1_000_000_000);
    Case::new(name, &["ID14"], Scenario { token, refresh, ..Scenario::HONEST })
}

/// An answer whose ID token has the `nonce` of another login, and one more claim that is wrong.
fn wrong_beside(login: &Login, claim: &str, value: impl Into<Value>) -> Reply {
    let claims = with(honest::refreshed_claims(login), "nonce", json!("another"));
    Reply::json(honest::tokens_with(login, keys::token(&with(claims, claim, value.into()), Signer::Rs256)))
}

fn disclaiming(login: &Login, claim: &str) -> Reply {
    let claims = without(honest::refreshed_claims(login), claim);
    Reply::json(honest::tokens_with(login, keys::token(&claims, Signer::Rs256)))
}

pub(super) fn cases() -> Vec<Case> {
    use Code::{
        AccessTokenMissing, IdTokenAudienceMismatch, IdTokenExpired, IdTokenHashMismatch, IdTokenInvalid,
        IdTokenIssuerMismatch, IdTokenNotYetValid, IdTokenSignatureInvalid, IdTokenSubjectMismatch, NetworkFailed,
        RedirectNotFollowed, ServerError, TokenRefused, TokenResponseInvalid, TokenTypeUnsupported,
    };
    vec![
        case("refresh-honest", &["AC21", "ID14"], honest).for_peers(),
        case("refresh-rotated", &["AC21", "SB3"], |login| altered(login, "refresh_token", "refresh-next")),
        case("refresh-without-refresh-token", &["AC21"], |login| {
            Reply::json(without(honest::refreshed(login), "refresh_token"))
        }),
        case("refresh-without-id-token", &["ID14"], |login| Reply::json(without(honest::refreshed(login), "id_token")))
            .for_peers(),
        case("refresh-with-the-nonce", &["ID14"], |login| claiming(login, "nonce", login.nonce.clone())),
        case("refresh-scope-narrower", &["AC19", "AC21"], |login| altered(login, "scope", "openid")),
        // The server may grant more than was asked for, and has to say so (RFC 6749 section 3.3).
        case("refresh-scope-wider", &["AC19", "AC21"], |login| altered(login, "scope", "openid profile email")),
        authenticated("refresh-auth-time-as-before", |login| claiming(login, "auth_time", 1_000_000_000)),
        authenticated("refresh-auth-time-missing", honest),
        case("refresh-expires-in-negative", &["AC18"], |login| altered(login, "expires_in", -1)),
        case("refresh-as-text", &["AC16"], |login| honest(login).content_type("text/plain")),
        case("refresh-under-201", &["AC16"], |login| honest(login).status(201)),
        case("refresh-id-token-empty", &["ID14"], |login| altered(login, "id_token", "")),
        case("refresh-iss-wrong", &["ID14"], |login| claiming(login, "iss", "https://login.example"))
            .refused(IdTokenIssuerMismatch)
            .for_peers(),
        case("refresh-sub-of-another", &["ID14"], |login| claiming(login, "sub", "another"))
            .refused(IdTokenSubjectMismatch)
            .for_peers(),
        case("refresh-sub-missing", &["ID14"], |login| disclaiming(login, "sub")).refused(IdTokenInvalid),
        case("refresh-aud-of-another", &["ID14"], |login| claiming(login, "aud", "another"))
            .refused(IdTokenAudienceMismatch)
            .for_peers(),
        case("refresh-azp-of-another", &["ID14"], |login| claiming(login, "azp", "another"))
            .refused(IdTokenAudienceMismatch),
        // Of these the ID token is dropped and the tokens are kept; what is wrong beside it counts all the same.
        case("refresh-nonce-of-another", &["ID14"], |login| claiming(login, "nonce", "another")),
        case("refresh-nonce-empty", &["ID14"], |login| claiming(login, "nonce", "")),
        case("refresh-nonce-and-sub-of-another", &["ID14"], |login| wrong_beside(login, "sub", "another"))
            .refused(IdTokenSubjectMismatch),
        case("refresh-nonce-and-iss-of-another", &["ID14"], |login| {
            wrong_beside(login, "iss", "https://login.example")
        })
        .refused(IdTokenIssuerMismatch),
        case("refresh-nonce-and-aud-of-another", &["ID14"], |login| wrong_beside(login, "aud", "another"))
            .refused(IdTokenAudienceMismatch),
        case("refresh-nonce-of-another-and-exp-past", &["ID14"], |login| wrong_beside(login, "exp", now() - 3600))
            .refused(IdTokenExpired),
        case("refresh-nonce-of-another-and-at-hash", &["ID12", "ID14"], |login| {
            wrong_beside(login, "at_hash", keys::at_hash("another", Signer::Rs256))
        })
        .refused(IdTokenHashMismatch),
        case("refresh-nonce-of-another-signed-by-another", &["ID5", "ID14"], |login| {
            let claims = with(honest::refreshed_claims(login), "nonce", json!("another"));
            Reply::json(honest::tokens_with(login, keys::token(&claims, Signer::OtherRs256)))
        })
        .refused(IdTokenSignatureInvalid),
        authenticated("refresh-auth-time-of-another-login", |login| claiming(login, "auth_time", now())),
        authenticated("refresh-auth-time-text", |login| claiming(login, "auth_time", "1000000000")),
        case("refresh-iat-older", &["ID14"], |login| claiming(login, "iat", now() - 3600)).refused(IdTokenInvalid),
        case("refresh-iat-missing", &["ID14"], |login| disclaiming(login, "iat")).refused(IdTokenInvalid),
        case("refresh-iat-future", &["ID14"], |login| claiming(login, "iat", now() + 86_400))
            .refused(IdTokenNotYetValid),
        case("refresh-exp-past", &["ID14"], |login| claiming(login, "exp", now() - 3600)).refused(IdTokenExpired),
        case("refresh-id-token-number", &["ID14"], |login| altered(login, "id_token", 7)).refused(TokenResponseInvalid),
        case("refresh-id-token-broken", &["ID14"], |login| altered(login, "id_token", "a.b.c")).refused(IdTokenInvalid),
        case("refresh-access-token-missing", &["AC16"], |login| {
            Reply::json(without(honest::refreshed(login), "access_token"))
        })
        .refused(AccessTokenMissing)
        .for_peers(),
        case("refresh-refresh-token-number", &["AC21"], |login| altered(login, "refresh_token", 7))
            .refused(TokenResponseInvalid),
        case("refresh-token-type-mac", &["AC17"], |login| altered(login, "token_type", "mac"))
            .refused(TokenTypeUnsupported)
            .for_peers(),
        case("refresh-html", &["AC16"], |_| Reply::html(200)).refused(TokenResponseInvalid),
        case("refresh-refused", &["SB3"], |_| Reply::json(json!({ "error": "invalid_grant" })).status(400))
            .refused(TokenRefused),
        case("refresh-refused-under-200", &["AC20"], |login| altered(login, "error", "bad_refresh_token"))
            .refused(TokenRefused),
        case("refresh-refused-in-text", &["AC20"], |_| {
            Reply::json(json!({ "error": "invalid_grant" })).status(401).content_type("text/plain")
        })
        .refused(TokenRefused),
        case("refresh-refused-under-503", &["AC20"], |_| Reply::json(json!({ "error": "invalid_grant" })).status(503))
            .refused(ServerError),
        case("refresh-of-another-in-text", &["ID14"], |login| {
            claiming(login, "sub", "another").content_type("text/plain")
        })
        .refused(IdTokenSubjectMismatch),
        case("refresh-of-another-under-202", &["ID14"], |login| claiming(login, "sub", "another").status(202))
            .refused(IdTokenSubjectMismatch),
        case("refresh-as-text-that-is-none", &["AC16"], |_| Reply::text("ok").content_type("text/plain"))
            .refused(TokenResponseInvalid),
        case("refresh-under-206", &["AC16"], |login| honest(login).status(206)).refused(TokenResponseInvalid),
        case("refresh-under-500", &["AC20"], |login| honest(login).status(500)).refused(ServerError),
        case("refresh-moved", &["SB7"], |login| {
            Reply::redirect(307, format!("{}/elsewhere/token", abroad(&login.issuer)))
        })
        .refused(RedirectNotFollowed),
        case("refresh-cut", &["AC16"], |login| honest(login).arriving(Delivery::Cut)).refused(NetworkFailed),
    ]
}
