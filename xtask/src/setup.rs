//! What the commands need on the machine: each step looks first, and says what it installs.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process::{cargo, find, read, root, run, say, script};

/// The oldest Node that runs the tools and the demo's server.
const NODE: (u32, u32) = (20, 19);
/// The oldest Node that runs our servers: oidc-provider supports no older one, and Node 20 now and then hangs while it makes a key.
const SERVER_NODE: u32 = 22;
/// The versions that are installed; that of wasm-bindgen is in `Cargo.lock`.
const WASM_PACK: &str = "0.15.1";
const GECKODRIVER: &str = "0.37.1";
const CARGO_FUZZ: &str = "0.13.2";

/// Checks that Node and npm are there.
pub(crate) fn node() -> Result<()> {
    let (major, minor) = NODE;
    let advice =
        format!("install Node {major}.{minor} or newer with npm, from https://nodejs.org or your system's packages");
    let Some(node) = find("node") else { bail!("Node is missing: {advice}") };
    let (major, minor) = node_version(&node)?;
    if (major, minor) < NODE {
        bail!("Node {major}.{minor} is too old: {advice}");
    }
    Ok(())
}

/// The two numbers of a Node's version that count.
fn node_version(node: &Path) -> Result<(u32, u32)> {
    let version = read(Command::new(node).arg("--version"))?;
    let mut numbers =
        version.trim().trim_start_matches('v').split('.').map(|number| number.parse::<u32>().unwrap_or(0));
    Ok((numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)))
}

/// The Node that runs our servers, with their packages installed: the machine's own, or one from npm where that is too old.
pub(crate) fn server_node() -> Result<PathBuf> {
    node()?;
    npm_packages(&root().join("www/server"))?;
    if let Some(node) = find("node")
        && node_version(&node)?.0 >= SERVER_NODE
    {
        return Ok(node);
    }
    let folder = root().join("xtask/node");
    npm_packages(&folder)?;
    let packages = fs::read_dir(folder.join("node_modules"))?.flatten().map(|entry| entry.path());
    let mut programs = packages.map(|package| package.join(format!("bin/node{}", env::consts::EXE_SUFFIX)));
    programs.find(|program| program.is_file()).with_context(|| {
        format!("npm has no Node for this machine: install Node {SERVER_NODE} or newer from https://nodejs.org")
    })
}

/// Installs the Rust targets that are missing.
pub(crate) fn rust_targets(targets: &[&str]) -> Result<()> {
    let installed = installed_targets()?;
    let missing: Vec<_> = targets.iter().filter(|target| !installed.iter().any(|name| name == *target)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    say(format_args!("installing the Rust targets {missing:?}"));
    if find("rustup").is_none() {
        bail!(
            "the Rust targets {missing:?} are missing and there is no rustup: install them from your system's packages"
        );
    }
    run(Command::new("rustup").current_dir(root()).args(["target", "add"]).args(missing))
}

/// The targets whose libraries are beside the compiler, however they came there.
fn installed_targets() -> Result<Vec<String>> {
    let sysroot = read(Command::new("rustc").current_dir(root()).args(["--print", "sysroot"]))?;
    let targets = fs::read_dir(Path::new(sysroot.trim()).join("lib/rustlib"))?;
    Ok(targets.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect())
}

/// The folder with the wasm-bindgen tools, of exactly the version in `Cargo.lock`.
pub(crate) fn wasm_bindgen() -> Result<PathBuf> {
    wasm_bindgen_of(root())
}

/// The same of the version in the `Cargo.lock` of another folder.
pub(crate) fn wasm_bindgen_of(folder: &Path) -> Result<PathBuf> {
    cargo_tool("wasm-bindgen-cli", "wasm-bindgen", &locked_version(folder, "wasm-bindgen")?)
}

/// The folder with wasm-pack.
pub(crate) fn wasm_pack() -> Result<PathBuf> {
    cargo_tool("wasm-pack", "wasm-pack", WASM_PACK)
}

/// The folder with cargo-fuzz.
pub(crate) fn cargo_fuzz() -> Result<PathBuf> {
    cargo_tool("cargo-fuzz", "cargo-fuzz", CARGO_FUZZ)
}

/// Installs the nightly compiler, which alone can follow where an input leads.
pub(crate) fn nightly() -> Result<()> {
    let Some(rustup) = find("rustup") else {
        bail!("fuzzing needs the nightly compiler by way of rustup: https://rustup.rs")
    };
    if read(Command::new(&rustup).args(["toolchain", "list"]))?.lines().any(|name| name.starts_with("nightly-")) {
        return Ok(());
    }
    say("installing the nightly compiler");
    run(Command::new(rustup).args(["toolchain", "install", "nightly", "--profile", "minimal"]))
}

/// The driver of Firefox: the system's, whatever its version, or else one that cargo installs.
pub(crate) fn geckodriver() -> Result<PathBuf> {
    match find("geckodriver") {
        Some(driver) => Ok(driver),
        None => Ok(cargo_tool("geckodriver", "geckodriver", GECKODRIVER)?.join("geckodriver")),
    }
}

/// The version of a crate in the `Cargo.lock` of a folder.
fn locked_version(folder: &Path, name: &str) -> Result<String> {
    let lock = fs::read_to_string(folder.join("Cargo.lock")).context("cannot read Cargo.lock")?;
    let header = format!("name = \"{name}\"");
    let mut lines = lock.lines().skip_while(|line| *line != header).skip(1);
    let version = lines.next().and_then(|line| line.strip_prefix("version = \"")?.strip_suffix('"'));
    version.map(str::to_owned).with_context(|| format!("Cargo.lock names no {name}"))
}

/// The folder with a tool of this version: on the `PATH`, or else installed by cargo into a cache of this user, where
/// other clones find it too.
fn cargo_tool(krate: &str, binary: &str, version: &str) -> Result<PathBuf> {
    let on_path = find(binary).filter(|path| has_version(path, version));
    if let Some(folder) = on_path.as_deref().and_then(Path::parent) {
        return Ok(folder.to_owned());
    }
    let home = cache()?.join(format!("{krate}-{version}"));
    let folder = home.join("bin");
    if !has_version(&folder.join(binary), version) {
        say(format_args!("installing {krate} {version} into {} (once; a few minutes)", home.display()));
        // It runs for a second at a time: quick to build matters more than quick to run.
        run(cargo()
            .args(["install", "--quiet", krate, "--version", version, "--root"])
            .arg(&home)
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1"))?;
    }
    Ok(folder)
}

/// Whether a binary runs and reports this version.
fn has_version(binary: &Path, version: &str) -> bool {
    Command::new(binary)
        .arg("--version")
        .output()
        .is_ok_and(|output| String::from_utf8_lossy(&output.stdout).split_whitespace().any(|word| word == version))
}

/// The cache of this user, outside of the repository.
fn cache() -> Result<PathBuf> {
    let named = env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let base =
        named.or_else(|| Some(env::home_dir()?.join(".cache"))).context("there is no home folder for the tools")?;
    Ok(base.join("pkce-wasm").join("tools"))
}

/// Installs the npm packages of a folder unless those of its lock file are there already.
pub(crate) fn npm_packages(folder: &Path) -> Result<()> {
    let lock = fs::read(folder.join("package-lock.json"))
        .with_context(|| format!("there is no package-lock.json in {}", folder.display()))?;
    let stamp = folder.join("node_modules/.pkce-wasm-lock");
    if fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    say(format_args!("installing the npm packages of {}", folder.strip_prefix(root()).unwrap_or(folder).display()));
    let mut npm = script("npm");
    npm.current_dir(folder).args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]);
    // Browsers come from Debian, or inside a package: none is to be fetched by an installation.
    npm.env("PUPPETEER_SKIP_DOWNLOAD", "1").env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1");
    run(npm.stdout(std::io::stderr()))?;
    fs::write(stamp, lock)?;
    Ok(())
}

/// The tools from npm that this program runs itself.
pub(crate) fn npm_tools() -> Result<()> {
    node()?;
    npm_packages(&root().join("xtask"))
}

/// One of the tools from npm.
pub(crate) fn npm_tool(name: &str) -> Command {
    script_of(&root().join("xtask"), name)
}

/// A program of the npm packages that are installed in a folder.
pub(crate) fn script_of(folder: &Path, name: &str) -> Command {
    script(folder.join("node_modules/.bin").join(name))
}

/// Installs packages of the system, where it is of the Debian family and we may; says what to do elsewhere.
pub(crate) fn system_packages(packages: &[&str]) -> Result<()> {
    if packages.is_empty() {
        return Ok(());
    }
    let list = packages.join(" ");
    let by_hand = format!("install by hand what these Debian packages hold, and run again: {list}");
    if find("apt-get").is_none() {
        bail!("this system has no apt-get: {by_hand}");
    }
    let apt = |arguments: &[&str]| {
        let mut command = if is_root() { Command::new("apt-get") } else { Command::new("sudo") };
        if !is_root() {
            command.args(["-n", "apt-get"]);
        }
        command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
        command
    };
    say(format_args!("installing the packages {list}"));
    run(apt(&["update", "-q"]).stdout(std::io::stderr())).with_context(|| by_hand.clone())?;
    run(apt(&["install", "-y", "-q", "--no-install-recommends"]).args(packages).stdout(std::io::stderr()))
        .context(by_hand)
}

/// Whether this process may install packages without sudo.
fn is_root() -> bool {
    read(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}
