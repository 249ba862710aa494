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
//!
//! # A whole login
//!
//! What a native application or a server does. `send` is its HTTP client, which sends a [`http::Request`] without cookies and follows
//! no redirect; `browse` shows the user a page and gives the URL that they come back with; `verify` is its cryptography, for which
//! a crate such as `ring` serves. The directory `www/native` of the repository is an application with all three.
//!
//! ```ignore-wasm32
//! use pkce_wasm::error::Error;
//! use pkce_wasm::client::authorize::LoginOptions;
//! use pkce_wasm::client::metadata::discovery_requests;
//! use pkce_wasm::client::signature::Signature;
//! use pkce_wasm::http::{Request, Response};
//! use pkce_wasm::random::SystemEntropy;
//! use pkce_wasm::{Answer, Callback, Check, Code, Config, Jwks, Metadata, Settings, Step, TokenSet, Verdict, begin};
//!
//! fn sign_in(
//!     send: impl Fn(Request) -> Result<Response, Error>,
//!     browse: impl Fn(&str) -> String,
//!     verify: impl Fn(&Check<'_>) -> Verdict,
//!     now: u64, // seconds since 1970
//! ) -> Result<TokenSet, Error> {
//!     let issuer = "https://login.example.com";
//!     let redirect_uri = "http://127.0.0.1:51004/callback"; // a port that was free (RFC 8252 section 7.3)
//!     let config = Config::new(Settings::new(issuer, "my-app", redirect_uri))?;
//!     let openid = discovery_requests(issuer, false)?.swap_remove(0); // `Search`, beside it, asks every place
//!     let (metadata, _) = Metadata::from_response(&send(openid)?, issuer, false)?;
//!
//!     let login = begin(&config, &metadata, LoginOptions::default(), &mut SystemEntropy, now)?;
//!     let url = browse(&login.url);
//!
//!     let callback = Callback::parse(&url, redirect_uri).ok_or(Code::StateMissing)?;
//!     let grant = login.transaction.accept(&config, callback, now)?;
//!     let (request, exchange) = grant.into_request(&config);
//!     let unverified = match exchange.finish(&send(request)?, now)? {
//!         Answer::Tokens(tokens) => return Ok(tokens), // no ID token, for the scope has no `openid`
//!         Answer::Unverified(unverified) => unverified,
//!     };
//!     let keys = match unverified.next(None, None, now)? {
//!         Step::Fetch(request) => Some(Jwks::from_response(&send(request)?)?),
//!         Step::Verify(_) => None,
//!     };
//!     let verdict = match unverified.next(keys.as_ref(), Some(now), now)? {
//!         Step::Verify(check) => verify(&check),
//!         Step::Fetch(_) => return Err(Code::SigningKeyNotFound.into()),
//!     };
//!     unverified.conclude(&verdict)
//! }
//! #
//! # // A server that lets everybody in, in the place of all three.
//! # use pkce_wasm::encoding::{base64url, form_pairs};
//! # use std::cell::RefCell;
//! # let asked = RefCell::new(Vec::new());
//! # let said = |name: &str| {
//! #     let asked: std::cell::Ref<'_, Vec<(String, String)>> = asked.borrow();
//! #     asked.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()).unwrap()
//! # };
//! # let browse = |url: &str| {
//! #     *asked.borrow_mut() = form_pairs(url.split_once('?').unwrap().1).unwrap();
//! #     format!("{}?code=c&state={}", said("redirect_uri"), said("state"))
//! # };
//! # let send = |request: Request| {
//! #     let body = if request.url.ends_with("/openid-configuration") {
//! #         r#"{ "issuer": "https://login.example.com", "authorization_endpoint": "https://login.example.com/authorize",
//! #             "token_endpoint": "https://login.example.com/token", "jwks_uri": "https://login.example.com/jwks",
//! #             "code_challenge_methods_supported": ["S256"] }"#.to_owned()
//! #     } else if request.url.ends_with("/jwks") {
//! #         let x = base64url(&[1; 32]);
//! #         format!(r#"{{ "keys": [{{ "kty": "EC", "crv": "P-256", "x": "{x}", "y": "{x}", "use": "sig" }}] }}"#)
//! #     } else {
//! #         let claims = format!(
//! #             r#"{{ "iss": "https://login.example.com", "aud": "my-app", "sub": "ada", "iat": 1000, "exp": 2000, "nonce": "{}" }}"#,
//! #             said("nonce")
//! #         );
//! #         let id_token = [&base64url(br#"{ "alg": "ES256" }"#), ".", &base64url(claims.as_bytes()), ".", "AAAA"].concat();
//! #         format!(r#"{{ "access_token": "a", "token_type": "Bearer", "id_token": "{id_token}" }}"#)
//! #     };
//! #     let content_type = Some("application/json".to_owned());
//! #     Ok(Response { status: 200, content_type, date: None, retry_after: None, body: pkce_wasm::secret::Secret::new(body) })
//! # };
//! # let verify = |_: &Check<'_>| Verdict { signature: Signature::Valid, digest: None };
//! # assert_eq!(sign_in(send, browse, verify, 1500).unwrap().subject().as_deref(), Some("ada"));
//! ```
//!
//! An application that may be ended while the user is away keeps [`Transaction::to_record`] and goes on with
//! [`Transaction::from_record`]; [`TokenSet::to_record`] does the same for a session, and [`client::token::refresh`] renews it.
//!
//! # Only the primitives
//!
//! ```
//! use pkce_wasm::pkce::{MIN_LENGTH, verify};
//! use pkce_wasm::random::SystemEntropy;
//! use pkce_wasm::{Code, Method, Verifier};
//!
//! # fn main() -> Result<(), Code> {
//! let code_verifier = Verifier::generate(MIN_LENGTH, &mut SystemEntropy)?;
//! let code_challenge = code_verifier.challenge();
//! // The authorization server's half.
//! assert!(verify(code_verifier.expose(), code_challenge.as_str(), Method::S256));
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! | feature | what it is for | what it brings |
//! |---|---|---|
//! | `client` (default) | the whole protocol | nothing |
//! | `web` (default) | its functions for JavaScript, in a build for WebAssembly | `wasm-bindgen`, `js-sys`, `web-sys` |
//! | none | [`pkce`], [`random`], [`secret`], [`encoding`] and [`error`]: what a server needs that checks challenges | nothing |
//!
//! A Rust front end for the browser leaves `web` out: then the crate exports nothing by itself. The minimum supported Rust version is 1.88.
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]

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
mod table;
#[cfg(feature = "client")]
mod text;
#[cfg(feature = "client")]
pub mod url;

// The protocol, over texts.
#[cfg(feature = "client")]
#[cfg_attr(
    not(all(target_arch = "wasm32", feature = "web")),
    allow(dead_code, reason = "some of it serves JavaScript alone")
)]
mod flow;
#[cfg(feature = "client")]
pub mod jwt;
pub mod pkce;
#[cfg(feature = "client")]
mod tables;

// Its faces: types for Rust, texts for JavaScript.
#[cfg(feature = "client")]
pub mod client;
#[cfg(all(target_arch = "wasm32", feature = "web"))]
pub mod web;

#[cfg(feature = "client")]
pub use client::{
    authorize::{Authorization, begin},
    callback::{Callback, Grant},
    config::{Config, Settings},
    json_text::JsonText,
    jwks::Jwks,
    metadata::Metadata,
    signature::{Check, Step, Unverified, Verdict},
    token::{Answer, Exchange},
    token_set::{TokenSet, VerifiedBy},
    transaction::Transaction,
    user_agent::UserAgent,
};
pub use error::Code;
#[cfg(feature = "client")]
pub use error::Error;
pub use pkce::{Challenge, Method, Verifier};
