//! Sends a request of the protocol through the page's `fetch`, or the host's.

use alloc::string::String;

use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, Response as PageResponse};

use crate::error::{Code, Error};
use crate::http::{MAX_BODY, Method, Request, Response};
use crate::secret::Secret;
use crate::web::convert::{Members, Network};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = fetch, catch)]
    fn page_fetch(url: &str, init: &JsValue) -> Result<Promise, JsValue>;
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(callback: &Function, milliseconds: u32) -> JsValue;
    #[wasm_bindgen(js_name = clearTimeout)]
    fn clear_timeout(timer: &JsValue);
}

/// Sends a request and reads the whole answer, within the time allowed.
pub(crate) async fn send(network: &Network, request: Request) -> Result<Response, Error> {
    let failed = || Error::new(Code::NetworkFailed);
    let controller = AbortController::new().map_err(|_| failed())?;
    let abort = Reflect::get(&controller, &JsValue::from_str("abort")).map_err(|_| failed())?;
    let timer = set_timeout(&abort.unchecked_into::<Function>().bind0(&controller), network.timeout);
    let answer = exchange(network, request, &controller).await;
    clear_timeout(&timer);
    match answer {
        Err(_) if controller.signal().aborted() => Err(Error::new(Code::TimedOut)),
        Err(error) => Err(error.unwrap_or_else(failed)),
        Ok(response) => Ok(response),
    }
}

/// `Err(None)` is whatever the platform threw.
async fn exchange(
    network: &Network,
    request: Request,
    controller: &AbortController,
) -> Result<Response, Option<Error>> {
    let init = init(&request, controller);
    let promise = match &network.fetch {
        Some(fetch) => fetch
            .call2(&JsValue::UNDEFINED, &JsValue::from_str(&request.url), &init)
            .map(|answer| Promise::resolve(&answer)),
        None => page_fetch(&request.url, &init),
    };
    let response: PageResponse =
        JsFuture::from(promise.map_err(|_| None)?).await.map_err(|_| None)?.unchecked_into();

    // A page sees a redirect that was not followed as an opaque answer with the status 0; a server sees it as it is.
    let status = response.status();
    if matches!(status, 0 | 300..=399) || response.redirected() {
        return Err(Some(Error::new(Code::RedirectNotFollowed).status(status)));
    }
    let too_large = || Some(Error::new(Code::ResponseTooLarge).status(status));
    let header = |name: &str| response.headers().get(name).ok().flatten();
    if header("content-length").and_then(|length| length.parse().ok()).is_some_and(|length: usize| length > MAX_BODY) {
        return Err(too_large());
    }
    let content_type = header("content-type");
    let text = JsFuture::from(response.text().map_err(|_| None)?).await.map_err(|_| None)?;
    let body = Secret::new(text.as_string().unwrap_or_else(String::new));
    if body.expose().len() > MAX_BODY {
        return Err(too_large());
    }
    Ok(Response { status, content_type, body })
}

/// Without cookies, referrer and caches; redirects are seen and not followed, for they would carry the code along
/// (RFC 9700 section 4.12). No header but those that need no preflight, and the token where it has to be.
fn init(request: &Request, controller: &AbortController) -> JsValue {
    let mut headers = Members::new().with_text("Accept", Some("application/json"));
    if request.form.is_some() {
        headers = headers.with_text("Content-Type", Some("application/x-www-form-urlencoded"));
    }
    if let Some(token) = &request.bearer {
        headers = headers.with_text("Authorization", Some(&["Bearer ", token.expose()].concat()));
    }
    Members::new()
        .with_text("method", Some(if request.method == Method::Post { "POST" } else { "GET" }))
        .with("headers", headers.finish())
        .with_text("body", request.form.as_ref().map(Secret::expose))
        .with_text("redirect", Some("manual"))
        .with_text("credentials", Some("omit"))
        .with_text("referrerPolicy", Some("no-referrer"))
        .with_text("cache", Some("no-store"))
        .with("signal", controller.signal().into())
        .finish()
}
