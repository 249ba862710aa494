//! What has to hold for every input, one function for each kind. They are run by the fuzz targets in `fuzz/`, which look
//! for an input that breaks them, and over the corpus of those by `tests/corpus.rs`.
//!
//! The inputs are text, so that a corpus can be read and written by hand: the parts stand on lines of their own. What is
//! right is said by other code than that under test: the crates `url` and `form_urlencoded`, which do what a browser
//! does, and `serde_json`.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a property states what it expects by failing"
)]

mod callback;
mod challenge;
mod form;
mod json;
mod jwt;
mod metadata;
mod peer;
mod record;
mod token;
mod url;

pub use callback::callback_url;
pub use challenge::www_authenticate;
pub use form::form;
pub use json::json;
pub use jwt::jwt;
pub use metadata::metadata;
pub use record::stored_transaction;
pub use token::token_response;
pub use url::url;

/// A property, by the name of its fuzz target and of its corpus.
pub type Property = (&'static str, fn(&[u8]));

/// Every property.
pub const ALL: [Property; 9] = [
    ("callback_url", callback_url),
    ("form", form),
    ("json", json),
    ("jwt", jwt),
    ("metadata", metadata),
    ("stored_transaction", stored_transaction),
    ("token_response", token_response),
    ("url", url),
    ("www_authenticate", www_authenticate),
];
