//! The user comes back: transaction + callback URL -> grant (RFC 6749 sections 4.1.2 and 10.12, RFC 9207 section 2.4).

use alloc::string::String;

use crate::encoding::form_pairs;
use crate::error::{Code, Error, Refusal};
use crate::flow::config::Config;
use crate::flow::transaction::Transaction;
use crate::secret::Secret;
use crate::url::{Url, is_link};

/// The parameters of an authorization response, read once and not yet trusted.
#[derive(Debug, Default)]
pub struct Callback {
    url: Secret,
    state: Option<String>,
    code: Option<Secret>,
    iss: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
    error_uri: Option<String>,
}

impl Callback {
    /// Reads the URL that the user came back with. `None` when it is not at the redirect URI or carries no response.
    ///
    /// # Errors
    /// [`Code::ParameterDuplicated`] naming the parameter (RFC 6749 section 3.1); [`Code::CallbackInvalid`] when an escape is broken or the
    /// response is in the fragment (RFC 9700 section 2.1.2); [`Code::StateMissing`]
    pub fn parse(url: &str, redirect_uri: &str) -> Result<Option<Self>, Error> {
        let (address, fragment) = url.split_once('#').unwrap_or((url, ""));
        let Some(query) = response_query(address, redirect_uri) else { return Ok(None) };
        if fragment.split('&').any(|pair| is_response_parameter(pair.split('=').next().unwrap_or_default())) {
            return Err(Error::new(Code::CallbackInvalid).about("fragment"));
        }
        let pairs = form_pairs(query).ok_or_else(|| Error::new(Code::CallbackInvalid).about("query"))?;

        let mut seen: alloc::vec::Vec<&'static str> = alloc::vec::Vec::new();
        let mut callback = Self { url: Secret::new(address.into()), ..Self::default() };
        for (name, value) in pairs {
            let Some(known) = PARAMETERS.into_iter().find(|known| *known == name) else { continue };
            if seen.contains(&known) {
                return Err(Error::new(Code::ParameterDuplicated).about(known));
            }
            seen.push(known);
            // A parameter without a value is as if it were not there (RFC 6749 section 3.1).
            if !value.is_empty() {
                callback.set(known, value);
            }
        }
        match callback {
            Self { state: None, code: None, error: None, .. } => Ok(None),
            Self { state: None, .. } => Err(Error::new(Code::StateMissing).about("state")),
            callback => Ok(Some(callback)),
        }
    }

    /// The `state`, by which the transaction is found; see [`transaction::key`](crate::flow::transaction::key).
    #[must_use]
    pub fn state(&self) -> &str {
        self.state.as_deref().unwrap_or_default()
    }

    fn set(&mut self, name: &str, value: String) {
        match name {
            "state" => self.state = Some(value),
            "code" => self.code = Some(Secret::new(value)),
            "iss" => self.iss = Some(value),
            "error" => self.error = Some(value),
            "error_description" => self.error_description = Some(value),
            _ => self.error_uri = Some(value),
        }
    }
}

const PARAMETERS: [&str; 6] = ["state", "code", "iss", "error", "error_description", "error_uri"];

/// What only a response in the fragment would carry.
fn is_response_parameter(name: &str) -> bool {
    matches!(name, "code" | "state" | "error" | "access_token" | "id_token")
}

/// A code that was checked: it belongs to this transaction, this issuer and this redirect URI.
///
/// Only [`Transaction::accept`] makes one, and only [`Grant::into_request`](crate::flow::token) takes one.
#[derive(Debug)]
pub struct Grant {
    pub(crate) code: Secret,
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
    /// [`Code::InteractionRequired`], [`Code::AuthorizationRefused`], [`Code::CodeMissing`]
    pub fn accept(self, config: &Config, callback: Callback, now: u64) -> Result<Grant, Error> {
        if !self.state.matches(callback.state()) {
            return Err(Error::new(Code::StateMismatch).about("state"));
        }
        if let Some(member) = self.foreign_member(config) {
            return Err(Error::new(Code::TransactionInvalid).about(member));
        }
        if self.is_expired(now) {
            return Err(Error::new(Code::TransactionExpired));
        }
        if response_query(callback.url.expose(), &self.redirect_uri).is_none() {
            return Err(Error::new(Code::RedirectUriMismatch).about("redirect_uri"));
        }
        match callback.iss {
            Some(iss) if iss != self.issuer => {
                return Err(Error::new(Code::ResponseIssuerMismatch).about("iss"));
            }
            None if self.iss_required => return Err(Error::new(Code::ResponseIssuerMissing).about("iss")),
            _ => {}
        }
        if let Some(error) = callback.error {
            if !error.bytes().all(is_nqschar) {
                return Err(Error::new(Code::CallbackInvalid).about("error"));
            }
            let code = match error.as_str() {
                "access_denied" => Code::AccessDenied,
                // What `prompt=none` leads to where the user has to be asked (OpenID Connect Core section 3.1.2.6).
                "login_required" | "interaction_required" | "consent_required" | "account_selection_required" => {
                    Code::InteractionRequired
                }
                _ => Code::AuthorizationRefused,
            };
            return Err(Error::new(code).refusal(Refusal {
                error,
                error_description: callback.error_description,
                error_uri: callback.error_uri.filter(|uri| is_link(uri)),
            }));
        }
        match callback.code {
            Some(code) => Ok(Grant { code, transaction: self }),
            None => Err(Error::new(Code::CodeMissing).about("code")),
        }
    }
}

/// Printable ASCII but for quote and backslash (RFC 6749 appendix A.7).
const fn is_nqschar(byte: u8) -> bool {
    matches!(byte, 0x20..=0x7E) && !matches!(byte, b'"' | b'\\')
}

/// The query that the server added to the redirect URI. `None` when the address is another one: scheme, host, port and
/// path have to be the same, and the redirect URI's own query has to be there still (RFC 6749 section 3.1.2, RFC 8252 section 8.10).
fn response_query<'a>(address: &'a str, redirect_uri: &str) -> Option<&'a str> {
    let (base, query) = address.split_once('?').unwrap_or((address, ""));
    let (expected_base, expected_query) = redirect_uri.split_once('?').unwrap_or((redirect_uri, ""));
    if !same_base(base, expected_base) {
        return None;
    }
    let rest = query.strip_prefix(expected_query)?;
    if expected_query.is_empty() || rest.is_empty() { Some(rest) } else { rest.strip_prefix('&') }
}

/// Character for character; but a browser writes scheme and host of a web address in lower case, leaves out the default
/// port, and writes the empty path as `/`.
fn same_base(base: &str, expected: &str) -> bool {
    if base == expected {
        return true;
    }
    let (Some(base), Some(expected)) = (Url::parse(base), Url::parse(expected)) else { return false };
    expected.is_web() && base.has_origin_of(&expected) && significant_path(&base) == significant_path(&expected)
}

const fn significant_path<'a>(url: &Url<'a>) -> &'a str {
    if url.path.is_empty() { "/" } else { url.path }
}
