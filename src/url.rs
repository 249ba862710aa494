//! The parts of an absolute URI (RFC 3986 appendix B). Splits, never normalises: what is compared and sent is what was written.

/// An absolute URI, split. The parts are those of the text, byte for byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Url<'a> {
    /// Before the first colon.
    pub scheme: &'a str,
    /// Between `//` and the path, when there is a `//`.
    pub authority: Option<&'a str>,
    /// From the authority to `?` or `#`.
    pub path: &'a str,
    /// After `?`.
    pub query: Option<&'a str>,
    /// After `#`.
    pub fragment: Option<&'a str>,
}

impl<'a> Url<'a> {
    /// Splits an absolute URI. `None` when it is relative, holds a character that no URI may hold (a browser might read
    /// it in another way than we do), or names a user in its authority.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        if !text.bytes().all(is_uri_byte) {
            return None;
        }
        let (text, fragment) = split_off(text, '#');
        let (text, query) = split_off(text, '?');
        let (scheme, rest) = text.split_once(':')?;
        if !is_scheme(scheme) {
            return None;
        }
        let (authority, path) = match rest.strip_prefix("//") {
            Some(rest) => {
                let (authority, path) = rest.split_at_checked(rest.find('/').unwrap_or(rest.len()))?;
                (Some(authority), path)
            }
            None => (None, rest),
        };
        if authority.is_some_and(|authority| authority.contains('@')) {
            return None;
        }
        let url = Self { scheme, authority, path, query, fragment };
        if url.is_web() && url.host().is_empty() { None } else { Some(url) }
    }

    /// Whether the scheme is `https` or `http`.
    #[must_use]
    pub fn is_web(&self) -> bool {
        self.has_scheme("https") || self.has_scheme("http")
    }

    /// Whether the scheme is this one; schemes know no case (RFC 3986 section 3.1).
    #[must_use]
    pub fn has_scheme(&self, scheme: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(scheme)
    }

    /// The host of the authority, without its port.
    #[must_use]
    pub fn host(&self) -> &'a str {
        let authority = self.authority.unwrap_or("");
        match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
            _ => authority,
        }
    }

    /// Whether the host is this machine: `localhost`, `127.0.0.0/8`, `[::1]` (RFC 8252 section 7.3).
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let host = self.host();
        host.eq_ignore_ascii_case("localhost") || host == "[::1]" || is_loopback_v4(host)
    }

    /// Whether scheme, host and port are those of another web address, be its default port written or not (RFC 6454 section 4).
    #[must_use]
    pub fn has_origin_of(&self, other: &Url<'_>) -> bool {
        self.has_scheme(other.scheme)
            && self.significant_authority().eq_ignore_ascii_case(other.significant_authority())
    }

    /// The authority without a default port.
    fn significant_authority(&self) -> &'a str {
        let authority = self.authority.unwrap_or_default();
        let default_port = if self.has_scheme("https") { ":443" } else { ":80" };
        authority.strip_suffix(default_port).unwrap_or(authority)
    }

    /// Whether a secret may travel there: over TLS, or not leaving this machine.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.has_scheme("https") || (self.has_scheme("http") && self.is_loopback())
    }
}

/// Whether somebody may make a link of it: `https` or `http`, and not `javascript` or the like.
pub(crate) fn is_link(text: &str) -> bool {
    Url::parse(text).is_some_and(|url| url.is_web())
}

fn split_off(text: &str, mark: char) -> (&str, Option<&str>) {
    match text.split_once(mark) {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    }
}

/// The characters of RFC 3986 section 2; anything else has to be escaped before it is a URI.
const fn is_uri_byte(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}')
}

fn is_scheme(scheme: &str) -> bool {
    scheme.bytes().next().is_some_and(|first| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}

fn is_loopback_v4(host: &str) -> bool {
    let mut octets = host.split('.');
    octets.next() == Some("127")
        && octets.clone().count() == 3
        && octets.all(|octet| octet.bytes().all(|byte| byte.is_ascii_digit()) && octet.parse::<u8>().is_ok())
}
