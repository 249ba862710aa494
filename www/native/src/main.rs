//! A native application that signs its user in by way of the system's browser (RFC 8252).
//!
//! `native ISSUER CLIENT_ID` prints the address to open, waits until the browser comes back to a port of this machine, and greets
//! the user. The client has to be registered with the redirect URI `http://127.0.0.1/callback`, without a port.
//!
//! `native --mcp URL [TOOL [ARGUMENTS]]` signs in to an MCP server that it meets for the first time, and lists its tools or calls one.

mod loopback;
mod mcp;
mod network;
mod signature;

use std::error::Error;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use pkce_wasm::client::authorize::LoginOptions;
use pkce_wasm::client::jwks::Jwks;
use pkce_wasm::client::metadata::Search;
use pkce_wasm::client::signature::{Signature, Step};
use pkce_wasm::client::userinfo;
use pkce_wasm::random::SystemEntropy;
use pkce_wasm::{Answer, Config, Exchange, Metadata, Settings, TokenSet, begin};

use crate::loopback::Loopback;
use crate::network::send;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (Some(first), Some(second)) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: native ISSUER CLIENT_ID\n       native --mcp URL [TOOL [ARGUMENTS]]");
        return ExitCode::from(2);
    };
    let told = if first == "--mcp" {
        mcp::run(&second, arguments.next(), arguments.next())
    } else {
        sign_in(&first, &second).map(|name| format!("Hello {name}"))
    };
    match told {
        Ok(told) => {
            println!("{told}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Signs the user in; their name.
fn sign_in(issuer: &str, client_id: &str) -> Outcome<String> {
    let loopback = Loopback::listen()?;
    let settings = Settings::new(issuer, client_id, loopback.redirect_uri());
    let config = Config::new(Settings { scope: "openid profile".to_owned(), ..settings })?;
    let metadata = discover(&config)?;

    let login = begin(&config, &metadata, LoginOptions::default(), &mut SystemEntropy, now())?;
    println!("{}", login.url);
    let callback = loopback.wait(&config.settings().redirect_uri, &login.transaction)?;
    // The state, the issuer and the redirect URI are checked before the code is used.
    let grant = login.transaction.accept(&config, callback, now())?;
    let (request, exchange) = grant.into_request(&config);
    let tokens = finish(exchange, &send(request)?)?;

    let user = userinfo::finish(&send(userinfo::request(&metadata, &tokens)?)?, &tokens)?;
    Ok(user.string("name").or_else(|| tokens.subject()).unwrap_or_default())
}

/// The metadata of the server, at one of its places.
fn discover(config: &Config) -> Outcome<Metadata> {
    let mut search = Search::new(config)?;
    while let Some(request) = search.next_request() {
        if let Some((metadata, _)) = search.take(send(request))? {
            return Ok(metadata);
        }
    }
    Ok(search.end()?.0)
}

/// From the token response to tokens whose ID token is verified.
fn finish(exchange: Exchange, response: &pkce_wasm::http::Response) -> Outcome<TokenSet> {
    let unverified = match exchange.finish(response, now())? {
        Answer::Tokens(tokens) => return Ok(tokens),
        Answer::Unverified(unverified) => unverified,
    };
    let (mut keys, mut refetched_at) = (None, None);
    loop {
        let mut next = unverified.next(keys.as_ref(), refetched_at, now())?;
        if let Step::Verify(check) = &next {
            let verdict = signature::verify(check);
            if verdict.signature != Signature::Invalid {
                return Ok(unverified.conclude(&verdict)?);
            }
            next = unverified.next_after_invalid(refetched_at, now())?;
        }
        if let Step::Fetch(request) = next {
            // Fetched again, because none of the keys fitted.
            refetched_at = keys.is_some().then(now);
            keys = Some(Jwks::from_response(&send(request)?)?);
        }
    }
}

/// Seconds since 1970.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}
