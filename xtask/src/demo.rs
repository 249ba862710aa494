//! The demo: the page and its authorization servers, until Ctrl-C.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use launch::Program;
use serde_json::Value;

use crate::process::{find, root, run, say};
use crate::{build, package, setup, static_demo, webview};

/// How the demo is shown.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) open: bool,
    pub(crate) port: Option<u16>,
    /// As an application instead of a page.
    pub(crate) webview: bool,
    /// Whether the application keeps its tokens in Rust.
    pub(crate) in_rust: bool,
    /// As files for any web host.
    pub(crate) files: bool,
    /// Where these will be found.
    pub(crate) url: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self { open: true, port: None, webview: false, in_rust: false, files: false, url: None }
    }
}

/// Builds the package, starts the servers, and waits.
pub(crate) fn demo(options: &Options) -> Result<()> {
    if options.files {
        println!("{}", write_files(options.url.as_deref())?.display());
        say("serve that folder over https or at localhost, below any path");
        return Ok(());
    }
    let node = setup::server_node()?;
    build::build(false)?;
    let application = if options.webview { Some(webview::build()?) } else { None };

    say("starting the page and its authorization servers");
    let mut command = Command::new(node);
    command.arg(root().join("www/server/main.js")).arg("--package").arg(package::package_folder());
    if let Some(port) = options.port {
        command.args(["--port", &port.to_string()]);
    }
    // The server stops when its standard input closes: also when this process is killed.
    let mut server = Program::start(&mut command).context("the demo's server did not start")?;
    let addresses: Value =
        serde_json::from_str(server.first()).context("the demo's server does not say where it is")?;
    let address = addresses.get("app").and_then(Value::as_str).context("the demo's server has no page")?;
    if let Some(program) = application {
        let servers = addresses.get("application").context("the demo's server names no servers for it")?;
        webview::tell_servers(servers, options.in_rust)?;
        let registration = webview::Registration::make(&program)?;
        say("starting the application; close its window to stop the demo");
        let ended = run(&mut Command::new(program));
        drop(registration);
        server.stop()?;
        return ended;
    }
    println!("{address}");
    say("open that address in a browser; Ctrl-C stops the demo");
    if options.open {
        open(address);
    }
    let status = server.wait()?;
    if !status.success() {
        bail!("the demo's server ended ({status})");
    }
    Ok(())
}

/// Builds the package, and writes the demo as files for any web host; their folder. With the URL at which it will be found,
/// previews of links show its picture.
pub(crate) fn write_files(url: Option<&str>) -> Result<PathBuf> {
    build::build(false)?;
    let folder = root().join("target/demo-static");
    let made: Vec<_> =
        static_demo::MADE.iter().map(|name| package::package_folder().join(static_demo::ROOM).join(name)).collect();
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

/// Opens the browser where there is one; the address has been printed in any case.
fn open(address: &str) {
    let mut command = if cfg!(target_os = "macos") {
        Command::new("open")
    } else if cfg!(windows) {
        Command::new("explorer")
    } else if has_display() && find("xdg-open").is_some() {
        Command::new("xdg-open")
    } else {
        return;
    };
    if let Err(error) = command.arg(address).stdout(Stdio::null()).stderr(Stdio::null()).spawn() {
        say(format_args!("cannot open a browser ({error})"));
    }
}

fn has_display() -> bool {
    ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| env::var_os(name).is_some_and(|value| !value.is_empty()))
}
