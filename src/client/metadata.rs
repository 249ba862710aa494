//! What the server is: discovery (RFC 8414, OpenID Connect Discovery 1.0).

use alloc::string::String;
use alloc::vec::{self, Vec};
use core::fmt;

use crate::client::config::Config;
use crate::client::fields::{fault_in, text};
use crate::error::{Code, Error, Fault};
use crate::flow::metadata;
use crate::flow::setup;
use crate::http::{Request, Response};
use crate::table::push_element;
use crate::tables::{Document, METADATA, SETTINGS, Settings};

/// Where the metadata of an issuer may be: the OpenID form, which is appended to the path, then that of RFC 8414,
/// which is inserted before it (OpenID Connect Discovery 1.0 section 4, RFC 8414 section 3.1); where there is a path, then the OpenID form inserted likewise.
///
/// Ask them in this order: [`Search`] says when to stop.
///
/// # Errors
/// [`Code::ConfigInvalid`] when the issuer is no URL of a server, [`Code::EndpointInsecure`]
pub fn discovery_requests(issuer: &str, allow_http: bool) -> Result<Vec<Request>, Error> {
    let places = metadata::places(issuer.as_bytes(), allow_http)?;
    Ok(places.into_iter().filter(|place| !place.is_empty()).map(|place| Request::get(text(place))).collect())
}

/// The search for the metadata of an issuer: which place to ask next, and what to make of the answers.
///
/// A place that fails in any way is passed over: servers answer with any status, a page or nothing where they have no document. A document of another issuer ends the
/// search. Where the scope asks for an ID token, a document without `jwks_uri` counts only when no OpenID place failed in a way that may pass: it may be the lesser of two.
#[derive(Debug)]
pub struct Search {
    config: Config,
    left: vec::IntoIter<(bool, Request)>,
    /// Whether the place that was asked last is one of OpenID.
    at_openid: bool,
    may_pass: bool,
    fault: Option<Error>,
    held: Option<(Metadata, String)>,
}

impl Search {
    /// Begins the search for the server of a configuration.
    ///
    /// # Errors
    /// those of [`discovery_requests`]
    pub fn new(config: &Config) -> Result<Self, Error> {
        let settings = config.settings();
        let requests = discovery_requests(&settings.issuer, settings.dangerously_allow_http)?;
        let left: Vec<_> = requests.into_iter().enumerate().map(|(place, request)| (place != 1, request)).collect();
        Ok(Self {
            config: config.clone(),
            left: left.into_iter(),
            at_openid: false,
            may_pass: false,
            fault: None,
            held: None,
        })
    }

    /// The next request; `None` when every place was asked: then see [`Search::end`].
    pub fn next_request(&mut self) -> Option<Request> {
        let (at_openid, request) = self.left.next()?;
        self.at_openid = at_openid;
        Some(request)
    }

    /// Takes the answer to it, or why there is none. Gives the metadata, and the document that it was read from, when the search is at its end.
    ///
    /// # Errors
    /// [`Code::IssuerMismatch`]
    #[allow(clippy::needless_pass_by_value, reason = "an answer is read once")]
    pub fn take(&mut self, answer: Result<Response, Error>) -> Result<Option<(Metadata, String)>, Error> {
        match answer.and_then(|response| Metadata::from_response_for(&response, &self.config)) {
            Ok(found) if metadata::is_keyless(&found.0.view(), &self.config.view()) => {
                self.held.get_or_insert(found);
            }
            Ok(found) => return Ok(Some(found)),
            Err(error) if error.code == Code::IssuerMismatch => return Err(error),
            Err(error) => {
                self.may_pass |= self.at_openid && error.code.retryable();
                self.fault.get_or_insert(error);
            }
        }
        Ok(None)
    }

    /// What there is when every place was asked.
    ///
    /// # Errors
    /// the first failure
    pub fn end(self) -> Result<(Metadata, String), Error> {
        self.held.filter(|_| !self.may_pass).ok_or_else(|| self.fault.unwrap_or(Code::MetadataNotFound.into()))
    }
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
    /// [`Code::MetadataNotFound`], [`Code::ServerError`], [`Code::RedirectNotFollowed`], and those of [`Metadata::from_json`]
    pub fn from_response(response: &Response, issuer: &str, allow_http: bool) -> Result<(Self, String), Error> {
        Self::read_response(response, (issuer, b"", b"", allow_http))
    }

    /// The same for a configuration, whose [`accept_issuer`](crate::Settings::accept_issuer) and [`metadata`](crate::Settings::metadata) count too.
    ///
    /// # Errors
    /// those of [`Metadata::from_response`], and [`Code::ConfigInvalid`] when `metadata` has an `issuer` or a member of the wrong type
    pub fn from_response_for(response: &Response, config: &Config) -> Result<(Self, String), Error> {
        Self::read_response(response, of(config))
    }

    fn read_response(
        response: &Response,
        (issuer, known, accepted, allow_http): Asked<'_>,
    ) -> Result<(Self, String), Error> {
        let fields = metadata::finish(&response.reply(), known, issuer.as_bytes(), accepted, allow_http)
            .map_err(|fault| said(fault_in(response)(fault), fault, response.body.expose(), known))?;
        Ok((Self(fields, with(accepted, issuer)), response.body.expose().into()))
    }

    /// Reads a metadata document that was kept. An optional endpoint that cannot be used is refused when it is asked for.
    ///
    /// # Errors
    /// [`Code::MetadataInvalid`] naming the member, [`Code::IssuerMismatch`], [`Code::EndpointInsecure`] naming the endpoint
    pub fn from_json(document: &str, issuer: &str, allow_http: bool) -> Result<Self, Error> {
        Self::read_json(document, (issuer, b"", b"", allow_http))
    }

    /// The same for a configuration, whose [`accept_issuer`](crate::Settings::accept_issuer) and [`metadata`](crate::Settings::metadata) count too.
    ///
    /// # Errors
    /// those of [`Metadata::from_json`], and [`Code::ConfigInvalid`] when `metadata` has an `issuer` or a member of the wrong type
    pub fn from_json_for(document: &str, config: &Config) -> Result<Self, Error> {
        Self::read_json(document, of(config))
    }

    fn read_json(document: &str, (issuer, known, accepted, allow_http): Asked<'_>) -> Result<Self, Error> {
        let fields = metadata::read(document.as_bytes(), known, issuer.as_bytes(), accepted, allow_http)
            .map_err(|fault| said(fault.into(), fault, document, known))?;
        Ok(Self(fields, with(accepted, issuer)))
    }

    /// Checks that this is the server of the configuration, that it protects the code by S256 (RFC 9700 sections 2.1.1 and 4.4.2), that its ID tokens,
    /// if any are wanted, can be verified by a public client (RFC 7518 section 3.2: HS256 needs a secret), and that it says nothing by which no login can succeed.
    ///
    /// # Errors
    /// [`Code::IssuerMismatch`], [`Code::PkceUnsupported`], [`Code::IdTokenAlgUnsupported`], [`Code::ServerUnsupported`] naming the member; where the scope
    /// asks for an ID token also [`Code::MetadataInvalid`] and [`Code::EndpointInsecure`] about the `jwks_uri`
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

/// The issuer that was asked, what the application knows better, the issuers that are accepted in its place, and whether `http` is allowed.
type Asked<'a> = (&'a str, &'a [u8], &'a [u8], bool);

fn of(config: &Config) -> Asked<'_> {
    let settings = config.settings();
    let view = config.view();
    (&settings.issuer, view.metadata(), view.accept_issuer(), settings.dangerously_allow_http)
}

/// These issuers, and one more.
fn with(accepted: &[u8], issuer: &str) -> Vec<u8> {
    let mut all = accepted.to_vec();
    push_element(&mut all, issuer.as_bytes());
    all
}

/// An error of a document, with what the document says there.
fn said(error: Error, fault: Fault, document: &str, known: &[u8]) -> Error {
    let said = metadata::said(fault, document.as_bytes(), known);
    if said.is_empty() { error } else { error.found(text(said)) }
}
