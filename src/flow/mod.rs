//! The protocol, one file per step, in the order in which a login happens.

pub mod config;
pub mod jwks;
pub mod metadata;
pub mod transaction;
pub mod user_agent;

pub mod authorize;
pub mod callback;
pub mod id_token;
pub mod signature;
pub mod token;
pub mod token_set;

pub mod challenge;
pub mod logout;
pub mod resource;
pub mod session;
pub mod userinfo;
