//! A module made small: without what the bindings do not use, with MVP instructions only, optimised, under short names.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::json;

use crate::process::{read, run_quietly};
use crate::{copies, dead, setup};

/// The instructions that the compiler uses and older engines lack.
const BEYOND_MVP: [&str; 2] = ["--enable-bulk-memory", "--enable-sign-ext"];

/// No address is below 1,024: there the stack ends, of which the code uses a few kilobytes from its other end.
pub(crate) const LOW_MEMORY_UNUSED: &str = "--low-memory-unused";

/// The memory of the module, which the bindings reach for by way of the export of that name.
const MEMORY: &str = "memory";

/// The short names of what the module shares with the package.
#[derive(PartialEq, Eq, Deserialize)]
pub(crate) struct Names {
    /// Module, name, short name.
    pub(crate) imports: Vec<[String; 3]>,
    /// Name, short name.
    pub(crate) exports: Vec<[String; 2]>,
}

/// Gives the module an empty section of that name, by which a loader knows it.
pub(crate) fn mark(module: &Path, name: &str) -> Result<()> {
    let mut bytes = fs::read(module)?;
    let length = u8::try_from(name.len()).ok().filter(|length| *length < 0x7f).context("the name is too long")?;
    bytes.extend([0, length.saturating_add(1), length]);
    bytes.extend(name.bytes());
    Ok(fs::write(module, bytes)?)
}

/// Whether the functions keep their names: they take place and change no instruction.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Functions {
    Named,
    Nameless,
}

/// Shrinks the module `from` to the module `to`, of whose exports only those named are kept.
pub(crate) fn shrink(from: &Path, exports: &[&str], functions: Functions, to: &Path) -> Result<Names> {
    let (named, stripped): (&[_], &[_]) =
        if functions == Functions::Named { (&["-g"], &[]) } else { (&[], &["--strip-debug", "--strip-dwarf"]) };
    let (graph, kept, lowered) =
        (from.with_extension("graph.json"), from.with_extension("kept.wasm"), from.with_extension("lowered.wasm"));
    let text = from.with_extension("kept.wat");
    let exports = exports.iter().filter(|name| **name != MEMORY).chain([&MEMORY]);
    let mut nodes = vec![json!({ "name": "bindings", "root": true, "reaches": exports.clone().collect::<Vec<_>>() })];
    nodes.extend(exports.map(|name| json!({ "name": name, "export": name })));
    fs::write(&graph, serde_json::to_string(&nodes)?)?;
    run_quietly(
        setup::npm_tool("wasm-metadce")
            .arg(from)
            .args(BEYOND_MVP)
            .arg("-g")
            .arg("--graph-file")
            .arg(&graph)
            .arg("-o")
            .arg(&kept),
    )?;
    run_quietly(setup::npm_tool("wasm-dis").arg(&kept).args(BEYOND_MVP).arg("-o").arg(&text))?;
    dead::remove(&text)?;
    copies::by_words(&text)?;
    run_quietly(
        setup::npm_tool("wasm-opt")
            .arg(&text)
            .args(BEYOND_MVP)
            .args(named)
            .args(["--llvm-memory-copy-fill-lowering", "--signext-lowering", "-o"])
            .arg(&lowered),
    )?;
    run_quietly(
        setup::npm_tool("wasm-opt")
            .arg(&lowered)
            .args(["-Oz", "--converge", LOW_MEMORY_UNUSED, "--mvp-features"])
            .args(named)
            .args(stripped)
            .args(["--strip-producers", "--strip-target-features", "-o"])
            .arg(to),
    )?;
    let names = read(
        setup::npm_tool("wasm-opt")
            .arg(to)
            .args(named)
            .args(["--mvp-features", "--minify-imports-and-exports-and-modules", "-o"])
            .arg(to),
    )?;
    serde_json::from_str(&names).context("wasm-opt does not say what it renamed")
}
