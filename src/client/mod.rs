//! The protocol as types: each holds what the check before it has made, and hands it to the next one.
//!
//! A type here is thin. It owns the texts that `flow` looks at, and asks `flow` for every decision.

mod fields;

pub mod config;
pub mod json_text;
pub mod jwks;
pub mod metadata;
pub mod transaction;
pub mod user_agent;

pub mod authorize;
pub mod callback;
pub mod dpop;
pub mod par;
pub mod redirect_uris;
pub mod signature;
pub mod token;
pub mod token_set;

pub mod challenge;
pub mod logout;
pub mod protected_resource;
pub mod registration;
pub mod resource;
pub mod session;
pub mod userinfo;
