//! The examples in `www/examples`, with the packed package: each is bundled as it is, and does what it shows.

use std::path::PathBuf;

use e2e::{Browser, DEVELOPMENT, Demo, bundle, wasm_pack, workspace};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use launch::Program;
use serde_json::{Value, json};
use tempfile::TempDir;

/// What stands in the examples, and is the demo's in the tests.
const ISSUER: &str = "https://login.example.com";
const CLIENT_ID: &str = "\"my-app\"";

/// Bundles an example for the page, signs in with it at the demo's server, and gives the browser.
async fn sign_in(example: &str, script: &str) -> (Browser, Demo, TempDir) {
    let (source, folder) = page(example);
    let text = bundle(&source.join(script), &folder.path().join("app.js"), &DEVELOPMENT);
    let demo = Demo::start_page(folder.path());
    let browser = sign_in_at(&demo, example, &text, &folder).await;
    (browser, demo, folder)
}

/// Where an example is, and a folder with its page.
fn page(example: &str) -> (PathBuf, TempDir) {
    let source = workspace().join("www/examples").join(example);
    let folder = TempDir::with_prefix("pkce-example-").expect("a temporary folder can be made");
    std::fs::copy(source.join("index.html"), folder.path().join("index.html")).expect("the page can be copied");
    (source, folder)
}

/// Puts the script into the folder that the demo serves, and signs in.
async fn sign_in_at(demo: &Demo, example: &str, text: &str, folder: &TempDir) -> Browser {
    assert!(text.contains(ISSUER) && text.contains(CLIENT_ID), "{example} names another server or client");
    let text = text.replace(ISSUER, demo.issuer()).replace(CLIENT_ID, "\"pkce-wasm-demo\"");
    std::fs::write(folder.path().join("app.js"), text).expect("the temporary folder can be written");

    let browser = Browser::start().await;
    browser.goto(demo.app()).await;
    browser.click("#sign-in").await;
    browser.click("#submit").await;
    let greeted = "return document.querySelector('#user')?.textContent || null;";
    let name = browser.until(greeted).await.unwrap_or_else(|last| panic!("{example} greets nobody: {last}"));
    assert_eq!(name, "Ada Demo", "{example}");
    assert!(!browser.url().await.contains("code="), "{example} leaves the code in the address bar");
    let counters = demo.counters().await;
    assert_eq!((counters.token_ok, counters.token_refused), (1, 0), "{example}");
    browser
}

#[tokio::test]
async fn a_page_without_a_framework_signs_in_and_out() {
    let (browser, _demo, _folder) = sign_in("vanilla", "app.js").await;
    browser.reload().await;
    browser.click("#sign-out").await;
    let signed_out = "const [button, user] = ['#sign-in', '#user'].map((name) => document.querySelector(name));
        return button && !button.hidden && user.textContent === '' ? true : null;";
    browser.until(signed_out).await.expect("the page offers to sign in again");
}

#[tokio::test]
async fn a_react_application_signs_in() {
    sign_in("react", "app.jsx").await;
}

#[tokio::test]
async fn a_vue_application_signs_in() {
    sign_in("vue", "app.js").await;
}

#[tokio::test]
async fn an_application_with_its_own_storage_signs_in() {
    let (browser, _demo, _folder) = sign_in("own-storage", "app.js").await;
    let kept = browser.run("return sessionStorage.length;").await.expect("the page runs script");
    assert_eq!(kept, 0, "the transaction is still kept");
}

#[tokio::test]
async fn a_page_with_the_module_that_wasm_pack_builds_signs_in() {
    let (source, folder) = page("wasm-pack");
    let text = std::fs::read_to_string(source.join("app.js")).expect("the example has a script");
    let demo = Demo::start_instead(&wasm_pack(), folder.path());
    let browser = sign_in_at(&demo, "wasm-pack", &text, &folder).await;
    let claims =
        browser.run("return document.querySelector('#claims').textContent;").await.expect("the page runs script");
    assert!(claims.as_str().is_some_and(|claims| claims.contains(demo.issuer())), "{claims}");
    let kept = browser.run("return sessionStorage.length;").await.expect("the page runs script");
    assert_eq!(kept, 0, "the login is kept no longer");

    // The code is spent and its login is gone: whoever comes by that URL again is told.
    browser.goto(&format!("{}?code=c&state=s", demo.callback())).await;
    let told = "return document.querySelector('#message').textContent || null;";
    let told = browser.until(told).await.expect("the page says what is wrong");
    assert!(told.as_str().is_some_and(|told| told.starts_with("transaction_not_found")), "{told}");
}

/// An MCP server with an authorization server, and the page of the example, which meets it for the first time.
#[tokio::test]
async fn a_page_signs_in_to_an_mcp_server_and_calls_its_tools() {
    let (source, folder) = page("mcp");
    std::fs::copy(source.join("style.css"), folder.path().join("style.css")).expect("the style can be copied");
    bundle(&source.join("app.js"), &folder.path().join("app.js"), &[]);
    let options = json!({ "page": folder.path() }).to_string();
    let mut server = launch::node();
    let server = server.arg(workspace().join("tests/mcp/server.js")).arg(options);
    let server = Program::start(server).expect("the server starts");
    let addresses: Value = serde_json::from_str(server.first()).expect("the server says where it is");
    let address = |name: &str| addresses[name].as_str().expect("there is such an address");

    let browser = Browser::start().await;
    browser.goto(address("app")).await;
    let connect = format!(
        "document.querySelector('#url').value = '{}'; document.querySelector('#connect').click();",
        address("resource")
    );
    browser.run(&connect).await.expect("the page runs script");
    let wait = async |condition: &str| {
        let script = format!("return {condition} || null;");
        browser.until(&script).await.unwrap_or_else(|last| panic!("never {condition}: {last}"))
    };
    let asks = "document.querySelector('#ask')?.hidden === false && !document.querySelector('#sign-in').disabled";
    wait(asks).await;
    browser.click("#sign-in").await;
    browser.click("#submit").await;
    wait("document.querySelector('#list_notes button')?.disabled === false").await;
    browser.click("#list_notes button").await;
    let listed = wait("document.querySelector('#list_notes pre').textContent").await;
    assert_eq!(listed, "Water the plants");
    assert!(!browser.url().await.contains("code="), "the code is left in the address bar");

    // A tool that needs another scope: the user allows it, and it is called.
    let add = "document.querySelector('#add_note input').value = 'Feed the cat';
        document.querySelector('#add_note button').click();";
    browser.run(add).await.expect("the page runs script");
    wait(asks).await;
    browser.click("#sign-in").await;
    let added = "document.querySelector('#submit') ? 'ask' : document.querySelector('#add_note pre')?.textContent";
    if wait(added).await == "ask" {
        browser.click("#submit").await;
    }
    assert_eq!(wait("document.querySelector('#add_note pre')?.textContent").await, "Added: Feed the cat");
    let scopes = wait("document.querySelector('#at').textContent").await;
    assert_eq!(scopes, "Signed in. Scopes: notes:read notes:write");

    wait("document.querySelector('#sign-out').disabled === false").await;
    browser.click("#sign-out").await;
    wait("document.querySelector('#connected').hidden").await;
}

/// Posts a form, and gives the status and the JSON of the answer.
async fn post(url: &str, form: String) -> (u16, Value) {
    let request = http_request(url, form);
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<_>>();
    let answer = client.request(request).await.expect("the server answers");
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await.expect("the answer has an end").to_bytes();
    (status, serde_json::from_slice(&body).expect("the answer is JSON"))
}

fn http_request(url: &str, form: String) -> axum::http::Request<Full<axum::body::Bytes>> {
    let request = axum::http::Request::post(url).header("content-type", "application/x-www-form-urlencoded");
    request.body(Full::from(form)).expect("the request is fit for HTTP")
}

#[tokio::test]
async fn a_server_in_node_asks_for_the_verifier() {
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    let folder = TempDir::with_prefix("pkce-example-").expect("a temporary folder can be made");
    let bundled = folder.path().join("main.mjs");
    bundle(&workspace().join("www/examples/server/main.js"), &bundled, &["--platform=node"]);
    let server = Program::start(launch::node().arg(&bundled).env("PORT", "0")).expect("the server starts");
    let url = server.first();

    let attempts = async {
        let mut seen = Vec::new();
        let wrong = VERIFIER.replace('d', "e");
        for verifiers in [vec![VERIFIER, VERIFIER], vec![&wrong, VERIFIER], vec![""]] {
            let request = format!("{url}/authorize?code_challenge={CHALLENGE}&code_challenge_method=S256");
            let (_, answer) = post(&request, String::new()).await;
            let code = answer["code"].as_str().expect("there is a code").to_owned();
            for verifier in verifiers {
                let (status, answer) =
                    post(&format!("{url}/token"), format!("code={code}&code_verifier={verifier}")).await;
                assert_eq!(status == 200, answer["access_token"].is_string(), "{answer}");
                seen.push(status);
            }
        }
        let plain = format!("{url}/authorize?code_challenge={CHALLENGE}&code_challenge_method=plain");
        seen.push(post(&plain, String::new()).await.0);
        seen
    };
    assert_eq!(attempts.await, [200, 400, 400, 400, 400, 400]);
}
