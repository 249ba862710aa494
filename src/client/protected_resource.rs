//! A resource server that the application meets for the first time, such as an MCP server: where it says more of itself, which authorization
//! servers it names, and which scopes to ask for (RFC 9728, MCP specification 2025-11-25, Authorization).
//!
//! 1. [`metadata_requests`] says where its metadata may be, and [`ProtectedResource::from_response`] reads them; [`ProtectedResource::silent`] stands for a server without any.
//! 2. [`authorization_server_requests`] says where the metadata of one of its authorization servers may be. [`Metadata::from_response`](crate::Metadata::from_response) reads
//!    them, and [`Registrar`] says how to become a client there.
//! 3. A login names [`ProtectedResource::resource`] as its [`resource`](crate::client::authorize::LoginOptions::resource), and asks for [`ProtectedResource::scopes`].
//! 4. [`ProtectedResource::may_receive_token`] says where the access token may be sent.

use alloc::string::String;
use alloc::vec::Vec;

use crate::client::challenge::Challenge;
use crate::client::fields::{fault_in, part, read, text};
use crate::client::registration::Registrar;
use crate::error::Error;
use crate::flow::{metadata, protected_resource as flow};
use crate::http::{Request, Response};
use crate::table::elements;
use crate::tables::Resource;
use crate::text::parts;

/// Where the metadata of a resource server may be, in their order: where its challenge says; at the well-known place with its path; at that without
/// (RFC 9728 sections 3.1 and 5.1). Ask them one after the other, until one has a document.
///
/// # Errors
/// [`Code::ConfigInvalid`](crate::Code::ConfigInvalid) when the server's URL is none, [`Code::EndpointInsecure`](crate::Code::EndpointInsecure)
pub fn metadata_requests(
    server_url: &str,
    challenge: Option<&Challenge>,
    allow_http: bool,
) -> Result<Vec<Request>, Error> {
    let challenged = challenge.and_then(|challenge| challenge.resource_metadata.as_deref()).unwrap_or_default();
    let places = flow::places(server_url.as_bytes(), challenged.as_bytes(), allow_http)?;
    Ok(parts(&places, b'\n').map(|place| Request::get(part(place).into())).collect())
}

/// Where the metadata of an authorization server may be, in the order of the MCP specification: the form of RFC 8414, then that of OpenID, each with the path of the issuer behind the well-known
/// one, and the OpenID form appended to the path. Ask them one after the other, until one has a document. One of another issuer ends the search, unless it is [`is_same_issuer`].
///
/// # Errors
/// [`Code::ConfigInvalid`](crate::Code::ConfigInvalid) when the issuer is no URL of a server, [`Code::EndpointInsecure`](crate::Code::EndpointInsecure)
pub fn authorization_server_requests(issuer: &str, allow_http: bool) -> Result<Vec<Request>, Error> {
    let [appended, oauth, inserted] = metadata::places(issuer.as_bytes(), allow_http)?;
    let places = [oauth, inserted, appended].into_iter().filter(|place| !place.is_empty());
    Ok(places.map(|place| Request::get(text(place))).collect())
}

/// Whether two spellings of an issuer differ in nothing but a slash at their end. The metadata of both are at the same places: ask again with the spelling of the authorization server itself,
/// where a resource server has the other one.
#[must_use]
pub fn is_same_issuer(one: &str, other: &str) -> bool {
    one.strip_suffix('/').unwrap_or(one) == other.strip_suffix('/').unwrap_or(other)
}

/// What a resource server says of itself, checked.
#[derive(Clone, Debug)]
pub struct ProtectedResource {
    server_url: String,
    fields: Vec<u8>,
}

impl ProtectedResource {
    /// Reads the answer to one of the [`metadata_requests`], which was sent to `place`. Its `resource` has to be the server that was asked. A document at a well-known place of the server's own origin may
    /// also name what the server is part of (RFC 9728 section 3.3).
    ///
    /// # Errors
    /// [`Code::MetadataNotFound`](crate::Code::MetadataNotFound), [`Code::ResourceMetadataInvalid`](crate::Code::ResourceMetadataInvalid),
    /// [`Code::ResourceMismatch`](crate::Code::ResourceMismatch), [`Code::ServerError`](crate::Code::ServerError), [`Code::RedirectNotFollowed`](crate::Code::RedirectNotFollowed)
    pub fn from_response(response: &Response, server_url: &str, place: &str, allow_http: bool) -> Result<Self, Error> {
        let fields = flow::finish(&response.reply(), server_url.as_bytes(), place.as_bytes(), allow_http)
            .map_err(fault_in(response))?;
        Ok(Self { server_url: server_url.into(), fields })
    }

    /// A server that says nothing of itself: its authorization server is its own origin, as in the MCP specification 2025-03-26.
    #[must_use]
    pub fn silent(server_url: &str) -> Self {
        Self { server_url: server_url.into(), fields: flow::silent(server_url.as_bytes()) }
    }

    fn view(&self) -> Resource<'_> {
        Resource::of_table(&self.fields)
    }

    /// Its identifier: the `resource` of a login (RFC 8707 section 2).
    #[must_use]
    pub fn resource(&self) -> String {
        read(self.view().resource())
    }

    /// The issuers of the authorization servers that may be asked, in the order of the server. Whoever runs the server has chosen them.
    #[must_use]
    pub fn authorization_servers(&self) -> Vec<String> {
        elements(self.view().authorization_servers()).map(|issuer| part(issuer).into()).collect()
    }

    /// The scopes to ask for: what a challenge asks for, beside what the application wants; else what the application wants; else what the server lists. What was granted already is asked for again, and
    /// `offline_access` where the authorization server lists it. `None` when none are to be asked for.
    #[must_use]
    pub fn scopes(
        &self,
        challenge: Option<&Challenge>,
        wanted: &str,
        granted: &str,
        server: &Registrar,
    ) -> Option<String> {
        let challenged = challenge.and_then(|challenge| challenge.scope.as_deref()).unwrap_or_default();
        let view = self.view();
        let scopes = flow::scopes(
            challenged.as_bytes(),
            wanted.as_bytes(),
            view.scopes_supported(),
            granted.as_bytes(),
            server.is_offline(),
        );
        if scopes.is_empty() { None } else { Some(text(scopes)) }
    }

    /// The scopes to register for: all that a login may ask for some day. A server refuses a client what it did not register for (RFC 7591 section 2). `None` when there are none.
    #[must_use]
    pub fn all_scopes(&self, challenge: Option<&Challenge>, wanted: &str, server: &Registrar) -> Option<String> {
        let challenged = challenge.and_then(|challenge| challenge.scope.as_deref()).unwrap_or_default();
        let listed = self.view();
        let scopes =
            flow::all_scopes(challenged.as_bytes(), wanted.as_bytes(), listed.scopes_supported(), server.is_offline());
        if scopes.is_empty() { None } else { Some(text(scopes)) }
    }

    /// Whether the access token may be sent to a URL: to the server itself, and to what is below its resource.
    #[must_use]
    pub fn may_receive_token(&self, url: &str) -> bool {
        flow::is_within(self.server_url.as_bytes(), self.view().resource(), url.as_bytes())
    }
}
