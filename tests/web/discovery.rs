//! The metadata of an issuer, from the places where they may be.

use js_sys::{Array, Object};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::bindings::{body_of, send};
use crate::caller::{ISSUER, ask, get, host, json, named, network, set, silent, text, text_of};

/// Looks for the metadata of an issuer: its own words.
async fn discover(issuer: &str, network: &JsValue) -> Result<JsValue, JsValue> {
    let places = ask("discovery", &[issuer, "{}"])?;
    let look = async |place: &str| {
        let request = Object::new().into();
        set(&request, "url", &get(&places, place));
        let answer = send(&request, network, &named()).await?.as_string().unwrap();
        ask("metadata", &[issuer, "{}", &answer])?;
        Ok(json(&body_of(&answer)))
    };
    match look("openid").await {
        Err(error) if text_of(&error) == "metadata_not_found" => look("oauth").await,
        found => found,
    }
}

#[wasm_bindgen_test]
async fn discovery_asks_both_places_and_compares_the_issuer() {
    let document = r#"{"issuer":"https://as.example/t","authorization_endpoint":"https://as.example/auth","token_endpoint":"https://as.example/token"}"#;
    let look = async |rows: &[(u16, &str, &str)]| {
        let host = host(rows);
        let found = discover("https://as.example/t", &network(&host)).await;
        (host, found)
    };
    let (host, found) = look(&[(404, "text/plain", ""), (200, "application/json; charset=utf-8", document)]).await;
    assert_eq!(text(&found.unwrap(), "issuer"), "https://as.example/t");
    let urls: Vec<String> =
        get(&host, "sent").unchecked_into::<Array>().iter().map(|request| text(&request, "url")).collect();
    assert_eq!(
        urls,
        [
            "https://as.example/t/.well-known/openid-configuration",
            "https://as.example/.well-known/oauth-authorization-server/t"
        ]
    );

    for (rows, code) in [
        (vec![(404, "text/plain", ""), (404, "text/plain", "")], "metadata_not_found"),
        (vec![(200, "text/html", "<html>")], "metadata_invalid"),
        (vec![(200, "application/json", "<html>")], "metadata_invalid"),
        (vec![(200, "application/json", r#"{"issuer":"https://as.example/T"}"#)], "issuer_mismatch"),
        (vec![(503, "text/plain", "")], "server_error"),
        (vec![(0, "", "")], "network_failed"),
    ] {
        let (_, found) = look(&rows).await;
        assert_eq!(text_of(&found.unwrap_err()), code);
    }
}

#[wasm_bindgen_test]
async fn a_server_that_never_answers_is_given_up() {
    assert_eq!(text_of(&discover(ISSUER, &silent()).await.unwrap_err()), "timed_out");
}
