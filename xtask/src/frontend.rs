//! The Rust front end of the tests: an application of its own, which has this crate as a library.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::process::{Once, cargo, root, run, run_quietly, say};
use crate::setup;

/// Builds it once in a run of this program; the folder with its module.
pub(crate) fn build() -> Result<PathBuf> {
    static BUILT: Once<PathBuf> = Once::new();
    BUILT.get(build_now)
}

fn build_now() -> Result<PathBuf> {
    const TARGET: &str = "wasm32-unknown-unknown";
    setup::rust_targets(&[TARGET])?;
    let (source, target) = (root().join("tests/frontend"), root().join("target/frontend"));
    // The version that this application resolved to, which need not be the one of this repository.
    let bindgen = setup::wasm_bindgen_of(&source)?.join("wasm-bindgen");
    say("building the Rust front end");
    let mut build = cargo();
    build.args(["build", "--quiet", "--locked", "--target", TARGET, "--manifest-path"]).arg(source.join("Cargo.toml"));
    run(build.arg("--target-dir").arg(&target))?;
    let folder = target.join("app");
    let module = target.join(TARGET).join("debug/frontend.wasm");
    run_quietly(
        Command::new(bindgen).args(["--target", "web", "--no-typescript", "--out-dir"]).arg(&folder).arg(module),
    )?;
    // The demo's server tells a page the version of the package that it serves.
    fs::write(folder.join("package.json"), "{ \"version\": \"0.0.0\" }\n")?;
    Ok(folder)
}
