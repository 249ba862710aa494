//! Lies of the userinfo endpoint (OpenID Connect Core sections 5.3.2 to 5.3.4).

use pkce_wasm::Code;
use serde_json::{Value, json};

use super::Case;
use crate::honest::{self, with, without};
use crate::reply::{Delivery, Reply};
use crate::server::{Login, Scenario, abroad};

fn case(name: &'static str, requirements: &'static [&'static str], userinfo: fn(&Login) -> Reply) -> Case {
    Case::new(name, requirements, Scenario { userinfo, ..Scenario::HONEST })
}

fn honest(login: &Login) -> Reply {
    Reply::json(honest::userinfo(login))
}

fn altered(login: &Login, claim: &str, value: impl Into<Value>) -> Reply {
    Reply::json(with(honest::userinfo(login), claim, value.into()))
}

pub(super) fn cases() -> Vec<Case> {
    use Code::{
        EndpointInsecure, MetadataInvalid, NetworkFailed, RedirectNotFollowed, ResponseTooLarge, ServerError, TimedOut,
        UserinfoInvalid, UserinfoRefused, UserinfoSubjectMismatch,
    };
    vec![
        case("userinfo-honest", &["ID13"], honest).for_peers(),
        case("userinfo-with-unknown-claims", &["ID13"], |login| {
            altered(login, "https://login.example/role", json!([1]))
        }),
        case("userinfo-of-another", &["ID13"], |login| altered(login, "sub", "another"))
            .refused(UserinfoSubjectMismatch)
            .for_peers(),
        case("userinfo-in-other-case", &["ID13"], |login| altered(login, "sub", "Mallory"))
            .refused(UserinfoSubjectMismatch),
        case("userinfo-of-nobody", &["ID13"], |login| Reply::json(without(honest::userinfo(login), "sub")))
            .refused(UserinfoInvalid)
            .for_peers(),
        case("userinfo-sub-empty", &["ID13"], |login| altered(login, "sub", "")).refused(UserinfoSubjectMismatch),
        case("userinfo-sub-number", &["ID13"], |login| altered(login, "sub", 7)).refused(UserinfoInvalid),
        case("userinfo-sub-array", &["ID13"], |login| altered(login, "sub", json!([honest::SUBJECT])))
            .refused(UserinfoInvalid),
        case("userinfo-html", &["ID13"], |_| Reply::html(200)).refused(UserinfoInvalid),
        case("userinfo-as-text", &["ID13"], |login| honest(login).content_type("text/plain"))
            .refused(UserinfoInvalid)
            .for_peers(),
        case("userinfo-array", &["ID13"], |login| Reply::json(json!([honest::userinfo(login)])))
            .refused(UserinfoInvalid),
        case("userinfo-halved", &["ID13"], |login| honest(login).halved()).refused(UserinfoInvalid),
        case("userinfo-under-201", &["ID13"], |login| honest(login).status(201)).refused(UserinfoInvalid),
        case("userinfo-under-401", &["ID13", "BE5"], |login| honest(login).status(401)).refused(UserinfoRefused),
        case("userinfo-under-403", &["ID13", "BE5"], |_| Reply::html(403)).refused(UserinfoRefused),
        case("userinfo-under-500", &["ID13"], |login| honest(login).status(500)).refused(ServerError),
        case("userinfo-and-an-error", &["ID13"], |login| altered(login, "error", "invalid_token"))
            .refused(UserinfoRefused),
        Case::new(
            "userinfo-endpoint-http",
            &["MD6"],
            Scenario {
                metadata: |issuer| {
                    let endpoint = "http://login.example/userinfo".into();
                    Reply::json(with(honest::metadata(issuer), "userinfo_endpoint", endpoint))
                },
                ..Scenario::HONEST
            },
        )
        .refused(EndpointInsecure),
        Case::new(
            "userinfo-endpoint-empty",
            &["MD5"],
            Scenario {
                metadata: |issuer| Reply::json(with(honest::metadata(issuer), "userinfo_endpoint", "".into())),
                ..Scenario::HONEST
            },
        )
        .refused(MetadataInvalid),
        case("userinfo-moved", &["BE6", "SB7"], |login| {
            Reply::redirect(307, format!("{}/elsewhere/userinfo", abroad(&login.issuer)))
        })
        .refused(RedirectNotFollowed),
        case("userinfo-too-large", &["ID13"], |login| honest(login).swollen()).refused(ResponseTooLarge),
        case("userinfo-cut", &["ID13"], |login| honest(login).arriving(Delivery::Cut)).refused(NetworkFailed),
        case("userinfo-never", &["ID13"], |login| honest(login).arriving(Delivery::Never)).refused(TimedOut),
    ]
}
