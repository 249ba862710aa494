//! What a page says of a plain script that it loads from elsewhere: the hash by which the browser knows it (Subresource Integrity).

use std::fs;

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha384};

use crate::process::root;

/// Where the files of every package can be loaded from.
const NETWORK: &str = "https://unpkg.com";

/// Writes `integrity.json`: the hash of each script, and the line for a page.
pub(crate) fn write(entries: &[&str]) -> Result<()> {
    let package = root().join("pkg");
    let manifest: Value = serde_json::from_slice(&fs::read(package.join("package.json"))?)?;
    let text = |member: &str| manifest.get(member).and_then(Value::as_str).context("the manifest is incomplete");
    let (name, version) = (text("name")?, text("version")?);
    let mut scripts = Map::new();
    for entry in entries {
        let file = format!("{entry}.iife.js");
        let integrity = of(&fs::read(package.join(&file))?);
        let line = line(&format!("{NETWORK}/{name}@{version}/{file}"), &integrity);
        scripts.insert(file, json!({ "integrity": integrity, "script": line }));
    }
    Ok(fs::write(package.join("integrity.json"), format!("{}\n", serde_json::to_string_pretty(&scripts)?))?)
}

/// The hash, as the attribute `integrity` has it.
fn of(script: &[u8]) -> String {
    format!("sha384-{}", STANDARD.encode(Sha384::digest(script)))
}

fn line(address: &str, integrity: &str) -> String {
    format!("<script src=\"{address}\" integrity=\"{integrity}\" crossorigin=\"anonymous\"></script>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_that_of_the_example_of_the_specification() {
        // Subresource Integrity, section 3.1.
        let expected = "sha384-H8BRh8j48O9oYatfu5AZzq6A9RINhZO5H16dQZngK7T62em8MUt1FLm52t+eX6xO";
        assert_eq!(of(b"alert('Hello, world.');"), expected);
    }

    #[test]
    fn the_line_is_for_pages_of_every_origin() {
        let line = line("https://n.example/x@1/index.iife.js", "sha384-x");
        assert!(line.contains("crossorigin=\"anonymous\"") && line.ends_with("></script>"), "{line}");
    }
}
