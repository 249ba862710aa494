//! Everything that is tested, in layers; a layer that fails does not hide the later ones.

use std::process::Command;
use std::str::FromStr;

use anyhow::Result;
use launch::NODE;

use crate::browsers::Engine;
use crate::display::Display;
use crate::process::{cargo, path_with, root, say, watch};
use crate::report::{Count, Report};
use crate::webdriver::{Capabilities, Stage};
use crate::{browsers, build, lint, package, reach, release, setup, size, webview};

/// Seconds that the binding tests of one engine may take.
const WEB_TIMEOUT: &str = "120";

/// How often they are started. The server of the test runner has a few threads and may leave one of many scripts that are asked for at
/// once waiting for ever: then the page never loads, and nothing was tested.
const WEB_ATTEMPTS: u32 = 4;

/// The members of the workspace that are layers of their own.
const ELSEWHERE: [&str; 6] = ["--exclude", "e2e", "--exclude", "reach", "--exclude", "webview"];

/// A layer of tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layer {
    /// Formatting, lints, types and layers.
    Lint,
    /// The protocol, natively.
    Native,
    /// The archive, installed in Node as a user would, and the rehearsal of its release.
    Package,
    /// What a user ships, against the budget.
    Size,
    /// The archive in bundlers, test runners, runtimes, pages and workers.
    Reach,
    /// The binding, in browser engines.
    Web,
    /// The package in the demo page, in browser engines.
    EndToEnd,
    /// The demo as an application, in its WebView.
    WebView,
}

impl Layer {
    const ALL: [Self; 8] =
        [Self::Lint, Self::Native, Self::Package, Self::Size, Self::Reach, Self::Web, Self::EndToEnd, Self::WebView];

    const fn name(self) -> &'static str {
        match self {
            Self::Lint => "lint",
            Self::Native => "native",
            Self::Package => "package",
            Self::Size => "size",
            Self::Reach => "reach",
            Self::Web => "web",
            Self::EndToEnd => "e2e",
            Self::WebView => "webview",
        }
    }
}

impl FromStr for Layer {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let layer = Self::ALL.into_iter().find(|layer| layer.name() == name);
        layer
            .ok_or_else(|| format!("there is no layer {name}: lint, native, package, size, reach, web, e2e or webview"))
    }
}

/// What is to be tested; empty means all.
#[derive(Debug, Default)]
pub(crate) struct Options {
    pub(crate) layers: Vec<Layer>,
    pub(crate) engines: Vec<Engine>,
}

/// Runs the layers and prints the summary.
pub(crate) fn test(options: &Options) -> Result<()> {
    let wanted = |layer| options.layers.is_empty() || options.layers.contains(&layer);
    let engines = if options.engines.is_empty() { Engine::ALL.to_vec() } else { options.engines.clone() };
    let mut report = Report::default();

    if wanted(Layer::Lint) {
        report.layer("lint", "", lint::count);
    }
    if wanted(Layer::Native) {
        report.layer("native", "", native);
    }
    if wanted(Layer::Package) {
        report.layer("package", "", packaged);
    }
    if wanted(Layer::Size) {
        report.layer("size", "", size::count);
    }
    if wanted(Layer::Reach) {
        report.layer("reach", "", |count| reach::count(&engines, count));
    }
    let mut in_engines = |name, layer: &dyn Fn(&Stage, &mut Count) -> Result<bool>| {
        for engine in &engines {
            report.layer(name, engine.name(), |count| {
                browsers::install(&[*engine])?;
                layer(&Stage::set(*engine)?, count)
            });
        }
    };
    if wanted(Layer::Web) {
        in_engines("web", &web);
    }
    if wanted(Layer::EndToEnd) {
        in_engines("e2e", &end_to_end);
    }
    if wanted(Layer::WebView) {
        report.layer("webview", "", in_webview);
    }
    report.finish()
}

fn native(count: &mut Count) -> Result<bool> {
    let mut command = cargo();
    command.args(["test", "--workspace", "--no-fail-fast"]).args(ELSEWHERE);
    // The native application signs in at the demo's server.
    watch(command.env(NODE, setup::server_node()?), |line| count.read(line))
}

/// The archive's own tests in Node, on both engines of the package.
fn packaged(count: &mut Count) -> Result<bool> {
    build::build(false)?;
    let installed = package::install()?;
    setup::npm_packages(&root().join("tests/package"))?;
    let mut good = true;
    for engine in ["wasm", "js"] {
        let mut node = Command::new("node");
        node.current_dir(root()).args(["--test", "--test-reporter=spec"]).args(package::tests()?);
        node.env("PKCE_WASM_INSTALLED", &installed).env("PKCE_WASM_ENGINE", engine);
        good &= watch(&mut node, |line| count.read(line))?;
    }
    Ok(release::count(count)? && good)
}

fn web(stage: &Stage, count: &mut Count) -> Result<bool> {
    setup::rust_targets(&["wasm32-unknown-unknown"])?;
    // With the right wasm-bindgen on its PATH wasm-pack downloads nothing.
    let (bindgen, wasm_pack) = (setup::wasm_bindgen()?, setup::wasm_pack()?);
    let _capabilities = Capabilities::write(stage)?;
    let mut command = Command::new(wasm_pack.join("wasm-pack"));
    command
        .current_dir(root())
        .args(["test", "--headless"])
        .args(stage.wasm_pack_arguments())
        .arg(&stage.programs.driver)
        .env("PATH", path_with([&bindgen, &wasm_pack])?)
        .env("WASM_BINDGEN_TEST_TIMEOUT", WEB_TIMEOUT);
    stage.dress(&mut command);
    for _ in 1..WEB_ATTEMPTS {
        if let Some(good) = to_the_end(&mut command, count)? {
            return Ok(good);
        }
        say("no test failed, and yet they did not run to their end: once more");
    }
    Ok(to_the_end(&mut command, count)?.unwrap_or(false))
}

/// Whether all tests passed; nothing when none failed, and they did not run to their end either.
fn to_the_end(command: &mut Command, count: &mut Count) -> Result<Option<bool>> {
    *count = Count::default();
    let good = watch(command, |line| count.read(line))?;
    Ok((good || count.failed > 0).then_some(good))
}

fn end_to_end(stage: &Stage, count: &mut Count) -> Result<bool> {
    build::build(false)?;
    setup::npm_tools()?;
    for folder in ["www/examples", "tests/e2e/react", "tests/package"] {
        setup::npm_packages(&root().join(folder))?;
    }
    another_clock();
    let mut command = cargo();
    command
        .args(["test", "--package", "e2e", "--no-fail-fast"])
        .env("PKCE_E2E_ENGINE", stage.engine.name())
        .env("PKCE_E2E_DRIVER", &stage.programs.driver)
        .env("PKCE_E2E_BROWSER", &stage.programs.browser)
        .env("PKCE_E2E_PACKAGE", package::package_folder())
        .env(NODE, setup::server_node()?);
    watch(stage.dress(&mut command), |line| count.read(line))
}

/// The application's own tests, then those of the whole way from it to the system's browser and back.
fn in_webview(count: &mut Count) -> Result<bool> {
    webview::install_for_tests()?;
    let program = webview::build()?;
    let node = setup::server_node()?;
    let chromium = Engine::Chromium.programs()?;
    let mut own = cargo();
    own.args(["test", "--locked", "--manifest-path", "www/webview/Cargo.toml", "--target-dir"]);
    let mut good = watch(own.arg(root().join("target/webview")), |line| count.read(line))?;
    let display = Display::start()?;
    let mut command = cargo();
    command
        .args(["test", "--package", "webview", "--no-fail-fast", "--", "--test-threads=1"])
        .env("DISPLAY", display.name())
        .env("GDK_BACKEND", "x11")
        .env("WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS", "1")
        .env("WEBKIT_DISABLE_DMABUF_RENDERER", "1")
        .env("PKCE_E2E_DRIVER", &chromium.driver)
        .env("PKCE_E2E_BROWSER", &chromium.browser)
        .env("PKCE_E2E_APPLICATION", &program)
        .env(NODE, node)
        .env("PKCE_E2E_PACKAGE", package::package_folder());
    good &= watch(&mut command, |line| count.read(line))?;
    Ok(good)
}

/// Installs the library that gives a browser another clock. Where it cannot be had, the test that wants it says so.
fn another_clock() {
    let folders = std::fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    let found = folders.map(|folder| folder.path().join("faketime")).any(|folder| folder.is_dir());
    if let Some(error) = (!found).then(|| setup::system_packages(&["libfaketime"]).err()).flatten() {
        say(format_args!("browsers will run by the right clock only: {error:#}"));
    }
}
