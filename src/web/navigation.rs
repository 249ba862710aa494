//! The page's address: where it is, where the user is sent, what stands in the address bar.

use alloc::string::String;

use wasm_bindgen::JsValue;

use crate::error::{Code, Error};
use crate::web::convert::Context;

/// The page's own URL; `None` where there is no page, as in a worker or on a server.
pub(crate) fn current_url() -> Option<String> {
    web_sys::window()?.location().href().ok()
}

/// Sends the user to a URL: by the host when it can, otherwise by leaving the page.
pub(crate) fn open(context: &Context, url: &str) -> Result<(), Error> {
    let failed = Error::new(Code::ConfigInvalid).about("host.open");
    if let Some(open) = &context.open {
        return open.call1(&JsValue::UNDEFINED, &JsValue::from_str(url)).map(|_| ()).map_err(|_| failed);
    }
    match web_sys::window().map(|window| window.location().assign(url)) {
        Some(Ok(())) => Ok(()),
        _ => Err(failed),
    }
}

/// Puts a URL into the address bar in place of the page's own, without leaving the page. Where that is not possible
/// the address stays as it is: it holds a code that is spent.
pub(crate) fn replace_url(url: &str) {
    if let Some(history) = web_sys::window().and_then(|window| window.history().ok()) {
        let state = history.state().unwrap_or(JsValue::NULL);
        let _ = history.replace_state_with_url(&state, "", Some(url));
    }
}
