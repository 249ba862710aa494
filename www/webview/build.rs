//! Makes Tauri's context of `tauri.conf.json`, the capabilities and the page.

fn main() {
    println!("cargo:rerun-if-changed=../../target/webview-page");
    tauri_build::build();
}
