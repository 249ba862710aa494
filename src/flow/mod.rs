//! The protocol over texts, a file for each step. Nothing here opens a connection, reads a clock or draws randomness by itself.

pub(crate) mod algorithm;
pub(crate) mod authorize;
pub(crate) mod callback;
pub(crate) mod challenge;
pub(crate) mod config;
pub(crate) mod dpop;
pub(crate) mod id_token;
pub(crate) mod issuer;
pub(crate) mod jwks;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod metadata;
pub(crate) mod par;
pub(crate) mod protected_resource;
#[cfg(all(test, not(target_arch = "wasm32")))]
mod records;
pub(crate) mod redirect_uris;
pub(crate) mod registration;
pub(crate) mod resource;
pub(crate) mod session;
pub(crate) mod setup;
pub(crate) mod signature;
pub(crate) mod token;
pub(crate) mod tokens;
pub(crate) mod transaction;
pub(crate) mod user_agent;
pub(crate) mod userinfo;
