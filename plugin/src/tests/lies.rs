//! Authorization servers that lie: no lie is believed.

use hostile::{Case, Expected, Group, Server, cases};
use pkce_wasm::Settings;
use pkce_wasm::error::{Code, Error};
use serde_json::{Value, json};

use super::{Machine, SCHEME, config_with, run};

#[test]
fn tp1_no_lie_of_an_authorization_server_is_believed() {
    run(async {
        let cases = cases::all();
        let server = Server::start(cases.iter().map(|case| (case.name, case.scenario))).await;
        let (mut wrong, mut tried) = (Vec::new(), 0);
        for case in &cases {
            tried += 1;
            let end = take(case, &server).await;
            let good = match case.expected {
                Expected::Accepted => end.is_ok(),
                Expected::Refused(code) => kept(case.group, code).iter().any(|code| end == Err(code.name().to_owned())),
            };
            if !good {
                wrong.push(format!("{}: {end:?} instead of {:?}", case.name, case.expected));
            }
        }
        assert!(tried > 60, "only {tried} cases were tried");
        assert!(wrong.is_empty(), "{wrong:#?}");
    });
}

/// The codes in a client that keeps its logins and its session: it finds a login by its `state`, and a refresh token that is
/// refused by `invalid_grant` ends the session.
fn kept(group: Group, code: Code) -> Vec<Code> {
    match (group, code) {
        (_, Code::StateMismatch) => vec![Code::TransactionNotFound],
        (Group::Refresh, Code::TokenRefused) => vec![Code::TokenRefused, Code::SessionExpired],
        (_, code) => vec![code],
    }
}

/// What a case has in its configuration beside the usual, as JSON has it.
fn configure(case: &Case, config: &mut Value) {
    let usual = || Settings::new(config["issuer"].as_str().unwrap(), "app", SCHEME);
    let (before, mut settings) = (usual(), usual());
    (case.configure)(&mut settings);
    if settings.trusted_audiences != before.trusted_audiences {
        config["trustedAudiences"] = settings.trusted_audiences.clone().into();
    }
    if settings.accept_issuer != before.accept_issuer {
        config["acceptIssuer"] = settings.accept_issuer.clone().into();
    }
    if let Some(alg) = &settings.id_token_signed_response_alg {
        config["idTokenSignedResponseAlg"] = alg.as_str().into();
    }
    if let Some(metadata) = &settings.metadata {
        config["metadata"] = serde_json::from_str(metadata).unwrap();
    }
    if settings.scope != before.scope {
        config["scope"] = settings.scope.as_str().into();
    }
}

/// The login at a case's issuer, as far as the step at which it lies; the code of the error.
async fn take(case: &Case, server: &Server) -> Result<(), String> {
    let machine = Machine::new();
    let client = json!({ "redirectUri": hostile::client::REDIRECT_URI, "clientId": hostile::client::CLIENT_ID });
    let mut config = config_with(&server.issuer(case.name), client);
    if matches!(case.expected, Expected::Refused(Code::TimedOut)) {
        config["timeout"] = 2000.into();
    }
    configure(case, &mut config);
    let client = machine.start(config);
    let outcome = machine.sign_in(&client, (case.options)()).await.map_err(|error| error.code.name().to_owned())?;
    match outcome["status"].as_str() {
        Some("signed-in") => {}
        // It belongs to no login: the pending one goes on.
        Some("none") => return Err(Code::StateMissing.name().to_owned()),
        _ => return Err(outcome["error"]["code"].as_str().unwrap_or_default().to_owned()),
    }
    let name = |error: Error| error.code.name().to_owned();
    if case.group == Group::Userinfo || !case.is_lie() {
        client.userinfo(None).await.map_err(name)?;
    }
    if case.group == Group::Refresh || case.refreshes {
        client.refresh(None).await.map_err(name)?;
    }
    Ok(())
}
