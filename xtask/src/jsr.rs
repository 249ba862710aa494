//! The package as JSR takes it: the files of the npm package, where each script names its declarations. Nothing is published; the rehearsal is that of Deno.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::package::package_folder;
use crate::process::{root, run_quietly};
use crate::reach;

/// The entries that need neither a framework nor a shell: what is imported from elsewhere is not on JSR.
const ENTRIES: [&str; 6] = ["index", "mcp", "pkce", "slim", "testing", "trace"];

/// The scope, until the owner has one: `scope` in `[package.metadata.jsr]` of Cargo.toml.
const NOBODY: &str = "owner";

/// Makes the folder and rehearses its publication.
pub(crate) fn check() -> Result<String> {
    let folder = root().join("target/jsr");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let manifest: Value = serde_json::from_slice(&fs::read(package_folder().join("package.json"))?)?;
    let text = |member: &str| manifest.get(member).and_then(Value::as_str).context("the manifest is incomplete");
    let files = manifest.get("files").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    for file in files.filter(|file| is_taken(file)) {
        copy(&package_folder(), &folder, file)?;
    }
    let scope = scope(&fs::read_to_string(root().join("Cargo.toml"))?);
    let name = format!("@{}/{}", scope.as_deref().unwrap_or(NOBODY), text("name")?);
    let entry =
        |name: &&str| (if *name == "index" { ".".to_owned() } else { format!("./{name}") }, format!("./{name}.js"));
    let exports: serde_json::Map<_, _> = ENTRIES.iter().map(entry).map(|(from, to)| (from, json!(to))).collect();
    let jsr = json!({ "name": name, "version": text("version")?, "license": text("license")?, "exports": exports });
    fs::write(folder.join("jsr.json"), format!("{}\n", serde_json::to_string_pretty(&jsr)?))?;
    let mut deno = reach::tool("deno")?;
    deno.current_dir(&folder).args(["publish", "--dry-run", "--allow-dirty", "--quiet", "--config", "jsr.json"]);
    run_quietly(deno.env("DENO_NO_UPDATE_CHECK", "1").env("DENO_DIR", root().join("target/deno")))?;
    let owner = if scope.is_some() { "" } else { "; the owner names a scope in [package.metadata.jsr] of Cargo.toml" };
    Ok(format!("{name}, in target/jsr{owner}"))
}

/// Whether a file of the npm package is taken along: neither what belongs to a framework or a shell, nor the plain scripts.
fn is_taken(file: &str) -> bool {
    let room = file.split('/').next().unwrap_or_default();
    let stem = file.split('.').next().unwrap_or_default();
    match file.contains('/') {
        true => ["client", "dist", "engine", "guides", "mcp", "platform", "testing"].contains(&room),
        false => {
            !file.contains(".iife.") && (ENTRIES.contains(&stem) || !file.ends_with(".js") && !file.ends_with(".ts"))
        }
    }
}

/// Copies a file. A script with declarations beside it names them.
fn copy(from: &Path, to: &Path, file: &str) -> Result<()> {
    let place = to.join(file);
    fs::create_dir_all(place.parent().context("a file is in a folder")?)?;
    let declarations = file.strip_suffix(".js").map(|stem| format!("{stem}.d.ts"));
    match declarations.filter(|name| from.join(name).exists()) {
        Some(name) => {
            let name = name.rsplit('/').next().unwrap_or_default();
            let script = fs::read_to_string(from.join(file))?;
            fs::write(place, format!("/* @ts-self-types=\"./{name}\" */\n{script}"))?;
        }
        None => {
            fs::copy(from.join(file), place)?;
        }
    }
    Ok(())
}

/// The scope that the owner has filled in.
fn scope(manifest: &str) -> Option<String> {
    let (_, section) = manifest.split_once("[package.metadata.jsr]\n")?;
    let line =
        section.lines().take_while(|line| !line.starts_with('[')).find_map(|line| line.strip_prefix("scope = \""))?;
    line.strip_suffix('"').filter(|scope| !scope.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frameworks_shells_and_plain_scripts_stay_behind() {
        for good in ["index.js", "index.d.ts", "README.md", "client/client.js", "dist/client.wasm", "testing/server.js"]
        {
            assert!(is_taken(good), "{good}");
        }
        for bad in ["react.js", "react.d.ts", "index.iife.js", "index.iife.js.map", "shells/tauri.js", "bin/cli.js"] {
            assert!(!is_taken(bad), "{bad}");
        }
    }

    #[test]
    fn the_scope_is_the_owners() {
        let manifest = "[package]\nscope = \"x\"\n\n[package.metadata.jsr]\nscope = \"me\"\n\n[lib]\n";
        assert_eq!(scope(manifest), Some("me".to_owned()));
        assert_eq!(scope("[package]\nscope = \"x\"\n"), None);
    }
}
