//! `cargo xtask`: the one build tool of this repository.
//!
//! Every command installs what it needs, says what it is doing, and can be run again at any time.

mod bars;
mod before;
mod bench;
mod bindings;
mod blocks;
mod browsers;
mod build;
mod codes;
mod copies;
mod dead;
mod demo;
mod display;
mod docs;
mod fingerprint;
mod frontend;
mod fuzz;
mod gate;
mod halves;
mod hostile;
mod inline;
mod integrity;
mod jsr;
mod links;
mod lint;
mod mcp;
mod measured;
mod owner;
mod package;
mod process;
mod reach;
mod reference;
mod release;
mod report;
mod rooms;
mod setup;
mod shrink;
mod size;
mod static_demo;
mod test;
mod twin;
mod wasm_pack;
mod webdriver;
mod webview;
mod world;

use std::process::ExitCode;

use anyhow::{Error, Result, bail};
use lexopt::Arg::{Long, Short, Value};
use lexopt::ValueExt;

const USAGE: &str = "\
cargo xtask <command>

  build [--force]               the npm package: pkg/dist/, packed and unpacked in target/pack/
  demo [--no-open] [--port N]   the demo page with its authorization servers
  demo --webview [--rust]       the same as an application: in a WebView, with Tauri; its tokens are in the
                                WebView, or with --rust in Rust and the system's keyring
  demo --static [--url URL]     the same as files for any web host, in target/demo-static: the authorization
                                server is a service worker; with the URL where it will be found, previews
                                of links have a picture
  test quick                    in four minutes: lint, native, the package in Node, and the main path in
                                Chromium
  test [LAYER…] [--engine E…] [--soak]
                                all tests, or only the layers lint, native, package, world, mcp, size,
                                reach, web, e2e, webview, in chromium, firefox and webkit or only in the engines named;
                                --soak repeats what chance decides hundreds of times, and adds the slow
                                rows of the reach table
  lint [--fix]                  formatting, lints, types, documents and layers; --fix formats in place
                                and writes ERRORS.md
  docs                          the API in Rust and TypeScript: target/doc and target/typedoc
  reach [--full] [--json]       the packed tarball in bundlers, test runners, runtimes, pages and
                                workers; --full adds the slow rows, old Chromium, Firefox and WebKit
  hostile [--peers] [--json]    the hostile authorization server against this crate; --peers against
                                this package and those of others
  fuzz [TARGET…] [--seconds N]  looks for inputs that break a property, on one core, N seconds (60)
                                for each target; needs the nightly compiler
  size [--json] [--check] [--update] [--where]
                                what a user ships, beside the peers and 0.1.0; --check fails when an
                                entry grew past tests/size/budget.json, --update writes that file,
                                --where says which functions and files the bytes are in
  bench [WHAT…] [--engine E…] [--bars] [--json]
                                how fast, beside the peers and 0.1.0, and how much memory, in chromium,
                                firefox, webkit and node, or only: pairs, verify, begin, callbacks,
                                instant, boundary, start, ready, click, flat; --bars measures only what
                                a bar is about
  release [--dry-run]           the packages as they would be published: versions, file lists, checks,
                                licences, bills of materials; without --dry-run also whether owner and
                                date are filled in, and the commands that publish";

/// What is to be done.
enum Command {
    Build { force: bool },
    Demo(demo::Options),
    Test(test::Options),
    Lint { fix: bool },
    Docs,
    Hostile(hostile::Options),
    Fuzz(fuzz::Options),
    Reach(reach::Options),
    Size(size::Options),
    Bench(bench::Options),
    Release { dry_run: bool },
    Help,
}

fn main() -> ExitCode {
    let done = parse(lexopt::Parser::from_env()).and_then(|command| match command {
        Command::Build { force } => build::build(force),
        Command::Demo(options) => demo::demo(&options),
        Command::Test(options) => test::test(&options),
        Command::Lint { fix } => lint::lint(fix),
        Command::Docs => docs::docs(),
        Command::Hostile(options) => hostile::hostile(&options),
        Command::Fuzz(options) => fuzz::fuzz(&options),
        Command::Reach(options) => reach::reach(&options),
        Command::Size(options) => size::size(&options),
        Command::Bench(options) => bench::bench(&options),
        Command::Release { dry_run } => release::release(dry_run),
        Command::Help => {
            println!("{USAGE}");
            Ok(())
        }
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Reads the command line.
fn parse(mut arguments: lexopt::Parser) -> Result<Command> {
    let mut command = match arguments.next()? {
        Some(Value(name)) => match name.string()?.as_str() {
            "build" => Command::Build { force: false },
            "demo" => Command::Demo(demo::Options::default()),
            "test" => Command::Test(test::Options::default()),
            "lint" => Command::Lint { fix: false },
            "docs" => Command::Docs,
            "hostile" => Command::Hostile(hostile::Options::default()),
            "fuzz" => Command::Fuzz(fuzz::Options::default()),
            "reach" => Command::Reach(reach::Options::default()),
            "size" => Command::Size(size::Options::default()),
            "release" => Command::Release { dry_run: false },
            "bench" => Command::Bench(bench::Options::default()),
            "help" => Command::Help,
            other => bail!("there is no command {other}\n\n{USAGE}"),
        },
        None | Some(Short('h') | Long("help")) => Command::Help,
        Some(other) => return Err(other.unexpected().into()),
    };
    while let Some(argument) = arguments.next()? {
        match (&mut command, argument) {
            (command, Short('h') | Long("help")) => *command = Command::Help,
            (Command::Build { force }, Long("force")) => *force = true,
            (Command::Lint { fix }, Long("fix")) => *fix = true,
            (Command::Hostile(options), Long("peers")) => options.peers = true,
            (Command::Hostile(options), Long("json")) => options.json = true,
            (Command::Fuzz(options), Long("seconds")) => options.seconds = arguments.value()?.parse()?,
            (Command::Fuzz(options), Value(target)) => options.targets.push(target.string()?),
            (Command::Reach(options), Long("full")) => options.full = true,
            (Command::Reach(options), Long("json")) => options.json = true,
            (Command::Size(options), Long("json")) => options.json = true,
            (Command::Size(options), Long("check")) => options.check = true,
            (Command::Size(options), Long("update")) => options.update = true,
            (Command::Release { dry_run }, Long("dry-run")) => *dry_run = true,
            (Command::Size(options), Long("where")) => options.attribute = true,
            (Command::Bench(options), Long("bars")) => options.bars = true,
            (Command::Bench(options), Long("json")) => options.json = true,
            (Command::Bench(options), Value(what)) => options.what.push(what.string()?),
            (Command::Bench(options), Long("engine")) => {
                options.places.push(arguments.value()?.string()?.parse().map_err(Error::msg)?)
            }
            (Command::Demo(options), Long("no-open")) => options.open = false,
            (Command::Demo(options), Long("webview")) => options.webview = true,
            (Command::Demo(options), Long("rust")) => (options.webview, options.in_rust) = (true, true),
            (Command::Demo(options), Long("static")) => options.files = true,
            (Command::Demo(options), Long("url")) => options.url = Some(arguments.value()?.string()?),
            (Command::Demo(options), Long("port")) => options.port = Some(arguments.value()?.parse()?),
            (Command::Test(options), Long("engine")) => {
                options.engines.push(arguments.value()?.string()?.parse().map_err(Error::msg)?)
            }
            (Command::Test(options), Long("soak")) => options.soak = true,
            (Command::Test(options), Value(word)) if word == "quick" => options.quick = true,
            (Command::Test(options), Value(layer)) => options.layers.push(layer.string()?.parse().map_err(Error::msg)?),
            (_, other) => return Err(other.unexpected().into()),
        }
    }
    Ok(command)
}
