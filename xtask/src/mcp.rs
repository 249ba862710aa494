//! The package behind the SDKs of the Model Context Protocol, at a real server of theirs, and their conformance suite.

use std::process::Command;

use anyhow::Result;

use crate::process::{root, run, watch};
use crate::report::Count;
use crate::{build, package, setup};

/// Compiles what the SDKs ask of a provider, and runs the tests in Node: the suite needs a newer one than the tools.
pub(crate) fn count(count: &mut Count) -> Result<bool> {
    build::build(false)?;
    install()?;
    setup::npm_tools()?;
    run(setup::npm_tool("tsc").args(["--project", "tests/mcp"]))?;
    count.passed = count.passed.saturating_add(1);
    let mut node = Command::new(setup::server_node()?);
    node.current_dir(root())
        .args(["--test", "--test-reporter=spec", "--test-concurrency=2"])
        .args(package::tests("tests/mcp")?)
        .env("PKCE_WASM_INSTALLED", package::install()?);
    watch(&mut node, |line| count.read(line))
}

/// Installs the suite and the SDKs from npm.
pub(crate) fn install() -> Result<()> {
    setup::npm_packages(&root().join("tests/mcp"))
}
