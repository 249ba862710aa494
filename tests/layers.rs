//! The arrows between the modules run one way: vocabulary <- protocol <- face, and inside `flow` from later steps to
//! earlier ones.
#![cfg(not(target_arch = "wasm32"))]
#![cfg(test)]
#![allow(clippy::arithmetic_side_effects, clippy::string_slice, reason = "a test states what it expects by failing")]

use std::fs;
use std::path::{Path, PathBuf};

/// Each module may use those before it, in any of the groups before it; inside a group marked `Any` every module may use
/// every other, inside one marked `Earlier` only those named before it.
const GROUPS: [(Order, &[&str]); 4] = [
    (Order::Any, &["error", "secret", "encoding", "url", "random", "http", "json"]),
    (Order::Any, &["pkce", "jwt"]),
    (
        Order::Earlier,
        &[
            "flow::jwks",
            "flow::config",
            "flow::metadata",
            "flow::transaction",
            "flow::user_agent",
            "flow::authorize",
            "flow::callback",
            "flow::id_token",
            "flow::token_set",
            "flow::signature",
            "flow::token",
            "flow::session",
            "flow::challenge",
            "flow::resource",
            "flow::userinfo",
            "flow::logout",
        ],
    ),
    (Order::Any, &["web"]),
];

/// Files that use no module in order to do anything: they only name them.
const NAMING: [&str; 3] = ["lib", "flow", "runtime"];

#[derive(Clone, Copy, PartialEq)]
enum Order {
    Any,
    Earlier,
}

/// A module's group and its place in it.
fn place(module: &str) -> Option<(usize, usize)> {
    GROUPS
        .iter()
        .enumerate()
        .find_map(|(group, (_, names))| Some((group, names.iter().position(|name| *name == module)?)))
}

/// Whether the first module may use the second.
fn allowed(from: &str, to: &str) -> bool {
    let (Some((from_group, from_place)), Some((to_group, to_place))) = (place(from), place(to)) else {
        panic!("{from} uses {to}, and one of them has no place in GROUPS: give it one");
    };
    to_group < from_group || to_group == from_group && (GROUPS[to_group].0 == Order::Any || to_place <= from_place)
}

/// The module in the words of [`GROUPS`]: its first name, and inside `flow` its first two.
fn module(path: &str) -> Option<String> {
    let mut names = path.split("::");
    let first = names.next()?;
    Some(if first == "flow" { format!("flow::{}", names.next()?) } else { first.to_owned() })
}

/// The modules that a source uses by a path from `crate`, without those in comments.
fn used(source: &str) -> Vec<String> {
    let code: String = source.lines().map(|line| line.split("//").next().unwrap_or_default().trim()).collect();
    let code = code.split_once("#[cfg(test)]mod ").map_or(code.as_str(), |(shipped, _)| shipped);
    code.split("crate::").skip(1).flat_map(expand).filter_map(|path| module(&path)).collect()
}

/// The paths that begin a text: several where there is a list in braces.
fn expand(text: &str) -> Vec<String> {
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).unwrap_or(text.len());
    let (prefix, rest) = text.split_at(end);
    let Some(list) = rest.strip_prefix('{') else { return vec![prefix.to_owned()] };
    items(list).into_iter().flat_map(expand).map(|path| format!("{prefix}{path}")).collect()
}

/// The items of a list, up to the brace that closes it.
fn items(list: &str) -> Vec<&str> {
    let (mut depth, mut start, mut items) = (0, 0, Vec::new());
    for (index, character) in list.char_indices() {
        match character {
            ',' | '}' if depth == 0 => {
                items.push(list[start..index].trim());
                start = index + 1;
                if character == '}' {
                    break;
                }
            }
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
    }
    items.retain(|item| !item.is_empty());
    items
}

/// The module that a file holds: `flow::token` for `flow/token.rs`, `web` for everything in `web/`.
fn module_of(file: &Path) -> String {
    let names: Vec<_> = file.with_extension("").iter().map(|name| name.to_string_lossy().into_owned()).collect();
    match names.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["web", ..] => "web".to_owned(),
        [folder, "mod"] => folder.to_owned(),
        ref names => names.join("::"),
    }
}

/// The Rust files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] });
    files.filter(|path| path.extension().is_some_and(|end| end == "rs")).collect()
}

#[test]
fn no_arrow_runs_backwards() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut backward = Vec::new();
    let mut arrows = 0;
    for file in files(&source) {
        let from = module_of(file.strip_prefix(&source).unwrap());
        if NAMING.contains(&from.as_str()) {
            continue;
        }
        assert!(place(&from).is_some(), "{from} has no place in GROUPS: give it one");
        for to in used(&fs::read_to_string(&file).unwrap()) {
            arrows += 1;
            if !allowed(&from, &to) {
                backward.push(format!("{from} -> {to}"));
            }
        }
    }
    assert!(arrows > 50, "only {arrows} arrows were found: the paths are no longer read rightly");
    assert!(backward.is_empty(), "these modules use what comes after them: {backward:#?}");
}

#[test]
fn every_path_begins_at_the_crate() {
    for file in files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        let source = fs::read_to_string(&file).unwrap().replace("use super::*;", "");
        assert!(!source.contains("super::"), "{}: begin the path with crate::, which this test reads", file.display());
    }
}

#[test]
fn paths_are_read() {
    let source = "use crate::error::{Code, Error};\nuse crate::{jwt, flow::{session, token::{self, TokenSet}}};\n\
                  /// See [`crate::web`].\nfn f() { crate::flow::callback::g() }\n";
    assert_eq!(
        used(source),
        ["error", "error", "jwt", "flow::session", "flow::token", "flow::token", "flow::callback"]
    );
}

#[test]
fn a_backward_arrow_is_seen() {
    assert!(allowed("flow::token", "flow::id_token"));
    assert!(!allowed("flow::id_token", "flow::token"));
    assert!(!allowed("error", "pkce"));
    assert!(!allowed("pkce", "flow::config"));
    assert!(!allowed("flow::session", "web"));
    assert!(allowed("web", "flow::session"));
}
