//! The demo as files that any web host serves: its authorization server is a service worker. The same page is in the package, for `npx pkce-wasm`.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::package::package_folder;
use crate::process::{root, run_quietly};
use crate::{build, owner, setup, webview};

/// The folder of the package with the page. Its programs serve the package beside it.
pub(crate) const ROOM: &str = "demo/";

/// What is made for the page, in `target/demo`: the service worker, and the configuration that the page reads.
const MADE: [&str; 2] = ["authorization-server.js", "config.json"];

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

/// Builds the package, and writes the folder with everything; that folder. With the URL at which it will be found, previews of links show its picture.
pub(crate) fn write(url: Option<&str>) -> Result<PathBuf> {
    build::build(false)?;
    let folder = root().join("target/demo-static");
    let made: Vec<_> = MADE.iter().map(|name| package_folder().join(ROOM).join(name)).collect();
    webview::put_page_together(&folder, &made)?;
    if let Some(url) = url {
        let base = if url.ends_with('/') { url.to_owned() } else { format!("{url}/") };
        let page = folder.join("index.html");
        let html = fs::read_to_string(&page)?;
        let picture = "content=\"./preview.png\"";
        let (before, after) = html.split_once(picture).context("the page names no picture")?;
        let named = format!("content=\"{base}preview.png\">\n    <meta property=\"og:url\" content=\"{base}\"");
        fs::write(&page, format!("{before}{named}{after}"))?;
    }
    Ok(folder)
}
