//! How fast: this package beside those of others, in the same page, in alternating rounds; and whether its memory stays flat.
//!
//! Never part of the tests: what is measured depends on the machine and on what else it does. Ratios within a run depend on it least.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};

use crate::browsers::Engine;
use crate::measured::{self, CLIENT, Measured, PRIMITIVES, Place, STEPS};
use crate::process::{cargo, read, root, run_quietly, say};
use crate::webdriver::Stage;
use crate::{before, browsers, build, package, setup};

/// What is wanted.
#[derive(Debug, Default)]
pub(crate) struct Options {
    /// Where; empty means everywhere.
    pub(crate) places: Vec<Place>,
    /// What, by the names of [`WHAT`]; empty means everything.
    pub(crate) what: Vec<String>,
    /// Only what a bar is about, where it is about it.
    pub(crate) bars: bool,
    /// Print JSON.
    pub(crate) json: bool,
}

/// What can be measured: in pages, in Node, or in both. `flat` takes minutes.
pub(crate) const WHAT: [&str; 11] =
    ["pairs", "verify", "begin", "callbacks", "instant", "boundary", "proofs", "start", "ready", "click", "flat"];
const IN_PAGES: [&str; 10] =
    ["pairs", "begin", "callbacks", "instant", "boundary", "proofs", "start", "ready", "click", "flat"];
const IN_NODE: [&str; 8] = ["pairs", "verify", "begin", "callbacks", "instant", "boundary", "proofs", "flat"];
/// What is measured cold, each contender in a page of its own.
const COLD: [&str; 3] = ["start", "ready", "click"];

/// The scripts that start cold, and what they are called in the table.
const CONTENDERS: [(&str, &str); 7] = [
    ("pkce-wasm", CLIENT),
    ("pkce-wasm-steps", STEPS),
    ("pkce-wasm-pair", PRIMITIVES),
    ("pkce-challenge", "pkce-challenge"),
    ("oauth4webapi", "oauth4webapi"),
    ("oidc-client-ts", "oidc-client-ts"),
    ("noble", "@noble/hashes"),
];
/// The script of the client as 0.1.0 had it.
const BEFORE: &str = "before";

/// The packages that are measured beside this one.
const PEERS: [&str; 4] = ["pkce-challenge", "oauth4webapi", "oidc-client-ts", "@noble/hashes"];

/// Measures and prints.
pub(crate) fn bench(options: &Options) -> Result<()> {
    let all: &[Place] = if options.bars { &measured::PLACES } else { &Place::ALL };
    let places = if options.places.is_empty() { all.to_vec() } else { options.places.clone() };
    if let Some(unknown) = options.what.iter().find(|name| !WHAT.contains(&name.as_str())) {
        bail!("nothing is measured by the name {unknown}: {}", WHAT.join(", "));
    }
    let chosen = |place: Place, all: &[&'static str]| -> Vec<&'static str> {
        let named = |name: &str| options.what.is_empty() || options.what.iter().any(|one| one == name);
        let barred = |name: &str| !options.bars || measured::has_bar(place, name);
        all.iter().copied().filter(|name| named(name) && barred(name)).collect()
    };
    let prepared = prepare(options.bars)?;
    let mut all = Map::new();
    for place in places {
        say(format_args!("measuring in {}", place.name()));
        let raw = match place {
            Place::Page(engine) => in_page(engine, &prepared, &chosen(place, &IN_PAGES))?,
            Place::Node => in_node(&prepared.folder, &chosen(place, &IN_NODE))?,
        };
        let measured = Measured(raw);
        if !options.json {
            measured.print(place);
        }
        all.insert(place.name().to_owned(), measured.json(place));
    }
    let versions = versions()?;
    if options.json {
        println!("{}", serde_json::to_string_pretty(&json!({ "versions": versions, "measured": all }))?);
    } else {
        let versions: Vec<_> = versions.iter().map(|(name, version)| format!("{name} {version}")).collect();
        println!("\n{}", versions.join(", "));
    }
    Ok(())
}

fn sources() -> PathBuf {
    root().join("tests/bench")
}

/// What was made ready.
struct Prepared {
    folder: PathBuf,
    /// The scripts that start cold, and what they are called.
    cold: Vec<(&'static str, String)>,
}

/// Installs the contenders and bundles the pages.
fn prepare(bars: bool) -> Result<Prepared> {
    build::build(false)?;
    setup::npm_tools()?;
    setup::npm_packages(&sources())?;
    let modules = package::install()?.join("node_modules");
    let folder = root().join("target/bench");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    for entry in fs::read_dir(sources().join("pages"))?.flatten() {
        fs::copy(entry.path(), folder.join(entry.file_name()))?;
    }
    bundle("page.js", "page.js", &["--format=esm"], &modules, &folder)?;
    bundle("node.js", "node.mjs", &["--format=esm", "--platform=node"], &modules, &folder)?;
    let script = ["--format=iife", "--global-name=contender"];
    let mut cold = Vec::new();
    for (file, title) in CONTENDERS {
        bundle(&format!("contenders/{file}.js"), &format!("{file}.js"), &script, &modules, &folder)?;
        cold.push((file, title.to_owned()));
    }
    if let Some(before) = before::install()? {
        let modules = before.join("node_modules");
        bundle("ours.js", "before.mjs", &["--format=esm"], &modules, &folder)?;
        bundle("contenders/pkce-wasm.js", &format!("{BEFORE}.js"), &script, &modules, &folder)?;
        cold.push((BEFORE, measured::before(CLIENT)));
    } else {
        fs::write(folder.join("before.mjs"), "")?;
    }
    if bars {
        cold.retain(|(_, title)| *title == CLIENT || *title == measured::before(CLIENT));
    }
    Ok(Prepared { folder, cold })
}

/// Bundles a script as an application would. The twins stay out: no page that is measured needs one.
fn bundle(source: &str, name: &str, how: &[&str], modules: &Path, folder: &Path) -> Result<()> {
    run_quietly(
        setup::npm_tool("esbuild")
            .current_dir(sources())
            .env("NODE_PATH", modules)
            .arg(source)
            .args(["--bundle", "--minify", "--log-level=error"])
            .args(["--external:*_twin.js", "--external:./before.mjs"])
            .args(how)
            .arg(format!("--outfile={}", folder.join(name).display())),
    )
}

fn in_page(engine: Engine, prepared: &Prepared, what: &[&str]) -> Result<Value> {
    browsers::install(&[engine])?;
    let stage = Stage::set(engine)?;
    let contenders: Vec<_> = prepared.cold.iter().map(|(file, _)| *file).collect();
    let mut command = cargo();
    command
        .args(["run", "--quiet", "--package", "bench"])
        .env("PKCE_BENCH_FOLDER", &prepared.folder)
        .env("PKCE_BENCH_CONTENDERS", contenders.join(" "))
        .env("PKCE_BENCH_WHAT", what.join(" "))
        .env("PKCE_E2E_ENGINE", engine.name())
        .env("PKCE_E2E_DRIVER", &stage.programs.driver)
        .env("PKCE_E2E_BROWSER", &stage.programs.browser);
    let said = read(stage.dress(&mut command))?;
    let mut measured: Value = serde_json::from_str(&said).context("the pages measured nothing")?;
    // A cold page is known by its file.
    for name in COLD {
        for samples in measured.get_mut(name).and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut) {
            let Some(samples) = samples.as_object_mut() else { continue };
            let cold = prepared.cold.iter();
            *samples = cold.filter_map(|(file, title)| Some((title.clone(), samples.remove(*file)?))).collect();
        }
    }
    Ok(measured)
}

fn in_node(folder: &Path, what: &[&str]) -> Result<Value> {
    let mut measured = Map::new();
    measured.insert("version".to_owned(), read(Command::new("node").arg("--version"))?.trim().into());
    for name in what {
        say(format_args!("  {name}"));
        let mut node = Command::new("node");
        node.arg("--expose-gc").arg(folder.join("node.mjs")).arg(name).stdin(Stdio::null());
        measured.insert((*name).to_owned(), serde_json::from_str(&read(&mut node)?)?);
    }
    Ok(measured.into())
}

fn versions() -> Result<BTreeMap<&'static str, String>> {
    let mut versions: BTreeMap<_, _> = PEERS
        .into_iter()
        .map(|name| Ok((name, package::version_in(&sources().join("node_modules").join(name))?)))
        .collect::<Result<_>>()?;
    versions.insert("pkce-wasm", package::version_in(&package::package_folder())?);
    Ok(versions)
}
