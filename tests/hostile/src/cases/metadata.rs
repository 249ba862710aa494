//! Lies in the metadata (RFC 8414 sections 2 and 3, OpenID Connect Discovery 1.0 section 4).

use pkce_wasm::Code;
use serde_json::{Value, json};

use super::Case;
use crate::honest::{self, with, without};
use crate::reply::{Delivery, Reply};
use crate::server::{Scenario, abroad};

fn case(name: &'static str, requirements: &'static [&'static str], metadata: fn(&str) -> Reply) -> Case {
    Case::new(name, requirements, Scenario { metadata, ..Scenario::HONEST })
}

/// Honest metadata with a member set to something else.
fn altered(issuer: &str, member: &str, value: impl Into<Value>) -> Reply {
    Reply::json(with(honest::metadata(issuer), member, value.into()))
}

fn lacking(issuer: &str, member: &str) -> Reply {
    Reply::json(without(honest::metadata(issuer), member))
}

fn honest(issuer: &str) -> Reply {
    Reply::json(honest::metadata(issuer))
}

pub(super) fn cases() -> Vec<Case> {
    use Code::{
        EndpointInsecure, IssuerMismatch, MetadataInvalid, MetadataNotFound, NetworkFailed, PkceUnsupported,
        RedirectNotFollowed, ResponseTooLarge, ServerError, ServerUnsupported, TimedOut,
    };
    vec![
        case("metadata-honest", &["MD2"], honest).for_peers(),
        Case::new(
            "metadata-at-the-oauth-place",
            &["MD1"],
            Scenario { metadata: |_| Reply::html(404), oauth_metadata: honest, ..Scenario::HONEST },
        ),
        Case::new(
            "metadata-at-the-oauth-place-behind-a-page",
            &["MD1"],
            Scenario { metadata: |_| Reply::html(200), oauth_metadata: honest, ..Scenario::HONEST },
        ),
        Case::new(
            "metadata-at-the-oauth-place-behind-a-failure",
            &["MD1"],
            Scenario { metadata: |_| Reply::html(503), oauth_metadata: honest, ..Scenario::HONEST },
        ),
        case("end-session-endpoint-empty", &["MD5"], |issuer| altered(issuer, "end_session_endpoint", "")),
        case("revocation-endpoint-object", &["MD5"], |issuer| altered(issuer, "revocation_endpoint", json!({}))),
        case("revocation-endpoint-http", &["MD6"], |issuer| {
            altered(issuer, "revocation_endpoint", "http://login.example/revoke")
        }),
        case("metadata-unknown-members", &["MD9"], |issuer| altered(issuer, "signed_metadata", "a.b.c")),
        case("metadata-charset", &["MD5"], |issuer| honest(issuer).content_type("application/json; charset=UTF-8")),
        case("authorization-endpoint-with-query", &["AC1"], |issuer| {
            altered(issuer, "authorization_endpoint", format!("{issuer}/authorize?tenant=1"))
        }),
        case("issuer-of-another", &["MD3"], |issuer| altered(issuer, "issuer", "https://login.example"))
            .refused(IssuerMismatch)
            .for_peers(),
        Case::new(
            "issuer-of-another-before-the-right-one",
            &["MD3"],
            Scenario {
                metadata: |issuer| altered(issuer, "issuer", "https://login.example"),
                oauth_metadata: honest,
                ..Scenario::HONEST
            },
        )
        .refused(IssuerMismatch),
        Case::new(
            "issuer-of-another-at-the-oauth-place",
            &["MD3"],
            Scenario {
                metadata: |_| Reply::html(403),
                oauth_metadata: |issuer| altered(issuer, "issuer", "https://login.example"),
                ..Scenario::HONEST
            },
        )
        .refused(IssuerMismatch),
        Case::new(
            "lesser-document-while-the-better-one-fails",
            &["MD2"],
            Scenario {
                metadata: |_| Reply::html(503),
                oauth_metadata: |issuer| lacking(issuer, "jwks_uri"),
                ..Scenario::HONEST
            },
        )
        .refused(ServerError),
        Case::new(
            "insecure-document-at-the-oauth-place",
            &["MD6"],
            Scenario {
                metadata: |_| Reply::html(404),
                oauth_metadata: |issuer| altered(issuer, "token_endpoint", "http://login.example/token"),
                ..Scenario::HONEST
            },
        )
        .refused(MetadataNotFound),
        case("issuer-with-trailing-slash", &["MD3"], |issuer| altered(issuer, "issuer", format!("{issuer}/")))
            .refused(IssuerMismatch)
            .for_peers(),
        case("issuer-in-other-case", &["MD3"], |issuer| altered(issuer, "issuer", issuer.to_uppercase()))
            .refused(IssuerMismatch),
        case("issuer-with-another-host", &["MD3"], |issuer| altered(issuer, "issuer", abroad(issuer)))
            .refused(IssuerMismatch),
        case("issuer-with-query", &["MD3", "MD4"], |issuer| altered(issuer, "issuer", format!("{issuer}?")))
            .refused(IssuerMismatch),
        case("issuer-missing", &["MD3"], |issuer| lacking(issuer, "issuer")).refused(MetadataInvalid).for_peers(),
        case("issuer-null", &["MD3"], |issuer| altered(issuer, "issuer", Value::Null)).refused(MetadataInvalid),
        case("issuer-number", &["MD3"], |issuer| altered(issuer, "issuer", 1)).refused(MetadataInvalid),
        case("issuer-array", &["MD3"], |issuer| altered(issuer, "issuer", json!([issuer]))).refused(MetadataInvalid),
        case("authorization-endpoint-missing", &["MD5"], |issuer| lacking(issuer, "authorization_endpoint"))
            .refused(MetadataInvalid),
        case("authorization-endpoint-http", &["MD6"], |issuer| {
            altered(issuer, "authorization_endpoint", "http://login.example/authorize")
        })
        .refused(EndpointInsecure),
        case("authorization-endpoint-with-fragment", &["AC1"], |issuer| {
            altered(issuer, "authorization_endpoint", format!("{issuer}/authorize#part"))
        })
        .refused(MetadataInvalid),
        case("authorization-endpoint-script", &["MD6"], |issuer| {
            altered(issuer, "authorization_endpoint", "javascript:alert(1)//")
        })
        .refused(MetadataInvalid),
        case("authorization-endpoint-data", &["MD6"], |issuer| {
            altered(issuer, "authorization_endpoint", "data:text/html,<p>sign in")
        })
        .refused(MetadataInvalid),
        case("authorization-endpoint-sets-state", &["AC2"], |issuer| {
            altered(issuer, "authorization_endpoint", format!("{issuer}/authorize?state=fixed"))
        })
        .refused(MetadataInvalid),
        case("authorization-endpoint-sets-plain", &["AC2", "PK4"], |issuer| {
            altered(issuer, "authorization_endpoint", format!("{issuer}/authorize?code_challenge_method=plain"))
        })
        .refused(MetadataInvalid),
        case("token-endpoint-missing", &["MD5"], |issuer| lacking(issuer, "token_endpoint")).refused(MetadataInvalid),
        case("token-endpoint-http", &["MD6", "AC22"], |issuer| {
            altered(issuer, "token_endpoint", "http://login.example/token")
        })
        .refused(EndpointInsecure),
        case("token-endpoint-almost-loopback", &["MD6", "AC22"], |issuer| {
            altered(issuer, "token_endpoint", "http://127.0.0.1.login.example/token")
        })
        .refused(EndpointInsecure),
        case("token-endpoint-with-fragment", &["AC1"], |issuer| {
            altered(issuer, "token_endpoint", format!("{issuer}/token#part"))
        })
        .refused(MetadataInvalid),
        case("token-endpoint-relative", &["MD5"], |issuer| altered(issuer, "token_endpoint", "/token"))
            .refused(MetadataInvalid),
        case("token-endpoint-with-user", &["MD6"], |issuer| {
            altered(issuer, "token_endpoint", "https://127.0.0.1@login.example/token")
        })
        .refused(MetadataInvalid),
        case("token-endpoint-number", &["MD5"], |issuer| altered(issuer, "token_endpoint", 7)).refused(MetadataInvalid),
        case("token-endpoint-array", &["MD5"], |issuer| {
            altered(issuer, "token_endpoint", json!([format!("{issuer}/token")]))
        })
        .refused(MetadataInvalid),
        case("jwks-uri-http", &["MD6", "ID5"], |issuer| altered(issuer, "jwks_uri", "http://login.example/jwks"))
            .refused(EndpointInsecure),
        case("jwks-uri-empty", &["MD5", "ID5"], |issuer| altered(issuer, "jwks_uri", "")).refused(MetadataInvalid),
        case("jwks-uri-object", &["MD5", "ID5"], |issuer| altered(issuer, "jwks_uri", json!({})))
            .refused(MetadataInvalid),
        case("pushed-requests-required", &["MD5"], |issuer| {
            altered(issuer, "require_pushed_authorization_requests", true)
        })
        .refused(ServerUnsupported),
        case("no-response-type-code", &["MD5"], |issuer| {
            altered(issuer, "response_types_supported", json!(["token", "code id_token"]))
        })
        .refused(ServerUnsupported),
        case("symmetric-algorithms-only", &["MD5", "ID6"], |issuer| {
            altered(issuer, "id_token_signing_alg_values_supported", json!(["HS256", "none"]))
        })
        .refused(pkce_wasm::Code::IdTokenAlgUnsupported),
        case("pkce-not-mentioned", &["PK8"], |issuer| lacking(issuer, "code_challenge_methods_supported"))
            .refused(PkceUnsupported)
            .for_peers(),
        case("pkce-plain-only", &["PK4", "PK8"], |issuer| {
            altered(issuer, "code_challenge_methods_supported", json!(["plain"]))
        })
        .refused(PkceUnsupported)
        .for_peers(),
        case("pkce-no-method", &["PK8"], |issuer| altered(issuer, "code_challenge_methods_supported", json!([])))
            .refused(PkceUnsupported),
        case("pkce-method-in-other-case", &["PK8"], |issuer| {
            altered(issuer, "code_challenge_methods_supported", json!(["s256"]))
        })
        .refused(PkceUnsupported),
        case("pkce-method-not-in-a-list", &["PK8"], |issuer| {
            altered(issuer, "code_challenge_methods_supported", "S256")
        })
        .refused(PkceUnsupported),
        case("metadata-html", &["MD5"], |_| Reply::html(200)).refused(MetadataInvalid),
        case("metadata-as-text", &["MD5"], |issuer| honest(issuer).content_type("text/plain"))
            .refused(MetadataInvalid)
            .for_peers(),
        case("metadata-without-type", &["MD5"], |issuer| honest(issuer).content_type("")).refused(MetadataInvalid),
        case("metadata-not-json", &["MD5"], |_| Reply::html(200).content_type("application/json"))
            .refused(MetadataInvalid),
        case("metadata-array", &["MD5"], |issuer| Reply::json(json!([honest::metadata(issuer)])))
            .refused(MetadataInvalid),
        case("metadata-null", &["MD5"], |_| Reply::text("null")).refused(MetadataInvalid),
        case("metadata-empty", &["MD5"], |_| Reply::text("")).refused(MetadataInvalid),
        case("metadata-halved", &["MD5"], |issuer| honest(issuer).halved()).refused(MetadataInvalid),
        case("metadata-not-found", &["MD5"], |_| Reply::html(404)).refused(MetadataNotFound),
        case("metadata-under-404", &["MD5"], |issuer| honest(issuer).status(404)).refused(MetadataNotFound),
        case("metadata-under-201", &["MD5"], |issuer| honest(issuer).status(201)).refused(MetadataInvalid).for_peers(),
        case("metadata-under-503", &["MD5"], |issuer| honest(issuer).status(503)).refused(ServerError),
        case("metadata-moved-here", &["MD6"], |issuer| Reply::redirect(302, format!("{issuer}/elsewhere/metadata")))
            .refused(RedirectNotFollowed),
        case("metadata-moved-to-another-origin", &["MD6", "MD7"], |issuer| {
            Reply::redirect(302, format!("{}/elsewhere/metadata", abroad(issuer)))
        })
        .refused(RedirectNotFollowed)
        .for_peers(),
        case("metadata-too-large", &["MD10"], |issuer| honest(issuer).swollen()).refused(ResponseTooLarge),
        case("metadata-cut", &["MD10"], |issuer| honest(issuer).arriving(Delivery::Cut)).refused(NetworkFailed),
        case("metadata-never", &["MD10"], |issuer| honest(issuer).arriving(Delivery::Never)).refused(TimedOut),
    ]
}
