//! Errors on their way to JavaScript, where the package's own class is made of them.

use wasm_bindgen::JsValue;

use crate::error::Error;

/// A plain object with the members of the package's error class. The code is its place in the table: the loader has the names.
#[cfg(feature = "client")]
impl From<Error> for JsValue {
    fn from(error: Error) -> Self {
        use crate::web::convert::Members;
        let members = Members::new()
            .with("code", Self::from(error.code as u32))
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

/// The place of the code in the table: the primitives' errors have nothing more to say.
#[cfg(not(feature = "client"))]
impl From<Error> for JsValue {
    fn from(error: Error) -> Self {
        Self::from(error.code as u32)
    }
}
