//! What a module carries that no call reaches and no tool can see to be so: it is taken out of the module's text, before the optimiser
//! removes what only it was there for.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// How the functions of the table begin that belong to closures of Rust in the hands of JavaScript: js-sys describes the arguments of each of its
/// methods to wasm-bindgen, which leaves them there. This crate makes no such closure.
const CLOSURES: [&str; 4] =
    ["$wasm_bindgen::convert::closures::", "$\"wasm_bindgen::convert::closures::", "$js_sys::", "$\"js_sys::"];

/// The end of a function that a boxed closure is called by, in short names and in whole ones. Nothing is boxed.
const BOXED: [&str; 2] = ["{{vtable.shim}}", "{shim:vtable"];

/// What is called in their place.
const TRAP: &str = "$dead-closure";

/// What the standard library says when it panics. In the module a panic traps, and whatever it says is dropped.
const MESSAGES: [&str; 5] = [
    " index out of bounds: the len is ",
    " but the index is ",
    "mid > len",
    "capacity overflow",
    "closure invoked recursively or after being dropped",
];

/// Removes it from a module in the text format.
pub(crate) fn remove(wat: &Path) -> Result<()> {
    let text = fs::read_to_string(wat)?;
    let body = text.trim_end().strip_suffix(')').context("the text of the module has no end")?;
    let mut lines: Vec<String> = body.lines().map(line).collect();
    lines.push(format!(" (func {TRAP} unreachable)\n)\n"));
    Ok(fs::write(wat, lines.join("\n"))?)
}

fn line(line: &str) -> String {
    if line.starts_with(" (elem ") {
        return elements(line);
    }
    if line.starts_with(" (data ") {
        return data(line);
    }
    line.to_owned()
}

/// The functions of the table, with a trap for each that is dead. A quoted name may hold spaces.
fn elements(line: &str) -> String {
    let mut quoted = false;
    let names = line.split(|character: char| {
        quoted ^= character == '"';
        !quoted && matches!(character, ' ' | ')')
    });
    names.fold(line.to_owned(), |line, name| if is_dead(name) { line.replacen(name, TRAP, 1) } else { line })
}

fn is_dead(name: &str) -> bool {
    let name = unhashed(name);
    name.starts_with('$')
        && (CLOSURES.iter().any(|closure| name.starts_with(closure)) || BOXED.iter().any(|end| name.contains(end)))
}

/// A name without the hashes of crates.
pub(crate) fn unhashed(name: &str) -> String {
    let mut parts = name.split('[');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |name, part| match part.split_once(']') {
        Some((hash, rest)) if hash.len() > 12 && hash.bytes().all(|digit| digit.is_ascii_hexdigit()) => name + rest,
        _ => name + "[" + part,
    })
}

/// The data, with zeros for the messages and for the names of source files, each of which ends with one.
fn data(line: &str) -> String {
    let is_file = |text: &str| text.ends_with(".rs") && !text.contains(['\\', '"']);
    let texts = line.split("\\00").map(|text| if is_file(text) { zeros(text) } else { text.to_owned() });
    let line = texts.collect::<Vec<_>>().join("\\00");
    MESSAGES.iter().fold(line, |line, message| line.replace(message, &zeros(message)))
}

fn zeros(text: &str) -> String {
    "\\00".repeat(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_belongs_to_closures_is_cut() {
        assert_eq!(
            elements(
                " (elem $0 (i32.const 1) $url::host $wasm_bindgen::convert::closures::_::invoke::h1 $\"a::{{closure}} x\" $js_sys::futures::a $\"b{{vtable.shim}}\" $\"js_sys[0123456789abcdef]::a\" $\"<a[0123456789abcdef]::b>::{shim:vtable#0}\")"
            ),
            " (elem $0 (i32.const 1) $url::host $dead-closure $\"a::{{closure}} x\" $dead-closure $dead-closure $dead-closure $dead-closure)"
        );
    }

    #[test]
    fn only_messages_and_names_of_files_become_zeros() {
        assert_eq!(
            data(" (data $.rodata (i32.const 1) \"key\\00src/a.rs\\00mid > lenb.rs\\01\")"),
            format!(
                " (data $.rodata (i32.const 1) \"key\\00{}\\00{}b.rs\\01\")",
                zeros("src/a.rs"),
                zeros("mid > len")
            )
        );
    }
}
