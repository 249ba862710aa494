//! Sends the requests of the crate.

use std::time::Duration;

use pkce_wasm::error::{Code, Error};
use pkce_wasm::http::{Request, Response};
use pkce_wasm::secret::Secret;
use ureq::{Agent, Body};

/// The most bytes of an answer that are read: no honest one is larger.
const MAX_BODY: u64 = 1 << 20;
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Follows no redirect: the code or a token would go along (RFC 9700 section 4.12).
pub(crate) fn send(request: Request) -> Result<Response, Error> {
    let config = Agent::config_builder().max_redirects(0).http_status_as_error(false).timeout_global(Some(PATIENCE));
    let agent = Agent::from(config.build());
    let bearer = request.bearer.map(|token| ["Bearer ", token.expose()].concat());
    let sent = match request.form {
        Some(form) => agent.post(&request.url).content_type("application/x-www-form-urlencoded").send(form.expose()),
        None => match bearer {
            Some(bearer) => agent.get(&request.url).header("authorization", bearer).call(),
            None => agent.get(&request.url).call(),
        },
    };
    read(sent.map_err(told)?)
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
