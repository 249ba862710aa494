//! Lies in the header and claims of the ID token, whose signature is good (OpenID Connect Core section 3.1.3.7).

use pkce_wasm::Code;
use pkce_wasm::client::authorize::{ClaimsRequest, LoginOptions};
use serde_json::{Value, json};

use super::Case;
use crate::honest::{self, with, without};
use crate::keys::{self, KID, Signer, encode};
use crate::reply::Reply;
use crate::server::{Login, Scenario, now};

fn case(name: &'static str, requirements: &'static [&'static str], token: fn(&Login) -> Reply) -> Case {
    Case::new(name, requirements, Scenario { token, ..Scenario::HONEST })
}

/// A token response with that ID token.
fn with_token(login: &Login, id_token: String) -> Reply {
    Reply::json(honest::tokens_with(login, id_token))
}

/// A token response whose ID token has those claims.
fn claiming(login: &Login, claims: &Value) -> Reply {
    with_token(login, keys::token(claims, Signer::Rs256))
}

/// A token response whose ID token has one claim set to something else.
fn altered(login: &Login, claim: &str, value: impl Into<Value>) -> Reply {
    claiming(login, &with(honest::claims(login), claim, value.into()))
}

fn lacking(login: &Login, claim: &str) -> Reply {
    claiming(login, &without(honest::claims(login), claim))
}

/// A token response whose ID token has that header.
fn headed(login: &Login, header: &Value) -> Reply {
    with_token(login, keys::jws(&header.to_string(), &honest::claims(login).to_string(), Signer::Rs256))
}

/// A token response whose ID token is changed in its text.
fn rewritten(login: &Login, change: impl FnOnce(String) -> String) -> Reply {
    with_token(login, change(keys::token(&honest::claims(login), Signer::Rs256)))
}

/// A token response whose ID token has these members before its own of the same names.
fn twice(login: &Login, first: &str) -> Reply {
    let claims = honest::claims(login).to_string().replacen('{', &format!("{{{first},"), 1);
    let header = json!({ "alg": "RS256", "kid": KID }).to_string();
    with_token(login, keys::jws(&header, &claims, Signer::Rs256))
}

/// A token response whose ID token has this member after its own of the same name.
fn twice_then(login: &Login, last: &str) -> Reply {
    let mut claims = honest::claims(login).to_string();
    claims.pop();
    let header = json!({ "alg": "RS256", "kid": KID }).to_string();
    with_token(login, keys::jws(&header, &format!("{claims},{last}}}"), Signer::Rs256))
}

fn within_300_seconds() -> LoginOptions {
    LoginOptions { max_age: Some(300), ..LoginOptions::default() }
}

fn by_two_factors() -> LoginOptions {
    LoginOptions { acr_values: Some("phr phrh".to_owned()), require_acr: true, ..LoginOptions::default() }
}

fn perhaps_by_two_factors() -> LoginOptions {
    LoginOptions { require_acr: false, ..by_two_factors() }
}

fn essentially_by_two_factors() -> LoginOptions {
    let request = json!({ "id_token": { "acr": { "essential": true, "values": ["phr", "phrh"] } } });
    LoginOptions { claims: ClaimsRequest::parse(request.to_string()).ok(), ..LoginOptions::default() }
}

/// A case of a client that trusts the audience `project`, whose ID token has these audiences and that `azp`.
fn trusting(name: &'static str, token: fn(&Login) -> Reply) -> Case {
    case(name, &["ID3", "ID4"], token).configured(|settings| settings.trusted_audiences = vec!["project".to_owned()])
}

/// A token response whose ID token is for this client and for these others, and was asked for by that party.
fn beside(login: &Login, others: &[&str], azp: &Value) -> Reply {
    let audiences: Vec<&str> = others.iter().copied().chain([login.client_id.as_str()]).collect();
    claiming(login, &with(with(honest::claims(login), "aud", json!(audiences)), "azp", azp.clone()))
}

pub(super) fn cases() -> Vec<Case> {
    use Code::{
        IdTokenAudienceMismatch, IdTokenExpired, IdTokenInvalid, IdTokenIssuerMismatch, IdTokenNonceMismatch,
        IdTokenNotYetValid, InsufficientUserAuthentication,
    };
    vec![
        case("id-token-honest", &["ID2", "ID3"], |login| claiming(login, &honest::claims(login))).for_peers(),
        case("id-token-with-unknown-claims", &["ID2"], |login| altered(login, "acr", "0")),
        case("aud-in-an-array", &["ID3"], |login| altered(login, "aud", json!([login.client_id]))).for_peers(),
        case("azp-of-this-client", &["ID4"], |login| altered(login, "azp", login.client_id.clone())),
        case("exp-within-the-tolerance", &["ID8"], |login| altered(login, "exp", now() - 5)),
        case("auth-time-within-max-age", &["ID11"], |login| altered(login, "auth_time", now() - 200))
            .asking(within_300_seconds),
        case("acr-as-asked", &["ID11"], |login| altered(login, "acr", "phrh")).asking(by_two_factors),
        case("acr-not-as-asked", &["ID11"], |login| altered(login, "acr", "0")).asking(perhaps_by_two_factors),
        case("acr-asked-and-not-told", &["ID11"], |login| lacking(login, "acr")).asking(perhaps_by_two_factors),
        case("acr-essential", &["ID11"], |login| altered(login, "acr", "phr")).asking(essentially_by_two_factors),
        case("iss-wrong", &["ID2"], |login| altered(login, "iss", "https://login.example"))
            .refused(IdTokenIssuerMismatch)
            .for_peers(),
        case("iss-claim-with-trailing-slash", &["ID2"], |login| altered(login, "iss", format!("{}/", login.issuer)))
            .refused(IdTokenIssuerMismatch),
        case("iss-claim-in-other-case", &["ID2"], |login| altered(login, "iss", login.issuer.to_uppercase()))
            .refused(IdTokenIssuerMismatch),
        case("iss-claim-missing", &["ID2"], |login| lacking(login, "iss")).refused(IdTokenInvalid).for_peers(),
        case("iss-claim-number", &["ID2"], |login| altered(login, "iss", 1)).refused(IdTokenInvalid),
        case("iss-claim-array", &["ID2"], |login| altered(login, "iss", json!([login.issuer]))).refused(IdTokenInvalid),
        case("sub-missing", &["ID15"], |login| lacking(login, "sub")).refused(IdTokenInvalid).for_peers(),
        case("sub-empty", &["ID15"], |login| altered(login, "sub", "")).refused(IdTokenInvalid),
        case("sub-number", &["ID15"], |login| altered(login, "sub", 7)).refused(IdTokenInvalid).for_peers(),
        case("sub-of-256-characters", &["ID15"], |login| altered(login, "sub", "s".repeat(256)))
            .refused(IdTokenInvalid),
        case("sub-not-ascii", &["ID15"], |login| altered(login, "sub", "mallor\u{443}")).refused(IdTokenInvalid),
        case("aud-missing", &["ID3"], |login| lacking(login, "aud")).refused(IdTokenInvalid).for_peers(),
        case("aud-of-another", &["ID3"], |login| altered(login, "aud", "another"))
            .refused(IdTokenAudienceMismatch)
            .for_peers(),
        case("aud-begins-alike", &["ID3"], |login| altered(login, "aud", format!("{}2", login.client_id)))
            .refused(IdTokenAudienceMismatch),
        case("aud-number", &["ID3"], |login| altered(login, "aud", 7)).refused(IdTokenAudienceMismatch),
        case("aud-empty", &["ID3"], |login| altered(login, "aud", json!([]))).refused(IdTokenAudienceMismatch),
        case("aud-object", &["ID3"], |login| altered(login, "aud", json!({ "client": login.client_id })))
            .refused(IdTokenAudienceMismatch),
        case("aud-with-a-second", &["ID3", "ID4"], |login| altered(login, "aud", json!([login.client_id, "another"])))
            .refused(IdTokenAudienceMismatch)
            .for_peers(),
        case("aud-with-a-second-and-azp", &["ID3"], |login| {
            let claims = with(honest::claims(login), "aud", json!(["another", login.client_id]));
            claiming(login, &with(claims, "azp", json!(login.client_id)))
        })
        .refused(IdTokenAudienceMismatch),
        trusting("aud-with-a-trusted-one", |login| beside(login, &["project"], &json!(login.client_id))),
        trusting("aud-with-a-trusted-one-without-azp", |login| {
            altered(login, "aud", json!([login.client_id, "project"]))
        })
        .refused(IdTokenAudienceMismatch),
        trusting("aud-with-a-trusted-one-and-its-azp", |login| beside(login, &["project"], &json!("project")))
            .refused(IdTokenAudienceMismatch),
        trusting("aud-with-a-trusted-one-and-azp-in-an-array", |login| {
            beside(login, &["project"], &json!([login.client_id]))
        })
        .refused(IdTokenAudienceMismatch),
        trusting("aud-with-a-trusted-one-and-another", |login| {
            beside(login, &["project", "another"], &json!(login.client_id))
        })
        .refused(IdTokenAudienceMismatch),
        trusting("aud-of-a-trusted-one-alone", |login| {
            let claims = with(honest::claims(login), "aud", json!("project"));
            claiming(login, &with(claims, "azp", json!(login.client_id)))
        })
        .refused(IdTokenAudienceMismatch),
        trusting("aud-begins-like-a-trusted-one", |login| beside(login, &["project2"], &json!(login.client_id)))
            .refused(IdTokenAudienceMismatch),
        case("azp-of-another", &["ID4"], |login| altered(login, "azp", "another"))
            .refused(IdTokenAudienceMismatch)
            .for_peers(),
        case("azp-number", &["ID4"], |login| altered(login, "azp", 7)).refused(IdTokenAudienceMismatch),
        case("exp-missing", &["ID8"], |login| lacking(login, "exp")).refused(IdTokenInvalid).for_peers(),
        case("exp-past", &["ID8"], |login| altered(login, "exp", now() - 3600)).refused(IdTokenExpired).for_peers(),
        case("exp-text", &["ID8"], |login| altered(login, "exp", (now() + 300).to_string())).refused(IdTokenInvalid),
        case("exp-boolean", &["ID8"], |login| altered(login, "exp", true)).refused(IdTokenInvalid),
        case("exp-negative", &["ID8"], |login| altered(login, "exp", -1)).refused(IdTokenExpired),
        case("iat-missing", &["ID9"], |login| lacking(login, "iat")).refused(IdTokenInvalid).for_peers(),
        case("iat-future", &["ID9"], |login| {
            let claims = with(honest::claims(login), "iat", json!(now() + 86_400));
            claiming(login, &with(claims, "exp", json!(now() + 90_000)))
        })
        .refused(IdTokenNotYetValid)
        .for_peers(),
        case("iat-text", &["ID9"], |login| altered(login, "iat", now().to_string())).refused(IdTokenInvalid),
        case("nbf-future", &["ID9"], |login| altered(login, "nbf", now() + 86_400)).refused(IdTokenNotYetValid),
        case("nbf-text", &["ID9"], |login| altered(login, "nbf", "now")).refused(IdTokenInvalid),
        case("nonce-wrong", &["ID10"], |login| altered(login, "nonce", "another"))
            .refused(IdTokenNonceMismatch)
            .for_peers(),
        case("nonce-missing", &["ID10"], |login| lacking(login, "nonce")).refused(IdTokenNonceMismatch).for_peers(),
        case("nonce-empty", &["ID10"], |login| altered(login, "nonce", "")).refused(IdTokenNonceMismatch),
        case("nonce-array", &["ID10"], |login| altered(login, "nonce", json!([login.nonce])))
            .refused(IdTokenNonceMismatch),
        case("nonce-number", &["ID10"], |login| altered(login, "nonce", 7)).refused(IdTokenNonceMismatch),
        case("auth-time-missing", &["ID11"], |login| lacking(login, "auth_time"))
            .asking(within_300_seconds)
            .refused(IdTokenInvalid),
        case("auth-time-text", &["ID11"], |login| altered(login, "auth_time", now().to_string()))
            .asking(within_300_seconds)
            .refused(IdTokenInvalid),
        case("auth-time-stale", &["ID11"], |login| altered(login, "auth_time", now() - 3600))
            .asking(within_300_seconds)
            .refused(InsufficientUserAuthentication),
        case("auth-time-in-milliseconds", &["ID11"], |login| altered(login, "auth_time", now() * 1000))
            .asking(within_300_seconds)
            .refused(InsufficientUserAuthentication),
        case("acr-missing", &["ID11"], |login| lacking(login, "acr"))
            .asking(by_two_factors)
            .refused(InsufficientUserAuthentication),
        case("acr-of-another", &["ID11"], |login| altered(login, "acr", "0"))
            .asking(by_two_factors)
            .refused(InsufficientUserAuthentication),
        case("acr-of-all", &["ID11"], |login| altered(login, "acr", "phr phrh"))
            .asking(by_two_factors)
            .refused(InsufficientUserAuthentication),
        case("acr-essential-missing", &["ID11"], |login| lacking(login, "acr"))
            .asking(essentially_by_two_factors)
            .refused(InsufficientUserAuthentication),
        case("acr-essential-of-another", &["ID11"], |login| altered(login, "acr", "0"))
            .asking(essentially_by_two_factors)
            .refused(InsufficientUserAuthentication),
        case("claims-twice-the-last-ones-good", &["ID15"], |login| {
            twice(login, r#""iss":"https://login.example","aud":"another","nonce":"another","sub":7,"exp":0"#)
        })
        .refused(IdTokenInvalid),
        case("nonce-twice-the-last-wrong", &["ID10", "ID15"], |login| twice_then(login, r#""nonce":"another""#))
            .refused(IdTokenInvalid),
        case("iss-twice-the-last-wrong", &["ID2", "ID15"], |login| {
            twice_then(login, r#""iss":"https://login.example""#)
        })
        .refused(IdTokenInvalid),
        case("sub-twice-and-once-escaped", &["ID15"], |login| twice_then(login, r#""s\u0075b":"another""#))
            .refused(IdTokenInvalid),
        case("crit", &["ID15"], |login| {
            headed(login, &json!({ "alg": "RS256", "kid": KID, "crit": ["exp"], "exp": 0 }))
        })
        .refused(IdTokenInvalid)
        .for_peers(),
        case("crit-empty", &["ID15"], |login| headed(login, &json!({ "alg": "RS256", "kid": KID, "crit": [] })))
            .refused(IdTokenInvalid),
        case("crit-null", &["ID15"], |login| headed(login, &json!({ "alg": "RS256", "kid": KID, "crit": null })))
            .refused(IdTokenInvalid),
        case("alg-missing", &["ID6"], |login| headed(login, &json!({ "kid": KID }))).refused(IdTokenInvalid),
        case("alg-number", &["ID6"], |login| headed(login, &json!({ "alg": 256, "kid": KID }))).refused(IdTokenInvalid),
        case("header-array", &["ID6"], |login| headed(login, &json!(["RS256"]))).refused(IdTokenInvalid),
        case("id-token-encrypted", &["ID1"], |login| rewritten(login, |token| format!("{token}.AAAA.AAAA")))
            .refused(IdTokenInvalid)
            .for_peers(),
        case("id-token-of-two-parts", &["ID1"], |login| {
            rewritten(login, |token| token.rsplit_once('.').unwrap_or_default().0.to_owned())
        })
        .refused(IdTokenInvalid),
        case("id-token-of-four-parts", &["ID1"], |login| rewritten(login, |token| format!("{token}.AAAA")))
            .refused(IdTokenInvalid),
        case("id-token-padded", &["ID1"], |login| rewritten(login, |token| format!("{token}==")))
            .refused(IdTokenInvalid),
        case("id-token-not-base64url", &["ID1"], |login| rewritten(login, |token| format!("+/{token}")))
            .refused(IdTokenInvalid),
        case("id-token-with-space", &["ID1"], |login| rewritten(login, |token| format!(" {token}\n")))
            .refused(IdTokenInvalid),
        case("claims-array", &["ID1"], |login| claiming(login, &json!([honest::claims(login)])))
            .refused(IdTokenInvalid),
        case("claims-not-json", &["ID1"], |login| {
            with_token(login, keys::jws(&json!({ "alg": "RS256", "kid": KID }).to_string(), "claims", Signer::Rs256))
        })
        .refused(IdTokenInvalid),
        case("claims-not-utf8", &["ID1"], |login| {
            let header = encode(json!({ "alg": "RS256", "kid": KID }).to_string().as_bytes());
            let signed = format!("{header}.{}", encode(b"{\"sub\":\"\xff\"}"));
            with_token(login, format!("{signed}.{}", encode(&Signer::Rs256.sign(signed.as_bytes()))))
        })
        .refused(IdTokenInvalid),
    ]
}
