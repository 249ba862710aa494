//! The demo page as an application: a WebView of its own, the system browser for the sign-in page, and two ways back.
//!
//! Tauri serves the page from its own scheme. The page never leaves for the authorization server (RFC 8252 section 8.12);
//! the user comes back by the private-use scheme, through the operating system, or by a port of the loopback interface.
//!
//! Tokens are in the WebView, as `pkce-wasm/tauri` keeps them there, or in Rust, by `tauri-plugin-pkce`.

mod loopback;

use std::fs;

use serde_json::Value;
use tauri::{App, AppHandle, Manager, WebviewWindowBuilder};

/// The name of the file, in the application's configuration folder, that names the authorization servers.
const SERVERS: &str = "servers.json";
/// The name of the file there that configures the plugin: with it tokens are kept in Rust.
const IN_RUST: &str = "tokens-in-rust.json";
/// The label of the window then. It has a capability of its own, by which no token and no redirect comes to it.
const WINDOW_IN_RUST: &str = "rust";

fn main() -> tauri::Result<()> {
    tauri::Builder::default()
        // The first of the plugins: another start hands its URL to this one, and ends before it does anything.
        .plugin(tauri_plugin_single_instance::init(|app, _, _| to_front(app)))
        .plugin(tauri_plugin_deep_link::init())
        .plugin(tauri_plugin_opener::init())
        .manage(loopback::Loopback::default())
        .invoke_handler(tauri::generate_handler![servers, loopback::listen_on_loopback, loopback::close_loopback])
        .setup(|app| Ok(set_up(app)?))
        .run(tauri::generate_context!())
}

/// Opens the window.
fn set_up(app: &mut App) -> tauri::Result<()> {
    // That the scheme is this application's is for its installer to say; on Linux `cargo xtask demo --webview` stands for it.
    // What the plugin writes there has a quoted Exec, which xdg-open of xdg-utils 1.1 does not read.
    #[cfg(windows)]
    if let Err(error) = tauri_plugin_deep_link::DeepLinkExt::deep_link(app).register_all() {
        eprintln!("the private-use scheme cannot be registered ({error}): only the loopback port brings you back");
    }
    let mut in_rust = read(app.handle(), IN_RUST).ok();
    if let Some(members) = in_rust.as_mut().and_then(Value::as_object_mut) {
        // It is one of the servers that the page offers: these members are for the page, and no configuration has them.
        members.retain(|name, _| name != "id" && name != "label");
    }
    if let Some(config) = &in_rust {
        app.handle().plugin(tauri_plugin_pkce::Builder::new().config(config.clone()).build())?;
    }
    for mut window in app.config().app.windows.clone() {
        if in_rust.is_some() {
            window.label = WINDOW_IN_RUST.to_owned();
        }
        WebviewWindowBuilder::from_config(app.handle(), &window)?
            // Whatever happens in the page, nothing else is ever shown in this WebView.
            .on_navigation(|url| url.scheme() == "tauri" || url.host_str() == Some("tauri.localhost"))
            .build()?;
    }
    Ok(())
}

/// Brings the window to the front: the user has come back.
fn to_front(app: &AppHandle) {
    for window in app.webview_windows().values() {
        // A desktop may forbid it; the user then finds the window without help.
        let _ = window.unminimize();
        let _ = window.set_focus();
    }
}

/// The authorization servers that the page offers, as whoever started the demo's servers wrote them down.
#[tauri::command]
fn servers(app: AppHandle) -> Result<Value, String> {
    read(&app, SERVERS)
}

/// A file of the application's configuration folder, in JSON.
fn read(app: &AppHandle, name: &str) -> Result<Value, String> {
    let file = app.path().app_config_dir().map_err(|error| error.to_string())?.join(name);
    let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    serde_json::from_str(&text).map_err(|error| format!("{}: {error}", file.display()))
}
