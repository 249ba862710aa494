//! A redirect URI of its own for each server that does not promise `iss` (RFC 9700 section 4.4): the record of those in use.
//!
//! With `iss` a response says which server it is from. Without it the redirect URI alone does: where two servers share one, a
//! server that lies gets a code of the other one, with the verifier.

use alloc::vec::Vec;

use crate::error::Fault;
use crate::flow::callback::is_same_place;
use crate::flow::config::is_set;
use crate::flow::setup::Setup;
use crate::table::has_element;
use crate::tables::about;
use crate::text::{Write, number_or, same, take};
use crate::url::Url;

/// The seconds of a day. A login is remembered by its day: so the record changes once a day.
const DAY: u64 = 86_400;

/// Days after its last login for which a server is remembered: an application may move to another one.
const MAX_AGE: u64 = 30;

/// The most entries that are read; one more is written.
const MOST: usize = 31;

/// Notes a login, and gives the record anew; `now` is in seconds since 1970.
///
/// An entry has three lines: the day of the last login, counted from 1970, the issuer and the redirect URI, which have no line break: both
/// were checked. The one that was used last stands first. The day says only when an entry is forgotten: one from the future is today, and one that
/// cannot be read is long ago. A record is read as far as somebody left it whole.
///
/// # Errors
/// [`Code::RedirectUriShared`](crate::Code::RedirectUriShared)
pub(crate) fn note(setup: &Setup<'_>, record: &[u8], now: u64) -> Result<Vec<u8>, Fault> {
    let today = now / DAY;
    let own = [setup.issuer(), setup.redirect_uri()];
    let is_exempt = is_set(setup.iss_required());
    let mut noted = Vec::new();
    if !is_exempt {
        write(today, own, &mut noted);
    }
    let mut rest = record;
    for _ in 0..MOST {
        let day = number_or(take(&mut rest, b'\n'), 0).min(today);
        let other = [take(&mut rest, b'\n'), take(&mut rest, b'\n')];
        let [issuer, redirect_uri] = other;
        if redirect_uri.is_empty() {
            break;
        }
        let is_own = same(issuer, setup.issuer());
        if today.wrapping_sub(day) > MAX_AGE || is_own && (is_exempt || same(redirect_uri, setup.redirect_uri())) {
            continue;
        }
        let are_trusted = || [issuer, setup.issuer()].iter().all(|issuer| has_element(setup.shared_issuers(), issuer));
        if !(is_own || is_exempt) && is_same_place(redirect_uri, setup.redirect_uri()) && !are_trusted() {
            return Err(about!(RedirectUriShared, SETTINGS, "redirect_uri"));
        }
        write(day, other, &mut noted);
    }
    Ok(noted)
}

/// Whether a page of this machine has another origin than a redirect URI of this machine: `localhost` and `127.0.0.1` share no storage, nor do two
/// ports. The page that the user comes back to could not see the login.
pub(crate) fn is_unseen_from(origin: &[u8], redirect_uri: &[u8]) -> bool {
    let (Some(page), Some(there)) = (Url::parse(origin), Url::parse(redirect_uri)) else { return false };
    page.is_loopback() && there.is_loopback() && !page.has_origin_of(&there)
}

#[inline(never)]
fn write(day: u64, entry: [&[u8]; 2], record: &mut Vec<u8>) {
    record.number(day);
    for text in entry {
        record.push(b'\n');
        record.text(text);
    }
    record.push(b'\n');
}
