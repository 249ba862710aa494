//! Token endpoints that fail, lie or send the code elsewhere. One browser sees them all.

use e2e::{App, Hostile, Login, Outcome, Reply, Scenario, honest_claims, honest_tokens, id_token, tokens};
use serde_json::{Value, json};

/// A token response with one member set to something else; `null` takes it out.
fn altered(login: &Login, member: &str, value: Value) -> Reply {
    Reply::json(with(tokens(login), member, value))
}

/// A token response whose ID token has one claim set to something else; `null` takes it out.
fn altered_claim(login: &Login, claim: &str, value: Value) -> Reply {
    Reply::json(honest_tokens(id_token(&with(honest_claims(login), claim, value))))
}

fn with(mut object: Value, member: &str, value: Value) -> Value {
    object[member] = value;
    if let Some(members) = object.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
    object
}

const SCENARIOS: [(Scenario, &str); 16] = [
    (
        Scenario::with_token("redirect-307", |login| Reply::redirect(307, format!("{}/elsewhere", login.issuer))),
        "redirect_not_followed",
    ),
    (Scenario::with_token("down", |_| Reply::html(500)), "server_error"),
    (Scenario::with_token("html", |_| Reply::html(200)), "token_response_invalid"),
    (
        Scenario::with_token("refused", |_| Reply { status: 400, ..Reply::json(json!({ "error": "invalid_grant" })) }),
        "token_refused",
    ),
    (
        Scenario::with_token("no-access-token", |login| altered(login, "access_token", Value::Null)),
        "access_token_missing",
    ),
    (
        Scenario::with_token("no-token-type", |login| altered(login, "token_type", Value::Null)),
        "token_response_invalid",
    ),
    (Scenario::with_token("mac", |login| altered(login, "token_type", json!("mac"))), "token_type_unsupported"),
    (Scenario::with_token("no-id-token", |login| altered(login, "id_token", Value::Null)), "id_token_missing"),
    (Scenario::with_token("broken-id-token", |login| altered(login, "id_token", json!("a.b.c"))), "id_token_invalid"),
    (
        Scenario::with_token("iss", |login| altered_claim(login, "iss", json!("https://login.example"))),
        "id_token_issuer_mismatch",
    ),
    (Scenario::with_token("aud", |login| altered_claim(login, "aud", json!("another"))), "id_token_audience_mismatch"),
    (
        Scenario::with_token("two-audiences", |login| altered_claim(login, "aud", json!([login.client_id, "another"]))),
        "id_token_audience_mismatch",
    ),
    (Scenario::with_token("nonce", |login| altered_claim(login, "nonce", json!("another"))), "id_token_nonce_mismatch"),
    (Scenario::with_token("no-nonce", |login| altered_claim(login, "nonce", Value::Null)), "id_token_nonce_mismatch"),
    (Scenario::with_token("exp", |login| altered_claim(login, "exp", json!(1_000_000_000))), "id_token_expired"),
    (
        Scenario::with_token("iat", |login| altered_claim(login, "iat", json!(32_503_680_000_u64))),
        "id_token_not_yet_valid",
    ),
];

const HONEST: Scenario = Scenario::honest("honest");

#[tokio::test]
async fn a_token_response_that_cannot_be_trusted_signs_nobody_in() {
    let server = Hostile::start(SCENARIOS.map(|(scenario, _)| scenario).into_iter().chain([HONEST])).await;
    let app = App::start().await;

    // The same server without a lie is believed: what follows is refused for the lie alone.
    let page = sign_in(&app, &server, HONEST.name).await;
    assert_eq!(page.outcome, Outcome::of("signed-in"));
    assert_eq!(page.claims.get("sub").map(String::as_str), Some("mallory"));

    let mut wrong = Vec::new();
    for (scenario, code) in SCENARIOS {
        let page = sign_in(&app, &server, scenario.name).await;
        if page.outcome != Outcome::error("refused", code) || page.signed_in {
            wrong.push((scenario.name, code, page.outcome, page.signed_in));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    for (scenario, _) in SCENARIOS {
        assert_eq!(server.hits(scenario.name, "token"), 1, "token requests of {}", scenario.name);
        assert_eq!(server.hits(scenario.name, "elsewhere"), 0, "a redirect was followed");
    }
}

/// Signs in at a scenario's issuer, which sends the browser straight back.
async fn sign_in(app: &App, server: &Hostile, name: &str) -> e2e::Page {
    app.start_afresh().await;
    let page = app.use_own_server(&server.issuer(name), "hostile").await;
    assert_eq!(page.outcome, Outcome::of("none"), "{name}");
    app.browser.click("#sign-in").await;
    app.until("the callback is dealt with", |page| page.ready && page.outcome.status != "none").await
}
