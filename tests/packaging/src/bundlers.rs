//! Bundlers without a configuration: each builds the application of the README, which then signs in and loads the rest of
//! the package, as WebAssembly and, under a policy that forbids it, as JavaScript.

use std::fs;
use std::path::Path;
use std::rc::Rc;

use e2e::{Browser, Site};

use crate::fixtures::Fixtures;
use crate::login::{sign_in_as_written, use_all_on};
use crate::process::{Service, run, tool};
use crate::row::{Miss, Outcome, Table};

/// What forbids WebAssembly, and allows the chunk with the twin.
const POLICY: &str = "script-src 'self'";

/// The same for a bundler that writes an inline script of its own, an import map.
const INLINE_POLICY: &str = "script-src 'self' 'unsafe-inline'";

/// A bundler: its name, which is that of its fixture and its program, its package, what it is told, where the page is, and
/// the policy.
struct Bundler {
    name: &'static str,
    package: &'static str,
    arguments: &'static [&'static str],
    page: &'static str,
    policy: &'static str,
}

const BUNDLERS: [Bundler; 6] = [
    Bundler { name: "vite", package: "vite", arguments: &["build"], page: "dist", policy: POLICY },
    Bundler { name: "webpack", package: "webpack", arguments: &["--mode", "production"], page: "", policy: POLICY },
    Bundler {
        name: "rspack",
        package: "@rspack/core",
        arguments: &["build", "--mode", "production"],
        page: "",
        policy: POLICY,
    },
    // Rollup resolves no bare import by itself; this is its own plugin, and the least that a user can have.
    Bundler {
        name: "rollup",
        package: "rollup",
        arguments: &["src/index.js", "--dir", "dist", "--plugin", "node-resolve"],
        page: "",
        policy: POLICY,
    },
    Bundler {
        name: "esbuild",
        package: "esbuild",
        arguments: &["src/index.js", "--bundle", "--minify", "--splitting", "--format=esm", "--outdir=dist"],
        page: "",
        policy: POLICY,
    },
    Bundler {
        name: "parcel",
        package: "parcel",
        arguments: &["build", "index.html", "--no-cache"],
        page: "dist",
        policy: INLINE_POLICY,
    },
];

pub(crate) async fn rows(table: &Table, fixtures: &Fixtures, browser: &Rc<Browser>) {
    for bundler in &BUNDLERS {
        let with = fixtures.version(bundler.package);
        table.row(&format!("bundler {}", bundler.name), &with, build(bundler, fixtures.clone(), browser.clone())).await;
    }
    table
        .row(
            "bundler vite, development server",
            &fixtures.version("vite"),
            vite_serves(fixtures.clone(), browser.clone()),
        )
        .await;
    let with = format!("{}, {}", fixtures.version("create-vite"), fixtures.version("typescript"));
    table.row("quick start in a new application", &with, newcomer(fixtures.clone(), browser.clone())).await;
    table
        .slow_row("server-side rendering, next", &fixtures.version("next"), next(fixtures.clone(), browser.clone()))
        .await;
    table.slow_row("bindings, next", &fixtures.version("next"), next_with_binding(fixtures.clone())).await;
}

async fn build(bundler: &'static Bundler, fixtures: Fixtures, browser: Rc<Browser>) -> Outcome {
    let folder = fixtures.app(bundler.name);
    run(tool(fixtures.tool(bundler.name), &folder).args(bundler.arguments)).await?;
    if ships_test_kit(&folder.join("dist")) {
        return Err("the test kit, which nothing uses, is in the bundle".into());
    }
    let (page, policy) = (folder.join(bundler.page), bundler.policy);
    use_all_on(&browser, &Site::of(&page).await.url(""), "wasm").await?;
    let strict = Site::start(&page, |_| Some(policy.to_owned())).await;
    use_all_on(&browser, &strict.url(""), "js").await.map_err(|error| format!("under {policy}: {error}"))?;
    Ok(format!("signs in, loads the other parts; as js under {policy}: {}", bundler.arguments.join(" ")))
}

/// A sentence of the test kit that no minifier changes.
const TEST_KIT: &str = "pkce-wasm/testing needs WebCrypto";

/// Whether the test kit is in a script below this folder.
fn ships_test_kit(folder: &Path) -> bool {
    let entries = fs::read_dir(folder).expect("what was built can be read");
    entries.flatten().map(|entry| entry.path()).any(|path| {
        if path.is_dir() {
            return ships_test_kit(&path);
        }
        // A source map quotes what was left out.
        path.extension().is_some_and(|end| end == "js")
            && fs::read(&path).is_ok_and(|bytes| String::from_utf8_lossy(&bytes).contains(TEST_KIT))
    })
}

async fn vite_serves(fixtures: Fixtures, browser: Rc<Browser>) -> Outcome {
    let service = vite(&fixtures, &fixtures.app("vite")).await?;
    use_all_on(&browser, &service.url, "wasm").await?;
    Ok("signs in, loads the other parts".to_owned())
}

/// What the quick start tells a newcomer to do, from an empty folder on: nothing is changed but the issuer.
async fn newcomer(fixtures: Fixtures, browser: Rc<Browser>) -> Outcome {
    let folder = fixtures.app("newcomer");
    let place = folder.parent().ok_or("the applications have no folder")?;
    let create = ["newcomer", "--template", "vanilla-ts", "--no-interactive"];
    run(tool(fixtures.tool("create-vite"), place).args(create)).await?;
    std::fs::write(folder.join("src/main.ts"), &fixtures.quick_start).map_err(|error| error.to_string())?;
    // What `npm run build` and `npm run dev` of the template do.
    run(&mut tool(fixtures.tool("tsc"), &folder)).await?;
    run(tool(fixtures.tool("vite"), &folder).arg("build")).await?;
    sign_in_as_written(&browser, &Site::of(&folder.join("dist")).await.url("")).await?;
    let service = vite(&fixtures, &folder).await?;
    sign_in_as_written(&browser, &service.url).await?;
    Ok("compiles, builds, signs in; signs in at the development server".to_owned())
}

/// The development server of Vite in a folder.
async fn vite(fixtures: &Fixtures, folder: &Path) -> Result<Service, Miss> {
    Service::start(|port| {
        let mut command = tool(fixtures.tool("vite"), folder);
        command.args(["--host", "127.0.0.1", "--strictPort", "--port"]).arg(port.to_string());
        command
    })
    .await
}

/// Builds an application with Next, and serves it.
async fn next_serves(fixtures: &Fixtures, app: &str) -> Result<Service, Miss> {
    let folder = fixtures.app(app);
    run(tool(fixtures.tool("next"), &folder).arg("build")).await?;
    let service = Service::start(|port| {
        let mut command = tool(fixtures.tool("next"), &folder);
        command.args(["start", "--hostname", "127.0.0.1", "--port"]).arg(port.to_string());
        command
    });
    service.await
}

/// React's binding in pages that Next renders, takes over and routes.
async fn next_with_binding(fixtures: Fixtures) -> Outcome {
    let service = next_serves(&fixtures, "next-react").await?;
    let mut playwright = tool(fixtures.tool("playwright"), &fixtures.app("next-react"));
    run(playwright.arg("test").env("PKCE_REACH_APP", &service.url)).await?;
    Ok("renders without a window, guards a page, comes back through Next's router".to_owned())
}

/// The page is rendered at build time, where there is no `window`; then it signs in.
async fn next(fixtures: Fixtures, browser: Rc<Browser>) -> Outcome {
    let service = next_serves(&fixtures, "next").await?;
    use_all_on(&browser, &service.url, "wasm").await?;
    Ok("renders without a window, signs in, loads the other parts".to_owned())
}
