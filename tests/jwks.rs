//! The server's public keys, and which of them may have signed a token (RFC 7517, RFC 7518, RFC 8037).
#![cfg(all(not(target_arch = "wasm32"), feature = "client"))]
#![cfg(test)]

mod support;

use pkce_wasm::client::jwks::{Algorithm, Jwks, PublicKey, may_refetch};
use pkce_wasm::encoding::{base64url, from_base64url};
use pkce_wasm::{Code, Error};
use proptest::prelude::*;
use serde_json::{Value, json};
use support::signing::{is_valid, public_jwk, public_jwk_with, sign};
use support::{NOW, code, fault, json_response, metadata, response, try_metadata};

fn jwks(keys: &Value) -> Jwks {
    Jwks::parse(&json!({"keys": keys}).to_string()).unwrap()
}

fn candidates(keys: &Value, alg: &str, kid: Option<&str>) -> Vec<PublicKey> {
    jwks(keys).candidates(&Algorithm::from_alg(alg).unwrap(), kid)
}

/// Whether this one key may have made a signature by that algorithm.
fn fits(jwk: &Value, alg: &str) -> bool {
    !candidates(&json!([jwk]), alg, None).is_empty()
}

fn read(answer: &pkce_wasm::http::Response) -> Result<Jwks, Error> {
    Jwks::from_response(answer)
}

#[test]
fn id5_a_key_set_is_a_json_object_with_an_array_of_keys_and_nothing_else_is() {
    assert!(read(&json_response(200, &json!({"keys": []}))).is_ok());
    assert!(read(&response(200, Some("application/jwk-set+json"), r#"{"keys":[{}]}"#)).is_ok());
    for body in ["", "[]", "{}", "null", r#"{"keys":{}}"#, r#"{"keys":null}"#, r#"{"keys":"x"}"#, "<html>"] {
        assert_eq!(code(read(&response(200, Some("application/json"), body))), Code::JwksInvalid, "{body}");
    }
    assert_eq!(code(read(&response(200, Some("text/html"), r#"{"keys":[]}"#))), Code::JwksInvalid);
    assert_eq!(code(read(&response(200, None, r#"{"keys":[]}"#))), Code::JwksInvalid);
    for (status, expected) in [
        (204, Code::JwksInvalid),
        (404, Code::JwksInvalid),
        (307, Code::RedirectNotFollowed),
        (500, Code::ServerError),
        (429, Code::ServerError),
    ] {
        assert_eq!(code(read(&json_response(status, &json!({"keys": []})))), expected, "{status}");
    }
}

#[test]
fn id5_the_keys_come_over_tls_as_everything_does() {
    assert!(metadata().check(&support::config()).is_ok());
    let at = |url: &str| try_metadata(|document| document["jwks_uri"] = json!(url)).unwrap().check(&support::config());
    assert_eq!(fault(at("http://as.example/jwks")), (Code::EndpointInsecure, Some("jwks_uri")));
    assert_eq!(fault(at("jwks")), (Code::MetadataInvalid, Some("jwks_uri")));
    assert_eq!(fault(at("http://127.0.0.1:3000/jwks")), (Code::EndpointInsecure, Some("jwks_uri")));
}

#[test]
fn id6_there_are_no_symmetric_algorithms_and_no_none() {
    for alg in ["none", "HS256", "HS384", "HS512", "RSA-OAEP", "dir", "ES256K", "rs256", "Ed448", ""] {
        assert_eq!(Algorithm::from_alg(alg), None, "{alg}");
    }
    for alg in ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"] {
        assert_eq!(Algorithm::from_alg(alg).map(|found| found.alg), Some(alg));
    }
}

#[test]
fn id7_a_key_serves_the_algorithms_of_its_type_and_curve_alone() {
    for (name, algs) in [
        ("rsa-2048", &["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"][..]),
        ("p-256", &["ES256"]),
        ("p-384", &["ES384"]),
        ("ed25519", &["EdDSA", "Ed25519"]),
    ] {
        for algorithm in Algorithm::ALL {
            assert_eq!(
                fits(&public_jwk(name), algorithm.alg),
                algs.contains(&algorithm.alg),
                "{name} {}",
                algorithm.alg
            );
        }
    }
}

#[test]
fn id7_a_key_that_names_an_algorithm_serves_no_other() {
    let named = |alg: &str| public_jwk_with("rsa-2048", &json!({"alg": alg}));
    assert!(fits(&named("RS256"), "RS256"));
    for other in ["PS256", "RS384", "RSA-OAEP", "HS256", "ES256", "", "rs256"] {
        assert!(!fits(&named(other), "RS256"), "{other}");
    }
    assert!(!fits(&public_jwk_with("rsa-2048", &json!({"alg": 1})), "RS256"));
    // Two names of one algorithm (RFC 9864 section 2.2).
    for (key, token) in [("EdDSA", "Ed25519"), ("Ed25519", "EdDSA")] {
        assert!(fits(&public_jwk_with("ed25519", &json!({"alg": key})), token));
    }
}

#[test]
fn id7_a_key_for_another_use_is_passed_over() {
    for (members, wanted) in [
        (json!({"use": "sig"}), true),
        (json!({"use": "enc"}), false),
        (json!({"use": ""}), false),
        (json!({"use": 1}), false),
        (json!({"key_ops": ["verify"]}), true),
        (json!({"key_ops": ["sign", "verify"]}), true),
        (json!({"key_ops": ["encrypt"]}), false),
        (json!({"key_ops": []}), false),
        (json!({"key_ops": "verify"}), false),
        (json!({"use": "enc", "key_ops": ["verify"]}), false),
        (json!({"use": null, "key_ops": null, "alg": null}), true),
    ] {
        assert_eq!(fits(&public_jwk_with("p-256", &members), "ES256"), wanted, "{members}");
    }
}

#[test]
fn id7_what_is_not_a_key_or_an_unknown_one_is_ignored() {
    let keys = json!([
        null, 1, "key", [], {}, {"kty": "oct", "k": "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ"},
        {"kty": "LWE", "alg": "RS256"}, {"kty": ["RSA"]}, {"kty": "rsa", "n": "x", "e": "AQAB"},
        {"kty": "EC", "crv": "P-256"}, {"kty": "EC", "crv": "secp256k1", "x": "AA", "y": "AA"},
        public_jwk("p-256"),
    ]);
    assert_eq!(candidates(&keys, "ES256", None).len(), 1);
    assert_eq!(candidates(&keys, "RS256", None).len(), 0);
}

#[test]
fn id7_among_decoys_of_the_same_kid_the_key_of_the_algorithm_is_found() {
    let keys: Vec<_> = ["rsa-2048", "p-256", "p-384", "ed25519", "rsa-1024"]
        .map(|name| public_jwk_with(name, &json!({"kid": "1"})))
        .into_iter()
        .chain([json!({"kty": "oct", "k": "c2VjcmV0", "kid": "1"})])
        .collect();
    for (alg, member) in [("ES256", "x"), ("ES384", "x"), ("EdDSA", "x"), ("RS256", "n")] {
        let found = candidates(&json!(keys), alg, Some("1"));
        assert_eq!(found.len(), 1, "{alg}");
        let name = match alg {
            "ES256" => "p-256",
            "ES384" => "p-384",
            "EdDSA" => "ed25519",
            _ => "rsa-2048",
        };
        assert_eq!(found[0].member(member), public_jwk(name)[member].as_str());
    }
    assert!(candidates(&json!(keys), "ES256", Some("2")).is_empty());
}

#[test]
fn id7_a_kid_is_compared_exactly_and_without_one_every_key_of_the_algorithm_may_be_it() {
    let keys = json!([
        public_jwk_with("p-256", &json!({"kid": "a"})),
        public_jwk_with("p-256", &json!({"kid": "A"})),
        public_jwk_with("p-256", &json!({"kid": 1})),
        public_jwk("p-256"),
    ]);
    assert_eq!(candidates(&keys, "ES256", Some("a")).len(), 1);
    for other in ["b", "", "1", "a "] {
        assert!(candidates(&keys, "ES256", Some(other)).is_empty(), "{other:?}");
    }
    assert_eq!(candidates(&keys, "ES256", None).len(), 4);
}

#[test]
fn id7_no_set_makes_anybody_try_without_end() {
    let many = vec![public_jwk("p-256"); 1000];
    assert_eq!(candidates(&json!(many), "ES256", None).len(), 32);
}

#[test]
fn id7_f8_an_rsa_key_below_2048_bits_is_refused() {
    assert!(!fits(&public_jwk("rsa-1024"), "RS256"));
    let modulus = |octets: &[u8]| json!({"kty": "RSA", "n": base64url(octets), "e": "AQAB"});
    assert!(fits(&modulus(&[0x80; 256]), "RS256"));
    assert!(!fits(&modulus(&[0x7F; 256]), "RS256"), "2047 bits");
    assert!(!fits(&modulus(&[0xFF; 255]), "RS256"));
    let padded: Vec<u8> = [vec![0; 128], vec![0xFF; 128]].concat();
    assert!(!fits(&modulus(&padded), "RS256"), "1024 bits behind zeros");
    assert!(fits(&modulus(&[0xFF; 1024]), "PS256"));
    assert!(!fits(&modulus(&[0xFF; 1025]), "PS256"), "so large that it takes seconds");
}

#[test]
fn id7_an_exponent_that_would_make_everything_a_signature_is_refused() {
    let exponent = |octets: &[u8]| fits(&public_jwk_with("rsa-2048", &json!({"e": base64url(octets)})), "RS256");
    assert!(exponent(&[1, 0, 1]) && exponent(&[3]) && exponent(&[0, 3]));
    assert!(!exponent(&[1]) && !exponent(&[0, 1]) && !exponent(&[]) && !exponent(&[0]) && !exponent(&[2]));
}

#[test]
fn id7_coordinates_are_as_long_as_the_curve_says_and_in_base64url() {
    for (name, alg, member) in [("p-256", "ES256", "x"), ("p-256", "ES256", "y"), ("ed25519", "EdDSA", "x")] {
        for wrong in
            [json!(base64url(&[1; 31])), json!(base64url(&[1; 33])), json!(""), json!("+/=="), json!(1), json!(null)]
        {
            assert!(!fits(&public_jwk_with(name, &json!({member: wrong})), alg), "{name} {member}");
        }
    }
}

#[test]
fn id15_a_key_with_a_member_given_twice_is_passed_over_however_it_is_spelled() {
    // RFC 7517 section 4. The other keys of the set serve.
    let good = public_jwk("p-256").to_string();
    let es256 = Algorithm::from_alg("ES256").unwrap();
    let count = |added: &str| {
        let twice = [good.trim_end_matches('}'), added, "}"].concat();
        let set = [r#"{"keys":["#, &twice, ",", &good, "]}"].concat();
        Jwks::parse(&set).unwrap().candidates(&es256, None).len()
    };
    for twice in
        [r#","kty":"EC""#, r#","\u006bty":"EC""#, r#","x5t":"a","x5\u0074":"a""#, r#","use":"enc","use":"sig""#]
    {
        assert_eq!(count(twice), 1, "{twice}");
    }
    assert_eq!(count(r#","use":"sig","USE":"enc""#), 2);
    // Of the members of the set the last one counts.
    let twice = [r#"{"keys":[],"keys":["#, &good, "]}"].concat();
    assert_eq!(Jwks::parse(&twice).unwrap().candidates(&es256, None).len(), 1);
}

#[test]
fn id7_private_members_go_no_further() {
    let leaked = public_jwk_with("p-256", &json!({"d": "cHJpdmF0ZQ", "k": "c2VjcmV0", "kid": "1", "x5c": ["x"]}));
    let found = candidates(&json!([leaked]), "ES256", None);
    let names: Vec<_> = found[0].members().iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["kty", "crv", "x", "y"]);
    let leaked = public_jwk_with("rsa-2048", &json!({"d": "cHJpdmF0ZQ", "p": "cA", "q": "cQ"}));
    let found = candidates(&json!([leaked]), "RS256", None);
    let names: Vec<_> = found[0].members().iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["kty", "n", "e"]);
}

#[test]
fn id7_keys_are_fetched_again_for_a_missing_one_at_most_every_30_seconds() {
    assert!(may_refetch(None, NOW));
    for (seconds, allowed) in [(0, false), (1, false), (29, false), (30, true), (3600, true)] {
        assert_eq!(may_refetch(Some(NOW), NOW.saturating_add(seconds)), allowed, "{seconds}");
    }
    // A clock that was set back does not lock a page out for as long.
    assert!(may_refetch(Some(NOW), NOW.saturating_sub(86_400)));
}

const PAYLOAD: &str = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

/// A vector: the key as it is published is found, and verifies; one bit elsewhere, and it does not.
fn assert_vector(jwk: &Value, alg: &str, input: &str, signature: &str) {
    let found = candidates(&json!([jwk]), alg, None);
    assert_eq!(found.len(), 1, "{alg}");
    let mut signature = from_base64url(signature).unwrap();
    assert!(is_valid(alg, &found[0], input, &signature), "{alg}");
    signature[40] ^= 1;
    assert!(!is_valid(alg, &found[0], input, &signature), "{alg}");
}

#[test]
fn id5_the_vectors_of_rfc_7515_and_rfc_8037() {
    // RFC 7515 appendix A.2.
    let rsa = json!({"kty": "RSA", "e": "AQAB", "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"});
    let signature = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
    assert_vector(&rsa, "RS256", &["eyJhbGciOiJSUzI1NiJ9.", PAYLOAD].concat(), signature);
    // Appendix A.3, with the private member that is published with it.
    let ec = json!({"kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0", "d": "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"});
    let signature = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    assert_vector(&ec, "ES256", &["eyJhbGciOiJFUzI1NiJ9.", PAYLOAD].concat(), signature);
    // RFC 8037 appendix A.4.
    let okp = json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
    let signature = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    let input = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    assert_vector(&okp, "EdDSA", input, signature);
}

#[test]
fn id5_a_signature_of_every_algorithm_verifies_by_the_key_that_is_found() {
    for alg in ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA", "Ed25519"] {
        let keys = support::signing::key_set();
        let found = candidates(&keys["keys"], alg, None);
        let signature = sign(alg, "input").unwrap();
        assert_eq!(found.len(), 1, "{alg}");
        assert!(is_valid(alg, &found[0], "input", &signature), "{alg}");
        assert!(!is_valid(alg, &found[0], "other input", &signature), "{alg}");
    }
}

proptest! {
    #[test]
    fn id7_any_json_can_be_read_as_a_key_set(text in "\\PC*|\\{\"keys\":\\[(\\{(\"(kty|kid|n|e|x|y|crv|use|alg)\":\"[A-Za-z0-9]{0,8}\",?){0,6}\\},?){0,3}\\]\\}") {
        if let Some(keys) = Jwks::parse(&text) {
            for algorithm in Algorithm::ALL {
                prop_assert!(keys.candidates(&algorithm, None).is_empty());
            }
        }
    }
}
