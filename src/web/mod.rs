//! The face: what JavaScript sees. Texts in, one text out; every decision is the protocol's.
//!
//! Nothing here waits. An operation that needs the server gives the request to send, and a later one takes the answer. So the module is
//! never entered by a callback and keeps nothing between two calls: what has to last lives in the caller's hands, and an instance that
//! trapped can be thrown away without losing a login.

mod primitives;

#[cfg(feature = "client")]
mod dpop;
#[cfg(feature = "client")]
mod exchange;
#[cfg(feature = "client")]
mod mcp;
#[cfg(all(feature = "client", not(target_os = "none")))]
mod page;
#[cfg(feature = "client")]
mod par;
#[cfg(feature = "client")]
mod session;
#[cfg(feature = "client")]
mod start;
#[cfg(feature = "client")]
mod text;

#[cfg(feature = "client")]
pub use dpop::{prime, proof, proven};
#[cfg(feature = "client")]
pub use exchange::{arrive, check, conclude, end, finish, finish_refresh, keys, redeem, refresh};
#[cfg(feature = "client")]
pub use mcp::{is_of_resource, own_redirect_uri, resource_places, scopes, secret_method};
#[cfg(all(feature = "client", not(target_os = "none")))]
pub use page::{sign_in, take_callback};
#[cfg(feature = "client")]
pub use par::{push, pushed};
pub use primitives::{derive_challenge, generate_pair_text, verify_challenge};
#[cfg(feature = "client")]
pub use session::{finish_revocation, finish_userinfo, refusal, resource, revoke, session_tokens, settle, userinfo};
#[cfg(feature = "client")]
pub use start::{begin, callback, discovery, from_tokens, logout, metadata, session, setup, sweep};
