//! What a signed-in application holds, as a record that can be kept.

use crate::encoding::{Form, decimal, form_pairs, take_field};
use crate::flow::token::{TokenSet, VerifiedBy};
use crate::json::Json;
use crate::jwt::Jwt;
use crate::secret::Secret;

/// The version of the record's form; another one is as if there were none.
const VERSION: &str = "1";

/// Seconds before its expiry at which an access token is no longer handed out: it has to survive its journey.
const LEEWAY: u64 = 10;

impl<J: Json> TokenSet<J> {
    /// The record to keep. Holds every token.
    #[must_use]
    pub fn to_record(&self) -> Secret {
        let form = Form::new()
            .with("v", VERSION)
            .with("access_token", self.access_token.expose())
            .with("token_type", &self.token_type)
            .with_some("expires_at", self.expires_at.map(decimal).as_deref())
            .with("scope", &self.scope)
            .with_some("refresh_token", self.refresh_token.as_ref().map(Secret::expose))
            .with_some("id_token", self.id_token.as_ref().map(Secret::expose))
            .with_some("id_token_verified_by", self.id_token_verified_by.map(VerifiedBy::name))
            .with_some("resource", self.resource.as_deref())
            .with_some("authorization_details", self.authorization_details.as_ref().map(Json::to_text).as_deref());
        Secret::new(form.finish())
    }

    /// Reads a record that was kept; `None` when it is not one of this version.
    #[must_use]
    pub fn from_record(record: &str) -> Option<Self> {
        let mut pairs = form_pairs(record)?;
        let mut take = |name: &str| take_field(&mut pairs, name);
        if take("v")? != VERSION {
            return None;
        }
        let expires_at = match take("expires_at") {
            Some(time) => Some(time.parse().ok()?),
            None => None,
        };
        let id_token = take("id_token").map(Secret::new);
        let claims = match &id_token {
            Some(token) => Some(Jwt::decode(token.expose())?.claims),
            None => None,
        };
        Some(Self {
            access_token: Secret::new(take("access_token")?),
            token_type: take("token_type")?,
            expires_at,
            scope: take("scope")?,
            refresh_token: take("refresh_token").map(Secret::new),
            id_token,
            claims,
            id_token_verified_by: take("id_token_verified_by").and_then(|name| VerifiedBy::from_name(&name)),
            resource: take("resource"),
            authorization_details: take("authorization_details").and_then(|text| J::parse(&text)),
        })
    }

    /// Whether the access token may still be used; `now` is in seconds since 1970. Without a known expiry it may.
    #[must_use]
    pub fn is_fresh(&self, now: u64) -> bool {
        self.expires_at.is_none_or(|expires_at| now.saturating_add(LEEWAY) < expires_at)
    }
}
