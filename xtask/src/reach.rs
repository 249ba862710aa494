//! The reach table: where the packed tarball runs, tried with real engines and real tools.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use crate::browsers::Engine;
use crate::process::{cargo, root, run_quietly, say, show_line};
use crate::report::Count;
use crate::webdriver::Stage;
use crate::{browsers, build, package, setup};

/// What is wanted.
#[derive(Debug, Default)]
pub(crate) struct Options {
    /// The slow rows and the other two engines too.
    pub(crate) full: bool,
    /// Print JSON.
    pub(crate) json: bool,
}

/// Tries everything, prints the table, and fails when a row does.
pub(crate) fn reach(options: &Options) -> Result<()> {
    let engines: &[Engine] = if options.full { &Engine::ALL } else { &[Engine::Chromium] };
    let rows = rows(engines, options.full, !options.json)?;
    if options.json {
        println!("{}", serde_json::to_string_pretty(&rows)?);
    }
    let failed = rows.iter().filter(|row| text(row, "status") == "failed").count();
    let skipped = rows.iter().filter(|row| text(row, "status") == "skipped").count();
    say(format_args!("{} rows, {failed} failed, {skipped} skipped", rows.len()));
    if failed > 0 {
        bail!("the package does not reach everywhere");
    }
    Ok(())
}

/// For the test run: the rows in these engines, with the slow ones where that is wanted, printed and counted.
pub(crate) fn count(engines: &[Engine], full: bool, count: &mut Count) -> Result<bool> {
    for row in rows(engines, full, true)? {
        match text(&row, "status") {
            "ok" => count.passed = count.passed.saturating_add(1),
            "failed" => count.failed = count.failed.saturating_add(1),
            _ => {}
        }
    }
    Ok(count.failed == 0)
}

/// Every row; printed as it comes when that is wanted.
fn rows(engines: &[Engine], full: bool, print: bool) -> Result<Vec<Value>> {
    build::build(false)?;
    setup::npm_tools()?;
    let folder = tools()?;
    setup::npm_packages(&root().join("www/examples"))?;
    if full && cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        for folder in ["www/server", "tests/old-chromium"] {
            setup::npm_packages(&root().join(folder))?;
        }
    }
    let mut rows = Vec::new();
    let mut keep = |row: Value| {
        if print {
            show(&row);
        }
        rows.push(row);
    };
    if print {
        show_line(&format!("{:<52}  {:<8}  {:>7}  with; remark", "row", "status", "seconds"));
    }
    for row in checks()? {
        keep(row);
    }
    for engine in engines {
        if let Err(error) = in_engine(*engine, &folder, full, &mut keep) {
            keep(row(&format!("pages in {}", engine.name()), "", "failed", &format!("{error:#}"), 0.0));
        }
    }
    Ok(rows)
}

/// The folder in which the tools and, beside them, the tarball are installed.
fn tools() -> Result<PathBuf> {
    let folder = root().join("target/reach");
    fs::create_dir_all(&folder)?;
    for name in ["package.json", "package-lock.json"] {
        fs::copy(root().join("tests/packaging").join(name), folder.join(name))?;
    }
    setup::npm_packages(&folder)?;
    package::add(&folder, &package::archive()?)?;
    Ok(folder)
}

/// One of the tools.
pub(crate) fn tool(name: &str) -> Result<Command> {
    Ok(setup::script_of(&tools()?, name))
}

/// Runs the rows that a browser engine has part in.
fn in_engine(engine: Engine, folder: &Path, full: bool, keep: &mut impl FnMut(Value)) -> Result<()> {
    browsers::install(&[engine])?;
    let stage = Stage::set(engine)?;
    let mut command = cargo();
    command
        .args(["run", "--quiet", "--package", "reach"])
        .env("PKCE_REACH_FOLDER", folder)
        .env("PKCE_E2E_ENGINE", engine.name())
        .env("PKCE_E2E_DRIVER", &stage.programs.driver)
        .env("PKCE_E2E_BROWSER", &stage.programs.browser)
        .env_remove("PKCE_REACH_FULL")
        .stdout(Stdio::piped());
    if full {
        command.env("PKCE_REACH_FULL", "1");
    }
    let mut child = stage.dress(&mut command).spawn().context("cannot start cargo")?;
    let stdout = child.stdout.take().context("cargo has no standard output")?;
    for line in std::io::BufRead::lines(std::io::BufReader::new(stdout)) {
        keep(serde_json::from_str(&line?).context("a row is not JSON")?);
    }
    let status = child.wait()?;
    ensure!(status.success(), "the rows of {} ended early ({status})", engine.name());
    Ok(())
}

/// What looks at the archive alone.
pub(crate) fn checks() -> Result<Vec<Value>> {
    let archive = package::archive()?;
    let mut publint = setup::npm_tool("publint");
    publint.arg("--strict").arg(&archive);
    let mut attw = setup::npm_tool("attw");
    attw.arg(&archive).args(["--profile", "esm-only", "--exclude-entrypoints"]).args(package::assets()?);
    let mut rows = Vec::new();
    for (name, package, command) in [("publint", "publint", &mut publint), ("attw", "@arethetypeswrong/cli", &mut attw)]
    {
        let started = Instant::now();
        let (status, remark) = match run_quietly(command) {
            Ok(()) => ("ok", String::new()),
            Err(error) => ("failed", format!("{error:#}")),
        };
        rows.push(row(
            &format!("package, {name}"),
            &version(package)?,
            status,
            &remark,
            started.elapsed().as_secs_f64(),
        ));
    }
    Ok(rows)
}

/// A tool of `xtask/package.json` and its version.
fn version(package: &str) -> Result<String> {
    Ok(format!("{package} {}", package::version_in(&root().join("xtask/node_modules").join(package))?))
}

fn row(name: &str, with: &str, status: &str, remark: &str, seconds: f64) -> Value {
    let seconds = (seconds * 10.0).round() / 10.0;
    json!({ "name": name, "with": with, "status": status, "remark": remark, "seconds": seconds })
}

fn show(row: &Value) {
    let seconds = row.get("seconds").and_then(Value::as_f64).unwrap_or_default();
    let about = [text(row, "with"), text(row, "remark")].into_iter().filter(|part| !part.is_empty());
    let about = about.collect::<Vec<_>>().join("; ");
    let (name, status) = (text(row, "name"), text(row, "status"));
    show_line(format!("{name:<52}  {status:<8}  {seconds:>7.1}  {about}").trim_end());
}

fn text<'a>(row: &'a Value, member: &str) -> &'a str {
    row.get(member).and_then(Value::as_str).unwrap_or_default()
}
