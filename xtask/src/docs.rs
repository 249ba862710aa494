//! The API reference: rustdoc for the crate, TypeDoc for the package. Whatever either warns of is an error.

use anyhow::Result;
use serde_json::json;

use crate::process::{cargo, root, run, say};
use crate::{codes, package, setup};

/// Makes both and says where they are.
pub(crate) fn docs() -> Result<()> {
    check()?;
    say("the crate: target/doc/pkce_wasm/index.html");
    say("the package: target/typedoc/index.html");
    Ok(())
}

/// Makes both.
pub(crate) fn check() -> Result<()> {
    rust()?;
    typescript()
}

fn rust() -> Result<()> {
    run(cargo().args(["doc", "--quiet", "--package", "pkce-wasm", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"))
}

/// Every entry of the package that has types. An export without a comment and a link that leads nowhere are warnings.
fn typescript() -> Result<()> {
    setup::node()?;
    let tools = root().join("xtask/typedoc");
    setup::npm_packages(&tools)?;
    setup::npm_packages(&root().join("www/examples"))?;
    codes::write(&root().join("pkg/dist"))?;
    let entries = package::types()?;
    let folder = root().join("target/typedoc");
    std::fs::create_dir_all(&folder)?;
    let options = folder.with_extension("json");
    let compiler = json!({
        "extends": root().join("tests/types/tsconfig.json"),
        "files": entries,
        "include": [],
    });
    let project = folder.with_extension("tsconfig.json");
    std::fs::write(&project, compiler.to_string())?;
    let settings = json!({
        "entryPoints": entries,
        "tsconfig": project,
        "out": folder,
        "name": "pkce-wasm",
        "readme": "none",
        "disableGit": true,
        "sourceLinkTemplate": "{path}",
        "githubPages": false,
        "excludePrivate": true,
        "treatWarningsAsErrors": true,
        "validation": { "notExported": true, "invalidLink": true, "invalidPath": true, "notDocumented": true },
        // A member says by its name what the specifications call it; what is exported says more.
        "requiredToBeDocumented": ["Module", "Class", "Interface", "Function", "Method", "TypeAlias", "Variable", "Enum"],
        "logLevel": "Warn",
    });
    std::fs::write(&options, settings.to_string())?;
    run(setup::script_of(&tools, "typedoc").arg("--options").arg(&options))
}
