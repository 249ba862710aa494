//! The face: what JavaScript sees. Conversions and browser calls; every decision is the protocol's.
//!
//! The module keeps nothing between two calls: what has to last lives in the page's storage or, for the memory tier, in
//! a `Map` that the caller owns. So an instance that trapped can be thrown away, and no secret rests in linear memory.

mod error;
mod primitives;

#[cfg(feature = "client")]
mod client;
#[cfg(feature = "client")]
mod convert;
#[cfg(feature = "client")]
mod fetch;
#[cfg(feature = "client")]
mod json;
#[cfg(feature = "client")]
mod navigation;
#[cfg(feature = "client")]
mod steps;
#[cfg(feature = "client")]
mod storage;

#[cfg(feature = "client")]
pub use client::{access_token, check_client, handle_redirect, login, logout, session, session_refresh, session_userinfo};
pub use primitives::{derive_challenge, generate_pair_text, generate_verifier, verify_challenge};
#[cfg(feature = "client")]
pub use steps::{
    begin_authorization, complete_authorization, discover, fetch_userinfo, refresh_tokens, revoke_tokens,
};
