//! What the server is: discovery (RFC 8414, OpenID Connect Discovery 1.0).

use alloc::vec::Vec;

use crate::error::{Code, Fault};
use crate::flow::algorithm::{Algorithm, is_symmetric};
use crate::flow::config::{asks_for_openid, check_issuer, is_set, scope};
use crate::flow::issuer::may_name;
use crate::http::Reply;
use crate::table::{LIST, ODD, elements, has_element};
use crate::tables::{Document, METADATA, Settings, about};
use crate::text::{EMPTY, Write, joined, parts, same};
use crate::url::Url;

/// The two places where the metadata of an issuer may be: the OpenID form, which is appended to the path, and that of
/// RFC 8414, which is inserted before it (OpenID Connect Discovery 1.0 section 4, RFC 8414 section 3.1).
///
/// # Errors
/// [`Code::ConfigInvalid`] when the issuer is no URL of a server, [`Code::EndpointInsecure`]
pub(crate) fn places(issuer: &[u8], allow_http: bool) -> Result<[Vec<u8>; 2], Fault> {
    check_issuer(issuer, allow_http)?;
    let bare = issuer.strip_suffix(b"/").unwrap_or(issuer);
    let path = Url::parse(bare).map_or(b"".as_slice(), |url| url.path);
    let origin = bare.strip_suffix(path).unwrap_or(bare);
    Ok([
        joined(&[bare, b"/.well-known/openid-configuration"]),
        joined(&[origin, b"/.well-known/oauth-authorization-server", path]),
    ])
}

/// Reads the answer of a discovery request: the fields of [`Document`].
///
/// # Errors
/// [`Code::MetadataNotFound`], [`Code::ServerError`], and those of [`read`]
pub(crate) fn finish(reply: &Reply<'_>, issuer: &[u8], accepted: &[u8], allow_http: bool) -> Result<Vec<u8>, Fault> {
    reply.check_status()?;
    match reply.status {
        200 if reply.is_json() => read(reply.body, issuer, accepted, allow_http),
        200 => Err(about!(MetadataInvalid, OTHER, "content-type")),
        404 => Err(Code::MetadataNotFound.into()),
        _ => Err(Code::MetadataInvalid.into()),
    }
}

/// Reads and checks a metadata document.
///
/// # Errors
/// [`Code::MetadataInvalid`] naming the member, [`Code::IssuerMismatch`], [`Code::EndpointInsecure`] naming the endpoint
pub(crate) fn read(document: &[u8], issuer: &[u8], accepted: &[u8], allow_http: bool) -> Result<Vec<u8>, Fault> {
    let fields = METADATA.read(document, Code::MetadataInvalid)?;
    let document = Document::of_table(&fields);
    // The types of its members were looked at, no more: it is used only when its issuer is the one asked (RFC 8414 section 3.3), or one that the
    // application accepts in its place.
    if document.issuer().is_empty() {
        return Err(about!(MetadataInvalid, METADATA, "issuer"));
    }
    if !may_name(issuer, accepted, document.issuer()) {
        return Err(about!(IssuerMismatch, METADATA, "issuer"));
    }
    let first = const { METADATA.place("authorization_endpoint") };
    let endpoints = document.fields().get(1..7).unwrap_or_default();
    // Whatever listens on this machine is the server's own only where the server is on this machine too.
    let is_local = Url::parse(issuer).is_some_and(|url| url.is_loopback());
    for (place, endpoint) in (first..).zip(endpoints) {
        // The first two are required.
        if endpoint.is_empty() && place > first.saturating_add(1) {
            continue;
        }
        // A URL of a server without fragment (RFC 6749 sections 3.1 and 3.2), over TLS.
        let url = Url::parse(endpoint).filter(|url| url.is_web() && url.fragment.is_none());
        let url = url.ok_or(Code::MetadataInvalid.at(place))?;
        if !(url.has_scheme(b"https") || allow_http || url.is_secure() && is_local) {
            return Err(Code::EndpointInsecure.at(place));
        }
    }
    Ok(fields)
}

/// What a document says where it is at fault, a list separated by spaces; empty where it says nothing that can be told.
pub(crate) fn said(fault: Fault, document: &[u8]) -> Vec<u8> {
    let fields = METADATA.read(document, fault.code()).unwrap_or_default();
    let place = fault.place().wrapping_sub(const { METADATA.place("issuer") });
    let document = Document::of_table(&fields);
    let field = document.fields().get(usize::from(place)).copied().unwrap_or_default();
    let mut said = Vec::new();
    for element in parts(field, LIST).filter(|element| !matches!(element, [] | [EMPTY | ODD])) {
        if !said.is_empty() {
            said.push(b' ');
        }
        said.text(element);
    }
    said
}

/// Checks that this is the server of the configuration, that it protects the code by S256 (RFC 9700 sections 2.1.1 and 4.4.2), and that its ID tokens, if any are
/// wanted, can be verified by a public client.
///
/// # Errors
/// [`Code::IssuerMismatch`], [`Code::PkceUnsupported`], [`Code::IdTokenAlgUnsupported`]
pub(crate) fn check_server(document: &Document<'_>, settings: &Settings<'_>) -> Result<(), Fault> {
    check_same_issuer(document, settings)?;
    // The application may know of an algorithm that the server does not list.
    if settings.id_token_signed_response_alg().is_empty() && asks_for_openid(scope(settings)) {
        let listed = || elements(document.id_token_signing_alg_values_supported());
        if listed().any(|alg| is_symmetric(alg) || same(alg, b"none"))
            && listed().all(|alg| Algorithm::from_alg(alg).is_none())
        {
            return Err(about!(IdTokenAlgUnsupported, METADATA, "id_token_signing_alg_values_supported"));
        }
    }
    let methods = document.code_challenge_methods_supported();
    if is_set(settings.dangerously_assume_pkce_support()) || has_element(methods, b"S256") {
        Ok(())
    } else {
        Err(about!(PkceUnsupported, METADATA, "code_challenge_methods_supported"))
    }
}

/// Checks that this is the server of the configuration: no token may reach another one (RFC 9700 section 4.4.2).
pub(crate) fn check_same_issuer(document: &Document<'_>, settings: &Settings<'_>) -> Result<(), Fault> {
    if may_name(settings.issuer(), settings.accept_issuer(), document.issuer()) {
        Ok(())
    } else {
        Err(about!(IssuerMismatch, METADATA, "issuer"))
    }
}
