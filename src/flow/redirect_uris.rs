//! A redirect URI of its own for each server that does not promise `iss` (RFC 9700 section 4.4): the record of those in use.
//!
//! With `iss` a response says which server it is from. Without it the redirect URI alone does: where two servers share one, a
//! server that lies gets a code of the other one, with the verifier.

use alloc::vec::Vec;

use crate::error::Fault;
use crate::flow::callback::is_at;
use crate::flow::config::is_set;
use crate::flow::setup::Setup;
use crate::table::{has_element, record};
use crate::tables::about;
use crate::text::{Write, digits, is_number, number_or};

/// The seconds of a day. A login is remembered by its day: so the record changes once a day.
const DAY: u64 = 86_400;

/// Days after its last login for which a server is remembered: an application may move to another one.
const MAX_AGE: u64 = 30;

/// The most entries.
const MOST: usize = 32;

record! {
    /// A redirect URI that a server uses, and the day of the last login there, counted from 1970. The last one that was used stands last.
    pub(crate) struct Entry / EntryParts { day issuer redirect_uri }
}

/// Notes a login, and gives the fields of the record anew; `now` is in seconds since 1970. A record that somebody broke counts as none.
/// The day of an entry says only when it is forgotten: one from the future is today.
///
/// # Errors
/// [`Code::RedirectUriShared`](crate::Code::RedirectUriShared)
pub(crate) fn note(setup: &Setup<'_>, record: &[u8], now: u64) -> Result<Vec<u8>, Fault> {
    let today = now / DAY;
    let is_exempt = is_set(setup.iss_required());
    let is_shared = |issuer| has_element(setup.shared_issuers(), issuer);
    let (mut noted, mut count) = (Vec::new(), 0_usize);
    for entry in entries(record) {
        let day = number_or(entry.day(), 0).min(today);
        let is_own = entry.issuer() == setup.issuer();
        let is_same = entry.redirect_uri() == setup.redirect_uri();
        if today.saturating_sub(day) > MAX_AGE || is_own && (is_exempt || is_same) {
            continue;
        }
        if !(is_exempt || is_own || is_shared(setup.issuer()) && is_shared(entry.issuer()))
            && (is_at(entry.redirect_uri(), setup.redirect_uri()) || is_at(setup.redirect_uri(), entry.redirect_uri()))
        {
            return Err(about!(RedirectUriShared, SETTINGS, "redirect_uri"));
        }
        push(day, entry.issuer(), entry.redirect_uri(), &mut noted);
        count = count.saturating_add(1);
    }
    if is_exempt {
        return Ok(noted);
    }
    let mut rest = noted.as_slice();
    if count == MOST {
        Entry::take(&mut rest);
    }
    let mut noted = rest.to_vec();
    push(today, setup.issuer(), setup.redirect_uri(), &mut noted);
    Ok(noted)
}

fn push(day: u64, issuer: &[u8], redirect_uri: &[u8], record: &mut Vec<u8>) {
    record.text(&EntryParts { day: &digits(day), issuer, redirect_uri }.to_fields());
}

/// The entries of a record; none of one that somebody broke.
fn entries(record: &[u8]) -> Vec<Entry<'_>> {
    let (mut rest, mut entries) = (record, Vec::new());
    while !rest.is_empty() {
        match Entry::take(&mut rest) {
            Some(entry) if entries.len() < MOST && is_number(entry.day()) => entries.push(entry),
            _ => return Vec::new(),
        }
    }
    entries
}
