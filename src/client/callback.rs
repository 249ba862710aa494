//! The user comes back: transaction + callback URL -> grant (RFC 6749 sections 4.1.2 and 10.12, RFC 9207 section 2.4).

use alloc::string::String;
use core::fmt;

use crate::client::config::Config;
use crate::client::fields::{part, refused, secret};
use crate::client::transaction::Transaction;
use crate::error::{Code, Error};
use crate::flow::callback::{self, Answer};
use crate::flow::setup::Setup;
use crate::secret::Secret;

/// The parameters of an authorization response, read once and not yet trusted.
pub struct Callback {
    url: Secret,
    redirect_uri: String,
    state: String,
}

impl Callback {
    /// Reads the URL that the user came back with. `None` when it is not at the redirect URI or carries no response.
    ///
    /// # Errors
    /// [`Code::ParameterDuplicated`] naming the parameter (RFC 6749 section 3.1); [`Code::CallbackInvalid`] when an escape is broken or the
    /// response is in the fragment (RFC 9700 section 2.1.2); [`Code::StateMissing`]
    pub fn parse(url: &str, redirect_uri: &str) -> Result<Option<Self>, Error> {
        let callback = callback::Callback::parse(url.as_bytes(), redirect_uri.as_bytes())?;
        Ok(callback.map(|callback| Self {
            url: Secret::new(url.into()),
            redirect_uri: redirect_uri.into(),
            state: part(callback.state()).into(),
        }))
    }

    /// The `state`, by which the transaction is found; see [`transaction::key`](crate::client::transaction::key).
    #[must_use]
    pub fn state(&self) -> &str {
        &self.state
    }
}

impl fmt::Debug for Callback {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[callback]")
    }
}

/// A code that was checked: it belongs to this transaction, this issuer and this redirect URI.
///
/// Only [`Transaction::accept`] makes one, and only [`Grant::into_request`](crate::client::token) takes one.
#[derive(Debug)]
pub struct Grant {
    pub(crate) code: Secret,
    /// The issuer that the callback named; empty when it named none.
    pub(crate) iss: String,
    pub(crate) transaction: Transaction,
}

impl Transaction {
    /// Checks a callback against this transaction; `now` is in seconds since 1970.
    ///
    /// Nothing is believed, not even that the login was refused, before `state` and `iss` say that it is this server's
    /// answer to this login.
    ///
    /// # Errors
    /// [`Code::StateMismatch`], [`Code::TransactionInvalid`] when the transaction is of another configuration, [`Code::TransactionExpired`],
    /// [`Code::RedirectUriMismatch`], [`Code::ResponseIssuerMissing`], [`Code::ResponseIssuerMismatch`], [`Code::AccessDenied`],
    /// [`Code::InteractionRequired`], [`Code::AuthorizationRefused`], [`Code::CallbackInvalid`], [`Code::CodeMissing`]
    #[allow(clippy::needless_pass_by_value, reason = "a callback is taken once")]
    pub fn accept(self, config: &Config, callback: Callback, now: u64) -> Result<Grant, Error> {
        let (url, redirect_uri) = (callback.url.expose().as_bytes(), callback.redirect_uri.as_bytes());
        // It was read before.
        let read = callback::Callback::parse(url, redirect_uri)?.ok_or(Code::Internal)?;
        let said = read.said();
        match read.accept(&Setup::of_table(&config.setup()), &self.view(), now)? {
            Answer::Given(code) => {
                let iss = part(callback::Said::of_table(&said).iss()).into();
                Ok(Grant { code: secret(code), iss, transaction: self })
            }
            Answer::Refused(refusal) => Err(refused(*refusal)),
        }
    }
}
