//! What a resource server asks for.

use pkce_wasm::client::challenge::{Challenge, Scheme, parse};

/// The input is the value of the header `WWW-Authenticate`.
pub fn www_authenticate(data: &[u8]) {
    let Ok(header) = std::str::from_utf8(data) else { return };
    let challenges = parse(header);

    // What was read, written anew, is read again; and neither a known nor an unknown neighbour changes it.
    let written: Vec<String> = challenges.iter().map(write).collect();
    let written = written.join(", ");
    assert_eq!(parse(&written), challenges, "{header:?} was written as {written:?}");
    let behind = ["Negotiate YWJj==, ", &written].concat();
    assert_eq!(parse(&behind), challenges, "{behind:?}");
    let before = ["DPoP realm=\"a, Bearer\",", header].concat();
    let mut more = parse(&before).into_iter();
    let first = more.next();
    // Parameters without a scheme of their own would belong to the challenge before them.
    if !challenges.is_empty() && first.as_ref().is_some_and(|first| *first == neighbour()) {
        assert_eq!(more.collect::<Vec<_>>(), challenges, "{before:?}");
    }

    // Where somebody else's parser, which knows no token68, accepts the header, it reads the same.
    if let Some(expected) = http_auth::parse_challenges(header).ok().and_then(|list| expected(&list)) {
        assert_eq!(challenges, expected, "{header:?}");
    }

    let quoted = header.to_ascii_lowercase();
    for challenge in &challenges {
        assert!(quoted.contains(if challenge.scheme == Scheme::Bearer { "bearer" } else { "dpop" }));
        for (name, value) in texts(challenge) {
            assert!(value.is_none() || quoted.contains(name), "{name} is not in {header:?}");
            assert!(!value.is_some_and(|value| value.bytes().any(|byte| byte.is_ascii_control() && byte != b'\t')));
        }
        assert!(challenge.max_age.is_none() || quoted.contains("max_age"));
    }
}

fn neighbour() -> Challenge {
    Challenge {
        scheme: Scheme::Dpop,
        error: None,
        error_description: None,
        scope: None,
        realm: Some("a, Bearer".into()),
        acr_values: None,
        max_age: None,
        resource_metadata: None,
    }
}

/// The challenges of the known schemes; `None` when a parameter of theirs stands twice, which is refused.
fn expected(list: &[http_auth::ChallengeRef<'_>]) -> Option<Vec<Challenge>> {
    let mut challenges = Vec::new();
    for challenge in list {
        let scheme = match challenge.scheme.to_ascii_lowercase().as_str() {
            "bearer" => Scheme::Bearer,
            "dpop" => Scheme::Dpop,
            _ => continue,
        };
        let value = |name: &str| {
            let mut values = challenge.params.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
            let value = values.next().map(|(_, value)| value.to_unescaped());
            if values.next().is_some() { None } else { Some(value) }
        };
        challenges.push(Challenge {
            scheme,
            error: value("error")?,
            error_description: value("error_description")?,
            scope: value("scope")?,
            realm: value("realm")?,
            acr_values: value("acr_values")?,
            max_age: value("max_age")?.filter(|digits| !digits.starts_with('+')).and_then(|digits| digits.parse().ok()),
            resource_metadata: value("resource_metadata")?,
        });
    }
    Some(challenges)
}

fn texts(challenge: &Challenge) -> [(&'static str, Option<&str>); 6] {
    [
        ("error", challenge.error.as_deref()),
        ("error_description", challenge.error_description.as_deref()),
        ("scope", challenge.scope.as_deref()),
        ("realm", challenge.realm.as_deref()),
        ("acr_values", challenge.acr_values.as_deref()),
        ("resource_metadata", challenge.resource_metadata.as_deref()),
    ]
}

/// A challenge as a careful server would write it.
fn write(challenge: &Challenge) -> String {
    let scheme = if challenge.scheme == Scheme::Bearer { "Bearer" } else { "DPoP" };
    let quote = |value: &str| ["\"", &value.replace('\\', "\\\\").replace('"', "\\\""), "\""].concat();
    let max_age = challenge.max_age.map(|max_age| format!("max_age={max_age}"));
    let parameters: Vec<String> = texts(challenge)
        .into_iter()
        .filter_map(|(name, value)| Some([name, "=", &quote(value?)].concat()))
        .chain(max_age)
        .collect();
    [scheme, " ", &parameters.join(", ")].concat()
}
