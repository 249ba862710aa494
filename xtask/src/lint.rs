//! Formatting, lints, types and layers.

use std::fs;

use anyhow::{Result, bail, ensure};
use serde_json::json;

use crate::process::{cargo, root, run, say};
use crate::report::{Count, Job, Report};
use crate::{codes, docs, reference, setup};

/// A check and what it looks at.
type Check = (&'static str, fn(fix: bool) -> Result<()>);

const CHECKS: [Check; 8] = [
    ("Rust formatting", format_rust),
    ("JavaScript formatting and lints", javascript),
    ("TypeScript types", types),
    ("Rust lints", clippy),
    ("the error reference", reference::check),
    ("documentation", |_| docs::check()),
    ("layers", layers),
    ("documents", documents),
];

/// The target of what ships, and that of the browser tests.
const SHIPPED: &str = "wasm32v1-none";
const TESTED: &str = "wasm32-unknown-unknown";

/// Runs every check, or formats in place.
pub(crate) fn lint(fix: bool) -> Result<()> {
    if fix {
        format_rust(true)?;
        reference::check(true)?;
        return javascript(true);
    }
    Report::run(vec![Job::new("lint", "", count)], 1).finish()
}

/// Runs and counts every check.
pub(crate) fn count(count: &mut Count) -> Result<bool> {
    for (name, check) in CHECKS {
        say(format_args!("checking {name}"));
        match check(false) {
            Ok(()) => count.passed = count.passed.saturating_add(1),
            Err(error) => {
                say(format_args!("{name}: {error:#}"));
                count.failed = count.failed.saturating_add(1);
            }
        }
    }
    Ok(count.failed == 0)
}

fn format_rust(fix: bool) -> Result<()> {
    let check: &[_] = if fix { &[] } else { &["--check"] };
    run(cargo().args(["fmt", "--all", "--"]).args(check))
}

fn javascript(fix: bool) -> Result<()> {
    setup::npm_tools()?;
    let write: &[_] = if fix { &["--write"] } else { &[] };
    run(setup::npm_tool("biome").args(["check", "--error-on-warnings"]).args(write))
}

fn types(_: bool) -> Result<()> {
    setup::npm_tools()?;
    codes::write(&root().join("pkg/dist"))?;
    run(setup::npm_tool("tsc").args(["--project", "tests/types"]))?;
    blocks()
}

/// The TypeScript in the documents, as it stands there. What a block leaves out, such as the client, is declared in `tests/types/given.d.ts`.
fn blocks() -> Result<()> {
    let folder = root().join("target/types");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let guides = fs::read_dir(root().join("pkg/guides"))?.flatten().map(|entry| entry.path());
    let mut count = 0_u32;
    for document in guides.chain([root().join("README.md")]) {
        let name = document.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let text = fs::read_to_string(&document)?;
        for (at, after) in text.split("```ts\n").skip(1).enumerate() {
            let (code, _) = after.split_once("```").unwrap_or((after, ""));
            fs::write(folder.join(format!("{name}_{at}.ts")), format!("{code}export {{}};\n"))?;
            count = count.saturating_add(1);
        }
    }
    ensure!(count > 10, "{count} blocks are no harvest");
    let types = root().join("tests/types");
    let project = json!({
        "extends": types.join("tsconfig.json"),
        "files": [types.join("given.d.ts")],
        "include": [folder.join("*.ts")],
    });
    let file = folder.join("tsconfig.json");
    fs::write(&file, project.to_string())?;
    run(setup::npm_tool("tsc").arg("--project").arg(&file))
}

fn clippy(_: bool) -> Result<()> {
    setup::rust_targets(&[SHIPPED, TESTED])?;
    let crate_only = ["--package", "pkce-wasm"];
    let lints: [&[&str]; 5] = [
        &["--workspace", "--all-targets"],
        &["--lib", "--no-default-features"],
        &["--lib", "--no-default-features", "--target", SHIPPED],
        &["--lib", "--no-default-features", "--features", "client", "--target", SHIPPED],
        &["--tests", "--target", TESTED],
    ];
    let mut failed = 0_u32;
    for arguments in lints {
        let which: &[_] = if arguments.contains(&"--workspace") { &[] } else { &crate_only };
        let done = run(cargo().args(["clippy", "--quiet"]).args(which).args(arguments).args(["--", "-D", "warnings"]));
        failed = failed.saturating_add(u32::from(done.is_err()));
    }
    if failed > 0 {
        bail!("{failed} of {} runs of clippy failed", lints.len());
    }
    Ok(())
}

fn layers(_: bool) -> Result<()> {
    run(cargo().args(["test", "--quiet", "--package", "pkce-wasm", "--test", "layers"]))
}

fn documents(_: bool) -> Result<()> {
    run(cargo().args(["test", "--quiet", "--package", "pkce-wasm", "--test", "documents"]))
}
