//! Whether the page is in an embedded user agent, where no sign-in page belongs (RFC 8252 section 8.12).

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
        // Android's WebView says so itself; so does Electron.
        self.in_shell || self.holds("; wv)") || self.holds(" Electron/") || self.is_apple_web_view()
    }

    /// Apple's WKWebView leaves out the token by which every browser there names Safari. So does an installed page.
    fn is_apple_web_view(&self) -> bool {
        let is_apple = ["(iPhone;", "(iPad;", "(iPod", "(Macintosh;"].iter().any(|platform| self.holds(platform));
        is_apple && self.holds(" AppleWebKit/") && !self.holds(" Safari/") && !self.installed
    }

    /// By bytes: the search for text in text is much code.
    fn holds(&self, token: &str) -> bool {
        self.text.as_bytes().windows(token.len()).any(|window| window == token.as_bytes())
    }
}
