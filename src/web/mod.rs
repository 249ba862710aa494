//! The face: what JavaScript sees. Texts in, one text out; every decision is the protocol's.
//!
//! Nothing here waits. An operation that needs the server gives the request to send, and a later one takes the answer. So the module is
//! never entered by a callback and keeps nothing between two calls: what has to last lives in the caller's hands, and an instance that
//! trapped can be thrown away without losing a login.

mod primitives;

#[cfg(feature = "client")]
mod client;
#[cfg(feature = "client")]
mod dpop;
#[cfg(all(feature = "client", not(target_os = "none")))]
mod page;
#[cfg(feature = "client")]
mod par;
#[cfg(feature = "client")]
mod steps;
#[cfg(feature = "client")]
mod text;

#[cfg(feature = "client")]
pub use client::{arrive, end, logout, refusal, resource, session, session_tokens, settle, sweep};
#[cfg(feature = "client")]
pub use dpop::{prime, proof, proven};
#[cfg(all(feature = "client", not(target_os = "none")))]
pub use page::{sign_in, take_callback};
#[cfg(feature = "client")]
pub use par::pushed;
pub use primitives::{derive_challenge, generate_pair_text, verify_challenge};
#[cfg(feature = "client")]
pub use steps::{
    begin, check, conclude, discovery, finish, finish_refresh, finish_revocation, finish_userinfo, from_tokens, keys,
    metadata, redeem, refresh, revoke, setup, userinfo,
};
