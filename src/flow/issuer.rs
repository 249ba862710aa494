//! Issuers that are known only after the sign-in: servers of several tenants have one document for all of them, and each token names its own.

use alloc::vec::Vec;

use crate::table::elements;
use crate::text::{Write, after};

/// What stands for the tenant in the document of such a server.
const TENANT: &[u8] = b"{tenantid}";

/// A tenant, for a pattern to be looked at as an issuer.
const SOME: &[u8] = b"00000000-0000-0000-0000-000000000000";

/// The tenant that an issuer names where the pattern has `{tenantid}`, each time the same one; empty when the pattern has none. `None` when it is another issuer.
#[inline(never)]
pub(crate) fn tenant<'a>(mut pattern: &[u8], mut issuer: &'a [u8]) -> Option<&'a [u8]> {
    let mut tenant = b"".as_slice();
    while let Some((byte, rest)) = pattern.split_first() {
        if let Some(rest) = after(pattern, TENANT) {
            let (found, behind) = issuer.split_at_checked(SOME.len())?;
            if !is_guid(found) || !tenant.is_empty() && tenant != found {
                return None;
            }
            (tenant, pattern, issuer) = (found, rest, behind);
        } else {
            issuer = after(issuer, &[*byte])?;
            pattern = rest;
        }
    }
    if issuer.is_empty() { Some(tenant) } else { None }
}

/// Hexadecimal digits where [`SOME`] has zeros, and its hyphens.
fn is_guid(text: &[u8]) -> bool {
    text.iter().zip(SOME).all(|(byte, some)| if *some == b'0' { byte.is_ascii_hexdigit() } else { byte == some })
}

/// A pattern with some tenant in the place of `{tenantid}`.
pub(crate) fn of_some_tenant(mut pattern: &[u8]) -> Vec<u8> {
    let mut issuer = Vec::new();
    while let Some((byte, rest)) = pattern.split_first() {
        if let Some(rest) = after(pattern, TENANT) {
            issuer.text(SOME);
            pattern = rest;
        } else {
            issuer.push(*byte);
            pattern = rest;
        }
    }
    issuer
}

/// Whether a document may name that issuer: the one that is configured, one that is accepted, or the pattern itself.
pub(crate) fn may_name(configured: &[u8], accepted: &[u8], issuer: &[u8]) -> bool {
    issuer == configured || elements(accepted).any(|pattern| pattern == issuer || tenant(pattern, issuer).is_some())
}
