//! The bindings that wasm-bindgen makes, mended: they serve a fresh instance and the JavaScript twin as well, make nothing at
//! import, and know what they share with the module by short names.

use anyhow::{Context, Result, ensure};

use crate::shrink::Names;

/// The views of the memory that bindings keep, how they ask whether one is out of date, and how they should ask.
///
/// They look for a buffer that was detached. The memory of the twin grows without detaching its old buffer, and that of an
/// instance that took the place of another is simply another one: in both cases every string would be read from
/// memory that nobody writes any more.
const VIEWS: [(&str, &str, &str); 2] = [
    (
        "cachedDataViewMemory0",
        "cachedDataViewMemory0 === null || cachedDataViewMemory0.buffer.detached === true || \
         (cachedDataViewMemory0.buffer.detached === undefined && cachedDataViewMemory0.buffer !== wasm.memory.buffer)",
        "cachedDataViewMemory0?.buffer !== wasm.memory.buffer",
    ),
    (
        "cachedUint8ArrayMemory0",
        "cachedUint8ArrayMemory0 === null || cachedUint8ArrayMemory0.byteLength === 0",
        "cachedUint8ArrayMemory0?.buffer !== wasm.memory.buffer",
    ),
];

/// How the bindings hand the bytes of a text over, and how they should: a spread asks an array for its members one by one.
const SPREAD: (&str, &str) = ("String.fromCharCode(...(", "String.fromCharCode.apply(0, (");

/// The parts of the bindings that make a decoder and an encoder at import, each by its first and last line, and what stands
/// in their place: the package's own `platform/text.js` makes them when they are needed, and does without where there are none.
const TEXT: [(&str, &str, &str); 2] = [
    ("let cachedTextDecoder = new TextDecoder(", "\n}\n", "decodeText"),
    ("const cachedTextEncoder = new TextEncoder();", "\n}\n", "cachedTextEncoder"),
];

/// How a function begins that the module or the package calls. All of them become members of one object: it is what a
/// module is started with, and bundlers make less of it than of the exports of a file.
const FUNCTION: &str = "export function ";

/// How the bindings look at a part of the memory, and how they should: no address here is beyond two gibibytes, and a byte is one byte.
const PART: (&str, &str) = (
    "ptr = ptr >>> 0;\n    return getUint8ArrayMemory0().subarray(ptr / 1, ptr / 1 + len);",
    "return getUint8ArrayMemory0().subarray(ptr, ptr + len);",
);

/// How the bindings catch what a function throws, from its first words to its last, and the function that does it: each call makes a
/// closure. What stands in their place makes none.
const CATCHING: [&str; 3] = ["() { return handleError(function (", ") {", "}, arguments); }"];
const HANDLER: (&str, &str) = (
    "function handleError(f, args) {\n    try {\n        return f.apply(this, args);\n    } catch (e) {\n        \
     wasm.__wbindgen_exn_store(addHeapObject(e));\n    }\n}\n",
    "function caught(e) {\n    wasm.__wbindgen_exn_store(addHeapObject(e));\n}\n",
);

/// The function that gives the memory of the module, which the package's client wipes.
const MEMORY: &str = "getUint8ArrayMemory0";

/// What a bindings file calls the exports of the module.
const EXPORTS: &str = "wasm.";

/// The names of the module's exports that the bindings use.
pub(crate) fn exports_used(bindings: &str) -> Vec<&str> {
    let mut names: Vec<_> = bindings.split(EXPORTS).skip(1).map(identifier).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The bindings as they are shipped; with the function that gives the memory where that is wanted.
pub(crate) fn mend(bindings: &str, names: &Names, with_memory: bool) -> Result<String> {
    let mut text = load_text_lazily(compare_buffers(bindings)?)?;
    for (said, better) in [SPREAD, PART, HANDLER] {
        ensure!(text.contains(said), "the bindings no longer say `{said}`");
        text = text.replace(said, better);
    }
    let text = catch_in_place(&text)?;
    let text = rename(&text, FUNCTION, |name| names.import(name))?;
    let text = rename(&text, EXPORTS, |name| names.export(name))?;
    let mut functions: Vec<_> = text.split(FUNCTION).skip(1).map(identifier).collect();
    ensure!(text.contains(&format!("function {MEMORY}(")), "the bindings no longer have a function {MEMORY}");
    if with_memory {
        functions.push(MEMORY);
    }
    Ok(format!("{}\nexport default {{ {} }};\n", text.replace(FUNCTION, "function "), functions.join(", ")))
}

fn compare_buffers(bindings: &str) -> Result<String> {
    VIEWS.iter().try_fold(bindings.to_owned(), |text, (view, asked, better)| {
        ensure!(
            text.matches(asked).count() == 1 || !text.contains(view),
            "the bindings of this wasm-bindgen no longer ask `{asked}`: see how they keep their views of the memory now"
        );
        Ok(text.replace(asked, better))
    })
}

fn catch_in_place(text: &str) -> Result<String> {
    let [first, middle, last] = CATCHING;
    let mut parts = text.split(first);
    let mut result = parts.next().context("split gives at least one part")?.to_owned();
    for part in parts {
        let (parameters, rest) = part.split_once(middle).context("a function has parameters")?;
        let (body, rest) =
            rest.split_once(last).context("the bindings no longer end a function that catches like that")?;
        result.extend(["(", parameters, ") { try {", body, "} catch (e) { caught(e); } }", rest]);
    }
    ensure!(!result.contains("handleError"), "the bindings catch in a way that is not known");
    Ok(result)
}

fn load_text_lazily(bindings: String) -> Result<String> {
    TEXT.iter().try_fold(bindings, |text, (first, last, name)| {
        let Some((before, part)) = text.split_once(first) else {
            ensure!(!text.contains(name), "the bindings no longer say `{first}`");
            return Ok(text);
        };
        let (_, after) = part.split_once(last).context("the bindings no longer end that part with a brace")?;
        Ok(format!("import {{ {name} }} from \"../platform/text.js\";\n{before}{after}"))
    })
}

/// The text with the identifiers that follow `before` renamed, where they have another name.
fn rename<'a>(text: &'a str, before: &str, renamed: impl Fn(&'a str) -> Option<&'a str>) -> Result<String> {
    let mut parts = text.split(before);
    let mut result = parts.next().context("split gives at least one part")?.to_owned();
    for part in parts {
        let name = identifier(part);
        let rest = part.strip_prefix(name).unwrap_or(part);
        result.extend([before, renamed(name).unwrap_or(name), rest]);
    }
    Ok(result)
}

/// The identifier at the beginning of a text.
fn identifier(text: &str) -> &str {
    let end = text.find(|character: char| !character.is_ascii_alphanumeric() && character != '_' && character != '$');
    end.and_then(|end| text.get(..end)).unwrap_or(text)
}
