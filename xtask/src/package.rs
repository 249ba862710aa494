//! Packing: the archive that would be published, and the same unpacked for the demo and the tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::links::Places;
use crate::owner;
use crate::process::{root, run, run_quietly, script};
use crate::static_demo;

/// What the package takes from the root of the repository while it is packed.
const BORROWED: [&str; 7] =
    ["CHANGELOG.md", "ERRORS.md", "LICENSE-APACHE", "LICENSE-MIT", "MIGRATION.md", "README.md", "SECURITY.md"];

/// What npm packs without being told.
const ALWAYS: [&str; 2] = ["README.md", "package.json"];

/// Where the archive and its contents are put.
pub(crate) fn pack_folder() -> PathBuf {
    root().join("target/pack")
}

/// The unpacked package.
pub(crate) fn package_folder() -> PathBuf {
    pack_folder().join("package")
}

/// The archive, when there is one.
pub(crate) fn archive() -> Result<PathBuf> {
    archive_in(&pack_folder())
}

/// The archive in a folder.
pub(crate) fn archive_in(folder: &Path) -> Result<PathBuf> {
    let entries = fs::read_dir(folder).context("nothing is packed: run cargo xtask build")?;
    let mut archives = entries.flatten().map(|entry| entry.path());
    archives.find(|path| path.extension().is_some_and(|end| end == "tgz")).context("npm pack wrote no archive")
}

/// Packs what the manifest names and unpacks the archive; the archive's path within the repository.
pub(crate) fn pack() -> Result<PathBuf> {
    let manifest = manifest(&root().join("pkg"))?;
    let folder = pack_folder();
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    static_demo::make(&manifest)?;
    let stage = stage()?;
    run_quietly(
        script("npm").current_dir(&stage).args(["pack", "--ignore-scripts", "--pack-destination"]).arg(&folder),
    )?;
    let archive = archive()?;
    run(Command::new("tar").current_dir(&folder).arg("-xzf").args(archive.file_name()))?;
    check_contents(&manifest)?;
    Ok(archive.strip_prefix(root()).unwrap_or(&archive).to_owned())
}

/// Copies what the package is made of into a folder, with links that lead somewhere from there; that folder.
fn stage() -> Result<PathBuf> {
    let stage = root().join("target/stage");
    if stage.exists() {
        fs::remove_dir_all(&stage)?;
    }
    let text = owner::in_npm(&fs::read_to_string(root().join("pkg/package.json"))?, &owner::filled()?);
    let manifest = &serde_json::from_str(&text).context("pkg/package.json is not JSON")?;
    let source = |name: &str| match name {
        _ if BORROWED.contains(&name) => name.to_owned(),
        _ => name.strip_prefix(static_demo::ROOM).map_or_else(|| format!("pkg/{name}"), static_demo::source),
    };
    let names = files(manifest).chain(ALWAYS).map(|name| (source(name), name.to_owned())).collect();
    let places = Places::new(manifest, &names);
    for (source, name) in &names {
        let (from, to) = (root().join(source), stage.join(name));
        fs::create_dir_all(to.parent().unwrap_or(&stage))?;
        if name == "package.json" {
            fs::write(to, &text)?;
        } else if name.ends_with(".md") && from.exists() {
            fs::write(to, places.document(&fs::read_to_string(from)?, source))?;
        } else {
            fs::copy(from, to).map(drop).or_else(ignore_missing)?;
        }
    }
    Ok(stage)
}

/// Where this process has installed the archive.
static INSTALLED: Mutex<Option<PathBuf>> = Mutex::new(None);

/// Installs the archive into an empty application, as a user would; that application's folder. Once for all that ask.
pub(crate) fn install() -> Result<PathBuf> {
    let mut installed = INSTALLED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(folder) = &*installed {
        return Ok(folder.clone());
    }
    let folder = root().join("target/installed");
    install_into(&folder, &archive()?)?;
    Ok(installed.insert(folder).clone())
}

/// Installs an archive into an application that is made in this folder.
pub(crate) fn install_into(folder: &Path, archive: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    fs::write(folder.join("package.json"), "{ \"private\": true }\n")?;
    add(folder, archive)
}

/// Installs an archive beside what is installed in this folder.
pub(crate) fn add(folder: &Path, archive: &Path) -> Result<()> {
    let quiet = ["--no-audit", "--no-fund", "--no-save", "--loglevel=error"];
    run_quietly(script("npm").current_dir(folder).arg("install").args(quiet).arg(archive))
}

/// The version of the package in a folder.
pub(crate) fn version_in(folder: &Path) -> Result<String> {
    let manifest: Value = serde_json::from_slice(&fs::read(folder.join("package.json"))?)?;
    let version = manifest.get("version").and_then(Value::as_str).map(str::to_owned);
    version.with_context(|| format!("the package in {} has no version", folder.display()))
}

/// The tests of a folder that run in Node against the installed package.
pub(crate) fn tests(folder: &str) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(root().join(folder)).with_context(|| format!("cannot read {folder}"))?;
    let files = entries.flatten().map(|entry| entry.path());
    Ok(files.filter(|path| path.to_string_lossy().ends_with(".test.js")).collect())
}

/// Reads `pkg/package.json` and notices when wasm-pack has replaced it.
fn manifest(package: &Path) -> Result<Value> {
    let text = fs::read_to_string(package.join("package.json")).context("cannot read pkg/package.json")?;
    let manifest: Value = serde_json::from_str(&text).context("pkg/package.json is not JSON")?;
    if files(&manifest).any(|file| file == "pkce_wasm_bg.wasm") {
        bail!(
            "wasm-pack has overwritten pkg/package.json with its own: restore it (git checkout pkg/package.json pkg/.gitignore), \
             remove pkg/pkce_wasm*, and run wasm-pack build with --out-dir target/wasm-pack"
        );
    }
    Ok(manifest)
}

/// What the manifest says is in the package.
fn files(manifest: &Value) -> impl Iterator<Item = &str> {
    manifest.get("files").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

/// The entry points that are assets, not typed modules: those that the manifest gives as a bare path.
pub(crate) fn assets() -> Result<Vec<String>> {
    let manifest = manifest(&root().join("pkg"))?;
    let exports = manifest.get("exports").and_then(Value::as_object).into_iter().flatten();
    Ok(exports.filter(|(_, target)| target.is_string()).map(|(entry, _)| entry.clone()).collect())
}

/// The declarations of the entry points that are typed modules.
pub(crate) fn types() -> Result<Vec<PathBuf>> {
    let package = root().join("pkg");
    let manifest = manifest(&package)?;
    let exports = manifest.get("exports").and_then(Value::as_object).into_iter().flatten();
    Ok(exports.filter_map(|(_, target)| Some(package.join(target.get("types")?.as_str()?))).collect())
}

/// npm leaves out silently what is named but missing: we do not.
fn check_contents(manifest: &Value) -> Result<()> {
    let missing: Vec<_> = files(manifest).filter(|file| !package_folder().join(file).exists()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    bail!("pkg/package.json names files that do not exist: {}", missing.join(", "))
}

/// A file that is not there need not be removed.
fn ignore_missing(error: std::io::Error) -> std::io::Result<()> {
    if error.kind() == std::io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}
