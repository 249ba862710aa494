//! What only an application asks that meets its servers for the first time (`pkce-wasm/mcp`): JavaScript reads the documents, and these functions decide what may come of them.

use wasm_bindgen::prelude::*;

use crate::error::Code;
use crate::flow::challenge::{Raw, Scheme, first, unquote};
use crate::flow::config::is_set;
use crate::flow::protected_resource as protected;
use crate::flow::registration;
use crate::text::cut;
use crate::web::text::{TEXTS, Text, absent, run};

/// Gives where the metadata of a resource server may be, in their order, and what its challenge asks for (RFC 9728 sections 3.1 and 5.1):
/// `{ places, scope? }`, of which each place is a line. The header is that of a refusal, or empty when there is none or the page cannot see it. The last text is not empty where `http` is allowed.
///
/// # Errors
/// `config_invalid`, `endpoint_insecure`
#[wasm_bindgen(js_name = resourcePlaces)]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn resource_places(server_url: Text, www_authenticate: Text, allow_http: Text) -> Text {
    run(server_url, www_authenticate, allow_http, absent(), TEXTS, |given, out| {
        let [server_url, header, allow_http, _] = given.texts;
        let challenge = first(header, Scheme::Bearer).or_else(|| first(header, Scheme::Dpop));
        let challenge = challenge.unwrap_or_else(Raw::blank);
        let url = unquote(challenge.resource_metadata());
        out.text("places", &protected::places(server_url, &url, is_set(allow_http))?);
        out.text("scope", &unquote(challenge.scope()));
        Ok(())
    })
}

/// Says of a resource, which a document names, whether the server is part of it (RFC 9728 section 3.3): the document was found at `place`. Without a place it says whether the access
/// token for the resource may be sent to `url` (RFC 8707 section 2). Gives `{ yes? }`.
///
/// # Errors
/// none
#[wasm_bindgen(js_name = isOfResource)]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn is_of_resource(server_url: Text, resource: Text, place: Text, url: Text) -> Text {
    run(server_url, resource, place, url, TEXTS, |given, out| {
        let [server_url, resource, place, url] = given.texts;
        let is_of = if place.is_empty() { protected::is_within } else { protected::is_resource };
        if is_of(server_url, resource, if place.is_empty() { url } else { place }) {
            out.json("yes", b"true");
        }
        Ok(())
    })
}

/// Gives the scopes to ask for (MCP specification 2025-11-25, Scope Selection Strategy): `{ scope? }`. Given are lists: what was granted already, what a challenge asks for, what the application wants, and
/// what the resource server lists, behind which on a line of its own stands a mark where the authorization server lists `offline_access`.
///
/// # Errors
/// none
#[wasm_bindgen]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn scopes(granted: Text, challenged: Text, wanted: Text, listed: Text) -> Text {
    run(granted, challenged, wanted, listed, TEXTS, |given, out| {
        let [granted, challenged, wanted, listed] = given.texts;
        let (listed, mark) = cut(listed, b'\n');
        let offline = mark.is_some_and(|mark| !mark.is_empty());
        out.text("scope", &protected::scopes(challenged, wanted, listed, granted, offline));
        Ok(())
    })
}

/// Gives the redirect URI of an issuer that does not promise `iss` (RFC 9700 section 4.4), below the given one: `{ uri }`. `slot` is its place among those that a metadata document lists ahead;
/// when empty the issuer's name decides.
///
/// # Errors
/// none
#[wasm_bindgen(js_name = ownRedirectUri)]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn own_redirect_uri(redirect_uri: Text, issuer: Text, slot: Text) -> Text {
    run(redirect_uri, issuer, slot, absent(), TEXTS, |given, out| {
        let [redirect_uri, issuer, slot, _] = given.texts;
        out.text("uri", &registration::own_redirect_uri(redirect_uri, issuer, slot));
        Ok(())
    })
}

/// Gives how a client shows its secret (RFC 6749 section 2.3.1, RFC 7591 section 3.2.1): `{ method }`. `registered` is the method of the registration, or empty; `offered` are those of the server,
/// separated by spaces; the last text is not empty in a page.
///
/// # Errors
/// `registration_response_invalid`
#[wasm_bindgen(js_name = secretMethod)]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn secret_method(registered: Text, secret: Text, offered: Text, page: Text) -> Text {
    run(registered, secret, offered, page, TEXTS, |given, out| {
        let [registered, secret, offered, page] = given.texts;
        let method = registration::method(registered, secret, offered, is_set(page));
        out.text("method", method.ok_or(Code::RegistrationResponseInvalid)?);
        Ok(())
    })
}
