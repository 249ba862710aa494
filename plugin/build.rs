//! Makes a permission of each command.

const COMMANDS: &[&str] =
    &["login", "logout", "session", "fetch", "cancel", "userinfo", "refresh", "subscribe", "access_token"];

fn main() {
    tauri_plugin::Builder::new(COMMANDS).build();
}
