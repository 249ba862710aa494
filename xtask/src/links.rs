//! The links of documents that are packed: in the repository they lead to files beside them, which lie elsewhere in the package or not in it at all.

use std::collections::BTreeMap;

use serde_json::Value;

/// Where a document of the repository is read when it is in the package.
pub(crate) struct Places<'a> {
    /// The files of the package: their paths in the repository, and in the package.
    pub(crate) files: &'a BTreeMap<String, String>,
    /// Where the repository can be seen, if its owner says so in the manifest: the address of its files.
    pub(crate) repository: Option<String>,
    /// The address of the files of the package.
    pub(crate) package: String,
}

impl<'a> Places<'a> {
    pub(crate) fn new(manifest: &Value, files: &'a BTreeMap<String, String>) -> Self {
        let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
        let version = text(manifest.get("version"));
        let repository = manifest.get("repository").map(|entry| text(Some(entry.get("url").unwrap_or(entry))));
        let repository = repository.filter(|url| !url.is_empty()).map(|url| {
            let url = url.trim_start_matches("git+").trim_end_matches(".git");
            format!("{url}/blob/v{version}/")
        });
        let package = format!("https://unpkg.com/{}@{version}/", text(manifest.get("name")));
        Self { files, repository, package }
    }

    /// The document with links that lead somewhere where it is read. The README is shown on the package's page, where nothing lies beside it: its links are whole
    /// addresses. Every other document is read in the package. What is in neither place has its path in the
    /// repository instead of a link.
    pub(crate) fn document(&self, text: &str, path: &str) -> String {
        let mut is_code = false;
        let mut lines = Vec::new();
        for line in text.split('\n') {
            is_code ^= line.trim_start().starts_with("```");
            lines.push(if is_code { line.to_owned() } else { self.line(line, path) });
        }
        lines.join("\n")
    }

    fn line(&self, line: &str, path: &str) -> String {
        let mut made = String::new();
        let mut rest = line;
        while let Some((before, after)) = rest.split_once("](") {
            let Some((link, next)) = after.split_once(')') else { break };
            made.push_str(before);
            match self.target(link, path) {
                Some(target) => made.push_str(&format!("]({target})")),
                None => unlink(&mut made, &resolve(path, link.split('#').next().unwrap_or(link))),
            }
            rest = next;
        }
        made.push_str(rest);
        made
    }

    /// The new address of a link; nothing when there is none.
    fn target(&self, link: &str, path: &str) -> Option<String> {
        if link.starts_with('#') || link.contains(':') {
            return Some(link.to_owned());
        }
        let (file, anchor) = link.find('#').and_then(|at| link.split_at_checked(at)).unwrap_or((link, ""));
        let named = resolve(path, file);
        let within = self.files.get(&named);
        let whole = || match (&self.repository, within) {
            (Some(repository), _) => Some(format!("{repository}{named}{anchor}")),
            (None, Some(within)) => Some(format!("{}{within}{anchor}", self.package)),
            (None, None) => None,
        };
        match (within, self.files.get(path)) {
            (Some(within), Some(from)) if from != "README.md" => Some(format!("{}{anchor}", relative(from, within))),
            _ => whole(),
        }
    }
}

/// Takes the bracket away that begins the text of a link, and says where the file is.
fn unlink(made: &mut String, file: &str) {
    let mut depth = 0_u32;
    let start = made.char_indices().rev().find(|(_, character)| {
        depth = depth.saturating_add(u32::from(*character == ']'));
        let is_start = *character == '[' && depth == 0;
        depth = depth.saturating_sub(u32::from(*character == '['));
        is_start
    });
    if let Some((at, _)) = start {
        made.remove(at);
        let is_named = made.ends_with(file);
        made.push_str(&if is_named {
            " (in the repository)".to_owned()
        } else {
            format!(" (`{file}` in the repository)")
        });
    }
}

/// The path of what a document names.
fn resolve(document: &str, file: &str) -> String {
    let mut parts: Vec<_> = document.split('/').collect();
    parts.pop();
    for part in file.split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

/// The way from one file to another.
fn relative(from: &str, to: &str) -> String {
    let (folder, _) = from.rsplit_once('/').unwrap_or_default();
    let folder: Vec<_> = folder.split('/').filter(|part| !part.is_empty()).collect();
    let to: Vec<_> = to.split('/').collect();
    let common = folder.iter().zip(&to).take_while(|(one, other)| one == other).count();
    let up = folder.iter().skip(common).map(|_| "..");
    up.chain(to.iter().skip(common).copied()).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const GUIDE: &str = "pkg/guides/a.md";

    fn files() -> BTreeMap<String, String> {
        let names = ["README.md", "ERRORS.md", GUIDE, "pkg/guides/b.md", "pkg/shells/c.md"];
        names.iter().map(|name| ((*name).to_owned(), name.trim_start_matches("pkg/").to_owned())).collect()
    }

    fn packed(manifest: &Value, text: &str, path: &str) -> String {
        Places::new(manifest, &files()).document(text, path)
    }

    #[test]
    fn the_readme_has_whole_addresses_and_no_link_that_leads_nowhere() {
        let manifest = json!({ "name": "x", "version": "1.2.3" });
        let text = "[a `[b]`](pkg/guides/a.md#c), [d](https://d.example), [e](tests/e.md), [t/f](t/f), [f](#f)\n```\n[g](ERRORS.md)\n```";
        let made = "[a `[b]`](https://unpkg.com/x@1.2.3/guides/a.md#c), [d](https://d.example), e (`tests/e.md` in the repository), t/f (in the repository), [f](#f)\n```\n[g](ERRORS.md)\n```";
        assert_eq!(packed(&manifest, text, "README.md"), made);
    }

    #[test]
    fn guides_lead_to_their_neighbours_in_the_package() {
        let manifest = json!({ "name": "x", "version": "1.2.3" });
        let text = "[a](../../ERRORS.md#a) [b](b.md) [c](../shells/c.md) [d [e]](../../www/d) [f](../../www/f.md#g)";
        assert_eq!(
            packed(&manifest, text, GUIDE),
            "[a](../ERRORS.md#a) [b](b.md) [c](../shells/c.md) d [e] (`www/d` in the repository) f (`www/f.md` in the repository)"
        );
    }

    #[test]
    fn a_repository_that_is_named_has_everything() {
        let manifest =
            json!({ "name": "x", "version": "1.2.3", "repository": { "url": "git+https://r.example/o/x.git" } });
        assert_eq!(packed(&manifest, "[a](tests/a)", "README.md"), "[a](https://r.example/o/x/blob/v1.2.3/tests/a)");
        assert_eq!(packed(&manifest, "[a](../../t/a)", GUIDE), "[a](https://r.example/o/x/blob/v1.2.3/t/a)");
        assert_eq!(packed(&manifest, "[a](b.md)", GUIDE), "[a](b.md)");
    }
}
