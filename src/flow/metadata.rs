//! What the server is: discovery (RFC 8414, OpenID Connect Discovery 1.0).

use alloc::vec::Vec;

use crate::error::{Code, Fault};
use crate::flow::algorithm::{Algorithm, is_symmetric};
use crate::flow::config::{REQUIRED, asks_for_openid, check_issuer, dpop_of, is_set, scope_of};
use crate::flow::issuer::may_name;
use crate::http::Reply;
use crate::json::Json;
use crate::table::{LIST, ODD, elements, has_element};
use crate::tables::{Document, METADATA, Settings, about};
use crate::text::{EMPTY, Write, joined, parts, same};
use crate::url::Url;

/// The places where the metadata of an issuer may be: the OpenID form, which is appended to the path, and that of
/// RFC 8414, which is inserted before it (OpenID Connect Discovery 1.0 section 4, RFC 8414 section 3.1); and, where there is a path, the OpenID form
/// inserted likewise, which RFC 8414 section 5 knows too. Empty where there is none.
///
/// # Errors
/// [`Code::ConfigInvalid`] when the issuer is no URL of a server, [`Code::EndpointInsecure`]
pub(crate) fn places(issuer: &[u8], allow_http: bool) -> Result<[Vec<u8>; 3], Fault> {
    check_issuer(issuer, allow_http)?;
    let bare = issuer.strip_suffix(b"/").unwrap_or(issuer);
    let path = Url::parse(bare).map_or(b"".as_slice(), |url| url.path);
    let origin = bare.strip_suffix(path).unwrap_or(bare);
    Ok([
        joined(&[bare, b"/.well-known/openid-configuration"]),
        joined(&[origin, b"/.well-known/oauth-authorization-server", path]),
        if path.is_empty() { Vec::new() } else { joined(&[origin, b"/.well-known/openid-configuration", path]) },
    ])
}

/// Reads the answer of a discovery request: the fields of [`Document`]. `known` is what the application knows better: see [`read`].
///
/// # Errors
/// [`Code::MetadataNotFound`], [`Code::ServerError`], and those of [`read`]
pub(crate) fn finish(
    reply: &Reply<'_>,
    known: &[u8],
    issuer: &[u8],
    accepted: &[u8],
    allow_http: bool,
) -> Result<Vec<u8>, Fault> {
    reply.check_status()?;
    match reply.status {
        200 if reply.is_json() => read(reply.body, known, issuer, accepted, allow_http),
        200 => Err(about!(MetadataInvalid, OTHER, "content-type")),
        404 => Err(Code::MetadataNotFound.into()),
        _ => Err(Code::MetadataInvalid.into()),
    }
}

/// Reads and checks a metadata document. The members of another object, which may be empty, take the place of its own: what the application knows
/// better. It does not know another issuer.
///
/// An endpoint that a login can do without and that cannot be used is kept as such: [`usable`] refuses it.
///
/// # Errors
/// [`Code::MetadataInvalid`] naming the member, [`Code::IssuerMismatch`], [`Code::EndpointInsecure`] naming the endpoint, [`Code::ConfigInvalid`] when what
/// the application knows is of the wrong type
pub(crate) fn read(
    document: &[u8],
    known: &[u8],
    issuer: &[u8],
    accepted: &[u8],
    allow_http: bool,
) -> Result<Vec<u8>, Fault> {
    if !known.is_empty() {
        let fields = METADATA.read(known, Code::ConfigInvalid)?;
        if !Document::of_table(&fields).issuer().is_empty() {
            return Err(about!(ConfigInvalid, SETTINGS, "metadata"));
        }
    }
    let fields = fields(document, known)?;
    let mut document = Document::of_table(&fields);
    // The types of its members were looked at, no more: it is used only when its issuer is the one asked (RFC 8414 section 3.3), or one that the
    // application accepts in its place.
    if document.issuer().is_empty() {
        return Err(about!(MetadataInvalid, METADATA, "issuer"));
    }
    if !may_name(issuer, accepted, document.issuer()) {
        return Err(about!(IssuerMismatch, METADATA, "issuer"));
    }
    let first = const { METADATA.place("authorization_endpoint") };
    // Whatever listens on this machine is the server's own only where the server is on this machine too.
    let is_local = Url::parse(issuer).is_some_and(|url| url.is_loopback());
    for (place, endpoint) in (first..).zip(document.fields_mut().iter_mut().skip(1).take(7)) {
        // The first two are required.
        let is_required = place < first.saturating_add(2);
        // A URL of a server without fragment (RFC 6749 sections 3.1 and 3.2), over TLS.
        let url = Url::parse(endpoint).filter(|url| url.is_web() && url.fragment.is_none());
        let (code, mark) = match url {
            Some(url) if url.has_scheme(b"https") || allow_http || url.is_secure() && is_local => continue,
            Some(_) => (Code::EndpointInsecure, INSECURE),
            None => (Code::MetadataInvalid, INVALID),
        };
        if is_required {
            return Err(code.at(place));
        }
        if !endpoint.is_empty() {
            *endpoint = mark;
        }
    }
    Ok(document.to_fields())
}

/// Stand for an endpoint that is no URL of a server, and for one that is not over TLS.
const INVALID: &[u8] = &[ODD];
const INSECURE: &[u8] = &[EMPTY];

/// Sees to it that an endpoint may be used; `missing` says that there is none, and names it.
///
/// # Errors
/// [`Code::EndpointMissing`], [`Code::MetadataInvalid`], [`Code::EndpointInsecure`]
#[inline(never)]
pub(crate) fn usable(endpoint: &[u8], missing: Fault) -> Result<(), Fault> {
    Err(match endpoint {
        [] => missing,
        [ODD] => missing.with_code(Code::MetadataInvalid),
        [EMPTY] => missing.with_code(Code::EndpointInsecure),
        _ => return Ok(()),
    })
}

/// The same for the place of the keys, where an ID token is asked for. Without one there is only TLS to say whose the token is.
pub(crate) fn check_keys(jwks_uri: &[u8]) -> Result<(), Fault> {
    if jwks_uri.is_empty() { Ok(()) } else { usable(jwks_uri, about!(EndpointMissing, METADATA, "jwks_uri")) }
}

/// The members of a document, and in the place of its own what the application knows better.
fn fields(document: &[u8], known: &[u8]) -> Result<Vec<u8>, Fault> {
    METADATA.divide(Json::new(document), Json::new(known), Code::MetadataInvalid, 0, &mut Vec::new())
}

/// Whether the scope asks for an ID token and the document does not say where its keys are: it may be the lesser of two then.
pub(crate) fn is_keyless(document: &Document<'_>, settings: &Settings<'_>) -> bool {
    asks_for_openid(scope_of(settings)) && document.jwks_uri().is_empty()
}

/// What a document says where it is at fault, a list separated by spaces; empty where it says nothing that can be told.
pub(crate) fn said(fault: Fault, document: &[u8], known: &[u8]) -> Vec<u8> {
    let fields = fields(document, known).unwrap_or_default();
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

/// Checks that this is the server of the configuration, that it protects the code by S256 (RFC 9700 sections 2.1.1 and 4.4.2), that its ID tokens, if any are
/// wanted, can be verified by a public client, and that it says nothing by which no login can succeed: better told here than by the server's page.
///
/// # Errors
/// [`Code::IssuerMismatch`], [`Code::PkceUnsupported`], [`Code::IdTokenAlgUnsupported`], [`Code::ServerUnsupported`] naming the member, those of the `jwks_uri`
/// where an ID token is asked for
pub(crate) fn check_server(document: &Document<'_>, settings: &Settings<'_>) -> Result<(), Fault> {
    check_same_issuer(document, settings)?;
    let methods = document.code_challenge_methods_supported();
    if !(is_set(settings.dangerously_assume_pkce_support()) || has_element(methods, b"S256")) {
        return Err(about!(PkceUnsupported, METADATA, "code_challenge_methods_supported"));
    }
    // RFC 9126 section 5.
    let endpoint = document.pushed_authorization_request_endpoint();
    if is_set(document.require_pushed_authorization_requests()) {
        usable(endpoint, about!(ServerUnsupported, METADATA, "require_pushed_authorization_requests"))?;
    }
    if is_set(settings.pushed_authorization_requests()) {
        usable(endpoint, about!(EndpointMissing, METADATA, "pushed_authorization_request_endpoint"))?;
    }
    if lacks(document.response_types_supported(), b"code") {
        return Err(about!(ServerUnsupported, METADATA, "response_types_supported"));
    }
    // Who only prefers bound tokens gets others there.
    if same(dpop_of(settings), REQUIRED) && !takes_proofs(document) {
        return Err(about!(ServerUnsupported, METADATA, "dpop_signing_alg_values_supported"));
    }
    if asks_for_openid(scope_of(settings)) {
        check_keys(document.jwks_uri())?;
        // One that was registered counts, whatever the list says.
        let algs = document.id_token_signing_alg_values_supported();
        let is_known = settings.id_token_signed_response_alg().is_empty() && !matches!(algs, [] | [EMPTY]);
        if is_known && !elements(algs).any(|alg| Algorithm::from_alg(alg).is_some()) {
            let is_for_secrets = elements(algs).any(|alg| is_symmetric(alg) || same(alg, b"none"));
            let code = if is_for_secrets { Code::IdTokenAlgUnsupported } else { Code::ServerUnsupported };
            return Err(code.at(const { METADATA.place("id_token_signing_alg_values_supported") }));
        }
    }
    Ok(())
}

/// Whether a list that a server gives is without what is needed.
fn lacks(list: &[u8], element: &[u8]) -> bool {
    !(list.is_empty() || has_element(list, element))
}

/// Whether the server takes proofs by ES256, or does not say by what (RFC 9449 section 5.1).
pub(crate) fn takes_proofs(document: &Document<'_>) -> bool {
    !lacks(document.dpop_signing_alg_values_supported(), b"ES256")
}

/// Checks that this is the server of the configuration: no token may reach another one (RFC 9700 section 4.4.2).
pub(crate) fn check_same_issuer(document: &Document<'_>, settings: &Settings<'_>) -> Result<(), Fault> {
    if may_name(settings.issuer(), settings.accept_issuer(), document.issuer()) {
        Ok(())
    } else {
        Err(about!(IssuerMismatch, METADATA, "issuer"))
    }
}
