//! ID tokens whose claims are right and whose signature is not, or not at once. One browser sees them all.

use e2e::{App, Hostile, KID, Login, Outcome, Reply, Scenario, honest_claims, honest_tokens, id_token, jwks, signed};
use serde_json::{Value, json};

/// The honest ID token under another header.
fn under(login: &Login, header: Value) -> Reply {
    Reply::json(honest_tokens(signed(&header, &honest_claims(login))))
}

/// The honest ID token after its claims were changed without the key.
fn forged(login: &Login) -> Reply {
    let honest = id_token(&honest_claims(login));
    let mut claims = honest_claims(login);
    claims["sub"] = json!("admin");
    let admin = id_token(&claims);
    let signature = honest.rsplit('.').next().unwrap_or_default();
    let input = admin.rsplit_once('.').map(|(input, _)| input).unwrap_or_default();
    Reply::json(honest_tokens(format!("{input}.{signature}")))
}

/// The key under its name, but a key for something else.
fn key_with(member: &str, value: &str) -> Reply {
    let mut keys = jwks(KID);
    keys["keys"][0][member] = json!(value);
    Reply::json(keys)
}

const REFUSED: [(Scenario, &str, u32); 10] = [
    (Scenario::with_token("forged", forged), "id_token_signature_invalid", 1),
    (Scenario::with_token("none", |login| under(login, json!({ "alg": "none" }))), "id_token_invalid", 0),
    (Scenario::with_token("hs256", |login| under(login, json!({ "alg": "HS256", "kid": KID }))), "id_token_invalid", 0),
    (
        Scenario::with_token("unlisted", |login| under(login, json!({ "alg": "RS256", "kid": KID }))),
        "id_token_invalid",
        0,
    ),
    (
        Scenario::with_token("crit", |login| under(login, json!({ "alg": "ES256", "kid": KID, "crit": ["exp"] }))),
        "id_token_invalid",
        0,
    ),
    // Asked once, and once more for the key that is missing; then no more.
    (Scenario::with_jwks("unknown-kid", |_| Reply::json(jwks("another"))), "signing_key_not_found", 2),
    (Scenario::with_jwks("for-encryption", |_| key_with("use", "enc")), "signing_key_not_found", 2),
    (
        Scenario::with_jwks("another-key", |_| key_with("x", "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU")),
        "id_token_signature_invalid",
        1,
    ),
    (Scenario::with_jwks("no-keys", |_| Reply::html(200)), "jwks_invalid", 1),
    (Scenario::with_jwks("keys-down", |_| Reply::html(503)), "signing_keys_unavailable", 1),
];

/// The first answer is from before the rotation.
const ROTATED: Scenario =
    Scenario::with_jwks("rotated", |time| Reply::json(jwks(if time == 1 { "yesterday" } else { KID })));

/// Keys without names, and a token that names none.
const NAMELESS: Scenario = Scenario::with_token("nameless", |login| under(login, json!({ "alg": "ES256" })));

#[tokio::test]
async fn a_signature_that_is_not_the_servers_own_signs_nobody_in() {
    let server = Hostile::start(REFUSED.map(|(scenario, ..)| scenario).into_iter().chain([ROTATED, NAMELESS])).await;
    let app = App::start().await;

    for (accepted, fetches) in [(ROTATED, 2), (NAMELESS, 1)] {
        let page = sign_in(&app, &server, accepted.name).await;
        assert_eq!(page.outcome, Outcome::of("signed-in"), "{}", accepted.name);
        assert_eq!(server.hits(accepted.name, "jwks"), fetches, "{}", accepted.name);
    }
    let mut wrong = Vec::new();
    for (scenario, code, fetches) in REFUSED {
        let page = sign_in(&app, &server, scenario.name).await;
        let asked = server.hits(scenario.name, "jwks");
        if page.outcome != Outcome::error("refused", code) || page.signed_in || asked != fetches {
            wrong.push((scenario.name, code, page.outcome, page.signed_in, asked));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Signs in at a scenario's issuer, which sends the browser straight back.
async fn sign_in(app: &App, server: &Hostile, name: &str) -> e2e::Page {
    app.start_afresh().await;
    let page = app.use_own_server(&server.issuer(name), "hostile").await;
    assert_eq!(page.outcome, Outcome::of("none"), "{name}");
    app.browser.click("#sign-in").await;
    app.until("the callback is dealt with", |page| page.ready && page.outcome.status != "none").await
}
