//! Pushed authorization requests (RFC 9126).
#![cfg(all(not(target_arch = "wasm32"), feature = "client"))]
#![cfg(test)]

mod support;

use pkce_wasm::client::authorize::LoginOptions;
use pkce_wasm::client::par;
use pkce_wasm::http::Response;
use pkce_wasm::{Callback, Code, Config, Error, Metadata, begin};
use serde_json::{Value, json};
use support::entropy::Seeded;
use support::{
    CLIENT_ID, NOW, REDIRECT_URI, config, config_with, fault, fields, metadata_with, names, parameters, response, value,
};

const ENDPOINT: &str = "https://as.example/par";

fn server() -> Metadata {
    metadata_with(|document| {
        document["pushed_authorization_request_endpoint"] = json!(ENDPOINT);
        document["require_pushed_authorization_requests"] = json!(true);
    })
}

fn push_at(config: &Config, metadata: &Metadata) -> Result<(pkce_wasm::http::Request, par::Pushing), Error> {
    par::begin(config, metadata, LoginOptions::default(), &mut Seeded(7), NOW)
}

fn pushed(status: u16, body: &Value) -> Result<par::Pushed, Error> {
    let (_, pushing) = push_at(&config(), &server()).unwrap();
    pushing.finish(&json_answer(status, body))
}

fn json_answer(status: u16, body: &Value) -> Response {
    response(status, Some("application/json"), &body.to_string())
}

#[test]
fn pa1_what_is_pushed_is_the_request_and_the_url_has_its_name_alone() {
    let options = || LoginOptions { resource: Some("https://a.example".into()), ..LoginOptions::default() };
    let plain = begin(&config(), &support::metadata(), options(), &mut Seeded(7), NOW).unwrap();
    let (request, pushing) = par::begin(&config(), &server(), options(), &mut Seeded(7), NOW).unwrap();
    assert_eq!(request.url, ENDPOINT);
    assert_eq!(fields(&request), parameters(&plain.url));
    let answer = json!({"request_uri": "urn:ietf:params:oauth:request_uri:x&y", "expires_in": 60});
    let pushed = pushing.finish(&json_answer(201, &answer)).unwrap();
    assert_eq!(pushed.expires_in, 60);
    assert_eq!(
        pushed.url,
        "https://as.example/authorize?client_id=app&request_uri=urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri%3Ax%26y"
    );
    let state = value(&fields(&request), "state").unwrap();
    let callback = Callback::parse(&std::format!("{REDIRECT_URI}?code=c&state={state}"), REDIRECT_URI).unwrap();
    assert!(pushed.transaction.accept(&config(), callback, NOW).is_ok());
}

#[test]
fn pa1_the_query_of_the_endpoint_stays_with_the_endpoint_and_the_secret_of_a_public_client_goes_along() {
    let metadata = metadata_with(|document| {
        document["authorization_endpoint"] = json!("https://as.example/authorize?policy=b2c");
        document["pushed_authorization_request_endpoint"] = json!(ENDPOINT);
    });
    let config = config_with(|settings| settings.public_client_secret = Some("no secret".into()));
    let (request, pushing) = push_at(&config, &metadata).unwrap();
    assert_eq!(names(&request).first().map(String::as_str), Some("response_type"));
    assert_eq!(value(&fields(&request), "client_secret").as_deref(), Some("no secret"));
    let pushed = pushing.finish(&json_answer(201, &json!({"request_uri": "urn:x", "expires_in": "90"}))).unwrap();
    assert_eq!(
        pushed.url,
        std::format!("https://as.example/authorize?policy=b2c&client_id={CLIENT_ID}&request_uri=urn%3Ax")
    );
    assert_eq!(pushed.expires_in, 90);
    let clashing = metadata_with(|document| {
        document["authorization_endpoint"] = json!("https://as.example/authorize?request_uri=urn:evil");
        document["pushed_authorization_request_endpoint"] = json!(ENDPOINT);
    });
    assert_eq!(fault(push_at(&config, &clashing)).0, Code::MetadataInvalid);
}

#[test]
fn pa3_an_answer_that_is_none_is_refused_with_what_is_wrong() {
    let refused = pushed(400, &json!({"error": "invalid_request", "error_description": "no"})).unwrap_err();
    assert_eq!((refused.code, refused.status), (Code::PushRefused, Some(400)));
    assert_eq!(refused.refusal.as_ref().unwrap().error, "invalid_request");
    let good = json!({"request_uri": "urn:x", "expires_in": 60});
    for (status, code) in [
        (202, Code::PushResponseInvalid),
        (302, Code::RedirectNotFollowed),
        (404, Code::PushResponseInvalid),
        (429, Code::ServerError),
        (500, Code::ServerError),
    ] {
        assert_eq!(pushed(status, &good).unwrap_err().code, code, "{status}");
    }
    for (member, values) in [
        (
            "request_uri",
            vec![json!(null), json!(""), json!(1), json!("urn:x\r\ny"), json!("urn:x y"), json!("urn:\u{e9}")],
        ),
        ("expires_in", vec![json!(null), json!(0), json!(-1), json!("soon"), json!(1e300), json!([60])]),
    ] {
        for wrong in values {
            let mut answer = good.clone();
            answer[member] = wrong.clone();
            assert_eq!(fault(pushed(201, &answer)), (Code::PushResponseInvalid, Some(member)), "{wrong}");
        }
    }
    assert_eq!(pushed(201, &json!([])).unwrap_err().code, Code::PushResponseInvalid);
}

#[test]
fn pa4_a_login_at_a_server_that_requires_it_is_pushed_and_not_begun_in_another_way() {
    let begun = begin(&config(), &server(), LoginOptions::default(), &mut Seeded(7), NOW);
    assert_eq!(fault(begun), (Code::ServerUnsupported, Some("require_pushed_authorization_requests")));
    let asked = config_with(|settings| settings.pushed_authorization_requests = true);
    let begun = begin(&asked, &support::metadata(), LoginOptions::default(), &mut Seeded(7), NOW);
    assert_eq!(fault(begun), (Code::EndpointMissing, Some("pushed_authorization_request_endpoint")));
    let without = push_at(&config(), &support::metadata());
    assert_eq!(fault(without), (Code::EndpointMissing, Some("pushed_authorization_request_endpoint")));
    for (endpoint, code) in [("http://as.example/par", Code::EndpointInsecure), ("/par", Code::MetadataInvalid)] {
        let metadata = metadata_with(|document| {
            document["pushed_authorization_request_endpoint"] = json!(endpoint);
            document["require_pushed_authorization_requests"] = json!(true);
        });
        assert_eq!(fault(push_at(&config(), &metadata)).0, code, "{endpoint}");
    }
}
