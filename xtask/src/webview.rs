//! The demo as an application (`www/webview`), and the example for MCP servers as one (`www/examples/mcp/tauri`): what they need on the
//! machine, the pages that go into them, their programs.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::process::{cargo, find, read, root, run, say};
use crate::{build, mcp, owner, package, setup};

/// The private-use scheme, which is also the application's identifier.
pub(crate) const SCHEME: &str = "com.example.pkce-demo";

/// The program of the demo, and that of the example for MCP servers with its scheme.
const DEMO: &str = "pkce-demo";
pub(crate) const MCP_EXAMPLE: &str = "mcp-example";
const MCP_SCHEME: &str = "com.example.mcp";

/// Debian packages with what Tauri is built with, by the name under which pkg-config knows them.
const LIBRARIES: [(&str, &str); 2] = [("webkit2gtk-4.1", "libwebkit2gtk-4.1-dev"), ("gtk+-3.0", "libgtk-3-dev")];
/// Programs by which an application is found for a scheme, and those by which it is tested.
const PROGRAMS: [(&str, &str); 1] = [("xdg-open", "xdg-utils")];
const TEST_PROGRAMS: [(&str, &str); 8] = [
    ("Xvfb", "xvfb"),
    ("WebKitWebDriver", "webkit2gtk-driver"),
    ("dbus-daemon", "dbus"),
    ("dbus-send", "dbus-bin"),
    ("gnome-keyring-daemon", "gnome-keyring"),
    ("secret-tool", "libsecret-tools"),
    ("chromium", "chromium"),
    ("chromedriver", "chromium-driver"),
];

/// Builds the package, puts the pages together, and builds the applications; the program of the demo.
pub(crate) fn build() -> Result<PathBuf> {
    install_libraries()?;
    build::build(false)?;
    put_page_together(&root().join("target/webview-page"), &[])?;
    put_mcp_page_together(&root().join("target/webview-mcp"))?;
    say("building the applications (some minutes the first time)");
    run(cargo()
        .args([
            "build",
            "--quiet",
            "--workspace",
            "--locked",
            "--manifest-path",
            owner::PLUGIN_MANIFEST,
            "--target-dir",
        ])
        .arg(target()))?;
    Ok(program(DEMO))
}

/// A program that [`build`] has built.
pub(crate) fn program(name: &str) -> PathBuf {
    target().join("debug").join(format!("{name}{}", env::consts::EXE_SUFFIX))
}

/// Where the applications and the plugin are built.
pub(crate) fn target() -> PathBuf {
    root().join("target/webview")
}

/// Installs what Tauri is built with.
pub(crate) fn install_libraries() -> Result<()> {
    if cfg!(target_os = "linux") { install(&PROGRAMS, true) } else { Ok(()) }
}

/// Installs what the tests of the application need.
pub(crate) fn install_for_tests() -> Result<()> {
    install(&TEST_PROGRAMS, false)
}

fn install(programs: &[(&str, &'static str)], libraries: bool) -> Result<()> {
    let programs = programs.iter().filter(|(program, _)| find(program).is_none()).map(|(_, package)| *package);
    let known = |library: &str| {
        find("pkg-config").is_some_and(|tool| read(Command::new(tool).args(["--modversion", library])).is_ok())
    };
    let mut missing: Vec<_> = programs.collect();
    if libraries {
        missing.extend(LIBRARIES.iter().filter(|(library, _)| !known(library)).map(|(_, package)| *package));
        if find("pkg-config").is_none() {
            missing.push("pkg-config");
        }
    }
    setup::system_packages(&missing)
}

/// What a page is made of.
const PAGE: [&str; 5] = ["html", "css", "js", "svg", "png"];

/// The page's own files, and the packed package beneath them, and these files besides. What has not changed is left alone, for Tauri's sake.
pub(crate) fn put_page_together(page: &Path, more: &[PathBuf]) -> Result<()> {
    let mut wanted = Vec::new();
    for path in more {
        wanted.push((path.clone(), page.join(path.file_name().unwrap_or_default())));
    }
    for entry in fs::read_dir(root().join("www"))?.flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|end| PAGE.iter().any(|known| end == *known)) {
            wanted.push((path, page.join(entry.file_name())));
        }
    }
    let package = package::package_folder();
    let inside = page.join("pkce-wasm");
    for path in files_below(&package)? {
        let text = path.to_string_lossy();
        let is_module = text.ends_with(".js") && !text.ends_with(".iife.js");
        if is_module || text.ends_with("package.json") {
            let to = inside.join(path.strip_prefix(&package)?);
            wanted.push((path, to));
        }
    }
    fs::create_dir_all(page)?;
    for old in files_below(page)? {
        if !wanted.iter().any(|(_, to)| *to == old) {
            fs::remove_file(old)?;
        }
    }
    wanted.into_iter().try_for_each(|(from, to)| write_changed(&to, &fs::read(from)?))
}

/// The page of the example for MCP servers: its own files, and one script of what it imports.
fn put_mcp_page_together(page: &Path) -> Result<()> {
    setup::npm_tools()?;
    // The SDK, and the modules of Tauri's plugins.
    mcp::install()?;
    let of_plugins = root().join("tests/package");
    setup::npm_packages(&of_plugins)?;
    let modules = [root().join("tests/mcp"), of_plugins].map(|folder| folder.join("node_modules"));
    let example = root().join("www/examples/mcp");
    let mut esbuild = setup::npm_tool("esbuild");
    esbuild
        .arg(example.join("tauri/app.js"))
        .args(["--bundle", "--format=esm", "--log-level=warning"])
        .arg(format!("--alias:pkce-wasm={}", package::package_folder().display()))
        .env("NODE_PATH", env::join_paths(modules)?);
    write_changed(&page.join("app.js"), read(&mut esbuild)?.as_bytes())?;
    ["index.html", "style.css"]
        .into_iter()
        .try_for_each(|name| write_changed(&page.join(name), &fs::read(example.join(name))?))
}

/// Writes a file, unless that is what it holds.
fn write_changed(file: &Path, bytes: &[u8]) -> Result<()> {
    if fs::read(file).is_ok_and(|present| present == bytes) {
        return Ok(());
    }
    fs::create_dir_all(file.parent().context("a file lies in a folder")?)?;
    Ok(fs::write(file, bytes)?)
}

/// The files of a folder and of all folders in it.
fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut pending = vec![folder.to_owned()];
    while let Some(folder) = pending.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() { pending.push(path) } else { files.push(path) }
        }
    }
    Ok(files)
}

/// That the schemes are the applications', for as long as this value lives: what an installer would do for good.
pub(crate) struct Registration(Vec<PathBuf>);

impl Registration {
    /// Tells the desktop; elsewhere than on Linux the application sees to it itself, or its bundle does.
    pub(crate) fn make(demo: &Path) -> Result<Self> {
        let mut registration = Self(Vec::new());
        if cfg!(target_os = "linux") {
            registration.add("pkce-wasm-demo.desktop", demo, SCHEME)?;
            registration.add("pkce-wasm-mcp-example.desktop", &program(MCP_EXAMPLE), MCP_SCHEME)?;
        }
        Ok(registration)
    }

    fn add(&mut self, name: &str, program: &Path, scheme: &str) -> Result<()> {
        let folder = home_folder("XDG_DATA_HOME", ".local/share")?.join("applications");
        fs::create_dir_all(&folder)?;
        let entry = folder.join(name);
        fs::write(
            &entry,
            format!(
                "[Desktop Entry]\nType=Application\nName={name}\nExec={} %u\nNoDisplay=true\nMimeType=x-scheme-handler/{scheme};\n",
                program.display()
            ),
        )?;
        self.0.push(entry);
        run(Command::new("xdg-mime").args(["default", name, &format!("x-scheme-handler/{scheme}")]))
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        for entry in &self.0 {
            // Without it the desktop finds nobody for the scheme.
            let _ = fs::remove_file(entry);
        }
    }
}

/// Writes down for the application which servers it offers, and that it is to keep its tokens in Rust where that is wanted: then with the first of them.
pub(crate) fn tell_servers(servers: &Value, in_rust: bool) -> Result<()> {
    let base = if cfg!(target_os = "macos") {
        env::home_dir().context("there is no home folder")?.join("Library/Application Support")
    } else if cfg!(windows) {
        PathBuf::from(env::var_os("APPDATA").context("there is no APPDATA")?)
    } else {
        home_folder("XDG_CONFIG_HOME", ".config")?
    };
    let folder = base.join(SCHEME);
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("servers.json"), servers.to_string())?;
    let file = folder.join("tokens-in-rust.json");
    if in_rust {
        fs::write(file, servers.get(0).context("there is no server")?.to_string())?;
    } else if file.exists() {
        fs::remove_file(file)?;
    }
    Ok(())
}

/// A folder of the XDG base directories.
fn home_folder(variable: &str, usual: &str) -> Result<PathBuf> {
    let named = env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    named.or_else(|| Some(env::home_dir()?.join(usual))).context("there is no home folder")
}
