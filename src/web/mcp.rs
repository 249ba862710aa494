//! What only an application asks that meets its servers for the first time (`pkce-wasm/mcp`). The options are JSON, the same for every step: those of the application, and what is
//! known so far ([`Meeting`]).

use alloc::vec::Vec;

use wasm_bindgen::prelude::*;

use crate::error::{Code, Fault};
use crate::flow::callback::Answer;
use crate::flow::challenge::{Raw, Scheme, first, unquote};
use crate::flow::config::is_set;
use crate::flow::protected_resource as protected;
use crate::flow::registration::{self, Known};
use crate::table::elements;
use crate::tables::{MEETING, Meeting, REGISTRAR, Registered, Registrar, Resource};
use crate::text::Write;
use crate::text::plain;
use crate::web::text::{Given, TEXTS, Text, absent, reply, run, separate};

fn meeting(given: &Given<'_>) -> Result<Vec<u8>, Fault> {
    MEETING.read(given.texts[0], Code::ConfigInvalid)
}

/// Gives where the metadata of the resource server may be, in their order, and what its challenge asks for (RFC 9728 sections 3.1 and 5.1):
/// `{ places, scope? }`. The header is that of a refusal, or empty when there is none or the page cannot see it.
///
/// # Errors
/// `config_invalid`, `endpoint_insecure`
#[wasm_bindgen(js_name = resourcePlaces)]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn resource_places(options: Text, www_authenticate: Text) -> Text {
    run(options, www_authenticate, absent(), absent(), TEXTS, |given, out| {
        let fields = meeting(given)?;
        let options = Meeting::of_table(&fields);
        let header = given.texts[1];
        let challenge = first(header, Scheme::Bearer).or_else(|| first(header, Scheme::Dpop));
        let challenge = challenge.unwrap_or_else(Raw::blank);
        let url = unquote(challenge.resource_metadata());
        let allow_http = is_set(options.dangerously_allow_http());
        let mut places = Vec::new();
        places.push(b'[');
        for place in protected::places(options.server_url(), &url, allow_http)? {
            separate(&mut places);
            places.string(&place);
        }
        places.push(b']');
        out.json("places", &places);
        out.text("scope", &unquote(challenge.scope()));
        Ok(())
    })
}

/// Reads what was served at one of these places (RFC 9728 sections 3.2 and 3.3); an empty answer is that of a server that says nothing of itself. Gives
/// `{ resource, servers, scopes? }`.
///
/// # Errors
/// `metadata_not_found`, `resource_metadata_invalid`, `resource_mismatch`, `server_error`, `redirect_not_followed`
#[wasm_bindgen(js_name = readResource)]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn read_resource(options: Text, place: Text, answer: Text) -> Text {
    run(options, place, answer, absent(), TEXTS, |given, out| {
        let [_, place, answer, _] = given.texts;
        let fields = meeting(given)?;
        let options = Meeting::of_table(&fields);
        let allow_http = is_set(options.dangerously_allow_http());
        let fields = if answer.is_empty() {
            protected::silent(options.server_url())
        } else {
            let reply = reply(answer);
            protected::finish(&reply, options.server_url(), place, allow_http)
                .map_err(|fault| out.fault(fault, &reply))?
        };
        let said = Resource::of_table(&fields);
        let mut servers = Vec::new();
        servers.push(b'[');
        for issuer in elements(said.authorization_servers()) {
            separate(&mut servers);
            servers.string(issuer);
        }
        servers.push(b']');
        out.json("servers", &servers);
        out.texts("resource scopes", &[said.resource(), said.scopes_supported()]);
        Ok(())
    })
}

/// Decides how an authorization server comes to know the application, which redirect URI it gets, and which scopes to ask for: `{ redirectUri, scope?, offline?, iss?, clientId? }`, with
/// `method` where the application has a secret there; or, for a registration, `url` and `form` in the place of `clientId`. The metadata are JSON. `slot` is the place of the redirect URI that this issuer has
/// among those of the metadata document.
///
/// # Errors
/// `metadata_invalid`, `endpoint_insecure`, `config_invalid`
#[wasm_bindgen]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn identify(options: Text, metadata: Text, slot: Text) -> Text {
    run(options, metadata, slot, absent(), TEXTS, |given, out| {
        let fields = meeting(given)?;
        let options = Meeting::of_table(&fields);
        let server = REGISTRAR.read(given.texts[1], Code::MetadataInvalid)?;
        let server = Registrar::of_table(&server);
        let offline = registration::is_offline(&server);
        let scope = protected::scopes(
            plain(options.challenged_scope()),
            plain(options.scope()),
            plain(options.listed_scope()),
            plain(options.granted_scope()),
            offline,
        );
        let all = protected::all_scopes(
            plain(options.challenged_scope()),
            plain(options.scope()),
            plain(options.listed_scope()),
            offline,
        );
        let (known, redirect_uri) = registration::identify(&options, &server, &all, given.texts[2])?;
        match known {
            Known::Client(id) => out.text("clientId", &id),
            Known::Register(url, document) => out.texts("url form", &[&url, &document]),
            Known::Nobody => {}
        }
        out.texts("redirectUri scope", &[&redirect_uri, &scope]);
        let secret = options.client_secret();
        out.text("method", registration::method(b"", secret, &server, is_set(options.is_page())).unwrap_or_default());
        if offline {
            out.json("offline", b"true");
        }
        if registration::promises_iss(&server) {
            out.json("iss", b"true");
        }
        Ok(())
    })
}

/// Reads the answer to a registration (RFC 7591 section 3.2): `{ clientId, method, clientSecret?, expiresAt? }`.
///
/// # Errors
/// `registration_refused`, `registration_response_invalid`, `server_error`, `redirect_not_followed`
#[wasm_bindgen(js_name = readRegistration)]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn read_registration(options: Text, metadata: Text, redirect_uri: Text, answer: Text) -> Text {
    run(options, metadata, redirect_uri, answer, TEXTS, |given, out| {
        let fields = meeting(given)?;
        let options = Meeting::of_table(&fields);
        let server = REGISTRAR.read(given.texts[1], Code::MetadataInvalid)?;
        let reply = reply(given.texts[3]);
        let is_page = is_set(options.is_page());
        let answer = registration::finish(&reply, given.texts[2], &Registrar::of_table(&server), is_page)
            .map_err(|fault| out.fault(fault, &reply))?;
        match answer {
            Answer::Given(fields) => {
                let said = Registered::of_table(&fields);
                out.texts(
                    "clientId clientSecret method expiresAt",
                    &[
                        said.client_id(),
                        said.client_secret(),
                        said.token_endpoint_auth_method(),
                        said.client_secret_expires_at(),
                    ],
                );
                Ok(())
            }
            Answer::Refused(refusal) => Err(out.refused_in(&refusal, &reply)),
        }
    })
}

/// Says whether the access token of a resource may be sent to a URL (RFC 8707 section 2): `{ within? }`.
///
/// # Errors
/// `config_invalid`
#[wasm_bindgen(js_name = isWithin)]
#[allow(clippy::needless_pass_by_value, reason = "the shape of the boundary")]
pub fn is_within(options: Text, resource: Text, url: Text) -> Text {
    run(options, resource, url, absent(), TEXTS, |given, out| {
        let [_, resource, url, _] = given.texts;
        let fields = meeting(given)?;
        if protected::is_within(Meeting::of_table(&fields).server_url(), resource, url) {
            out.json("within", b"true");
        }
        Ok(())
    })
}
