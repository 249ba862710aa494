//! What the demo needs where files alone are served: a service worker as its authorization server, and a configuration.
//! The package holds that page, for `npx pkce-wasm`.

use std::fs;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::process::{root, run_quietly};
use crate::{owner, setup};

/// The folder of the package with the page. Its programs serve the package beside it.
pub(crate) const ROOM: &str = "demo/";

/// What is made for the page, in `target/demo`: the service worker, and the configuration that the page reads.
pub(crate) const MADE: [&str; 2] = ["authorization-server.js", "config.json"];

/// Where a file of that folder comes from, within the repository.
pub(crate) fn source(name: &str) -> String {
    if MADE.contains(&name) { format!("target/demo/{name}") } else { format!("www/{name}") }
}

/// Makes the service worker and the configuration.
pub(crate) fn make(manifest: &Value) -> Result<()> {
    setup::npm_tools()?;
    let [worker, configuration] = MADE.map(|name| root().join(source(name)));
    let version = manifest.get("version").context("the package has no version")?;
    run_quietly(
        setup::npm_tool("esbuild")
            .arg(root().join("www/static/authorization-server.js"))
            // No engine but the newest takes modules as service workers.
            .args(["--bundle", "--minify", "--format=iife", "--log-level=error"])
            .arg(format!("--alias:pkce-wasm={}", root().join("pkg").display()))
            .arg(format!("--define:VERSION={version}"))
            .arg(format!("--outfile={}", worker.display())),
    )?;
    let home = owner::filled()?.into_iter().find_map(|(member, value)| (member == "homepage").then_some(value));
    let said = json!({
        "version": version,
        "home": home,
        "worker": "./authorization-server.js",
        "servers": [{
            "id": "demo",
            "label": "In this browser",
            "note": "A service worker of this page is the server. Nothing leaves your browser.",
            "issuer": "./as",
            "clientId": "demo",
            "withoutPkce": "demo",
            "scope": "openid profile email",
            "redirectUri": "./",
        }],
    });
    Ok(fs::write(configuration, said.to_string())?)
}
