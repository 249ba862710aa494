//! The answer of the token endpoint.

use pkce_wasm::client::token::refresh;
use pkce_wasm::encoding::{Form, base64url};
use pkce_wasm::{Answer, Code, Error, TokenSet, Verdict};
use serde_json::{Value, json};

use crate::peer::{
    CLIENT_ID, ISSUER, Login, NONCE, NOW, REDIRECT_URI, accepted, assert_unmarked, config, lines, mark, response,
    server,
};

/// The input is the status of the answer, on the next line its content type, and then its body. Where the body has an
/// object as its `id_token`, a token of that `header` and those `claims` is put in its place.
pub fn token_response(data: &[u8]) {
    let Some(([status, content_type], body)) = lines(data) else { return };
    let Ok(status) = status.parse() else { return };
    let body = with_id_token(body);
    for login in [Login::OPENID, Login::PLAIN] {
        let answer = response(status, Some(content_type), &body);
        if let Ok(answered) = login.finish(&answer) {
            assert!(matches!(status, 200..=202), "an answer of status {status} was accepted");
            let Some(document) = accepted(&body) else { continue };
            assert!(document["error"].as_str().is_none_or(str::is_empty), "{document} is a refusal");
            match used(answered) {
                Ok(tokens) => {
                    assert_tokens(&login, &document, &tokens);
                    assert_refresh(&answer, &document, tokens);
                }
                // TLS vouches for this issuer; but a digest that nobody made cannot be compared.
                Err(error) => assert_eq!((error.code, error.subject), (Code::IdTokenUnverifiable, Some("at_hash"))),
            }
        }
        assert_hides_the_tokens(&login, status, content_type, &body, &mark(data));
    }
}

/// The tokens of an answer, on a platform that cannot verify a signature.
pub(crate) fn used(answer: Answer) -> Result<TokenSet, Error> {
    match answer {
        Answer::Tokens(tokens) => Ok(tokens),
        Answer::Unverified(tokens) => tokens.conclude(&Verdict::UNAVAILABLE),
    }
}

fn with_id_token(body: &str) -> String {
    let Ok(mut document) = serde_json::from_str::<Value>(body) else { return body.into() };
    match document.get_mut("id_token") {
        Some(token) if token.is_object() => {
            let parts = [token["header"].to_string(), token["claims"].to_string(), "signature".into()];
            *token = json!(parts.map(|part| base64url(part.as_bytes())).join("."));
            document.to_string()
        }
        _ => body.into(),
    }
}

/// What was accepted is what was sent, and what RFC 6749 section 5.1 asks for.
fn assert_tokens(login: &Login<'_>, document: &Value, tokens: &TokenSet) {
    let access_token = tokens.access_token.expose();
    assert!(!access_token.is_empty());
    assert_eq!(document["access_token"], access_token);
    assert_eq!(document["token_type"], tokens.token_type.as_str());
    assert!(tokens.token_type.eq_ignore_ascii_case("bearer"));
    assert!(tokens.expires_at.is_none() || !document["expires_in"].is_null());
    assert_eq!(tokens.expires_at.is_some(), tokens.expires_in.is_some());
    if let Some(lifetime) = document["expires_in"].as_u64().filter(|lifetime| *lifetime < 1 << 52) {
        assert_eq!(tokens.expires_in, Some(lifetime));
    }
    assert!(tokens.expires_at.is_none_or(|time| time >= NOW));
    match &document["scope"] {
        Value::Array(scopes) => assert!(scopes.iter().all(|scope| tokens.scope.contains(scope.as_str().unwrap()))),
        scope => assert_eq!(tokens.scope, scope.as_str().unwrap_or(login.scope)),
    }
    let extra = tokens.extra.as_ref().map(|extra| extra.expose());
    if let Some(extra) = extra {
        assert!(extra.len() <= 4096);
        let extra: Value = serde_json::from_str(extra).expect("a JSON object");
        for (name, value) in extra.as_object().unwrap() {
            assert_eq!(&document[name], value, "{name}");
        }
    }
    assert_eq!(
        tokens.refresh_token.as_ref().map(|token| token.expose()),
        document["refresh_token"].as_str().filter(|token| !token.is_empty())
    );
    // One that nobody asked for is left out when it is not right.
    let id_token = tokens.id_token.as_ref().map(|token| token.expose());
    assert!(id_token == document["id_token"].as_str() || login.scope != "openid" && id_token.is_none());
    assert_eq!(tokens.id_token.is_some(), tokens.claims.is_some());
    assert!(tokens.claims.is_some() || login.scope != "openid", "openid was asked for, and no ID token came");
    if let Some(claims) = tokens.claims.as_ref().and_then(|claims| accepted(claims.as_str())) {
        assert_claims(&claims, login);
    }

    let record = tokens.to_record();
    let revived = TokenSet::from_record(record.expose()).expect("a record that was just written");
    assert_eq!(revived.to_record().expose(), record.expose());
    assert_eq!(revived.claims, tokens.claims);
}

/// The claims are for this client, from this issuer, of this login, and of this time (OpenID Connect Core section 3.1.3.7).
#[track_caller]
pub(crate) fn assert_claims(claims: &Value, login: &Login<'_>) {
    assert_eq!(claims["iss"], ISSUER);
    match &claims["aud"] {
        Value::Array(audiences) => {
            assert!(!audiences.is_empty() && audiences.iter().all(|audience| audience == CLIENT_ID), "{claims}");
        }
        audience => assert_eq!(audience, CLIENT_ID),
    }
    assert!(claims["azp"].is_null() || claims["azp"] == CLIENT_ID, "{claims}");
    assert!(login.scope != "openid" || claims["nonce"] == NONCE, "{claims}");
    #[allow(clippy::cast_precision_loss, reason = "exact")]
    let now = NOW as f64;
    assert!(claims["exp"].as_f64().is_some_and(|exp| exp > now - 60.0), "{claims}");
    assert!(claims["iat"].as_f64().is_some_and(|iat| iat <= now + 60.0), "{claims}");
    assert!(claims["sub"].as_str().is_some_and(|sub| (1..=255).contains(&sub.len()) && sub.is_ascii()), "{claims}");
}

/// The same answer to a refresh: the same user, and never without a refresh token.
fn assert_refresh(answer: &pkce_wasm::http::Response, document: &Value, tokens: TokenSet) {
    let subject = tokens.subject();
    let Some(before) = tokens.refresh_token.as_ref().map(|token| token.expose().to_owned()) else { return };
    let (request, exchange) = refresh(&config(REDIRECT_URI).unwrap(), &server(), tokens).unwrap();
    assert!(!format!("{request:?}").contains(&Form::new().with("refresh_token", &before).finish()));
    let Ok(tokens) = exchange.finish(answer, NOW).and_then(used) else {
        panic!("{document} is an answer to a login, and not to a refresh of it");
    };
    assert_eq!(tokens.subject(), subject);
    assert_eq!(tokens.refresh_token.map(|token| token.expose().to_owned()), Some(before));
}

/// No token is printed, nor is it in an error.
fn assert_hides_the_tokens(login: &Login<'_>, status: u16, content_type: &str, body: &str, mark: &str) {
    let bodies = match serde_json::from_str::<Value>(body) {
        Ok(Value::Object(document)) => ["access_token", "refresh_token", "id_token", "token_type", "code"]
            .map(|name| {
                let mut document = document.clone();
                document.insert(name.into(), mark.into());
                Value::Object(document).to_string()
            })
            .to_vec(),
        _ => vec![[body, mark].concat(), [mark, body].concat()],
    };
    for body in bodies {
        let answer = response(status, Some(content_type), &body);
        assert_unmarked(&answer, mark);
        match login.finish(&answer).and_then(used) {
            Ok(tokens) => assert_unmarked(&tokens, mark),
            Err(error) => {
                assert_unmarked(&error, mark);
                assert!(!error.to_string().contains(mark), "{error}");
            }
        }
    }
}
