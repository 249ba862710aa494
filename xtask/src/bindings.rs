//! What the package calls the functions that the module imports. wasm-bindgen names them after what they are, with a hash; in the shipped
//! module they have one letter each. The package brings the functions itself: see `pkg/engine/engine.js`.

use std::fmt::Write;

use anyhow::{Context, Result, ensure};

use crate::halves::OF_MCP;
use crate::shrink::Names;

/// The beginnings of wasm-bindgen's names, and the functions of the package.
const FUNCTIONS: [(&str, &str); 11] = [
    ("__wbg_size_", "size"),
    ("__wbg_read_", "read"),
    ("__wbg_write_", "write"),
    ("__wbg_length_", "length"),
    ("__wbg_charCodeAt_", "charCodeAt"),
    ("__wbg_fromCharCode_", "fromCharCode"),
    ("__wbg_now_", "now"),
    ("__wbg_getRandomValues_", "getRandomValues"),
    ("__wbindgen_object_drop_ref", "drop"),
    // A number on its way to JavaScript, which is the only generic value here.
    ("__wbindgen_generic_", "number"),
    ("__wbindgen_number_new", "number"),
];

/// The names of the module's exports that the package uses: all but those for objects that it never makes.
pub(crate) fn exports_used(bindings: &str) -> Vec<&str> {
    let mut names: Vec<_> = bindings.split("wasm.").skip(1).map(identifier).collect();
    names.retain(|name| !name.starts_with("__wbindgen_") || *name == "__wbindgen_exn_store");
    names.sort_unstable();
    names.dedup();
    names
}

/// Where all imports come from, in the short names; and the memory, without which there is no engine.
const FROM: &str = "a";
const MEMORY: &str = "memory";

/// The file by which the package knows the module: its functions under the names by which the module imports them, and the names
/// of the exports; and the names of those that only the third part has.
pub(crate) fn names(names: &Names) -> Result<(String, String)> {
    let (mut imports, mut exports, mut of_mcp) = (String::new(), String::new(), String::new());
    for [_, long, short] in &names.imports {
        let (_, function) = FUNCTIONS
            .iter()
            .find(|(beginning, _)| long.starts_with(beginning))
            .with_context(|| format!("the module imports {long}, which the package does not have"))?;
        write!(imports, "{short}: by.{function}, ")?;
    }
    for [long, short] in &names.exports {
        let list = if OF_MCP.contains(&long.as_str()) { &mut of_mcp } else { &mut exports };
        write!(list, "{}: {short:?}, ", long.trim_start_matches("__wbindgen_"))?;
    }
    ensure!(names.exports.iter().any(|[long, _]| long == MEMORY), "the module has no memory");
    Ok((
        format!(
            "export const bind = (by) => ({{ {FROM}: {{ {imports}}} }});\nexport const exported = {{ {exports}}};\n"
        ),
        format!("export const exported = {{ {of_mcp}}};\n"),
    ))
}

/// The identifier at the beginning of a text.
fn identifier(text: &str) -> &str {
    let end = text.find(|character: char| !character.is_ascii_alphanumeric() && character != '_' && character != '$');
    end.and_then(|end| text.get(..end)).unwrap_or(text)
}
