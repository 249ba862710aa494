//! A machine with the example for MCP servers as an application, and an MCP server that lets no page of another origin see anything.

use std::ops::Deref;

use e2e::{Browser, workspace};
use http_body_util::{BodyExt, Empty};
use hyper::Request;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use launch::Program;
use serde_json::{Value, json};

use crate::desktop::Desktop;

/// The private-use scheme of the example.
const SCHEME: &str = "com.example.mcp";

/// A machine with the example on it.
#[derive(Debug)]
pub struct McpMachine {
    /// The application in its WebView.
    pub page: Browser,
    server: Program,
    desktop: Desktop,
}

impl Deref for McpMachine {
    type Target = Desktop;

    fn deref(&self) -> &Desktop {
        &self.desktop
    }
}

impl McpMachine {
    /// Starts the server and the application. `relay` is the program of that name.
    pub async fn start(relay: &str) -> Self {
        let options = json!({ "cors": false }).to_string();
        let server = Program::start(launch::node().arg(workspace().join("tests/mcp/server.js")).arg(options));
        let server = server.unwrap_or_else(|failure| panic!("the MCP server did not start: {failure}"));
        let desktop = Desktop::start(relay, "PKCE_E2E_MCP_APPLICATION", SCHEME);
        let page = desktop.start_application(&[]).await;
        desktop.install_both();
        Self { page, server, desktop }
    }

    /// Starts the application again.
    pub async fn restart(&mut self) {
        self.page = self.start_application(&[]).await;
    }

    fn address(&self, name: &str) -> String {
        let addresses: Value = serde_json::from_str(self.server.first()).expect("the server says where it is");
        addresses[name].as_str().unwrap_or_else(|| panic!("the server names no {name}")).to_owned()
    }

    /// The URL of the MCP server.
    pub fn resource(&self) -> String {
        self.address("resource")
    }

    /// The authorization server.
    pub fn issuer(&self) -> String {
        self.address("issuer")
    }

    /// What the servers have counted: tokens that were granted and refused, clients that registered, notes.
    pub async fn counters(&self) -> Value {
        let url = self.resource().replace("/mcp", "/test/counters");
        let client = Client::builder(TokioExecutor::new()).build_http::<Empty<&[u8]>>();
        let answer = client.get(url.parse().expect("this is a URL")).await.expect("the server answers");
        let body = answer.into_body().collect().await.expect("the answer has an end").to_bytes();
        serde_json::from_slice(&body).expect("the answer is JSON")
    }

    /// The headers of CORS in the answers of both servers to the page.
    pub async fn allowances(&self) -> Vec<String> {
        let client = Client::builder(TokioExecutor::new()).build_http::<Empty<&[u8]>>();
        let mut found = Vec::new();
        let resource = self.resource();
        let metadata = resource.replace("/mcp", "/.well-known/oauth-protected-resource/mcp");
        for url in [resource, metadata, format!("{}/.well-known/openid-configuration", self.issuer())] {
            let request = Request::get(&url).header("origin", "tauri://localhost").body(Empty::new());
            let answer = client.request(request.expect("this is a request")).await.expect("the server answers");
            let names = answer.headers().keys().map(ToString::to_string);
            found.extend(names.filter(|name| name.starts_with("access-control-")).map(|name| format!("{url}: {name}")));
        }
        found
    }

    /// Waits until a condition of the page gives something else than `false` and nothing.
    pub async fn until(&self, condition: &str) -> Value {
        let found = self.page.until(&format!("return {condition} || null;")).await;
        match found {
            Ok(value) => value,
            Err(last) => {
                let text = self.page.run("return document.body.innerText;").await;
                panic!("never {condition}: {last}; the page shows {text:?}")
            }
        }
    }

    /// Types the address of the server, and presses the button.
    pub async fn connect(&self) {
        self.page.fill("#url", &self.resource()).await;
        self.page.click("#connect").await;
    }

    /// Presses the button by which the page asks for a login; gives the URL that the system's browser was asked to open.
    pub async fn begin(&self) -> String {
        let before = self.count("opened");
        self.until("document.querySelector('#ask').hidden === false").await;
        self.page.click("#sign-in").await;
        self.written("opened", before).await
    }

    /// The system's browser. It starts the application without asking.
    pub async fn system_browser(&self) -> Browser {
        self.browser_allowing(&[&self.issuer()]).await
    }

    /// Calls a tool without arguments or with those that were typed; gives what it says.
    pub async fn call(&self, tool: &str) -> String {
        self.until(&format!("document.querySelector('#{tool} button')?.disabled === false")).await;
        self.page.click(&format!("#{tool} button")).await;
        self.said(tool).await
    }

    /// Waits for what a tool says.
    pub async fn said(&self, tool: &str) -> String {
        let said = self.until(&format!("document.querySelector('#{tool} pre')?.textContent")).await;
        said.as_str().expect("a text is shown").to_owned()
    }
}
