//! What a user ships: an application bundled and minified around each entry, beside the same application around each peer.
//!
//! The sizes are those of Node's zlib, which holds the reference encoders of gzip and brotli, at their best levels. What a
//! page loads at once counts; what it loads on demand is listed apart.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};

use crate::bars::{self, Bar, Limit};
use crate::process::{read, root, run_quietly, say};
use crate::report::Count;
use crate::rooms::Script;
use crate::{before, build, package, rooms, setup};

/// What is wanted beside the table.
#[derive(Debug, Default)]
pub(crate) struct Options {
    /// Print JSON.
    pub(crate) json: bool,
    /// Fail when an entry is larger than its budget.
    pub(crate) check: bool,
    /// Set the budget to what is measured and one per cent.
    pub(crate) update: bool,
    /// Say which functions and files the bytes are in.
    pub(crate) attribute: bool,
}

/// An application: what it does, around what, and its file in `tests/size/apps/`.
struct App {
    job: &'static str,
    entry: &'static str,
    file: &'static str,
}

const PAIR: &str = "a verifier and its challenge";
const SIGN_IN: &str = "sign-in, callback, session";
const MEETING: &str = "sign-in to MCP servers";
const PRIMITIVES: &str = "pkce-wasm/pkce";
const CLIENT: &str = "pkce-wasm";
const MCP: &str = "pkce-wasm/mcp";

const APPS: [App; 13] = [
    App { job: PAIR, entry: PRIMITIVES, file: "pair-pkce-wasm" },
    App { job: PAIR, entry: "pkce-challenge", file: "pair-pkce-challenge" },
    App { job: PAIR, entry: "oauth4webapi", file: "pair-oauth4webapi" },
    App { job: PAIR, entry: "openid-client", file: "pair-openid-client" },
    App { job: SIGN_IN, entry: CLIENT, file: "sign-in-pkce-wasm" },
    App { job: SIGN_IN, entry: "pkce-wasm/slim", file: "sign-in-pkce-wasm-slim" },
    App { job: SIGN_IN, entry: "oauth4webapi", file: "sign-in-oauth4webapi" },
    App { job: SIGN_IN, entry: "openid-client", file: "sign-in-openid-client" },
    App { job: SIGN_IN, entry: "oidc-client-ts", file: "sign-in-oidc-client-ts" },
    App { job: SIGN_IN, entry: "@auth0/auth0-spa-js", file: "sign-in-auth0-spa-js" },
    App { job: SIGN_IN, entry: "@azure/msal-browser", file: "sign-in-msal-browser" },
    App { job: MEETING, entry: MCP, file: "sign-in-pkce-wasm-mcp" },
    App { job: MEETING, entry: "@modelcontextprotocol/sdk", file: "sign-in-mcp-sdk" },
];

/// The files of the package that are also weighed alone, as it is and as 0.1.0 had them.
const FILES: [&str; 5] = ["pkce_twin.js", "client.wasm", "start_bytes.js", "later_bytes.js", "client_twin.js"];
const FILES_BEFORE: [&str; 3] = ["pkce_twin.js", "client.wasm", "client_twin.js"];
const PKCE_WASM: &str = "pkce.wasm";

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
    /// Whether it is the package as 0.1.0 had it.
    before: bool,
    /// All that the page loads at once.
    initial: Size,
    /// What it loads when it is used.
    parts: Size,
    /// The twin, for which there is no need where WebAssembly runs.
    twin: Size,
    /// The files of which each script is made, with their bytes in it.
    scripts: Vec<Script>,
}

impl Row {
    /// All that it may load, but for the twin.
    fn all(&self) -> Size {
        self.initial.plus(self.parts)
    }
}

/// Everything that was measured.
struct Measured {
    rows: Vec<Row>,
    files: BTreeMap<&'static str, Size>,
    files_before: BTreeMap<&'static str, Size>,
}

/// Measures, prints, and compares with the budget.
pub(crate) fn size(options: &Options) -> Result<()> {
    let measured = measure(before::install()?.as_deref())?;
    let rooms = if options.attribute { Some(rooms::attribute(measured.scripts())?) } else { None };
    if options.json {
        let mut json = measured.json()?;
        if let (Some(rooms), Some(json)) = (&rooms, json.as_object_mut()) {
            json.insert("where".to_owned(), rooms.json());
        }
        println!("{}", serde_json::to_string_pretty(&json)?);
    } else {
        measured.print()?;
        rooms.iter().for_each(rooms::Rooms::print);
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
    let measured = measure(None)?;
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

/// Builds the package and the applications, and weighs them; also those of 0.1.0, where it is installed.
fn measure(before: Option<&Path>) -> Result<Measured> {
    build::build(false)?;
    setup::node()?;
    setup::npm_packages(&folder())?;
    let installed = package::install()?;
    let mut rows = Vec::new();
    for app in &APPS {
        rows.push(weigh(app, &installed, false)?);
        if let Some(before) = before.filter(|_| app.entry.starts_with("pkce-wasm") && app.job != MEETING) {
            rows.push(weigh(app, before, true)?);
        }
    }
    let weighed = |names: &[&'static str], folder: &Path| -> Result<BTreeMap<_, _>> {
        let places: Vec<_> = names.iter().map(|name| folder.join(name)).collect();
        Ok(names.iter().copied().zip(sizes(&places)?).collect())
    };
    let dist = "node_modules/pkce-wasm/dist";
    let mut files = weighed(&FILES, &installed.join(dist))?;
    // The wasm of the primitives travels inlined only, and is no file of the package.
    files.extend(weighed(&[PKCE_WASM], &root().join("pkg/dist"))?);
    let mut files_before = BTreeMap::new();
    if let Some(before) = before {
        files_before.extend(weighed(&FILES_BEFORE, &before.join(dist))?);
        files_before.extend(weighed(&[PKCE_WASM], before)?);
    }
    Ok(Measured { rows, files, files_before })
}

/// Bundles an application and weighs what comes out.
fn weigh(app: &App, installed: &Path, before: bool) -> Result<Row> {
    let out = root().join(if before { "target/size/before" } else { "target/size/now" }).join(app.file);
    if out.exists() {
        fs::remove_dir_all(&out)?;
    }
    fs::create_dir_all(&out)?;
    let metafile = out.join("meta.json");
    run_quietly(
        setup::script_of(&folder(), "esbuild")
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
    let initial = initial(outputs, &format!("apps/{}.js", app.file));
    let files = |output: &Value| -> Vec<(String, u64)> {
        let inputs = output.get("inputs").and_then(Value::as_object).into_iter().flatten();
        let bytes = |input: &Value| input.get("bytesInOutput").and_then(Value::as_u64);
        inputs.filter_map(|(name, input)| Some((name.clone(), bytes(input)?))).collect()
    };
    let mut row = Row {
        job: app.job,
        entry: app.entry,
        version: version(app.entry, installed)?,
        before,
        initial: Size::default(),
        parts: Size::default(),
        twin: Size::default(),
        scripts: Vec::new(),
    };
    for (name, output) in outputs {
        let files = files(output);
        let (when, of) = if initial.contains(name) {
            ("first load", &mut row.initial)
        } else if files.iter().any(|(file, _)| file.ends_with("_twin.js")) {
            ("twin", &mut row.twin)
        } else {
            ("later", &mut row.parts)
        };
        *of = sizes(&[folder().join(name)])?.into_iter().fold(*of, Size::plus);
        row.scripts.push(Script { when, files });
    }
    Ok(row)
}

/// The outputs that a page loads at once: the entry, and what it imports but for what it imports when it is used.
fn initial(outputs: &Map<String, Value>, source: &str) -> Vec<String> {
    let imports = |output: &Value| -> Vec<String> {
        let all = output.get("imports").and_then(Value::as_array).into_iter().flatten();
        let at_once = all.filter(|import| import.get("kind").is_none_or(|kind| kind != "dynamic-import"));
        at_once.filter_map(|import| Some(import.get("path")?.as_str()?.to_owned())).collect()
    };
    let is_entry = |output: &Value| output.get("entryPoint").is_some_and(|entry| entry == source);
    let mut initial: Vec<String> =
        outputs.iter().filter(|(_, output)| is_entry(output)).map(|(name, _)| name.clone()).collect();
    let mut at = 0;
    while let Some(output) = initial.get(at).and_then(|name| outputs.get(name)) {
        for import in imports(output) {
            if outputs.contains_key(&import) && !initial.contains(&import) {
                initial.push(import);
            }
        }
        at = at.saturating_add(1);
    }
    initial
}

/// The sizes of files, in their order.
fn sizes(files: &[PathBuf]) -> Result<Vec<Size>> {
    let text = read(Command::new("node").current_dir(folder()).arg("measure.js").args(files))?;
    let values: Vec<Value> = serde_json::from_str(&text).context("tests/size/measure.js printed no JSON")?;
    let number = |value: &Value, name: &str| value.get(name).and_then(Value::as_u64).context("a size is missing");
    let size = |value: &Value| {
        Ok(Size { raw: number(value, "raw")?, gzip: number(value, "gzip")?, brotli: number(value, "brotli")? })
    };
    values.iter().map(size).collect()
}

/// Bytes as the bars have them: no file is so large that it would lose one.
fn bytes(number: u64) -> f64 {
    u32::try_from(number).map_or(f64::INFINITY, f64::from)
}

/// The version of the package that holds an entry.
fn version(entry: &str, installed: &Path) -> Result<String> {
    let modules =
        if entry.starts_with("pkce-wasm") { installed.join("node_modules") } else { folder().join("node_modules") };
    let name = if entry.starts_with("pkce-wasm") { "pkce-wasm" } else { entry };
    package::version_in(&modules.join(name))
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
    fn row(&self, entry: &str, before: bool) -> Option<&Row> {
        self.rows.iter().find(|row| row.entry == entry && row.before == before)
    }

    fn file(&self, name: &str) -> Size {
        self.files.get(name).copied().unwrap_or_default()
    }

    /// What is in the scripts of the application that signs in.
    fn scripts(&self) -> &[Script] {
        self.row(CLIENT, false).map(|row| row.scripts.as_slice()).unwrap_or_default()
    }

    /// What `pkce-wasm/mcp` adds to an application that has `pkce-wasm`, with all parts of both.
    fn on_top(&self) -> u64 {
        let all = |entry| self.row(entry, false).map(Row::all).unwrap_or_default().brotli;
        all(MCP).saturating_sub(all(CLIENT))
    }

    /// What the budget is about: the entries, at once and with all their parts, what one adds to another, and the twins.
    fn ours(&self) -> impl Iterator<Item = (String, u64)> {
        let is_ours = |row: &&Row| row.entry.starts_with("pkce-wasm") && row.job != MEETING && !row.before;
        let rows = self.rows.iter().filter(is_ours);
        let entries = rows.flat_map(|row| {
            let all = (row.job == SIGN_IN).then(|| (format!("{}, all parts", row.entry), row.all().brotli));
            std::iter::once((row.entry.to_owned(), row.initial.brotli)).chain(all)
        });
        let twins = self.files.iter().filter(|(name, _)| name.ends_with("_twin.js"));
        let on_top = std::iter::once((format!("{MCP}, on top"), self.on_top()));
        entries.chain(on_top).chain(twins.map(|(name, size)| ((*name).to_owned(), size.brotli)))
    }

    /// A sentence for each that is larger than its budget, or has none.
    fn grown(&self) -> Result<Vec<String>> {
        let budget = budget()?;
        let judge = |(name, bytes): (String, u64)| match budget.get(&name) {
            Some(most) if bytes <= *most => None,
            Some(most) => Some(format!("{name} is {bytes} bytes, {} too many", bytes.saturating_sub(*most))),
            None => Some(format!("{name} has no budget")),
        };
        Ok(self.ours().filter_map(judge).collect())
    }

    /// The bars that the project has set itself.
    fn bars(&self) -> Vec<Bar> {
        let brotli = |entry: &str, of: fn(&Row) -> Size| {
            let bytes = |before| Some(of(self.row(entry, before)?).brotli);
            (bytes(false).unwrap_or_default(), bytes(true))
        };
        let file = |name: &str, of: fn(&Size) -> u64| (of(&self.file(name)), self.files_before.get(name).map(of));
        let twin = |module: &str| self.file(module).brotli.saturating_mul(8).div_ceil(5);
        let (first, all) = (brotli(CLIENT, |row| row.initial), brotli(CLIENT, Row::all));
        let bars = [
            ("sign-in, first load", first, 29_000),
            ("sign-in, all parts loaded", all, 33_000),
            ("pkce-wasm/mcp, on top of pkce-wasm", (self.on_top(), None), 4000),
            ("pkce-wasm/pkce", brotli(PRIMITIVES, |row| row.initial), 4000),
            ("pkce.wasm, raw", file(PKCE_WASM, |size| size.raw), 4096),
            ("pkce_twin.js, 1.6 of its wasm", file("pkce_twin.js", |size| size.brotli), twin(PKCE_WASM)),
            ("client_twin.js, 1.6 of its wasm", file("client_twin.js", |size| size.brotli), twin("client.wasm")),
        ];
        let bar = |(what, (measured, before), most): (&str, (u64, Option<u64>), u64)| Bar {
            what: what.to_owned(),
            measured: bytes(measured),
            half: None,
            before: before.map(bytes),
            limit: Limit::AtMost(bytes(most)),
        };
        bars.into_iter().map(bar).collect()
    }

    fn print(&self) -> Result<()> {
        let mut job = "";
        for row in &self.rows {
            if row.job != job {
                job = row.job;
                println!("\n{job:<42}{:>8}  {:>8}  {:>8}  {:>9}  {:>8}", "raw", "gzip", "brotli", "all parts", "twin");
            }
            let name = format!("{} {}{}", row.entry, row.version, if row.before { ", as it was" } else { "" });
            let some = |Size { brotli, .. }: Size| if brotli == 0 { String::new() } else { brotli.to_string() };
            let all = if row.parts == Size::default() { String::new() } else { row.all().brotli.to_string() };
            let Size { raw, gzip, brotli } = row.initial;
            let line = format!("  {name:<40}{raw:>8}  {gzip:>8}  {brotli:>8}  {all:>9}  {:>8}", some(row.twin));
            println!("{}", line.trim_end());
        }
        println!("\n{:<42}{:>8}  {:>8}  {:>8}", "files", "raw", "gzip", "brotli");
        for (name, Size { raw, gzip, brotli }) in &self.files {
            println!("  {name:<40}{raw:>8}  {gzip:>8}  {brotli:>8}");
        }
        bars::print("bars (brotli unless raw)", &self.bars());
        println!("\n{:<42}{:>8}  {:>8}", "budget (brotli)", "measured", "at most");
        let budget = budget().unwrap_or_default();
        for (name, bytes) in self.ours() {
            let most = budget.get(&name).map_or_else(|| "none".to_owned(), u64::to_string);
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
                "before": row.before,
                "initial": row.initial.json(),
                "all": row.all().json(),
                "twin": row.twin.json(),
            })
        };
        Ok(json!({
            "tools": self.tools()?,
            "entries": self.rows.iter().map(row).collect::<Vec<_>>(),
            "files": self.files.iter().map(|(name, size)| (*name, size.json())).collect::<BTreeMap<_, _>>(),
            "bars": self.bars().iter().map(Bar::json).collect::<Vec<_>>(),
            "budget": budget().unwrap_or_default(),
        }))
    }
}
