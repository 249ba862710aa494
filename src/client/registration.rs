//! How an application becomes a client of an authorization server that it meets for the first time: by a client id that it has, by its Client ID Metadata
//! Document, or by a registration (RFC 7591, draft-ietf-oauth-client-id-metadata-document).
//!
//! [`Registrar::identify`] says which of them, and which redirect URI to use: a server that does not promise `iss` gets one of its own (RFC 9700 section 4.4).

use alloc::string::String;
use alloc::vec::Vec;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::client::fields::{fault_in, flag, optional, part, read, refused_in, text};
use crate::client::json_text::JsonText;
use crate::error::{Code, Error};
use crate::flow::callback::Answer;
use crate::flow::registration::{self as flow, Known};
use crate::http::Response;
use crate::secret::{Secret, Wiped};
use crate::tables::{MEETING, Meeting, REGISTRAR, Registered, Registrar as Fields};
use crate::text::{Write as _, digits, number};

/// What an authorization server says of whom it lets in.
#[derive(Clone, Debug)]
pub struct Registrar(Vec<u8>);

/// What the application has to show to an authorization server.
#[derive(Clone, Debug, Default)]
pub struct Application {
    /// The redirect URI. A server that does not promise `iss` gets one below it.
    pub redirect_uri: String,
    /// A client id that was registered ahead; it is used with `redirect_uri` as it is.
    pub client_id: Option<String>,
    /// The URL of its Client ID Metadata Document.
    pub client_metadata_url: Option<String>,
    /// Which of the redirect URIs that the document lists ahead belongs to this server, if the server does not promise `iss`: `redirect_uri` and this number as a path segment. Keep which server has which.
    pub slot: u16,
    /// What the application says of itself in a registration: a JSON object of the members of RFC 7591 section 2, such as `client_name`.
    pub client_metadata: Option<JsonText>,
    /// Whether its tokens are bound to a key (RFC 9449 section 5.2).
    pub dpop: bool,
    /// Allows `http` beyond this machine.
    pub dangerously_allow_http: bool,
}

/// How an authorization server knows the application.
#[derive(Debug)]
pub enum Identity {
    /// By a client id, without a secret.
    Client(RegisteredClient),
    /// By a registration: send the request, and give its answer to [`Registration::finish`].
    Register(RegistrationRequest, Registration),
    /// Not at all: somebody has to register it there for this redirect URI.
    Nobody(String),
}

/// A request to register. Its body is JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrationRequest {
    /// Where to: the `registration_endpoint`.
    pub url: String,
    /// The body, `application/json`.
    pub body: String,
}

/// A registration that waits for its answer.
#[derive(Debug)]
pub struct Registration {
    redirect_uri: String,
    server: Registrar,
}

/// How a client shows its secret (RFC 6749 section 2.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuthentication {
    /// It has none.
    None,
    /// In the body, as `client_secret`: see [`Settings::public_client_secret`](crate::Settings::public_client_secret).
    Post,
    /// In a header: see [`RegisteredClient::authorization`].
    Basic,
}

/// A client of an authorization server. Keep it for the next time, its secret like a token.
#[derive(Debug)]
pub struct RegisteredClient {
    /// Its `client_id`.
    pub client_id: String,
    /// The redirect URI that is registered for it.
    pub redirect_uri: String,
    /// The secret that this instance of the application was given, although it asked for none.
    pub client_secret: Option<Secret>,
    /// How the secret is shown.
    pub authentication: ClientAuthentication,
    /// Seconds since 1970 at which the secret ends; `None` when it does not.
    pub secret_expires_at: Option<u64>,
}

impl RegisteredClient {
    /// The `Authorization` of token and revocation requests where the secret goes into a header (RFC 6749 section 2.3.1); their body needs no `client_id` then.
    #[must_use]
    pub fn authorization(&self) -> Option<Secret> {
        let secret = self.client_secret.as_ref().filter(|_| self.authentication == ClientAuthentication::Basic)?;
        let mut pair = Wiped::new(Vec::new());
        pair.escaped(self.client_id.as_bytes());
        pair.push(b':');
        pair.escaped(secret.expose().as_bytes());
        Some(Secret::new(["Basic ", &STANDARD.encode(&*pair)].concat()))
    }
}

impl Registrar {
    /// Reads the metadata document of an authorization server, which [`Metadata::from_response`](crate::Metadata::from_response) has checked and given.
    ///
    /// # Errors
    /// [`Code::MetadataInvalid`] naming the member
    pub fn from_document(document: &str) -> Result<Self, Error> {
        Ok(Self(REGISTRAR.read(document.as_bytes(), Code::MetadataInvalid)?))
    }

    fn view(&self) -> Fields<'_> {
        Fields::of_table(&self.0)
    }

    /// Whether every answer of the server says whose it is (RFC 9207 section 3).
    #[must_use]
    pub fn promises_iss(&self) -> bool {
        flow::promises_iss(&self.view())
    }

    /// Whether the server lists `offline_access` (OpenID Connect Core section 11).
    #[must_use]
    pub fn is_offline(&self) -> bool {
        flow::is_offline(&self.view())
    }

    /// How the server comes to know the application. The scopes are all that it will ask for: see [`all_scopes`](crate::client::protected_resource::ProtectedResource::all_scopes).
    ///
    /// # Errors
    /// [`Code::MetadataInvalid`] and [`Code::EndpointInsecure`] about the `registration_endpoint`
    pub fn identify(&self, application: &Application, scope: Option<&str>) -> Result<Identity, Error> {
        let mut meeting = Meeting::blank();
        let fields = [
            ("redirect_uri", application.redirect_uri.as_bytes()),
            ("client_id", optional(application.client_id.as_deref())),
            ("client_metadata_url", optional(application.client_metadata_url.as_deref())),
            (
                "client_metadata",
                application.client_metadata.as_ref().map(JsonText::as_str).unwrap_or_default().as_bytes(),
            ),
            ("dpop", flag(application.dpop)),
            ("dangerously_allow_http", flag(application.dangerously_allow_http)),
        ];
        for (name, value) in fields {
            let place = MEETING.place(name).wrapping_sub(MEETING.place("server_url"));
            if let Some(field) = meeting.fields_mut().get_mut(usize::from(place)) {
                *field = value;
            }
        }
        let slot = digits(application.slot.into());
        let scope = scope.unwrap_or_default().as_bytes();
        let (known, redirect_uri) = flow::identify(&meeting, &self.view(), scope, &slot)?;
        let redirect_uri = text(redirect_uri);
        Ok(match known {
            Known::Client(client_id) => Identity::Client(RegisteredClient {
                client_id: text(client_id),
                redirect_uri,
                client_secret: None,
                authentication: ClientAuthentication::None,
                secret_expires_at: None,
            }),
            Known::Register(url, body) => Identity::Register(
                RegistrationRequest { url: text(url), body: text(body) },
                Registration { redirect_uri, server: self.clone() },
            ),
            Known::Nobody => Identity::Nobody(redirect_uri),
        })
    }

    /// How a secret that was registered ahead is shown to this server.
    #[must_use]
    pub fn authentication(&self) -> ClientAuthentication {
        authentication(flow::method(b"", b"secret", &flow::offered(&self.view()), false).unwrap_or_default())
    }
}

fn authentication(method: &[u8]) -> ClientAuthentication {
    match method {
        b"client_secret_post" => ClientAuthentication::Post,
        b"client_secret_basic" => ClientAuthentication::Basic,
        _ => ClientAuthentication::None,
    }
}

impl Registration {
    /// Reads the answer (RFC 7591 section 3.2). A client of another redirect URI than the one asked for is none.
    ///
    /// # Errors
    /// [`Code::RegistrationRefused`], [`Code::RegistrationResponseInvalid`] naming the member, [`Code::ServerError`], [`Code::RedirectNotFollowed`]
    pub fn finish(self, response: &Response) -> Result<RegisteredClient, Error> {
        let answer = flow::finish(&response.reply(), self.redirect_uri.as_bytes(), &self.server.view(), false);
        match answer.map_err(fault_in(response))? {
            Answer::Given(fields) => {
                let said = Registered::of_table(&fields);
                let secret = said.client_secret();
                Ok(RegisteredClient {
                    client_id: read(said.client_id()),
                    redirect_uri: self.redirect_uri,
                    client_secret: if secret.is_empty() { None } else { Some(Secret::new(part(secret).into())) },
                    authentication: authentication(said.token_endpoint_auth_method()),
                    secret_expires_at: number(said.client_secret_expires_at()),
                })
            }
            Answer::Refused(refusal) => Err(refused_in(response, *refusal)),
        }
    }
}
