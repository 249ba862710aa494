//! What the application is: its client id, its redirect URI (RFC 8252 section 7), its scopes.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use sha2::{Digest, Sha256};

use crate::encoding::base64url;
use crate::error::{Code, Error};
use crate::flow::jwks::Algorithm;
use crate::url::Url;

/// What the application says of itself, not yet checked.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The issuer identifier, exactly as the server's metadata spells it (RFC 8414 section 2).
    pub issuer: String,
    /// The `client_id` of the registration.
    pub client_id: String,
    /// One of the registered redirect URIs; sent byte for byte (RFC 6749 section 3.1.2).
    pub redirect_uri: String,
    /// Where the user comes back to after signing out at the server: one of the registered URIs (OpenID Connect RP-Initiated Logout section 3).
    pub post_logout_redirect_uri: Option<String>,
    /// Space-separated scopes (RFC 6749 section 3.3).
    pub scope: String,
    /// Seconds within which a login must be finished.
    pub transaction_max_age: u32,
    /// Seconds by which the server's clock may differ, at most [`Config::MAX_CLOCK_TOLERANCE`].
    pub clock_tolerance: u32,
    /// The only algorithm by which ID tokens may be signed: the `id_token_signed_response_alg` of the registration. With
    /// `None`, any that the server's metadata lists.
    pub id_token_signed_response_alg: Option<String>,
    /// The origins, besides the userinfo endpoint, to which the access token may be sent.
    pub resource_origins: Vec<String>,
    /// The server supports S256 although its metadata does not say so.
    pub dangerously_assume_pkce_support: bool,
    /// `http` is allowed beyond the loopback hosts.
    pub dangerously_allow_http: bool,
    /// An ID token is accepted also where nothing can verify its signature and no TLS vouches for it. Given up is that it is
    /// the issuer's: whoever stands between names any user. A signature that is wrong is refused all the same.
    pub dangerously_allow_unverified_id_token: bool,
}

impl Settings {
    /// The settings of an OpenID Connect client, with everything else at its default.
    #[must_use]
    pub fn new(issuer: impl Into<String>, client_id: impl Into<String>, redirect_uri: impl Into<String>) -> Self {
        Self {
            issuer: issuer.into(),
            client_id: client_id.into(),
            redirect_uri: redirect_uri.into(),
            post_logout_redirect_uri: None,
            scope: "openid".into(),
            transaction_max_age: 600,
            clock_tolerance: 60,
            id_token_signed_response_alg: None,
            resource_origins: Vec::new(),
            dangerously_assume_pkce_support: false,
            dangerously_allow_http: false,
            dangerously_allow_unverified_id_token: false,
        }
    }
}

/// What the application is, checked. Made by [`Config::new`] only.
#[derive(Clone, Debug)]
pub struct Config(Box<Settings>);

impl Config {
    /// The most seconds of clock tolerance that a configuration may ask for.
    pub const MAX_CLOCK_TOLERANCE: u32 = 300;

    /// Checks the settings.
    ///
    /// # Errors
    /// [`Code::ConfigInvalid`] naming the setting, [`Code::RedirectUriInvalid`], [`Code::EndpointInsecure`]
    pub fn new(settings: Settings) -> Result<Self, Error> {
        check_issuer(&settings.issuer, settings.dangerously_allow_http)?;
        if settings.client_id.is_empty() || !settings.client_id.bytes().all(is_vschar) {
            return Err(Error::new(Code::ConfigInvalid).about("client_id"));
        }
        check_redirect_uri(&settings.redirect_uri, "redirect_uri", settings.dangerously_allow_http)?;
        if let Some(uri) = &settings.post_logout_redirect_uri {
            check_redirect_uri(uri, "post_logout_redirect_uri", settings.dangerously_allow_http)?;
        }
        check_list(&settings.scope, "scope")?;
        if settings.clock_tolerance > Self::MAX_CLOCK_TOLERANCE {
            return Err(Error::new(Code::ConfigInvalid).about("clock_tolerance"));
        }
        if settings.id_token_signed_response_alg.as_deref().is_some_and(|alg| Algorithm::from_alg(alg).is_none()) {
            return Err(Error::new(Code::ConfigInvalid).about("id_token_signed_response_alg"));
        }
        if !settings.resource_origins.iter().all(|origin| is_origin(origin, settings.dangerously_allow_http)) {
            return Err(Error::new(Code::ConfigInvalid).about("resource_origins"));
        }
        if settings.transaction_max_age == 0 {
            return Err(Error::new(Code::ConfigInvalid).about("transaction_max_age"));
        }
        Ok(Self(Box::new(settings)))
    }

    /// The settings, checked.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.0
    }

    /// A name for this client at this issuer, by which its records are known: a hash of the two.
    #[must_use]
    pub fn owner(&self) -> String {
        let hash = Sha256::new().chain_update(&self.0.issuer).chain_update("\n").chain_update(&self.0.client_id);
        base64url(&hash.finalize())
    }
}

/// Whether a list of scopes asks for an ID token (OpenID Connect Core section 3.1.2.1).
pub(crate) fn asks_for_openid(scope: &str) -> bool {
    contains(scope, "openid")
}

/// Whether a list that is separated by spaces has that element.
#[inline(never)]
pub(crate) fn contains(list: &str, element: &str) -> bool {
    list.split(' ').any(|other| other == element)
}

/// An issuer is a URL of a server, without query and fragment (RFC 8414 section 2).
pub(crate) fn check_issuer(issuer: &str, allow_http: bool) -> Result<(), Error> {
    let invalid = Error::new(Code::ConfigInvalid).about("issuer");
    let Some(url) = Url::parse(issuer) else { return Err(invalid) };
    if !url.is_web() || url.query.is_some() || url.fragment.is_some() {
        return Err(invalid);
    }
    if url.is_secure() || allow_http { Ok(()) } else { Err(Error::new(Code::EndpointInsecure).about("issuer")) }
}

/// An origin is a scheme, a host and perhaps a port, and nothing else (RFC 6454 section 6.1).
fn is_origin(origin: &str, allow_http: bool) -> bool {
    Url::parse(origin).is_some_and(|url| {
        url.is_web() && url.path.len() < 2 && url.query.or(url.fragment).is_none() && (url.is_secure() || allow_http)
    })
}

/// Tokens of `%x21 / %x23-5B / %x5D-7E`, separated by single spaces, as scopes are (RFC 6749 appendix A.4).
pub(crate) fn check_list(list: &str, subject: &'static str) -> Result<(), Error> {
    let valid = list.split(' ').all(|token| {
        !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\')
    });
    if valid { Ok(()) } else { Err(Error::new(Code::ConfigInvalid).about(subject)) }
}

/// RFC 6749 section 3.1.2, and the three kinds of RFC 8252 section 7: claimed `https`, loopback `http`, private-use scheme.
fn check_redirect_uri(redirect_uri: &str, name: &'static str, allow_http: bool) -> Result<(), Error> {
    let acceptable = Url::parse(redirect_uri).is_some_and(|url| {
        url.fragment.is_none() && if url.is_web() { url.is_secure() || allow_http } else { url.scheme.contains('.') }
    });
    if acceptable { Ok(()) } else { Err(Error::new(Code::RedirectUriInvalid).about(name)) }
}

/// Printable ASCII with space (RFC 6749 appendix A).
const fn is_vschar(byte: u8) -> bool {
    matches!(byte, 0x20..=0x7E)
}
