//! The module of the client in two halves: what a page asks when it starts, and the rest, which turns a callback into tokens and keeps them; and a third part, which
//! only `pkce-wasm/mcp` asks. No function is in two of them: a part imports memory, table and functions from the exports of those before it. So it is nothing by itself, and
//! a page that has all of them has what the whole module is.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::dead::unhashed;
use crate::process::run_quietly;
use crate::setup;
use crate::shrink::{Functions, LOW_MEMORY_UNUSED, Names};

/// What the first half exports to the package: what is asked at once, and in the tick of a click.
const AT_START: [&str; 12] = [
    "begin",
    "callback",
    "deriveChallenge",
    "discovery",
    "fromTokens",
    "generatePairText",
    "logout",
    "metadata",
    "session",
    "setup",
    "sweep",
    "verifyChallenge",
];

/// What the third part exports.
pub(crate) const OF_MCP: [&str; 5] = ["isOfResource", "ownRedirectUri", "resourcePlaces", "scopes", "secretMethod"];

/// What wasm-bindgen's own exports begin with, which serve both.
const OF_BINDGEN: &str = "__wbindgen_";

/// The modules of the crate whose functions in the table nothing in the first half calls: `tests/layers.rs` sees to it that `web::start` uses none of them.
const LATER: [&str; 5] = [
    "pkce_wasm::web::par::",
    "pkce_wasm::web::exchange::",
    "pkce_wasm::web::dpop::",
    "pkce_wasm::web::session::",
    "pkce_wasm::flow::jwks::",
];

/// The same of the third part, which nothing in the others calls.
const MCP: [&str; 3] =
    ["pkce_wasm::web::mcp::", "pkce_wasm::flow::protected_resource::", "pkce_wasm::flow::registration::"];

/// What a table holds in the place of a function that is never called.
const NEVER_CALLED: &str = "rust_begin_unwind";

/// The module from which the second half imports what the first one exports, and what the two share beside functions of the crate.
const FROM: &str = "b";
const STACK: &str = "$__stack_pointer";
const TABLE: &str = "$0";

/// Splits a module whose functions have names and whose imports and exports have these short ones. Gives the two halves and the third part.
pub(crate) fn split(named: &Path, names: &Names, functions: Functions) -> Result<[PathBuf; 3]> {
    let text = named.with_extension("wat");
    run_quietly(setup::npm_tool("wasm-dis").arg(named).arg("-o").arg(&text))?;
    let text = fs::read_to_string(text)?;
    let halves = Module::read(&text)?.halves(names)?;
    let files = ["first", "second", "third"].map(|half| named.with_extension(format!("{half}.wasm")));
    for (text, file) in halves.iter().zip(&files) {
        let source = file.with_extension("wat");
        fs::write(&source, text)?;
        run_quietly(
            setup::npm_tool("wasm-opt")
                .arg(&source)
                .args(["-Oz", "--converge", LOW_MEMORY_UNUSED, "--mvp-features", "--reorder-functions"])
                .args(if functions == Functions::Named {
                    ["-g"].as_slice()
                } else {
                    &["--strip-debug", "--strip-dwarf"]
                })
                .args(["--strip-producers", "--strip-target-features", "-o"])
                .arg(file),
        )?;
    }
    Ok(files)
}

/// A module in the text format, by its parts.
struct Module<'a> {
    /// Types, imports, memory, data, table: what the first half keeps as it is.
    rest: Vec<&'a str>,
    types: Vec<&'a str>,
    /// The short names of the functions that are exported, and the functions.
    exports: Vec<(&'a str, &'a str)>,
    /// Functions and what they look like; of those that are imported the text is empty.
    functions: BTreeMap<&'a str, Function<'a>>,
    /// The functions in the table, from this place on.
    table: Vec<&'a str>,
    table_from: usize,
}

struct Function<'a> {
    /// Its parameters and its result.
    signature: String,
    text: &'a str,
    calls: BTreeSet<&'a str>,
}

impl<'a> Module<'a> {
    fn read(text: &'a str) -> Result<Self> {
        let mut module = Self {
            rest: Vec::new(),
            types: Vec::new(),
            exports: Vec::new(),
            functions: BTreeMap::new(),
            table: Vec::new(),
            table_from: 0,
        };
        let (mut globals, mut tables) = (0_usize, 0_usize);
        for form in forms(text) {
            let kind = form.trim_start_matches([' ', '(']).split([' ', '\n']).next().unwrap_or_default();
            match kind {
                "type" => module.types.push(form),
                "func" => module.function(form, form)?,
                "import" => {
                    module.rest.push(form);
                    module.function(form.split_once("(func").context("an import is no function")?.1, "")?;
                }
                "export" => match form.split_once("(func ") {
                    Some((_, function)) => {
                        let name = form.split('"').nth(1).context("an export has no name")?;
                        module.exports.push((name, identifier(function).context("an export is of nothing")?));
                    }
                    None => module.rest.push(form),
                },
                "elem" => {
                    ensure!(module.table.is_empty(), "the table is filled in parts");
                    let (from, functions) = form
                        .split_once("(i32.const ")
                        .and_then(|(_, rest)| rest.split_once(')'))
                        .context("the table is filled from nowhere")?;
                    module.table_from = from.parse()?;
                    module.table = identifiers(functions).collect();
                }
                _ => {
                    globals = globals.saturating_add(usize::from(kind == "global"));
                    tables = tables.saturating_add(usize::from(kind == "table"));
                    module.rest.push(form);
                }
            }
        }
        ensure!(
            (globals, tables) == (1, 1),
            "the module has other globals than the pointer to its stack, or other tables"
        );
        Ok(module)
    }

    fn function(&mut self, form: &'a str, text: &'a str) -> Result<()> {
        let name = identifier(form).context("a function has no name")?;
        let calls = form.split("(call ").skip(1).filter_map(identifier).collect();
        let line = form.lines().next().unwrap_or_default();
        let signature = ["(param ", "(result "].iter().flat_map(|kind| {
            line.split(kind).skip(1).filter_map(|part| part.split_once(')')).map(move |(types, _)| {
                let types: Vec<_> = types.split(' ').filter(|word| !word.starts_with('$')).collect();
                format!(" {kind}{})", types.join(" "))
            })
        });
        self.functions.insert(name, Function { signature: signature.collect(), text, calls });
        Ok(())
    }

    /// The functions that these call, and whatever they call, and themselves.
    fn reached(&self, mut pending: Vec<&'a str>) -> BTreeSet<&'a str> {
        let mut reached = BTreeSet::new();
        while let Some(name) = pending.pop() {
            if let Some(function) = self.functions.get(name).filter(|_| reached.insert(name)) {
                pending.extend(&function.calls);
            }
        }
        reached
    }

    /// The texts of the two halves and of the third part.
    fn halves(&self, names: &Names) -> Result<[String; 3]> {
        let short = |long: &str| names.exports.iter().find(|[name, _]| name == long).map(|[_, short]| short.as_str());
        for name in AT_START.iter().chain(&OF_MCP) {
            ensure!(short(name).is_some(), "the module exports no {name}");
        }
        let part_of_export = |export: &str| {
            let long = names.exports.iter().find(|[_, short]| short == export).map_or("", |[long, _]| long.as_str());
            if AT_START.contains(&long) || long.starts_with(OF_BINDGEN) {
                0
            } else if OF_MCP.contains(&long) {
                2
            } else {
                1
            }
        };
        let part_in_table = |function: &str| {
            let name = unhashed(function);
            let is_of = |rooms: &[&str]| rooms.iter().any(|room| name.contains(room));
            if is_of(&MCP) { 2 } else { usize::from(is_of(&LATER)) }
        };
        let table = || self.table.iter().copied().filter(|function| !function.contains(NEVER_CALLED));
        for part in 1..3 {
            let is_there = table().any(|function| part_in_table(function) == part);
            ensure!(is_there, "the functions of the table have no names by which they are told apart");
        }
        let reached = |part: usize| {
            let exported = self.exports.iter().filter(|(name, _)| part_of_export(name) <= part);
            let exported = exported.map(|(_, function)| *function);
            self.reached(exported.chain(table().filter(|function| part_in_table(function) <= part)).collect())
        };
        let parts = [reached(0), reached(1)];
        for (part, reached) in parts.iter().enumerate() {
            ensure!(
                !reached.iter().any(|function| part_in_table(function) > part),
                "what comes first calls what comes later"
            );
        }
        let part_of = |function: &str| parts.iter().position(|part| part.contains(function)).unwrap_or(parts.len());
        // What a part calls of an earlier one.
        let wanted_by = |part: usize| -> BTreeSet<&str> {
            let own = self.functions.iter().filter(|(name, _)| part_of(name) == part);
            own.flat_map(|(_, function)| &function.calls).copied().filter(|name| part_of(name) < part).collect()
        };
        let wanted = [wanted_by(1), wanted_by(2)];

        let mut free = short_names().filter(|name| !names.exports.iter().any(|[_, short]| short == name));
        let mut fresh = || free.next().context("there are no more names");
        let (table_name, memory, get, set) =
            (fresh()?, short("memory").context("there is no memory")?, fresh()?, fresh()?);
        let shared: BTreeSet<&str> = wanted.iter().flatten().copied().collect();
        let shared = shared.iter().map(|name| Ok((*name, fresh()?))).collect::<Result<Vec<_>>>()?;
        let given_by = |part: usize| {
            let own = shared.iter().filter(move |(function, _)| part_of(function) == part);
            own.map(|(function, name)| format!(" (export {name:?} (func {function}))"))
        };

        let mut one = vec!["(module".to_owned()];
        one.extend(self.types.iter().chain(&self.rest).map(|form| (*form).to_owned()));
        one.extend(
            self.functions.iter().filter(|(name, _)| part_of(name) == 0).map(|(_, function)| function.text.to_owned()),
        );
        one.extend(self.exports(&|function| part_of(function) == 0));
        one.extend(self.elements(&|function| part_of(function) == 0));
        one.push(format!(" (export {table_name:?} (table {TABLE}))"));
        one.push(format!(" (func (export {get:?}) (result i32) (global.get {STACK}))"));
        one.push(format!(" (func (export {set:?}) (param i32) (global.set {STACK} (local.get 0)))"));
        one.extend(given_by(0));

        // Only a module of more than the first features shares a global that changes.
        let (get_stack, set_stack) = (format!("(global.get {STACK})"), format!("(global.set {STACK}"));
        let later = |part: usize, wanted: &BTreeSet<&str>| {
            let mut forms = vec!["(module".to_owned()];
            forms.extend(self.types.iter().map(|form| (*form).to_owned()));
            forms.push(format!(" (import {FROM:?} {memory:?} (memory 1))"));
            let length = self.table_from.saturating_add(self.table.len());
            forms.push(format!(" (import {FROM:?} {table_name:?} (table {TABLE} {length} funcref))"));
            forms.push(format!(" (import {FROM:?} {get:?} (func $stack (result i32)))"));
            forms.push(format!(" (import {FROM:?} {set:?} (func $set-stack (param i32)))"));
            forms.extend(shared.iter().filter(|(function, _)| wanted.contains(function)).filter_map(
                |(function, name)| {
                    let signature = &self.functions.get(function)?.signature;
                    Some(format!(" (import {FROM:?} {name:?} (func {function}{signature}))"))
                },
            ));
            forms.extend(self.functions.iter().filter(|(name, _)| part_of(name) == part).map(|(_, function)| {
                function.text.replace(&get_stack, "(call $stack)").replace(&set_stack, "(call $set-stack")
            }));
            forms.extend(self.exports(&|function| part_of(function) == part));
            forms.extend(self.elements(&|function| part_of(function) == part));
            forms.extend(given_by(part));
            forms
        };
        let [of_two, of_three] = &wanted;
        let (two, three) = (later(1, of_two), later(2, of_three));
        Ok([one, two, three].map(|mut forms| {
            forms.push(")\n".to_owned());
            forms.join("\n")
        }))
    }

    /// The exports of those functions.
    fn exports(&self, wanted: &impl Fn(&str) -> bool) -> Vec<String> {
        let exports = self.exports.iter().filter(|(_, function)| wanted(function));
        exports.map(|(name, function)| format!(" (export {name:?} (func {function}))")).collect()
    }

    /// What fills the table with those functions, each in its place.
    fn elements(&self, wanted: &impl Fn(&str) -> bool) -> Vec<String> {
        let mut parts: Vec<(usize, Vec<&str>)> = Vec::new();
        for (place, function) in (self.table_from..).zip(&self.table) {
            if !wanted(function) || function.contains(NEVER_CALLED) {
                continue;
            }
            match parts.last_mut() {
                Some((from, functions)) if from.saturating_add(functions.len()) == place => functions.push(function),
                _ => parts.push((place, vec![function])),
            }
        }
        parts.iter().map(|(from, functions)| format!(" (elem (i32.const {from}) {})", functions.join(" "))).collect()
    }
}

/// The forms of a module, each of which begins a line that is indented by one space.
fn forms(text: &str) -> Vec<&str> {
    let end = text.trim_end().strip_suffix(')').map_or(text.len(), str::len);
    let starts = text.match_indices("\n (").map(|(at, _)| at.saturating_add(1));
    let starts: Vec<_> = starts.collect();
    let ends = starts.iter().copied().skip(1).chain([end]);
    starts.iter().zip(ends).filter_map(|(start, end)| text.get(*start..end)).map(str::trim_end).collect()
}

/// The first identifier of a text.
fn identifier(text: &str) -> Option<&str> {
    identifiers(text).next()
}

/// The identifiers of a text: those with quotes may hold spaces and brackets.
fn identifiers(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.get(rest.find('$')?..)?;
        let end = match rest.strip_prefix("$\"") {
            Some(quoted) => quoted.find('"')?.saturating_add(3),
            None => rest.find(|end: char| end.is_whitespace() || matches!(end, '(' | ')')).unwrap_or(rest.len()),
        };
        let (name, after) = rest.split_at_checked(end)?;
        rest = after;
        Some(name)
    })
}

/// Names of one letter, then of two.
fn short_names() -> impl Iterator<Item = String> {
    let letters = || ('a'..='z').chain('A'..='Z');
    let of_two = letters().flat_map(move |first| letters().map(move |second| format!("{first}{second}")));
    letters().map(String::from).chain(of_two)
}

#[cfg(test)]
mod tests {
    use super::{Module, identifiers, short_names};
    use crate::shrink::Names;

    const MODULE: &str = r#"(module
 (type $0 (func))
 (import "a" "a" (func $outside (param i32) (result i32)))
 (global $__stack_pointer (mut i32) (i32.const 32768))
 (memory $0 1)
 (data $.rodata (i32.const 32768) "x")
 (table $0 7 7 funcref)
 (elem $0 (i32.const 1) $"<pkce_wasm[0123456789abcdef]::web::start::begin::{closure#0} as F<(&A, &mut B)>>::call_once" $"__rustc[0123456789abcdef]::rust_begin_unwind" $"<pkce_wasm[0123456789abcdef]::web::session::revoke::{closure#0}>" $"<pkce_wasm[0123456789abcdef]::web::exchange::keys::{closure#0}>" $shared $"<pkce_wasm[0123456789abcdef]::web::mcp::identify::{closure#0}>")
 (export "k" (memory $0))
 EXPORTS
 (func $"<pkce_wasm[0123456789abcdef]::web::start::begin::{closure#0} as F<(&A, &mut B)>>::call_once"
  (drop
   (call $outside
    (i32.const 1)
   )
  )
 )
 (func $"__rustc[0123456789abcdef]::rust_begin_unwind"
  (unreachable)
 )
 (func $"<pkce_wasm[0123456789abcdef]::web::session::revoke::{closure#0}>" (param $0 i32) (param $1 i64) (result i32)
  (global.set $__stack_pointer
   (i32.sub
    (global.get $__stack_pointer)
    (i32.const 16)
   )
  )
  (call $shared
   (call $outside
    (local.get $0)
   )
   (local.get $1)
  )
 )
 (func $"<pkce_wasm[0123456789abcdef]::web::exchange::keys::{closure#0}>"
  (unreachable)
 )
 (func $shared (param $0 i32) (param $1 i64) (result i32)
  (local.get $0)
 )
 (func $at
  (unreachable)
 )
 (func $revoke
  (call $again)
 )
 (func $again
  (unreachable)
 )
 (func $"<pkce_wasm[0123456789abcdef]::web::mcp::identify::{closure#0}>"
  (call $again)
 )
 (func $mcp
  (drop
   (call $shared
    (i32.const 1)
    (i64.const 1)
   )
  )
 )
)
"#;

    fn halves(module: &str) -> anyhow::Result<[String; 3]> {
        let mut exports: Vec<[String; 2]> = vec![["memory".to_owned(), "k".to_owned()]];
        for (at, name) in super::AT_START.iter().enumerate() {
            exports.push([(*name).to_owned(), format!("x{at}")]);
        }
        exports.push(["revoke".to_owned(), "r".to_owned()]);
        exports.extend(super::OF_MCP.iter().enumerate().map(|(at, name)| [(*name).to_owned(), format!("y{at}")]));
        let mcp: Vec<_> = (0..super::OF_MCP.len()).map(|at| format!("(export \"y{at}\" (func $mcp))\n")).collect();
        let lines: Vec<_> = (0..super::AT_START.len()).map(|at| format!("(export \"x{at}\" (func $at))\n")).collect();
        let module =
            module.replace("EXPORTS", &(lines.join(" ") + " (export \"r\" (func $revoke))\n " + &mcp.join(" ")));
        Module::read(&module)?.halves(&Names { imports: Vec::new(), exports })
    }

    #[test]
    fn each_function_is_in_one_half_and_the_second_imports_what_it_calls() {
        let [one, two, _] = halves(MODULE).unwrap();
        for (function, first) in [
            ("$\"<pkce_wasm[0123456789abcdef]::web::start", true),
            ("$shared", true),
            ("$at", true),
            ("$revoke", false),
        ] {
            let own = format!("\n (func {function}");
            assert_eq!((one.contains(&own), two.contains(&own)), (first, !first), "{function}");
        }
        assert!(one.contains("(export \"r\"") != two.contains("(export \"r\" (func $revoke))"));
        assert!(
            two.contains("(func $shared (param i32 i64) (result i32)))")
                || two.contains("(func $shared (param i32) (param i64) (result i32)))"),
            "{two}"
        );
        assert!(two.contains("(func $outside (param i32) (result i32)))"), "{two}");
        assert!(two.contains("(call $set-stack") && two.contains("(call $stack)") && !two.contains("global."), "{two}");
    }

    #[test]
    fn each_half_fills_its_own_places_of_the_table() {
        let [one, two, three] = halves(MODULE).unwrap();
        assert!(three.contains(" (elem (i32.const 6) $\"<pkce_wasm[0123456789abcdef]::web::mcp"), "{three}");
        assert!(one.contains(" (elem (i32.const 1) $\"<pkce_wasm[0123456789abcdef]::web::start::begin"), "{one}");
        assert!(one.contains(" (elem (i32.const 5) $shared)"), "{one}");
        assert!(two.contains(" (elem (i32.const 3) $\"<pkce_wasm[0123456789abcdef]::web::session"), "{two}");
    }

    #[test]
    fn the_third_part_imports_from_both_halves() {
        let [one, two, three] = halves(MODULE).unwrap();
        assert!(two.contains("(func $again))") && two.contains("\n (func $again\n"), "{two}");
        assert!(three.contains("(func $again))") && !three.contains("\n (func $again\n"), "{three}");
        assert!(
            three.contains("(func $shared (param i32) (param i64) (result i32)))")
                || three.contains("(func $shared (param i32 i64) (result i32)))"),
            "{three}"
        );
        assert!(three.contains("\n (func $mcp\n") && !one.contains("$mcp") && !two.contains("$mcp"), "{three}");
    }

    #[test]
    fn what_is_asked_at_the_start_calls_nothing_that_comes_later() {
        let planted = MODULE.replace(
            "(call $outside\n    (i32.const 1)",
            "(call $\"<pkce_wasm[0123456789abcdef]::web::exchange::keys::{closure#0}>\"",
        );
        assert!(halves(&planted).is_err());
        assert!(halves(&MODULE.replace("::web::", "::elsewhere::")).is_err(), "names tell the halves apart");
        assert!(
            halves(&MODULE.replace("(memory $0 1)", "(memory $0 1)\n (global $1 (mut i32) (i32.const 0))")).is_err()
        );
    }

    #[test]
    fn names_are_read_whole_and_are_never_the_same() {
        let names: Vec<_> = identifiers("(elem $0 $a.b $\"c (d) e\" $f)").collect();
        assert_eq!(names, ["$0", "$a.b", "$\"c (d) e\"", "$f"]);
        let short: std::collections::HashSet<_> = short_names().collect();
        assert_eq!(short.len(), 52 + 52 * 52);
    }
}
