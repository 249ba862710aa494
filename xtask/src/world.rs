//! The package at authorization servers of others, and at the answers that providers document.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process::{find, root, run, run_quietly, say, soaking, watch};
use crate::report::Count;
use crate::{build, package, setup};

fn folder() -> PathBuf {
    root().join("tests/world")
}

/// Runs its tests in Node; servers in Python among them where there is one.
pub(crate) fn count(soak: bool, count: &mut Count) -> Result<bool> {
    build::build(false)?;
    install()?;
    let python = match python() {
        Err(error) if env::var_os("CI").is_some() => bail!("django-oauth-toolkit: {error:#}"),
        Err(error) => {
            say(format_args!("without django-oauth-toolkit: {error:#}"));
            None
        }
        Ok(python) => Some(python),
    };
    let mut node = Command::new(setup::server_node()?);
    node.current_dir(root())
        .args(["--test", "--test-reporter=spec", "--test-concurrency=2"])
        .args(package::tests("tests/world")?)
        .env("PKCE_WASM_INSTALLED", package::install()?)
        .env_remove("PKCE_WORLD_PYTHON")
        .envs(python.map(|python| ("PKCE_WORLD_PYTHON", python)));
    soaking(&mut node, soak);
    watch(&mut node, |line| count.read(line))
}

/// Installs the servers from npm.
pub(crate) fn install() -> Result<()> {
    setup::npm_packages(&folder())
}

/// The Python of a virtual environment that has the servers from PyPI.
fn python() -> Result<PathBuf> {
    let list = folder().join("servers/requirements.txt");
    let wanted = fs::read(&list).context("cannot read the requirements")?;
    let home = root().join("target/world-python");
    let program = home.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    let stamp = home.join("requirements");
    if fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(program);
    }
    let python = find("python3").context("install Python 3.10 or newer, from https://www.python.org")?;
    say("installing the Python packages of tests/world");
    let make = || run_quietly(Command::new(&python).args(["-m", "venv", "--clear"]).arg(&home));
    if make().is_err() {
        setup::system_packages(&["python3-venv"])?;
        make()?;
    }
    let mut pip = Command::new(&program);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary=:all:", "-r"]);
    run(pip.arg(&list).stdout(std::io::stderr()))?;
    fs::write(stamp, wanted)?;
    Ok(program)
}
