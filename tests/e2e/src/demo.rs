//! The demo's servers: the page and its two authorization servers, as `cargo xtask demo` starts them.

use std::io::{BufRead, BufReader, Read, Seek};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde::Deserialize;

use crate::env;

/// Running servers. They end when this is dropped, and by themselves when the test process dies.
#[derive(Debug)]
pub struct Demo {
    child: Child,
    /// Where everything is.
    addresses: Addresses,
}

#[derive(Debug, Deserialize)]
struct Addresses {
    app: String,
    issuer: String,
    pingone: String,
    application: serde_json::Value,
}

/// What a token endpoint answered since its server started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Counters {
    /// Tokens were granted.
    pub token_ok: u32,
    /// The request was refused.
    pub token_refused: u32,
}

#[derive(Debug, Deserialize)]
struct AllCounters {
    demo: Counters,
    pingone: Counters,
}

impl Demo {
    /// Starts the servers on free ports.
    pub fn start() -> Self {
        let package = package();
        let mut log = tempfile::tempfile().expect("a temporary file can be made");
        let mut child = Command::new("node")
            .arg(workspace().join("www/server/main.js"))
            .arg("--package")
            .arg(&package)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log.try_clone().expect("a file handle can be copied"))
            .spawn()
            .unwrap_or_else(|error| panic!("node cannot be started: {error}"));
        let stdout = child.stdout.take().expect("the output is piped");
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).expect("the output can be read");
        match serde_json::from_str(&line) {
            Ok(addresses) => Self { child, addresses },
            Err(_) => {
                // It has ended, or says what it should not; an error of `kill` says the former.
                let _ = child.kill();
                let _ = child.wait();
                let mut said = String::new();
                let read = log.rewind().and_then(|()| log.read_to_string(&mut said));
                panic!(
                    "www/server/main.js did not start: {line}{said}{}",
                    read.err().map_or_else(String::new, |e| e.to_string())
                );
            }
        }
    }

    /// The demo page.
    pub fn app(&self) -> &str {
        &self.addresses.app
    }

    /// The redirect URI of the demo page.
    pub fn callback(&self) -> String {
        format!("{}callback", self.addresses.app)
    }

    /// The issuer of the plain authorization server.
    pub fn issuer(&self) -> &str {
        &self.addresses.issuer
    }

    /// The issuer of the authorization server that looks like PingOne.
    pub fn pingone_issuer(&self) -> &str {
        &self.addresses.pingone
    }

    /// The servers that the application offers, as it wants them told.
    pub fn application_servers(&self) -> String {
        self.addresses.application.to_string()
    }

    /// What the token endpoint of the plain authorization server answered so far.
    pub async fn counters(&self) -> Counters {
        self.all_counters().await.demo
    }

    /// What the token endpoint of the server that looks like PingOne answered so far.
    pub async fn pingone_counters(&self) -> Counters {
        self.all_counters().await.pingone
    }

    async fn all_counters(&self) -> AllCounters {
        let url = format!("{}test/counters", self.addresses.app).parse().expect("the app has a URL");
        let client = Client::builder(TokioExecutor::new()).build_http::<Empty<&[u8]>>();
        let answer = client.get(url).await.expect("the demo server answers");
        let body = answer.into_body().collect().await.expect("the answer has an end").to_bytes();
        serde_json::from_slice(&body).expect("the counters are JSON")
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // An error says that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The unpacked npm package.
pub fn package() -> PathBuf {
    let package = env("PKCE_E2E_PACKAGE").map_or_else(|| workspace().join("target/pack/package"), PathBuf::from);
    let manifest = package.join("package.json");
    assert!(manifest.is_file(), "{} is not there: run `cargo xtask build`", manifest.display());
    package
}

/// The root of the workspace.
pub fn workspace() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}
