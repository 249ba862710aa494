//! The demo's servers: the page and its two authorization servers, as `cargo xtask demo` starts them.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::env;
use crate::node::Node;
use crate::provider::read;

/// Running servers. They end when this is dropped, and by themselves when the test process dies.
#[derive(Debug)]
pub struct Demo {
    /// The program that serves it, unless files are all that is needed.
    node: Option<Node>,
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
        Self::start_with(&package(), None)
    }

    /// Starts them with another page than the demo's: a folder with an `index.html`.
    pub fn start_page(page: &Path) -> Self {
        Self::start_with(&package(), Some(page))
    }

    /// Starts them with another page, and with a folder in the place of the package.
    pub fn start_instead(folder: &Path, page: &Path) -> Self {
        Self::start_with(folder, Some(page))
    }

    /// The demo as files, which lie there already. Its authorization server is a service worker, and the page is its own redirect URI.
    pub fn of_files(app: &str) -> Self {
        let issuer = format!("{app}as");
        let addresses =
            Addresses { app: app.to_owned(), pingone: String::new(), issuer, application: serde_json::Value::Null };
        Self { node: None, addresses }
    }

    fn start_with(package: &Path, page: Option<&Path>) -> Self {
        let mut arguments = vec!["--package".into(), package.as_os_str().to_owned()];
        if let Some(folder) = page {
            arguments.extend(["--page".into(), folder.into()]);
        }
        let (node, addresses) = Node::start(&workspace().join("www/server/main.js"), arguments);
        Self { node: Some(node), addresses }
    }

    /// The demo page.
    pub fn app(&self) -> &str {
        &self.addresses.app
    }

    /// The redirect URI of the demo page.
    pub fn callback(&self) -> String {
        let place = if self.node.is_some() { "callback" } else { "" };
        format!("{}{place}", self.addresses.app)
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
        read(&format!("{}test/counters", self.addresses.app)).await
    }
}

/// The unpacked npm package.
pub fn package() -> PathBuf {
    let package = env("PKCE_E2E_PACKAGE").map_or_else(|| workspace().join("target/pack/package"), PathBuf::from);
    let manifest = package.join("package.json");
    assert!(manifest.is_file(), "{} is not there: run `cargo xtask build`", manifest.display());
    package
}

/// The archive of the npm package.
pub fn archive() -> PathBuf {
    let folder = package();
    let folder = folder.parent().expect("the package lies in a folder");
    let entries = std::fs::read_dir(folder).expect("the folder can be read").flatten().map(|entry| entry.path());
    let mut archives = entries.filter(|path| path.extension().is_some_and(|end| end == "tgz"));
    archives.next().unwrap_or_else(|| panic!("{} has no archive: run `cargo xtask build`", folder.display()))
}

/// The demo as files.
pub fn demo_files() -> PathBuf {
    made("PKCE_E2E_DEMO_FILES", "target/demo-static", "index.html")
}

/// What `wasm-pack build` made.
pub fn wasm_pack() -> PathBuf {
    made("PKCE_E2E_WASM_PACK", "target/wasm-pack", "pkce_wasm.js")
}

/// The application in `tests/frontend`.
pub fn frontend() -> PathBuf {
    made("PKCE_E2E_FRONTEND", "target/frontend/app", "frontend.js")
}

/// A folder that is made before the tests.
fn made(variable: &str, default: &str, file: &str) -> PathBuf {
    let folder = env(variable).map_or_else(|| workspace().join(default), PathBuf::from);
    assert!(folder.join(file).is_file(), "{} is not there: run `cargo xtask test e2e`", folder.display());
    folder
}

/// The root of the workspace.
pub fn workspace() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}
