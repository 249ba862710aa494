//! The parts of a URL.

use pkce_wasm::url::Url;

/// The input is a URL.
pub fn url(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Some(url) = Url::parse(text.as_bytes()) else { return };

    let part = |mark: &str, part: Option<&[u8]>| part.map(|part| [mark.as_bytes(), part].concat()).unwrap_or_default();
    let parts =
        [url.scheme, b":", &part("//", url.authority), url.path, &part("?", url.query), &part("#", url.fragment)];
    assert_eq!(parts.concat(), text.as_bytes(), "the parts are those of the text");
    assert_eq!(Url::parse(&parts.concat()), Some(url));

    let Ok(browser) = ::url::Url::parse(text) else { return };
    assert_same(&url, &browser);
}

/// Where a browser accepts a URL that was accepted here, it goes to the place that was checked here.
#[track_caller]
fn assert_same(url: &Url<'_>, browser: &::url::Url) {
    assert!(url.has_scheme(browser.scheme().as_bytes()), "{browser}: {url:?}");
    assert_eq!(url.query.is_some(), browser.query().is_some(), "{browser}: {url:?}");
    assert_eq!(url.fragment, browser.fragment().map(str::as_bytes), "{browser}: {url:?}");
    if !url.is_web() {
        return;
    }
    assert_eq!((browser.username(), browser.password()), ("", None), "{browser}: {url:?}");
    // No other host passes for this machine, and every spelling of it that is accepted as such is one to a browser too.
    assert!(is_secure(browser) || !url.is_secure(), "{browser}: {url:?}");
    assert!(!is_secure(browser) || url.is_secure() || is_other_spelling(url), "{browser}: {url:?}");
    // A browser reads 0x7f.1 and %61 as the addresses and letters that they stand for.
    if !is_other_spelling(url) {
        assert_eq!(browser.host_str(), Some(text(url.host()).to_ascii_lowercase().as_str()), "{url:?}");
    }
    // In the query of a web URL a browser escapes the apostrophe.
    assert_eq!(browser.query(), url.query.map(|query| text(query).replace('\'', "%27")).as_deref(), "{url:?}");
}

/// A part of a URL, which is ASCII.
fn text(part: &[u8]) -> &str {
    std::str::from_utf8(part).expect("ASCII")
}

/// Whether the host may have been written in another way than a browser writes it.
fn is_other_spelling(url: &Url<'_>) -> bool {
    let host = text(url.host());
    let last = host.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
    host.contains('%')
        || host.starts_with('[')
        || host.to_ascii_lowercase().contains("xn--")
        || last.starts_with(|first: char| first.is_ascii_digit())
}

/// Whether a browser would send a secret there over TLS, or to this machine.
pub(crate) fn is_secure(url: &::url::Url) -> bool {
    let is_loopback = match url.host() {
        Some(::url::Host::Domain(name)) => name == "localhost",
        Some(::url::Host::Ipv4(address)) => address.is_loopback(),
        Some(::url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    url.scheme() == "https" || url.scheme() == "http" && is_loopback
}
