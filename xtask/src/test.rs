//! Everything that is tested, in layers; a layer that fails does not hide the later ones.

use std::process::Command;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Result, ensure};
use launch::NODE;

use crate::browsers::Engine;
use crate::display::Display;
use crate::process::{End, Stream, cargo, path_with, root, run, say, soaking, watch, watch_within};
use crate::report::{Count, Job, Report};
use crate::webdriver::{Stage, write_capabilities};
use crate::{
    before, browsers, build, demo, frontend, lint, mcp, owner, package, reach, release, setup, size, wasm_pack,
    webview, world,
};

/// Seconds that the binding tests of one engine may take.
const WEB_TIMEOUT: &str = "600";

/// How long they may say nothing, and how often they are started: a page that does not load says nothing.
const WEB_SILENCE: Duration = Duration::from_secs(120);
const WEB_ATTEMPTS: u32 = 3;

/// The targets of what ships and of what is tested.
const TARGETS: [&str; 2] = ["wasm32v1-none", "wasm32-unknown-unknown"];

/// The folders whose npm packages the end-to-end tests use.
const FOLDERS: [&str; 5] = ["www/examples", "tests/e2e/axe", "tests/e2e/react", "tests/mcp", "tests/package"];

/// The members of the workspace that are layers of their own.
const ELSEWHERE: [&str; 6] = ["--exclude", "e2e", "--exclude", "reach", "--exclude", "webview"];

/// How many layers run side by side. A browser test waits for much of its time.
const LANES: usize = 2;

/// The engines by the time that their tests take, the longest first.
const BY_LENGTH: [Engine; 3] = [Engine::Firefox, Engine::Webkit, Engine::Chromium];

/// A layer of tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layer {
    /// Formatting, lints, types and layers.
    Lint,
    /// The protocol, natively.
    Native,
    /// The archive, installed in Node as a user would, and the rehearsal of its release.
    Package,
    /// The archive in Node, at authorization servers of others.
    World,
    /// The archive in Node, behind the SDKs of the Model Context Protocol, and their conformance suite.
    Mcp,
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
    const ALL: [Self; 10] = [
        Self::Lint,
        Self::Native,
        Self::Package,
        Self::World,
        Self::Mcp,
        Self::Size,
        Self::Reach,
        Self::Web,
        Self::EndToEnd,
        Self::WebView,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Lint => "lint",
            Self::Native => "native",
            Self::Package => "package",
            Self::World => "world",
            Self::Mcp => "mcp",
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
        let [but_last @ .., last] = Self::ALL.map(Self::name);
        layer.ok_or_else(|| format!("there is no layer {name}: {} or {last}", but_last.join(", ")))
    }
}

/// What is to be tested; empty means all.
#[derive(Debug, Default)]
pub(crate) struct Options {
    pub(crate) layers: Vec<Layer>,
    pub(crate) engines: Vec<Engine>,
    /// What a contributor runs at each change.
    pub(crate) quick: bool,
    /// What takes long, in full.
    pub(crate) soak: bool,
}

/// Runs the layers and prints the summary.
pub(crate) fn test(options: &Options) -> Result<()> {
    let Options { layers, engines, quick, soak } = options;
    if *quick {
        ensure!(layers.is_empty() && !soak, "quick stands alone: its layers are chosen");
        return run_quick(engines.first().copied().unwrap_or(Engine::Chromium));
    }
    let wanted = |layer| layers.is_empty() || layers.contains(&layer);
    let engines = if engines.is_empty() { Engine::ALL.to_vec() } else { engines.clone() };
    prepare(&wanted, &engines);

    // Those that take longest come first: at the end nobody waits for them alone.
    let mut jobs = Vec::new();
    if wanted(Layer::EndToEnd) {
        for engine in BY_LENGTH.into_iter().filter(|engine| engines.contains(engine)) {
            let run = move |count: &mut Count| end_to_end(engine, &[], *soak, count);
            jobs.push(Job::new(Layer::EndToEnd.name(), engine.name(), run));
        }
    }
    if wanted(Layer::Reach) {
        let engines = engines.clone();
        jobs.push(Job::new(Layer::Reach.name(), "", move |count| reach::count(&engines, *soak, count)));
    }
    if wanted(Layer::WebView) {
        jobs.push(Job::new(Layer::WebView.name(), "", in_webview));
    }
    if wanted(Layer::Lint) {
        jobs.push(Job::new(Layer::Lint.name(), "", lint::count));
    }
    if wanted(Layer::Native) {
        jobs.push(Job::new(Layer::Native.name(), "", native));
    }
    if wanted(Layer::Web) {
        for &engine in &engines {
            jobs.push(Job::new(Layer::Web.name(), engine.name(), move |count| web(engine, count)));
        }
    }
    if wanted(Layer::Package) {
        jobs.push(Job::new(Layer::Package.name(), "", move |count| packaged(*soak, count)));
    }
    if wanted(Layer::World) {
        jobs.push(Job::new(Layer::World.name(), "", move |count| world::count(*soak, count)));
    }
    if wanted(Layer::Mcp) {
        jobs.push(Job::new(Layer::Mcp.name(), "", mcp::count));
    }
    if wanted(Layer::Size) {
        jobs.push(Job::new(Layer::Size.name(), "", size::count));
    }
    let mut report = Report::run(jobs, LANES);
    report.sort_by_key(|row| Layer::ALL.iter().position(|layer| layer.name() == row));
    report.finish()
}

/// In four minutes: formatting and lints, the protocol, the package in Node, and the way that every user takes in one engine.
fn run_quick(engine: Engine) -> Result<()> {
    let jobs = vec![
        Job::new(Layer::Lint.name(), "", lint::count),
        Job::new(Layer::Native.name(), "", native),
        Job::new(Layer::Package.name(), "", |count| in_node(false, count)),
        Job::new(Layer::EndToEnd.name(), engine.name(), move |count| {
            end_to_end(engine, &["--test", "main_path"], false, count)
        }),
    ];
    Report::run(jobs, 1).finish()
}

/// Installs and builds what layers need, before they run side by side and would do it at the same time. What fails here fails again in its
/// layer, which tells it.
fn prepare(wanted: &impl Fn(Layer) -> bool, engines: &[Engine]) {
    let any = |layers: &[Layer]| layers.iter().any(|layer| wanted(*layer));
    let in_browsers = any(&[Layer::Reach, Layer::Web, Layer::EndToEnd]);
    let steps: [(bool, &dyn Fn() -> Result<()>); 15] = [
        (true, &setup::npm_tools),
        (true, &|| setup::server_node().map(drop)),
        (true, &|| setup::rust_targets(&TARGETS)),
        (in_browsers, &|| browsers::install(engines)),
        (in_browsers && engines.contains(&Engine::Firefox), &|| setup::geckodriver().map(drop)),
        (wanted(Layer::Web), &|| setup::wasm_bindgen().and(setup::wasm_pack()).map(drop)),
        (any(&[Layer::Package, Layer::World, Layer::Mcp, Layer::Size, Layer::Reach, Layer::EndToEnd]), &|| {
            build::build(false)
        }),
        (any(&[Layer::Package, Layer::EndToEnd]), &|| install_for_pages()),
        (any(&[Layer::Package, Layer::Size, Layer::EndToEnd]), &|| before::install().map(drop)),
        (wanted(Layer::World), &world::install),
        (any(&[Layer::Native, Layer::Mcp]), &mcp::install),
        (wanted(Layer::EndToEnd), &|| wasm_pack::build().map(drop)),
        (wanted(Layer::EndToEnd), &|| frontend::build().map(drop)),
        (wanted(Layer::EndToEnd), &|| demo::write_files(None).map(drop)),
        (wanted(Layer::WebView), &|| webview::install_for_tests().and_then(|()| webview::build().map(drop))),
    ];
    for (_, step) in steps.into_iter().filter(|(needed, _)| *needed) {
        if let Err(error) = step() {
            say(format_args!("{error:#}"));
        }
    }
}

/// Installs what the pages of the end-to-end tests are made of.
fn install_for_pages() -> Result<()> {
    another_clock();
    FOLDERS.into_iter().try_for_each(|folder| setup::npm_packages(&root().join(folder)))
}

fn native(count: &mut Count) -> Result<bool> {
    let mut command = cargo();
    command.args(["test", "--workspace", "--no-fail-fast"]).args(ELSEWHERE);
    // The native application signs in at the demo's server, and at an MCP server.
    mcp::install()?;
    watch(command.env(NODE, setup::server_node()?), |line| count.read(line))
}

/// The archive's own tests in Node, and the rehearsal of its release.
fn packaged(soak: bool, count: &mut Count) -> Result<bool> {
    Ok(in_node(soak, count)? & release::count(count)?)
}

/// The archive's own tests in Node, on both engines of the package.
fn in_node(soak: bool, count: &mut Count) -> Result<bool> {
    build::build(false)?;
    let (installed, before) = (package::install()?, before::install()?);
    setup::npm_packages(&root().join("tests/package"))?;
    let mut good = true;
    for engine in ["wasm", "js"] {
        let mut node = Command::new("node");
        node.current_dir(root())
            .args(["--test", "--test-reporter=spec", "--test-concurrency=4"])
            .args(package::tests("tests/package")?);
        node.env("PKCE_WASM_INSTALLED", &installed).env("PKCE_WASM_ENGINE", engine);
        soaking(&mut node, soak);
        // Two tabs of one origin may have two versions.
        node.envs(before.iter().map(|folder| ("PKCE_WASM_BEFORE", folder)));
        good &= watch(&mut node, |line| count.read(line))?;
    }
    Ok(good)
}

fn web(engine: Engine, count: &mut Count) -> Result<bool> {
    browsers::install(&[engine])?;
    let stage = Stage::set(engine)?;
    setup::rust_targets(&["wasm32-unknown-unknown"])?;
    // With the right wasm-bindgen on its PATH wasm-pack downloads nothing.
    let (bindgen, wasm_pack) = (setup::wasm_bindgen()?, setup::wasm_pack()?);
    // Where no other layer makes cargo wait.
    let target = root().join("target/web");
    let mut command = Command::new(wasm_pack.join("wasm-pack"));
    command
        .current_dir(root())
        .args(["test", "--headless"])
        .args(stage.wasm_pack_arguments())
        .arg(&stage.programs.driver)
        .env("PATH", path_with([&bindgen, &wasm_pack])?)
        .env("CARGO_TARGET_DIR", &target)
        .env("WASM_BINDGEN_TEST_TIMEOUT", WEB_TIMEOUT)
        .env("WASM_BINDGEN_TEST_DRIVER_TIMEOUT", "60")
        .env("WASM_BINDGEN_TEST_WEBDRIVER_JSON", write_capabilities(&stage)?);
    stage.dress(&mut command);
    // Compiling may be silent for longer.
    let mut compile = cargo();
    compile.args(["test", "--quiet", "--no-run", "--target", "wasm32-unknown-unknown", "--package", "pkce-wasm"]);
    run(compile.env("CARGO_TARGET_DIR", &target))?;
    for _ in 0..WEB_ATTEMPTS {
        *count = Count::default();
        let driver = stage.driver()?;
        command.envs(driver.iter().map(|driver| ("SAFARIDRIVER_REMOTE", format!("http://{}", driver.address))));
        let end = watch_within(&mut command, WEB_SILENCE, |stream, line| {
            count.keep_last(line);
            if stream == Stream::Output {
                count.read(line);
            }
        })?;
        match end {
            End::Succeeded => return Ok(true),
            // Tests that began and did not end tell of this package, not of the driver.
            End::Failed | End::Silenced if count.is_under_way() || count.failed > 0 => return Ok(false),
            End::Failed | End::Silenced => {
                say("the page of the tests did not load: once more");
            }
        }
    }
    Ok(false)
}

/// The tests in a browser: all of them, or those that cargo is told to run.
fn end_to_end(engine: Engine, which: &[&str], soak: bool, count: &mut Count) -> Result<bool> {
    browsers::install(&[engine])?;
    let stage = Stage::set(engine)?;
    build::build(false)?;
    setup::npm_tools()?;
    install_for_pages()?;
    let mut command = cargo();
    command
        .args(["test", "--package", "e2e", "--no-fail-fast"])
        .args(which)
        .env("PKCE_E2E_ENGINE", stage.engine.name())
        .env("PKCE_E2E_DRIVER", &stage.programs.driver)
        .env("PKCE_E2E_BROWSER", &stage.programs.browser)
        .env("PKCE_E2E_PACKAGE", package::package_folder())
        .envs(before::install()?.map(|folder| ("PKCE_E2E_BEFORE", folder.join("node_modules/pkce-wasm"))))
        .env(NODE, setup::server_node()?);
    if which.is_empty() {
        command.env("PKCE_E2E_WASM_PACK", wasm_pack::build()?).env("PKCE_E2E_FRONTEND", frontend::build()?);
        command.env("PKCE_E2E_DEMO_FILES", demo::write_files(None)?);
    }
    soaking(&mut command, soak);
    watch(stage.dress(&mut command), |line| count.read(line))
}

/// The tests of the plugin and of the applications, then those of the whole way from them to the system's browser and back.
fn in_webview(count: &mut Count) -> Result<bool> {
    webview::install_for_tests()?;
    let program = webview::build()?;
    let node = setup::server_node()?;
    let chromium = Engine::Chromium.programs()?;
    let mut lints = cargo();
    lints.args([
        "clippy",
        "--quiet",
        "--workspace",
        "--all-targets",
        "--locked",
        "--manifest-path",
        owner::PLUGIN_MANIFEST,
    ]);
    run(lints.arg("--target-dir").arg(webview::target()).args(["--", "-D", "warnings"]))?;
    let mut own = cargo();
    own.args(["test", "--workspace", "--locked", "--manifest-path", owner::PLUGIN_MANIFEST, "--target-dir"]);
    let mut good = watch(own.arg(webview::target()), |line| count.read(line))?;
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
        .env("PKCE_E2E_MCP_APPLICATION", webview::program(webview::MCP_EXAMPLE))
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
