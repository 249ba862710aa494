//! The TypeScript in the README and the guides, compiled as it stands there.

use std::fs;

use anyhow::{Result, ensure};
use serde_json::json;

use crate::process::{root, run};
use crate::setup;

/// Compiles every block that is marked `ts`. What a block leaves out, such as the client, is declared in `tests/types/given.d.ts`.
pub(crate) fn check() -> Result<()> {
    let folder = root().join("target/types");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let guides = fs::read_dir(root().join("pkg/guides"))?.flatten().map(|entry| entry.path());
    let mut count = 0_u32;
    for document in guides.chain([root().join("README.md")]) {
        let name = document.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let text = fs::read_to_string(&document)?;
        for (at, after) in text.split("```ts\n").skip(1).enumerate() {
            let (code, _) = after.split_once("```").unwrap_or((after, ""));
            fs::write(folder.join(format!("{name}_{at}.ts")), format!("{code}export {{}};\n"))?;
            count = count.saturating_add(1);
        }
    }
    ensure!(count > 10, "{count} blocks are no harvest");
    let types = root().join("tests/types");
    let project = json!({
        "extends": types.join("tsconfig.json"),
        "files": [types.join("given.d.ts")],
        "include": [folder.join("*.ts")],
    });
    let file = folder.join("tsconfig.json");
    fs::write(&file, project.to_string())?;
    run(setup::npm_tool("tsc").arg("--project").arg(&file))
}
