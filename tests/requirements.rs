//! `REQUIREMENTS.md` holds every requirement and every test that is named after one.
#![cfg(not(target_arch = "wasm32"))]
#![cfg(test)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The groups of requirements, and how many each has.
const GROUPS: [(&str, usize); 24] = [
    ("PK", 10),
    ("AC", 26),
    ("BE", 6),
    ("NA", 11),
    ("MD", 11),
    ("IS", 5),
    ("SB", 10),
    ("BB", 12),
    ("PA", 5),
    ("DP", 8),
    ("MC", 17),
    ("SU", 4),
    ("ID", 17),
    ("RA", 6),
    ("RI", 4),
    ("RV", 5),
    ("LO", 6),
    ("JS", 6),
    ("EN", 14),
    ("HS", 10),
    ("SH", 9),
    ("SE", 7),
    ("TP", 7),
    ("TK", 6),
];

/// Where the modules of the OpenID Foundation are.
const OIDF: &str = "oidf.rs";

/// A line of a table.
struct Line {
    /// The ID or the module.
    name: String,
    /// `file::function`, the file below this folder.
    tests: Vec<String>,
    /// Why there is none, or what is left.
    reason: String,
}

/// The lines of the document's tables that have so many cells. The name is in the first, the tests and the reason in the
/// last two.
fn lines(document: &str, cells: usize) -> Vec<Line> {
    let rows = document.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    rows.map(|row| row.split(" | ").map(str::trim).collect::<Vec<_>>())
        .filter(|row| row.len() == cells)
        .filter_map(|row| match row[..] {
            ["ID" | "Module" | "---", ..] => None,
            [name, .., tests, reason] => Some(Line {
                name: name.trim_matches('`').to_owned(),
                tests: tests
                    .split("<br>")
                    .filter(|test| *test != "–")
                    .map(|test| test.trim_matches('`').into())
                    .collect(),
                reason: if reason == "–" { String::new() } else { reason.to_owned() },
            }),
            _ => None,
        })
        .collect()
}

fn document() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/REQUIREMENTS.md")).unwrap()
}

fn requirements() -> Vec<Line> {
    lines(&document(), 5)
}

fn modules() -> Vec<Line> {
    lines(&document(), 3)
}

/// The test functions of a source.
fn functions(source: &str) -> Vec<String> {
    let mut is_test = false;
    let mut found = Vec::new();
    for line in source.lines().map(str::trim) {
        if matches!(line, "#[test]" | "#[tokio::test]" | "#[wasm_bindgen_test]") || line.starts_with("#[tokio::test(") {
            is_test = true;
        } else if let Some(function) = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ") {
            if is_test {
                found.push(function.split(['(', '<']).next().unwrap_or_default().to_owned());
            }
            is_test = false;
        }
    }
    found
}

/// Every test function below this folder, as the document names it.
fn all_tests() -> BTreeSet<String> {
    fn collect(folder: &Path, prefix: &str, tests: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let (path, name) = (entry.path(), entry.file_name().into_string().unwrap());
            if path.is_dir() && !["node_modules", "target"].contains(&name.as_str()) {
                collect(&path, &format!("{prefix}{name}/"), tests);
            } else if name.ends_with(".rs") {
                let source = fs::read_to_string(&path).unwrap();
                tests.extend(functions(&source).into_iter().map(|function| format!("{prefix}{name}::{function}")));
            }
        }
    }
    let mut tests = BTreeSet::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    collect(&root.join("tests"), "", &mut tests);
    collect(&root.join("plugin/src"), "../plugin/src/", &mut tests);
    tests
}

/// The IDs that a test's name begins with.
fn ids(test: &str) -> Vec<String> {
    let function = test.rsplit("::").next().unwrap_or_default();
    let is_id = |part: &&str| {
        let digits = part.trim_start_matches(|letter: char| letter.is_ascii_lowercase());
        let group = part.strip_suffix(digits).unwrap_or_default().to_uppercase();
        digits.parse::<usize>().is_ok() && GROUPS.iter().any(|(name, _)| *name == group)
    };
    function.split('_').take_while(is_id).map(str::to_uppercase).collect()
}

fn assert_held_or_explained(line: &Line, tests: &BTreeSet<String>) {
    let Line { name, reason, .. } = line;
    assert!(!line.tests.is_empty() || !reason.is_empty(), "{name} has neither a test nor a reason");
    assert!(
        reason.is_empty() || reason.ends_with('.') && reason.split_whitespace().count() >= 5,
        "{name}: a reason is a sentence, and this is none: {reason}"
    );
    for test in &line.tests {
        assert!(tests.contains(test), "{name} names {test}, and there is no such test");
    }
    assert_eq!(line.tests.iter().collect::<BTreeSet<_>>().len(), line.tests.len(), "{name} names a test twice");
}

#[test]
fn every_requirement_is_listed_once_and_in_order() {
    let expected = GROUPS.iter().flat_map(|(group, count)| (1..=*count).map(move |number| format!("{group}{number}")));
    let listed: Vec<String> = requirements().into_iter().map(|line| line.name).collect();
    assert_eq!(listed, expected.collect::<Vec<_>>());
}

#[test]
fn every_requirement_is_held_by_tests_that_exist_or_explained() {
    let tests = all_tests();
    for line in requirements() {
        assert_held_or_explained(&line, &tests);
    }
}

#[test]
fn every_test_that_is_named_after_a_requirement_is_listed_there() {
    let listed: BTreeMap<String, Vec<String>> =
        requirements().into_iter().map(|line| (line.name, line.tests)).collect();
    let missing: Vec<String> = all_tests()
        .iter()
        .flat_map(|test| ids(test).into_iter().map(move |id| (id, test)))
        .filter(|(id, test)| !listed.get(id).is_some_and(|tests| tests.contains(test)))
        .map(|(id, test)| format!("{id}: `{test}`"))
        .collect();
    assert!(missing.is_empty(), "not in REQUIREMENTS.md:\n{}", missing.join("\n"));
}

#[test]
fn every_module_of_the_openid_foundation_is_held_by_the_test_of_its_name_or_explained() {
    let tests = all_tests();
    let mut named = BTreeSet::new();
    for line in modules() {
        assert_held_or_explained(&line, &tests);
        let test = format!("{OIDF}::{}", line.name.replace('-', "_"));
        assert_eq!(line.tests.contains(&test), tests.contains(&test), "{}", line.name);
        assert!(named.insert(test), "{} stands twice", line.name);
    }
    let unlisted: Vec<_> = tests.iter().filter(|test| test.starts_with(OIDF) && !named.contains(*test)).collect();
    assert!(unlisted.is_empty(), "tests of no module listed: {unlisted:?}");
}

#[test]
fn tests_and_ids_are_read() {
    let source =
        "#[test]\n#[ignore]\nfn a_b() {\nfn helper() {\n#[tokio::test]\nasync fn c<'a>() {\n/// #[test]\nfn d()";
    assert_eq!(functions(source), ["a_b", "c"]);
    assert_eq!(ids("token.rs::ac5_ac13_na5_the_same"), ["AC5", "AC13", "NA5"]);
    assert_eq!(ids("logout.rs::a_revocation_of_id5"), Vec::<String>::new());
    let table = lines(
        "| ID | a | b | c | d |\n| --- | --- | --- | --- | --- |\n| PK1 | x | y | `a.rs::b`<br>`c.rs::d` | – |",
        5,
    );
    assert_eq!((table.len(), table[0].tests.len(), table[0].reason.as_str()), (1, 2, ""));
}
