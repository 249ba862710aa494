//! Lies in the header and claims of the ID token, whose signature is good (OpenID Connect Core section 3.1.3.7).

use pkce_wasm::Code;
use pkce_wasm::client::authorize::{ClaimsRequest, LoginOptions};
use serde_json::{Value, json};

use super::Case;
use crate::honest::{self, with, without};
use crate::keys::{self, KID, Signer, encode};
use crate::reply::Reply;
use crate::server::{Answer, Login, Scenario, now};

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

/// Two tenants of a server that names the tenant in its tokens.
const TENANT: &str = "11111111-2222-3333-4444-555555555555";
const OTHER_TENANT: &str = "aaaaaaaa-BBBB-cccc-dddd-eeeeeeeeeeee";

/// A case of a client that accepts every tenant of its server, whose document names none.
fn of_tenants(name: &'static str, token: fn(&Login) -> Reply) -> Case {
    let metadata = |issuer: &str| {
        let document = with(honest::metadata(issuer), "issuer", json!(format!("{issuer}/{{tenantid}}")));
        Reply::json(without(document, "authorization_response_iss_parameter_supported"))
    };
    let response = |answer: &Answer| answer.with(&[("code", &answer.code), ("state", &answer.state)]);
    let refresh = |login: &Login| {
        let claims = of_tenant(honest::refreshed_claims(login), &login.issuer, TENANT, Some(TENANT));
        Reply::json(honest::tokens_with(login, keys::token(&claims, Signer::Rs256)))
    };
    Case::new(name, &["ID2", "MD3", "MD8"], Scenario { metadata, response, token, refresh, ..Scenario::HONEST })
        .configured(|settings| settings.accept_issuer = vec![format!("{}/{{tenantid}}", settings.issuer)])
}

fn of_tenant(claims: Value, issuer: &str, tenant: &str, tid: Option<&str>) -> Value {
    let claims = with(claims, "iss", json!(format!("{issuer}/{tenant}")));
    match tid {
        Some(tid) => with(claims, "tid", json!(tid)),
        None => claims,
    }
}

/// A token response whose ID token is of that tenant.
fn tenant(login: &Login, tenant: &str, tid: Option<&str>) -> Reply {
    claiming(login, &of_tenant(honest::claims(login), &login.issuer, tenant, tid))
}

/// A case of that kind whose callback names a tenant.
fn with_tenant_in_the_callback(mut case: Case, response: fn(&Answer) -> String) -> Case {
    case.scenario.response = response;
    case
}

/// A case of that kind whose refreshed ID token is of another tenant.
fn refreshed_by_another_tenant(mut case: Case) -> Case {
    case.scenario.refresh = |login| {
        let claims = of_tenant(honest::refreshed_claims(login), &login.issuer, OTHER_TENANT, Some(OTHER_TENANT));
        Reply::json(honest::tokens_with(login, keys::token(&claims, Signer::Rs256)))
    };
    case.refreshed()
}

/// A case of that kind whose key is one of that issuer.
fn with_key_of(mut case: Case, jwks: fn(u32) -> Reply) -> Case {
    case.scenario.jwks = jwks;
    case
}

pub(super) fn cases() -> Vec<Case> {
    use Code::{
        IdTokenAudienceMismatch, IdTokenExpired, IdTokenInvalid, IdTokenIssuerMismatch, IdTokenNonceMismatch,
        IdTokenNotYetValid, InsufficientUserAuthentication, SigningKeyNotFound,
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
        of_tenants("tenant-of-a-pattern", |login| tenant(login, TENANT, Some(TENANT))).refreshed(),
        of_tenants("tenant-of-a-pattern-without-it", |login| claiming(login, &honest::claims(login))),
        with_tenant_in_the_callback(
            of_tenants("tenant-in-the-callback", |login| tenant(login, TENANT, Some(TENANT))),
            |answer| {
                let iss = format!("{}/{TENANT}", answer.issuer);
                answer.with(&[("code", &answer.code), ("state", &answer.state), ("iss", &iss)])
            },
        ),
        with_key_of(of_tenants("tenant-with-a-key-for-all", |login| tenant(login, TENANT, Some(TENANT))), |_| {
            Reply::json(json!({ "keys": [keys::rsa_jwk()] }))
        }),
        of_tenants("tenant-without-tid", |login| tenant(login, TENANT, None)).refused(IdTokenIssuerMismatch),
        of_tenants("tenant-with-tid-of-another", |login| tenant(login, TENANT, Some(OTHER_TENANT)))
            .refused(IdTokenIssuerMismatch),
        of_tenants("tenant-with-tid-in-other-case", |login| {
            tenant(login, OTHER_TENANT, Some(&OTHER_TENANT.to_lowercase()))
        })
        .refused(IdTokenIssuerMismatch),
        of_tenants("tenant-that-is-the-pattern", |login| tenant(login, "{tenantid}", Some("{tenantid}")))
            .refused(IdTokenIssuerMismatch),
        of_tenants("tenant-that-is-no-guid", |login| tenant(login, "common", Some("common")))
            .refused(IdTokenIssuerMismatch),
        of_tenants("tenant-with-a-path", |login| tenant(login, &format!("{TENANT}/x"), Some(TENANT)))
            .refused(IdTokenIssuerMismatch),
        of_tenants("tenant-of-another-host", |login| {
            let claims = honest::claims(login);
            claiming(login, &of_tenant(claims, "https://login.example", TENANT, Some(TENANT)))
        })
        .refused(IdTokenIssuerMismatch),
        of_tenants("tenants-twice-and-different", |login| {
            tenant(login, &format!("{TENANT}/{OTHER_TENANT}"), Some(TENANT))
        })
        .configured(|settings| {
            let issuer = &settings.issuer;
            settings.accept_issuer =
                vec![format!("{issuer}/{{tenantid}}"), format!("{issuer}/{{tenantid}}/{{tenantid}}")];
        })
        .refused(IdTokenIssuerMismatch),
        with_tenant_in_the_callback(
            of_tenants("tenant-in-the-callback-of-another", |login| tenant(login, TENANT, Some(TENANT))),
            |answer| {
                let iss = format!("{}/{OTHER_TENANT}", answer.issuer);
                answer.with(&[("code", &answer.code), ("state", &answer.state), ("iss", &iss)])
            },
        )
        .refused(IdTokenIssuerMismatch),
        with_tenant_in_the_callback(
            of_tenants("tenant-not-in-the-callback", |login| tenant(login, TENANT, Some(TENANT))),
            Answer::honest,
        )
        .refused(IdTokenIssuerMismatch),
        refreshed_by_another_tenant(of_tenants("tenant-of-another-at-refresh", |login| {
            tenant(login, TENANT, Some(TENANT))
        }))
        .refused(IdTokenIssuerMismatch),
        with_key_of(of_tenants("tenant-with-a-key-of-another", |login| tenant(login, TENANT, Some(TENANT))), |_| {
            let issuer = format!("http://127.0.0.1/{OTHER_TENANT}");
            Reply::json(json!({ "keys": [with(keys::rsa_jwk(), "issuer", json!(issuer))] }))
        })
        .refused(SigningKeyNotFound),
        case("tenant-where-none-is-accepted", &["ID2"], |login| tenant(login, TENANT, Some(TENANT)))
            .refused(IdTokenIssuerMismatch),
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
