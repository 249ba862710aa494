//! How fast: this package beside those of others, in the same page, in alternating rounds; and whether its memory stays flat.
//!
//! Never part of the tests: what is measured depends on the machine and on what else it does. Ratios within a run depend on it least.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::str::FromStr;

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};

use crate::browsers::Engine;
use crate::process::{cargo, read, root, run_quietly, say};
use crate::webdriver::Stage;
use crate::{browsers, build, package, setup};

/// Where it is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A page of this engine.
    Page(Engine),
    /// Node.
    Node,
}

impl Place {
    const ALL: [Self; 4] =
        [Self::Page(Engine::Chromium), Self::Page(Engine::Firefox), Self::Page(Engine::Webkit), Self::Node];

    const fn name(self) -> &'static str {
        match self {
            Self::Page(engine) => engine.name(),
            Self::Node => "node",
        }
    }
}

impl FromStr for Place {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let place = Self::ALL.into_iter().find(|place| place.name() == name);
        place.ok_or_else(|| format!("there is no engine {name}: chromium, firefox, webkit or node"))
    }
}

/// What is wanted.
#[derive(Debug, Default)]
pub(crate) struct Options {
    /// Where; empty means everywhere.
    pub(crate) places: Vec<Place>,
    /// What, by the names of [`WHAT`]; empty means everything.
    pub(crate) what: Vec<String>,
    /// Print JSON.
    pub(crate) json: bool,
}

/// What can be measured: in pages, in Node, or in both. `flat` takes minutes.
pub(crate) const WHAT: [&str; 7] = ["pairs", "verify", "callbacks", "boundary", "start", "click", "flat"];
const IN_PAGES: [&str; 6] = ["pairs", "callbacks", "boundary", "start", "click", "flat"];
const IN_NODE: [&str; 5] = ["pairs", "verify", "callbacks", "boundary", "flat"];

/// The scripts that start cold, and what they are called in the table.
const CONTENDERS: [(&str, &str); 7] = [
    ("pkce-wasm", CLIENT),
    ("pkce-wasm-steps", STEPS),
    ("pkce-wasm-pair", PRIMITIVES),
    ("pkce-challenge", "pkce-challenge"),
    ("oauth4webapi", "oauth4webapi"),
    ("oidc-client-ts", "oidc-client-ts"),
    ("noble", "@noble/hashes"),
];
const CLIENT: &str = "pkce-wasm, Client";
const STEPS: &str = "pkce-wasm, steps";
const PRIMITIVES: &str = "pkce-wasm/pkce";

/// The packages that are measured beside this one.
const PEERS: [&str; 4] = ["pkce-challenge", "oauth4webapi", "oidc-client-ts", "@noble/hashes"];

/// A measurement: its name in the table, where its samples are, in what they are, and whose ratio to the others is told.
struct Measurement {
    title: &'static str,
    path: &'static [&'static str],
    unit: Unit,
    ours: &'static [&'static str],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Unit {
    PerSecond,
    Milliseconds,
}

const MEASUREMENTS: [Measurement; 8] = [
    Measurement {
        title: "verifier and challenge, per second",
        path: &["pairs"],
        unit: Unit::PerSecond,
        ours: &[PRIMITIVES],
    },
    Measurement {
        title: "callback: from the URL to the token request, ms",
        path: &["callbacks", "asked"],
        unit: Unit::Milliseconds,
        ours: &[STEPS, CLIENT],
    },
    Measurement {
        title: "callback: from the URL to the tokens, ms",
        path: &["callbacks", "done"],
        unit: Unit::Milliseconds,
        ours: &[STEPS, CLIENT],
    },
    Measurement {
        title: "first click: until the thread is free again, ms",
        path: &["click", "thread"],
        unit: Unit::Milliseconds,
        ours: &[CLIENT],
    },
    Measurement {
        title: "first click: until the URL is there, ms",
        path: &["click", "url"],
        unit: Unit::Milliseconds,
        ours: &[CLIENT],
    },
    Measurement {
        title: "cold: the script is evaluated, ms",
        path: &["start", "evaluate"],
        unit: Unit::Milliseconds,
        ours: &[CLIENT],
    },
    Measurement {
        title: "cold: from there to the first URL, ms",
        path: &["start", "url"],
        unit: Unit::Milliseconds,
        ours: &[CLIENT],
    },
    Measurement { title: "verifyChallenge, per second", path: &["verify"], unit: Unit::PerSecond, ours: &[PRIMITIVES] },
];

/// Measures and prints.
pub(crate) fn bench(options: &Options) -> Result<()> {
    let places = if options.places.is_empty() { Place::ALL.to_vec() } else { options.places.clone() };
    if let Some(unknown) = options.what.iter().find(|name| !WHAT.contains(&name.as_str())) {
        bail!("nothing is measured by the name {unknown}: {}", WHAT.join(", "));
    }
    let chosen = |all: &[&'static str]| -> Vec<&'static str> {
        all.iter()
            .copied()
            .filter(|name| options.what.is_empty() || options.what.iter().any(|one| one == name))
            .collect()
    };
    let folder = prepare()?;
    let mut all = Map::new();
    for place in places {
        say(format_args!("measuring in {}", place.name()));
        let raw = match place {
            Place::Page(engine) => in_page(engine, &folder, &chosen(&IN_PAGES))?,
            Place::Node => in_node(&folder, &chosen(&IN_NODE))?,
        };
        let measured = Measured(raw);
        if !options.json {
            measured.print(place);
        }
        all.insert(place.name().to_owned(), measured.json());
    }
    let versions = versions()?;
    if options.json {
        println!("{}", serde_json::to_string_pretty(&json!({ "versions": versions, "measured": all }))?);
    } else {
        let versions: Vec<_> = versions.iter().map(|(name, version)| format!("{name} {version}")).collect();
        println!("\n{}", versions.join(", "));
    }
    Ok(())
}

fn sources() -> PathBuf {
    root().join("tests/bench")
}

/// Installs the contenders and bundles the pages; their folder.
fn prepare() -> Result<PathBuf> {
    build::build(false)?;
    setup::npm_tools()?;
    setup::npm_packages(&sources())?;
    let modules = package::install()?.join("node_modules");
    let folder = root().join("target/bench");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    for entry in fs::read_dir(sources().join("pages"))?.flatten() {
        fs::copy(entry.path(), folder.join(entry.file_name()))?;
    }
    bundle("page.js", "page.js", &["--format=esm"], &modules, &folder)?;
    bundle("node.js", "node.mjs", &["--format=esm", "--platform=node"], &modules, &folder)?;
    for (file, _) in CONTENDERS {
        let source = format!("contenders/{file}.js");
        let cold = ["--format=iife", "--global-name=contender"];
        bundle(&source, &format!("{file}.js"), &cold, &modules, &folder)?;
    }
    Ok(folder)
}

/// Bundles a script as an application would. The twins stay out: no page that is measured needs one.
fn bundle(source: &str, name: &str, how: &[&str], modules: &Path, folder: &Path) -> Result<()> {
    run_quietly(
        setup::npm_tool("esbuild")
            .current_dir(sources())
            .env("NODE_PATH", modules)
            .arg(source)
            .args(["--bundle", "--minify", "--log-level=error", "--external:./dist/*_twin.js"])
            .args(how)
            .arg(format!("--outfile={}", folder.join(name).display())),
    )
}

fn in_page(engine: Engine, folder: &Path, what: &[&str]) -> Result<Value> {
    browsers::install(&[engine])?;
    let stage = Stage::set(engine)?;
    let contenders = CONTENDERS.map(|(file, _)| file).join(" ");
    let mut command = cargo();
    command
        .args(["run", "--quiet", "--package", "bench"])
        .env("PKCE_BENCH_FOLDER", folder)
        .env("PKCE_BENCH_CONTENDERS", contenders)
        .env("PKCE_BENCH_WHAT", what.join(" "))
        .env("PKCE_E2E_ENGINE", engine.name())
        .env("PKCE_E2E_DRIVER", &stage.programs.driver)
        .env("PKCE_E2E_BROWSER", &stage.programs.browser);
    let said = read(stage.dress(&mut command))?;
    let mut measured: Value = serde_json::from_str(&said).context("the pages measured nothing")?;
    // A cold page is known by its file.
    for name in ["start", "click"] {
        for samples in measured.get_mut(name).and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut) {
            let Some(samples) = samples.as_object_mut() else { continue };
            *samples = CONTENDERS
                .iter()
                .filter_map(|(file, title)| Some(((*title).to_owned(), samples.remove(*file)?)))
                .collect();
        }
    }
    Ok(measured)
}

fn in_node(folder: &Path, what: &[&str]) -> Result<Value> {
    let mut measured = Map::new();
    measured.insert("version".to_owned(), read(Command::new("node").arg("--version"))?.trim().into());
    for name in what {
        say(format_args!("  {name}"));
        let mut node = Command::new("node");
        node.arg("--expose-gc").arg(folder.join("node.mjs")).arg(name).stdin(Stdio::null());
        measured.insert((*name).to_owned(), serde_json::from_str(&read(&mut node)?)?);
    }
    Ok(measured.into())
}

fn versions() -> Result<BTreeMap<&'static str, String>> {
    let version = |folder: PathBuf| -> Result<String> {
        let manifest: Value = serde_json::from_slice(&fs::read(folder.join("package.json"))?)?;
        manifest.get("version").and_then(Value::as_str).map(str::to_owned).context("a package has no version")
    };
    let mut versions: BTreeMap<_, _> = PEERS
        .into_iter()
        .map(|name| Ok((name, version(sources().join("node_modules").join(name))?)))
        .collect::<Result<_>>()?;
    versions.insert("pkce-wasm", version(package::package_folder())?);
    Ok(versions)
}

/// The rounds of a contender: their median, and between what the middle half of them lies.
#[derive(Clone, Copy)]
struct Summary {
    low: f64,
    median: f64,
    high: f64,
}

impl Summary {
    fn of(samples: &Value) -> Option<Self> {
        let mut samples: Vec<f64> = samples.as_array()?.iter().filter_map(Value::as_f64).collect();
        samples.sort_by(f64::total_cmp);
        let at = |part: usize| samples.get(samples.len().saturating_sub(1).saturating_mul(part) / 4).copied();
        Some(Self { low: at(1)?, median: at(2)?, high: at(3)? })
    }
}

/// What was measured in one place.
struct Measured(Value);

impl Measured {
    /// The contenders of a measurement, ours first.
    fn summaries(&self, measurement: &Measurement) -> Vec<(&str, Summary)> {
        let samples = measurement.path.iter().try_fold(&self.0, |value, name| value.get(name));
        let mut rows: Vec<_> = samples
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .filter_map(|(name, samples)| Some((name.as_str(), Summary::of(samples)?)))
            .collect();
        rows.sort_by_key(|(name, _)| !name.starts_with("pkce-wasm"));
        rows
    }

    /// How many times as fast one of ours is as a contender.
    fn ratio(measurement: &Measurement, rows: &[(&str, Summary)], ours: &str, other: &Summary) -> Option<f64> {
        let (_, ours) = rows.iter().find(|(name, _)| *name == ours)?;
        let ratio = ours.median / other.median;
        Some(if measurement.unit == Unit::PerSecond { ratio } else { ratio.recip() })
    }

    fn print(&self, place: Place) {
        println!("\n== {} {}", place.name(), self.0.get("version").and_then(Value::as_str).unwrap_or_default());
        for measurement in &MEASUREMENTS {
            let rows = self.summaries(measurement);
            if rows.is_empty() {
                continue;
            }
            let heads: Vec<_> = measurement.ours.iter().map(|ours| format!("{ours} is faster by")).collect();
            println!("\n{:<50}{:>12}  {:>21}  {}", measurement.title, "median", "middle half", heads.join("; "));
            let show = |number: f64| match measurement.unit {
                Unit::PerSecond => format!("{number:.0}"),
                Unit::Milliseconds => format!("{number:.3}"),
            };
            for (name, summary) in &rows {
                let ratios = measurement.ours.iter().filter(|_| !name.starts_with("pkce-wasm"));
                let ratios: Vec<_> = ratios
                    .filter_map(|ours| Some(format!("{:.2}", Self::ratio(measurement, &rows, ours, summary)?)))
                    .collect();
                let half = format!("{} – {}", show(summary.low), show(summary.high));
                let row = format!("  {name:<48}{:>12}  {half:>21}  {}", show(summary.median), ratios.join("; "));
                println!("{}", row.trim_end());
            }
        }
        self.print_memory();
    }

    fn print_memory(&self) {
        let empty = Value::Null;
        let boundary = self.0.get("boundary").unwrap_or(&empty);
        for (name, what) in [("pair", "a pair"), ("begin", "beginAuthorization")] {
            let crossed = |way: &str| boundary.get(name).and_then(|of| of.get(way)).and_then(Value::as_u64);
            if let (Some(into), Some(out)) = (crossed("in"), crossed("out")) {
                println!("\n{what}: {into} calls into the module, {out} out of it");
            }
        }
        for (name, what) in [("pairs", "pairs"), ("logins", "whole logins")] {
            let Some(soak) = self.0.get("flat").and_then(|flat| flat.get(name)) else { continue };
            println!("\nmemory over {} {what}, bytes", soak.get("times").and_then(Value::as_u64).unwrap_or_default());
            println!("  {:>9}  {:>12}  linear", "done", "heap");
            for look in soak.get("looks").and_then(Value::as_array).into_iter().flatten() {
                let number = |name: &str| look.get(name).and_then(Value::as_f64);
                let heap = number("heap").map_or_else(|| "not visible".to_owned(), |heap| format!("{heap:.0}"));
                let linear = look.get("linear").unwrap_or(&empty);
                println!("  {:>9.0}  {heap:>12}  {linear}", number("done").unwrap_or_default());
            }
        }
    }

    /// The same as JSON, with the samples made into medians.
    fn json(&self) -> Value {
        let part = |name: &str| self.0.get(name).cloned().unwrap_or_default();
        let measurements: Map<String, Value> = MEASUREMENTS
            .iter()
            .filter_map(|measurement| {
                let rows = self.summaries(measurement);
                let json = |(name, Summary { low, median, high }): &(&str, Summary)| {
                    ((*name).to_owned(), json!({ "median": median, "low": low, "high": high }))
                };
                (!rows.is_empty()).then(|| (measurement.title.to_owned(), rows.iter().map(json).collect()))
            })
            .collect();
        json!({
            "version": part("version"),
            "measurements": measurements,
            "boundary": part("boundary"),
            "flat": part("flat"),
        })
    }
}
