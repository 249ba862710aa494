//! Lies in the token response (RFC 6749 sections 5.1 and 5.2, RFC 9700 section 4.12).

use pkce_wasm::Code;
use serde_json::{Value, json};

use super::Case;
use crate::honest::{self, with, without};
use crate::keys::{self, Signer};
use crate::reply::{Delivery, Reply};
use crate::server::{Login, Scenario, abroad};

fn case(name: &'static str, requirements: &'static [&'static str], token: fn(&Login) -> Reply) -> Case {
    Case::new(name, requirements, Scenario { token, ..Scenario::HONEST })
}

fn honest(login: &Login) -> Reply {
    Reply::json(honest::tokens(login))
}

/// An honest token response with a member set to something else.
fn altered(login: &Login, member: &str, value: impl Into<Value>) -> Reply {
    Reply::json(with(honest::tokens(login), member, value.into()))
}

fn lacking(login: &Login, member: &str) -> Reply {
    Reply::json(without(honest::tokens(login), member))
}

/// An honest token response whose `expires_in` is that text, which need not be JSON.
fn lasting(login: &Login, text: &str) -> Reply {
    Reply::text(honest::tokens(login).to_string().replace("\"expires_in\":300", &format!("\"expires_in\":{text}")))
}

/// An honest token response with this member after its own of the same name.
fn twice(login: &Login, last: &str) -> Reply {
    let mut text = honest::tokens(login).to_string();
    text.pop();
    Reply::text(format!("{text},{last}}}"))
}

pub(super) fn cases() -> Vec<Case> {
    use Code::{
        AccessTokenMissing, IdTokenAudienceMismatch, IdTokenInvalid, IdTokenMissing, NetworkFailed,
        RedirectNotFollowed, ResponseTooLarge, ServerError, TimedOut, TokenRefused, TokenResponseInvalid,
        TokenTypeUnsupported,
    };
    vec![
        case("tokens-honest", &["AC16"], honest).for_peers(),
        case("tokens-with-unknown-members", &["AC16"], |login| altered(login, "example_parameter", json!([1]))),
        case("tokens-charset", &["AC16"], |login| honest(login).content_type("application/json;charset=UTF-8"))
            .for_peers(),
        case("token-type-in-other-case", &["AC17"], |login| altered(login, "token_type", "bEARER")).for_peers(),
        case("expires-in-missing", &["AC18"], |login| lacking(login, "expires_in")).for_peers(),
        case("expires-in-digits", &["AC18"], |login| altered(login, "expires_in", "300")),
        case("expires-in-beyond-32-bits", &["AC18"], |login| altered(login, "expires_in", 8_589_934_592_u64)),
        case("expires-in-infinite", &["AC18"], |login| lasting(login, "1e400")),
        case("expires-in-absurd", &["AC18"], |login| lasting(login, "1e300")),
        case("scope-narrower", &["AC19"], |login| altered(login, "scope", "openid")),
        case("scope-missing", &["AC19"], |login| lacking(login, "scope")),
        case("refresh-token-missing", &["AC21"], |login| lacking(login, "refresh_token")),
        case("members-twice-the-last-ones-good", &["ID15"], |login| {
            let honest = honest::tokens(login).to_string();
            Reply::text(honest.replacen(
                '{',
                r#"{"access_token":7,"token_type":"mac","expires_in":-1,"id_token":"a.b.c","#,
                1,
            ))
        }),
        case("tokens-as-html", &["AC16"], |login| honest(login).content_type("text/html")).for_peers(),
        case("tokens-as-text", &["AC16"], |login| honest(login).content_type("text/plain")),
        case("tokens-without-type", &["AC16"], |login| honest(login).content_type("")),
        case("tokens-as-javascript", &["AC16"], |login| honest(login).content_type("text/json")),
        case("tokens-under-201", &["AC16"], |login| honest(login).status(201)).for_peers(),
        case("expires-in-negative", &["AC18"], |login| altered(login, "expires_in", -300)).for_peers(),
        case("expires-in-words", &["AC18"], |login| altered(login, "expires_in", "soon")).for_peers(),
        case("expires-in-negative-digits", &["AC18"], |login| altered(login, "expires_in", "-300")),
        case("expires-in-boolean", &["AC18"], |login| altered(login, "expires_in", true)),
        case("expires-in-object", &["AC18"], |login| altered(login, "expires_in", json!({}))),
        case("expires-in-infinitely-negative", &["AC18"], |login| lasting(login, "-1e400")),
        case("scope-array", &["AC19"], |login| altered(login, "scope", json!(["openid"]))).for_peers(),
        case("tokens-under-202", &["AC16"], |login| honest(login).status(202)),
        case("expires-in-a-fraction-in-a-string", &["AC18"], |login| altered(login, "expires_in", "299.99")),
        case("error-empty", &["AC20"], |login| altered(login, "error", "")),
        case("error-null", &["AC20"], |login| altered(login, "error", Value::Null)),
        case("tokens-moved-307", &["SB7"], |login| {
            Reply::redirect(307, format!("{}/elsewhere/token", abroad(&login.issuer)))
        })
        .refused(RedirectNotFollowed)
        .for_peers(),
        case("tokens-moved-308", &["SB7"], |login| Reply::redirect(308, format!("{}/elsewhere/token", login.issuer)))
            .refused(RedirectNotFollowed),
        case("tokens-moved-302", &["SB7"], |login| Reply::redirect(302, format!("{}/elsewhere/token", login.issuer)))
            .refused(RedirectNotFollowed),
        case("tokens-under-303-with-a-body", &["SB7"], |login| honest(login).status(303)).refused(RedirectNotFollowed),
        case("tokens-under-206", &["AC16"], |login| honest(login).status(206)).refused(TokenResponseInvalid),
        case("tokens-under-400", &["AC20"], |login| honest(login).status(400)).refused(TokenResponseInvalid),
        case("tokens-under-429", &["AC20"], |login| honest(login).status(429)).refused(ServerError),
        case("tokens-under-500", &["AC20"], |login| honest(login).status(500)).refused(ServerError),
        case("tokens-under-203", &["AC16"], |login| honest(login).status(203)).refused(TokenResponseInvalid),
        case("tokens-under-207", &["AC16"], |login| honest(login).status(207)).refused(TokenResponseInvalid),
        case("tokens-as-text-under-500", &["AC20"], |login| honest(login).status(500).content_type("text/plain"))
            .refused(ServerError),
        case("tokens-in-text-that-is-none", &["AC16"], |_| Reply::text("at").content_type("text/plain"))
            .refused(TokenResponseInvalid),
        case("tokens-in-text-as-a-form", &["AC16"], |login| {
            Reply::text(format!("access_token={}&token_type=bearer", login.access_token)).content_type("text/plain")
        })
        .refused(TokenResponseInvalid),
        case("token-type-missing-in-text", &["AC17"], |login| lacking(login, "token_type").content_type("text/plain"))
            .refused(TokenResponseInvalid),
        case("token-type-mac-under-201", &["AC17"], |login| altered(login, "token_type", "mac").status(201))
            .refused(TokenTypeUnsupported),
        case("id-token-missing-in-text", &["ID1"], |login| lacking(login, "id_token").content_type("text/html"))
            .refused(IdTokenMissing),
        case("id-token-of-another-under-201", &["ID3"], |login| {
            let claims = with(honest::claims(login), "aud", "another".into());
            Reply::json(honest::tokens_with(login, keys::token(&claims, Signer::Rs256))).status(201)
        })
        .refused(IdTokenAudienceMismatch),
        case("id-token-missing-and-no-openid-granted", &["ID1"], |login| {
            Reply::json(with(without(honest::tokens(login), "id_token"), "scope", "profile".into()))
        })
        .refused(IdTokenMissing),
        case("id-token-empty-and-no-openid-granted", &["ID1"], |login| {
            Reply::json(with(with(honest::tokens(login), "id_token", "".into()), "scope", "profile".into()))
        })
        .refused(IdTokenInvalid),
        case("id-token-broken-and-no-openid-granted", &["ID1"], |login| {
            Reply::json(with(with(honest::tokens(login), "id_token", "a.b.c".into()), "scope", "profile".into()))
        })
        .refused(IdTokenInvalid),
        case("tokens-html", &["AC16"], |_| Reply::html(200)).refused(TokenResponseInvalid),
        case("tokens-html-under-400", &["AC20"], |_| Reply::html(400)).refused(TokenResponseInvalid),
        case("tokens-array", &["AC16"], |login| Reply::json(json!([honest::tokens(login)])))
            .refused(TokenResponseInvalid),
        case("tokens-string", &["AC16"], |_| Reply::text("\"token\"")).refused(TokenResponseInvalid),
        case("tokens-null", &["AC16"], |_| Reply::text("null")).refused(TokenResponseInvalid),
        case("tokens-empty", &["AC16"], |_| Reply::text("")).refused(TokenResponseInvalid),
        case("tokens-form", &["AC16"], |login| {
            Reply::text(format!("access_token={}&token_type=bearer", login.access_token))
        })
        .refused(TokenResponseInvalid),
        case("tokens-halved", &["AC16"], |login| honest(login).halved()).refused(TokenResponseInvalid),
        case("tokens-too-large", &["AC16"], |login| honest(login).swollen()).refused(ResponseTooLarge),
        case("tokens-cut", &["AC16"], |login| honest(login).arriving(Delivery::Cut)).refused(NetworkFailed),
        case("tokens-never", &["AC16"], |login| honest(login).arriving(Delivery::Never)).refused(TimedOut),
        case("tokens-refused", &["AC20", "PK10"], |_| Reply::json(json!({ "error": "invalid_grant" })).status(400))
            .refused(TokenRefused),
        case("tokens-refused-under-401", &["AC20"], |_| Reply::json(json!({ "error": "invalid_client" })).status(401))
            .refused(TokenRefused),
        case("tokens-refused-under-200", &["AC16"], |_| Reply::json(json!({ "error": "invalid_grant" })))
            .refused(TokenRefused),
        case("tokens-refused-in-text", &["AC20"], |_| {
            Reply::json(json!({ "error": "invalid_grant" })).status(400).content_type("text/html")
        })
        .refused(TokenRefused),
        case("tokens-refused-by-an-object", &["AC20"], |_| {
            Reply::json(json!({ "error": { "message": "used", "type": "OAuthException" } })).status(400)
        })
        .refused(TokenRefused),
        case("tokens-and-an-error", &["AC20"], |login| altered(login, "error", "invalid_grant")).refused(TokenRefused),
        case("tokens-and-an-error-in-text", &["AC20"], |login| {
            altered(login, "error", "invalid_grant").content_type("text/plain")
        })
        .refused(TokenRefused),
        case("tokens-and-an-error-that-is-an-object", &["AC20"], |login| {
            altered(login, "error", json!({ "message": "used" }))
        })
        .refused(TokenRefused),
        case("tokens-refused-by-a-number", &["AC20"], |_| Reply::json(json!({ "error": 5 })).status(400))
            .refused(TokenResponseInvalid),
        case("access-token-missing", &["AC16"], |login| lacking(login, "access_token"))
            .refused(AccessTokenMissing)
            .for_peers(),
        case("access-token-null", &["AC16"], |login| altered(login, "access_token", Value::Null))
            .refused(AccessTokenMissing),
        case("access-token-empty", &["AC16"], |login| altered(login, "access_token", ""))
            .refused(AccessTokenMissing)
            .for_peers(),
        case("access-token-number", &["AC16"], |login| altered(login, "access_token", 7))
            .refused(TokenResponseInvalid)
            .for_peers(),
        case("access-token-array", &["AC16"], |login| altered(login, "access_token", json!(["a"])))
            .refused(TokenResponseInvalid),
        case("access-token-object", &["AC16"], |login| altered(login, "access_token", json!({ "a": 1 })))
            .refused(TokenResponseInvalid),
        case("token-type-missing", &["AC16", "AC17"], |login| lacking(login, "token_type"))
            .refused(TokenResponseInvalid)
            .for_peers(),
        case("token-type-empty", &["AC17"], |login| altered(login, "token_type", "")).refused(TokenTypeUnsupported),
        case("token-type-number", &["AC16", "AC17"], |login| altered(login, "token_type", 7))
            .refused(TokenResponseInvalid),
        case("token-type-mac", &["AC17"], |login| altered(login, "token_type", "mac"))
            .refused(TokenTypeUnsupported)
            .for_peers(),
        case("token-type-bearer-and-more", &["AC17"], |login| altered(login, "token_type", "Bearer "))
            .refused(TokenTypeUnsupported),
        case("token-type-twice-the-last-wrong", &["AC17", "ID15"], |login| twice(login, r#""token_type":"mac""#))
            .refused(TokenTypeUnsupported),
        case("access-token-twice-the-last-empty", &["AC16", "ID15"], |login| twice(login, r#""access_token":"""#))
            .refused(AccessTokenMissing),
        case("expires-in-nan", &["AC18"], |login| lasting(login, "NaN")).refused(TokenResponseInvalid),
        case("access-token-with-a-line-break", &["AC22"], |login| altered(login, "access_token", "a\r\nX: b"))
            .refused(TokenResponseInvalid),
        case("refresh-token-with-a-line-break", &["AC22"], |login| altered(login, "refresh_token", "a\nb"))
            .refused(TokenResponseInvalid),
        case("scope-array-with-a-number", &["AC19"], |login| altered(login, "scope", json!(["openid", 7])))
            .refused(TokenResponseInvalid),
        case("scope-array-in-an-array", &["AC19"], |login| altered(login, "scope", json!([["openid"]])))
            .refused(TokenResponseInvalid),
        case("scope-object", &["AC19"], |login| altered(login, "scope", json!({ "openid": true })))
            .refused(TokenResponseInvalid),
        case("scope-number", &["AC19"], |login| altered(login, "scope", 7)).refused(TokenResponseInvalid),
        case("refresh-token-number", &["AC21"], |login| altered(login, "refresh_token", 7))
            .refused(TokenResponseInvalid)
            .for_peers(),
        case("refresh-token-object", &["AC21"], |login| altered(login, "refresh_token", json!({})))
            .refused(TokenResponseInvalid),
        case("id-token-missing", &["ID1"], |login| lacking(login, "id_token")).refused(IdTokenMissing).for_peers(),
        case("id-token-null", &["ID1"], |login| altered(login, "id_token", Value::Null)).refused(IdTokenMissing),
        case("id-token-number", &["ID1"], |login| altered(login, "id_token", 7)).refused(TokenResponseInvalid),
        case("id-token-object", &["ID1"], |login| altered(login, "id_token", honest::claims(login)))
            .refused(TokenResponseInvalid),
        case("id-token-empty", &["ID1"], |login| altered(login, "id_token", "")).refused(IdTokenInvalid),
    ]
}
