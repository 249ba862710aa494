//! The pending login, as a record that survives the page, and what remains of it.

use alloc::vec::Vec;

use crate::encoding::write_hash;
use crate::error::{Code, Fault};
use crate::flow::config::{are_resources, asks_for_openid, is_list_or_absent, is_way_back};
use crate::flow::setup::Setup;
use crate::pkce::is_verifier;
use crate::table::record;
use crate::tables::about;
use crate::text::{Class, Write, after, all, cut, digits, is_number, number, number_or, plain, position, take};

/// The version of the records' form; another one is refused.
const VERSION: &[u8] = b"2";

/// Before the `state` of a login whose callback comes to another window, so that this one knows: it may share no storage with the window that
/// began the login, and nobody else can tell it.
pub(crate) const POPUP: &[u8] = b"popup.";

/// The most seconds that a login may take, or that the user may have been authenticated before it.
const MOST_MAX_AGE: u64 = 4_294_967_295;

/// Seconds by which a clock may have been set back since a time was noted.
const MOST_AHEAD: u64 = 60;

/// Whether a time was noted in the future. It was not, or the clock was set back since: it says nothing of the order of things.
pub(crate) const fn is_from_future(time: u64, now: u64) -> bool {
    time > now.saturating_add(MOST_AHEAD)
}

/// Whether it is of the form in which `state` and `nonce` are made: 256 bits in base64url.
#[inline(never)]
pub(crate) fn is_token(text: &[u8]) -> bool {
    text.len() == 43 && all(text, const { &Class::alphanumeric(b"-_") })
}

/// Whether it is of the form of a `state` that is made here.
pub(crate) fn is_state(text: &[u8]) -> bool {
    is_token(after(text, POPUP).unwrap_or(text))
}

/// Seconds for which a callback is remembered.
const TOMBSTONE_MAX_AGE: u64 = 86_400;

record! {
    /// A login that was begun and not yet finished. Holds the verifier. The times stand first in every record that is swept.
    pub(crate) struct Transaction / TransactionParts {
        version created_at expires_at state code_verifier nonce issuer client_id redirect_uri token_endpoint jwks_uri
        signing_algs scope max_age acr_values resource iss_required return_to session_name is_silent dpop_jkt
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
        if !(record.max_age().is_empty() || number_or(record.max_age(), u64::MAX) <= MOST_MAX_AGE) {
            return Err(about!(TransactionInvalid, OPTIONS, "max_age"));
        }
        // What a login is begun with: who can write the storage is not to say more.
        let nonce = record.nonce();
        let is_sound = is_state(record.state())
            && is_list_or_absent(plain(record.scope()))
            && if asks_for_openid(record.scope()) { is_token(nonce) } else { nonce.is_empty() }
            && number_or(record.expires_at(), 0).wrapping_sub(number_or(record.created_at(), 0)) <= MOST_MAX_AGE
            && is_list_or_absent(plain(record.acr_values()))
            && are_resources(plain(record.resource()))
            && is_way_back(record.return_to())
            && (record.dpop_jkt().is_empty() || is_token(record.dpop_jkt()));
        if !is_sound {
            return Err(Code::TransactionInvalid.into());
        }
        Ok(record)
    }

    /// Refuses a login that names other endpoints than its server does.
    /// A setup without endpoints says nothing of them.
    ///
    /// # Errors
    /// [`Code::TransactionInvalid`]
    #[inline(never)]
    pub(crate) fn check_server(&self, setup: &Setup<'_>) -> Result<(), Fault> {
        let is_same = setup.token_endpoint().is_empty()
            || self.token_endpoint() == setup.token_endpoint()
                && self.jwks_uri() == setup.jwks_uri()
                && self.signing_algs() == setup.signing_algs()
                && self.iss_required() == setup.iss_required();
        if is_same { Ok(()) } else { Err(Code::TransactionInvalid.into()) }
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

/// When a login began or ended whose record may still be needed; `None` when it may be forgotten. What is from the future counts as oldest:
/// nobody can be kept in the place of others by a clock that was wrong.
///
/// Only the times are read, and every version of this crate writes them in these places: a page of an older version leaves
/// the logins of a newer one alone.
pub(crate) fn kept_since(mut record: &[u8], now: u64) -> Option<u64> {
    let mut line = || number(take(&mut record, b'\n'));
    let (_, created_at, expires_at) = (line(), line(), line());
    if now > expires_at? {
        return None;
    }
    created_at.map(|created_at| if is_from_future(created_at, now) { 0 } else { created_at })
}

/// The most logins that are kept at once, and the most tombstones.
pub const MOST_KEPT: usize = 100;

/// The records that stay when one more of their kind is kept: the newest, and one less than [`MOST_KEPT`]. Each is looked at once.
#[derive(Default)]
pub(crate) struct Newest(Vec<(u64, usize)>);

impl Newest {
    /// Takes one more record, by its place and by what [`kept_since`] says of it. Gives the place of one that is to be forgotten.
    #[inline(never)]
    pub(crate) fn add(&mut self, since: Option<u64>, place: usize) -> Option<usize> {
        let Some(since) = since else { return Some(place) };
        if self.0.len().saturating_add(1) < MOST_KEPT {
            self.0.push((since, place));
            return None;
        }
        let oldest = self.0.iter_mut().reduce(|oldest, other| if other.0 < oldest.0 { other } else { oldest })?;
        if since < oldest.0 {
            return Some(place);
        }
        let (_, gone) = core::mem::replace(oldest, (since, place));
        Some(gone)
    }
}

/// Visits the names of the records that are to be forgotten before one more of their kind is kept. A record has four lines: its name, and the three
/// with which it begins. `now` is in seconds since 1970.
pub(crate) fn sweep(records: &[u8], now: u64, forget: &mut dyn FnMut(&[u8])) {
    let (mut newest, mut rest) = (Newest::default(), records);
    while !rest.is_empty() {
        let place = records.len().wrapping_sub(rest.len());
        take(&mut rest, b'\n');
        let since = kept_since(rest, now);
        for _ in 0..3 {
            take(&mut rest, b'\n');
        }
        if let Some(gone) = newest.add(since, place) {
            forget(cut(records.get(gone..).unwrap_or_default(), b'\n').0);
        }
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

impl Outcome {
    /// Why the same callback is refused, and whether beginning the login again may help: also when nobody knows what became of its code, which is redeemed once (RFC 6749
    /// section 4.1.2). `None` where it is not.
    #[must_use]
    pub const fn refusal(self) -> Option<(Code, bool)> {
        match self {
            Self::Claimed => Some((Code::CodeAlreadyUsed, true)),
            Self::Refused { code, restart } => Some((code, restart)),
            Self::Completed | Self::SignedOut => None,
        }
    }
}

record! {
    /// What remains of a login, without a secret: the same callback again has the same outcome.
    pub(crate) struct Tombstone / TombstoneParts {
        version created_at expires_at outcome code restart owner return_to error
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

    /// Where to return to; nothing in the place of what no login was begun with.
    pub(crate) fn way_back(&self) -> &'a [u8] {
        if is_way_back(self.return_to()) { self.return_to() } else { b"" }
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

/// The fields of what remains of a login that ended so, with the server's `error`; `now` is in seconds since 1970, and `owner` says whose it was.
pub(crate) fn bury(outcome: Outcome, error: &[u8], owner: &[u8], return_to: &[u8], now: u64) -> Vec<u8> {
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
        error,
    }
    .to_fields()
}

#[cfg(all(test, not(target_arch = "wasm32")))]
#[allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    reason = "a test states what it expects by failing"
)]
mod tests {
    use std::format;
    use std::string::String;
    use std::vec::Vec;

    use super::*;

    const NOW: u64 = 1_800_000_000;

    fn swept(records: &str) -> Vec<String> {
        let mut gone = Vec::new();
        sweep(records.as_bytes(), NOW, &mut |name| gone.push(String::from_utf8(name.to_vec()).unwrap()));
        gone
    }

    fn record(name: &str, created_at: u64) -> String {
        format!("{name}\n2\n{created_at}\n{}\n", created_at.saturating_add(600))
    }

    /// So many that work for each pair of them would not come to an end.
    #[test]
    fn a_million_records_are_swept_in_one_pass() {
        let count = 1_000_000;
        let records: String = (0..count).map(|place| record(&format!("{place}"), NOW - place % 600)).collect();
        let gone = swept(&records);
        assert_eq!(gone.len(), count as usize - 99);
        // Those that began just now stay, and the last of them.
        let newest: Vec<u64> =
            gone.iter().map(|name| name.parse::<u64>().unwrap()).filter(|place| place % 600 == 0).collect();
        assert_eq!(newest.len() as u64, count.div_ceil(600) - 99);
        assert!(newest.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn records_from_the_future_do_not_take_the_place_of_others() {
        let future: String = (0..200).map(|place| record(&format!("future {place}"), NOW + 61 + place)).collect();
        for records in
            [[&*record("ours", NOW - 500), &future].concat(), [&*future, &record("ours", NOW - 500)].concat()]
        {
            let gone = swept(&records);
            assert_eq!(gone.len(), 201 - 99);
            assert!(!gone.contains(&"ours".into()));
        }
        assert_eq!(swept(&record("a little", NOW + 60)), Vec::<String>::new());
    }

    #[test]
    fn what_has_no_times_is_forgotten_and_nothing_moves_a_name() {
        assert_eq!(swept(""), Vec::<String>::new());
        for cut_off in ["a", "a\n", "a\n2", "a\n2\n1\n", "a\n2\n1800000000\nx"] {
            assert_eq!(swept(cut_off), ["a"], "{cut_off:?}");
        }
        let records = [&*record("old", 1), "bad\n\n\n\n", &record("new", NOW), "odd\n{}\n-1\n-1\n"].concat();
        assert_eq!(swept(&records), ["old", "bad", "odd"]);
    }
}
