//! Lies in the authorization response (RFC 6749 section 4.1.2, RFC 9207 section 2, RFC 9700 section 4).

use pkce_wasm::Code;

use super::Case;
use crate::honest::{self, without};
use crate::reply::Reply;
use crate::server::{Answer, Scenario, form};

fn case(name: &'static str, requirements: &'static [&'static str], response: fn(&Answer) -> String) -> Case {
    Case::new(name, requirements, Scenario { response, ..Scenario::HONEST })
}

/// A server that does not promise `iss` in its responses.
fn promising_nothing(mut case: Case) -> Case {
    case.scenario.metadata =
        |issuer| Reply::json(without(honest::metadata(issuer), "authorization_response_iss_parameter_supported"));
    case
}

pub(super) fn cases() -> Vec<Case> {
    use Code::{
        AccessDenied, CallbackInvalid, CodeMissing, ParameterDuplicated, RedirectUriMismatch, ResponseIssuerMismatch,
        ResponseIssuerMissing, StateMismatch, StateMissing,
    };
    let huge_code = Scenario { code: |number| format!("{number}-{}", "c".repeat(8192)), ..Scenario::HONEST };
    let odd_code =
        Scenario { code: |number| format!("{number} !\"#$%&'()*+,-./:;<=>?@[\\]^_`{{|}}~"), ..Scenario::HONEST };
    vec![
        case("response-honest", &["IS1"], Answer::honest).for_peers(),
        case("response-with-unknown-parameters", &["AC10"], |answer| {
            answer.followed_by("&session_state=1&foo=&foo=2&%20=")
        })
        .for_peers(),
        Case::new("code-of-8-kibibytes", &["AC10"], huge_code),
        Case::new("code-of-every-character", &["AC10"], odd_code).for_peers(),
        promising_nothing(case("iss-not-promised-and-missing", &["IS2"], |answer| {
            answer.with(&[("code", &answer.code), ("state", &answer.state)])
        }))
        .for_peers(),
        case("response-with-empty-error", &["AC3"], |answer| answer.followed_by("&error=")),
        // As the URL standard has it: what is no escape stands for itself.
        case("response-with-a-stray-percent-sign", &["AC10"], |answer| answer.followed_by("&foo=%zz")),
        case("iss-of-another-server", &["IS1", "SB2"], |answer| {
            answer.with(&[("code", &answer.code), ("state", &answer.state), ("iss", &answer.other_issuer)])
        })
        .refused(ResponseIssuerMismatch)
        .for_peers(),
        promising_nothing(case("iss-not-promised-and-wrong", &["IS1", "IS3"], |answer| {
            answer.with(&[("code", &answer.code), ("state", &answer.state), ("iss", &answer.other_issuer)])
        }))
        .refused(ResponseIssuerMismatch)
        .for_peers(),
        case("iss-with-trailing-slash", &["IS1"], |answer| {
            answer.with(&[("code", &answer.code), ("state", &answer.state), ("iss", &format!("{}/", answer.issuer))])
        })
        .refused(ResponseIssuerMismatch),
        case("iss-in-other-case", &["IS1"], |answer| {
            answer.with(&[("code", &answer.code), ("state", &answer.state), ("iss", &answer.issuer.to_uppercase())])
        })
        .refused(ResponseIssuerMismatch),
        case("iss-escaped-twice", &["IS1"], |answer| {
            let escaped: String = form_urlencoded::byte_serialize(answer.issuer.as_bytes()).collect();
            answer.with(&[("code", &answer.code), ("state", &answer.state), ("iss", &escaped)])
        })
        .refused(ResponseIssuerMismatch),
        case("iss-missing", &["IS2"], |answer| answer.with(&[("code", &answer.code), ("state", &answer.state)]))
            .refused(ResponseIssuerMissing)
            .for_peers(),
        case("iss-empty", &["IS2", "AC3"], |answer| {
            answer.with(&[("code", &answer.code), ("state", &answer.state), ("iss", "")])
        })
        .refused(ResponseIssuerMissing),
        case("state-of-another-login", &["AC7"], |answer| {
            answer.with(&[("code", &answer.code), ("state", "another-login"), ("iss", &answer.issuer)])
        })
        .refused(StateMismatch)
        .for_peers(),
        case("state-missing", &["AC7"], |answer| answer.with(&[("code", &answer.code), ("iss", &answer.issuer)]))
            .refused(StateMissing)
            .for_peers(),
        case("state-empty", &["AC3", "AC7"], |answer| {
            answer.with(&[("code", &answer.code), ("state", ""), ("iss", &answer.issuer)])
        })
        .refused(StateMissing),
        case("state-in-other-case", &["AC7"], |answer| {
            answer.with(&[("code", &answer.code), ("state", &answer.state.to_lowercase()), ("iss", &answer.issuer)])
        })
        .refused(StateMismatch),
        case("state-shortened", &["AC7"], |answer| {
            answer.with(&[("code", &answer.code), ("state", &answer.state[1..]), ("iss", &answer.issuer)])
        })
        .refused(StateMismatch),
        case("state-prolonged", &["AC7"], |answer| {
            answer.with(&[("code", &answer.code), ("state", &format!("{}x", answer.state)), ("iss", &answer.issuer)])
        })
        .refused(StateMismatch),
        case("code-twice", &["AC2"], |answer| answer.followed_by("&code=injected"))
            .refused(ParameterDuplicated)
            .for_peers(),
        case("code-twice-the-same", &["AC2"], |answer| answer.followed_by(&format!("&code={}", answer.code)))
            .refused(ParameterDuplicated),
        case("state-twice", &["AC2"], |answer| answer.followed_by("&state=another")).refused(StateMissing).for_peers(),
        case("state-twice-the-same", &["AC2"], |answer| answer.followed_by(&format!("&state={}", answer.state)))
            .refused(StateMissing),
        case("state-in-the-fragment-too", &["AC2", "AC25"], |answer| answer.followed_by("#state=another"))
            .refused(StateMissing),
        case("iss-twice", &["AC2", "IS1"], |answer| answer.followed_by("&iss=https%3A%2F%2Flogin.example"))
            .refused(ParameterDuplicated),
        case("error-twice", &["AC2"], |answer| answer.followed_by("&error=&error=")).refused(ParameterDuplicated),
        case("error-of-another-login", &["AC7", "AC12"], |answer| {
            answer.with(&[("error", "access_denied"), ("state", "another-login"), ("iss", &answer.issuer)])
        })
        .refused(StateMismatch),
        case("error-without-state", &["AC7", "AC12"], |answer| {
            answer.with(&[("error", "access_denied"), ("iss", &answer.issuer)])
        })
        .refused(StateMissing),
        case("error-of-another-server", &["IS1", "AC12"], |answer| {
            answer.with(&[("error", "access_denied"), ("state", &answer.state), ("iss", &answer.other_issuer)])
        })
        .refused(ResponseIssuerMismatch),
        case("error-without-iss", &["IS2", "AC12"], |answer| {
            answer.with(&[("error", "access_denied"), ("state", &answer.state)])
        })
        .refused(ResponseIssuerMissing),
        case("error-beside-a-code", &["AC12"], |answer| answer.followed_by("&error=access_denied"))
            .refused(AccessDenied)
            .for_peers(),
        case("error-of-forbidden-characters", &["AC12"], |answer| {
            answer.with(&[("error", "\"<script>\""), ("state", &answer.state), ("iss", &answer.issuer)])
        })
        .refused(CallbackInvalid),
        case("code-in-the-fragment", &["AC25"], |answer| answer.honest().replacen('?', "#", 1))
            .refused(CallbackInvalid)
            .for_peers(),
        case("token-in-the-fragment", &["AC25"], |answer| answer.followed_by("#access_token=x&token_type=bearer"))
            .refused(CallbackInvalid)
            .for_peers(),
        case("token-in-the-query", &["AC25", "AC22"], |answer| {
            answer.with(&[("access_token", "x"), ("state", &answer.state), ("iss", &answer.issuer)])
        })
        .refused(CodeMissing),
        case("code-missing", &["AC3"], |answer| answer.with(&[("state", &answer.state), ("iss", &answer.issuer)]))
            .refused(CodeMissing),
        case("code-empty", &["AC3"], |answer| {
            answer.with(&[("code", ""), ("state", &answer.state), ("iss", &answer.issuer)])
        })
        .refused(CodeMissing)
        .for_peers(),
        // The first two are honest: nobody knows the one parameter, and the other is a text in another encoding.
        case("escape-not-utf8", &["AC10"], |answer| answer.followed_by("&foo=%ff")),
        case("response-at-the-same-place-in-another-spelling", &["NA7", "AC5"], |answer| {
            answer.at("HTTPS://APP.EXAMPLE:443/callback")
        }),
        case("code-not-utf8", &["AC10"], |answer| {
            let rest = form(&[("state", &answer.state), ("iss", &answer.issuer)]);
            answer.with_raw(&format!("code=%ff&{rest}"))
        })
        .refused(CallbackInvalid),
        case("iss-not-utf8", &["IS1"], |answer| {
            let rest = form(&[("code", &answer.code), ("state", &answer.state)]);
            answer.with_raw(&format!("iss=%ff&{rest}"))
        })
        .refused(ResponseIssuerMismatch),
        case("state-not-utf8", &["AC7"], |answer| {
            answer.with_raw(&format!("state={}%ff&code={}", answer.state, answer.code))
        })
        .refused(StateMissing),
        case("error-not-utf8", &["AC12"], |answer| {
            let rest = form(&[("state", &answer.state), ("iss", &answer.issuer)]);
            answer.with_raw(&format!("error=%ff&{rest}"))
        })
        .refused(CallbackInvalid),
        case("error-of-a-silent-login", &["ID16", "AC12"], |answer| {
            answer.with(&[("error", "consent_required"), ("state", &answer.state), ("iss", &answer.issuer)])
        })
        .refused(AccessDenied),
        case("returned-to-another-path", &["NA7", "BB5"], |answer| answer.at(&format!("{}/x", answer.redirect_uri)))
            .refused(RedirectUriMismatch),
        case("returned-to-a-slash-more", &["NA7", "BB5"], |answer| answer.at(&format!("{}/", answer.redirect_uri)))
            .refused(RedirectUriMismatch),
        case("returned-to-another-case-of-the-path", &["NA7", "BB5"], |answer| {
            answer.at("https://app.example/Callback")
        })
        .refused(RedirectUriMismatch),
        case("returned-to-an-escaped-path", &["NA7", "BB5"], |answer| answer.at("https://app.example/%63allback"))
            .refused(RedirectUriMismatch),
        case("returned-to-another-host", &["NA7", "BB5"], |answer| {
            answer.at("https://app.example.evil.example/callback")
        })
        .refused(RedirectUriMismatch),
        case("returned-to-another-port", &["NA7", "BB5"], |answer| answer.at("https://app.example:8443/callback"))
            .refused(RedirectUriMismatch),
        case("returned-to-another-scheme", &["NA7", "SB8"], |answer| answer.at("http://app.example/callback"))
            .refused(RedirectUriMismatch),
        case("returned-to-another-user", &["NA7", "BB5"], |answer| answer.at("https://mallory@app.example/callback"))
            .refused(RedirectUriMismatch),
    ]
}
