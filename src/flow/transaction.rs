//! The pending login, as a record that survives the page.

use alloc::string::String;
use alloc::vec::Vec;

use sha2::{Digest, Sha256};

use crate::encoding::{Form, base64url, decimal, form_pairs, take_field};
use crate::error::{Code, Error};
use crate::flow::config::Config;
use crate::http::Request;
use crate::pkce::Verifier;
use crate::secret::Secret;

/// The version of the record's form; another one is refused.
const VERSION: &str = "1";

/// Before the `state` of a login whose callback comes to another window, so that this one knows: it may share no storage with the window that
/// began the login, and nobody else can tell it.
pub(crate) const POPUP: &str = "popup.";

/// A login that was begun and not yet finished. Holds the verifier; is not `Clone`, so that it is finished once.
#[derive(Debug)]
pub struct Transaction {
    pub(crate) state: Secret,
    pub(crate) code_verifier: Verifier,
    pub(crate) nonce: Option<String>,
    pub(crate) created_at: u64,
    pub(crate) expires_at: u64,
    pub(crate) issuer: String,
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
    pub(crate) token_endpoint: String,
    pub(crate) jwks_uri: Option<String>,
    pub(crate) signing_algs: Option<String>,
    pub(crate) scope: String,
    pub(crate) max_age: Option<u64>,
    pub(crate) acr_values: Option<String>,
    /// Separated by spaces.
    pub(crate) resource: Option<String>,
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
            .with("expires_at", &decimal(self.expires_at))
            .with("issuer", &self.issuer)
            .with("client_id", &self.client_id)
            .with("redirect_uri", &self.redirect_uri)
            .with("token_endpoint", &self.token_endpoint)
            .with_some("jwks_uri", self.jwks_uri.as_deref())
            .with_some("signing_algs", self.signing_algs.as_deref())
            .with("scope", &self.scope)
            .with_some("max_age", self.max_age.map(decimal).as_deref())
            .with_some("acr_values", self.acr_values.as_deref())
            .with_some("resource", self.resource.as_deref())
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
            expires_at: whole(&fields.take("expires_at")?, "expires_at")?,
            issuer: fields.take("issuer")?,
            client_id: fields.take("client_id")?,
            redirect_uri: fields.take("redirect_uri")?,
            token_endpoint: fields.take("token_endpoint")?,
            jwks_uri: fields.take_some("jwks_uri"),
            signing_algs: fields.take_some("signing_algs"),
            scope: fields.take("scope")?,
            max_age: fields.take_some("max_age").map(|max_age| whole(&max_age, "max_age")).transpose()?,
            acr_values: fields.take_some("acr_values"),
            resource: fields.take_some("resource"),
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

    /// Whether the login took longer than it might; `now` is in seconds since 1970.
    #[must_use]
    pub const fn is_expired(&self, now: u64) -> bool {
        now > self.expires_at
    }

    /// The name under which the record of this login is kept.
    #[must_use]
    pub fn key(&self) -> String {
        key(self.state.expose())
    }

    /// The request for the keys by which the ID token of this login will be signed; `None` when there will be no ID token, or the
    /// server names no keys. A login does not need them before its tokens are there. Whoever has them before the code is redeemed can
    /// try again when they cannot be fetched: afterwards the code is spent.
    #[must_use]
    pub fn keys_request(&self) -> Option<Request> {
        self.nonce.as_ref().and(self.jwks_uri.clone()).map(Request::get)
    }
}

/// The name under which the record of the login with this `state` is kept: it does not show the `state`, but begins with `popup.` where that does.
#[must_use]
pub fn key(state: &str) -> String {
    let hash = base64url(&Sha256::digest(state.as_bytes()));
    if state.starts_with(POPUP) { [POPUP, &hash].concat() } else { hash }
}

/// The most logins that are kept at once, and the most tombstones.
pub const MOST_KEPT: usize = 100;

/// When a login began or ended whose record may still be needed; `None` when it may be forgotten.
///
/// Only the times are read, and every version of this crate calls them the same: a page of an older version leaves the
/// logins of a newer one alone.
#[must_use]
pub fn kept_since(record: &str, now: u64) -> Option<u64> {
    let time = |name: &str| record.split('&').find_map(|pair| pair.strip_prefix(name))?.parse::<u64>().ok();
    if now > time("expires_at=")? { None } else { time("created_at=") }
}

/// The records that are to be forgotten before one more of their kind is kept: those that may be, and the oldest beyond
/// [`MOST_KEPT`]. Takes their names, each with what [`kept_since`] says.
#[must_use]
pub fn forgettable(records: Vec<(String, Option<u64>)>) -> Vec<String> {
    let mut gone = Vec::new();
    let mut kept = Vec::new();
    for (name, since) in records {
        match since {
            Some(since) => kept.push((since, name)),
            None => gone.push(name),
        }
    }
    while kept.len() >= MOST_KEPT {
        let Some((place, _)) = kept.iter().enumerate().min_by_key(|(_, (since, _))| *since) else { break };
        gone.push(kept.swap_remove(place).1);
    }
    gone
}

/// How a login came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The code was sent to the server; what became of it is not known.
    Claimed,
    /// The user is signed in.
    Completed,
    /// It was no login: the user was sent to the server to sign out there too.
    SignedOut,
    /// It failed for good.
    Refused {
        /// Why.
        code: Code,
        /// Whether beginning it again may help.
        restart: bool,
    },
}

/// What remains of a login, without a secret: the same callback again has the same outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tombstone {
    /// How the login ended.
    pub outcome: Outcome,
    /// Where the application wanted to return to.
    pub return_to: Option<String>,
    owner: String,
    created_at: u64,
}

impl Tombstone {
    /// Seconds for which a callback is remembered.
    const MAX_AGE: u64 = 86_400;

    /// What remains of a login of this configuration that ended now, in seconds since 1970.
    #[must_use]
    pub fn new(config: &Config, outcome: Outcome, return_to: Option<String>, now: u64) -> Self {
        Self { outcome, return_to, owner: config.owner(), created_at: now }
    }

    /// Whether the login was of another client, or at another issuer.
    #[must_use]
    pub fn is_foreign(&self, config: &Config) -> bool {
        self.owner != config.owner()
    }

    /// The record to keep.
    #[must_use]
    pub fn to_record(&self) -> String {
        // A login that was claimed is completed also where the storage is full: the record does not become longer.
        let (outcome, code, restart) = match self.outcome {
            Outcome::Claimed => ("exchanging", None, false),
            Outcome::Completed => ("completed", None, false),
            Outcome::SignedOut => ("signed-out", None, false),
            Outcome::Refused { code, restart } => ("refused", Some(decimal(code as u64)), restart),
        };
        Form::new()
            .with("v", VERSION)
            .with("outcome", outcome)
            .with_some("code", code.as_deref())
            .with_some("restart", restart.then_some("1"))
            .with_some("return_to", self.return_to.as_deref())
            .with("owner", &self.owner)
            .with("created_at", &decimal(self.created_at))
            .with("expires_at", &decimal(self.created_at.saturating_add(Self::MAX_AGE)))
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
            ("signed-out", _) => Outcome::SignedOut,
            (_, Some(code)) => Outcome::Refused {
                code: *Code::ALL.get(code.parse::<usize>().ok()?)?,
                restart: fields.take_some("restart").is_some(),
            },
            _ => Outcome::Claimed,
        };
        let return_to = fields.take_some("return_to");
        let owner = fields.take_some("owner")?;
        Some(Self { outcome, return_to, owner, created_at: fields.take_some("created_at")?.parse().ok()? })
    }
}

/// A whole number of a record.
fn whole(digits: &str, name: &'static str) -> Result<u64, Error> {
    digits.parse().map_err(|_| Error::new(Code::TransactionInvalid).about(name))
}

/// The fields of a record.
struct Fields(Vec<(String, String)>);

impl Fields {
    fn take_some(&mut self, name: &str) -> Option<String> {
        take_field(&mut self.0, name)
    }

    fn take(&mut self, name: &'static str) -> Result<String, Error> {
        self.take_some(name).ok_or_else(|| Error::new(Code::TransactionInvalid).about(name))
    }
}
