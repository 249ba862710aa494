//! Resource servers that the application meets for the first time, and how it becomes a client of their authorization servers (RFC 9728, RFC 7591, MCP specification 2025-11-25).
#![cfg(all(not(target_arch = "wasm32"), feature = "client"))]
#![cfg(test)]

mod support;

use std::collections::BTreeSet;

use pkce_wasm::client::challenge::{Challenge, parse};
use pkce_wasm::client::json_text::JsonText;
use pkce_wasm::client::protected_resource::{
    ProtectedResource, authorization_server_requests, is_same_issuer, metadata_requests,
};
use pkce_wasm::client::registration::{Application, ClientAuthentication, Identity, RegisteredClient, Registrar};
use pkce_wasm::http::Response;
use pkce_wasm::{Code, Error};
use serde_json::{Value, json};
use support::response;

const SERVER: &str = "https://mcp.example/tenant/mcp";
const KNOWN: &str = "https://mcp.example/.well-known/oauth-protected-resource";
const REDIRECT_URI: &str = "https://app.example/callback";

fn challenge(header: &str) -> Challenge {
    parse(header).swap_remove(0)
}

fn places(server: &str, header: Option<&str>) -> Vec<String> {
    let challenge = header.map(challenge);
    metadata_requests(server, challenge.as_ref(), false).unwrap().into_iter().map(|request| request.url).collect()
}

fn json_answer(status: u16, body: &Value) -> Response {
    response(status, Some("application/json"), &body.to_string())
}

fn read_at(server: &str, place: &str, body: &Value) -> Result<ProtectedResource, Error> {
    ProtectedResource::from_response(&json_answer(200, body), server, place, false)
}

fn registrar(members: &Value) -> Registrar {
    let mut document = json!({"issuer": "https://as.example"});
    for (name, value) in members.as_object().unwrap() {
        document[name] = value.clone();
    }
    Registrar::from_document(&document.to_string()).unwrap()
}

fn application() -> Application {
    Application { redirect_uri: REDIRECT_URI.into(), ..Application::default() }
}

#[test]
fn mc1_the_challenge_comes_first_then_the_path_then_the_root() {
    assert_eq!(places(SERVER, None), [format!("{KNOWN}/tenant/mcp"), KNOWN.to_owned()]);
    assert_eq!(places("https://mcp.example/", None), [KNOWN]);
    assert_eq!(places("https://mcp.example", None), [KNOWN]);
    assert_eq!(places("https://mcp.example/mcp?a=b", None), [format!("{KNOWN}/mcp?a=b"), KNOWN.to_owned()]);
    assert_eq!(
        places("https://mcp.example/mcp/", None),
        [format!("{KNOWN}/mcp/"), format!("{KNOWN}/mcp"), KNOWN.to_owned()]
    );
    let header = r#"Bearer error="invalid_token", resource_metadata="https://mcp.example/about.json""#;
    assert_eq!(places(SERVER, Some(header))[0], "https://mcp.example/about.json");
    assert_eq!(places(SERVER, Some(header)).len(), 3);
}

#[test]
fn mc1_a_challenge_leads_to_no_insecure_place_and_not_to_this_machine() {
    for place in [
        "http://mcp.example/about",
        "http://localhost:8080/about",
        "javascript:alert(1)",
        "/about",
        "https://a@mcp.example/",
    ] {
        let header = format!("Bearer resource_metadata=\"{place}\"");
        assert_eq!(places(SERVER, Some(&header)), places(SERVER, None), "{place}");
    }
    let local = "http://localhost:3000/mcp";
    assert_eq!(
        places(local, Some("Bearer resource_metadata=\"http://localhost:3000/about\""))[0],
        "http://localhost:3000/about"
    );
    let insecure = metadata_requests("http://mcp.example/mcp", None, false).unwrap_err();
    assert_eq!((insecure.code, insecure.subject), (Code::EndpointInsecure, Some("server_url")));
    assert_eq!(metadata_requests("mcp.example", None, false).unwrap_err().code, Code::ConfigInvalid);
}

#[test]
fn mc2_the_resource_is_the_server_or_what_its_origin_says_it_is_part_of() {
    let at = |place: &str, resource: &str| read_at(SERVER, place, &json!({"resource": resource}));
    let path = format!("{KNOWN}/tenant/mcp");
    for (place, resource) in [
        (&*path, SERVER),
        (&path, "https://mcp.example/tenant"),
        (&path, "https://mcp.example/tenant/mcp/"),
        (&path, "https://MCP.example:443/tenant/mcp"),
        (KNOWN, "https://mcp.example"),
        (KNOWN, "https://mcp.example/"),
        (KNOWN, SERVER),
        ("https://elsewhere.example/about", SERVER),
        ("https://mcp.example/tenant/about", SERVER),
    ] {
        assert_eq!(at(place, resource).unwrap().resource(), resource, "{place}");
    }
    for (place, resource) in [
        (&*path, "https://attacker.example/tenant/mcp"),
        (&path, "https://mcp.example/other"),
        (&path, "https://mcp.example/ten"),
        (&path, "https://mcp.example/tenant/mcp/deeper"),
        (&path, "https://mcp.example/tenant/mcp#a"),
        (&path, "https://mcp.example/tenant/mcp?a"),
        (&path, "http://mcp.example/tenant/mcp"),
        (&path, "https://mcp.example:8443/tenant/mcp"),
        (&path, "urn:mcp"),
        // A tenant speaks for itself alone.
        ("https://mcp.example/tenant/about", "https://mcp.example"),
        ("https://mcp.example/tenant/about", "https://mcp.example/tenant"),
        ("https://elsewhere.example/.well-known/oauth-protected-resource", "https://mcp.example"),
    ] {
        let error = at(place, resource).unwrap_err();
        assert_eq!((error.code, error.subject), (Code::ResourceMismatch, Some("resource")), "{place} {resource}");
    }
}

#[test]
fn mc2_what_is_no_metadata_is_refused_by_its_kind() {
    let read = |response: &Response| ProtectedResource::from_response(response, SERVER, KNOWN, false).unwrap_err();
    assert_eq!(read(&json_answer(404, &json!({}))).code, Code::MetadataNotFound);
    assert_eq!(read(&json_answer(503, &json!({}))).code, Code::ServerError);
    assert_eq!(read(&json_answer(302, &json!({}))).code, Code::RedirectNotFollowed);
    assert_eq!(read(&response(200, Some("text/html"), "<html>")).code, Code::ResourceMetadataInvalid);
    for body in [json!([]), json!({}), json!({"resource": ""}), json!({"resource": 1})] {
        assert_eq!(read(&json_answer(200, &body)).code, Code::ResourceMetadataInvalid, "{body}");
    }
}

#[test]
fn mc3_the_authorization_servers_are_those_that_may_be_asked() {
    let resource = read_at(
        SERVER,
        KNOWN,
        &json!({"resource": SERVER, "authorization_servers": [
            "https://as.example/a", "http://as.example", "http://localhost:8080", "https://as.example?a", "x", 1, "https://b.example/"
        ]}),
    )
    .unwrap();
    assert_eq!(resource.authorization_servers(), ["https://as.example/a", "https://b.example/"]);
    let silent = read_at(SERVER, KNOWN, &json!({"resource": SERVER})).unwrap();
    assert_eq!(silent.authorization_servers(), ["https://mcp.example"]);
    assert_eq!(ProtectedResource::silent(SERVER).authorization_servers(), ["https://mcp.example"]);
    assert_eq!(ProtectedResource::silent(SERVER).resource(), SERVER);
    let none = read_at(SERVER, KNOWN, &json!({"resource": SERVER, "authorization_servers": ["x"]})).unwrap();
    assert!(none.authorization_servers().is_empty());
}

#[test]
fn mc3_the_metadata_of_an_authorization_server_have_three_places() {
    let urls = |issuer| -> Vec<String> {
        authorization_server_requests(issuer, false).unwrap().into_iter().map(|request| request.url).collect()
    };
    assert_eq!(
        urls("https://as.example/tenant"),
        [
            "https://as.example/.well-known/oauth-authorization-server/tenant",
            "https://as.example/.well-known/openid-configuration/tenant",
            "https://as.example/tenant/.well-known/openid-configuration",
        ]
    );
    assert_eq!(
        urls("https://as.example"),
        [
            "https://as.example/.well-known/oauth-authorization-server",
            "https://as.example/.well-known/openid-configuration",
        ]
    );
    assert!(is_same_issuer("https://as.example", "https://as.example/"));
    assert!(!is_same_issuer("https://as.example/a", "https://as.example/b"));
}

#[test]
fn mc4_scopes_come_from_the_challenge_else_from_the_server_else_there_are_none() {
    let resource =
        read_at(SERVER, KNOWN, &json!({"resource": SERVER, "scopes_supported": ["read", "write", "b ad", 1]})).unwrap();
    let bare = read_at(SERVER, KNOWN, &json!({"resource": SERVER})).unwrap();
    let server = registrar(&json!({}));
    let asks = challenge(r#"Bearer scope="admin read""#);
    let scopes = |resource: &ProtectedResource, challenge: Option<&Challenge>, wanted, granted, server| {
        resource.scopes(challenge, wanted, granted, server)
    };
    assert_eq!(scopes(&resource, None, "", "", &server).as_deref(), Some("read write"));
    assert_eq!(scopes(&resource, Some(&asks), "", "", &server).as_deref(), Some("admin read"));
    assert_eq!(scopes(&resource, None, "mine", "", &server).as_deref(), Some("mine"));
    assert_eq!(scopes(&resource, Some(&asks), "mine", "", &server).as_deref(), Some("admin read mine"));
    assert_eq!(scopes(&resource, Some(&asks), "", "old read", &server).as_deref(), Some("old read admin"));
    assert_eq!(scopes(&bare, None, "", "", &server), None);
    let offline = registrar(&json!({"scopes_supported": ["offline_access", "x"]}));
    assert_eq!(scopes(&resource, Some(&asks), "", "", &offline).as_deref(), Some("admin read offline_access"));
    assert_eq!(scopes(&bare, None, "", "", &offline), None);
}

#[test]
fn mc4_a_server_that_asks_for_ever_more_is_not_followed() {
    let resource = ProtectedResource::silent(SERVER);
    let server = registrar(&json!({}));
    let many: Vec<_> = (0..5000).map(|number| format!("scope{number}")).collect();
    let asks = challenge(&format!("Bearer scope=\"{}\"", many.join(" ")));
    let scopes = resource.scopes(Some(&asks), "", "granted", &server).unwrap();
    assert!(scopes.len() <= 4096 && scopes.starts_with("granted scope0 "));
}

#[test]
fn mc5_a_token_is_sent_to_its_own_resource_alone() {
    let resource = read_at(SERVER, &format!("{KNOWN}/tenant/mcp"), &json!({"resource": SERVER})).unwrap();
    for url in [
        SERVER,
        "https://mcp.example/tenant/mcp?a=b",
        "https://mcp.example/tenant/mcp/messages",
        "https://mcp.example:443/tenant/mcp",
    ] {
        assert!(resource.may_receive_token(url), "{url}");
    }
    for url in [
        "https://mcp.example/",
        "https://mcp.example/other/mcp",
        "https://mcp.example/tenant/mcpx",
        "https://mcp.example/tenant/mcp/../../other/mcp",
        "https://mcp.example/tenant/mcp/%2e%2E/other",
        "http://mcp.example/tenant/mcp",
        "https://mcp.example:8443/tenant/mcp",
        "https://mcp.example@attacker.example/tenant/mcp",
        "https://attacker.example/tenant/mcp",
        "mcp",
    ] {
        assert!(!resource.may_receive_token(url), "{url}");
    }
}

#[test]
fn mc6_a_client_id_comes_first_then_a_metadata_document_then_a_registration() {
    let all = json!({
        "client_id_metadata_document_supported": true,
        "registration_endpoint": "https://as.example/register",
        "authorization_response_iss_parameter_supported": true,
    });
    let with_url = Application { client_metadata_url: Some("https://app.example/client.json".into()), ..application() };
    let given = Application { client_id: Some("mine".into()), ..with_url.clone() };
    let identify = |application: &Application, members: &Value| registrar(members).identify(application, None).unwrap();
    let client = |identity: Identity| match identity {
        Identity::Client(RegisteredClient { client_id, redirect_uri, .. }) => (client_id, redirect_uri),
        other => panic!("{other:?}"),
    };
    assert_eq!(client(identify(&given, &json!({}))), ("mine".into(), REDIRECT_URI.into()));
    assert_eq!(client(identify(&with_url, &all)), ("https://app.example/client.json".into(), REDIRECT_URI.into()));
    assert!(matches!(identify(&application(), &all), Identity::Register(..)));
    assert!(matches!(identify(&with_url, &json!({})), Identity::Nobody(_)));
}

#[test]
fn mc6_a_registration_says_what_the_client_is_and_asks_for_no_secret() {
    let metadata = JsonText::parse(
        r#"{"client_name": "App", "scope": "x", "redirect_uris": ["https://evil.example"], "grant_types": [], "logo_uri": null, "software_id": "1"}"#,
    );
    let application = Application { client_metadata: metadata, dpop: true, ..application() };
    let server = registrar(
        &json!({"registration_endpoint": "https://as.example/register", "authorization_response_iss_parameter_supported": true}),
    );
    let Identity::Register(request, _) = server.identify(&application, Some("read write")).unwrap() else { panic!() };
    assert_eq!(request.url, "https://as.example/register");
    assert_eq!(
        serde_json::from_str::<Value>(&request.body).unwrap(),
        json!({
            "client_name": "App",
            "software_id": "1",
            "redirect_uris": [REDIRECT_URI],
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "none",
            "application_type": "web",
            "scope": "read write",
            "dpop_bound_access_tokens": true,
        })
    );
    for (redirect_uri, kind) in
        [("http://127.0.0.1:3000/cb", "native"), ("com.example.app:/cb", "native"), ("https://app.example", "web")]
    {
        let application = Application { redirect_uri: redirect_uri.into(), ..Application::default() };
        let Identity::Register(request, _) = server.identify(&application, None).unwrap() else { panic!() };
        let body: Value = serde_json::from_str(&request.body).unwrap();
        assert_eq!((body["application_type"].as_str(), body.get("scope")), (Some(kind), None));
    }
}

#[test]
fn mc7_a_server_that_does_not_promise_iss_has_a_redirect_uri_of_its_own() {
    let uri_at = |redirect_uri: &str, issuer: &str, application: Application| {
        let server = registrar(&json!({"issuer": issuer, "client_id_metadata_document_supported": true}));
        match server.identify(&Application { redirect_uri: redirect_uri.into(), ..application }, None).unwrap() {
            Identity::Nobody(uri) | Identity::Client(RegisteredClient { redirect_uri: uri, .. }) => uri,
            Identity::Register(..) => panic!(),
        }
    };
    let one = uri_at(REDIRECT_URI, "https://a.example", application());
    let other = uri_at(REDIRECT_URI, "https://b.example", application());
    assert!(one != other && one == uri_at(REDIRECT_URI, "https://a.example", application()));
    let segment = one.strip_prefix("https://app.example/callback/").unwrap();
    assert!(segment.len() == 16 && segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
    assert_eq!(
        uri_at("https://app.example/cb/?a=b", "https://a.example", application()),
        format!("https://app.example/cb/{segment}?a=b")
    );
    assert_eq!(
        uri_at("com.example.app:/cb", "https://a.example", application()),
        format!("com.example.app:/cb/{segment}")
    );
    assert_eq!(
        uri_at("http://127.0.0.1:1", "https://a.example", application()),
        format!("http://127.0.0.1:1/{segment}")
    );
    let listed =
        |slot| Application { client_metadata_url: Some("https://app.example/c".into()), slot, ..application() };
    assert_eq!(uri_at(REDIRECT_URI, "https://a.example", listed(3)), "https://app.example/callback/3");
}

fn finish(members: &Value, answer: &Response) -> Result<RegisteredClient, Error> {
    let mut all = json!({"registration_endpoint": "https://as.example/register", "authorization_response_iss_parameter_supported": true});
    for (name, value) in members.as_object().unwrap() {
        all[name] = value.clone();
    }
    let Identity::Register(_, registration) = registrar(&all).identify(&application(), None).unwrap() else { panic!() };
    registration.finish(answer)
}

#[test]
fn mc8_an_answer_for_another_redirect_uri_registers_nobody() {
    let ours = finish(
        &json!({}),
        &json_answer(201, &json!({"client_id": "c", "redirect_uris": ["https://x.example", REDIRECT_URI]})),
    );
    assert_eq!(ours.unwrap().client_id, "c");
    for (answer, subject) in [
        (json!({"client_id": "c", "redirect_uris": ["https://attacker.example/callback"]}), "redirect_uris"),
        (json!({"client_id": "c", "redirect_uris": []}), "redirect_uris"),
        (json!({"client_id": "c", "redirect_uris": ["https://app.example/callback/"]}), "redirect_uris"),
        (json!({"redirect_uris": [REDIRECT_URI]}), "client_id"),
        (json!({"client_id": ""}), "client_id"),
        (json!({"client_id": 1}), "client_id"),
        (
            json!({"client_id": "c", "client_secret": "s", "token_endpoint_auth_method": "private_key_jwt"}),
            "token_endpoint_auth_method",
        ),
        (json!({"client_id": "c", "token_endpoint_auth_method": "client_secret_basic"}), "token_endpoint_auth_method"),
    ] {
        let error = finish(&json!({}), &json_answer(201, &answer)).unwrap_err();
        assert_eq!((error.code, error.subject), (Code::RegistrationResponseInvalid, Some(subject)), "{answer}");
    }
    let refused =
        finish(&json!({}), &json_answer(400, &json!({"error": "invalid_redirect_uri", "error_description": "no"})))
            .unwrap_err();
    assert_eq!(
        (refused.code, refused.refusal.as_ref().unwrap().error.as_str()),
        (Code::RegistrationRefused, "invalid_redirect_uri")
    );
    assert_eq!(finish(&json!({}), &json_answer(403, &json!({}))).unwrap_err().code, Code::RegistrationRefused);
    assert_eq!(finish(&json!({}), &json_answer(503, &json!({}))).unwrap_err().code, Code::ServerError);
    assert_eq!(finish(&json!({}), &json_answer(302, &json!({}))).unwrap_err().code, Code::RedirectNotFollowed);
}

#[test]
fn mc9_a_secret_that_was_issued_all_the_same_is_used_as_registered() {
    let of = |offered: &Value, answer: &Value| {
        let mut all = json!({"client_id": "a b"});
        for (name, value) in answer.as_object().unwrap() {
            all[name] = value.clone();
        }
        finish(&json!({"token_endpoint_auth_methods_supported": offered}), &json_answer(201, &all)).unwrap()
    };
    let both = json!(["client_secret_basic", "client_secret_post"]);
    let secret = json!({"client_secret": "s:s", "client_secret_expires_at": 0});
    let basic = of(&both, &secret);
    assert_eq!((basic.authentication, basic.secret_expires_at), (ClientAuthentication::Basic, None));
    assert_eq!(basic.authorization().unwrap().expose(), "Basic YSUyMGI6cyUzQXM=");
    assert_eq!(of(&json!(["client_secret_post"]), &secret).authentication, ClientAuthentication::Post);
    let post = of(
        &both,
        &json!({"client_secret": "s", "token_endpoint_auth_method": "client_secret_post", "client_secret_expires_at": 99}),
    );
    assert_eq!((post.authentication, post.secret_expires_at), (ClientAuthentication::Post, Some(99)));
    assert!(post.authorization().is_none());
    let none = of(&both, &json!({"client_secret": "s", "token_endpoint_auth_method": "none"}));
    assert_eq!((none.authentication, none.client_secret.is_none()), (ClientAuthentication::None, true));
    assert_eq!(of(&both, &json!({})).authentication, ClientAuthentication::None);
    assert!(!format!("{basic:?}").contains("s:s"));
}

#[test]
fn mc9_a_registration_goes_to_no_insecure_endpoint() {
    for (endpoint, code) in [
        ("http://as.example/register", Code::EndpointInsecure),
        ("http://localhost/register", Code::EndpointInsecure),
        ("register", Code::MetadataInvalid),
        ("https://as.example/register#a", Code::MetadataInvalid),
    ] {
        let error = registrar(&json!({"registration_endpoint": endpoint})).identify(&application(), None).unwrap_err();
        assert_eq!((error.code, error.subject), (code, Some("registration_endpoint")), "{endpoint}");
    }
}

#[test]
fn mc6_a_client_registers_for_all_that_it_may_ask_for_some_day() {
    let resource = read_at(SERVER, KNOWN, &json!({"resource": SERVER, "scopes_supported": ["read", "write"]})).unwrap();
    let offline = registrar(&json!({"scopes_supported": ["offline_access"]}));
    let asks = challenge("Bearer scope=\"read more\"");
    let all = resource.all_scopes(Some(&asks), "wanted", &offline);
    let words: BTreeSet<_> = all.as_deref().unwrap().split(' ').collect();
    assert_eq!(words, ["read", "write", "more", "wanted", "offline_access"].into());
    assert_eq!(ProtectedResource::silent(SERVER).all_scopes(None, "", &registrar(&json!({}))), None);
}

#[test]
fn mc14_an_error_beside_a_client_registers_nobody() {
    for status in [200, 201] {
        let answer = json!({"error": "invalid_client_metadata", "client_id": "c", "redirect_uris": [REDIRECT_URI]});
        let error = finish(&json!({}), &json_answer(status, &answer)).unwrap_err();
        assert_eq!(error.code, Code::RegistrationRefused);
    }
}

#[test]
fn mc16_at_most_eight_authorization_servers_are_asked() {
    let many: Vec<_> = (0..10_000).map(|number| format!("https://victim-{number}.example")).collect();
    let resource = read_at(SERVER, KNOWN, &json!({"resource": SERVER, "authorization_servers": many})).unwrap();
    assert_eq!(resource.authorization_servers(), many[..8]);
}
