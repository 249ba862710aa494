//! Whether the package must be built again: a hash over everything that goes in and comes out.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::package::pack_folder;
use crate::process::root;

/// What the package is made of.
const INPUTS: [&str; 17] = [
    ".cargo/config.toml",
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "ERRORS.md",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "MIGRATION.md",
    "README.md",
    "SECURITY.md",
    "pkg",
    "src",
    "www/server/pages.js",
    "www/static",
    "xtask/Cargo.toml",
    "xtask/package-lock.json",
    "xtask/src",
];

/// The hash of what goes in.
pub(crate) fn inputs() -> Result<u64> {
    let package = root().join("pkg");
    let made = [".iife.js", ".iife.js.map", "pkg/integrity.json"];
    let built =
        |place: &Path| place == package.join("dist") || made.iter().any(|end| place.to_string_lossy().ends_with(end));
    let page = fs::read_dir(root().join("www"))?.flatten().map(|entry| entry.path()).filter(|path| path.is_file());
    let mut page: Vec<_> = page.collect();
    page.sort();
    hash(INPUTS.iter().map(|name| root().join(name)).chain(page), built)
}

/// Whether the package was built from these inputs and is as it was left.
pub(crate) fn is_current(inputs: u64) -> Result<bool> {
    let recorded = fs::read_to_string(stamp()).unwrap_or_default();
    Ok(recorded == format!("{inputs:x} {:x}", outputs()?))
}

/// Remembers that the package was built from these inputs.
pub(crate) fn record(inputs: u64) -> Result<()> {
    Ok(fs::write(stamp(), format!("{inputs:x} {:x}", outputs()?))?)
}

/// The hash of a text.
pub(crate) fn of(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

fn stamp() -> PathBuf {
    pack_folder().join(".stamp")
}

/// The hash of what came out.
fn outputs() -> Result<u64> {
    hash([root().join("pkg/dist"), pack_folder()].into_iter(), |place| place == stamp())
}

/// A hash over the names and contents of files and of all files in folders, without those that are excepted.
fn hash(places: impl Iterator<Item = PathBuf>, except: impl Fn(&Path) -> bool) -> Result<u64> {
    let mut hasher = DefaultHasher::new();
    let mut pending: Vec<PathBuf> = places.collect();
    while let Some(place) = pending.pop() {
        if except(&place) {
            continue;
        }
        if place.is_dir() {
            let mut entries = fs::read_dir(&place)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
            entries.sort();
            pending.append(&mut entries);
        } else if place.is_file() {
            place.hash(&mut hasher);
            fs::read(&place)?.hash(&mut hasher);
        }
    }
    Ok(hasher.finish())
}
