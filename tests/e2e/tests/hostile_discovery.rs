//! Issuers that are not there, not what they say, or not safe to use. One browser sees them all.

use e2e::{App, Hostile, Outcome, Reply, Scenario, honest_metadata};
use serde_json::{Value, json};

/// Metadata with one member set to something else; `null` takes it out.
fn altered(issuer: &str, member: &str, value: Value) -> Reply {
    let mut metadata = honest_metadata(issuer);
    metadata[member] = value;
    if let Some(members) = metadata.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
    Reply::json(metadata)
}

const SCENARIOS: [(Scenario, &str); 10] = [
    (Scenario::with_metadata("not-found", |_| Reply::html(404)), "metadata_not_found"),
    (Scenario::with_metadata("html", |_| Reply::html(200)), "metadata_invalid"),
    (
        Scenario::with_metadata("not-json", |_| Reply { content_type: "application/json", ..Reply::html(200) }),
        "metadata_invalid",
    ),
    (Scenario::with_metadata("down", |_| Reply::html(503)), "server_error"),
    (
        Scenario::with_metadata("moved", |issuer| Reply::redirect(302, format!("{issuer}/elsewhere"))),
        "redirect_not_followed",
    ),
    (
        Scenario::with_metadata("another", |issuer| Reply::json(honest_metadata(&format!("{issuer}/")))),
        "issuer_mismatch",
    ),
    (
        Scenario::with_metadata("no-pkce", |issuer| altered(issuer, "code_challenge_methods_supported", Value::Null)),
        "pkce_unsupported",
    ),
    (
        Scenario::with_metadata("plain-only", |issuer| {
            altered(issuer, "code_challenge_methods_supported", json!(["plain"]))
        }),
        "pkce_unsupported",
    ),
    (
        Scenario::with_metadata("insecure", |issuer| {
            altered(issuer, "token_endpoint", json!("http://login.example/token"))
        }),
        "endpoint_insecure",
    ),
    (
        Scenario::with_metadata("no-token-endpoint", |issuer| altered(issuer, "token_endpoint", Value::Null)),
        "metadata_invalid",
    ),
];

#[tokio::test]
async fn an_issuer_that_cannot_be_used_is_said_to_be_so() {
    let server = Hostile::start(SCENARIOS.map(|(scenario, _)| scenario)).await;
    let app = App::start().await;
    let mut wrong = Vec::new();
    let listed = SCENARIOS.map(|(scenario, code)| (server.issuer(scenario.name), code));
    for (issuer, code) in listed.into_iter().chain([(Hostile::nobody().await, "network_failed")]) {
        app.start_afresh().await;
        let page = app.use_own_server(&issuer, "hostile").await;
        if page.outcome != Outcome::error("error", code) {
            wrong.push((issuer, code, page.outcome));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    for (scenario, _) in SCENARIOS {
        assert_eq!(server.hits(scenario.name, "elsewhere"), 0, "a redirect was followed");
        assert_eq!(server.hits(scenario.name, "token"), 0, "{}", scenario.name);
    }

    // The page is none the worse for it.
    app.start_afresh().await;
    app.sign_in().await;
}
