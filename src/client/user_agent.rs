//! Whether the page is in an embedded user agent, where no sign-in page belongs (RFC 8252 section 8.12).

pub use crate::flow::user_agent::UserAgent;
