//! A real authorization server for the bare page: oidc-provider, with rotation and the detection of reuse.

use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::demo::{Counters, workspace};
use crate::node::Node;

/// A running server. It ends when this is dropped.
#[derive(Debug)]
pub struct Provider {
    _node: Node,
    issuer: String,
}

#[derive(Deserialize)]
struct Said {
    issuer: String,
}

impl Provider {
    /// Starts a server that knows the pages of an origin.
    pub fn start(origin: &str) -> Self {
        Self::start_with(&[origin])
    }

    /// The same, with pushed requests, bound tokens and nonces required.
    pub fn start_bound(origin: &str) -> Self {
        Self::start_with(&[origin, "bound"])
    }

    fn start_with(arguments: &[&str]) -> Self {
        let (node, Said { issuer }) =
            Node::start(&workspace().join("tests/e2e/provider/main.mjs"), arguments.iter().copied());
        Self { _node: node, issuer }
    }

    /// Its issuer identifier.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// What it says of itself.
    pub async fn metadata(&self) -> Value {
        self.read("/.well-known/openid-configuration").await
    }

    /// What its token endpoint answered so far.
    pub async fn counters(&self) -> Counters {
        self.read("/test/counters").await
    }

    async fn read<T: DeserializeOwned>(&self, place: &str) -> T {
        read(&format!("{}{place}", self.issuer)).await
    }
}

/// Fetches a JSON document.
pub(crate) async fn read<T: DeserializeOwned>(url: &str) -> T {
    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<&[u8]>>();
    let answer = client.get(url.parse().expect("it is a URL")).await.expect("the server answers");
    let body = answer.into_body().collect().await.expect("the answer has an end").to_bytes();
    serde_json::from_slice(&body).expect("the answer is JSON")
}
