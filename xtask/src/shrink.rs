//! A module made small: without what the bindings do not use, with MVP instructions only, optimised.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::process::{read, run_quietly};
use crate::setup;

/// The instructions that the compiler uses and older engines lack.
const BEYOND_MVP: [&str; 2] = ["--enable-bulk-memory", "--enable-sign-ext"];

/// The memory of the module, which the bindings reach for by way of the export of that name.
const MEMORY: &str = "memory";

/// A function that the module imports: from where, under which name before and now.
pub(crate) struct Import {
    pub(crate) module: String,
    pub(crate) long: String,
    pub(crate) short: String,
}

/// Gives the module an empty section of that name, by which a loader knows it.
pub(crate) fn mark(module: &Path, name: &str) -> Result<()> {
    let mut bytes = fs::read(module)?;
    let length = u8::try_from(name.len()).ok().filter(|length| *length < 0x7f).context("the name is too long")?;
    bytes.extend([0, length.saturating_add(1), length]);
    bytes.extend(name.bytes());
    Ok(fs::write(module, bytes)?)
}

/// Shrinks the module `from` to the module `to`, of whose exports only those named are kept.
pub(crate) fn shrink(from: &Path, exports: &[&str], to: &Path) -> Result<Vec<Import>> {
    let (graph, kept, lowered) =
        (from.with_extension("graph.json"), from.with_extension("kept.wasm"), from.with_extension("lowered.wasm"));
    let exports = exports.iter().filter(|name| **name != MEMORY).chain([&MEMORY]);
    let mut nodes = vec![json!({ "name": "bindings", "root": true, "reaches": exports.clone().collect::<Vec<_>>() })];
    nodes.extend(exports.map(|name| json!({ "name": name, "export": name })));
    fs::write(&graph, serde_json::to_string(&nodes)?)?;
    run_quietly(
        setup::npm_tool("wasm-metadce").arg(from).args(BEYOND_MVP).arg("--graph-file").arg(&graph).arg("-o").arg(&kept),
    )?;
    run_quietly(
        setup::npm_tool("wasm-opt")
            .arg(&kept)
            .args(BEYOND_MVP)
            .args(["--llvm-memory-copy-fill-lowering", "--signext-lowering", "-o"])
            .arg(&lowered),
    )?;
    run_quietly(
        setup::npm_tool("wasm-opt")
            .arg(&lowered)
            .args(["-Oz", "--converge", "--mvp-features"])
            .args(["--strip-debug", "--strip-dwarf", "--strip-producers", "--strip-target-features", "-o"])
            .arg(to),
    )?;
    let renamed = read(
        setup::npm_tool("wasm-opt").arg(to).args(["--mvp-features", "--minify-imports", "-o"]).arg(to),
    )?;
    let renamed: Value = serde_json::from_str(&renamed).context("wasm-opt does not say what it renamed")?;
    let imports = renamed.get("imports").and_then(Value::as_array).context("wasm-opt says nothing of imports")?;
    imports.iter().map(|import| {
        let [module, long, short] = serde_json::from_value(import.clone()).context("an import has three names")?;
        Ok(Import { module, long, short })
    })
    .collect()
}
