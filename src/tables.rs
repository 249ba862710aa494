//! Every JSON object that is read, each with its members and their types. A new member is a line here.

use crate::error::Fault;
use crate::table::{Members, Table, table};

table! {
    /// What the application says of itself, as the JavaScript configuration has it.
    SETTINGS / Settings / SettingsParts after None, camel {
        issuer: Text,
        client_id: Text,
        redirect_uri: Text,
        post_logout_redirect_uri: Text,
        scope: NullableText,
        id_token_signed_response_alg: Text,
        transaction_max_age: Number,
        clock_tolerance: Number,
        session_name: Text,
        resource_origins: Texts,
        shared_redirect_uri_issuers: Texts,
        trusted_audiences: Texts,
        accept_issuer: TextOrTexts,
        public_client_secret: Text,
        dangerously_allow_http: Flag,
        dangerously_assume_pkce_support: Flag,
        dangerously_allow_unverified_id_token: Flag,
        timeout: Number,
        storage: Text,
        transaction_storage: Text,
        host: Flag,
        opens_browser: Flag,
        dangerously_allow_embedded_user_agent: Flag,
        dpop: Any,
        pushed_authorization_requests: Flag,
        metadata: Object,
    }
}

/// All members of a table.
pub(crate) const ALL: Members = Members(!0);

table! {
    /// What the server says of itself (RFC 8414 section 2, OpenID Connect Discovery 1.0 section 3).
    METADATA / Document / DocumentParts after Some(&SETTINGS), {
        issuer: Text,
        authorization_endpoint: Text,
        token_endpoint: Text,
        userinfo_endpoint: AnyText,
        revocation_endpoint: AnyText,
        end_session_endpoint: AnyText,
        pushed_authorization_request_endpoint: AnyText,
        jwks_uri: AnyText,
        id_token_signing_alg_values_supported: Texts,
        authorization_response_iss_parameter_supported: Flag,
        code_challenge_methods_supported: Texts,
        response_types_supported: TextOrTexts,
        require_pushed_authorization_requests: Flag,
        dpop_signing_alg_values_supported: Texts,
    }
}

table! {
    /// What a single login or sign-out may ask for, as JavaScript has it. The first two are of a sign-out alone, the next two of both. From `prompt` on they
    /// are parameters of the request.
    OPTIONS / Options / OptionsParts after Some(&METADATA), camel {
        revoke: Flag,
        end_session: Flag,
        return_to: Text,
        extra_parameters: Object,
        scope: NullableText,
        resource: Text,
        popup: Flag,
        require_acr: Flag,
        prompt: Text,
        login_hint: Text,
        max_age: Number,
        acr_values: Text,
        ui_locales: Text,
        claims: Object,
        authorization_details: Array,
    }
}

/// Which of them are those of a login, and which those of a sign-out.
pub(crate) const OF_LOGIN: Members = Members(!0b11);
pub(crate) const OF_LOGOUT: Members = Members(0b1111);

table! {
    /// What `claims` asks for of `acr`, and the members that lead there (OpenID Connect Core sections 5.5 and 5.5.1).
    REQUESTED / Requested / RequestedParts after Some(&OPTIONS), {
        id_token: Any,
        acr: Any,
        essential: Flag,
        value: TextOrTexts,
        values: TextOrTexts,
    }
}

table! {
    /// An object of `authorization_details` (RFC 9396 section 2).
    DETAIL / Detail / DetailParts after Some(&REQUESTED), {
        kind = "type": Text,
    }
}

table! {
    /// The answer of the token endpoint (RFC 6749 section 5.1, RFC 9396 section 7).
    ANSWER / Granted / GrantedParts after Some(&DETAIL), {
        access_token: Text,
        token_type: Text,
        expires_in: Seconds,
        scope: TextOrTexts,
        refresh_token: Text,
        id_token: AnyText,
        authorization_details: Array,
    }
}

table! {
    /// What a server says of its refusal (RFC 6749 section 5.2), and what an error says that is an object. The text is shown, never trusted.
    REFUSAL / Refused / RefusedParts after Some(&ANSWER), {
        error: Any,
        error_description: AnyText,
        error_uri: AnyText,
        kind = "type": AnyText,
        message: AnyText,
    }
}

table! {
    /// The header of a signed token (RFC 7515 section 4.1).
    HEADER / Header / HeaderParts after Some(&REFUSAL), signed {
        alg: AnyText,
        kid: Text,
        crit: Any,
    }
}

table! {
    /// The claims of an ID token (OpenID Connect Core sections 2, 3.1.3.6 and 5.3.2).
    CLAIMS / Claims / ClaimsParts after Some(&HEADER), signed {
        iss: AnyText,
        sub: AnyText,
        aud: TextOrTexts,
        azp: AnyText,
        exp: AnyNumber,
        iat: AnyNumber,
        nbf: AnyNumber,
        nonce: AnyText,
        auth_time: AnyNumber,
        acr: AnyText,
        at_hash: Text,
        tid: AnyText,
    }
}

table! {
    /// A set of keys (RFC 7517 section 5).
    JWKS / KeySet / KeySetParts after Some(&CLAIMS), {
        keys: Array,
    }
}

table! {
    /// A key (RFC 7517 section 4, RFC 7518 section 6, RFC 8037 section 2).
    JWK / Jwk / JwkParts after Some(&JWKS), unique {
        kty: Text,
        kid: AnyText,
        usage = "use": AnyText,
        alg: AnyText,
        key_ops: Texts,
        issuer: AnyText,
        crv: AnyText,
        n: AnyText,
        e: AnyText,
        x: AnyText,
        y: AnyText,
    }
}

table! {
    /// The tokens, as JavaScript has them.
    TOKENS / Tokens / TokensParts after Some(&JWK), camel {
        access_token: Text,
        token_type: Text,
        scope: Text,
        refresh_token: Text,
        id_token: Text,
        id_token_verified_by: Text,
        resource: Text,
        expires_at: Number,
        expires_in: Number,
        authorization_details: Array,
        extra: Object,
    }
}

table! {
    /// The one claim that a userinfo response has to have (OpenID Connect Core section 5.3.2).
    SUBJECT / Subject / SubjectParts after Some(&TOKENS), {
        sub: AnyText,
    }
}

table! {
    /// What a page can tell of its browser, and the key of the login.
    PAGE / Page / PageParts after Some(&SUBJECT), camel {
        user_agent: AnyText,
        in_shell: Flag,
        installed: Flag,
        origin: AnyText,
        dpop_jkt: AnyText,
    }
}

table! {
    /// Who wants tokens, and what they know.
    ASKED / AskedFor / AskedForParts after Some(&PAGE), camel {
        spent: AnyText,
        seen: AnyText,
        now: AnyNumber,
    }
}

table! {
    /// How an operation failed. From `subject` on they are texts that are told again; `refused` says that a resource server did not take the access token; and
    /// what is kept says by what the refresh token may be dead, and since when.
    FAILED / FailedAs / FailedAsParts after Some(&ASKED), camel {
        code: Any,
        retry_after: AnyNumber,
        status: AnyNumber,
        refused: Flag,
        doubt: AnyText,
        doubted_at: AnyNumber,
        subject: AnyText,
        found: AnyText,
        url: AnyText,
        oauth_error: AnyText,
        oauth_error_description: AnyText,
        oauth_error_uri: AnyText,
    }
}

table! {
    /// The one member that counts in an answer that was refused.
    ROTATED / Rotated / RotatedParts after Some(&FAILED), {
        refresh_token: AnyText,
    }
}

table! {
    /// The answer to a pushed authorization request (RFC 9126 section 2.2).
    PUSHED / Pushed / PushedParts after Some(&ROTATED), {
        request_uri: Text,
        expires_in: Seconds,
    }
}

table! {
    /// What a proof is about (RFC 9449 section 4.2): the request, the access token that it shows or its hash, the nonce of the server, by how many seconds its clock is ahead, and
    /// the thumbprint of the key.
    PROVEN / Proven / ProvenParts after Some(&PUSHED), camel {
        htm: AnyText,
        htu: AnyText,
        access_token: AnyText,
        ath: AnyText,
        nonce: AnyText,
        ahead: AnyNumber,
        jkt: AnyText,
    }
}

table! {
    /// What else a fault may be about: parts of a callback, and members of records.
    OTHER / Other / OtherParts after Some(&PROVEN), {
        state: Any,
        code: Any,
        iss: Any,
        error: Any,
        error_description: Any,
        error_uri: Any,
        scheme: Any,
        host: Any,
        path: Any,
        query: Any,
        fragment: Any,
        redirect_uri: Any,
        url: Any,
        content_type = "content-type": Any,
        version = "v": Any,
        created_at: Any,
        code_verifier: Any,
        signature: Any,
    }
}

table! {
    /// The resource server that the application meets, and what it says of itself there (RFC 9728, RFC 7591).
    MEETING / Meeting / MeetingParts after Some(&OTHER), camel {
        server_url: Text,
        redirect_uri: Text,
        client_id: Text,
        client_metadata_url: Text,
        client_metadata: Object,
        dangerously_allow_http: Flag,
        dpop: Flag,
    }
}

table! {
    /// What a protected resource says of itself (RFC 9728 section 2).
    RESOURCE / Resource / ResourceParts after Some(&MEETING), {
        resource: Text,
        authorization_servers: Texts,
        scopes_supported: Texts,
    }
}

table! {
    /// What an authorization server says of whom it lets in (RFC 8414 section 2, RFC 7591 section 3).
    REGISTRAR / Registrar / RegistrarParts after Some(&RESOURCE), {
        issuer: AnyText,
        authorization_response_iss_parameter_supported: Flag,
        client_id_metadata_document_supported: Flag,
        registration_endpoint: AnyText,
        token_endpoint_auth_methods_supported: Texts,
        scopes_supported: Texts,
    }
}

table! {
    /// The answer to a registration (RFC 7591 section 3.2.1).
    REGISTERED / Registered / RegisteredParts after Some(&REGISTRAR), {
        client_id: Text,
        client_secret: Text,
        redirect_uris: Texts,
        token_endpoint_auth_method: Text,
        client_secret_expires_at: AnyNumber,
    }
}

const TABLES: &[&Table] = &[
    &SETTINGS,
    &METADATA,
    &OPTIONS,
    &REQUESTED,
    &DETAIL,
    &ANSWER,
    &REFUSAL,
    &HEADER,
    &CLAIMS,
    &JWKS,
    &JWK,
    &TOKENS,
    &SUBJECT,
    &PAGE,
    &ASKED,
    &FAILED,
    &ROTATED,
    &PUSHED,
    &PROVEN,
    &OTHER,
    // Of servers that the application meets for the first time the npm package reads the documents by itself.
    #[cfg(not(target_os = "none"))]
    &MEETING,
    #[cfg(not(target_os = "none"))]
    &RESOURCE,
    #[cfg(not(target_os = "none"))]
    &REGISTRAR,
    #[cfg(not(target_os = "none"))]
    &REGISTERED,
];

/// The name of what a fault is about.
pub(crate) fn member(fault: Fault) -> Option<&'static [u8]> {
    TABLES.iter().find_map(|table| table.name(fault.place()))
}

/// The member of a table that has that name.
pub(crate) fn known(name: &[u8]) -> Option<&'static [u8]> {
    (0..u8::MAX).filter_map(|place| TABLES.iter().find_map(|table| table.name(place))).find(|known| *known == name)
}

/// A fault about a member of a table; that there is such a member is known when this is compiled.
macro_rules! about {
    ($code:ident, $table:ident, $name:literal) => {
        crate::error::Code::$code.at(const { crate::tables::$table.place($name) })
    };
}
pub(crate) use about;
