//! What the server is: discovery (RFC 8414, OpenID Connect Discovery 1.0).

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::client::config::Config;
use crate::client::fields::{fault_in, text};
use crate::error::{Error, Fault};
use crate::flow::metadata;
use crate::flow::setup;
use crate::http::{Request, Response};
use crate::table::push_element;
use crate::tables::{Document, METADATA, SETTINGS, Settings};

/// Where the metadata of an issuer may be: the OpenID form, which is appended to the path, then that of RFC 8414,
/// which is inserted before it (OpenID Connect Discovery 1.0 section 4, RFC 8414 section 3.1).
///
/// Ask the first; ask the second when the first answers 404.
///
/// # Errors
/// [`Code::ConfigInvalid`](crate::Code::ConfigInvalid) when the issuer is no URL of a server,
/// [`Code::EndpointInsecure`](crate::Code::EndpointInsecure)
pub fn discovery_requests(issuer: &str, allow_http: bool) -> Result<[Request; 2], Error> {
    Ok(metadata::places(issuer.as_bytes(), allow_http)?.map(|place| Request::get(text(place))))
}

/// What the server says of itself, checked (RFC 8414 section 2); and the issuers that its tokens may name beside.
#[derive(Clone)]
pub struct Metadata(Vec<u8>, Vec<u8>);

impl fmt::Debug for Metadata {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let document = self.view();
        let first = const { METADATA.place("issuer") };
        let names = (first..).map_while(|place| METADATA.name(place));
        let members = names.zip(document.fields()).filter(|(_, value)| !value.is_empty());
        let text = String::from_utf8_lossy;
        formatter.debug_map().entries(members.map(|(name, value)| (text(name), text(value)))).finish()
    }
}

impl Metadata {
    /// Reads the answer of a discovery request: the checked metadata, and the document that it was read from, to keep for
    /// [`Metadata::from_json`].
    ///
    /// # Errors
    /// [`Code::MetadataNotFound`](crate::Code::MetadataNotFound), [`Code::ServerError`](crate::Code::ServerError),
    /// [`Code::RedirectNotFollowed`](crate::Code::RedirectNotFollowed), and those of [`Metadata::from_json`]
    pub fn from_response(response: &Response, issuer: &str, allow_http: bool) -> Result<(Self, String), Error> {
        Self::read_response(response, (issuer, b"", allow_http))
    }

    /// The same for a configuration, whose [`accept_issuer`](crate::Settings::accept_issuer) counts too.
    ///
    /// # Errors
    /// those of [`Metadata::from_response`]
    pub fn from_response_for(response: &Response, config: &Config) -> Result<(Self, String), Error> {
        Self::read_response(response, of(config))
    }

    fn read_response(response: &Response, (issuer, accepted, allow_http): Asked<'_>) -> Result<(Self, String), Error> {
        let fields = metadata::finish(&response.reply(), issuer.as_bytes(), accepted, allow_http)
            .map_err(|fault| said(fault_in(response)(fault), fault, response.body.expose()))?;
        Ok((Self(fields, with(accepted, issuer)), response.body.expose().into()))
    }

    /// Reads a metadata document that was kept.
    ///
    /// # Errors
    /// [`Code::MetadataInvalid`](crate::Code::MetadataInvalid) naming the member, [`Code::IssuerMismatch`](crate::Code::IssuerMismatch),
    /// [`Code::EndpointInsecure`](crate::Code::EndpointInsecure) naming the endpoint
    pub fn from_json(document: &str, issuer: &str, allow_http: bool) -> Result<Self, Error> {
        Self::read_json(document, (issuer, b"", allow_http))
    }

    /// The same for a configuration, whose [`accept_issuer`](crate::Settings::accept_issuer) counts too.
    ///
    /// # Errors
    /// those of [`Metadata::from_json`]
    pub fn from_json_for(document: &str, config: &Config) -> Result<Self, Error> {
        Self::read_json(document, of(config))
    }

    fn read_json(document: &str, (issuer, accepted, allow_http): Asked<'_>) -> Result<Self, Error> {
        let fields = metadata::read(document.as_bytes(), issuer.as_bytes(), accepted, allow_http)
            .map_err(|fault| said(fault.into(), fault, document))?;
        Ok(Self(fields, with(accepted, issuer)))
    }

    /// Checks that this is the server of the configuration, that it protects the code by S256 (RFC 9700 sections 2.1.1 and 4.4.2), and that its ID tokens,
    /// if any are wanted, can be verified by a public client (RFC 7518 section 3.2: HS256 needs a secret).
    ///
    /// # Errors
    /// [`Code::IssuerMismatch`](crate::Code::IssuerMismatch), [`Code::PkceUnsupported`](crate::Code::PkceUnsupported),
    /// [`Code::IdTokenAlgUnsupported`](crate::Code::IdTokenAlgUnsupported)
    pub fn check(&self, config: &Config) -> Result<(), Error> {
        Ok(metadata::check_server(&self.view(), &config.view())?)
    }

    fn view(&self) -> Document<'_> {
        Document::of_table(&self.0)
    }

    /// The fields of the [`Setup`](setup::Setup) of an application at this server.
    pub(crate) fn setup(&self, config: &Config) -> Result<Vec<u8>, Error> {
        metadata::check_same_issuer(&self.view(), &config.view())?;
        Ok(setup::record(&config.view(), &self.view()))
    }

    /// The same of an application of which nothing is known.
    pub(crate) fn server(&self) -> Vec<u8> {
        let accept_issuer = const { SETTINGS.place("accept_issuer").wrapping_sub(SETTINGS.place("issuer")) };
        let mut settings = Settings::blank();
        for (place, field) in settings.fields_mut().iter_mut().enumerate() {
            if place == 0 {
                *field = self.view().issuer();
            } else if place == usize::from(accept_issuer) {
                *field = &self.1;
            }
        }
        setup::record(&settings, &self.view())
    }
}

/// The issuer that was asked, those that are accepted in its place, and whether `http` is allowed.
type Asked<'a> = (&'a str, &'a [u8], bool);

fn of(config: &Config) -> Asked<'_> {
    let settings = config.settings();
    (&settings.issuer, config.view().accept_issuer(), settings.dangerously_allow_http)
}

/// These issuers, and one more.
fn with(accepted: &[u8], issuer: &str) -> Vec<u8> {
    let mut all = accepted.to_vec();
    push_element(&mut all, issuer.as_bytes());
    all
}

/// An error of a document, with what the document says there.
fn said(error: Error, fault: Fault, document: &str) -> Error {
    let said = metadata::said(fault, document.as_bytes());
    if said.is_empty() { error } else { error.found(text(said)) }
}
