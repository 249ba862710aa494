//! The package that this one is measured beside and shares an origin with: 0.1.0, built once from its own commit by its own tools.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::package;
use crate::process::{cargo, root, run, run_quietly, say};

/// The commit of 0.1.0.
const COMMIT: &str = "f627cd2d61403cb2912d9522de478d238acfd944";

/// What is put there last.
const LAST: &str = "pkce.wasm";

/// What it is called in the tables.
pub(crate) const NAME: &str = "0.1.0";

/// The application in which it is installed; nothing, and a sentence that says so, where this clone does not have the commit.
pub(crate) fn install() -> Result<Option<PathBuf>> {
    let folder = root().join("target/before");
    let installed = folder.join(COMMIT);
    if installed.join(LAST).exists() {
        return Ok(Some(installed));
    }
    if !is_here() {
        say(format_args!(
            "this clone does not have commit {COMMIT}: nothing is measured or tried beside {NAME} (git fetch --unshallow brings it)"
        ));
        return Ok(None);
    }
    say(format_args!("building {NAME} from commit {COMMIT} (once)"));
    let source = folder.join("source");
    if source.exists() {
        fs::remove_dir_all(&source)?;
    }
    check_out(&source)?;
    run(cargo()
        .current_dir(&source)
        .args(["xtask", "build"])
        .env("CARGO_TARGET_DIR", source.join("target"))
        .stdout(std::io::stderr()))?;
    package::install_into(&installed, &package::archive_in(&source.join("target/pack"))?)?;
    // The module of the primitives travels inlined only.
    fs::copy(source.join("pkg/dist/pkce.wasm"), installed.join(LAST))?;
    fs::remove_dir_all(source)?;
    Ok(Some(installed))
}

fn git() -> Command {
    let mut git = Command::new("git");
    git.current_dir(root());
    git
}

fn is_here() -> bool {
    let commit = format!("{COMMIT}^{{commit}}");
    git().args(["cat-file", "-e", &commit]).output().is_ok_and(|output| output.status.success())
}

fn check_out(source: &Path) -> Result<()> {
    fs::create_dir_all(source)?;
    let archive = source.with_extension("tar");
    run_quietly(git().args(["archive", "--output"]).arg(&archive).arg(COMMIT))?;
    run_quietly(Command::new("tar").current_dir(source).arg("-xf").arg(&archive))?;
    Ok(fs::remove_file(archive)?)
}
