//! Strings that must not be seen: wiped when dropped, redacted when printed, never copied, compared in constant time.

use alloc::string::String;
use core::fmt;

use subtle::ConstantTimeEq;
#[cfg(not(target_os = "none"))]
use zeroize::Zeroize;

/// A secret string: a `code_verifier`, a code, a token.
#[derive(Default)]
pub struct Secret(String);

impl Secret {
    /// Takes charge of a secret.
    #[must_use]
    pub const fn new(secret: String) -> Self {
        Self(secret)
    }

    /// Shows the secret, for the one place that has to send it.
    #[must_use]
    pub const fn expose(&self) -> &str {
        self.0.as_str()
    }

    /// Whether this is the same secret; takes the same time wherever the two differ.
    #[must_use]
    pub fn matches(&self, other: &str) -> bool {
        matches(self.expose(), other)
    }
}

/// Whether two strings are the same; takes the same time wherever they differ. Their lengths are not kept secret.
#[must_use]
pub fn matches(left: impl AsRef<[u8]>, right: impl AsRef<[u8]>) -> bool {
    left.as_ref().ct_eq(right.as_ref()).into()
}

/// Bytes that are wiped when dropped.
#[cfg(not(target_os = "none"))]
pub(crate) use zeroize::Zeroizing as Wiped;

/// The same in the shipped module, where the loader wipes the whole memory.
#[cfg(target_os = "none")]
pub(crate) struct Wiped<T>(T);

#[cfg(target_os = "none")]
impl<T> Wiped<T> {
    pub(crate) const fn new(bytes: T) -> Self {
        Self(bytes)
    }
}

#[cfg(target_os = "none")]
impl<T> core::ops::Deref for Wiped<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

#[cfg(target_os = "none")]
impl<T> core::ops::DerefMut for Wiped<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

/// In the shipped module the loader wipes the whole memory.
#[cfg(not(target_os = "none"))]
impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[secret]")
    }
}
