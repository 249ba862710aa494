//! The pending login, as a record that survives the page, and what remains of it.

use alloc::vec::Vec;

use crate::encoding::write_hash;
use crate::error::{Code, Fault};
use crate::flow::setup::Setup;
use crate::pkce::is_verifier;
use crate::table::record;
use crate::tables::about;
use crate::text::{Write, digits, is_number, number, number_or, position, take};

/// The version of the records' form; another one is refused.
const VERSION: &[u8] = b"2";

/// Before the `state` of a login whose callback comes to another window, so that this one knows: it may share no storage with the window that
/// began the login, and nobody else can tell it.
pub(crate) const POPUP: &[u8] = b"popup.";

/// Seconds for which a callback is remembered.
const TOMBSTONE_MAX_AGE: u64 = 86_400;

record! {
    /// A login that was begun and not yet finished. Holds the verifier. The times stand first in every record that is swept.
    pub(crate) struct Transaction / TransactionParts {
        version created_at expires_at state code_verifier nonce issuer client_id redirect_uri token_endpoint jwks_uri
        signing_algs scope max_age acr_values resource iss_required return_to session_name
    }
}

/// The fields that have to be there, by their places, and whether they are times.
const FIELDS: &[(usize, bool, Fault)] = &[
    (1, true, about!(TransactionInvalid, OTHER, "created_at")),
    (2, true, about!(TransactionInvalid, TOKENS, "expires_at")),
    (3, false, about!(TransactionInvalid, OTHER, "state")),
    (6, false, about!(TransactionInvalid, SETTINGS, "issuer")),
    (7, false, about!(TransactionInvalid, SETTINGS, "client_id")),
    (8, false, about!(TransactionInvalid, SETTINGS, "redirect_uri")),
    (9, false, about!(TransactionInvalid, METADATA, "token_endpoint")),
    (12, false, about!(TransactionInvalid, SETTINGS, "scope")),
];

impl<'a> Transaction<'a> {
    /// The version that is written.
    pub(crate) const VERSION: &'static [u8] = VERSION;

    /// Reads a record that was kept.
    ///
    /// # Errors
    /// [`Code::TransactionInvalid`] naming the member
    pub(crate) fn parse(fields: &'a [u8]) -> Result<Self, Fault> {
        let record = Self::read(fields).ok_or(Code::TransactionInvalid)?;
        if record.version() != VERSION {
            return Err(about!(TransactionInvalid, OTHER, "v"));
        }
        if !is_verifier(record.code_verifier()) {
            return Err(about!(TransactionInvalid, OTHER, "code_verifier"));
        }
        for (place, is_time, fault) in FIELDS {
            let field = record.fields().get(*place).copied().unwrap_or_default();
            if field.is_empty() || *is_time && !is_number(field) {
                return Err(*fault);
            }
        }
        if !record.max_age().is_empty() && !is_number(record.max_age()) {
            return Err(about!(TransactionInvalid, OPTIONS, "max_age"));
        }
        Ok(record)
    }

    /// Refuses another client's login, one at another issuer, or one of another session name.
    ///
    /// # Errors
    /// [`Code::TransactionInvalid`] naming in what it is another's
    pub(crate) fn check_owner(&self, setup: &Setup<'_>) -> Result<(), Fault> {
        if self.issuer() != setup.issuer() {
            return Err(about!(TransactionInvalid, SETTINGS, "issuer"));
        }
        if self.client_id() != setup.client_id() {
            return Err(about!(TransactionInvalid, SETTINGS, "client_id"));
        }
        if self.session_name() != setup.session_name() {
            return Err(about!(TransactionInvalid, SETTINGS, "session_name"));
        }
        Ok(())
    }

    /// Whether the login took longer than it might; `now` is in seconds since 1970.
    pub(crate) fn is_expired(&self, now: u64) -> bool {
        number(self.expires_at()).is_none_or(|expires_at| now > expires_at)
    }
}

/// The name under which the record of the login with this `state` is kept: it does not show the `state`, but begins with `popup.` where that does.
pub(crate) fn key(state: &[u8]) -> Vec<u8> {
    let mut key = Vec::new();
    if state.starts_with(POPUP) {
        key.text(POPUP);
    }
    write_hash(&mut key, state);
    key
}

/// When a login began or ended whose record may still be needed; `None` when it may be forgotten.
///
/// Only the times are read, and every version of this crate writes them in these places: a page of an older version leaves
/// the logins of a newer one alone.
pub(crate) fn kept_since(mut record: &[u8], now: u64) -> Option<u64> {
    let mut line = || number(take(&mut record, b'\n'));
    let (_, created_at, expires_at) = (line(), line(), line());
    if now > expires_at? { None } else { created_at }
}

/// The most logins that are kept at once, and the most tombstones.
pub const MOST_KEPT: usize = 100;

/// Visits the places of the records that are to be forgotten before one more of their kind is kept: those that may be, and
/// the oldest beyond [`MOST_KEPT`]. Asks for each place what [`kept_since`] says of its record.
pub(crate) fn sweep(count: usize, since: &dyn Fn(usize) -> Option<u64>, forget: &mut dyn FnMut(usize)) {
    let mut last = None;
    loop {
        let (mut kept, mut oldest) = (0_usize, None);
        for place in 0..count {
            let age = since(place).map(|since| (since, place));
            if age.is_none() && last.is_none() {
                forget(place);
            }
            // Those before the last one that was forgotten for its age are gone.
            if age > last {
                kept = kept.saturating_add(1);
                if oldest.is_none() || age < oldest {
                    oldest = age;
                }
            }
        }
        let Some((_, place)) = oldest.filter(|_| kept >= MOST_KEPT) else { return };
        forget(place);
        last = oldest;
    }
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

record! {
    /// What remains of a login, without a secret: the same callback again has the same outcome.
    pub(crate) struct Tombstone / TombstoneParts {
        version created_at expires_at outcome code restart owner return_to
    }
}

impl<'a> Tombstone<'a> {
    /// Reads a record that was kept; `None` when it is not one of this version.
    #[inline(never)]
    pub(crate) fn parse(fields: &'a [u8]) -> Option<Self> {
        Self::read(fields).filter(|record| {
            record.version() == VERSION && !record.owner().is_empty() && is_number(record.created_at())
        })
    }

    /// Whether the login was of another client, at another issuer, or of another session name.
    pub(crate) fn is_foreign(&self, setup: &Setup<'_>) -> bool {
        self.owner() != setup.owner()
    }

    /// How the login ended.
    pub(crate) fn ended(&self) -> Outcome {
        match position(b"completed signed-out", self.outcome()) {
            Some(0) => Outcome::Completed,
            Some(_) => Outcome::SignedOut,
            None => match Code::from_place(number_or(self.code(), u64::MAX)) {
                Some(code) => Outcome::Refused { code, restart: !self.restart().is_empty() },
                None => Outcome::Claimed,
            },
        }
    }
}

/// The fields of what remains of a login that ended so; `now` is in seconds since 1970, and `owner` says whose it was.
pub(crate) fn bury(outcome: Outcome, owner: &[u8], return_to: &[u8], now: u64) -> Vec<u8> {
    let created_at = digits(now);
    let expires_at = digits(now.saturating_add(TOMBSTONE_MAX_AGE));
    let mut place = Vec::new();
    // A login that was claimed is completed also where the storage is full: the record does not become longer.
    let (outcome, restart) = match outcome {
        Outcome::Claimed => (b"exchanging".as_slice(), false),
        Outcome::Completed => (b"completed".as_slice(), false),
        Outcome::SignedOut => (b"signed-out".as_slice(), false),
        Outcome::Refused { code, restart } => {
            place = digits(code as u64);
            (b"refused".as_slice(), restart)
        }
    };
    TombstoneParts {
        version: VERSION,
        created_at: &created_at,
        expires_at: &expires_at,
        outcome,
        code: &place,
        restart: if restart { b"1" } else { b"" },
        owner,
        return_to,
    }
    .to_fields()
}
