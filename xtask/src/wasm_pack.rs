//! The module as somebody builds it who uses it by itself, without the npm package.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::process::{Once, path_with, root, run_quietly, say};
use crate::setup;

/// Builds it once in a run of this program; its folder, which `www/examples/wasm-pack` is served with.
pub(crate) fn build() -> Result<PathBuf> {
    static BUILT: Once<PathBuf> = Once::new();
    BUILT.get(build_now)
}

fn build_now() -> Result<PathBuf> {
    setup::rust_targets(&["wasm32-unknown-unknown"])?;
    let (bindgen, wasm_pack) = (setup::wasm_bindgen()?, setup::wasm_pack()?);
    let folder = root().join("target/wasm-pack");
    say("building the module with wasm-pack");
    run_quietly(
        Command::new(wasm_pack.join("wasm-pack"))
            .current_dir(root())
            .args(["build", "--target", "web", "--out-dir"])
            .arg(&folder)
            // Beside its crates it needs nothing but what is on the PATH: no test would see a download.
            .args(["--mode", "no-install"])
            .env("PATH", path_with([&bindgen])?),
    )?;
    Ok(folder)
}
