//! The hostile authorization server: what becomes of its lies in this crate, and in the clients of others.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use launch::Program;
use serde_json::Value;

use crate::process::{cargo, root, run, say};
use crate::{build, package, setup};

/// What is wanted.
#[derive(Debug, Default)]
pub(crate) struct Options {
    /// Take the clients of others through the cases that every client can meet.
    pub(crate) peers: bool,
    /// Print JSON.
    pub(crate) json: bool,
}

/// Runs the native set, or the peers, and prints the table.
pub(crate) fn hostile(options: &Options) -> Result<()> {
    if !options.peers {
        if options.json {
            bail!("--json is for --peers");
        }
        return run(cargo().args(["run", "--quiet", "--package", "hostile", "--", "native"]));
    }
    build::build(false)?;
    setup::node()?;
    let folder = root().join("tests/hostile/peers");
    setup::npm_packages(&folder)?;
    let installed = package::install()?;

    run(cargo().args(["build", "--quiet", "--package", "hostile"]))?;
    let mut server = cargo();
    server.args(["run", "--quiet", "--package", "hostile", "--", "serve"]);
    let server = Program::start(&mut server).context("the hostile server did not start")?;

    say("taking each client through the cases");
    let mut peers = Command::new("node")
        .current_dir(&folder)
        .arg("run.js")
        .env("PKCE_WASM_INSTALLED", &installed)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start node")?;
    if let Some(mut input) = peers.stdin.take() {
        writeln!(input, "{}", server.first())?;
    }
    let output = peers.wait_with_output()?;
    server.stop()?;
    if !output.status.success() {
        bail!("tests/hostile/peers/run.js failed ({})", output.status);
    }
    let clients: Vec<Value> = serde_json::from_slice(&output.stdout).context("run.js printed no JSON")?;
    if options.json {
        println!("{}", serde_json::to_string_pretty(&clients)?);
    } else {
        print(&clients);
    }
    judge(&clients)
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn flag(value: &Value, name: &str) -> bool {
    value.get(name).and_then(Value::as_bool).unwrap_or_default()
}

fn results(client: &Value) -> &[Value] {
    client.get("results").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// A row for each group and a column for each client: lies accepted, of those tried. Below, their names.
fn print(clients: &[Value]) {
    print!("\n{:<24}{:>6}", "bad inputs accepted", "tried");
    for client in clients {
        print!("  {:>22}", format!("{} {}", text(client, "client"), text(client, "version")));
    }
    println!();
    let mut tried: BTreeMap<&str, usize> = BTreeMap::new();
    let mut groups = Vec::new();
    for result in clients.first().map(results).unwrap_or_default().iter().filter(|result| flag(result, "lie")) {
        let group = text(result, "group");
        if !groups.contains(&group) {
            groups.push(group);
        }
        let count = tried.entry(group).or_default();
        *count = count.saturating_add(1);
    }
    let accepted = |client: &Value, group: Option<&str>| {
        let believed = |result: &&Value| flag(result, "lie") && flag(result, "accepted");
        results(client)
            .iter()
            .filter(believed)
            .filter(|result| group.is_none_or(|group| text(result, "group") == group))
            .count()
    };
    for group in groups {
        print!("{group:<24}{:>6}", tried.get(group).copied().unwrap_or_default());
        for client in clients {
            print!("  {:>22}", accepted(client, Some(group)));
        }
        println!();
    }
    print!("{:<24}{:>6}", "all", tried.values().sum::<usize>());
    for client in clients {
        print!("  {:>22}", accepted(client, None));
    }
    println!();
    for client in clients {
        let names = |wanted: &dyn Fn(&Value) -> bool| {
            let names: Vec<_> =
                results(client).iter().filter(|result| wanted(result)).map(|result| text(result, "name")).collect();
            names.join(", ")
        };
        println!(
            "\n{} accepted: {}",
            text(client, "client"),
            names(&|result| flag(result, "lie") && flag(result, "accepted"))
        );
        println!("  honest, refused: {}", names(&|result| !flag(result, "lie") && !flag(result, "accepted")));
    }
}

/// A client that does not get through the plain honest cases was not driven as it wants to be; this package accepts no lie.
fn judge(clients: &[Value]) -> Result<()> {
    for client in clients {
        let name = text(client, "client");
        let plain = |result: &&Value| text(result, "name").ends_with("-honest");
        if let Some(result) = results(client).iter().filter(plain).find(|result| !flag(result, "accepted")) {
            bail!("{name} does not get through {}: {}", text(result, "name"), text(result, "error"));
        }
        if name == "pkce-wasm" && results(client).iter().any(|result| flag(result, "lie") == flag(result, "accepted")) {
            bail!("{name} accepts a lie, or refuses an honest case");
        }
    }
    Ok(())
}
