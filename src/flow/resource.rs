//! The requests that the application makes with its access token: where it may go, and what a refusal asks for
//! (RFC 6750 sections 3 and 5.3, RFC 9470 sections 3 and 4).

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::error::{Code, Fault};
use crate::flow::challenge::{self, Raw, Scheme, unquote};
use crate::flow::setup::Setup;
use crate::flow::tokens::Session;
use crate::json;
use crate::table::elements;
use crate::tables::{Claims, about};
use crate::text::{Class, Write, all, contains, cut, joined, number, parts, plain, position, take};
use crate::url::Url;

/// Whether the access token may be sent to a URL: at an origin of the configuration, or the userinfo endpoint
/// (RFC 6750 section 5.3, RFC 9700 section 4.9.1).
///
/// # Errors
/// [`Code::OriginRefused`]
pub(crate) fn check(setup: &Setup<'_>, url: &[u8]) -> Result<(), Fault> {
    let is_listed = |origin: &[u8]| {
        let origins = Url::parse(before_path(url)).zip(Url::parse(origin));
        origins.is_some_and(|(url, origin)| url.has_origin_of(&origin))
    };
    let endpoint = setup.userinfo_endpoint();
    let is_sound = all(url, const { &Class::printable(b" ") });
    if is_sound && elements(setup.resource_origins()).any(is_listed) || !endpoint.is_empty() && endpoint == url {
        Ok(())
    } else {
        Err(about!(OriginRefused, OTHER, "url"))
    }
}

/// A URL up to its path, query or fragment: what follows may hold characters that RFC 3986 escapes and the platform does not, and does
/// not change the origin. A backslash, which a browser reads as the beginning of the path, is left before it, and refused there.
fn before_path(url: &[u8]) -> &[u8] {
    let text = cut(cut(url, b'#').0, b'?').0;
    let mut rest = text;
    // `https:`, nothing, and the authority.
    let length = [(); 3].iter().fold(0, |length: usize, ()| length.wrapping_add(take(&mut rest, b'/').len()));
    text.get(..length.wrapping_add(2)).unwrap_or(text)
}

/// What a login has to ask for, so that its tokens serve where these did not (RFC 6750 section 3.1, RFC 9470 section 4).
pub(crate) struct Needed {
    /// Every scope that the login is to ask for, separated by spaces.
    pub(crate) scope: Vec<u8>,
    /// The values of `acr` that serve, separated by spaces; `None` when any serves.
    pub(crate) acr_values: Option<Vec<u8>>,
    /// Seconds within which the user has to have been authenticated.
    pub(crate) max_age: Option<u64>,
}

/// What a refusal of a resource server comes to.
pub(crate) enum Refused {
    /// Fresh tokens may help.
    Refresh,
    /// Nothing that this crate can do helps.
    Final,
    /// No fresh token helps, but perhaps a login: `None` when the tokens have all of what is asked for, for then the next
    /// ones would be refused as well.
    Login(Code, Option<Box<Needed>>),
}

/// Reads a refusal of a resource server by its status and its `WWW-Authenticate`, of which a page sees nothing where CORS does not expose it.
/// `now` is in seconds since 1970.
pub(crate) fn read_refusal(
    setup: &Setup<'_>,
    session: &Session<'_>,
    status: u64,
    www_authenticate: Option<&[u8]>,
    now: u64,
) -> Refused {
    let challenge = match www_authenticate {
        Some(header) => {
            let scheme = if session.jkt().is_empty() { Scheme::Bearer } else { Scheme::Dpop };
            challenge::first(header, scheme)
        }
        None => Some(Raw::blank()),
    };
    // Another scheme is none of ours.
    let Some(challenge) = challenge else { return Refused::Final };
    let error = unquote(challenge.error());
    let code = match position(b"insufficient_scope insufficient_user_authentication invalid_request", &error) {
        Some(0) => Code::InsufficientScope,
        Some(1) => Code::InsufficientUserAuthentication,
        Some(_) => return Refused::Final,
        None => {
            // What cannot be seen or read may be an invalid token, and so may a challenge that says nothing at all. One with other parameters and
            // without an error saw no token, which a proxy may have taken away: a fresh one will fare no better.
            let says_nothing = challenge.fields().iter().take(6).all(|parameter| parameter.is_empty());
            return if status == 401 && (says_nothing || !error.is_empty()) {
                Refused::Refresh
            } else {
                Refused::Final
            };
        }
    };
    Refused::Login(code, needed(setup, session, &challenge, now))
}

#[inline(never)]
fn needed(setup: &Setup<'_>, session: &Session<'_>, challenge: &Raw<'_>, now: u64) -> Option<Box<Needed>> {
    let fields = session.claims();
    let claims = Claims::of_table(&fields);
    let asked = unquote(challenge.scope());
    let acr_values = challenge.acr_values();
    let acr_values = if acr_values.is_empty() { None } else { Some(unquote(acr_values)) };
    let max_age = number(&unquote(challenge.max_age()));
    let has_acr = |values: &Vec<u8>| !claims.acr().is_empty() && contains(values, claims.acr());
    #[allow(clippy::cast_precision_loss, reason = "exact up to the year 285 million")]
    let is_recent = |max_age: u64| json::number_or_nan(claims.auth_time()) + max_age as f64 >= now as f64;
    let mut has_all = acr_values.as_ref().is_none_or(has_acr) && max_age.is_none_or(is_recent);
    let granted = plain(session.scope());
    let mut scope = joined(&[plain(setup.scope())]);
    for list in &[granted, &asked] {
        for element in parts(list, b' ') {
            let is_empty = element.is_empty();
            has_all &= is_empty || contains(granted, element);
            if !is_empty && !contains(&scope, element) {
                if !scope.is_empty() {
                    scope.push(b' ');
                }
                scope.text(element);
            }
        }
    }
    if has_all {
        return None;
    }
    let max_age = max_age.map(|seconds| seconds.min(u64::from(u32::MAX)));
    Some(Box::new(Needed { scope, acr_values, max_age }))
}
