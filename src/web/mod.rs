//! The face: what JavaScript sees. Conversions and the browser's synchronous calls; every decision is the protocol's.
//!
//! Nothing here waits. An operation that needs the server gives a *step*: the request to send, and what to hand to
//! [`resume`] together with the answer. So the module is never entered by a callback and keeps nothing between two
//! calls: what has to last lives in the page's storage or in the caller's hands, and an instance that trapped can be
//! thrown away without losing a login.

mod error;
mod primitives;

#[cfg(feature = "client")]
mod client;
#[cfg(feature = "client")]
mod convert;
#[cfg(feature = "client")]
mod json;
#[cfg(feature = "client")]
mod resume;
#[cfg(feature = "client")]
mod steps;
#[cfg(feature = "client")]
mod storage;
#[cfg(feature = "client")]
mod verify;

#[cfg(feature = "client")]
pub use client::{
    callback_key, check_client, check_resource, handle_redirect, interrupted, login, logout, read_refusal, session,
    session_tokens,
};
pub use primitives::{Text, derive_challenge, generate_pair_text, verify_challenge};
#[cfg(feature = "client")]
pub use resume::resume;
#[cfg(feature = "client")]
pub use steps::{begin_authorization, complete_authorization, discover, fetch_userinfo, refresh_tokens, revoke_tokens};
