//! The user comes back: transaction + callback URL -> grant (RFC 6749 sections 4.1.2 and 10.12, RFC 9207 section 2.4).

use alloc::string::String;
use core::fmt;

use crate::client::config::Config;
use crate::client::fields::{part, refused, secret};
use crate::client::transaction::Transaction;
use crate::error::Error;
use crate::flow::callback::{self, Answer};
use crate::flow::setup::Setup;
use crate::secret::Secret;

/// A URL that the user may have come back with, not yet trusted.
pub struct Callback {
    url: Secret,
    state: String,
}

impl Callback {
    /// Reads a URL. `None` when it has no `state`, or more than one: then it belongs to no login. Whether it belongs to one of this client
    /// only the transactions say that are kept: look for that of its [`state`](Self::state), and where there is none leave the URL to whomever it is of.
    /// [`Transaction::accept`] refuses one that arrived elsewhere than at the redirect URI of its login.
    ///
    /// A `state` that the redirect URI has in its own query is not that of the response.
    #[must_use]
    pub fn parse(url: &str, redirect_uri: &str) -> Option<Self> {
        let callback = callback::Callback::read(url.as_bytes(), redirect_uri.as_bytes());
        let state: String = part(callback.state()).into();
        if state.is_empty() { None } else { Some(Self { url: Secret::new(url.into()), state }) }
    }

    /// Whether the URL is at that redirect URI and has the whole form of a response: `state` with `code` or `error`, each once, and in the query (RFC 6749 sections 3.1,
    /// 4.1.2 and 4.1.2.1). One of which no transaction is kept is another login's then; any other URL is none.
    #[must_use]
    pub fn is_response(&self, redirect_uri: &str) -> bool {
        callback::Callback::read(self.url.expose().as_bytes(), redirect_uri.as_bytes()).is_response()
    }

    /// The `state`, by which the transaction is found; see [`transaction::key`](crate::client::transaction::key).
    #[must_use]
    pub fn state(&self) -> &str {
        &self.state
    }
}

/// The `error` of a response at the redirect URI that has no `state` (some servers send such ones), at most 128 characters; `None` when it is none. Nothing
/// shows whose it is: while a login is pending an application may show it, as text, and may end nothing by it (RFC 6749 section 10.12).
#[must_use]
pub fn unverified_error(url: &str, redirect_uri: &str) -> Option<String> {
    let callback = callback::Callback::read(url.as_bytes(), redirect_uri.as_bytes());
    callback.is_bare().then(|| part(callback.unverified()).into())
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
    /// [`Code::StateMissing`](crate::Code::StateMissing) when it has none, or more than one, beside the query of the redirect URI of this login,
    /// [`Code::StateMismatch`](crate::Code::StateMismatch), [`Code::TransactionInvalid`](crate::Code::TransactionInvalid) when the transaction is of another configuration, [`Code::TransactionExpired`](crate::Code::TransactionExpired),
    /// [`Code::RedirectUriMismatch`](crate::Code::RedirectUriMismatch) naming the part that differs, [`Code::ParameterDuplicated`](crate::Code::ParameterDuplicated) naming the parameter (RFC 6749 section 3.1),
    /// [`Code::CallbackInvalid`](crate::Code::CallbackInvalid) when the response is in the fragment (RFC 9700 section 2.1.2) or its code or error is malformed,
    /// [`Code::ResponseIssuerMissing`](crate::Code::ResponseIssuerMissing), [`Code::ResponseIssuerMismatch`](crate::Code::ResponseIssuerMismatch), [`Code::AccessDenied`](crate::Code::AccessDenied), [`Code::InteractionRequired`](crate::Code::InteractionRequired),
    /// [`Code::AuthorizationRefused`](crate::Code::AuthorizationRefused), [`Code::CodeMissing`](crate::Code::CodeMissing)
    #[allow(clippy::needless_pass_by_value, reason = "a callback is taken once")]
    pub fn accept(self, config: &Config, callback: Callback, now: u64) -> Result<Grant, Error> {
        let transaction = self.view();
        let callback = callback::Callback::read(callback.url.expose().as_bytes(), transaction.redirect_uri());
        match callback.accept(&Setup::of_table(&config.setup()), &transaction, now)? {
            Answer::Given(said) => {
                let said = callback::Said::of_table(&said);
                Ok(Grant { code: secret(said.code().to_vec()), iss: part(said.iss()).into(), transaction: self })
            }
            Answer::Refused(refusal) => Err(refused(*refusal)),
        }
    }
}
