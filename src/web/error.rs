//! Errors on their way to JavaScript, where the package's own class is made of them.

use wasm_bindgen::JsValue;

use crate::error::Code;
#[cfg(feature = "client")]
use crate::error::Error;

/// In the package the place of the code in the table, for the package's loader has the names and messages already.
/// In a build without that loader (`wasm-pack`) the name.
pub(crate) fn code(code: Code) -> JsValue {
    if cfg!(target_os = "none") { JsValue::from(code as u32) } else { JsValue::from_str(code.name()) }
}

/// A plain object with the members of the package's error class.
#[cfg(feature = "client")]
impl From<Error> for JsValue {
    fn from(error: Error) -> Self {
        use crate::web::convert::Members;
        let members = Members::new()
            .with("code", code(error.code))
            .with_text("subject", error.subject)
            .with_some("status", error.status.map(Self::from));
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
