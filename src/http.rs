//! Requests and responses as plain data. Whoever holds the network sends the one and brings the other.

use alloc::string::String;

use crate::error::{Code, Fault};
use crate::secret::Secret;
use crate::text::{cut, cut_last};

/// A request to the authorization server. To be sent without cookies, without referrer, past every cache,
/// and without following redirects.
#[derive(Debug)]
pub struct Request {
    /// Where to.
    pub url: String,
    /// The access token for `Authorization: Bearer` (RFC 6750 section 2.1).
    pub bearer: Option<Secret>,
    /// The body of a POST, `application/x-www-form-urlencoded`; without it the request is a GET.
    pub form: Option<Secret>,
}

impl Request {
    /// A request without a body.
    #[must_use]
    pub const fn get(url: String) -> Self {
        Self { url, bearer: None, form: None }
    }

    /// A request with a form.
    #[must_use]
    pub const fn post(url: String, form: Secret) -> Self {
        Self { url, bearer: None, form: Some(form) }
    }
}

/// The answer of the authorization server.
#[derive(Debug)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// The header `Content-Type`, when there is one.
    pub content_type: Option<String>,
    /// The header `Date` in seconds since 1970, when it can be seen: a page sees it only where CORS exposes it.
    pub date: Option<u64>,
    /// The header `Retry-After` in seconds from now, when it can be seen (RFC 9110 section 10.2.3).
    pub retry_after: Option<u64>,
    /// The body.
    pub body: Secret,
}

impl Response {
    /// The same as the protocol reads it.
    pub(crate) fn reply(&self) -> Reply<'_> {
        Reply {
            status: u64::from(self.status),
            content_type: self.content_type.as_deref().unwrap_or_default().as_bytes(),
            date: self.date,
            retry_after: self.retry_after,
            body: self.body.expose().as_bytes(),
        }
    }

    /// Whether the header says that the body is JSON: `application/json` or a `+json` type, with any parameters.
    #[must_use]
    pub fn is_json(&self) -> bool {
        self.reply().is_json()
    }

    /// Whether the header says that the body is of this type, with any parameters.
    #[must_use]
    pub fn has_type(&self, essence: &str) -> bool {
        self.reply().has_type(essence.as_bytes())
    }
}

/// An answer as the protocol reads it: parts of the text that brought it.
#[derive(Clone, Copy)]
pub(crate) struct Reply<'a> {
    pub(crate) status: u64,
    pub(crate) content_type: &'a [u8],
    pub(crate) date: Option<u64>,
    pub(crate) retry_after: Option<u64>,
    pub(crate) body: &'a [u8],
}

impl Reply<'_> {
    /// Refuses what means the same whatever was asked: a redirect, which is never followed (RFC 9700 section 4.12), and
    /// a server that failed. A page sees a redirect that was not followed as the status 0.
    pub(crate) fn check_status(&self) -> Result<(), Fault> {
        match self.status {
            0 | 300..=399 => Err(Code::RedirectNotFollowed.into()),
            429 | 500.. => Err(Code::ServerError.into()),
            _ => Ok(()),
        }
    }

    /// The time by the server's clock, which is that of what the server signs. It came over TLS with the rest of the answer, from
    /// the one who chooses `iat` and `exp` anyway: a server that lies here gains nothing. A clock that is off by more
    /// than two days is told, not mended; `now`, by the clock of this machine, is in seconds since 1970.
    pub(crate) fn clock(&self, now: u64) -> u64 {
        const MAX_DIFFERENCE: u64 = 172_800;
        self.date.filter(|date| date.abs_diff(now) <= MAX_DIFFERENCE).unwrap_or(now)
    }

    pub(crate) fn is_json(&self) -> bool {
        self.has_type(b"application/json")
            || cut_last(self.essence(), b'+').is_some_and(|(_, suffix)| suffix.eq_ignore_ascii_case(b"json"))
    }

    pub(crate) fn has_type(&self, essence: &[u8]) -> bool {
        self.essence().eq_ignore_ascii_case(essence)
    }

    fn essence(&self) -> &[u8] {
        cut(self.content_type, b';').0.trim_ascii()
    }
}
