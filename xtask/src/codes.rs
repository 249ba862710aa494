//! The table of error codes, written out for JavaScript and TypeScript.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::Result;
use pkce_wasm::error::{Blame, Code};
use serde_json::json;

/// The last code that the primitives alone can give.
const LAST_OF_PRIMITIVES: Code = Code::Internal;

/// Writes `codes.js`, `codes_pkce.js` and `codes.d.ts` where they are not so yet: others may be reading them.
pub(crate) fn write(folder: &Path) -> Result<()> {
    let length = Code::ALL.iter().position(|code| *code == LAST_OF_PRIMITIVES).map_or(0, |last| last.saturating_add(1));
    fs::create_dir_all(folder)?;
    let files = [
        ("codes.js", table("CODES", Code::ALL.iter())?),
        ("codes_pkce.js", table("PKCE_CODES", Code::ALL.iter().take(length))?),
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

/// The rows `[code, blame, retryable, message]` in the order of the table.
fn table<'a>(name: &str, codes: impl Iterator<Item = &'a Code>) -> Result<String> {
    let mut text = format!("export const {name} = [\n");
    for code in codes {
        let row = json!([code.name(), code.blame().name(), code.retryable(), code.message()]);
        writeln!(text, "{row},")?;
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
