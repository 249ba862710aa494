//! What a signed-in application holds, as a record that can be kept.
#![cfg(all(not(target_arch = "wasm32"), feature = "client"))]
#![cfg(test)]

mod support;

use pkce_wasm::client::session::{Answered, Asked, Freshness, Kept, Next, Session};
use pkce_wasm::error::Refusal;
use pkce_wasm::http::Response;
use pkce_wasm::secret::Secret;
use pkce_wasm::{Code, Error, JsonText, TokenSet};
use proptest::prelude::*;
use serde_json::json;
use support::{
    ACCESS_TOKEN, NOW, REFRESH_TOKEN, SUBJECT, code, config, config_with, fault, redeem, response, signed_in, without,
};

fn revive(record: &str) -> Option<TokenSet> {
    TokenSet::from_record(record)
}

fn assert_same(one: &TokenSet, other: &TokenSet) {
    let exposed = |secret: &Option<Secret>| secret.as_ref().map(|secret| secret.expose().to_owned());
    assert_eq!(one.access_token.expose(), other.access_token.expose());
    assert_eq!(one.token_type, other.token_type);
    assert_eq!(one.expires_at, other.expires_at);
    assert_eq!(one.expires_in, other.expires_in);
    assert_eq!(one.scope, other.scope);
    assert_eq!(exposed(&one.refresh_token), exposed(&other.refresh_token));
    assert_eq!(exposed(&one.id_token), exposed(&other.id_token));
    assert_eq!(one.claims, other.claims);
    assert_eq!(one.id_token_verified_by, other.id_token_verified_by);
    assert_eq!(one.resource, other.resource);
    assert_eq!(one.authorization_details, other.authorization_details);
}

/// Tokens with nothing but what has to be there.
fn bare(access_token: &str) -> TokenSet {
    TokenSet {
        access_token: Secret::new(access_token.into()),
        token_type: "Bearer".into(),
        expires_at: None,
        expires_in: None,
        scope: "openid".into(),
        refresh_token: None,
        id_token: None,
        claims: None,
        id_token_verified_by: None,
        resource: None,
        authorization_details: None,
        extra: None,
        dpop_jkt: None,
        unbound: None,
    }
}

#[test]
fn a_session_survives_the_page() {
    let tokens = signed_in();
    let revived = revive(tokens.to_record().expose()).unwrap();
    assert_same(&tokens, &revived);
    assert_eq!(revived.access_token.expose(), ACCESS_TOKEN);
    assert_eq!(revived.refresh_token.as_ref().unwrap().expose(), REFRESH_TOKEN);
    assert_eq!(revived.subject().as_deref(), Some(SUBJECT));
}

#[test]
fn ri2_ra3_what_the_tokens_are_for_survives_the_page() {
    let tokens = TokenSet {
        resource: Some("https://a.example/ https://b.example/x?y=1&z".into()),
        authorization_details: JsonText::parse(
            r#"[{"type": "payment", "amount": {"currency": "EUR", "value": "1.50 & more\\u000a"}}]"#,
        ),
        ..bare("a")
    };
    assert_same(&tokens, &revive(tokens.to_record().expose()).unwrap());
}

#[test]
fn a_session_of_an_access_token_alone_survives_too() {
    let tokens = bare("a");
    let revived = revive(tokens.to_record().expose()).unwrap();
    assert_same(&tokens, &revived);
    assert_eq!(revived.subject(), None);
}

/// The lines of a session with nothing but what has to be there.
const SOUND: [&str; 16] = ["2", "a", "Bearer", "\\e", "", "", "", "", "", "", "", "", "", "", "", ""];

fn record_of(lines: [&str; 16]) -> String {
    lines.map(|line| [line, "\n"].concat()).concat()
}

#[test]
fn a_record_that_lacks_something_or_is_of_another_form_is_none() {
    assert!(revive(&record_of(SOUND)).is_some());
    let mut all = SOUND;
    (all[5], all[10], all[11]) = ("e30.e30.c2ln", "[1]", "{\"a\":1}");
    assert!(revive(&record_of(all)).is_some());
    for (place, wrong) in [
        (0, ""),
        (0, "1"),
        (0, "3"),
        (1, ""),
        (2, ""),
        (5, "a.b"),
        (5, "e30.e30."),
        (5, "e30.eA.c2ln"),
        (5, "e30.W10.c2ln"),
        (5, "e30.e30K.c2ln.c2ln"),
        (10, "x"),
        (10, "{}"),
        (10, "[1,]"),
        (8, "soon"),
        (8, "-1"),
        (9, "soon"),
        (11, "x"),
        (11, "[]"),
        (11, "{\"a\"}"),
        (13, "x"),
        (14, "16"),
        (14, "[]"),
        (15, "18446744073709551616"),
    ] {
        let mut lines = SOUND;
        lines[place] = wrong;
        assert!(revive(&record_of(lines)).is_none(), "{wrong:?} at {place}");
    }
    for record in ["", "2", "2\na\nBearer\n", "v=1&access_token=a&token_type=Bearer&scope=", "{\"access_token\":\"a\"}"]
    {
        assert!(revive(record).is_none(), "{record}");
    }
}

#[test]
fn a_record_with_a_line_too_many_or_too_few_is_none() {
    let record = record_of(SOUND);
    for more in ["\n", "twice\n", "twice"] {
        assert!(revive(&[&record, more].concat()).is_none(), "{more:?}");
    }
    assert!(revive(record.strip_suffix('\n').unwrap()).is_none());
    assert!(revive(record.strip_suffix("\n\n").unwrap()).is_none());
}

/// What the seconds after its issue make of a token of that lifetime.
fn course(lifetime: u64, seconds: &[u64]) -> Vec<Freshness> {
    let tokens = redeem(|answer| answer["expires_in"] = json!(lifetime)).unwrap();
    seconds.iter().map(|seconds| tokens.freshness(NOW.saturating_add(*seconds))).collect()
}

#[test]
fn ac18_a_token_is_fresh_until_shortly_before_it_expires() {
    use Freshness::{Ageing, Expired, Fresh, Stale};
    assert_eq!(
        course(3600, &[0, 3539, 3540, 3589, 3590, 3599, 3600, 3601]),
        [Fresh, Fresh, Ageing, Ageing, Stale, Stale, Expired, Expired]
    );
    // One that lives shortly is not old from the beginning.
    assert_eq!(course(60, &[0, 44, 45, 52, 53, 60]), [Fresh, Fresh, Ageing, Ageing, Stale, Expired]);
    assert_eq!(course(4, &[0, 2, 3, 4]), [Fresh, Fresh, Ageing, Expired]);
    assert_eq!(course(1, &[0, 1]), [Fresh, Expired]);
    assert_eq!(course(0, &[0]), [Expired]);
    let tokens = redeem(|answer| answer["expires_in"] = json!(60)).unwrap();
    for (seconds, fresh) in [(0, true), (52, true), (53, false), (60, false), (61, false)] {
        assert_eq!(tokens.is_fresh(NOW.saturating_add(seconds)), fresh, "{seconds}");
    }
    assert!(!tokens.is_fresh(u64::MAX));
}

#[test]
fn ac18_a_clock_that_is_set_back_makes_no_token_younger_than_it_was() {
    let tokens = redeem(|answer| answer["expires_in"] = json!(60)).unwrap();
    // Corrections happen; a day is none.
    assert_eq!(tokens.freshness(NOW.saturating_sub(10)), Freshness::Fresh);
    assert_eq!(tokens.freshness(NOW.saturating_sub(11)), Freshness::Stale);
    assert_eq!(tokens.freshness(NOW.saturating_sub(86_400)), Freshness::Stale);
}

#[test]
fn ac18_a_token_without_a_known_expiry_may_be_used() {
    let tokens = bare("a");
    assert!(tokens.is_fresh(0) && tokens.is_fresh(u64::MAX));
}

#[test]
fn md8_the_sessions_of_two_clients_or_issuers_are_kept_apart() {
    let other_issuer = config_with(|settings| settings.issuer = "https://as.example/b".into());
    let other_client = config_with(|settings| settings.client_id = "other".into());
    let keys = [config().owner(), other_issuer.owner(), other_client.owner()];
    for (index, key) in keys.iter().enumerate() {
        assert_eq!(keys.iter().position(|other| other == key), Some(index));
    }
    let other_callback = config_with(|settings| settings.redirect_uri = "https://app.example/other".into());
    assert_eq!(config().owner(), other_callback.owner());
}

/// A session whose tokens live for a minute.
fn session() -> Session {
    Session::new(redeem(|answer| answer["expires_in"] = json!(60)).unwrap())
}

fn after(seconds: u64) -> u64 {
    NOW.saturating_add(seconds)
}

/// The session as another page reads it.
fn reread(session: &Session) -> Session {
    Session::from_record(session.to_record().expose()).unwrap()
}

/// What is kept and told after a refresh of the session that began now, when nothing else happened meanwhile.
fn conclude(session: Session, refreshed: Result<TokenSet, Error>) -> (Kept, Result<(), Error>) {
    let kept = reread(&session);
    session.conclude(Some(&kept), refreshed, NOW, 0)
}

/// The session after a refresh that failed in that way.
fn failed(mut session: Session, error: Error) -> (Session, Error) {
    session.begin_refresh();
    match conclude(reread(&session), Err(error)) {
        (Kept::As(session), Err(error)) => (reread(&session), error),
        other => panic!("{other:?}"),
    }
}

fn network_failed() -> Error {
    Error::new(Code::NetworkFailed)
}

fn invalid_grant() -> Error {
    let refusal = Refusal { error: "invalid_grant".into(), ..Refusal::default() };
    Error::new(Code::TokenRefused).status(400).refusal(refusal)
}

#[test]
fn ac18_tokens_are_refreshed_ahead_of_their_expiry_and_given_meanwhile() {
    let session = session();
    let nobody = Asked::default();
    assert_eq!(session.next(&nobody, after(44)).unwrap(), Next::Give);
    assert_eq!(session.next(&nobody, after(45)).unwrap(), Next::GiveAndRefresh);
    assert_eq!(session.next(&nobody, after(53)).unwrap(), Next::Refresh);
    assert_eq!(session.next(&nobody, after(60)).unwrap(), Next::Refresh);
}

#[test]
fn ac18_without_a_refresh_token_the_access_token_serves_to_its_end() {
    let mut session = session();
    session.tokens.refresh_token = None;
    assert_eq!(session.next(&Asked::default(), after(59)).unwrap(), Next::Give);
    assert_eq!(fault(session.next(&Asked::default(), after(60))), (Code::SessionExpired, Some("expires_in")));
    let asked = Asked { spent: Some(ACCESS_TOKEN), ..Asked::default() };
    assert_eq!(code(session.next(&asked, NOW)), Code::RefreshTokenMissing);
}

#[test]
fn ac18_time_goes_by_for_a_token_whatever_happens_to_the_clock() {
    let session = session();
    let seen = |token, seconds| Asked { seen: Some((token, after(seconds))), ..Asked::default() };
    // Set back, and steadily on.
    assert_eq!(session.next(&seen(ACCESS_TOKEN, 44), NOW).unwrap(), Next::Give);
    assert_eq!(session.next(&seen(ACCESS_TOKEN, 45), NOW).unwrap(), Next::GiveAndRefresh);
    assert_eq!(session.next(&seen(ACCESS_TOKEN, 60), NOW).unwrap(), Next::Refresh);
    // The steady clock stands still while the machine sleeps.
    assert_eq!(session.next(&seen(ACCESS_TOKEN, 0), after(60)).unwrap(), Next::Refresh);
    // It was seen with another token.
    assert_eq!(session.next(&seen("another", 60), NOW).unwrap(), Next::Give);
}

#[test]
fn sb3_a_token_that_was_replaced_while_somebody_waited_is_not_replaced_again() {
    let asked = |spent| Asked { spent: Some(spent), ..Asked::default() };
    assert_eq!(session().next(&asked(ACCESS_TOKEN), NOW).unwrap(), Next::Refresh);
    assert_eq!(session().next(&asked("the one before"), NOW).unwrap(), Next::Give);
}

#[test]
fn id14_tokens_are_given_to_nobody_who_knows_another_user() {
    let asked = |subject| Asked { subject: Some(subject), ..Asked::default() };
    assert_eq!(session().next(&asked(SUBJECT), NOW).unwrap(), Next::Give);
    assert_eq!(fault(session().next(&asked("mallory"), NOW)), (Code::SessionExpired, Some("sub")));
}

#[test]
fn bb3_a_session_is_over_when_its_token_is_expired_and_nothing_trades_for_another_one() {
    let with = |expires_at, refresh_token: Option<&str>| {
        let mut tokens = bare(ACCESS_TOKEN);
        (tokens.expires_at, tokens.expires_in) = (expires_at, Some(60));
        tokens.refresh_token = refresh_token.map(|token| Secret::new(token.into()));
        Session::new(tokens)
    };
    assert!(!with(Some(NOW), None).is_over(NOW - 1));
    assert!(with(Some(NOW), None).is_over(NOW));
    assert!(!with(Some(NOW), Some(REFRESH_TOKEN)).is_over(NOW));
    assert!(!with(None, None).is_over(NOW));
}

#[test]
fn sb3_invalid_grant_ends_a_session_at_once() {
    let mut session = session();
    session.begin_refresh();
    let (kept, told) = conclude(session, Err(invalid_grant()));
    assert!(matches!(kept, Kept::Ended), "{kept:?}");
    let error = told.unwrap_err();
    assert_eq!((error.code, error.status, error.is_invalid_grant()), (Code::SessionExpired, Some(400), true));
}

#[test]
fn sb3_whatever_else_happens_to_a_refresh_the_tokens_stay() {
    let other_refusal =
        |error: &str| Error::new(Code::TokenRefused).refusal(Refusal { error: error.into(), ..Refusal::default() });
    let ends = |code: &&Code| {
        !matches!(code, Code::IdTokenSubjectMismatch | Code::IdTokenIssuerMismatch | Code::DpopKeyMissing)
    };
    for error in Code::ALL
        .iter()
        .filter(ends)
        .map(|code| Error::new(*code))
        .chain(["invalid_client", "invalid_request", "temporarily_unavailable", "invalid_scope"].map(other_refusal))
    {
        let (session, told) = failed(session(), error.clone());
        assert_eq!(told.code, error.code);
        assert_eq!(session.tokens.refresh_token.as_ref().unwrap().expose(), REFRESH_TOKEN);
        // The access token serves on; without one the caller is told why there is none.
        assert_eq!(session.next(&Asked::default(), after(1)).unwrap(), Next::Give, "{error}");
        if told.retry_after.unwrap() > 1 {
            assert_eq!(
                session.next(&Asked { seen: Some((ACCESS_TOKEN, after(59))), ..Asked::default() }, after(1)).unwrap(),
                Next::Give
            );
        }
    }
}

/// A refusal in JSON by the token endpoint.
fn refusal(error: &str) -> Error {
    let refusal = Refusal {
        error: error.into(),
        error_description: Some("the server's words".into()),
        error_uri: Some("https://as.example/errors".into()),
    };
    Error::new(Code::TokenRefused).status(400).refusal(refusal)
}

/// What becomes of a session after refreshes that are refused in that way, each so many seconds after its login.
fn refused(error: &Error, response: &Response, times: &[u64]) -> Result<Session, Error> {
    let mut session = session();
    for seconds in times {
        session.begin_refresh();
        let kept = reread(&session);
        let answered = Answered { response: Some(response), ..Answered::default() };
        match session.conclude_with(Some(&kept), Err(error.clone()), answered, after(*seconds), 0) {
            (Kept::As(still), Err(told)) => {
                assert_eq!(told.code, error.code);
                session = reread(&still);
            }
            (Kept::Ended, Err(told)) => return Err(told),
            other => panic!("{other:?}"),
        }
    }
    Ok(session)
}

#[test]
fn sb3_a_refusal_that_comes_again_after_ten_minutes_ends_a_session_whose_access_token_is_spent() {
    let bare = Error::new(Code::TokenResponseInvalid);
    for (error, status, body) in [
        (refusal("invalid_request"), 400, "{}"),
        (refusal("invalid_token"), 401, "{}"),
        (refusal("bad_refresh_token"), 200, "{}"),
        (bare.clone().status(400), 400, ""),
        (bare.clone().status(401), 401, " \n"),
    ] {
        let answer = response(status, None, body);
        for times in [&[60, 660][..], &[0, 300, 600], &[59, 659, 660]] {
            let told = refused(&error, &answer, times).unwrap_err();
            assert_eq!((told.code, told.status, &told.refusal), (Code::SessionExpired, error.status, &error.refusal));
        }
        // Once, too early, or while the access token serves.
        for times in [&[660][..], &[60, 659], &[60, 300, 659], &[0, 59]] {
            assert!(refused(&error, &answer, times).is_ok(), "{error:?} {times:?}");
        }
    }
}

#[test]
fn sb3_a_refusal_that_means_something_else_never_ends_a_session() {
    let times = [60, 660, 1260, 86_400];
    for error in [
        "temporarily_unavailable",
        "server_error",
        "slow_down",
        "use_dpop_nonce",
        "invalid_dpop_proof",
        "invalid_client",
        "unauthorized_client",
        "unsupported_grant_type",
        "invalid_scope",
        "invalid_target",
    ] {
        for status in [200, 400, 401] {
            assert!(refused(&refusal(error), &response(status, None, "{}"), &times).is_ok(), "{error} {status}");
        }
    }
    let invalid = |status| Error::new(Code::TokenResponseInvalid).status(status);
    for (status, body) in [
        (400, "<html></html>"),
        (401, "no"),
        (400, "{}"),
        (403, ""),
        (404, ""),
        (408, ""),
        (410, ""),
        (425, ""),
        (200, ""),
        (204, ""),
    ] {
        assert!(refused(&invalid(status), &response(status, None, body), &times).is_ok(), "{status} {body}");
    }
    for status in [403, 404, 408, 425, 429, 500, 503] {
        let told = refusal("invalid_request").status(status);
        assert!(refused(&told, &response(status, None, "{}"), &times).is_ok(), "{status}");
        let failed = Error::new(Code::ServerError).status(status);
        assert!(refused(&failed, &response(status, None, ""), &times).is_ok(), "{status}");
    }
    assert!(refused(&network_failed(), &response(0, None, ""), &times).is_ok());
}

#[test]
fn sb3_only_the_same_refusal_counts_as_one_that_came_again() {
    let mut session = session();
    let mut refuse = |error: &Error, status, seconds| {
        session.begin_refresh();
        let (kept, answer) = (reread(&session), response(status, None, "{}"));
        let answered = Answered { response: Some(&answer), ..Answered::default() };
        let before = reread(&session);
        match before.conclude_with(Some(&kept), Err(error.clone()), answered, after(seconds), 0).0 {
            Kept::As(still) => {
                session = reread(&still);
                false
            }
            _ => true,
        }
    };
    assert!(!refuse(&refusal("invalid_request"), 400, 60));
    assert!(!refuse(&refusal("invalid_token"), 400, 660), "it is another one");
    assert!(!refuse(&refusal("invalid_request"), 400, 1260), "the first was forgotten over the other");
    // What means something else is between them.
    assert!(!refuse(&network_failed(), 0, 1300));
    assert!(!refuse(&refusal("temporarily_unavailable"), 400, 1400));
    assert!(!refuse(&refusal("invalid_request"), 400, 1859));
    assert!(!refuse(&refusal("invalid_request"), 400, 10), "a clock that was set back says nothing");
    assert!(!refuse(&refusal("invalid_request"), 400, 609));
    assert!(refuse(&refusal("invalid_request"), 400, 610));
}

#[test]
fn sb3_without_a_known_expiry_it_counts_that_the_access_token_was_refused() {
    let last = |is_token_refused| {
        let mut tokens = redeem(|answer| without(answer, "expires_in")).unwrap();
        tokens.expires_at = None;
        let mut session = Session::new(tokens);
        let answer = response(400, None, "");
        let answered = Answered { response: Some(&answer), is_token_refused };
        for seconds in [0, 600] {
            session.begin_refresh();
            let error = Error::new(Code::TokenResponseInvalid).status(400);
            let kept = reread(&session);
            match session.conclude_with(Some(&kept), Err(error), answered, after(seconds), 0).0 {
                Kept::As(still) => session = still,
                kept => return kept,
            }
        }
        Kept::As(session)
    };
    assert!(matches!(last(true), Kept::Ended));
    assert!(matches!(last(false), Kept::As(_)));
}

#[test]
fn sb3_while_the_next_attempt_waits_the_whole_error_is_told_again() {
    let told = refusal("invalid_client").about("error");
    let (session, _) = failed(session(), told.clone());
    let spent = Asked { spent: Some(ACCESS_TOKEN), ..Asked::default() };
    let again = session.next(&spent, NOW).unwrap_err();
    assert_eq!(
        (again.code, again.status, again.subject, &again.refusal),
        (told.code, Some(400), Some("error"), &told.refusal)
    );
    // A text of any length is not kept with the tokens.
    let mut long = told.refusal.clone().unwrap();
    long.error_description = Some("x".repeat(501));
    let (session, _) = failed(self::session(), told.clone().refusal(long));
    let again = session.next(&spent, NOW).unwrap_err().refusal.clone().unwrap();
    assert_eq!((again.error, again.error_description), ("invalid_client".into(), None));
}

#[test]
fn id14_an_id_token_of_another_user_or_issuer_ends_a_session() {
    for code in [Code::IdTokenSubjectMismatch, Code::IdTokenIssuerMismatch, Code::DpopKeyMissing] {
        let mut session = session();
        session.begin_refresh();
        let (kept, told) = conclude(session, Err(Error::new(code)));
        assert!(matches!(kept, Kept::Ended), "{kept:?}");
        assert_eq!(support::code(told), code);
    }
}

#[test]
fn sb3_of_an_answer_whose_tokens_cannot_be_used_the_new_refresh_token_is_kept() {
    let refresh_token_after = |status, body: &str, error: Error| {
        let mut session = session();
        session.begin_refresh();
        let (kept, answer) = (reread(&session), response(status, None, body));
        let answered = Answered { response: Some(&answer), ..Answered::default() };
        let (kept, told) = session.conclude_with(Some(&kept), Err(error.clone()), answered, NOW, 0);
        assert_eq!(code(told), error.code);
        let Kept::As(session) = kept else { panic!("{kept:?}") };
        let session = reread(&session);
        assert_eq!(session.tokens.access_token.expose(), ACCESS_TOKEN, "the new one is handed out to nobody");
        session.tokens.refresh_token.unwrap().expose().to_owned()
    };
    let invalid = || Error::new(Code::IdTokenSignatureInvalid);
    assert_eq!(refresh_token_after(200, r#"{"access_token":"a2","refresh_token":"r2","id_token":7}"#, invalid()), "r2");
    for (status, body) in [
        (200, r#"{"access_token":"a2"}"#),
        (200, r#"{"refresh_token":""}"#),
        (200, r#"{"refresh_token":"a\nb"}"#),
        (200, r#"{"refresh_token":7}"#),
        (200, "refresh_token=r2"),
        (400, r#"{"refresh_token":"r2"}"#),
        (500, r#"{"refresh_token":"r2"}"#),
        (302, r#"{"refresh_token":"r2"}"#),
    ] {
        assert_eq!(refresh_token_after(status, body, invalid()), REFRESH_TOKEN, "{status} {body}");
    }
    let refused = refresh_token_after(200, r#"{"error":"x","refresh_token":"r2"}"#, refusal("x"));
    assert_eq!(refused, REFRESH_TOKEN, "a refusal brings nothing");
}

#[test]
fn sb3_a_failed_refresh_is_repeated_after_a_while_that_grows_and_is_bounded() {
    let mut session = session();
    let mut longest = Vec::new();
    for _ in 0..70 {
        session.begin_refresh();
        let kept = reread(&session);
        let least = reread(&session).conclude(Some(&kept), Err(network_failed()), NOW, 0).1.unwrap_err().retry_after;
        let (next, told) = session.conclude(Some(&kept), Err(network_failed()), NOW, u8::MAX);
        let most = told.unwrap_err().retry_after.unwrap();
        assert_eq!(least.unwrap(), most / 2);
        longest.push(most);
        let Kept::As(next) = next else { panic!("{next:?}") };
        session = reread(&next);
        let expired = Asked { seen: Some((ACCESS_TOKEN, after(60))), ..Asked::default() };
        // Until then everybody gets the same answer.
        let error = session.next(&expired, after(most.saturating_sub(1))).unwrap_err();
        assert_eq!((error.code, error.retry_after), (Code::NetworkFailed, Some(1)));
        assert_eq!(session.next(&expired, after(most)).unwrap(), Next::Refresh);
    }
    assert_eq!(longest[..6], [2, 4, 8, 16, 30, 30]);
    assert_eq!(longest[69], 30);
}

#[test]
fn sb3_a_server_that_asks_for_patience_gets_it_within_bounds() {
    for (asked, given) in [(0, 1), (20, 20), (599, 599), (86_400, 600)] {
        let busy = Error::new(Code::ServerError).status(429).retry_after(Some(asked));
        let (session, told) = failed(session(), busy);
        assert_eq!(told.retry_after, Some(given), "{asked}");
        let spent = Asked { spent: Some(ACCESS_TOKEN), ..Asked::default() };
        let error = session.next(&spent, NOW).unwrap_err();
        assert_eq!((error.code, error.retry_after), (Code::ServerError, Some(given)));
        assert_eq!(session.next(&spent, after(given)).unwrap(), Next::Refresh);
        // By a clock that was set back by a day nobody waits for a day.
        assert_eq!(session.next(&spent, NOW.saturating_sub(86_400)).unwrap(), Next::Refresh);
    }
}

#[test]
fn sb3_a_refresh_whose_answer_was_never_kept_is_known_afterwards() {
    let mut session = session();
    session.begin_refresh();
    // The page went away with the answer, or with the request.
    let mut later = reread(&session);
    let expired = after(60);
    assert_eq!(later.next(&Asked::default(), expired).unwrap(), Next::Refresh, "nobody waits for who has gone");
    later.begin_refresh();
    let (kept, told) = conclude(reread(&later), Err(invalid_grant()));
    assert!(matches!(kept, Kept::Ended), "{kept:?}");
    assert_eq!(told.unwrap_err().code, Code::RefreshInterrupted);
    // A server that tolerates it gives tokens, and all is well.
    let (kept, told) = conclude(later, Ok(redeem(|answer| answer["refresh_token"] = json!("next")).unwrap()));
    told.unwrap();
    let Kept::As(mut session) = kept else { panic!("{kept:?}") };
    session.begin_refresh();
    assert_eq!(code(conclude(session, Err(invalid_grant())).1), Code::SessionExpired);
}

#[test]
fn sb3_a_session_that_was_ended_or_replaced_during_a_refresh_is_not_brought_back() {
    let refreshed = || redeem(|answer| answer["refresh_token"] = json!("next"));
    let other = Session::new(redeem(|answer| answer["refresh_token"] = json!("of another login")).unwrap());
    let mut none = reread(&other);
    none.tokens.refresh_token = None;
    for kept in [None, Some(&other), Some(&none)] {
        for result in [refreshed(), Err(network_failed()), Err(invalid_grant())] {
            let mut session = session();
            session.begin_refresh();
            let (kept, told) = session.conclude(kept, result, NOW, 0);
            assert!(matches!(kept, Kept::Other), "{kept:?}");
            assert_eq!(code(told), Code::SessionExpired);
        }
    }
}

#[test]
fn ac21_the_new_refresh_token_is_in_the_record_that_takes_the_place_of_the_old_one() {
    let mut session = session();
    session.begin_refresh();
    let before = session.to_record();
    assert!(before.expose().contains(REFRESH_TOKEN), "it is not forgotten before there is another");
    let (kept, _) = conclude(session, redeem(|answer| answer["refresh_token"] = json!("next")));
    let Kept::As(session) = kept else { panic!("{kept:?}") };
    let record = session.to_record();
    let lines: Vec<_> = record.expose().lines().collect();
    assert_eq!(lines[4], "next");
    assert_eq!(lines[13..], ["", "", ""], "of the attempts to refresh the old one nothing is left");
}

proptest! {
    #[test]
    fn a_session_makes_the_round_trip_whatever_its_tokens_are(
        access_token in "[!-~]+",
        refresh_token in prop::option::of("[ -~]*"),
        scope: String,
        expires_at: Option<u64>,
    ) {
        let tokens = TokenSet {
            expires_at,
            expires_in: expires_at,
            scope,
            refresh_token: refresh_token.map(Secret::new),
            ..bare(&access_token)
        };
        assert_same(&tokens, &revive(tokens.to_record().expose()).unwrap());
    }

    #[test]
    fn any_string_can_be_read_as_a_session(record in "\\PC*|2\n([a-z0-9.%\\\\]{0,12}\n){7}([0-9]{0,3}\n){2}(\\[\\]|)\n(\\{\\}|)\n[0-9]{0,3}\n(\\{\\}|)\n[0-9]{0,3}\n") {
        if let Some(tokens) = revive(&record) {
            prop_assert!(revive(tokens.to_record().expose()).is_some());
        }
    }
}
