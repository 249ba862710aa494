//! Bundling, with the esbuild of `xtask/package.json`.

use std::env;
use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use crate::demo::{package, workspace};

/// What React is bundled with that is to warn, and to run effects twice where that is asked for.
pub const DEVELOPMENT: [&str; 2] = ["--jsx-dev", "--define:process.env.NODE_ENV=\"development\""];

/// Where packages are looked for.
fn modules() -> OsString {
    let folders = ["www/examples", "tests/mcp"].map(|folder| workspace().join(folder).join("node_modules"));
    env::join_paths(folders).expect("the path of the workspace is fit for a list")
}

/// Bundles a script with the package under test; gives what was written.
pub fn bundle(source: &Path, target: &Path, more: &[&str]) -> String {
    let mut esbuild = Command::new(workspace().join("xtask/node_modules/.bin/esbuild"));
    esbuild
        .arg(source)
        .args(["--bundle", "--format=esm", "--jsx=automatic", "--log-level=warning"])
        .args(more)
        // The bindings take the framework of the example, and the one for MCP the SDK of its tests.
        .env("NODE_PATH", modules())
        .arg(format!("--alias:pkce-wasm={}", package().display()))
        .arg(format!("--outfile={}", target.display()));
    let output = esbuild.output().expect("esbuild can be started: run `cargo xtask test e2e`");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    std::fs::read_to_string(target).expect("esbuild has written the bundle")
}
