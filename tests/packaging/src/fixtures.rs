//! The fixture applications, copied to where the tools are.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// The issuer in the README and the fixtures, for which that of the test stands in.
const ISSUER: &str = "https://login.example.com";

/// Folders in which nothing stands in for it: the package, and what brings a server of its own.
const AS_THEY_ARE: [&str; 5] = ["pkce-wasm", "examples", "in-browser", "lines", "next-react"];

/// What follows that application: it shows which engine runs, and offers to use the rest of the package.
const EPILOGUE: &str =
    "\nimport { offerParts } from \"./parts.js\";\nofferParts(client, \"https://login.example.com/userinfo\");\n";

/// What follows in a bundle: the test kit is imported and not used.
const TEST_KIT: &str = "import { createServer } from \"pkce-wasm/testing\";\n";

/// Where the application may bring its access token.
const SCOPE: &str = "  scope:";
const RESOURCES: &str = "  resourceOrigins: [new URL(\"https://login.example.com\").origin],\n  scope:";

/// The folder with the tools and the copies.
#[derive(Clone, Debug)]
pub(crate) struct Fixtures {
    folder: PathBuf,
    pub(crate) issuer: String,
    /// The application of the quick start, at this issuer.
    pub(crate) quick_start: String,
}

impl Fixtures {
    /// Copies every fixture afresh. Those that are built get the application of the quick start; `insecure` is `pages` with the
    /// one setting that an origin without TLS needs.
    pub(crate) fn copy(issuer: &str) -> Self {
        let folder = PathBuf::from(std::env::var_os("PKCE_REACH_FOLDER").expect("PKCE_REACH_FOLDER is set"));
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let readme = fs::read_to_string(here.join("../../README.md")).expect("the README can be read");
        let quick_start = application(&readme);
        let fixtures = Self { folder, issuer: issuer.to_owned(), quick_start: quick_start.replace(ISSUER, issuer) };
        let apps = fixtures.folder.join("apps");
        if apps.exists() {
            fs::remove_dir_all(&apps).expect("the old copies can be removed");
        }
        for entry in fs::read_dir(here).expect("the fixtures can be read").flatten() {
            let place = entry.path();
            if place.is_dir() && !place.ends_with("src") && !place.ends_with("node_modules") {
                copy(&place, &apps.join(entry.file_name()), issuer);
            }
        }
        let app = quick_start.replacen(SCOPE, RESOURCES, 1);
        let app = format!("{app}{EPILOGUE}").replace(ISSUER, issuer);
        let parts = fs::read(here.join("parts.js")).expect("the fixture can be read");
        fs::write(apps.join("next/app/parts.js"), &parts).expect("a file can be written");
        for name in ["esbuild", "pages", "parcel", "rollup", "rspack", "vite", "webpack"] {
            let source = apps.join(name).join("src");
            fs::create_dir_all(&source).expect("a folder can be made");
            let app = if name == "pages" { app.clone() } else { format!("{app}{TEST_KIT}") };
            fs::write(source.join("index.js"), app).expect("a file can be written");
            fs::write(source.join("parts.js"), &parts).expect("a file can be written");
        }
        let pages = apps.join("pages");
        copy(&fixtures.folder.join("node_modules/pkce-wasm"), &pages.join("pkce-wasm"), issuer);
        let insecure = apps.join("insecure");
        copy(&pages, &insecure, issuer);
        let flags = "  dangerouslyAllowHttp: true,\n  dangerouslyAllowUnverifiedIdToken: true,\n  scope:";
        let allowed = app.replacen(SCOPE, flags, 1);
        fs::write(insecure.join("src/index.js"), allowed).expect("a file can be written");
        fixtures
    }

    /// The copy of a fixture.
    pub(crate) fn app(&self, name: &str) -> PathBuf {
        self.folder.join("apps").join(name)
    }

    /// A folder that outlives the copies.
    pub(crate) fn lasting(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A program of a package.
    pub(crate) fn tool(&self, name: &str) -> PathBuf {
        self.folder.join("node_modules/.bin").join(name)
    }

    /// A folder or file in the packages.
    pub(crate) fn module(&self, name: &str) -> PathBuf {
        self.folder.join("node_modules").join(name)
    }

    /// A package and its version.
    pub(crate) fn version(&self, package: &str) -> String {
        let manifest = fs::read(self.module(package).join("package.json")).unwrap_or_default();
        let manifest: Value = serde_json::from_slice(&manifest).unwrap_or_default();
        format!("{package} {}", manifest.get("version").and_then(Value::as_str).unwrap_or("is not installed"))
    }
}

/// The application of the quick start. It is TypeScript, and JavaScript too: no type is written in it.
fn application(readme: &str) -> &str {
    let (_, after) = readme.split_once("## Quick start").expect("the README has a quick start");
    let (_, code) = after.split_once("```ts\n").expect("the quick start has an application");
    let (code, _) = code.split_once("```").expect("the application has an end");
    code
}

fn copy(from: &Path, to: &Path, issuer: &str) {
    fs::create_dir_all(to).expect("a folder can be made");
    for entry in fs::read_dir(from).expect("a fixture can be read").flatten() {
        let (place, target) = (entry.path(), to.join(entry.file_name()));
        if place.is_dir() {
            copy(&place, &target, issuer);
        } else {
            let bytes = fs::read(&place).expect("a fixture can be read");
            let bytes = match String::from_utf8(bytes) {
                Ok(text) if !to.components().any(|part| AS_THEY_ARE.iter().any(|name| part.as_os_str() == *name)) => {
                    text.replace(ISSUER, issuer).into_bytes()
                }
                Ok(text) => text.into_bytes(),
                Err(error) => error.into_bytes(),
            };
            fs::write(target, bytes).expect("a file can be written");
        }
    }
}
