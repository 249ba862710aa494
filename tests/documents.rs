//! What the documents point at is there: files, headings, entries of the package and what is imported from them.
#![cfg(not(target_arch = "wasm32"))]
#![cfg(test)]
#![allow(clippy::arithmetic_side_effects, reason = "a test states what it expects by failing")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use pkce_wasm::error::Code;
use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd};
use serde_json::Value;

/// Folders that hold nothing that was written for readers.
const SKIPPED: [&str; 6] = [".git", "corpus", "dist", "gen", "node_modules", "target"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files below a folder whose names end so.
fn files(folder: &Path, end: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && !SKIPPED.contains(&name) {
            files(&path, end, found);
        } else if path.is_file() && name.ends_with(end) {
            found.push(path);
        }
    }
}

fn documents(end: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    files(root(), end, &mut found);
    found
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn parse(text: &str) -> Parser<'_> {
    Parser::new_ext(text, Options::ENABLE_TABLES)
}

/// The addresses of the links of a document.
fn links(text: &str) -> Vec<String> {
    let address = |event| match event {
        Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => Some(CowStr::into_string(dest_url)),
        _ => None,
    };
    parse(text).filter_map(address).collect()
}

/// The anchors that the headings of a document get where it is shown: in lower case, with hyphens for spaces and without
/// punctuation.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    let mut heading: Option<String> = None;
    for event in parse(text) {
        match event {
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::End(TagEnd::Heading(_)) => {
                let kept = |c: &char| c.is_alphanumeric() || "-_ ".contains(*c);
                let heading = heading.take().unwrap_or_default().to_lowercase();
                anchors.insert(heading.chars().filter(kept).map(|c| if c == ' ' { '-' } else { c }).collect());
            }
            Event::Text(text) | Event::Code(text) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&text);
                }
            }
            _ => {}
        }
    }
    anchors
}

/// Where a link leads nowhere.
fn broken(document: &Path, link: &str) -> bool {
    let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
    let target = if file.is_empty() { document.to_owned() } else { document.parent().unwrap().join(file) };
    !target.exists() || !anchor.is_empty() && !anchors(&read(&target)).contains(anchor)
}

#[test]
fn every_link_between_documents_leads_somewhere() {
    let mut count = 0;
    for document in documents(".md") {
        for link in links(&read(&document)) {
            let elsewhere = ["https:", "http:", "mailto:"].iter().any(|scheme| link.starts_with(scheme));
            assert!(elsewhere || !broken(&document, &link), "{} links to {link}", document.display());
            count += usize::from(!elsewhere);
        }
    }
    assert!(count > 20, "{count} links are no harvest: the parser finds none any more");
}

#[test]
fn links_and_anchors_are_found() {
    let text = "# A `b_c`, d!\n\n| [x](#a-b_c-d) |\n| --- |\n| ![y](z.png) |\n\n```\n[no](no)\n```\n";
    assert_eq!(links(text), ["#a-b_c-d", "z.png"]);
    assert_eq!(anchors(text).into_iter().collect::<Vec<_>>(), ["a-b_c-d"]);
}

/// The manifest of the package.
fn manifest() -> Value {
    serde_json::from_str(&read(&root().join("pkg/package.json"))).unwrap()
}

/// What follows `pkce-wasm/` wherever that begins a word.
fn entries(text: &str) -> impl Iterator<Item = &str> {
    let name = |character: char| character.is_ascii_alphanumeric() || "._-/".contains(character);
    text.match_indices("pkce-wasm/").filter_map(move |(at, prefix)| {
        let (before, after) = text.split_at_checked(at)?;
        let after = after.strip_prefix(prefix)?;
        let end = after.find(|character| !name(character)).unwrap_or(after.len());
        let entry = after.get(..end)?.trim_end_matches(['.', '/']);
        (!before.ends_with(name) && !entry.is_empty()).then_some(entry)
    })
}

#[test]
fn entries_are_found_where_a_word_begins() {
    let text = "`pkce-wasm/pkce`, \"pkce-wasm/index.iife.js\". See pkce-wasm/slim. Not /pkce-wasm/x, a/pkce-wasm/y, pkce-wasm/ .";
    assert_eq!(entries(text).collect::<Vec<_>>(), ["pkce", "index.iife.js", "slim"]);
}

/// What documents, types and examples name of the package: documents with their text.
fn mentions() -> Vec<(PathBuf, String)> {
    let mut found = documents(".md");
    found.extend(documents(".d.ts"));
    for end in [".js", ".jsx", ".svelte", ".ts", ".html"] {
        files(&root().join("www/examples"), end, &mut found);
    }
    found.into_iter().map(|path| (path.clone(), read(&path))).collect()
}

#[test]
fn every_entry_that_is_mentioned_is_exported() {
    let manifest = manifest();
    let mut count = 0;
    for (document, text) in mentions() {
        for entry in entries(&text) {
            let exported = manifest["exports"].get(format!("./{entry}")).is_some();
            assert!(exported, "{} names pkce-wasm/{entry}", document.display());
            count += 1;
        }
    }
    assert!(count > 10, "{count} mentions are no harvest");
}

/// The imports of a text from the package: the entry, and the names in braces.
fn imports(text: &str) -> impl Iterator<Item = (&str, Vec<&str>)> {
    text.split("import {").skip(1).filter_map(|after| {
        let (names, rest) = after.split_once("} from \"pkce-wasm")?;
        let (entry, _) = rest.split_once('"')?;
        let is_name = |name: &&str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let names: Vec<_> = names.split(',').map(str::trim).collect();
        names.iter().all(is_name).then_some((entry, names))
    })
}

#[test]
fn everything_that_is_imported_is_declared() {
    let manifest = manifest();
    let declared = |file: &str| read(&root().join("pkg").join(file));
    let mut count = 0;
    for (document, text) in mentions() {
        for (entry, names) in imports(&text) {
            let types = manifest["exports"][format!(".{entry}")]["types"].as_str().unwrap_or_default();
            assert!(!types.is_empty(), "{} imports from pkce-wasm{entry}", document.display());
            // Entries give on what those before them declare.
            let all = [types, "index.d.ts", "pkce.d.ts", "engine/error.d.ts"].map(declared).concat();
            for name in names {
                let known = ["const", "function", "class", "interface", "type"]
                    .iter()
                    .any(|kind| all.contains(&format!("export {kind} {name}")));
                assert!(known, "{} imports {name}", document.display());
                count += 1;
            }
        }
    }
    assert!(count > 5, "{count} imports are no harvest");
}

#[test]
fn every_code_has_its_place_in_the_reference_and_every_place_a_code() {
    let text = read(&root().join("ERRORS.md"));
    let anchors = anchors(&text);
    for code in Code::ALL {
        assert!(anchors.contains(code.name()), "ERRORS.md says nothing of {}", code.name());
        assert!(text.contains(code.message()), "ERRORS.md does not say what {} says", code.name());
    }
    let explained =
        anchors.iter().filter(|name| *name != "errors" && *name != "what-helps" && !name.starts_with("blame-"));
    let more = explained.into_iter().find(|name| !Code::ALL.iter().any(|code| code.name() == *name));
    assert_eq!(more, None, "ERRORS.md explains what is no code");
}

/// The cells of the row of a table that begins so.
fn row(text: &str, first: &str) -> Vec<String> {
    let line = text.lines().find(|line| line.strip_prefix("| ").is_some_and(|line| line.starts_with(first)));
    let line = line.unwrap_or_else(|| panic!("no row {first}"));
    line.split('|').skip(1).map(|cell| cell.replace('*', "").trim().to_owned()).collect()
}

#[test]
fn the_readme_is_short() {
    let text = read(&root().join("README.md"));
    assert!(text.lines().count() <= 200, "{} lines", text.lines().count());
    let words = text.split_whitespace().count();
    assert!(words <= 2000, "{words} words");
    for line in text.lines() {
        assert!(line.chars().count() <= 120, "{line}");
    }
}

#[test]
fn the_readme_gives_the_figures_of_the_benchmarks() {
    let readme = read(&root().join("README.md"));
    let figures = read(&root().join("tests/bench/README.md"));
    let (pairs, sign_ins) = (row(&readme, "PKCE pair only"), row(&readme, "sign-in with session"));
    let packages = ["pkce-wasm |", "oauth4webapi", "openid-client", "oidc-client-ts"];
    for (at, package) in packages.into_iter().enumerate() {
        let [pair, sign_in] = [1, 2].map(|column| row(&figures, package)[column].clone());
        assert_eq!((&pairs[at + 1], &sign_ins[at + 1]), (&pair, &sign_in), "{package}");
    }
    let (_, told) = figures.split_once("| told |").unwrap();
    let (lies, all) = (row(&readme, "attacks by a hostile"), row(told, "all"));
    assert!(lies[0].ends_with(&format!("of {}", all[1])), "{}", lies[0]);
    assert_eq!(lies[1..5], all[2..6]);
}

#[test]
fn every_guide_is_in_the_package_and_every_document_of_the_package_is_found_from_the_readme() {
    let manifest = manifest();
    let packed: BTreeSet<_> = manifest["files"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let from_readme: BTreeSet<_> = links(&read(&root().join("README.md")))
        .into_iter()
        .map(|link| link.split('#').next().unwrap_or_default().trim_start_matches("pkg/").to_owned())
        .collect();
    let mut guides = Vec::new();
    files(&root().join("pkg/guides"), ".md", &mut guides);
    assert!(guides.len() > 10, "{} guides", guides.len());
    for guide in guides {
        let name = format!("guides/{}", guide.file_name().unwrap().to_str().unwrap());
        assert!(packed.contains(name.as_str()), "{name} is not in the package");
        assert!(from_readme.contains(&name), "the README does not lead to {name}");
    }
}

/// Whether a folder holds sources, itself or in folders of its own that have no name in the list of rooms.
fn is_room(folder: &Path) -> bool {
    let mut sources = Vec::new();
    for end in [".rs", ".js", ".ts", ".html"] {
        files(folder, end, &mut sources);
    }
    !sources.is_empty()
}

/// Whether a folder says what lives in it: in a README, at the top of its module, or in the README of the folder around it.
fn is_described(folder: &Path) -> bool {
    let begins = |file: &str| fs::read_to_string(folder.join(file)).is_ok_and(|text| text.starts_with("//!"));
    let name = format!("`{}/", folder.file_name().unwrap().to_str().unwrap());
    let names = |file: PathBuf| fs::read_to_string(file).is_ok_and(|text| text.contains(&name));
    folder.join("README.md").is_file()
        || ["mod.rs", "lib.rs", "main.rs", "src/lib.rs", "src/main.rs"].into_iter().any(begins)
        || names(folder.parent().unwrap().join("README.md"))
        || names(root().join("CONTRIBUTING.md"))
}

#[test]
fn every_folder_says_what_lives_in_it() {
    let around = ["", "pkg", "src", "tests", "www"].map(|folder| root().join(folder));
    let folders = around.iter().flat_map(|folder| fs::read_dir(folder).unwrap()).map(|entry| entry.unwrap().path());
    let rooms: Vec<_> = folders
        .filter(|path| {
            let name = path.file_name().unwrap().to_str().unwrap();
            path.is_dir() && !SKIPPED.contains(&name) && !name.starts_with('.') && is_room(path)
        })
        .collect();
    assert!(rooms.len() > 25, "{} folders are not the whole house", rooms.len());
    let silent: Vec<_> = rooms.iter().filter(|room| !is_described(room)).collect();
    assert!(silent.is_empty(), "nothing says what lives in {silent:?}");
}
