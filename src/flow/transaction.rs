//! The pending login, as a record that survives the page.

use alloc::string::String;

use sha2::{Digest, Sha256};

use crate::encoding::{Form, base64url, decimal, form_pairs, take_field};
use crate::error::{Code, Error};
use crate::flow::config::Config;
use crate::pkce::Verifier;
use crate::secret::Secret;

/// The version of the record's form; another one is refused.
const VERSION: &str = "1";

/// A login that was begun and not yet finished. Holds the verifier; is not `Clone`, so that it is finished once.
#[derive(Debug)]
pub struct Transaction {
    pub(crate) state: Secret,
    pub(crate) code_verifier: Verifier,
    pub(crate) nonce: Option<String>,
    pub(crate) created_at: u64,
    pub(crate) issuer: String,
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
    pub(crate) token_endpoint: String,
    pub(crate) jwks_uri: Option<String>,
    pub(crate) signing_algs: Option<String>,
    pub(crate) scope: String,
    pub(crate) max_age: Option<u64>,
    pub(crate) acr_values: Option<String>,
    pub(crate) iss_required: bool,
    pub(crate) return_to: Option<String>,
}

impl Transaction {
    /// The record to keep until the user comes back. Holds the verifier.
    #[must_use]
    pub fn to_record(&self) -> Secret {
        let form = Form::new()
            .with("v", VERSION)
            .with("state", self.state.expose())
            .with("code_verifier", self.code_verifier.expose())
            .with_some("nonce", self.nonce.as_deref())
            .with("created_at", &decimal(self.created_at))
            .with("issuer", &self.issuer)
            .with("client_id", &self.client_id)
            .with("redirect_uri", &self.redirect_uri)
            .with("token_endpoint", &self.token_endpoint)
            .with_some("jwks_uri", self.jwks_uri.as_deref())
            .with_some("signing_algs", self.signing_algs.as_deref())
            .with("scope", &self.scope)
            .with_some("max_age", self.max_age.map(decimal).as_deref())
            .with_some("acr_values", self.acr_values.as_deref())
            .with_some("iss_required", self.iss_required.then_some("1"))
            .with_some("return_to", self.return_to.as_deref());
        Secret::new(form.finish())
    }

    /// Reads a record that was kept.
    ///
    /// # Errors
    /// [`Code::TransactionInvalid`] when it is not a record of this version
    pub fn from_record(record: &str) -> Result<Self, Error> {
        let mut fields = Fields(form_pairs(record).ok_or(Code::TransactionInvalid)?);
        if fields.take("v")? != VERSION {
            return Err(Error::new(Code::TransactionInvalid).about("v"));
        }
        Ok(Self {
            state: Secret::new(fields.take("state")?),
            code_verifier: Verifier::parse(fields.take("code_verifier")?)
                .map_err(|_| Error::new(Code::TransactionInvalid).about("code_verifier"))?,
            nonce: fields.take_some("nonce"),
            created_at: whole(&fields.take("created_at")?, "created_at")?,
            issuer: fields.take("issuer")?,
            client_id: fields.take("client_id")?,
            redirect_uri: fields.take("redirect_uri")?,
            token_endpoint: fields.take("token_endpoint")?,
            jwks_uri: fields.take_some("jwks_uri"),
            signing_algs: fields.take_some("signing_algs"),
            scope: fields.take("scope")?,
            max_age: fields.take_some("max_age").map(|max_age| whole(&max_age, "max_age")).transpose()?,
            acr_values: fields.take_some("acr_values"),
            iss_required: fields.take_some("iss_required").is_some(),
            return_to: fields.take_some("return_to"),
        })
    }

    /// Where the application wanted to return to after this login.
    #[must_use]
    pub fn return_to(&self) -> Option<&str> {
        self.return_to.as_deref()
    }

    /// In what it is another client's login, or one at another issuer; `None` when it is of this configuration.
    #[must_use]
    pub fn foreign_member(&self, config: &Config) -> Option<&'static str> {
        let settings = config.settings();
        if self.issuer != settings.issuer {
            Some("issuer")
        } else if self.client_id != settings.client_id {
            Some("client_id")
        } else {
            None
        }
    }

    /// Whether the login took longer than that many seconds; `now` is in seconds since 1970.
    #[must_use]
    pub const fn is_expired(&self, max_age: u64, now: u64) -> bool {
        now.saturating_sub(self.created_at) > max_age
    }

    /// The name under which the record of this login is kept.
    #[must_use]
    pub fn key(&self) -> String {
        key(self.state.expose())
    }
}

/// The name under which the record of the login with this `state` is kept: it does not show the `state`.
#[must_use]
pub fn key(state: &str) -> String {
    base64url(&Sha256::digest(state.as_bytes()))
}

/// How a login came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The code was sent to the server; what became of it is not known.
    Claimed,
    /// The user is signed in.
    Completed,
    /// It failed for good.
    Refused(Code),
}

/// What remains of a login, without a secret: the same callback again has the same outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tombstone {
    /// How the login ended.
    pub outcome: Outcome,
    /// Where the application wanted to return to.
    pub return_to: Option<String>,
    created_at: u64,
}

impl Tombstone {
    /// Seconds for which a callback is remembered.
    const MAX_AGE: u64 = 86_400;

    /// What remains of a login that ended now, in seconds since 1970.
    #[must_use]
    pub const fn new(outcome: Outcome, return_to: Option<String>, now: u64) -> Self {
        Self { outcome, return_to, created_at: now }
    }

    /// The record to keep.
    #[must_use]
    pub fn to_record(&self) -> String {
        let code = match self.outcome {
            Outcome::Refused(code) => Some(decimal(code as u64)),
            _ => None,
        };
        Form::new()
            .with("v", VERSION)
            .with("outcome", if self.outcome == Outcome::Completed { "completed" } else { "used" })
            .with_some("code", code.as_deref())
            .with_some("return_to", self.return_to.as_deref())
            .with("created_at", &decimal(self.created_at))
            .finish()
    }

    /// Reads a record that was kept; `None` when it is not one of this version.
    #[must_use]
    pub fn from_record(record: &str) -> Option<Self> {
        let mut fields = Fields(form_pairs(record)?);
        if fields.take_some("v")? != VERSION {
            return None;
        }
        let outcome = match (fields.take_some("outcome")?.as_str(), fields.take_some("code")) {
            ("completed", _) => Outcome::Completed,
            (_, Some(code)) => Outcome::Refused(*Code::ALL.get(code.parse::<usize>().ok()?)?),
            _ => Outcome::Claimed,
        };
        let return_to = fields.take_some("return_to");
        Some(Self { outcome, return_to, created_at: fields.take_some("created_at")?.parse().ok()? })
    }

    /// Whether it may be forgotten.
    #[must_use]
    pub const fn is_stale(&self, now: u64) -> bool {
        now.saturating_sub(self.created_at) > Self::MAX_AGE
    }
}

/// A whole number of a record.
fn whole(digits: &str, name: &'static str) -> Result<u64, Error> {
    digits.parse().map_err(|_| Error::new(Code::TransactionInvalid).about(name))
}

/// The fields of a record.
struct Fields(alloc::vec::Vec<(String, String)>);

impl Fields {
    fn take_some(&mut self, name: &str) -> Option<String> {
        take_field(&mut self.0, name)
    }

    fn take(&mut self, name: &'static str) -> Result<String, Error> {
        self.take_some(name).ok_or_else(|| Error::new(Code::TransactionInvalid).about(name))
    }
}
