//! The page of this example as an application: Rust makes the requests, and the system browser shows the sign-in page.

use tauri::{App, AppHandle, Manager, WebviewWindowBuilder};

fn main() -> tauri::Result<()> {
    tauri::Builder::default()
        // The first of the plugins: another start hands its URL to this one, and ends before it does anything.
        .plugin(tauri_plugin_single_instance::init(|app, _, _| to_front(app)))
        .plugin(tauri_plugin_deep_link::init())
        .plugin(tauri_plugin_http::init())
        .plugin(tauri_plugin_opener::init())
        .setup(|app| Ok(open(app)?))
        .run(tauri::generate_context!())
}

/// Opens the window. Nothing but the page is ever shown in it.
fn open(app: &mut App) -> tauri::Result<()> {
    // On other systems it is the installer who says that the scheme is this application's.
    #[cfg(windows)]
    if let Err(error) = tauri_plugin_deep_link::DeepLinkExt::deep_link(app).register_all() {
        eprintln!("the private-use scheme cannot be registered ({error}): no login leads back");
    }
    for window in &app.config().app.windows {
        WebviewWindowBuilder::from_config(app.handle(), window)?
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
