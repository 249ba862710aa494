//! The table of error codes, written out for JavaScript and TypeScript.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use pkce_wasm::error::{Blame, Code};
use serde_json::json;

/// The last code that the primitives alone can give.
const LAST_OF_PRIMITIVES: Code = Code::Internal;

/// The codes that only `pkce-wasm/mcp` gives, which brings them along: in the table of the client their places are empty.
const OF_MCP: [Code; 8] = [
    Code::ResourceMetadataInvalid,
    Code::ResourceMismatch,
    Code::AuthorizationServerNotFound,
    Code::RegistrationRequired,
    Code::RegistrationRefused,
    Code::RegistrationResponseInvalid,
    Code::SignInRequired,
    Code::CorsRefused,
];

/// Writes `codes.js`, `sentences.js`, `codes_pkce.js` and `codes.d.ts` where they are not so yet: others may be reading them.
pub(crate) fn write(folder: &Path) -> Result<()> {
    let length = Code::ALL.iter().position(|code| *code == LAST_OF_PRIMITIVES).map_or(0, |last| last.saturating_add(1));
    let of_primitives = Code::ALL.get(..length).unwrap_or_default();
    fs::create_dir_all(folder)?;
    let files = [
        ("codes.js", codes(Code::ALL, &OF_MCP)?),
        ("sentences.js", sentences(Code::ALL, &OF_MCP)?),
        ("codes_pkce.js", [codes(of_primitives, &[])?, sentences(of_primitives, &[])?].concat()),
        ("codes_mcp.js", format!("export const FIRST = {};\n{}", first_of_mcp()?, codes(&OF_MCP, &[])?)),
        ("sentences_mcp.js", sentences(&OF_MCP, &[])?),
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

/// The place of the first code of `pkce-wasm/mcp`, behind which the others stand.
fn first_of_mcp() -> Result<usize> {
    let places = OF_MCP.iter().filter_map(|code| Code::ALL.iter().position(|other| other == code));
    let places: Vec<_> = places.collect();
    ensure!(places.is_sorted_by(|one, next| one.saturating_add(1) == *next), "the codes of pkce-wasm/mcp stand apart");
    places.first().copied().context("pkce-wasm/mcp has no codes")
}

/// The rows of the table, in its order: the code, who must act, and a mark when the same call may be tried again.
fn codes(codes: &[Code], without: &[Code]) -> Result<String> {
    let row =
        |code: &Code| format!("{}:{}{}", code.name(), code.blame().name(), if code.retryable() { ":1" } else { "" });
    let rows = codes.iter().map(|code| if without.contains(code) { String::new() } else { row(code) });
    let rows: Vec<_> = rows.collect();
    Ok(format!("export const CODES = {}.split(\" \");\n", json!(rows.join(" "))))
}

/// What each of them says.
fn sentences(codes: &[Code], without: &[Code]) -> Result<String> {
    let mut text = String::from("export const SENTENCES = [\n");
    for code in codes {
        writeln!(text, "{},", json!(if without.contains(code) { "" } else { code.message() }))?;
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
