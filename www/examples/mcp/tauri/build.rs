//! Makes Tauri's context of `tauri.conf.json`, the capability and the page.

fn main() {
    println!("cargo:rerun-if-changed=../../../../target/webview-mcp");
    tauri_build::build();
}
