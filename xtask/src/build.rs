//! The npm package: two WebAssembly modules from the one crate, one of them in halves, their bindings, and the table of error codes.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use pkce_wasm::error::Code;
use sha2::{Digest as _, Sha256};

use crate::process::{cargo, root, run, run_quietly, say};
use crate::shrink::{self, Functions, Names, shrink};
use crate::{bindings, codes, fingerprint, halves, inline, integrity, package, setup, twin};

/// The target: MVP instructions and no standard library.
const TARGET: &str = "wasm32v1-none";

/// A module of the package and the features of the crate that are in it.
struct Module {
    name: &'static str,
    features: &'static str,
    /// Whether it is the module of the client, which wipes its memory: applications may supply it themselves, and else load it in two halves.
    client: bool,
}

/// One module for those who need the primitives only, one with everything.
const MODULES: [Module; 2] = [
    Module { name: "pkce", features: "web", client: false },
    Module { name: "client", features: "client,web", client: true },
];

/// The parts of the module of the client as scripts: the half that an application loads at once, the other one, and what only `pkce-wasm/mcp` asks.
const HALVES: [&str; 3] = ["start_bytes.js", "later_bytes.js", "mcp_bytes.js"];

/// The entries that are also made for pages without modules: `<script src=".../pkce.iife.js">` sets the global `pkceWasm`.
const SCRIPTS: [&str; 2] = ["index", "pkce"];

/// Whether this process has built. Layers that run side by side build one after the other, and the package stays as it is under them.
static BUILT: Mutex<bool> = Mutex::new(false);

/// Builds and packs, unless nothing changed since the last time.
pub(crate) fn build(force: bool) -> Result<()> {
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    if !*built {
        build_now(force)?;
        *built = true;
    }
    Ok(())
}

fn build_now(force: bool) -> Result<()> {
    let inputs = fingerprint::inputs()?;
    if !force && fingerprint::is_current(inputs)? {
        say("the package is up to date: target/pack/package");
        return Ok(());
    }
    let started = Instant::now();
    setup::npm_tools()?;
    setup::rust_targets(&[TARGET])?;
    let bindgen = setup::wasm_bindgen()?.join("wasm-bindgen");

    let dist = root().join("pkg/dist");
    if dist.exists() {
        fs::remove_dir_all(&dist)?;
    }
    codes::write(&dist)?;
    build_decoder(&dist)?;
    for module in &MODULES {
        build_module(module, &bindgen, &dist)?;
    }
    for entry in SCRIPTS {
        bundle_script(entry)?;
    }
    integrity::write(&SCRIPTS)?;
    let archive = package::pack()?;
    fingerprint::record(inputs)?;
    say(format_args!("packed {} in {:.1} s", archive.display(), started.elapsed().as_secs_f64()));
    Ok(())
}

/// Assembles the module that decodes the others.
fn build_decoder(dist: &Path) -> Result<()> {
    let folder = bindgen_folder("decoder");
    fs::create_dir_all(&folder)?;
    let wasm = folder.join("decoder.wasm");
    run_quietly(setup::npm_tool("wasm-opt").arg(root().join("xtask/src/decoder.wat")).args(["-Oz", "-o"]).arg(&wasm))?;
    inline(&dist.join("decoder_bytes.js"), &fs::read(wasm)?)
}

/// Compiles a module, makes its bindings, and shrinks it.
fn build_module(module: &Module, bindgen: &Path, dist: &Path) -> Result<()> {
    let Module { name, features, client } = *module;
    say(format_args!("compiling the module {name}"));
    run(cargo()
        .args([
            "rustc",
            "--quiet",
            "--package",
            "pkce-wasm",
            "--lib",
            "--crate-type",
            "cdylib",
            "--profile",
            "wasm",
            "--target",
            TARGET,
        ])
        .args(["--no-default-features", "--features", features])
        .args(["--config", &flags(client)?])
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS"))?;

    let folder = bindgen_folder(name);
    run(Command::new(bindgen)
        .arg(target().join(TARGET).join("wasm/pkce_wasm.wasm"))
        .args(["--target", "bundler", "--no-typescript", "--omit-default-module-path", "--out-name", name])
        .arg("--out-dir")
        .arg(&folder))?;
    let glue = format!("{name}_bg.js");
    let bindings = fs::read_to_string(folder.join(&glue))?;

    let wasm = dist.join(format!("{name}.wasm"));
    let exports = bindings::exports_used(&bindings);
    let names = shrink(&folder.join(format!("{name}_bg.wasm")), &exports, Functions::Nameless, &wasm)?;
    let (mut mended, of_mcp) = bindings::names(&names)?;
    if client {
        let mark = format!("pkce-wasm {:x}", fingerprint::of(&bindings));
        shrink::mark(&wasm, &mark)?;
        mended.push_str(&format!("\nexport const MARK = \"{mark}\";\n"));
    }
    let bytes = fs::read(&wasm).with_context(|| format!("wasm-opt wrote no {}", wasm.display()))?;
    if client {
        let hash: Vec<u8> = Sha256::digest(&bytes).to_vec();
        mended.push_str(&format!("export const HASH = {};\n", serde_json::to_string(&hash)?.replace(['[', ']'], "\"")));
    }
    fs::write(dist.join(glue), mended)?;
    if client {
        let (named, same) = named(name)?;
        ensure!(names == same, "the names of functions change what the optimiser does");
        let halves = halves::split(&named, &names, Functions::Nameless)?;
        for (file, half) in HALVES.iter().zip(&halves) {
            inline(&dist.join(file), &fs::read(half)?)?;
        }
        // Its names come with it.
        let [.., mcp] = HALVES;
        let mcp = dist.join(mcp);
        fs::write(&mcp, fs::read_to_string(&mcp)? + &of_mcp)?;
    } else {
        inline(&dist.join(format!("{name}_bytes.js")), &bytes)?;
    }
    twin::write(name, &wasm, dist)?;
    say(format_args!("{name}: {} bytes of WebAssembly", bytes.len()));
    Ok(())
}

/// Writes bytes as a script.
fn inline(file: &Path, bytes: &[u8]) -> Result<()> {
    Ok(fs::write(file, format!("export default \"{}\";\n", inline::encode(bytes)))?)
}

/// The module of the client and its halves once more, with the names of their functions: for reading, not for shipping.
pub(crate) fn named_client() -> Result<[(&'static str, PathBuf); 4]> {
    let (whole, names) = named("client")?;
    let [start, later, mcp] = halves::split(&whole, &names, Functions::Named)?;
    Ok([
        ("client.wasm", whole),
        ("its first half", start),
        ("its second half", later),
        ("what pkce-wasm/mcp asks", mcp),
    ])
}

/// Shrinks a module once more, with the names of its functions.
fn named(module: &str) -> Result<(PathBuf, Names)> {
    let folder = bindgen_folder(module);
    let file = |end: &str| folder.join(format!("{module}{end}"));
    let bindings = fs::read_to_string(file("_bg.js")).context("the package was built elsewhere")?;
    let named = file("_named.wasm");
    let names = shrink(&file("_bg.wasm"), &bindings::exports_used(&bindings), Functions::Named, &named)?;
    Ok((named, names))
}

fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |folder| root().join(folder))
}

/// Where wasm-bindgen puts a module and its bindings.
fn bindgen_folder(name: &str) -> PathBuf {
    target().join("bindgen").join(name)
}

/// The oldest syntax that a plain script is written in: an engine below the floor can read it, and is told by [`FLOOR`] that it is too old. esbuild knows what is too new.
const SYNTAX: &str = "--target=chrome63";

/// What comes before a plain script.
const FLOOR: &str = include_str!("floor.js");

/// Bundles an entry into one script. Only the twin stays a file of its own, which the script loads when it is needed.
fn bundle_script(entry: &str) -> Result<()> {
    let floor = FLOOR.lines().filter(|line| !line.starts_with("//")).map(str::trim).collect::<String>();
    let sentence = format!("{}: {}", Code::EngineUnsupported.name(), Code::EngineUnsupported.message());
    let floor = floor.replace("\"{sentence}\"", &serde_json::to_string(&sentence)?);
    let package = root().join("pkg");
    run_quietly(
        setup::npm_tool("esbuild")
            .arg(package.join(format!("{entry}.js")))
            .args(["--bundle", "--minify", "--format=iife", "--global-name=pkceWasm", "--log-level=error"])
            .args([SYNTAX, &format!("--banner:js={floor}")])
            .arg("--external:./pkg/dist/*_twin.js")
            // The sources are beside it in the package.
            .args(["--sourcemap=linked", "--sources-content=false"])
            .arg(format!("--outfile={}", package.join(format!("{entry}.iife.js")).display())),
    )
}

/// With it the name of a function says of which module it is, also that of a closure.
const WHOLE_NAMES: &str = "-Csymbol-mangling-version=v0";

/// A setting for cargo that keeps the names of this machine's folders out of the module, and gives functions whole names where it is taken apart.
fn flags(whole_names: bool) -> Result<String> {
    let cargo_home = env::var_os("CARGO_HOME").map(Into::into).or_else(|| Some(env::home_dir()?.join(".cargo")));
    let sources = cargo_home.context("there is no home folder of cargo")?.join("registry/src");
    let registries = fs::read_dir(sources).into_iter().flatten().flatten().map(|entry| entry.path());
    let flag = |folder: &Path| format!("--remap-path-prefix={}/=", folder.display());
    let mut flags: Vec<_> = registries.chain([root().to_owned()]).map(|folder| flag(&folder)).collect();
    flags.extend(whole_names.then(|| WHOLE_NAMES.to_owned()));
    Ok(format!("target.{TARGET}.rustflags={}", serde_json::to_string(&flags)?))
}
