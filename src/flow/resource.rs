//! The requests that the application makes with its access token: where it may go, and what a refusal asks for
//! (RFC 6750 sections 3 and 5.3, RFC 9470 sections 3 and 4).

use alloc::string::String;

use crate::error::{Code, Error, Needed};
use crate::flow::challenge::{self, Challenge, Scheme};
use crate::flow::config::{Config, contains};
use crate::flow::metadata::Metadata;
use crate::flow::token::TokenSet;
use crate::json::Json;
use crate::url::Url;

/// Whether the access token may be sent to a URL: at an origin of the configuration, or the userinfo endpoint
/// (RFC 6750 section 5.3, RFC 9700 section 4.9.1).
///
/// # Errors
/// [`Code::OriginRefused`]
pub fn check(config: &Config, metadata: &Metadata, url: &str) -> Result<(), Error> {
    let settings = config.settings();
    let is_listed = |origin: &String| {
        let origins = Url::parse(url).zip(Url::parse(origin));
        origins.is_some_and(|(url, origin)| url.has_origin_of(&origin))
    };
    if settings.resource_origins.iter().any(is_listed) || metadata.userinfo_endpoint.as_deref() == Some(url) {
        Ok(())
    } else {
        Err(Error::new(Code::OriginRefused).about("url"))
    }
}

/// Reads a refusal of a resource server by its status and its `WWW-Authenticate`, of which a page sees nothing where CORS does not expose it.
/// Whether fresh tokens may help; `now` is in seconds since 1970.
///
/// # Errors
/// [`Code::InsufficientScope`], [`Code::InsufficientUserAuthentication`]: no fresh token helps, but perhaps a login
pub fn read_refusal<J: Json>(
    config: &Config,
    tokens: &TokenSet<J>,
    status: u16,
    www_authenticate: Option<&str>,
    now: u64,
) -> Result<bool, Error> {
    let challenges = challenge::parse(www_authenticate.unwrap_or_default());
    let Some(challenge) = challenges.iter().find(|challenge| challenge.scheme == Scheme::Bearer) else {
        // What cannot be seen may be an invalid token; another scheme is none of ours.
        return Ok(status == 401 && www_authenticate.is_none());
    };
    let code = match challenge.error.as_deref() {
        Some("insufficient_scope") => Code::InsufficientScope,
        Some("insufficient_user_authentication") => Code::InsufficientUserAuthentication,
        // Without an error the server saw no token, which a proxy may have taken away: a fresh one will fare no better.
        error => return Ok(status == 401 && error == Some("invalid_token")),
    };
    Err(Error::new(code).status(status).needed(needed(config, tokens, challenge, now)))
}

/// What a login has to ask for; `None` when the tokens have all of it, for then the next ones would be refused as well.
fn needed<J: Json>(config: &Config, tokens: &TokenSet<J>, challenge: &Challenge, now: u64) -> Option<Needed> {
    let claims = tokens.claims.as_ref();
    let asked = challenge.scope.as_deref().unwrap_or_default();
    let lacks = |element: &str| !element.is_empty() && !contains(&tokens.scope, element);
    let acr = claims.and_then(|claims| claims.string("acr"));
    let has_acr = |values: &str| acr.is_some_and(|acr| contains(values, &acr));
    #[allow(clippy::cast_precision_loss, reason = "exact up to the year 285 million")]
    let is_recent = |max_age| {
        let auth_time = claims.and_then(|claims| claims.number("auth_time"));
        auth_time.is_some_and(|auth_time| auth_time + max_age as f64 >= now as f64)
    };
    if !asked.split(' ').any(lacks)
        && challenge.acr_values.as_deref().is_none_or(has_acr)
        && challenge.max_age.is_none_or(is_recent)
    {
        return None;
    }
    let mut scope = config.settings().scope.clone();
    for list in [&tokens.scope, asked] {
        for element in list.split(' ') {
            if !element.is_empty() && !contains(&scope, element) {
                scope.push(' ');
                scope.push_str(element);
            }
        }
    }
    Some(Needed {
        scope: Some(scope),
        acr_values: challenge.acr_values.clone(),
        max_age: challenge.max_age.map(|seconds| u32::try_from(seconds).unwrap_or(u32::MAX)),
    })
}
