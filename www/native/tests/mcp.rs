//! The application signs in to a real MCP server, which it meets for the first time. A client with a cookie jar is the browser.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test says by failing what it expects"
)]

use std::path::Path;
use std::process::{Command, Stdio};

use launch::Program;
use serde_json::{Value, json};
use ureq::Agent;

/// An MCP server with an authorization server.
struct Server {
    _program: Program,
    resource: String,
    issuer: String,
}

impl Server {
    fn start(options: &Value) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let mut server = launch::node();
        server.arg(root.join("tests/mcp/server.js")).arg(options.to_string());
        let program = Program::start(&mut server).expect("the server starts: npm ci in tests/mcp, or cargo xtask test");
        let addresses: Value = serde_json::from_str(program.first()).expect("the server says where it is");
        let address = |name: &str| addresses[name].as_str().expect("there is such an address").to_owned();
        Self { resource: address("resource"), issuer: address("issuer"), _program: program }
    }

    /// The redirect URIs that were registered.
    fn registered(&self) -> Vec<String> {
        let url = self.resource.replace("/mcp", "/test/counters");
        let text = Agent::new_with_defaults().get(url).call().expect("the server answers").body_mut().read_to_string();
        let counters: Value = serde_json::from_str(&text.expect("the answer is text")).expect("it is JSON");
        let clients = counters["registered"].as_array().expect("there is a list").iter();
        clients.map(|client| client["redirectUris"][0].as_str().unwrap_or_default().to_owned()).collect()
    }
}

fn application(words: &[&str]) -> Program {
    let mut application = Command::new(env!("CARGO_BIN_EXE_native"));
    Program::start(application.arg("--mcp").args(words).stderr(Stdio::piped())).expect("the application starts")
}

fn browser() -> Agent {
    Agent::from(Agent::config_builder().max_redirects(0).http_status_as_error(false).build())
}

/// Signs in, or allows what is asked for, and goes where that leads: to the port of the application.
fn allow(browser: &Agent, server: &Server, mut url: String) {
    for _ in 0..10 {
        let answer = browser.get(&url).call().expect("the server answers");
        let answer = if answer.status() == 200 {
            browser.post(&url).send_form([("login", "ada"), ("password", "demo")]).expect("the server answers")
        } else {
            answer
        };
        let location = answer.headers()["location"].to_str().expect("a location is text");
        url = if location.starts_with('/') { format!("{}{location}", server.issuer) } else { location.to_owned() };
        if !url.starts_with(&server.issuer) {
            assert_eq!(browser.get(&url).call().expect("the application answers").status(), 200);
            return;
        }
    }
    panic!("the sign-in has no end");
}

#[test]
fn an_mcp_server_is_met_registered_at_and_asked_for_its_tools() {
    let server = Server::start(&json!({}));
    let mut application = application(&[&server.resource]);
    let url = application.first().to_owned();
    assert!(url.contains("resource=") && url.contains("scope=notes"), "{url}");
    allow(&browser(), &server, url);
    assert_eq!(application.line().as_deref(), Some("list_notes"));
    assert_eq!(application.line().as_deref(), Some("add_note"));
    assert!(application.wait().expect("it ends").success());
    let registered = server.registered();
    assert!(registered.len() == 1 && registered[0].ends_with("/callback"), "{registered:?}");
}

#[test]
fn a_tool_that_needs_another_scope_leads_to_a_second_login() {
    let server = Server::start(&json!({}));
    let browser = browser();
    let mut application = application(&[&server.resource, "add_note", r#"{"text":"Feed the cat"}"#]);
    allow(&browser, &server, application.first().to_owned());
    let second = application.line().expect("a second login begins");
    assert!(second.contains("notes%3Aread") && second.contains("notes%3Awrite"), "{second}");
    allow(&browser, &server, second);
    assert_eq!(application.line().as_deref(), Some("Added: Feed the cat"));
    assert!(application.wait().expect("it ends").success());
}

#[test]
fn a_server_that_sends_no_iss_has_a_redirect_uri_of_its_own() {
    let server = Server::start(&json!({ "issParameter": false }));
    let mut application = application(&[&server.resource]);
    allow(&browser(), &server, application.first().to_owned());
    assert_eq!(application.line().as_deref(), Some("list_notes"));
    let registered = server.registered();
    let (_, segment) = registered[0].split_once("/callback/").expect("there is a segment more");
    assert!(segment.len() >= 16, "{segment}");
}
