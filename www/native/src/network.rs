//! Sends the requests of the crate.

use std::time::Duration;

use pkce_wasm::error::{Code, Error};
use pkce_wasm::http::{Request, Response};
use pkce_wasm::secret::Secret;
use ureq::http::HeaderMap;
use ureq::{Agent, Body, RequestBuilder};

/// The most bytes of an answer that are read: no honest one is larger.
const MAX_BODY: u64 = 1 << 20;
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Follows no redirect: the code or a token would go along (RFC 9700 section 4.12).
fn agent() -> Agent {
    let config = Agent::config_builder().max_redirects(0).http_status_as_error(false).timeout_global(Some(PATIENCE));
    Agent::from(config.build())
}

/// Sends a request.
pub(crate) fn send(request: Request) -> Result<Response, Error> {
    send_as(request, None)
}

/// Sends a request of a client that shows its secret in a header.
pub(crate) fn send_as(request: Request, authorization: Option<&Secret>) -> Result<Response, Error> {
    let bearer = request.bearer.map(|token| Secret::new(["Bearer ", token.expose()].concat()));
    let authorization = bearer.as_ref().or(authorization).map(Secret::expose);
    let sent = match request.form {
        Some(form) => {
            let post = agent().post(&request.url).content_type("application/x-www-form-urlencoded");
            with(post, authorization).send(form.expose())
        }
        None => with(agent().get(&request.url), authorization).call(),
    };
    read(sent.map_err(told)?)
}

/// Posts JSON; the answer with its headers.
pub(crate) fn post_json(url: &str, json: &str, headers: &[(&str, &str)]) -> Result<(HeaderMap, Response), Error> {
    let post = agent().post(url).content_type("application/json");
    let post = headers.iter().fold(post, |post, (name, value)| post.header(*name, *value));
    let answer = post.send(json).map_err(told)?;
    Ok((answer.headers().clone(), read(answer)?))
}

fn with<T>(request: RequestBuilder<T>, authorization: Option<&str>) -> RequestBuilder<T> {
    match authorization {
        Some(authorization) => request.header("authorization", authorization),
        None => request,
    }
}

fn read(mut answer: ureq::http::Response<Body>) -> Result<Response, Error> {
    let content_type = answer.headers().get("content-type").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let status = answer.status().as_u16();
    let body = answer.body_mut().with_config().limit(MAX_BODY).read_to_string().map_err(told)?;
    Ok(Response { status, content_type, date: None, retry_after: None, body: Secret::new(body) })
}

fn told(error: ureq::Error) -> Error {
    Error::new(match error {
        ureq::Error::Timeout(_) => Code::TimedOut,
        ureq::Error::BodyExceedsLimit(_) => Code::ResponseTooLarge,
        _ => Code::NetworkFailed,
    })
}
