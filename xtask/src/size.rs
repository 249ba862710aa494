//! What a user ships: an application bundled and minified around each entry, beside the same application around each peer.
//!
//! The sizes are those of Node's zlib, which holds the reference encoders of gzip and brotli, at their best levels. What a
//! page loads at once counts; what it loads on demand is listed apart.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::process::{read, root, run_quietly, say, script};
use crate::report::Count;
use crate::{build, package, setup};

/// What is wanted beside the table.
#[derive(Debug, Default)]
pub(crate) struct Options {
    /// Print JSON.
    pub(crate) json: bool,
    /// Fail when an entry is larger than its budget.
    pub(crate) check: bool,
    /// Set the budget to what is measured and one per cent.
    pub(crate) update: bool,
}

/// An application: what it does, around what, and its file in `tests/size/apps/`.
struct App {
    job: &'static str,
    entry: &'static str,
    file: &'static str,
}

const PAIR: &str = "a verifier and its challenge";
const SIGN_IN: &str = "sign-in, callback, session";

const APPS: [App; 11] = [
    App { job: PAIR, entry: "pkce-wasm/pkce", file: "pair-pkce-wasm" },
    App { job: PAIR, entry: "pkce-challenge", file: "pair-pkce-challenge" },
    App { job: PAIR, entry: "oauth4webapi", file: "pair-oauth4webapi" },
    App { job: PAIR, entry: "openid-client", file: "pair-openid-client" },
    App { job: SIGN_IN, entry: "pkce-wasm", file: "sign-in-pkce-wasm" },
    App { job: SIGN_IN, entry: "pkce-wasm/slim", file: "sign-in-pkce-wasm-slim" },
    App { job: SIGN_IN, entry: "oauth4webapi", file: "sign-in-oauth4webapi" },
    App { job: SIGN_IN, entry: "openid-client", file: "sign-in-openid-client" },
    App { job: SIGN_IN, entry: "oidc-client-ts", file: "sign-in-oidc-client-ts" },
    App { job: SIGN_IN, entry: "@auth0/auth0-spa-js", file: "sign-in-auth0-spa-js" },
    App { job: SIGN_IN, entry: "@azure/msal-browser", file: "sign-in-msal-browser" },
];

/// The files of the package that are also weighed alone.
const FILES: [&str; 4] = ["pkce.wasm", "pkce_twin.js", "client.wasm", "client_twin.js"];

/// Bytes: as they are, and compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Size {
    raw: u64,
    gzip: u64,
    brotli: u64,
}

impl Size {
    fn plus(self, other: Self) -> Self {
        Self {
            raw: self.raw.saturating_add(other.raw),
            gzip: self.gzip.saturating_add(other.gzip),
            brotli: self.brotli.saturating_add(other.brotli),
        }
    }

    fn json(self) -> Value {
        json!({ "raw": self.raw, "gzip": self.gzip, "brotli": self.brotli })
    }
}

/// What an application came to.
struct Row {
    job: &'static str,
    entry: &'static str,
    version: String,
    /// All that the page loads at once.
    initial: Size,
    /// All that it may load later.
    lazy: Size,
}

/// A bar that was set: what is measured, and what it may be at most.
struct Bar {
    what: &'static str,
    measured: u64,
    most: u64,
}

/// Everything that was measured.
struct Measured {
    rows: Vec<Row>,
    files: BTreeMap<&'static str, Size>,
}

/// Measures, prints, and compares with the budget.
pub(crate) fn size(options: &Options) -> Result<()> {
    let measured = measure()?;
    if options.json {
        println!("{}", serde_json::to_string_pretty(&measured.json()?)?);
    } else {
        measured.print()?;
    }
    if options.update {
        write_budget(&measured)?;
    }
    if options.check {
        let grown = measured.grown()?;
        if !grown.is_empty() {
            bail!("larger than tests/size/budget.json allows: {}", grown.join(", "));
        }
        say("every entry is within its budget");
    }
    Ok(())
}

/// For the test run: the table, and how many entries are within their budget.
pub(crate) fn count(count: &mut Count) -> Result<bool> {
    let measured = measure()?;
    measured.print()?;
    let grown = measured.grown()?;
    for sentence in &grown {
        say(sentence);
    }
    count.failed = u64::try_from(grown.len())?;
    count.passed = u64::try_from(measured.ours().count())?.saturating_sub(count.failed);
    Ok(grown.is_empty())
}

fn folder() -> PathBuf {
    root().join("tests/size")
}

/// Builds the package and the applications, and weighs them.
fn measure() -> Result<Measured> {
    build::build(false)?;
    setup::node()?;
    setup::npm_packages(&folder())?;
    let installed = package::install()?;
    let rows = APPS.iter().map(|app| weigh(app, &installed)).collect::<Result<_>>()?;
    let dist = installed.join("node_modules/pkce-wasm/dist");
    // The wasm of the primitives travels inlined only, and is no file of the package.
    let places =
        FILES.map(|name| if name == "pkce.wasm" { root().join("pkg/dist").join(name) } else { dist.join(name) });
    let files = FILES.into_iter().zip(sizes(&places)?).collect();
    Ok(Measured { rows, files })
}

/// Bundles an application and weighs what comes out.
fn weigh(app: &App, installed: &Path) -> Result<Row> {
    let out = root().join("target/size").join(app.file);
    if out.exists() {
        fs::remove_dir_all(&out)?;
    }
    fs::create_dir_all(&out)?;
    let metafile = out.join("meta.json");
    run_quietly(
        script(folder().join("node_modules/.bin/esbuild"))
            .current_dir(folder())
            .env("NODE_PATH", installed.join("node_modules"))
            .arg(format!("apps/{}.js", app.file))
            .args(["--bundle", "--minify", "--format=esm", "--splitting", "--legal-comments=none"])
            .args(["--loader:.wasm=file", "--log-level=error"])
            .arg(format!("--outdir={}", out.display()))
            .arg(format!("--metafile={}", metafile.display())),
    )?;
    let meta: Value = serde_json::from_slice(&fs::read(&metafile)?)?;
    let outputs = meta.get("outputs").and_then(Value::as_object).context("esbuild names no outputs")?;
    let imports = |output: &Value, lazily: bool| -> Vec<String> {
        let all = output.get("imports").and_then(Value::as_array).into_iter().flatten();
        let chosen = all.filter(|import| (import.get("kind").is_some_and(|kind| kind == "dynamic-import")) == lazily);
        chosen.filter_map(|import| Some(import.get("path")?.as_str()?.to_owned())).collect()
    };
    let source = format!("apps/{}.js", app.file);
    let is_entry = |output: &Value| output.get("entryPoint").is_some_and(|entry| entry == source.as_str());
    let mut initial: Vec<String> =
        outputs.iter().filter(|(_, output)| is_entry(output)).map(|(name, _)| name.clone()).collect();
    let mut at = 0;
    while let Some(output) = initial.get(at).and_then(|name| outputs.get(name)) {
        for import in imports(output, false) {
            if outputs.contains_key(&import) && !initial.contains(&import) {
                initial.push(import);
            }
        }
        at = at.saturating_add(1);
    }
    let lazy: Vec<String> = outputs.keys().filter(|name| !initial.contains(name)).cloned().collect();
    let sum = |names: &[String]| -> Result<Size> {
        let places: Vec<PathBuf> = names.iter().map(|name| folder().join(name)).collect();
        Ok(sizes(&places)?.into_iter().fold(Size::default(), Size::plus))
    };
    let (initial, lazy) = (sum(&initial)?, sum(&lazy)?);
    Ok(Row { job: app.job, entry: app.entry, version: version(app.entry, installed)?, initial, lazy })
}

/// The sizes of files, in their order.
fn sizes(files: &[PathBuf]) -> Result<Vec<Size>> {
    if files.is_empty() {
        return Ok(Vec::new());
    }
    let text = read(Command::new("node").current_dir(folder()).arg("measure.js").args(files))?;
    let values: Vec<Value> = serde_json::from_str(&text).context("tests/size/measure.js printed no JSON")?;
    let number = |value: &Value, name: &str| value.get(name).and_then(Value::as_u64).context("a size is missing");
    let size = |value: &Value| {
        Ok(Size { raw: number(value, "raw")?, gzip: number(value, "gzip")?, brotli: number(value, "brotli")? })
    };
    values.iter().map(size).collect()
}

/// The version of the package that holds an entry.
fn version(entry: &str, installed: &Path) -> Result<String> {
    let modules =
        if entry.starts_with("pkce-wasm") { installed.join("node_modules") } else { folder().join("node_modules") };
    let name = if entry.starts_with("pkce-wasm") { "pkce-wasm" } else { entry };
    let manifest: Value = serde_json::from_slice(&fs::read(modules.join(name).join("package.json"))?)?;
    manifest.get("version").and_then(Value::as_str).map(str::to_owned).context("a package has no version")
}

/// The bytes that each entry may have, compressed with brotli.
fn budget() -> Result<BTreeMap<String, u64>> {
    let text = fs::read(folder().join("budget.json")).context("cannot read tests/size/budget.json")?;
    serde_json::from_slice(&text).context("tests/size/budget.json is no table of numbers")
}

fn write_budget(measured: &Measured) -> Result<()> {
    let rounded = |bytes: u64| bytes.saturating_add(bytes.div_ceil(100));
    let table: BTreeMap<_, _> = measured.ours().map(|(name, bytes)| (name, rounded(bytes))).collect();
    fs::write(folder().join("budget.json"), format!("{}\n", serde_json::to_string_pretty(&table)?))?;
    say("tests/size/budget.json is set to what was measured and one per cent");
    Ok(())
}

impl Measured {
    fn initial(&self, job: &str, entry: &str) -> u64 {
        let row = self.rows.iter().find(|row| row.job == job && row.entry == entry);
        row.map_or(0, |row| row.initial.brotli)
    }

    fn file(&self, name: &str) -> Size {
        self.files.get(name).copied().unwrap_or_default()
    }

    /// What the budget is about: the entries and the twins.
    fn ours(&self) -> impl Iterator<Item = (&str, u64)> {
        let entries = self.rows.iter().filter(|row| row.entry.starts_with("pkce-wasm"));
        let twins = self.files.iter().filter(|(name, _)| name.ends_with("_twin.js"));
        entries.map(|row| (row.entry, row.initial.brotli)).chain(twins.map(|(name, size)| (*name, size.brotli)))
    }

    /// A sentence for each that is larger than its budget, or has none.
    fn grown(&self) -> Result<Vec<String>> {
        let budget = budget()?;
        let judge = |(name, bytes): (&str, u64)| match budget.get(name) {
            Some(most) if bytes <= *most => None,
            Some(most) => Some(format!("{name} is {bytes} bytes, {} too many", bytes.saturating_sub(*most))),
            None => Some(format!("{name} has no budget")),
        };
        Ok(self.ours().filter_map(judge).collect())
    }

    /// The bars that the project has set itself.
    fn bars(&self) -> [Bar; 6] {
        let twin = |name: &str| self.file(name).brotli.saturating_mul(8).div_ceil(5);
        [
            Bar { what: "pkce.wasm, raw", measured: self.file("pkce.wasm").raw, most: 4096 },
            Bar { what: "pkce-wasm/pkce, all", measured: self.initial(PAIR, "pkce-wasm/pkce"), most: 4000 },
            Bar { what: "pkce-wasm, all", measured: self.initial(SIGN_IN, "pkce-wasm"), most: 12_000 },
            Bar {
                what: "pkce-wasm, below oidc-client-ts",
                measured: self.initial(SIGN_IN, "pkce-wasm"),
                most: self.initial(SIGN_IN, "oidc-client-ts").saturating_sub(1),
            },
            Bar {
                what: "pkce_twin.js, 1.6 of its wasm",
                measured: self.file("pkce_twin.js").brotli,
                most: twin("pkce.wasm"),
            },
            Bar {
                what: "client_twin.js, 1.6 of its wasm",
                measured: self.file("client_twin.js").brotli,
                most: twin("client.wasm"),
            },
        ]
    }

    fn print(&self) -> Result<()> {
        let mut job = "";
        for row in &self.rows {
            if row.job != job {
                job = row.job;
                println!("\n{job:<42}{:>8}  {:>8}  {:>8}  {:>14}", "raw", "gzip", "brotli", "later (brotli)");
            }
            let name = format!("{} {}", row.entry, row.version);
            let later = if row.lazy.raw == 0 { String::new() } else { row.lazy.brotli.to_string() };
            let Size { raw, gzip, brotli } = row.initial;
            println!("{}", format!("  {name:<40}{raw:>8}  {gzip:>8}  {brotli:>8}  {later:>14}").trim_end());
        }
        println!("\n{:<42}{:>8}  {:>8}  {:>8}", "files", "raw", "gzip", "brotli");
        for (name, Size { raw, gzip, brotli }) in &self.files {
            println!("  {name:<40}{raw:>8}  {gzip:>8}  {brotli:>8}");
        }
        println!("\n{:<42}{:>8}  {:>8}", "bars (brotli unless raw)", "measured", "at most");
        for Bar { what, measured, most } in self.bars() {
            let verdict = if measured <= most {
                format!("met, {} to spare", most.saturating_sub(measured))
            } else {
                format!("missed by {}", measured.saturating_sub(most))
            };
            println!("  {what:<40}{measured:>8}  {most:>8}  {verdict}");
        }
        println!("\n{:<42}{:>8}  {:>8}", "budget (brotli)", "measured", "at most");
        let budget = budget().unwrap_or_default();
        for (name, bytes) in self.ours() {
            let most = budget.get(name).map_or_else(|| "none".to_owned(), u64::to_string);
            println!("  {name:<40}{bytes:>8}  {most:>8}");
        }
        println!("\n{}", self.tools()?);
        Ok(())
    }

    /// What measured.
    fn tools(&self) -> Result<String> {
        let esbuild = version("esbuild", &folder())?;
        Ok(format!("esbuild {esbuild}, zlib of Node {}", read(Command::new("node").arg("--version"))?.trim()))
    }

    fn json(&self) -> Result<Value> {
        let row = |row: &Row| {
            json!({
                "job": row.job,
                "entry": row.entry,
                "version": row.version,
                "initial": row.initial.json(),
                "lazy": row.lazy.json(),
            })
        };
        let bar = |Bar { what, measured, most }| json!({ "what": what, "measured": measured, "most": most, "met": measured <= most });
        Ok(json!({
            "tools": self.tools()?,
            "entries": self.rows.iter().map(row).collect::<Vec<_>>(),
            "files": self.files.iter().map(|(name, size)| (*name, size.json())).collect::<BTreeMap<_, _>>(),
            "bars": self.bars().map(bar),
            "budget": budget().unwrap_or_default(),
        }))
    }
}
