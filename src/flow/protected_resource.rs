//! A resource server that the application meets for the first time: where it says more of itself, what it may say, and which
//! scopes to ask for (RFC 9728, MCP specification 2025-11-25, Authorization).

use alloc::vec::Vec;

use crate::error::{Code, Fault};
use crate::flow::config::check_issuer;
use crate::http::Reply;
use crate::table::{ODD, elements, push_element};
use crate::tables::{RESOURCE, Resource, ResourceParts, about};
use crate::text::{Class, EMPTY, Write, all, contains, cut, joined, parts, same};
use crate::url::Url;

/// What stands before the path of a resource in the address of its metadata (RFC 9728 section 3).
const WELL_KNOWN: &[u8] = b"/.well-known/oauth-protected-resource";

/// The most bytes of scopes that are asked for: no honest server needs more.
const MOST_SCOPE: usize = 4096;

/// The most authorization servers of a resource that are asked: it could name those of others, to have them asked by all its users.
const MOST_SERVERS: usize = 8;

/// A URL of a server as it is asked: over TLS or on this machine, and without a fragment.
fn server(url: &[u8], allow_http: bool) -> Option<Url<'_>> {
    Url::parse(url).filter(|url| url.is_web() && url.fragment.is_none() && (url.is_secure() || allow_http))
}

/// What stands before the path of a URL.
fn origin<'a>(text: &'a [u8], url: &Url<'_>) -> &'a [u8] {
    let length = url.scheme.len().saturating_add(3).saturating_add(url.authority.unwrap_or_default().len());
    text.get(..length).unwrap_or_default()
}

/// The path of a URL without a slash at its end.
fn path<'a>(url: &Url<'a>) -> &'a [u8] {
    url.path.strip_suffix(b"/").unwrap_or(url.path)
}

/// Where the metadata of a resource server may be, in their order and each on a line: where its challenge says, if it says so; with its path behind the
/// well-known one; without its path (RFC 9728 sections 3.1 and 5.1).
///
/// # Errors
/// [`Code::ConfigInvalid`] when it is no URL of a server, [`Code::EndpointInsecure`]
pub(crate) fn places(server_url: &[u8], challenged: &[u8], allow_http: bool) -> Result<Vec<u8>, Fault> {
    let Some(url) = server(server_url, true) else {
        return Err(about!(ConfigInvalid, MEETING, "server_url"));
    };
    if !(url.is_secure() || allow_http) {
        return Err(about!(EndpointInsecure, MEETING, "server_url"));
    }
    let mut places = Vec::new();
    // Whatever listens on this machine is the server's own only where the server is on this machine too.
    let is_sound = |place: Url<'_>| url.is_loopback() || !place.is_loopback();
    if server(challenged, allow_http).is_some_and(is_sound) {
        places.text(challenged);
        places.push(b'\n');
    }
    let known = joined(&[origin(server_url, &url), WELL_KNOWN]);
    let whole = path(&url);
    let mut add = |path: &[u8]| {
        places.text(&known);
        places.text(path);
        if let Some(query) = url.query.filter(|_| !path.is_empty()) {
            places.push(b'?');
            places.text(query);
        }
        places.push(b'\n');
    };
    // As it is, and as most servers have it that end their path with a slash.
    if !whole.is_empty() && url.path != whole {
        add(url.path);
    }
    if !whole.is_empty() {
        add(whole);
    }
    places.text(&known);
    Ok(places)
}

/// Reads and checks what was served at one of these places: the fields of [`Resource`], with those authorization servers that may be asked. Without any it is the
/// resource server's own origin, as before there was such metadata (MCP specification 2025-03-26).
///
/// # Errors
/// [`Code::MetadataNotFound`], [`Code::ResourceMetadataInvalid`], [`Code::ResourceMismatch`], [`Code::ServerError`], [`Code::RedirectNotFollowed`]
pub(crate) fn finish(reply: &Reply<'_>, server_url: &[u8], place: &[u8], allow_http: bool) -> Result<Vec<u8>, Fault> {
    reply.check_status()?;
    if reply.status != 200 {
        return Err(Code::MetadataNotFound.into());
    }
    if !reply.is_json() {
        return Err(about!(ResourceMetadataInvalid, OTHER, "content-type"));
    }
    let fields = RESOURCE.read(reply.body, Code::ResourceMetadataInvalid)?;
    let said = Resource::of_table(&fields);
    if matches!(said.resource(), [] | [EMPTY | ODD]) {
        return Err(about!(ResourceMetadataInvalid, RESOURCE, "resource"));
    }
    if !is_resource(server_url, said.resource(), place) {
        return Err(about!(ResourceMismatch, RESOURCE, "resource"));
    }
    Ok(checked(server_url, &said, allow_http))
}

/// What is said of a resource server that says nothing of itself.
pub(crate) fn silent(server_url: &[u8]) -> Vec<u8> {
    let resource = cut(server_url, b'#').0;
    checked(
        server_url,
        &Resource::of(ResourceParts { resource, authorization_servers: b"", scopes_supported: b"" }),
        true,
    )
}

fn checked(server_url: &[u8], said: &Resource<'_>, allow_http: bool) -> Vec<u8> {
    let mut servers = Vec::new();
    let is_local = |url: &[u8]| Url::parse(url).is_some_and(|url| url.is_loopback());
    let is_sound =
        |issuer: &&[u8]| check_issuer(issuer, allow_http).is_ok() && (is_local(server_url) || !is_local(issuer));
    for issuer in elements(said.authorization_servers()).filter(is_sound).take(MOST_SERVERS) {
        push_element(&mut servers, issuer);
    }
    if said.authorization_servers().is_empty()
        && let Some(url) = Url::parse(server_url)
    {
        push_element(&mut servers, origin(server_url, &url));
    }
    let mut scopes = Vec::new();
    for scope in elements(said.scopes_supported()) {
        push_scope(&mut scopes, scope);
    }
    let parts = ResourceParts { resource: said.resource(), authorization_servers: &servers, scopes_supported: &scopes };
    Resource::of(parts).to_fields()
}

/// Whether a document may be about that resource: the server as it was asked (RFC 9728 section 3.3). One at a well-known place of the server's own origin, which is nobody
/// else's there, may also name what the server is part of.
pub(crate) fn is_resource(server_url: &[u8], resource: &[u8], place: &[u8]) -> bool {
    let (Some(asked), Some(named), Some(at)) = (Url::parse(server_url), Url::parse(resource), Url::parse(place)) else {
        return false;
    };
    if !named.has_origin_of(&asked) || named.fragment.is_some() {
        return false;
    }
    let is_known = at.has_origin_of(&asked) && at.path.starts_with(WELL_KNOWN);
    path(&named) == path(&asked) && named.query == asked.query
        || is_known && named.query.is_none() && is_below(path(&named), path(&asked))
}

/// Whether a path is another one, or below it.
fn is_below(above: &[u8], path: &[u8]) -> bool {
    let rest = path.strip_prefix(above);
    rest.is_some_and(|rest| matches!(rest, [] | [b'/', ..])) && parts(path, b'/').all(|part| !is_dots(part))
}

/// Whether a part of a path leads elsewhere, be its dots escaped or not.
fn is_dots(part: &[u8]) -> bool {
    part.starts_with(b"..") || has_escaped_dot(part)
}

fn has_escaped_dot(part: &[u8]) -> bool {
    part.windows(3).any(|three| three.eq_ignore_ascii_case(b"%2e"))
}

/// Whether the access token of a resource may be sent to a URL: to the server as the application knows it, and to what is below its resource (RFC 8707 section 2).
pub(crate) fn is_within(server_url: &[u8], resource: &[u8], url: &[u8]) -> bool {
    let (Some(server), Some(named), Some(there)) = (Url::parse(server_url), Url::parse(resource), Url::parse(url))
    else {
        return false;
    };
    there.has_origin_of(&server)
        && (is_below(path(&named), path(&there)) || same(there.path, server.path) && there.query == server.query)
}

/// The scopes to ask for: what a challenge asks for, beside what the application wants; else what the application wants, else what the resource server lists. What was granted already
/// stays, and `offline_access` comes where the authorization server lists it. Empty for none.
pub(crate) fn scopes(challenged: &[u8], wanted: &[u8], listed: &[u8], granted: &[u8], offline: bool) -> Vec<u8> {
    let listed = if challenged.is_empty() && wanted.is_empty() { listed } else { b"" };
    let mut scopes = Vec::new();
    for list in [granted, challenged, wanted, listed] {
        for scope in parts(list, b' ') {
            push_scope(&mut scopes, scope);
        }
    }
    if offline && !scopes.is_empty() {
        push_scope(&mut scopes, OFFLINE);
    }
    scopes
}

/// The scopes to register for: all that may be asked for some day. A server refuses a client what it did not register for (RFC 7591 section 2).
pub(crate) fn all_scopes(challenged: &[u8], wanted: &[u8], listed: &[u8], offline: bool) -> Vec<u8> {
    scopes(challenged, wanted, b"", listed, offline)
}

/// OpenID Connect Core section 11.
pub(crate) const OFFLINE: &[u8] = b"offline_access";

/// Adds a scope that is one (RFC 6749 section 3.3), unless it is there or the list is long.
fn push_scope(scopes: &mut Vec<u8>, scope: &[u8]) {
    let is_scope = !scope.is_empty() && all(scope, const { &Class::printable(b" \"\\") });
    if is_scope && !contains(scopes, scope) && scopes.len().saturating_add(scope.len()) < MOST_SCOPE {
        if !scopes.is_empty() {
            scopes.push(b' ');
        }
        scopes.text(scope);
    }
}
