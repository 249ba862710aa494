//! Errors on their way to JavaScript, where the package's own class is made of them.

use wasm_bindgen::JsValue;

use crate::error::Code;
#[cfg(feature = "client")]
use crate::error::{Error, Needed};

/// In the package the place of the code in the table, for the package's loader has the names and messages already.
/// In a build without that loader (`wasm-pack`) the name.
pub(crate) fn code(code: Code) -> JsValue {
    if cfg!(target_os = "none") { JsValue::from(code as u32) } else { JsValue::from_str(code.name()) }
}

/// A plain object with the members of the package's error class.
#[cfg(feature = "client")]
impl From<Error> for JsValue {
    fn from(error: Error) -> Self {
        use crate::web::convert::{Members, from_seconds};
        let members = Members::new()
            .with("code", code(error.code))
            .with_text("subject", error.subject)
            .with_some("status", error.status.map(Self::from))
            .with_some("retryAfter", error.retry_after.map(from_seconds))
            .with_some("loginOptions", error.needed.as_ref().map(from_needed));
        let members = match &error.refusal {
            Some(refusal) => members
                .with_text("oauthError", Some(&refusal.error))
                .with_text("oauthErrorDescription", refusal.error_description.as_deref())
                .with_text("oauthErrorUri", refusal.error_uri.as_deref()),
            None => members,
        };
        members.finish()
    }
}

/// The options of the login that would help.
#[cfg(feature = "client")]
fn from_needed(needed: &Needed) -> JsValue {
    crate::web::convert::Members::new()
        .with_text("scope", needed.scope.as_deref())
        .with_text("acrValues", needed.acr_values.as_deref())
        .with_some("maxAge", needed.max_age.map(JsValue::from))
        .finish()
}
