//! The pending login, as a record that survives the application, and what remains of it.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::client::config::Config;
use crate::client::fields::{
    Fields, field, from_record, optional, part, read, read_optional, subject, text, to_record,
};
use crate::error::Error;
use crate::flow::callback::bounded;
use crate::flow::setup::Setup;
use crate::flow::transaction;
use crate::http::Request;
use crate::secret::Secret;
use crate::table;
use crate::text::{number, plain};

pub use crate::flow::transaction::{MOST_KEPT, Outcome};

/// A login that was begun and not yet finished. Holds the verifier; is not `Clone`, so that it is finished once.
pub struct Transaction(pub(crate) Fields);

impl Transaction {
    /// The record to keep until the user comes back. Holds the verifier.
    #[must_use]
    pub fn to_record(&self) -> Secret {
        to_record(&self.0)
    }

    /// Reads a record that was kept.
    ///
    /// # Errors
    /// [`Code::TransactionInvalid`](crate::Code::TransactionInvalid) when it is not a record of this version
    pub fn from_record(record: &str) -> Result<Self, Error> {
        let fields = from_record(record);
        transaction::Transaction::parse(&fields)?;
        Ok(Self(fields))
    }

    /// Where the application wanted to return to after this login.
    #[must_use]
    pub fn return_to(&self) -> Option<&str> {
        let field = self.view().return_to();
        if field.is_empty() { None } else { Some(part(plain(field))) }
    }

    /// The thumbprint of the key that its tokens are to be bound to (RFC 9449 section 10).
    #[must_use]
    pub fn dpop_jkt(&self) -> Option<&str> {
        let field = self.view().dpop_jkt();
        if field.is_empty() { None } else { Some(part(field)) }
    }

    /// In what it is another client's login, or one at another issuer; `None` when it is of this configuration.
    #[must_use]
    pub fn foreign_member(&self, config: &Config) -> Option<&'static str> {
        self.view().check_owner(&Setup::of_table(&config.setup())).err().and_then(subject)
    }

    /// Whether the login took longer than it might; `now` is in seconds since 1970.
    #[must_use]
    pub fn is_expired(&self, now: u64) -> bool {
        self.view().is_expired(now)
    }

    /// The name under which the record of this login is kept.
    #[must_use]
    pub fn key(&self) -> String {
        text(transaction::key(self.view().state()))
    }

    /// The request for the keys by which the ID token of this login will be signed; `None` when there will be no ID token, or the
    /// server names no keys. A login does not need them before its tokens are there. Whoever has them before the code is redeemed can
    /// try again when they cannot be fetched: afterwards the code is spent.
    #[must_use]
    pub fn keys_request(&self) -> Option<Request> {
        let transaction = self.view();
        if transaction.nonce().is_empty() { None } else { read_optional(transaction.jwks_uri()).map(Request::get) }
    }

    /// The same as `flow` reads it.
    pub(crate) fn view(&self) -> transaction::Transaction<'_> {
        transaction::Transaction::of_table(&self.0)
    }
}

impl fmt::Debug for Transaction {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[transaction]")
    }
}

/// The name under which the record of the login with this `state` is kept: it does not show the `state`, but begins with `popup.` where that does.
#[must_use]
pub fn key(state: &str) -> String {
    text(transaction::key(state.as_bytes()))
}

/// When a login began or ended whose record may still be needed; `None` when it may be forgotten. What is from the future, by more than a
/// minute, counts as oldest: 0.
///
/// Only the times are read, and every version of this crate writes them in the same places: an application of an older version leaves the
/// logins of a newer one alone.
#[must_use]
pub fn kept_since(record: &str, now: u64) -> Option<u64> {
    transaction::kept_since(record.as_bytes(), now)
}

/// The records that are to be forgotten before one more of their kind is kept: those that may be, and the oldest beyond
/// [`MOST_KEPT`]. Takes their names, each with what [`kept_since`] says.
#[must_use]
#[allow(clippy::needless_pass_by_value, reason = "the names go on to whoever asked")]
pub fn forgettable(records: Vec<(String, Option<u64>)>) -> Vec<String> {
    let mut newest = transaction::Newest::default();
    let gone = records.iter().enumerate().filter_map(|(place, (_, since))| newest.add(*since, place));
    gone.filter_map(|place| records.get(place)).map(|(name, _)| name.clone()).collect()
}

/// What remains of a login, without a secret: the same callback again has the same outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tombstone {
    /// How the login ended.
    pub outcome: Outcome,
    /// Where the application wanted to return to.
    pub return_to: Option<String>,
    /// The server's `error`, where it sent one: at most 128 characters are kept, and none of one that is malformed.
    pub oauth_error: Option<String>,
    owner: String,
    created_at: u64,
}

impl Tombstone {
    /// What remains of a login of this configuration that ended now, in seconds since 1970.
    #[must_use]
    pub fn new(config: &Config, outcome: Outcome, return_to: Option<String>, now: u64) -> Self {
        Self { outcome, return_to, oauth_error: None, owner: config.owner(), created_at: now }
    }

    /// Whether the login was of another client, or at another issuer.
    #[must_use]
    pub fn is_foreign(&self, config: &Config) -> bool {
        transaction::Tombstone::of_table(&self.to_fields()).is_foreign(&Setup::of_table(&config.setup()))
    }

    /// The record to keep.
    #[must_use]
    pub fn to_record(&self) -> String {
        text(table::to_lines(&self.to_fields()))
    }

    /// Reads a record that was kept; `None` when it is not one of this version.
    #[must_use]
    pub fn from_record(record: &str) -> Option<Self> {
        Self::from_fields(&table::from_lines(record.as_bytes()))
    }

    fn to_fields(&self) -> Vec<u8> {
        let error = self.oauth_error.as_deref().unwrap_or_default();
        let return_to = optional(self.return_to.as_deref());
        transaction::bury(self.outcome, bounded(error.as_bytes()), field(&self.owner), return_to, self.created_at)
    }

    pub(crate) fn from_fields(fields: &[u8]) -> Option<Self> {
        let tombstone = transaction::Tombstone::parse(fields)?;
        Some(Self {
            outcome: tombstone.ended(),
            return_to: read_optional(tombstone.way_back()),
            oauth_error: read_optional(tombstone.error()),
            owner: read(tombstone.owner()),
            created_at: number(tombstone.created_at())?,
        })
    }
}
