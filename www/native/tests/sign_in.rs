//! The application signs in at the demo's authorization server, which is a real one. A client with a cookie jar is the browser.
#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a test says by failing what it expects")]

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};

use launch::Program;
use serde_json::Value;
use ureq::Agent;

/// The client that the demo's server knows as a native application.
const CLIENT_ID: &str = "pkce-wasm-demo-application";

/// The demo's servers, and the issuer of the plain one.
fn server() -> (Program, String) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut server = launch::node();
    server.arg(root.join("www/server/main.js")).arg("--package").arg(root.join("pkg"));
    let server = Program::start(&mut server).expect("the server starts: npm ci in www/server, or cargo xtask test");
    let addresses: Value = serde_json::from_str(server.first()).expect("the server says where it is");
    let issuer = addresses["issuer"].as_str().expect("there is an issuer").to_owned();
    (server, issuer)
}

/// The application. Its first line is the URL that the browser has to open.
fn application(issuer: &str) -> Program {
    let mut application = Command::new(env!("CARGO_BIN_EXE_native"));
    Program::start(application.args([issuer, CLIENT_ID]).stderr(Stdio::piped())).expect("the application starts")
}

fn browser() -> Agent {
    Agent::from(Agent::config_builder().max_redirects(0).http_status_as_error(false).build())
}

/// Goes where an answer leads, until it leads to another server; that address.
fn follow(browser: &Agent, issuer: &str, mut url: String, form: &[(&str, &str)]) -> String {
    let mut form = Some(form);
    loop {
        let answer = browser.get(&url).call().expect("the server answers");
        let location = if answer.status() == 200 {
            // The page with the form, which is sent to its own address.
            let form = form.take().expect("the form is shown once");
            let answer = browser.post(&url).send_form(form.iter().copied()).expect("the server answers");
            answer.headers()["location"].clone()
        } else {
            answer.headers()["location"].clone()
        };
        let location = location.to_str().expect("a location is text");
        url = if location.starts_with('/') { format!("{issuer}{location}") } else { location.to_owned() };
        if !url.starts_with(issuer) {
            return url;
        }
    }
}

#[test]
fn the_user_signs_in_by_way_of_the_browser_and_a_port_of_this_machine() {
    let (_server, issuer) = server();
    let mut application = application(&issuer);
    let browser = browser();
    let url = application.first().to_owned();
    let callback = follow(&browser, &issuer, url, &[("login", "ada"), ("password", "demo")]);
    assert!(callback.starts_with("http://127.0.0.1:"), "{callback}");

    let base = callback.split("/callback").next().expect("split gives at least one part");
    let icon = browser.get(format!("{base}/favicon.ico")).call().expect("the application answers");
    assert_eq!(icon.status(), 404, "whatever else a browser asks for does not end the login");
    let mut page = browser.get(&callback).call().expect("the application answers");
    assert_eq!(page.status(), 200);
    assert!(page.body_mut().read_to_string().expect("the page is text").contains("close this page"));

    assert_eq!(application.line().as_deref(), Some("Hello Ada Demo"));
    assert!(application.wait().expect("it ends").success());
}

#[test]
fn a_user_who_declines_is_told_so() {
    let (_server, issuer) = server();
    let browser = browser();
    let mut application = application(&issuer);
    let callback = follow(&browser, &issuer, application.first().to_owned(), &[("action", "cancel")]);
    browser.get(&callback).call().expect("the application answers");
    assert!(!application.wait().expect("it ends").success());
    let mut errors = String::new();
    application.child().stderr.take().expect("it is piped").read_to_string(&mut errors).expect("it can be read");
    assert!(errors.contains("declined"), "{errors}");
}

/// Whoever can reach the port can send such an answer; it has no state that anybody chose.
#[test]
fn a_forged_answer_neither_signs_in_nor_ends_the_login() {
    let (_server, issuer) = server();
    let browser = browser();
    let mut application = application(&issuer);
    let url = application.first().to_owned();
    let (_, query) = url.split_once('?').expect("the URL has a query");
    let redirect_uri = form_urlencoded::parse(query.as_bytes())
        .find_map(|(name, value)| (name == "redirect_uri").then(|| value.into_owned()))
        .expect("there is a redirect URI");
    for forged in ["code=stolen&state=guessed", "error=access_denied&state=guessed", "code=stolen", "code=%ff"] {
        let answer = browser.get(format!("{redirect_uri}?{forged}")).call().expect("the application answers");
        assert_eq!(answer.status(), 404, "{forged}");
    }
    let callback = follow(&browser, &issuer, url, &[("login", "ada"), ("password", "demo")]);
    browser.get(&callback).call().expect("the application answers");
    assert_eq!(application.line().as_deref(), Some("Hello Ada Demo"));
}
