//! The JavaScript twin of a module, and what the bindings need in order to serve both.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::process::run_quietly;
use crate::setup;

/// How the bindings ask whether their views of the memory are out of date, and how they should ask.
///
/// They look for a buffer that was detached. The memory of the twin grows without detaching its old buffer, and that of an
/// instance that took the place of another is simply another one: in both cases every string would be read from
/// memory that nobody writes any more.
const VIEWS: [(&str, &str); 2] = [
    (
        "cachedDataViewMemory0 === null || cachedDataViewMemory0.buffer.detached === true || \
         (cachedDataViewMemory0.buffer.detached === undefined && cachedDataViewMemory0.buffer !== wasm.memory.buffer)",
        "cachedDataViewMemory0?.buffer !== wasm.memory.buffer",
    ),
    (
        "cachedUint8ArrayMemory0 === null || cachedUint8ArrayMemory0.byteLength === 0",
        "cachedUint8ArrayMemory0?.buffer !== wasm.memory.buffer",
    ),
];

/// The parts of the bindings that make a decoder and an encoder at import, each by its first and last line. The package's
/// own `text.js` takes their place: it makes them when they are needed, and does without where there are none.
const TEXT: [(&str, &str); 2] =
    [("let cachedTextDecoder = new TextDecoder(", "\n}\n"), ("const cachedTextEncoder = new TextEncoder();", "\n}\n")];

/// The bindings, comparing buffers, and making nothing at import.
pub(crate) fn mend_bindings(bindings: &str) -> Result<String> {
    let mended = compare_buffers(bindings)?;
    let rest = TEXT.iter().try_fold(mended, |text, (first, last)| {
        let (before, part) = text.split_once(first).with_context(|| format!("the bindings no longer say `{first}`"))?;
        let (_, after) = part.split_once(last).context("the bindings no longer end that part with a brace")?;
        anyhow::Ok(format!("{before}{after}"))
    })?;
    Ok(format!("import {{ cachedTextEncoder, decodeText }} from \"../text.js\";\n{rest}"))
}

fn compare_buffers(bindings: &str) -> Result<String> {
    VIEWS.iter().try_fold(bindings.to_owned(), |text, (asked, better)| {
        ensure!(
            text.matches(asked).count() == 1,
            "the bindings of this wasm-bindgen no longer ask `{asked}`: see how they keep their views of the memory now"
        );
        Ok(text.replace(asked, better))
    })
}

/// Translates the module to JavaScript: the default export takes the imports and gives the exports of a fresh instance.
pub(crate) fn write(name: &str, wasm: &Path, dist: &Path) -> Result<()> {
    let raw = dist.join(format!("{name}_twin.raw.js"));
    run_quietly(setup::npm_tool("wasm2js").arg(wasm).args(["-Oz", "--mvp-features", "-o"]).arg(&raw))?;
    let text = fs::read_to_string(&raw)?;
    let (_, body) = text.split_once('\n').context("wasm2js wrote nothing")?;
    let (body, _) = body
        .split_once("var retasmFunc = asmFunc(")
        .context("wasm2js no longer ends with the one instance that it makes")?;
    fs::write(&raw, format!("{body}export default asmFunc;\n"))?;
    let twin = dist.join(format!("{name}_twin.js"));
    run_quietly(
        setup::npm_tool("esbuild")
            .arg(&raw)
            .args(["--minify", "--format=esm", "--log-level=error"])
            .arg(format!("--outfile={}", twin.display())),
    )?;
    fs::remove_file(raw)?;
    Ok(())
}
