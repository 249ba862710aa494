//! Who publishes. The owner fills `repository` and `homepage` in `[package]` of the root's Cargo.toml: the npm package takes
//! them from there when it is packed, and `cargo xtask lint --fix` copies them into the plugin, whose workspace is another one.

use std::fs;

use anyhow::{Result, ensure};

use crate::process::root;

/// The plugin's manifest. Its workspace holds the demo application too: their dependencies are built once.
pub(crate) const PLUGIN_MANIFEST: &str = "plugin/Cargo.toml";

/// The members, in the order in which they stand.
const MEMBERS: [&str; 2] = ["repository", "homepage"];

/// The member of the npm package's manifest that they follow.
const AFTER: &str = "  \"license\": ";

/// The member of `[package]` that follows them.
const BEFORE: &str = "documentation = ";

/// What the owner has filled in: the members that are there.
pub(crate) fn filled() -> Result<Vec<(&'static str, String)>> {
    Ok(read(&fs::read_to_string(root().join("Cargo.toml"))?))
}

/// The manifest of the npm package, with what the owner has filled in. Its text is edited: the order of its members counts.
pub(crate) fn in_npm(manifest: &str, filled: &[(&'static str, String)]) -> String {
    let mut lines = Vec::new();
    for line in manifest.lines() {
        lines.push(line.to_owned());
        if line.starts_with(AFTER) {
            lines.extend(filled.iter().map(|(member, value)| match *member {
                "repository" => format!("  \"repository\": {{ \"type\": \"git\", \"url\": \"git+{value}.git\" }},"),
                _ => format!("  \"{member}\": \"{value}\","),
            }));
        }
    }
    lines.join("\n") + "\n"
}

/// Compares the plugin with the root, or copies.
pub(crate) fn check(fix: bool) -> Result<()> {
    let place = root().join(PLUGIN_MANIFEST);
    let (plugin, filled) = (fs::read_to_string(&place)?, filled()?);
    let wanted = write(&plugin, &filled);
    if fix && wanted != plugin {
        fs::write(&place, &wanted)?;
    }
    ensure!(fix || wanted == plugin, "{} names another owner: cargo xtask lint --fix copies it", PLUGIN_MANIFEST);
    Ok(())
}

/// What is filled in, in a few words; an error where a release cannot do without what is missing.
pub(crate) fn judge(filled: &[(&'static str, String)], is_rehearsal: bool) -> Result<String> {
    let missing: Vec<_> =
        MEMBERS.into_iter().filter(|member| !filled.iter().any(|(found, _)| found == member)).collect();
    let list = missing.join(" and ");
    ensure!(missing.is_empty() || is_rehearsal, "the owner fills in {list}: in [package] of Cargo.toml");
    for (member, value) in filled {
        ensure!(
            value.starts_with("https://") && !value.ends_with(".git") && !value.ends_with('/'),
            "{member} is an address that begins with https:// and ends with neither a slash nor .git, not {value}"
        );
    }
    if missing.is_empty() {
        Ok(filled.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>().join(", "))
    } else {
        Ok(format!("Cargo.toml has no {list} yet: the release itself refuses without"))
    }
}

/// The part of a manifest that is about its package.
fn package(manifest: &str) -> impl Iterator<Item = &str> {
    let lines = manifest.lines().skip_while(|line| *line != "[package]").skip(1);
    lines.take_while(|line| !line.starts_with('['))
}

fn read(manifest: &str) -> Vec<(&'static str, String)> {
    let value = |member: &str| {
        let line = package(manifest).find_map(|line| line.strip_prefix(member)?.strip_prefix(" = \""));
        line.and_then(|line| line.strip_suffix('"')).filter(|value| !value.is_empty()).map(str::to_owned)
    };
    MEMBERS.into_iter().filter_map(|member| Some((member, value(member)?))).collect()
}

/// The manifest with these members, and no others of their names, in its part about the package.
fn write(manifest: &str, filled: &[(&'static str, String)]) -> String {
    let is_member = |line: &str| MEMBERS.iter().any(|member| line.starts_with(&format!("{member} = ")));
    let mut lines = Vec::new();
    for line in manifest.lines().filter(|line| !is_member(line)) {
        if line.starts_with(BEFORE) {
            lines.extend(filled.iter().map(|(member, value)| format!("{member} = \"{value}\"")));
        }
        lines.push(line.to_owned());
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLUGIN: &str = "[package]\nname = \"p\"\ndocumentation = \"d\"\n\n[dependencies]\nx = \"1\"\n";

    fn owner() -> Vec<(&'static str, String)> {
        vec![("repository", "https://r.example/o/x".to_owned()), ("homepage", "https://h.example".to_owned())]
    }

    #[test]
    fn what_the_owner_fills_in_is_read_written_and_changed() {
        let written = write(PLUGIN, &owner());
        assert_eq!(read(&written), owner());
        assert_eq!(write(&written, &owner()), written);
        let other = vec![("repository", "https://s.example".to_owned())];
        assert_eq!(read(&write(&written, &other)), other);
        assert_eq!(write(&written, &[]), PLUGIN);
        assert!(read("[package]\nrepository = \"\"\n[x]\nhomepage = \"https://h.example\"\n").is_empty());
    }

    #[test]
    fn the_npm_package_has_it_in_the_form_of_npm() {
        let manifest = "{\n  \"license\": \"MIT\",\n  \"type\": \"module\"\n}\n";
        let read: serde_json::Value = serde_json::from_str(&in_npm(manifest, &owner())).unwrap_or_default();
        let repository = serde_json::json!({ "type": "git", "url": "git+https://r.example/o/x.git" });
        assert_eq!(read.get("repository"), Some(&repository));
        assert_eq!(read.get("homepage").and_then(|homepage| homepage.as_str()), Some("https://h.example"));
        assert_eq!(in_npm(manifest, &[]), manifest);
    }

    #[test]
    fn a_release_wants_both_and_a_rehearsal_says_what_is_missing() {
        assert!(judge(&owner(), false).is_ok());
        let half = vec![("homepage", "https://h.example".to_owned())];
        assert!(judge(&half, false).is_err() && judge(&[], false).is_err());
        assert!(judge(&half, true).is_ok_and(|said| said.contains("no repository yet")));
        for bad in ["http://r.example", "https://r.example/", "https://r.example/x.git", "git@r.example:x"] {
            assert!(judge(&[("repository", bad.to_owned())], true).is_err(), "{bad}");
        }
    }
}
