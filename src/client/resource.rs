//! The requests that the application makes with its access token: where it may go, and what a refusal asks for
//! (RFC 6750 sections 3 and 5.3, RFC 9470 sections 3 and 4).

use crate::client::config::Config;
use crate::client::fields::text;
use crate::client::metadata::Metadata;
use crate::client::token_set::TokenSet;
use crate::error::{Error, Needed};
use crate::flow::resource::{self, Refused};
use crate::flow::setup::Setup;
use crate::flow::tokens::Session;

/// Whether the access token may be sent to a URL: at an origin of the configuration, or the userinfo endpoint
/// (RFC 6750 section 5.3, RFC 9700 section 4.9.1).
///
/// # Errors
/// [`Code::OriginRefused`](crate::Code::OriginRefused), [`Code::IssuerMismatch`](crate::Code::IssuerMismatch)
pub fn check(config: &Config, metadata: &Metadata, url: &str) -> Result<(), Error> {
    Ok(resource::check(&Setup::of_table(&metadata.setup(config)?), url.as_bytes())?)
}

/// Reads a refusal of a resource server by its status and its `WWW-Authenticate`, of which a page sees nothing where CORS does not expose it.
/// Whether fresh tokens may help; `now` is in seconds since 1970.
///
/// # Errors
/// [`Code::InsufficientScope`](crate::Code::InsufficientScope),
/// [`Code::InsufficientUserAuthentication`](crate::Code::InsufficientUserAuthentication): no fresh token helps, but perhaps a login
pub fn read_refusal(
    config: &Config,
    tokens: &TokenSet,
    status: u16,
    www_authenticate: Option<&str>,
    now: u64,
) -> Result<bool, Error> {
    let (setup, fields) = (config.setup(), tokens.to_fields());
    let (setup, session) = (Setup::of_table(&setup), Session::of_table(&fields));
    let header = www_authenticate.map(str::as_bytes);
    match resource::read_refusal(&setup, &session, u64::from(status), header, now) {
        Refused::Refresh => Ok(true),
        Refused::Final => Ok(false),
        Refused::Login(code, needed) => Err(Error::new(code).status(status).needed(needed.map(|needed| Needed {
            scope: Some(text(needed.scope)),
            acr_values: needed.acr_values.map(text),
            max_age: needed.max_age.and_then(|seconds| u32::try_from(seconds).ok()),
        }))),
    }
}
