//! The JavaScript twin of a module.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::process::run_quietly;
use crate::setup;

/// Translates the module to JavaScript: the default export takes the imports and gives the exports of a fresh instance.
pub(crate) fn write(name: &str, wasm: &Path, dist: &Path) -> Result<()> {
    let raw = dist.join(format!("{name}_twin.raw.js"));
    run_quietly(setup::npm_tool("wasm2js").arg(wasm).args(["-Oz", "--mvp-features", "-o"]).arg(&raw))?;
    let text = fs::read_to_string(&raw)?;
    let (_, body) = text.split_once('\n').context("wasm2js wrote nothing")?;
    let (body, _) = body
        .split_once("var retasmFunc = asmFunc(")
        .context("wasm2js no longer ends with the one instance that it makes")?;
    fs::write(&raw, format!("{body}export default asmFunc;\n"))?;
    let twin = dist.join(format!("{name}_twin.js"));
    run_quietly(
        setup::npm_tool("esbuild")
            .arg(&raw)
            .args(["--minify", "--format=esm", "--log-level=error"])
            .arg(format!("--outfile={}", twin.display())),
    )?;
    fs::remove_file(raw)?;
    Ok(())
}
