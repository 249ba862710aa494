//! What the browser does for the login: the network, the storage of the tab, the address bar, the clock.

use pkce_wasm::http::{Request, Response};
use pkce_wasm::secret::Secret;
use pkce_wasm::{Code, Error};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Headers, ReferrerPolicy, RequestCache, RequestCredentials, RequestInit, RequestRedirect, Storage, Window, window,
};

/// Sends a request of the crate: without cookies, referrer and cache, and following no redirect.
pub(crate) async fn send(request: Request) -> Result<Response, Error> {
    let response = async {
        let headers = Headers::new()?;
        let init = RequestInit::new();
        if let Some(form) = &request.form {
            headers.set("Content-Type", "application/x-www-form-urlencoded")?;
            init.set_method("POST");
            init.set_body(&form.expose().into());
        }
        if let Some(bearer) = &request.bearer {
            headers.set("Authorization", &["Bearer ", bearer.expose()].concat())?;
        }
        init.set_headers(&headers);
        init.set_redirect(RequestRedirect::Manual);
        init.set_credentials(RequestCredentials::Omit);
        init.set_referrer_policy(ReferrerPolicy::NoReferrer);
        init.set_cache(RequestCache::NoStore);
        read(&request.url, &init).await
    };
    response.await.map_err(|_: JsValue| Code::NetworkFailed.into())
}

async fn read(url: &str, init: &RequestInit) -> Result<Response, JsValue> {
    let sent = page().fetch_with_str_and_init(url, init);
    let answer: web_sys::Response = JsFuture::from(sent).await?.dyn_into()?;
    let body = JsFuture::from(answer.text()?).await?.as_string().unwrap_or_default();
    Ok(Response {
        status: answer.status(),
        content_type: answer.headers().get("content-type")?,
        date: None,
        retry_after: None,
        body: Secret::new(body),
    })
}

/// The text of a file of this page's origin.
pub(crate) async fn fetch_text(path: &str) -> Result<String, String> {
    let answer = read(path, &RequestInit::new()).await.map_err(|_| format!("{path} cannot be fetched"))?;
    Ok(answer.body.expose().to_owned())
}

/// Keeps the record of a login until the user comes back.
pub(crate) fn keep(key: &str, record: &str) -> Result<(), Error> {
    let kept = storage().and_then(|storage| storage.set_item(key, record).ok());
    kept.ok_or_else(|| Code::StorageUnavailable.into())
}

/// Takes it out again: a code is redeemed once.
pub(crate) fn take(key: &str) -> Option<String> {
    let record = storage()?.get_item(key).ok()??;
    storage()?.remove_item(key).ok()?;
    Some(record)
}

fn storage() -> Option<Storage> {
    page().session_storage().ok()?
}

pub(crate) fn leave(url: &str) -> Result<(), String> {
    page().location().assign(url).map_err(|_| "this page may not be left".to_owned())
}

pub(crate) fn address() -> String {
    page().location().href().unwrap_or_default()
}

pub(crate) fn without_query(url: &str) -> &str {
    url.split_once('?').map_or(url, |(address, _)| address)
}

/// Code and state leave the address bar and the history.
pub(crate) fn replace_address(address: &str) {
    let _ = page().history().and_then(|history| history.replace_state_with_url(&JsValue::NULL, "", Some(address)));
}

/// Seconds since 1970.
pub(crate) fn now() -> u64 {
    (js_sys::Date::now() / 1000.0) as u64
}

pub(crate) fn sentence(error: Error) -> String {
    error.to_string()
}

fn page() -> Window {
    window().expect("the application runs in a page")
}
