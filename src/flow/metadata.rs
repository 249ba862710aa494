//! What the server is: discovery (RFC 8414, OpenID Connect Discovery 1.0).

use alloc::string::String;

use crate::error::{Code, Error};
use crate::flow::config::{Config, check_issuer};
use crate::http::{Request, Response};
use crate::json::Json;
use crate::url::Url;

/// Where the metadata of an issuer may be: the OpenID form, which is appended to the path, then that of RFC 8414,
/// which is inserted before it (OpenID Connect Discovery 1.0 section 4, RFC 8414 section 3.1).
///
/// Ask the first; ask the second when the first answers 404.
///
/// # Errors
/// [`Code::ConfigInvalid`] when the issuer is no URL of a server, [`Code::EndpointInsecure`]
pub fn discovery_requests(issuer: &str, allow_http: bool) -> Result<[Request; 2], Error> {
    check_issuer(issuer, allow_http)?;
    let bare = issuer.strip_suffix('/').unwrap_or(issuer);
    let path = Url::parse(bare).map_or("", |url| url.path);
    let origin = bare.strip_suffix(path).unwrap_or(bare);
    Ok([
        Request::get([bare, "/.well-known/openid-configuration"].concat()),
        Request::get([origin, "/.well-known/oauth-authorization-server", path].concat()),
    ])
}

/// What the server says of itself, checked (RFC 8414 section 2).
#[derive(Clone, Debug)]
pub struct Metadata {
    pub(crate) issuer: String,
    pub(crate) authorization_endpoint: String,
    pub(crate) token_endpoint: String,
    pub(crate) userinfo_endpoint: Option<String>,
    pub(crate) revocation_endpoint: Option<String>,
    pub(crate) end_session_endpoint: Option<String>,
    pub(crate) jwks_uri: Option<String>,
    /// The members of `id_token_signing_alg_values_supported`, separated by spaces.
    pub(crate) signing_algs: Option<String>,
    pub(crate) iss_parameter_supported: bool,
    s256_supported: bool,
}

impl Metadata {
    /// Reads the answer of a discovery request: the checked metadata, and the document it was read from.
    ///
    /// # Errors
    /// [`Code::MetadataNotFound`], [`Code::ServerError`], [`Code::MetadataInvalid`], [`Code::IssuerMismatch`], [`Code::EndpointInsecure`]
    pub fn from_response<J: Json>(response: &Response, issuer: &str, allow_http: bool) -> Result<(Self, J), Error> {
        response.check_status()?;
        match response.status {
            200 => {}
            404 => return Err(Error::new(Code::MetadataNotFound).status(404)),
            status => return Err(Error::new(Code::MetadataInvalid).status(status)),
        }
        if !response.is_json() {
            return Err(Error::new(Code::MetadataInvalid).about("content-type"));
        }
        let document = J::parse(response.body.expose()).ok_or(Code::MetadataInvalid)?;
        Ok((Self::from_json(&document, issuer, allow_http)?, document))
    }

    /// Reads a metadata document that was kept.
    ///
    /// # Errors
    /// [`Code::MetadataInvalid`] naming the member, [`Code::IssuerMismatch`], [`Code::EndpointInsecure`] naming the endpoint
    pub fn from_json<J: Json>(document: &J, issuer: &str, allow_http: bool) -> Result<Self, Error> {
        // Nothing of a document is used before its issuer is known to be the one asked (RFC 8414 section 3.3).
        let named = document.string("issuer").ok_or_else(|| Error::new(Code::MetadataInvalid).about("issuer"))?;
        if named != issuer {
            return Err(Error::new(Code::IssuerMismatch).about("issuer"));
        }
        let endpoint = |name: &'static str| -> Result<Option<String>, Error> {
            let Some(value) = document.member(name) else { return Ok(None) };
            let url = value.as_string().ok_or_else(|| Error::new(Code::MetadataInvalid).about(name))?;
            check_endpoint(&url, name, allow_http)?;
            Ok(Some(url))
        };
        let required =
            |name: &'static str| endpoint(name)?.ok_or_else(|| Error::new(Code::MetadataInvalid).about(name));
        let authorization_endpoint = required("authorization_endpoint")?;
        let token_endpoint = required("token_endpoint")?;
        let userinfo_endpoint = endpoint("userinfo_endpoint")?;
        let revocation_endpoint = endpoint("revocation_endpoint")?;
        let end_session_endpoint = endpoint("end_session_endpoint")?;
        let jwks_uri = endpoint("jwks_uri")?;
        let signing_algs = document.member("id_token_signing_alg_values_supported").map(|algs| {
            let mut names = String::new();
            for alg in algs.as_elements().unwrap_or_default() {
                names.push_str(&alg.as_string().unwrap_or_default());
                names.push(' ');
            }
            names
        });
        Ok(Self {
            issuer: named,
            authorization_endpoint,
            token_endpoint,
            userinfo_endpoint,
            revocation_endpoint,
            end_session_endpoint,
            jwks_uri,
            signing_algs,
            iss_parameter_supported: document
                .member("authorization_response_iss_parameter_supported")
                .and_then(|value| value.as_boolean())
                .unwrap_or(false),
            s256_supported: document
                .member("code_challenge_methods_supported")
                .and_then(|methods| methods.as_elements())
                .unwrap_or_default()
                .iter()
                .any(|method| method.as_string().is_some_and(|name| name == "S256")),
        })
    }

    /// Checks that this is the server of the configuration: no token may reach another one (RFC 9700 section 4.4.2).
    pub(crate) fn check_issuer(&self, config: &Config) -> Result<(), Error> {
        if self.issuer == config.settings().issuer {
            Ok(())
        } else {
            Err(Error::new(Code::IssuerMismatch).about("issuer"))
        }
    }

    /// Checks that this is the server of the configuration, and that it protects the code by S256
    /// (RFC 9700 sections 2.1.1 and 4.4.2).
    ///
    /// # Errors
    /// [`Code::IssuerMismatch`], [`Code::PkceUnsupported`]
    pub fn check(&self, config: &Config) -> Result<(), Error> {
        self.check_issuer(config)?;
        if self.s256_supported || config.settings().dangerously_assume_pkce_support {
            Ok(())
        } else {
            Err(Error::new(Code::PkceUnsupported).about("code_challenge_methods_supported"))
        }
    }
}

/// An endpoint is a URL of a server without fragment (RFC 6749 sections 3.1 and 3.2), over TLS.
fn check_endpoint(url: &str, name: &'static str, allow_http: bool) -> Result<(), Error> {
    match Url::parse(url) {
        Some(parts) if parts.is_web() && parts.fragment.is_none() => {
            if parts.is_secure() || allow_http {
                Ok(())
            } else {
                Err(Error::new(Code::EndpointInsecure).about(name))
            }
        }
        _ => Err(Error::new(Code::MetadataInvalid).about(name)),
    }
}
