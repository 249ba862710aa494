//! Formatting, lints, types and layers.

use anyhow::{Result, bail};

use crate::process::{cargo, root, run, say};
use crate::report::{Count, Job, Report};
use crate::{blocks, codes, docs, owner, reference, setup};

/// A check and what it looks at.
type Check = (&'static str, fn(fix: bool) -> Result<()>);

const CHECKS: [Check; 9] = [
    ("Rust formatting", format_rust),
    ("JavaScript formatting and lints", javascript),
    ("TypeScript types", types),
    ("Rust lints", clippy),
    ("the error reference", reference::check),
    ("the owner in every package", owner::check),
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
        owner::check(true)?;
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
    // That of the plugin is a workspace of its own.
    run(cargo().args(["fmt", "--all", "--"]).args(check))?;
    run(cargo().args(["fmt", "--all", "--manifest-path", owner::PLUGIN_MANIFEST, "--"]).args(check))
}

fn javascript(fix: bool) -> Result<()> {
    setup::npm_tools()?;
    let write: &[_] = if fix { &["--write"] } else { &[] };
    run(setup::npm_tool("biome").args(["check", "--error-on-warnings"]).args(write))
}

fn types(_: bool) -> Result<()> {
    setup::npm_tools()?;
    // The frameworks of the bindings.
    setup::npm_packages(&root().join("www/examples"))?;
    codes::write(&root().join("pkg/dist"))?;
    run(setup::npm_tool("tsc").args(["--project", "tests/types"]))?;
    run(setup::npm_tool("tsc").args(["--project", "tests/types/router.tsconfig.json"]))?;
    blocks::check()
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
