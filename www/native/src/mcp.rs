//! An MCP server that the application meets for the first time: its authorization server is found, the application registers there, and the
//! user signs in by the system's browser (MCP specification 2025-11-25, Authorization and Streamable HTTP).

use pkce_wasm::client::authorize::LoginOptions;
use pkce_wasm::client::challenge::{self, Challenge, Scheme};
use pkce_wasm::client::json_text::JsonText;
use pkce_wasm::client::protected_resource::{
    ProtectedResource, authorization_server_requests, is_same_issuer, metadata_requests,
};
use pkce_wasm::client::registration::{Application, ClientAuthentication, Identity, RegisteredClient, Registrar};
use pkce_wasm::error::{Code, Error};
use pkce_wasm::http::Response;
use pkce_wasm::random::SystemEntropy;
use pkce_wasm::{Config, Metadata, Settings, TokenSet, begin};
use serde_json::{Value, json};

use crate::loopback::Loopback;
use crate::network::{post_json, send, send_as};
use crate::{Outcome, finish, now};

/// The version of the protocol that this application speaks.
const VERSION: &str = "2025-11-25";

/// How often a server may ask for a login, for one request.
const LOGINS: u32 = 3;

/// Signs in, and gives what is to be printed: the tools, or what the tool answered. Its arguments are a JSON object.
pub(crate) fn run(url: &str, tool: Option<String>, arguments: Option<String>) -> Outcome<String> {
    let mut server = Server::new(url)?;
    let client = json!({ "name": "native", "version": "0.0.0" });
    server.ask("initialize", &json!({ "protocolVersion": VERSION, "capabilities": {}, "clientInfo": client }))?;
    server.notify("notifications/initialized")?;
    let Some(tool) = tool else {
        let answer = server.ask("tools/list", &json!({}))?;
        return Ok(lines(&answer, "tools", "name"));
    };
    let arguments: Value = serde_json::from_str(arguments.as_deref().unwrap_or("{}"))?;
    let answer = server.ask("tools/call", &json!({ "name": tool, "arguments": arguments }))?;
    Ok(lines(&answer, "content", "text"))
}

/// That member of each object of a list of a result.
fn lines(result: &Value, list: &str, member: &str) -> String {
    let list = result.get(list).and_then(Value::as_array).into_iter().flatten();
    let texts = list.filter_map(|item| item.get(member)?.as_str());
    texts.collect::<Vec<_>>().join("\n")
}

/// An MCP server, and what this application knows of it.
struct Server {
    url: String,
    loopback: Loopback,
    /// Where the user has signed in, as a client of that server.
    login: Option<Login>,
    session_id: Option<String>,
    requests: u64,
}

/// What a login at an authorization server needs, and what it gave.
struct Login {
    resource: ProtectedResource,
    metadata: Metadata,
    registrar: Registrar,
    client: RegisteredClient,
    issuer: String,
    tokens: Option<TokenSet>,
}

impl Server {
    fn new(url: &str) -> Outcome<Self> {
        let loopback = Loopback::listen()?;
        Ok(Self { url: url.to_owned(), loopback, login: None, session_id: None, requests: 0 })
    }

    /// Makes a request of JSON-RPC; its result.
    fn ask(&mut self, method: &str, parameters: &Value) -> Outcome<Value> {
        self.requests = self.requests.wrapping_add(1);
        let request = json!({ "jsonrpc": "2.0", "id": self.requests, "method": method, "params": parameters });
        let answer = message(&self.send(&request)?)?;
        if let Some(error) = answer.get("error") {
            return Err(format!("{method}: {error}").into());
        }
        Ok(answer.get("result").cloned().unwrap_or_default())
    }

    fn notify(&mut self, method: &str) -> Outcome<()> {
        self.send(&json!({ "jsonrpc": "2.0", "method": method })).map(drop)
    }

    /// Sends a message, and signs in where the server asks for it.
    fn send(&mut self, message: &Value) -> Outcome<Response> {
        let message = message.to_string();
        for _ in 0..=LOGINS {
            let bearer = self.bearer();
            let mut headers =
                vec![("accept", "application/json, text/event-stream"), ("mcp-protocol-version", VERSION)];
            headers.extend(bearer.as_deref().map(|bearer| ("authorization", bearer)));
            headers.extend(self.session_id.as_deref().map(|id| ("mcp-session-id", id)));
            let (answered, response) = post_json(&self.url, &message, &headers)?;
            let header = |name| answered.get(name).and_then(|value| value.to_str().ok());
            match response.status {
                200..=202 => {
                    if let Some(id) = header("mcp-session-id") {
                        self.session_id = Some(id.to_owned());
                    }
                    return Ok(response);
                }
                401 | 403 => {
                    let challenges = challenge::parse(header("www-authenticate").unwrap_or_default());
                    let bearer = challenges.into_iter().find(|challenge| challenge.scheme == Scheme::Bearer);
                    let asks = |challenge: &Challenge| challenge.error.as_deref() == Some("insufficient_scope");
                    if response.status == 403 && !bearer.as_ref().is_some_and(asks) {
                        return Err("the server forbids it".into());
                    }
                    self.sign_in(bearer.as_ref())?;
                }
                status => return Err(format!("the server answered {status}").into()),
            }
        }
        Err("the server asks for a login again and again".into())
    }

    /// The access token, which goes to this server alone.
    fn bearer(&self) -> Option<String> {
        let login = self.login.as_ref().filter(|login| login.resource.may_receive_token(&self.url))?;
        Some(["Bearer ", login.tokens.as_ref()?.access_token.expose()].concat())
    }

    /// Signs the user in, with the scopes that the server asks for beside those that were granted.
    fn sign_in(&mut self, challenge: Option<&Challenge>) -> Outcome<()> {
        let login = match self.login.take() {
            Some(login) => login,
            None => meet(&self.url, challenge, &self.loopback.redirect_uri())?,
        };
        let granted = login.tokens.as_ref().map(|tokens| tokens.scope.as_str()).unwrap_or_default();
        let scope = login.resource.scopes(challenge, "", granted, &login.registrar);
        let in_body = login.client.authentication == ClientAuthentication::Post;
        let secret = login.client.client_secret.as_ref().filter(|_| in_body);
        let client = &login.client;
        let config = Config::new(Settings {
            scope: scope.unwrap_or_default(),
            public_client_secret: secret.map(|secret| secret.expose().to_owned()),
            ..Settings::new(&login.issuer, &client.client_id, &client.redirect_uri)
        })?;
        let options = LoginOptions { resource: Some(login.resource.resource()), ..LoginOptions::default() };
        let begun = begin(&config, &login.metadata, options, &mut SystemEntropy, now())?;
        println!("{}", begun.url);
        let callback = self.loopback.wait(&client.redirect_uri, &begun.transaction)?;
        let grant = begun.transaction.accept(&config, callback, now())?;
        let (request, exchange) = grant.into_request(&config);
        let response = send_as(request, client.authorization().as_ref())?;
        let tokens = finish(exchange, &response)?;
        self.login = Some(Login { tokens: Some(tokens), ..login });
        Ok(())
    }
}

/// Finds the authorization server of an MCP server, and becomes a client of it.
fn meet(url: &str, challenge: Option<&Challenge>, redirect_uri: &str) -> Outcome<Login> {
    let resource = resource(url, challenge)?;
    let mut why = Error::from(Code::AuthorizationServerNotFound);
    for issuer in resource.authorization_servers() {
        match authorization_server(&issuer) {
            Ok((issuer, metadata, document)) => {
                let registrar = Registrar::from_document(&document)?;
                let scope = resource.all_scopes(challenge, "", &registrar);
                let client = register(&registrar, redirect_uri, scope.as_deref())?;
                return Ok(Login { resource, metadata, registrar, client, issuer, tokens: None });
            }
            Err(error) => why = error,
        }
    }
    Err(why.into())
}

/// What the server says of itself, at one of its places. A document that is wrong ends the search.
fn resource(url: &str, challenge: Option<&Challenge>) -> Result<ProtectedResource, Error> {
    for request in metadata_requests(url, challenge, false)? {
        let place = request.url.clone();
        let read = send(request).and_then(|response| ProtectedResource::from_response(&response, url, &place, false));
        match read {
            Err(error) if error.code == Code::MetadataNotFound => {}
            read => return read,
        }
    }
    Ok(ProtectedResource::silent(url))
}

/// The metadata of an authorization server, and the document that they were read from.
fn authorization_server(issuer: &str) -> Result<(String, Metadata, String), Error> {
    let mut why = Error::from(Code::MetadataNotFound);
    for request in authorization_server_requests(issuer, false)? {
        match send(request).and_then(|response| read(&response, issuer)) {
            Err(error) if error.code == Code::IssuerMismatch => return Err(error),
            Err(error) => why = error,
            found => return found,
        }
    }
    Err(why)
}

/// Reads the metadata of an issuer, which may spell itself with a slash at its end or without one.
fn read(response: &Response, issuer: &str) -> Result<(String, Metadata, String), Error> {
    let read = |issuer: &str| {
        Metadata::from_response(response, issuer, false)
            .map(|(metadata, document)| (issuer.to_owned(), metadata, document))
    };
    match read(issuer) {
        Err(error) if error.code == Code::IssuerMismatch => {
            let own = error.found.as_deref().filter(|found| is_same_issuer(issuer, found)).map(str::to_owned);
            own.map_or(Err(error), |own| read(&own))
        }
        read => read,
    }
}

/// Becomes a client of an authorization server.
fn register(server: &Registrar, redirect_uri: &str, scope: Option<&str>) -> Outcome<RegisteredClient> {
    let application = Application {
        redirect_uri: redirect_uri.to_owned(),
        client_metadata: JsonText::parse(r#"{"client_name":"pkce-wasm on the command line"}"#),
        ..Application::default()
    };
    match server.identify(&application, scope)? {
        Identity::Client(client) => Ok(client),
        Identity::Register(request, registration) => {
            let (_, response) = post_json(&request.url, &request.body, &[("accept", "application/json")])?;
            Ok(registration.finish(&response)?)
        }
        Identity::Nobody(_) => Err(Error::from(Code::RegistrationRequired).into()),
    }
}

/// The message of an answer: JSON, or the last event of a stream.
fn message(response: &Response) -> Outcome<Value> {
    let body = response.body.expose();
    if response.has_type("text/event-stream") {
        let mut data = body.lines().filter_map(|line| line.strip_prefix("data:"));
        return Ok(serde_json::from_str(data.next_back().ok_or("the server answered nothing")?.trim())?);
    }
    Ok(serde_json::from_str(body)?)
}
