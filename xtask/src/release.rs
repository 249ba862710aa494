//! The rehearsal of a release: both packages are built and looked at as their users will get them, and nothing is published.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use crate::process::{cargo, read, root, say, show_line};
use crate::report::{Count, Job, Report};
use crate::{build, jsr, owner, package, reach, setup, webview};

/// What the crate is called, and the npm package.
const NAME: &str = "pkce-wasm";
/// What the plugin for Tauri is called.
const PLUGIN: &str = "tauri-plugin-pkce";

/// The target of the module in the npm package.
const SHIPPED: &str = "wasm32v1-none";

/// Licences that what ships may have, each of which lets others ship it.
const LICENCES: [&str; 7] =
    ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "BSD-2-Clause", "BSD-3-Clause", "Unicode-3.0", "Zlib"];

/// Those that crates beneath the plugin may have, too: it ships as source, to applications that have them by Tauri and by TLS in any case.
const BENEATH_TAURI: [&str; 2] = ["ISC", "MPL-2.0"];

/// What makes a crate one for WebAssembly: no native build may depend on these.
const WASM_ONLY: [&str; 3] = ["wasm-bindgen", "js-sys", "web-sys"];

/// What cargo itself puts into the archive of a crate.
const BY_CARGO: [&str; 3] = [".cargo_vcs_info.json", "Cargo.lock", "Cargo.toml.orig"];

/// What npm puts into an archive without being told.
const BY_NPM: [&str; 4] = ["LICENSE-APACHE", "LICENSE-MIT", "README.md", "package.json"];

/// A check and what it found, in a few words.
type Check = (&'static str, fn() -> Result<String>);

const CHECKS: [Check; 11] = [
    ("versions", versions),
    ("owner", owner),
    ("files of the npm package", npm_files),
    ("files of the crate", crate_files),
    ("publint, attw, entries in documents", npm_checks),
    ("the package for JSR", jsr::check),
    ("cargo package", cargo_package),
    ("cargo package of the plugin", plugin_package),
    ("native dependencies", native_dependencies),
    ("licences", licences),
    ("bill of materials", bill_of_materials),
];

/// Rehearses, and prints what was found. Without `dry_run` the owner has to be known, the version has to have a date, and the commands that publish are shown.
pub(crate) fn release(dry_run: bool) -> Result<()> {
    if !dry_run {
        owner::judge(&owner::filled()?, false)?;
        let log = fs::read_to_string(root().join("CHANGELOG.md"))?;
        judge_log(&log, &version()?, false)?;
    }
    Report::run(vec![Job::new("release", "", count)], 1).finish()?;
    if !dry_run {
        say("all is well; publish in this order, by hand:");
        say(format_args!("  npm publish {}", package::archive()?.display()));
        say(format_args!("  cargo publish --package {NAME}"));
        say(format_args!("  cargo publish --manifest-path {} --package {PLUGIN}", owner::PLUGIN_MANIFEST));
    }
    Ok(())
}

/// For the test run: every check, counted.
pub(crate) fn count(count: &mut Count) -> Result<bool> {
    build::build(false)?;
    setup::npm_tools()?;
    setup::rust_targets(&[SHIPPED])?;
    for (name, check) in CHECKS {
        match check() {
            Ok(found) => {
                show_line(&format!("{name}: {found}"));
                count.passed = count.passed.saturating_add(1);
            }
            Err(error) => {
                say(format_args!("{name}: {error:#}"));
                count.failed = count.failed.saturating_add(1);
            }
        }
    }
    Ok(count.failed == 0)
}

fn json_of(place: &Path) -> Result<Value> {
    let text = fs::read(place).with_context(|| format!("cannot read {}", place.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("{} is not JSON", place.display()))
}

fn text<'a>(value: &'a Value, member: &str) -> Result<&'a str> {
    value.get(member).and_then(Value::as_str).with_context(|| format!("there is no {member}"))
}

/// The version of the crate, as cargo reads it.
fn version() -> Result<String> {
    let metadata = read(cargo().args(["metadata", "--no-deps", "--format-version=1"]))?;
    let metadata: Value = serde_json::from_str(&metadata)?;
    let mut packages = metadata.get("packages").and_then(Value::as_array).into_iter().flatten();
    let package = packages.find(|package| package.get("name").is_some_and(|name| name == NAME));
    Ok(text(package.context("cargo knows no such crate")?, "version")?.to_owned())
}

/// The same version everywhere, and the change log knows it, or has what will be it under `[Unreleased]`.
fn versions() -> Result<String> {
    let version = version()?;
    let npm = json_of(&root().join("pkg/package.json"))?;
    ensure!(
        text(&npm, "version")? == version,
        "pkg/package.json says {}, Cargo.toml {version}",
        text(&npm, "version")?
    );
    let log = fs::read_to_string(root().join("CHANGELOG.md"))?;
    judge_log(&log, &version, true)
}

/// What the owner has filled in, the same in every package.
fn owner() -> Result<String> {
    owner::check(false)?;
    owner::judge(&owner::filled()?, true)
}

/// What the change log says of a version.
fn judge_log(log: &str, version: &str, is_rehearsal: bool) -> Result<String> {
    let headings: Vec<_> = log.lines().filter_map(|line| line.strip_prefix("## [")?.split_once(']')).collect();
    let unreleased = headings.iter().any(|(name, _)| *name == "Unreleased");
    let releases: Vec<_> = headings.into_iter().filter(|(name, _)| *name != "Unreleased").collect();
    match releases.first() {
        Some((name, date)) if *name == version => {
            let date = date.strip_prefix(" - ").unwrap_or_default();
            let digits = date.bytes().filter(u8::is_ascii_digit).count();
            ensure!(
                digits == 8 && date.len() == 10,
                "CHANGELOG.md gives {version} no date, as in `## [{version}] - 2026-01-31`"
            );
            Ok(format!("{version}, of {date}"))
        }
        _ if releases.iter().any(|(name, _)| *name == version) => {
            bail!("CHANGELOG.md has releases after {version}: raise the versions in Cargo.toml and pkg/package.json")
        }
        _ if unreleased && is_rehearsal => Ok(format!("{version}; [Unreleased] in CHANGELOG.md becomes it")),
        _ => bail!("CHANGELOG.md has no `## [{version}] - ` with its date"),
    }
}

/// What is in one list and not in the other.
fn compare(found: &BTreeSet<String>, wanted: &BTreeSet<String>) -> Result<String> {
    let list = |names: Vec<&String>| names.into_iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    let (more, less) = (list(found.difference(wanted).collect()), list(wanted.difference(found).collect()));
    ensure!(more.is_empty() && less.is_empty(), "not wanted: [{more}]; missing: [{less}]");
    Ok(format!("{} files, all of them wanted", found.len()))
}

/// The archive holds what the manifest names, one by one, and what npm adds.
fn npm_files() -> Result<String> {
    let listed = read(Command::new("tar").arg("-tzf").arg(package::archive()?))?;
    let found = listed.lines().filter_map(|line| line.strip_prefix("package/")).map(str::to_owned).collect();
    let manifest = json_of(&root().join("pkg/package.json"))?;
    let named = manifest.get("files").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    compare(&found, &named.chain(BY_NPM).map(str::to_owned).collect())
}

/// The crate holds its sources, as git knows them, and nothing that lies about.
fn crate_files() -> Result<String> {
    let listed = read(cargo().args(["package", "--quiet", "--package", NAME, "--list", "--allow-dirty"]))?;
    let found = listed.lines().map(str::to_owned).collect();
    let known = ["ls-files", "--", "src", "Cargo.toml", "README.md", "CHANGELOG.md", "ERRORS.md", "LICENSE-*"];
    let known = read(Command::new("git").current_dir(root()).args(known))?;
    compare(&found, &known.lines().chain(BY_CARGO).map(str::to_owned).collect())
}

fn npm_checks() -> Result<String> {
    let rows = reach::checks()?;
    let about = |row: &Value, member: &str| text(row, member).unwrap_or_default().to_owned();
    let failed: Vec<_> = rows.iter().filter(|row| about(row, "status") != "ok").collect();
    let sentences: Vec<_> =
        failed.iter().map(|row| format!("{}: {}", about(row, "name"), about(row, "remark"))).collect();
    ensure!(failed.is_empty(), "{}", sentences.join("; "));
    Ok(rows.iter().map(|row| about(row, "with")).filter(|with| !with.is_empty()).collect::<Vec<_>>().join(", "))
}

/// The crate builds from its own archive, without a warning.
fn cargo_package() -> Result<String> {
    let mut command = cargo();
    command.args(["package", "--package", NAME, "--locked", "--allow-dirty", "--color=never"]);
    packaged(&mut command)
}

/// The plugin holds its sources, as git knows them, has the version of the crate that it is built upon, and builds from its own archive: with this crate,
/// which is published before it.
fn plugin_package() -> Result<String> {
    let version = version()?;
    let manifest = fs::read_to_string(root().join(owner::PLUGIN_MANIFEST))?;
    for line in [format!("version = \"{version}\""), format!("pkce-wasm = {{ version = \"{version}\"")] {
        ensure!(manifest.lines().any(|found| found.starts_with(&line)), "{} has no `{line}`", owner::PLUGIN_MANIFEST);
    }
    webview::install_libraries()?;
    let this = format!("patch.crates-io.{NAME}.path={:?}", root().display().to_string());
    let package = |more: &[&str]| {
        let mut command = cargo();
        command.args([
            "package",
            "--manifest-path",
            owner::PLUGIN_MANIFEST,
            "--package",
            PLUGIN,
            "--locked",
            "--allow-dirty",
        ]);
        command.args(["--config", &this, "--color=never", "--target-dir"]).arg(webview::target()).args(more);
        command
    };
    let found = read(&mut package(&["--quiet", "--list"]))?.lines().map(str::to_owned).collect();
    let known = ["ls-files", "--", "src", "permissions", "Cargo.toml", "build.rs", "README.md", "LICENSE-*"];
    let known = read(Command::new("git").current_dir(root().join("plugin")).args(known))?;
    compare(&found, &known.lines().chain(BY_CARGO).map(str::to_owned).collect())?;
    packaged(&mut package(&[]))
}

fn packaged(command: &mut Command) -> Result<String> {
    let output = command.output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{said}");
    // The tests stay in the repository.
    let mut warnings = said.lines().filter(|line| line.starts_with("warning") && !line.contains("ignoring test"));
    if let Some(warning) = warnings.next() {
        bail!("{warning}");
    }
    let packaged = said.lines().find_map(|line| line.trim().strip_prefix("Packaged "));
    Ok(packaged.context("cargo packaged nothing")?.to_owned())
}

/// A crate that ships, and which crates it depends on.
#[derive(Default)]
struct Shipped {
    licence: String,
    needs: BTreeSet<String>,
}

/// The crates that a build for a target consists of, by name and version, this one first: no build scripts, no macros.
fn tree(target: &str) -> Result<BTreeMap<String, Shipped>> {
    tree_of(&["--package", NAME, "--target", target])
}

/// The same of the package that these arguments name.
fn tree_of(which: &[&str]) -> Result<BTreeMap<String, Shipped>> {
    let edges = ["--edges", "normal,no-proc-macro", "--prefix", "depth", "--no-dedupe", "--format", " {p}|{l}"];
    let tree = read(cargo().args(["tree", "--locked"]).args(which).args(edges))?;
    let mut all: BTreeMap<String, Shipped> = BTreeMap::new();
    let mut path: Vec<String> = Vec::new();
    for line in tree.lines() {
        let (depth, rest) = line.split_once(' ').context("cargo tree prints no depth")?;
        let (krate, licence) = rest.split_once('|').context("cargo tree prints no licence")?;
        let mut words = krate.split(' ');
        let (name, version) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let id = format!("{name}@{}", version.trim_start_matches('v'));
        path.truncate(depth.parse()?);
        if let Some(parent) = path.last().and_then(|parent| all.get_mut(parent)) {
            parent.needs.insert(id.clone());
        }
        licence.clone_into(&mut all.entry(id.clone()).or_default().licence);
        path.push(id);
    }
    Ok(all)
}

/// The target of this machine.
fn host() -> Result<String> {
    let said = read(Command::new("rustc").current_dir(root()).arg("-vV"))?;
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc does not say what it runs on")?.to_owned())
}

/// A server or a native application gets nothing that is for WebAssembly.
fn native_dependencies() -> Result<String> {
    let tree = tree(&host()?)?;
    let name = |id: &String| id.split('@').next().unwrap_or_default().to_owned();
    let names: Vec<_> = tree.keys().map(name).collect();
    let foreign: Vec<_> = WASM_ONLY.into_iter().filter(|wasm| names.iter().any(|name| name == wasm)).collect();
    ensure!(foreign.is_empty(), "a native build depends on {}", foreign.join(", "));
    Ok(format!("{} crates, none of them for WebAssembly", names.len().saturating_sub(1)))
}

/// Whether an expression lets what ships be under licences that may ship. It is a choice, or several choices in parentheses
/// that all hold: nothing else occurs.
fn is_allowed(expression: &str) -> bool {
    is_among(expression, &LICENCES)
}

/// The same for another list.
fn is_among(expression: &str, licences: &[&str]) -> bool {
    let is_choice = |choice: &str| {
        choice.trim_matches(['(', ')', ' ']).split(" OR ").any(|licence| licences.contains(&licence.trim()))
    };
    let expression = expression.replace('/', " OR ");
    if expression.contains('(') || !expression.contains(" OR ") {
        expression.split(" AND ").all(is_choice)
    } else {
        !expression.contains(" AND ") && is_choice(&expression)
    }
}

fn licences() -> Result<String> {
    let mut all = tree(SHIPPED)?;
    all.extend(tree(&host()?)?);
    let plugin = tree_of(&["--manifest-path", owner::PLUGIN_MANIFEST, "--package", PLUGIN])?;
    let beneath = [LICENCES.as_slice(), &BENEATH_TAURI].concat();
    let refused = all.iter().filter(|(_, krate)| !is_allowed(&krate.licence));
    let refused = refused.chain(plugin.iter().filter(|(_, krate)| !is_among(&krate.licence, &beneath)));
    let refused: Vec<_> = refused.collect();
    let sentences: Vec<_> = refused.iter().map(|(id, krate)| format!("{id}: {}", krate.licence)).collect();
    ensure!(refused.is_empty(), "{}", sentences.join(", "));
    let kinds: BTreeSet<_> = all.values().map(|krate| krate.licence.as_str()).collect();
    Ok(kinds.into_iter().collect::<Vec<_>>().join("; "))
}

/// A bill of materials for each package, in the form of CycloneDX 1.6.
fn bill_of_materials() -> Result<String> {
    let folder = root().join("target/release-bom");
    fs::create_dir_all(&folder)?;
    let checksums = checksums()?;
    let version = version()?;
    let mut written = Vec::new();
    for (kind, target) in [("npm", SHIPPED.to_owned()), ("cargo", host()?)] {
        let bill = bill(kind, &version, &tree(&target)?, &checksums);
        let place = folder.join(format!("{NAME}-{kind}.cdx.json"));
        fs::write(&place, format!("{}\n", serde_json::to_string_pretty(&bill)?))?;
        written.push(place.strip_prefix(root()).unwrap_or(&place).display().to_string());
    }
    Ok(written.join(", "))
}

fn bill(kind: &str, version: &str, tree: &BTreeMap<String, Shipped>, checksums: &BTreeMap<String, String>) -> Value {
    let own = format!("{NAME}@{version}");
    let reference = |id: &str| if id == own { format!("pkg:{kind}/{own}") } else { format!("pkg:cargo/{id}") };
    let component = |id: &String, krate: &Shipped| {
        let (name, version) = id.split_once('@').unwrap_or((id, ""));
        let mut component = json!({
            "type": "library",
            "bom-ref": reference(id),
            "purl": reference(id),
            "name": name,
            "version": version,
            "licenses": [{ "expression": krate.licence.replace('/', " OR ") }],
        });
        if let (Some(checksum), Some(members)) = (checksums.get(id), component.as_object_mut()) {
            members.insert("hashes".to_owned(), json!([{ "alg": "SHA-256", "content": checksum }]));
        }
        component
    };
    let components: Vec<_> =
        tree.iter().filter(|(id, _)| **id != own).map(|(id, krate)| component(id, krate)).collect();
    let needs = |(id, krate): (&String, &Shipped)| json!({ "ref": reference(id), "dependsOn": krate.needs.iter().map(|id| reference(id)).collect::<Vec<_>>() });
    json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": { "component": tree.get(&own).map(|krate| component(&own, krate)) },
        "components": components,
        "dependencies": tree.iter().map(needs).collect::<Vec<_>>(),
    })
}

/// The checksums of `Cargo.lock`, by name and version.
fn checksums() -> Result<BTreeMap<String, String>> {
    let lock = fs::read_to_string(root().join("Cargo.lock"))?;
    let member = |part: &str, name: &str| {
        let line = part.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" = \""));
        line.and_then(|line| line.strip_suffix('"')).map(str::to_owned)
    };
    let entry = |part: &str| {
        let id = format!("{}@{}", member(part, "name")?, member(part, "version")?);
        Some((id, member(part, "checksum")?))
    };
    Ok(lock.split("[[package]]").filter_map(entry).collect())
}

#[cfg(test)]
mod tests {
    use super::{is_allowed, judge_log};

    #[test]
    fn a_licence_is_allowed_when_one_of_its_alternatives_is() {
        for good in ["MIT", "MIT OR Apache-2.0", "MIT/Apache-2.0", "(MIT OR GPL-3.0) AND Unicode-3.0", "GPL-3.0 OR MIT"]
        {
            assert!(is_allowed(good), "{good}");
        }
        for bad in ["", "GPL-3.0", "MIT AND GPL-3.0", "MITx"] {
            assert!(!is_allowed(bad), "{bad}");
        }
    }

    #[test]
    fn the_change_log_has_to_know_the_version() {
        let (old, new) = ("## [0.1.0] - 2025-01-31", "## [0.2.0] - 2026-01-31");
        for good in ["## [Unreleased]", &["## [Unreleased]", old].join("\n"), new, &[new, old].join("\n")] {
            assert!(judge_log(good, "0.2.0", true).is_ok(), "{good}");
            assert_eq!(judge_log(good, "0.2.0", false).is_ok(), good.contains("[0.2.0]"), "{good}");
        }
        for bad in ["", "## [0.1.0] - 2026-01-31", "## [0.2.0]", "## [0.3.0] - 2026-01-31\n## [0.2.0] - 2025-01-31"] {
            assert!(judge_log(bad, "0.2.0", true).is_err(), "{bad}");
        }
    }
}
