//! The arrows between the modules run one way: vocabulary <- protocol <- faces, and inside `flow` and `client` from later steps to
//! earlier ones. The two faces do not know each other. So do those between the rooms of the npm package.
#![cfg(not(target_arch = "wasm32"))]
#![cfg(test)]
#![allow(clippy::arithmetic_side_effects, clippy::string_slice, reason = "a test states what it expects by failing")]

#[path = "support/imports.rs"]
mod imports;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Each module may use those that are named before it, in its own group or an earlier one. So there is no circle.
const GROUPS: [&[&str]; 5] = [
    &["error", "secret", "text", "encoding", "url", "json", "http", "table", "random"],
    &["jwt", "pkce", "tables"],
    &[
        "flow::algorithm",
        "flow::issuer",
        "flow::config",
        "flow::metadata",
        "flow::setup",
        "flow::transaction",
        "flow::user_agent",
        "flow::authorize",
        "flow::callback",
        "flow::redirect_uris",
        "flow::id_token",
        "flow::tokens",
        "flow::jwks",
        "flow::signature",
        "flow::token",
        "flow::par",
        "flow::session",
        "flow::challenge",
        "flow::dpop",
        "flow::resource",
        "flow::protected_resource",
        "flow::registration",
        "flow::userinfo",
        "flow::logout",
        "flow::login",
        "flow::records",
    ],
    &[
        "client::fields",
        "client::json_text",
        "client::config",
        "client::metadata",
        "client::transaction",
        "client::user_agent",
        "client::dpop",
        "client::authorize",
        "client::par",
        "client::callback",
        "client::redirect_uris",
        "client::token_set",
        "client::jwks",
        "client::signature",
        "client::token",
        "client::session",
        "client::challenge",
        "client::resource",
        "client::registration",
        "client::protected_resource",
        "client::userinfo",
        "client::logout",
    ],
    &[
        "web::text",
        "web::start",
        "web::par",
        "web::exchange",
        "web::dpop",
        "web::session",
        "web::mcp",
        "web::primitives",
        "web::page",
    ],
];

/// Files that use no module in order to do anything: they only name them.
const NAMING: [&str; 5] = ["lib", "flow", "client", "web", "runtime"];

/// The two faces, by what their modules begin with: neither uses the other one.
const FACES: [&str; 2] = ["client", "web"];

/// A module's group and its place in it.
fn place(module: &str) -> Option<(usize, usize)> {
    GROUPS.iter().enumerate().find_map(|(group, names)| Some((group, names.iter().position(|name| *name == module)?)))
}

/// Whether the first module may use the second.
fn allowed(from: &str, to: &str) -> bool {
    let (Some((from_group, from_place)), Some((to_group, to_place))) = (place(from), place(to)) else {
        panic!("{from} uses {to}, and one of them has no place in GROUPS: give it one");
    };
    let face = |module: &str| FACES.into_iter().find(|face| module.starts_with(face));
    if face(from).zip(face(to)).is_some_and(|(from, to)| from != to) {
        return false;
    }
    (to_group, to_place) <= (from_group, from_place)
}

/// The module in the words of [`GROUPS`]: its first name, and inside `flow`, `client` and `web` its first two.
fn module(path: &str) -> Option<String> {
    let mut names = path.split("::");
    let first = names.next()?;
    Some(if ["flow", "client", "web"].contains(&first) {
        format!("{first}::{}", names.next()?)
    } else {
        first.to_owned()
    })
}

/// The modules that a source uses by a path from `crate`, without those in comments.
fn used(source: &str) -> Vec<String> {
    let code: String = source.lines().map(|line| line.split("//").next().unwrap_or_default().trim()).collect();
    let tests = ["#[cfg(test)]mod ", "#[cfg(all(test, not(target_arch = \"wasm32\")))]mod "];
    let end = tests.into_iter().filter_map(|beginning| code.find(beginning)).min().unwrap_or(code.len());
    let code = &code[..end];
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

/// The module that a file holds: `flow::token` for `flow/token.rs`, `flow` for `flow/mod.rs`.
fn module_of(file: &Path) -> String {
    let names: Vec<_> = file.with_extension("").iter().map(|name| name.to_string_lossy().into_owned()).collect();
    match names.iter().map(String::as_str).collect::<Vec<_>>()[..] {
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
    assert!(!allowed("flow::session", "web::start") && !allowed("web::start", "web::exchange"));
    assert!(allowed("web::session", "flow::session") && allowed("web::session", "web::exchange"));
    assert!(allowed("client::token", "flow::token") && allowed("client::token", "client::signature"));
    assert!(!allowed("client::signature", "client::token") && !allowed("flow::token", "client::token"));
    assert!(!allowed("web::text", "client::token") && !allowed("client::token", "web::text"));
}

/// The rooms of `pkg/`, and those that each may use. The empty name is that of the entries, which people import.
const ROOMS: [(&str, &[&str]); 10] = [
    ("platform", &["platform"]),
    ("dist", &[]),
    ("engine", &["engine", "dist", "platform"]),
    ("client", &["client", "engine", "dist", "platform"]),
    ("shells", &["shells", "engine", "dist", "platform"]),
    ("mcp", &["mcp", "client", "engine", "dist", "platform"]),
    ("testing", &["testing", ""]),
    ("frameworks", &["frameworks", ""]),
    ("bin", &["bin", "mcp", ""]),
    ("", &["", "client", "engine", "dist", "platform", "shells", "mcp", "testing", "frameworks"]),
];

/// What is made by the build, and is not there before.
const MADE: &str = "dist";

/// Files in Electron's main process and in its preload script, and programs in Node; and what they may use there.
const OUTSIDE_OF_PAGES: [(&str, &[&str]); 14] = [
    ("shells/electron_main.js", &["node:path"]),
    ("shells/electron_store.js", &["node:crypto", "node:fs/promises", "node:path"]),
    ("shells/loopback.js", &["node:http"]),
    ("electron_preload.cjs", &["electron"]),
    ("bin/demo.js", &["node:fs", "node:http", "node:path", "node:url"]),
    ("bin/files.js", &["node:fs/promises", "node:path"]),
    ("bin/client_metadata.js", &["node:fs/promises"]),
    // The application brings its framework.
    ("frameworks/react.js", &["react"]),
    ("frameworks/vue.js", &["vue"]),
    ("frameworks/svelte.js", &["svelte"]),
    ("frameworks/angular.js", &["@angular/common", "@angular/core", "rxjs"]),
    ("react.d.ts", &["react"]),
    ("vue.d.ts", &["vue"]),
    ("angular.d.ts", &["@angular/common/http", "@angular/core", "@angular/router"]),
];

/// The files of the package by their paths in `pkg/`, with their sources.
type Package = BTreeMap<String, String>;

fn room(file: &str) -> &str {
    file.split_once('/').map_or("", |(room, _)| room)
}

/// The file that an import names, as a path in `pkg/`. Declarations import declarations.
fn target(from: &str, name: &str) -> Option<String> {
    let mut folder: Vec<&str> = from.split('/').collect();
    folder.pop();
    for part in name.strip_prefix("./").map_or_else(|| name.split('/'), |rest| rest.split('/')) {
        match part {
            ".." => _ = folder.pop()?,
            _ => folder.push(part),
        }
    }
    let path = folder.join("/");
    Some(if from.ends_with(".d.ts") { path.replace(".js", ".d.ts") } else { path })
}

/// Whatever is not in order with the imports of a package, and how many arrows were looked at.
fn faults(package: &Package) -> (Vec<String>, usize) {
    let (mut faults, mut arrows) = (Vec::new(), BTreeMap::<_, Vec<_>>::new());
    for (from, source) in package {
        let Some((_, rooms)) = ROOMS.iter().find(|(name, _)| *name == room(from)) else {
            faults.push(format!("{from} is in no room: give it one in ROOMS"));
            continue;
        };
        for import in imports::imports(source) {
            let Some(name) = import else {
                faults.push(format!("{from} imports a computed name, which bundlers do not follow"));
                continue;
            };
            if !name.starts_with('.') {
                let known = OUTSIDE_OF_PAGES.iter().any(|(file, names)| file == from && names.contains(&name.as_str()));
                if !known {
                    faults.push(format!("{from} imports {name}, which no page has"));
                }
                continue;
            }
            let Some(to) = target(from, &name) else {
                faults.push(format!("{from} imports {name}, which is outside of the package"));
                continue;
            };
            if !rooms.contains(&room(&to)) {
                faults.push(format!("{from} -> {to} runs backwards"));
            }
            if room(&to) != MADE && !package.contains_key(&to) {
                faults.push(format!("{from} imports {to}, which is not there"));
            }
            arrows.entry(from.as_str()).or_default().push(to);
        }
    }
    faults.extend(circles(&arrows));
    (faults, arrows.values().map(Vec::len).sum())
}

/// Files from which arrows lead back to themselves.
fn circles(arrows: &BTreeMap<&str, Vec<String>>) -> Vec<String> {
    let mut circles = Vec::new();
    for (start, first) in arrows {
        let (mut seen, mut pending): (Vec<&str>, Vec<&str>) = (Vec::new(), first.iter().map(String::as_str).collect());
        while let Some(file) = pending.pop() {
            if seen.contains(&file) {
                continue;
            }
            seen.push(file);
            pending.extend(arrows.get(file).into_iter().flatten().map(String::as_str));
        }
        if seen.contains(start) {
            circles.push(format!("{start} imports itself in the end"));
        }
    }
    circles
}

/// The sources of the package, without what is made by the build.
fn package() -> Package {
    fn collect(folder: &Path, path: &str, package: &mut Package) {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = format!("{path}{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                if path != MADE {
                    collect(&entry.path(), &format!("{path}/"), package);
                }
            } else if [".js", ".cjs", ".mjs", ".ts"].iter().any(|end| path.ends_with(end))
                && !path.ends_with(".iife.js")
            {
                package.insert(path, fs::read_to_string(entry.path()).unwrap());
            }
        }
    }
    let mut package = Package::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("pkg"), "", &mut package);
    package
}

#[test]
fn no_arrow_between_rooms_runs_backwards() {
    let (faults, arrows) = faults(&package());
    assert!(arrows > 40, "only {arrows} arrows were found: the imports are no longer read rightly");
    assert!(faults.is_empty(), "{faults:#?}");
}

/// Without one of them the page of the browser tests does not load, and says nothing.
#[test]
fn the_browser_tests_name_every_file_that_those_they_name_import() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = fs::read_dir(root.join("tests/web")).unwrap().map(|file| file.unwrap().path());
    let (tests, package) = (files.map(|file| fs::read_to_string(file).unwrap()).collect::<String>(), package());
    let parts = tests.split("module = \"/pkg/").skip(1);
    let named: Vec<_> = parts.map(|part| part.split('"').next().unwrap()).collect();
    assert!(named.len() > 5, "only {named:?} were found: the tests are no longer read rightly");
    for from in &named {
        let source = package.get(*from).unwrap_or_else(|| panic!("tests/web names {from}, which is not there"));
        for name in imports::imports(source).into_iter().flatten() {
            let to = target(from, &name).unwrap();
            assert!(named.contains(&to.as_str()), "{from} imports {to}: name it in tests/web too");
        }
    }
}

#[test]
fn every_entry_can_be_imported_and_is_short() {
    let manifest = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("pkg/package.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    let exports = manifest["exports"].to_string();
    for (file, source) in package().iter().filter(|(file, _)| room(file).is_empty()) {
        // The declarations of a plain script are found beside it.
        let entry = file.replace(".iife.d.ts", ".iife.js");
        assert!(exports.contains(&format!("\"./{entry}\"")), "{file} is no entry: put it into a room");
        let lines = source.lines().count();
        assert!(file.ends_with(".d.ts") || lines <= 15, "{file} has {lines} lines: put what it does into a room");
    }
}

#[test]
fn imports_are_read() {
    let source = r#"
        // import "./comment.js";
        import { a, b as c } from "./a.js";
        import glue, * as all from './b.js';
        import "./c.js";
        export { d } from "./d.js";
        export * from "./e.js";
        /* import("./comment.js") */
        const from = "./string.js", text = "import './string.js'", quote = /["'`/]/.test(x) ? 1 / 2 : "a\"b";
        const later = () => import(/* webpackChunkName: "f" */ "./f.js");
        const nested = `import "./template.js" ${await import("./g.js")} and ${{ a: `}` }.a}`;
        const { h } = require("h");
        glue.import("./method.js");
        Array.from("./method.js");
        type I = typeof import("./i.js");
    "#;
    let names: Vec<_> = imports::imports(source).into_iter().map(Option::unwrap).collect();
    assert_eq!(names, ["./a.js", "./b.js", "./c.js", "./d.js", "./e.js", "./f.js", "./g.js", "h", "./i.js"]);
    assert_eq!(imports::imports("import(name); import(`./${name}.js`)"), [None, None]);
}

#[test]
fn a_planted_fault_in_the_package_is_seen() {
    let plant = |file: &str, source: &str| {
        let mut planted = package();
        planted.entry(file.to_owned()).or_default().push_str(source);
        faults(&planted).0
    };
    for (file, source) in [
        ("platform/claim.js", "import { createClient } from \"../client/client.js\";"),
        ("platform/claim.js", "const later = () => import(\"../client/client.js\");"),
        ("platform/claim.js", "export * from \"../engine/error.js\";"),
        ("engine/error.js", "import(\n\"../client/popup.js\"\n);"),
        ("client/popup.js", "export { ready } from \"../index.js\";"),
        ("client/popup.js", "import \"../shells/resting.js\";"),
        ("shells/tauri.js", "import \"../client/client.js\";"),
        ("engine/error.d.ts", "export type Client = import(\"../index.js\").Client;"),
    ] {
        let faults = plant(file, source);
        assert!(
            faults.iter().any(|fault| fault.starts_with(file) && fault.ends_with("backwards")),
            "{source}: {faults:?}"
        );
    }
    for (file, source, fault) in [
        ("platform/wait.js", "import \"./claim.js\";", "in the end"),
        ("client/session.js", "const later = () => import(\"./client.js\");", "in the end"),
        ("cupboard/thing.js", "", "in no room"),
        ("client/client.js", "import \"./nothing.js\";", "not there"),
        ("client/client.js", "import \"../../src/lib.js\";", "outside of the package"),
        ("client/client.js", "import \"react\";", "no page has"),
        ("shells/tauri.js", "import \"node:fs\";", "no page has"),
        ("client/client.js", "import(`./${part}.js`);", "computed name"),
    ] {
        let faults = plant(file, source);
        assert!(faults.iter().any(|said| said.contains(fault)), "{source}: {faults:?}");
    }
}
