//! A redirect URI of its own for each server that does not promise `iss` (RFC 9700 section 4.4): the record of those in use.
//!
//! With `iss` a response says which server it is from. Without it the redirect URI alone does: where two servers share one, a
//! server that lies gets a code of the other one, with the verifier.

use alloc::vec::Vec;

use crate::error::Fault;
use crate::flow::callback::is_at;
use crate::flow::config::is_set;
use crate::flow::setup::Setup;
use crate::table::has_element;
use crate::tables::about;
use crate::text::{Write, is_number, joined, number_or, take};
use crate::url::Url;

/// The seconds of a day. A login is remembered by its day: so the record changes once a day.
const DAY: u64 = 86_400;

/// Days after its last login for which a server is remembered: an application may move to another one.
const MAX_AGE: u64 = 30;

/// The most entries.
const MOST: usize = 32;

/// An entry of three lines: the day of the last login, counted from 1970, the issuer and the redirect URI. Neither URL has a line
/// break: both were checked.
struct Entry<'a> {
    day: u64,
    issuer: &'a [u8],
    redirect_uri: &'a [u8],
}

/// Notes a login, and gives the record anew, in which the entry that was used last stands last; `now` is in seconds since 1970. A record
/// that somebody broke counts as none. The day of an entry says only when it is forgotten: one from the future is today.
///
/// # Errors
/// [`Code::RedirectUriShared`](crate::Code::RedirectUriShared)
pub(crate) fn note(setup: &Setup<'_>, record: &[u8], now: u64) -> Result<Vec<u8>, Fault> {
    let own = Entry { day: now / DAY, issuer: setup.issuer(), redirect_uri: setup.redirect_uri() };
    let is_exempt = is_set(setup.iss_required());
    let is_trusted = |issuer| has_element(setup.shared_issuers(), issuer);
    let (mut rest, mut noted) = (record, Vec::new());
    let (mut seen, mut kept, mut is_shared) = (0_usize, 0_usize, false);
    while !rest.is_empty() {
        let day = take(&mut rest, b'\n');
        let is_day = is_number(day);
        let day = number_or(day, 0).min(own.day);
        let entry = Entry { day, issuer: take(&mut rest, b'\n'), redirect_uri: take(&mut rest, b'\n') };
        seen = seen.saturating_add(1);
        if !is_day || entry.redirect_uri.is_empty() || seen > MOST {
            (kept, is_shared) = (0, false);
            noted.clear();
            break;
        }
        let is_own = entry.issuer == own.issuer;
        if own.day.wrapping_sub(day) > MAX_AGE || is_own && (is_exempt || entry.redirect_uri == own.redirect_uri) {
            continue;
        }
        is_shared |= !(is_own || is_trusted(own.issuer) && is_trusted(entry.issuer))
            && (is_at(entry.redirect_uri, own.redirect_uri) || is_at(own.redirect_uri, entry.redirect_uri));
        entry.write(&mut noted);
        kept = kept.wrapping_add(1);
    }
    if is_exempt {
        return Ok(noted);
    }
    if is_shared {
        return Err(about!(RedirectUriShared, SETTINGS, "redirect_uri"));
    }
    own.write(&mut noted);
    let mut newest = noted.as_slice();
    if kept == MOST {
        for _ in 0..3 {
            take(&mut newest, b'\n');
        }
    }
    Ok(joined(&[newest]))
}

/// Whether a page of this machine has another origin than a redirect URI of this machine: `localhost` and `127.0.0.1` share no storage, nor do two
/// ports. The page that the user comes back to could not see the login.
pub(crate) fn is_unseen_from(origin: &[u8], redirect_uri: &[u8]) -> bool {
    let (Some(page), Some(there)) = (Url::parse(origin), Url::parse(redirect_uri)) else { return false };
    page.is_loopback() && there.is_loopback() && !page.has_origin_of(&there)
}

impl Entry<'_> {
    #[inline(never)]
    fn write(&self, record: &mut Vec<u8>) {
        record.number(self.day);
        for text in &[b"\n", self.issuer, b"\n", self.redirect_uri, b"\n"] {
            record.text(text);
        }
    }
}
