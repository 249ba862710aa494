//! The client side of OAuth 2.0 / OpenID Connect *authorization code + PKCE*, without input or output of its own.
//!
//! A login is a chain of values, each made only by the check before it:
//!
//! 1. [`Config`] is what the application is; [`Metadata`] what the server says of itself.
//! 2. [`begin`] makes the URL to send the user to and a [`Transaction`] to keep until they come back.
//! 3. [`Transaction::accept`] checks the [`Callback`] and makes the [`Grant`].
//! 4. [`Grant::into_request`] makes the token request and the [`Exchange`] that reads its answer.
//! 5. [`Unverified::next`] says by which public keys the signature of the ID token is to be verified, and
//!    [`Unverified::conclude`] makes the [`TokenSet`] of the [`Verdict`].
//!
//! The time, the randomness and the answers of the server are arguments; requests are return values. So the same code
//! runs in a page (see the npm package `pkce-wasm`), in a WebView, and natively.
//!
//! Every module and function names the section of the specification that it follows.
#![no_std]

extern crate alloc;
#[cfg(not(target_os = "none"))]
extern crate std;

#[cfg(all(target_arch = "wasm32", target_os = "none"))]
mod runtime;

// Vocabulary: knows nothing of OAuth.
pub mod encoding;
pub mod error;
#[cfg(feature = "client")]
pub mod http;
#[cfg(feature = "client")]
pub mod json;
pub mod random;
pub mod secret;
#[cfg(feature = "client")]
pub mod url;

// The protocol, in the order in which a login happens.
#[cfg(feature = "client")]
pub mod flow;
#[cfg(feature = "client")]
pub mod jwt;
pub mod pkce;

// The face: conversions and browser calls.
#[cfg(target_arch = "wasm32")]
pub mod web;

pub use error::{Code, Error};
#[cfg(feature = "client")]
pub use flow::{
    authorize::{Authorization, begin},
    callback::{Callback, Grant},
    config::{Config, Settings},
    jwks::Jwks,
    metadata::Metadata,
    signature::{Check, Step, Unverified, Verdict},
    token::{Answer, Exchange},
    token_set::{TokenSet, VerifiedBy},
    transaction::Transaction,
    user_agent::UserAgent,
};
pub use pkce::{Challenge, Method, Verifier};
