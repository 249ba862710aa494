//! What the server answers, down to how the bytes arrive.

use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use serde_json::Value;

/// How a body arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// All of it.
    Whole,
    /// Half of it, then the connection is cut.
    Cut,
    /// The connection stays open and nothing comes.
    Never,
}

/// What the server answers.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// `Content-Type`; empty for none.
    pub content_type: &'static str,
    /// `Location`, when there is one.
    pub location: Option<String>,
    /// The body.
    pub body: String,
    /// How it arrives.
    pub delivery: Delivery,
    /// Whether pages may read the `Date`.
    pub shows_date: bool,
    /// What is asked for (RFC 9110 section 11.6.1); empty for nothing.
    pub challenge: &'static str,
    /// `DPoP-Nonce`, when there is one (RFC 9449 section 8).
    pub nonce: Option<String>,
}

impl Reply {
    /// A JSON document.
    pub fn json(value: Value) -> Self {
        Self::text(value.to_string())
    }

    /// What calls itself JSON.
    pub fn text(body: impl Into<String>) -> Self {
        Self {
            status: 200,
            content_type: "application/json",
            location: None,
            body: body.into(),
            delivery: Delivery::Whole,
            shows_date: false,
            challenge: "",
            nonce: None,
        }
    }

    /// A web page.
    pub fn html(status: u16) -> Self {
        let body = "<!doctype html><title>Welcome</title><p>Nothing to see here.";
        Self { status, content_type: "text/html", ..Self::text(body) }
    }

    /// A redirect.
    pub fn redirect(status: u16, location: String) -> Self {
        Self { location: Some(location), ..Self::html(status) }
    }

    /// The same with another status.
    #[must_use]
    pub fn status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    /// The same under another `Content-Type`; empty for none.
    #[must_use]
    pub fn content_type(self, content_type: &'static str) -> Self {
        Self { content_type, ..self }
    }

    /// The same, arriving in another way.
    #[must_use]
    pub fn arriving(self, delivery: Delivery) -> Self {
        Self { delivery, ..self }
    }

    /// The same, with a `Date` that pages may read.
    #[must_use]
    pub fn showing_date(self) -> Self {
        Self { shows_date: true, ..self }
    }

    /// A JSON object of five megabytes: the members of this one, and filling.
    #[must_use]
    pub fn swollen(mut self) -> Self {
        let filling = "x".repeat(5_000_000);
        self.body.insert_str(1, &format!("\"filling\":\"{filling}\","));
        self
    }

    /// Half of the text, as if it were all of it.
    #[must_use]
    pub fn halved(mut self) -> Self {
        self.body.truncate(self.body.len() / 2);
        self
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let mut response = Response::builder()
            .status(self.status)
            .header(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")
            .header(header::ACCESS_CONTROL_ALLOW_HEADERS, "authorization, content-type, *")
            .header(header::CACHE_CONTROL, "no-store");
        if !self.content_type.is_empty() {
            response = response.header(header::CONTENT_TYPE, self.content_type);
        }
        if self.shows_date {
            response = response.header(header::ACCESS_CONTROL_EXPOSE_HEADERS, "Date");
        }
        if !self.challenge.is_empty() {
            response = response.header(header::WWW_AUTHENTICATE, self.challenge);
        }
        if let Some(nonce) = self.nonce {
            response = response.header("DPoP-Nonce", nonce);
        }
        if let Some(location) = self.location {
            response = response.header(header::LOCATION, location);
        }
        let body = match self.delivery {
            Delivery::Whole => Body::from(self.body),
            Delivery::Cut => {
                response = response.header(header::CONTENT_LENGTH, self.body.len());
                let half = Bytes::from(self.body.as_bytes()[..self.body.len() / 2].to_vec());
                // Later: a browser that has seen nothing of the answer sends the request again by itself.
                let cut = stream::once(async {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    Err(io::Error::from(io::ErrorKind::ConnectionReset))
                });
                Body::from_stream(stream::once(async { Ok(half) }).chain(cut))
            }
            Delivery::Never => Body::from_stream(stream::pending::<Result<Bytes, io::Error>>().fuse()),
        };
        response.body(body).expect("a scenario's status and headers are fit for HTTP")
    }
}
