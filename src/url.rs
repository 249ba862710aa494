//! The parts of an absolute URI (RFC 3986 appendix B). Splits, never normalises: what is compared and sent is what was written.

use crate::text::{Class, DIGIT, after, all, cut, cut_last, has, number_or, parts, same, take};

/// An absolute URI, split. The parts are those of the text, byte for byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Url<'a> {
    /// Before the first colon.
    pub scheme: &'a [u8],
    /// Between `//` and the path, when there is a `//`.
    pub authority: Option<&'a [u8]>,
    /// From the authority to `?` or `#`.
    pub path: &'a [u8],
    /// After `?`.
    pub query: Option<&'a [u8]>,
    /// After `#`.
    pub fragment: Option<&'a [u8]>,
}

impl<'a> Url<'a> {
    /// Splits an absolute URI. `None` when it is relative, holds a character that no URI may hold (a browser might read
    /// it in another way than we do), or names a user in its authority.
    #[must_use]
    #[inline(never)]
    pub fn parse(text: &'a [u8]) -> Option<Self> {
        if !all(text, &URI) {
            return None;
        }
        let (text, fragment) = cut(text, b'#');
        let (text, query) = cut(text, b'?');
        let (scheme, Some(rest)) = cut(text, b':') else { return None };
        if !scheme.first()?.is_ascii_alphabetic() || !all(scheme, &SCHEME) {
            return None;
        }
        let (authority, path) = match after(rest, b"//") {
            Some(rest) => {
                let (authority, _) = cut(rest, b'/');
                (Some(authority), rest.get(authority.len()..)?)
            }
            None => (None, rest),
        };
        if authority.is_some_and(|authority| has(authority, b'@')) {
            return None;
        }
        let url = Self { scheme, authority, path, query, fragment };
        if url.is_web() && url.host().is_empty() { None } else { Some(url) }
    }

    /// Whether the scheme is `https` or `http`.
    #[must_use]
    pub fn is_web(&self) -> bool {
        self.has_scheme(b"https") || self.has_scheme(b"http")
    }

    /// Whether the scheme is this one; schemes know no case (RFC 3986 section 3.1).
    #[must_use]
    pub fn has_scheme(&self, scheme: &[u8]) -> bool {
        self.scheme.eq_ignore_ascii_case(scheme)
    }

    /// The host of the authority, without its port.
    #[must_use]
    pub fn host(&self) -> &'a [u8] {
        let authority = self.authority.unwrap_or_default();
        match cut_last(authority, b':') {
            Some((host, port)) if all(port, &DIGIT) => host,
            _ => authority,
        }
    }

    /// Whether the host is this machine: `localhost`, `127.0.0.0/8`, `[::1]` (RFC 8252 section 7.3).
    #[must_use]
    #[inline(never)]
    pub fn is_loopback(&self) -> bool {
        let host = self.host();
        host.eq_ignore_ascii_case(b"localhost") || same(host, b"[::1]") || is_loopback_v4(host)
    }

    /// Whether scheme, host and port are those of another address, be the default port of a web address written or not (RFC 6454 section 4).
    #[must_use]
    #[inline(never)]
    pub fn has_origin_of(&self, other: &Url<'_>) -> bool {
        self.has_scheme(other.scheme)
            && self.authority.is_some() == other.authority.is_some()
            && self.significant_authority().eq_ignore_ascii_case(other.significant_authority())
    }

    /// The authority without a default port.
    fn significant_authority(&self) -> &'a [u8] {
        let authority = self.authority.unwrap_or_default();
        let default_port = if self.has_scheme(b"https") { b":443".as_slice() } else { b":80" };
        if self.is_web() { authority.strip_suffix(default_port).unwrap_or(authority) } else { authority }
    }

    /// Whether a secret may travel there: over TLS, or not leaving this machine.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.has_scheme(b"https") || (self.has_scheme(b"http") && self.is_loopback())
    }
}

/// Whether somebody may make a link of it: `https` or `http`, and not `javascript` or the like.
pub(crate) fn is_link(text: &[u8]) -> bool {
    Url::parse(text).is_some_and(|url| url.is_web())
}

/// Whether it is over TLS.
pub(crate) fn is_tls(text: &[u8]) -> bool {
    Url::parse(text).is_some_and(|url| url.has_scheme(b"https"))
}

/// The characters of RFC 3986 section 2; anything else has to be escaped before it is a URI.
const URI: Class = Class::printable(b" \"<>\\^`{|}");
const SCHEME: Class = Class::alphanumeric(b"+-.");

fn is_loopback_v4(host: &[u8]) -> bool {
    let mut rest = host;
    let first = take(&mut rest, b'.');
    let mut count = 0_u8;
    let are_octets = parts(rest, b'.').all(|octet| {
        count = count.saturating_add(1);
        number_or(octet, 256) < 256
    });
    same(first, b"127") && count == 3 && are_octets
}
