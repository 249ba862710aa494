//! The table of error codes, written out for JavaScript and TypeScript.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::Result;
use pkce_wasm::error::{Blame, Code};
use serde_json::json;

/// The last code that the primitives alone can give.
const LAST_OF_PRIMITIVES: Code = Code::Internal;

/// Writes `codes.js`, `sentences.js`, `codes_pkce.js` and `codes.d.ts` where they are not so yet: others may be reading them.
pub(crate) fn write(folder: &Path) -> Result<()> {
    let length = Code::ALL.iter().position(|code| *code == LAST_OF_PRIMITIVES).map_or(0, |last| last.saturating_add(1));
    let of_primitives = Code::ALL.get(..length).unwrap_or_default();
    fs::create_dir_all(folder)?;
    let files = [
        ("codes.js", codes(Code::ALL)?),
        ("sentences.js", sentences(Code::ALL)?),
        ("codes_pkce.js", [codes(of_primitives)?, sentences(of_primitives)?].concat()),
        ("codes.d.ts", types()?),
    ];
    for (name, text) in files {
        let file = folder.join(name);
        if !fs::read_to_string(&file).is_ok_and(|present| present == text) {
            fs::write(file, text)?;
        }
    }
    Ok(())
}

/// The rows of the table, in its order: the code, who must act, and a mark when the same call may be tried again.
fn codes(codes: &[Code]) -> Result<String> {
    let rows: Vec<_> = codes
        .iter()
        .map(|code| format!("{}:{}{}", code.name(), code.blame().name(), if code.retryable() { ":1" } else { "" }))
        .collect();
    Ok(format!("export const CODES = {}.split(\" \");\n", json!(rows.join(" "))))
}

/// What each of them says.
fn sentences(codes: &[Code]) -> Result<String> {
    let mut text = String::from("export const SENTENCES = [\n");
    for code in codes {
        writeln!(text, "{},", json!(code.message()))?;
    }
    text.push_str("];\n");
    Ok(text)
}

/// The unions that TypeScript sees.
fn types() -> Result<String> {
    let mut text = String::from(
        "/** What went wrong. The codes are stable: made to be switched on. */\nexport type PkceErrorCode =\n",
    );
    for code in Code::ALL {
        writeln!(text, "  /** {} */\n  | {:?}", code.message(), code.name())?;
    }
    text.push_str("  ;\n\n/** Who must act. */\nexport type PkceErrorBlame =\n");
    for (blame, meaning) in BLAMES {
        writeln!(text, "  /** {meaning} */\n  | {:?}", blame.name())?;
    }
    text.push_str("  ;\n");
    Ok(text)
}

/// Who must act, and what that means to the reader.
const BLAMES: [(Blame, &str); 6] = [
    (Blame::Caller, "The application calls this package wrongly."),
    (Blame::User, "The person at the device decides: sign in again, or accept that they declined."),
    (Blame::Server, "The authorization server understood the request and refused it."),
    (Blame::Peer, "The other side broke the protocol, or somebody stands between."),
    (Blame::Environment, "The network, the storage or the engine beneath the page."),
    (Blame::Internal, "This package is at fault: please report it."),
];
