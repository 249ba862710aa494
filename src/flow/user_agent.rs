//! Whether the page is in an embedded user agent, where no sign-in page belongs (RFC 8252 section 8.12).

use crate::text::words;

/// What a page can tell of the browser that it is in.
#[derive(Clone, Copy, Debug)]
pub struct UserAgent<'a> {
    /// `navigator.userAgent`.
    pub text: &'a str,
    /// A hybrid shell has left its mark in the page: the globals of Tauri, Capacitor or Cordova.
    pub in_shell: bool,
    /// The page was installed from a browser, and has no address bar for that reason.
    pub installed: bool,
}

impl UserAgent<'_> {
    /// Whether it is an application's WebView and not a browser. What does not look like one counts as a browser.
    #[must_use]
    pub fn is_embedded(&self) -> bool {
        is_embedded(self.text.as_bytes(), self.in_shell, self.installed)
    }
}

/// The same by the parts.
pub(crate) fn is_embedded(text: &[u8], in_shell: bool, installed: bool) -> bool {
    let holds = |token: &[u8]| text.windows(token.len()).any(|window| window == token);
    // Apple's WKWebView leaves out the token by which every browser there names Safari. So does an installed page.
    let is_apple = || words("(iPhone; (iPad; (iPod (Macintosh;").any(holds);
    let is_apple_web_view = || is_apple() && holds(b" AppleWebKit/") && !holds(b" Safari/") && !installed;
    // Android's WebView says so itself; so does Electron.
    in_shell || holds(b"; wv)") || holds(b" Electron/") || is_apple_web_view()
}
