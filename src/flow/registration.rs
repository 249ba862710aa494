//! How an authorization server comes to know the application: a client id that was given, a Client ID Metadata Document, or a
//! registration (RFC 7591, draft-ietf-oauth-client-id-metadata-document, MCP specification 2025-11-25).

use alloc::vec::Vec;

use crate::encoding::write_hash;
use crate::error::{Code, Fault};
use crate::flow::callback::Answer;
use crate::flow::config::is_set;
use crate::flow::protected_resource::OFFLINE;
use crate::flow::token::refused;
use crate::http::Reply;
use crate::json;
use crate::table::{elements, has_element};
use crate::tables::{Meeting, REGISTERED, Registered, RegisteredParts, Registrar, about};
use crate::text::{Class, EMPTY, Write, all, contains, cut, joined, plain, position, same};
use crate::url::Url;

/// How many bytes of the hash of an issuer are the segment of its redirect URI.
const SEGMENT: usize = 16;

/// How the application shows who it is at the token endpoint (RFC 6749 section 2.3.1).
pub(crate) const NONE: &[u8] = b"none";
const POST: &[u8] = b"client_secret_post";
const BASIC: &[u8] = b"client_secret_basic";
const METHODS: &[u8] = b"none client_secret_post client_secret_basic";

/// How an authorization server knows the application.
pub(crate) enum Known {
    /// By this client id.
    Client(Vec<u8>),
    /// By the answer to a registration: where to send it, and the document.
    Register(Vec<u8>, Vec<u8>),
    /// Not at all: somebody has to register it.
    Nobody,
}

/// How an authorization server knows the application, and the redirect URI to use there. `slot` is the place of the redirect URI that this issuer has among those that
/// a metadata document lists ahead.
///
/// # Errors
/// [`Code::MetadataInvalid`] and [`Code::EndpointInsecure`] about the `registration_endpoint`
pub(crate) fn identify(
    application: &Meeting<'_>,
    server: &Registrar<'_>,
    scope: &[u8],
    slot: &[u8],
) -> Result<(Known, Vec<u8>), Fault> {
    let redirect_uri = application.redirect_uri();
    let own = |slot: &[u8]| {
        if promises_iss(server) {
            joined(&[redirect_uri])
        } else {
            own_redirect_uri(redirect_uri, server.issuer(), slot)
        }
    };
    if !application.client_id().is_empty() {
        return Ok((Known::Client(joined(&[application.client_id()])), joined(&[redirect_uri])));
    }
    let document = application.client_metadata_url();
    if !document.is_empty() && is_set(server.client_id_metadata_document_supported()) {
        return Ok((Known::Client(joined(&[document])), own(slot)));
    }
    let redirect_uri = own(b"");
    let endpoint = server.registration_endpoint();
    if endpoint.is_empty() {
        return Ok((Known::Nobody, redirect_uri));
    }
    let Some(url) = Url::parse(endpoint).filter(|url| url.is_web() && url.fragment.is_none()) else {
        return Err(about!(MetadataInvalid, REGISTRAR, "registration_endpoint"));
    };
    let is_local = Url::parse(server.issuer()).is_some_and(|url| url.is_loopback());
    let allow_http = is_set(application.dangerously_allow_http());
    if !(url.has_scheme(b"https") || allow_http || url.is_secure() && is_local) {
        return Err(about!(EndpointInsecure, REGISTRAR, "registration_endpoint"));
    }
    let request = document_of(application, &redirect_uri, scope);
    Ok((Known::Register(joined(&[endpoint]), request), redirect_uri))
}

/// Whether every answer of a server says whose it is (RFC 9207 section 3).
pub(crate) fn promises_iss(server: &Registrar<'_>) -> bool {
    is_set(server.authorization_response_iss_parameter_supported())
}

/// The redirect URI of an issuer that does not promise `iss`: the given one with one more segment in its path, by which it is told from those of others. `slot` is its place among those that
/// a metadata document lists ahead; when empty the segment is made of the issuer.
pub(crate) fn own_redirect_uri(redirect_uri: &[u8], issuer: &[u8], slot: &[u8]) -> Vec<u8> {
    let (uri, query) = cut(redirect_uri, b'?');
    let mut own = joined(&[uri]);
    if uri.last() != Some(&b'/') {
        own.push(b'/');
    }
    let length = own.len().saturating_add(SEGMENT);
    if slot.is_empty() {
        write_hash(&mut own, issuer);
        own.truncate(length);
    }
    own.text(slot);
    if let Some(query) = query {
        own.push(b'?');
        own.text(query);
    }
    own
}

/// What kind of application a redirect URI belongs to (OpenID Connect Dynamic Client Registration 1.0 section 2).
pub(crate) fn application_type(redirect_uri: &[u8]) -> &'static [u8] {
    let is_native = Url::parse(redirect_uri).is_none_or(|url| !url.has_scheme(b"https"));
    if is_native { b"native" } else { b"web" }
}

/// The members of a registration that this package sets.
const OURS: &[u8] = b"redirect_uris grant_types response_types token_endpoint_auth_method scope application_type dpop_bound_access_tokens";

/// The document of a registration (RFC 7591 section 2). The application may say of which type it is; the rest of what is decided here it does not.
fn document_of(application: &Meeting<'_>, redirect_uri: &[u8], scope: &[u8]) -> Vec<u8> {
    let mut document = Vec::new();
    let mut kind = joined(&[application_type(redirect_uri)]);
    let given = json::parse(application.client_metadata()).unwrap_or_default();
    let _ = given.each(b'{', &mut |key, value| {
        let mut name = Vec::new();
        key.text(&mut name);
        match position(OURS, &name) {
            None if value.kind() != b'n' => {
                document.member(&name);
                document.json(value.raw());
            }
            Some(5) => {
                kind.clear();
                value.text(&mut kind);
            }
            _ => {}
        }
    });
    document.member(b"redirect_uris");
    document.push(b'[');
    document.string(redirect_uri);
    document.push(b']');
    document.member(b"grant_types");
    document.text(b"[\"authorization_code\",\"refresh_token\"]");
    document.member(b"response_types");
    document.text(b"[\"code\"]");
    document.members("token_endpoint_auth_method application_type scope", &[NONE, &kind, scope]);
    if is_set(application.dpop()) {
        document.member(b"dpop_bound_access_tokens");
        document.text(b"true");
    }
    document.push(b'}');
    document
}

/// Reads the answer to a registration (RFC 7591 sections 3.2.1 and 3.2.2): the fields of [`Registered`], of which the method is the one to use.
///
/// # Errors
/// [`Code::RegistrationResponseInvalid`] naming the member, [`Code::RedirectNotFollowed`], [`Code::ServerError`]
pub(crate) fn finish(
    reply: &Reply<'_>,
    redirect_uri: &[u8],
    server: &Registrar<'_>,
    is_page: bool,
) -> Result<Answer<Vec<u8>>, Fault> {
    if let Some(refusal) = refused(reply, Code::RegistrationRefused, &[])? {
        return Ok(Answer::Refused(refusal));
    }
    if !matches!(reply.status, 200 | 201) {
        return Err(Code::RegistrationRefused.into());
    }
    let fields = REGISTERED.read(reply.body, Code::RegistrationResponseInvalid)?;
    let said = Registered::of_table(&fields);
    if said.client_id().is_empty() || !all(said.client_id(), const { &Class::printable(b"") }) {
        return Err(about!(RegistrationResponseInvalid, REGISTERED, "client_id"));
    }
    // A registration for somebody else's redirect URI is nobody's.
    if !said.redirect_uris().is_empty() && !has_element(said.redirect_uris(), redirect_uri) {
        return Err(about!(RegistrationResponseInvalid, REGISTERED, "redirect_uris"));
    }
    let secret = said.client_secret();
    let secret = if secret == [EMPTY] { b"" } else { secret };
    if !all(secret, const { &Class::printable(b"") }) {
        return Err(about!(RegistrationResponseInvalid, REGISTERED, "client_secret"));
    }
    let Some(method) = method(plain(said.token_endpoint_auth_method()), secret, &offered(server), is_page) else {
        return Err(about!(RegistrationResponseInvalid, REGISTERED, "token_endpoint_auth_method"));
    };
    let expires = said.client_secret_expires_at();
    Ok(Answer::Given(
        Registered::of(RegisteredParts {
            client_id: said.client_id(),
            client_secret: if method == NONE { b"" } else { secret },
            redirect_uris: b"",
            token_endpoint_auth_method: method,
            client_secret_expires_at: if method == NONE || expires == b"0" { b"" } else { expires },
        })
        .to_fields(),
    ))
}

/// How to use a secret: as it was registered; else in the body where the server offers that to a page, for a page would have to ask before it sends a header;
/// else in a header, which every server has to take (RFC 6749 section 2.3.1). What the server offers is separated by spaces. `None` when there is no way.
pub(crate) fn method<'a>(registered: &'a [u8], secret: &[u8], offered: &[u8], is_page: bool) -> Option<&'a [u8]> {
    let method = if !registered.is_empty() {
        registered
    } else if secret.is_empty() {
        NONE
    } else if contains(offered, POST) && (is_page || !contains(offered, BASIC)) {
        POST
    } else {
        BASIC
    };
    // Who is asked for no secret needs none; without one there is none to use.
    let is_known = position(METHODS, method).is_some_and(|place| place == 0 || !secret.is_empty());
    if is_known { Some(method) } else { None }
}

/// The methods that a server offers, separated by spaces.
pub(crate) fn offered(server: &Registrar<'_>) -> Vec<u8> {
    let mut offered = Vec::new();
    for method in elements(server.token_endpoint_auth_methods_supported()) {
        offered.text(method);
        offered.push(b' ');
    }
    offered
}

/// Whether a server gives refresh tokens to those who ask for them by a scope (OpenID Connect Core section 11).
pub(crate) fn is_offline(server: &Registrar<'_>) -> bool {
    elements(server.scopes_supported()).any(|scope| same(scope, OFFLINE))
}
