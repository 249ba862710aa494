//! The authorization request by the back channel (RFC 9126): it is pushed to the server, and the user takes along its name alone.
//!
//! 1. [`begin`] makes the request to send, and the [`Transaction`] to keep.
//! 2. [`Pushing::finish`] reads the answer and gives the URL to send the user to: once, and within its lifetime.
//!
//! The callback is handled as that of any other login.

use alloc::string::String;
use alloc::vec::Vec;

use crate::client::authorize::{LoginOptions, begin_at};
use crate::client::config::Config;
use crate::client::fields::{fault_in, read, refused_in, secret, text};
use crate::client::metadata::Metadata;
use crate::client::transaction::Transaction;
use crate::error::Error;
use crate::flow::callback::Answer;
use crate::flow::metadata::usable;
use crate::flow::par;
use crate::flow::setup::Setup;
use crate::http::{Request, Response};
use crate::random::Entropy;
use crate::tables::about;

/// A login whose request was not pushed yet.
pub struct Pushing {
    setup: Vec<u8>,
    transaction: Transaction,
}

impl core::fmt::Debug for Pushing {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter.write_str("[pushing]")
    }
}

/// An authorization request that was pushed.
#[derive(Debug)]
pub struct Pushed {
    /// Send the user here, once.
    pub url: String,
    /// Seconds for which the URL serves.
    pub expires_in: u64,
    /// Keep this until the user comes back.
    pub transaction: Transaction,
}

/// Whether the request of a login has to be pushed: the server requires it, or the settings do.
///
/// # Errors
/// [`Code::IssuerMismatch`](crate::Code::IssuerMismatch) where the metadata are of another server than the configuration
pub fn is_required(config: &Config, metadata: &Metadata) -> Result<bool, Error> {
    Ok(Setup::of_table(&metadata.setup(config)?).is_pushed())
}

/// Begins a login as [`begin`](crate::begin) does, and gives the request that pushes it. `now` is in seconds since 1970. Where the tokens are to be bound to a key, a
/// [`proof`](crate::client::dpop) of it may go along (RFC 9449 section 10.1).
///
/// # Errors
/// those of [`begin`](crate::begin), and [`Code::EndpointMissing`](crate::Code::EndpointMissing) where the server has no such endpoint
#[allow(clippy::needless_pass_by_value, reason = "the options of one login are spent by it")]
pub fn begin(
    config: &Config,
    metadata: &Metadata,
    options: LoginOptions,
    entropy: &mut impl Entropy,
    now: u64,
) -> Result<(Request, Pushing), Error> {
    let (url, transaction, setup) = begin_at(config, metadata, &options, entropy, now)?;
    let view = Setup::of_table(&setup);
    let endpoint = view.pushed_authorization_request_endpoint();
    usable(endpoint, about!(EndpointMissing, METADATA, "pushed_authorization_request_endpoint"))?;
    let request = Request::post(read(endpoint), secret(par::form(&view, &url)));
    Ok((request, Pushing { setup, transaction }))
}

impl Pushing {
    /// The thumbprint of the key that the tokens are to be bound to, and whose proof may go along.
    #[must_use]
    pub fn dpop_jkt(&self) -> Option<&str> {
        self.transaction.dpop_jkt()
    }

    /// Reads the answer (RFC 9126 section 2.2).
    ///
    /// # Errors
    /// [`Code::PushRefused`](crate::Code::PushRefused), [`Code::PushResponseInvalid`](crate::Code::PushResponseInvalid),
    /// [`Code::ServerError`](crate::Code::ServerError), [`Code::RedirectNotFollowed`](crate::Code::RedirectNotFollowed): the login is over, and another one may begin
    pub fn finish(self, response: &Response) -> Result<Pushed, Error> {
        let mut url = Vec::new();
        let answer = par::finish(&Setup::of_table(&self.setup), &response.reply(), &mut url);
        match answer.map_err(fault_in(response))? {
            Answer::Given(expires_in) => Ok(Pushed { url: text(url), expires_in, transaction: self.transaction }),
            Answer::Refused(refusal) => Err(refused_in(response, *refusal)),
        }
    }
}
