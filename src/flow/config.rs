//! What the application is: its client id, its redirect URI (RFC 8252 section 7), its scopes.

use crate::error::Fault;
use crate::flow::algorithm::Algorithm;
use crate::flow::issuer::of_some_tenant;
use crate::json;
use crate::table::{ODD, elements};
use crate::tables::{Settings, about};
use crate::text::{Class, EMPTY, Parts, after, all, contains, has, parts, plain, position, same};
use crate::url::Url;

/// The most seconds of clock tolerance that a configuration may ask for.
pub(crate) const MAX_CLOCK_TOLERANCE: u64 = 300;
/// Seconds within which a login must be finished, and by which the server's clock may differ, where nothing else is said.
pub(crate) const TRANSACTION_MAX_AGE: u64 = 600;
pub(crate) const CLOCK_TOLERANCE: u64 = 60;

/// Checks the settings.
///
/// # Errors
/// `config_invalid` naming the setting, `redirect_uri_invalid`, `endpoint_insecure`
pub(crate) fn check(settings: &Settings<'_>) -> Result<(), Fault> {
    let allow_http = is_set(settings.dangerously_allow_http());
    check_issuer(settings.issuer(), allow_http)?;
    let client_id = settings.client_id();
    if client_id.is_empty() || !all(client_id, const { &Class::printable(b"") }) {
        return Err(about!(ConfigInvalid, SETTINGS, "client_id"));
    }
    if !is_redirect_uri(settings.redirect_uri(), allow_http) {
        return Err(if settings.redirect_uri().is_empty() {
            about!(ConfigInvalid, SETTINGS, "redirect_uri")
        } else {
            about!(RedirectUriInvalid, SETTINGS, "redirect_uri")
        });
    }
    let return_uri = settings.post_logout_redirect_uri();
    if !return_uri.is_empty() && !is_redirect_uri(return_uri, allow_http) {
        return Err(about!(RedirectUriInvalid, SETTINGS, "post_logout_redirect_uri"));
    }
    if !is_list_or_absent(plain(settings.scope())) {
        return Err(about!(ConfigInvalid, SETTINGS, "scope"));
    }
    // In a page it would be everybody's.
    if !(settings.public_client_secret().is_empty() || is_set(settings.opens_browser())) {
        return Err(about!(ConfigInvalid, SETTINGS, "public_client_secret"));
    }
    if whole(settings.clock_tolerance(), 0).is_none_or(|seconds| seconds > MAX_CLOCK_TOLERANCE) {
        return Err(about!(ConfigInvalid, SETTINGS, "clock_tolerance"));
    }
    let alg = settings.id_token_signed_response_alg();
    if !alg.is_empty() && Algorithm::from_alg(alg).is_none() {
        return Err(about!(ConfigInvalid, SETTINGS, "id_token_signed_response_alg"));
    }
    if !elements(settings.resource_origins()).all(|origin| is_origin(origin, allow_http)) {
        return Err(about!(ConfigInvalid, SETTINGS, "resource_origins"));
    }
    if !elements(settings.shared_redirect_uri_issuers()).all(|issuer| check_issuer(issuer, allow_http).is_ok()) {
        return Err(about!(ConfigInvalid, SETTINGS, "shared_redirect_uri_issuers"));
    }
    // What is no text, or an empty one, names nobody.
    if elements(settings.trusted_audiences()).any(|audience| matches!(audience, [EMPTY | ODD])) {
        return Err(about!(ConfigInvalid, SETTINGS, "trusted_audiences"));
    }
    if !are_accepted(settings.accept_issuer(), allow_http) {
        return Err(about!(ConfigInvalid, SETTINGS, "accept_issuer"));
    }
    if !(matches!(settings.dpop(), b"" | b"false") || contains(b"\"required\" \"preferred\"", settings.dpop())) {
        return Err(about!(ConfigInvalid, SETTINGS, "dpop"));
    }
    if whole(settings.transaction_max_age(), 1).is_none_or(|seconds| seconds == 0) {
        return Err(about!(ConfigInvalid, SETTINGS, "transaction_max_age"));
    }
    if whole(settings.timeout(), 0).is_none() {
        return Err(about!(ConfigInvalid, SETTINGS, "timeout"));
    }
    let has_host = is_set(settings.host());
    if !is_tier(settings.storage(), has_host) {
        return Err(about!(ConfigInvalid, SETTINGS, "storage"));
    }
    if !is_tier(settings.transaction_storage(), has_host) {
        return Err(about!(ConfigInvalid, SETTINGS, "transaction_storage"));
    }
    Ok(())
}

/// The word of [`dpop_of`] with which tokens have to be bound to a key.
pub(crate) const REQUIRED: &[u8] = b"required";
/// The one with which others are taken too.
pub(crate) const PREFERRED: &[u8] = b"preferred";

/// Whether tokens are to be bound to a key (RFC 9449): `required`, `preferred`, or nothing.
pub(crate) fn dpop_of<'a>(settings: &Settings<'a>) -> &'a [u8] {
    let word = after(settings.dpop(), b"\"").unwrap_or_default();
    word.strip_suffix(b"\"").unwrap_or_default()
}

/// Whether a flag is set.
pub(crate) const fn is_set(flag: &[u8]) -> bool {
    !flag.is_empty()
}

/// Where records are to be: the tier of the host only where there is one.
fn is_tier(tier: &[u8], has_host: bool) -> bool {
    tier.is_empty() || position(b"host memory session local", tier).is_some_and(|place| place > 0 || has_host)
}

/// The scopes of a configuration; an empty list, which is none, is not sent (RFC 6749 section 3.3).
pub(crate) fn scope_of<'a>(settings: &Settings<'a>) -> &'a [u8] {
    if settings.scope().is_empty() { b"openid" } else { settings.scope() }
}

/// Whether a list of scopes asks for an ID token (OpenID Connect Core section 3.1.2.1).
pub(crate) fn asks_for_openid(scope: &[u8]) -> bool {
    contains(scope, b"openid")
}

/// An issuer is a URL of a server, without query and fragment (RFC 8414 section 2), and no document that says of one (RFC 8615 section 3).
pub(crate) fn check_issuer(issuer: &[u8], allow_http: bool) -> Result<(), Fault> {
    match Url::parse(issuer) {
        Some(url)
            if url.is_web()
                && url.query.or(url.fragment).is_none()
                && parts(url.path, b'/').all(|part| !same(part, b".well-known")) =>
        {
            if url.is_secure() || allow_http {
                Ok(())
            } else {
                Err(about!(EndpointInsecure, SETTINGS, "issuer"))
            }
        }
        _ => Err(about!(ConfigInvalid, SETTINGS, "issuer")),
    }
}

/// Whether these can be accepted as issuers: each is one when a tenant stands in the place of `{tenantid}`.
pub(crate) fn are_accepted(issuers: &[u8], allow_http: bool) -> bool {
    elements(issuers).all(|issuer| check_issuer(&of_some_tenant(issuer), allow_http).is_ok())
}

/// An origin is a scheme, a host and perhaps a port, and nothing else (RFC 6454 section 6.1).
fn is_origin(origin: &[u8], allow_http: bool) -> bool {
    Url::parse(origin).is_some_and(|url| {
        url.is_web() && url.path.len() < 2 && url.query.or(url.fragment).is_none() && (url.is_secure() || allow_http)
    })
}

/// `%x21 / %x23-5B / %x5D-7E` (RFC 6749 appendix A).
pub(crate) const WORD: Class = Class::printable(b" \"\\");

/// Tokens of these characters, separated by single spaces, as scopes are (RFC 6749 appendix A.4).
#[inline(never)]
pub(crate) fn is_list(list: &[u8]) -> bool {
    parts(list, b' ').all(|token| !token.is_empty() && all(token, &WORD))
}

/// The same, or nothing.
pub(crate) fn is_list_or_absent(list: &[u8]) -> bool {
    list.is_empty() || is_list(list)
}

/// Whether it is nothing, or a browser reads it as a path of the same origin: `//host` and `/\host` lead elsewhere, and so do they
/// behind a tab or a line break, which a browser drops (RFC 9700 section 4.11.1).
#[inline(never)]
pub(crate) fn is_way_back(path: &[u8]) -> bool {
    path.is_empty()
        || path.starts_with(b"/") && !path.starts_with(b"//") && all(path, const { &Class::printable(b" \\") })
}

/// Where the access token is to be used, separated by spaces (RFC 8707 section 2).
pub(crate) fn resources(list: &[u8]) -> Parts<'_> {
    Parts { rest: Some(list).filter(|list| !list.is_empty()), mark: b' ' }
}

/// Whether they are absolute URIs without fragment.
#[inline(never)]
pub(crate) fn are_resources(list: &[u8]) -> bool {
    resources(list).all(|uri| Url::parse(uri).is_some_and(|url| url.fragment.is_none()))
}

/// RFC 6749 section 3.1.2, and the three kinds of RFC 8252 section 7: claimed `https`, loopback `http`, private-use scheme.
fn is_redirect_uri(redirect_uri: &[u8], allow_http: bool) -> bool {
    Url::parse(redirect_uri).is_some_and(|url| {
        url.fragment.is_none() && if url.is_web() { url.is_secure() || allow_http } else { has(url.scheme, b'.') }
    })
}

/// A field that is a number between 0 and 2^32, a fraction dropped, or what it is when it is not there; `None` when it
/// is another number.
#[inline(always)]
pub(crate) fn whole(field: &[u8], default: u64) -> Option<u64> {
    Some(whole_or_most(field, default)).filter(|number| *number != u64::MAX)
}

/// The same as one number, which comes back in a register: the most of all when it is another number.
#[inline(never)]
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the value was found to be a u32")]
fn whole_or_most(field: &[u8], default: u64) -> u64 {
    let number = json::number_or_nan(field);
    if field.is_empty() {
        default
    } else if (0.0..=4_294_967_295.0).contains(&number) {
        number as u64
    } else {
        u64::MAX
    }
}
