//! What can go wrong: one closed table of codes, sorted by who must act.
//!
//! The JavaScript error class, its TypeScript union and the error reference are all made from this table. A code's place
//! in the table is what records hold of it: new codes are added at the end.

#[cfg(feature = "client")]
use alloc::boxed::Box;
#[cfg(feature = "client")]
use alloc::string::String;

/// Who must act on an [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// The application calls this crate wrongly.
    Caller,
    /// The person at the device decides: sign in again, or accept that they declined.
    User,
    /// The authorization server understood the request and refused it.
    Server,
    /// The other side broke the protocol, or somebody stands between.
    Peer,
    /// The network, the storage or the engine beneath the page.
    Environment,
    /// This crate is at fault: please report it.
    Internal,
}

impl Blame {
    /// The name that JavaScript sees.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Caller => "caller",
            Self::User => "user",
            Self::Server => "server",
            Self::Peer => "peer",
            Self::Environment => "environment",
            Self::Internal => "internal",
        }
    }
}

macro_rules! codes {
    ($($variant:ident $name:literal $blame:ident $retryable:literal $message:literal)*) => {
        /// What went wrong. The names are stable; the messages are not.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Code {
            $(#[doc = $message] $variant,)*
        }

        impl Code {
            /// Every code, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The code in that place of the table. (The compiler sees that this is the number itself; of a look-up it does not.)
            #[cfg(feature = "client")]
            pub(crate) fn from_place(place: u64) -> Option<Self> {
                $(if place == Self::$variant as u64 {
                    return Some(Self::$variant);
                })*
                None
            }

            /// The stable name, in `snake_case`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Who must act.
            #[must_use]
            pub const fn blame(self) -> Blame {
                match self { $(Self::$variant => Blame::$blame,)* }
            }

            /// Whether the same call may succeed later without a change.
            #[must_use]
            pub const fn retryable(self) -> bool {
                match self { $(Self::$variant => $retryable,)* }
            }

            /// What happened and what to do about it, in a sentence or two.
            #[must_use]
            pub const fn message(self) -> &'static str {
                match self { $(Self::$variant => $message,)* }
            }
        }
    };
}

codes! {
    VerifierLengthInvalid "verifier_length_invalid" Caller false "A code_verifier has 43 to 128 characters."
    VerifierInvalid "verifier_invalid" Caller false "A code_verifier is 43 to 128 characters of A-Z a-z 0-9 - . _ ~."
    ChallengeMethodRefused "challenge_method_refused" Caller false "Only S256 is accepted: plain shows the secret."
    RandomnessUnavailable "randomness_unavailable" Environment false "There is no crypto.getRandomValues here, and nothing can replace it: use another engine."
    EngineNotReady "engine_not_ready" Caller false "WebAssembly cannot start here in one step: await ready() first."
    EngineUnavailable "engine_unavailable" Environment false "Neither WebAssembly nor its twin can be loaded: allow 'wasm-unsafe-eval' or this package's files in script-src."
    Internal "internal" Internal false "This package failed: please report it."

    ModuleInvalid "module_invalid" Caller false "This is not the pkce-wasm/client.wasm of this version."
    ConfigInvalid "config_invalid" Caller false "The configuration is incomplete or malformed: correct the member named."
    RedirectUriInvalid "redirect_uri_invalid" Caller false "The redirect URI must be absolute, without fragment, and https, http on a loopback host, or a private-use scheme with a dot and without underscore (com.example.app:/callback)."
    ParameterProtected "parameter_protected" Caller false "An extra parameter would replace one that this package sets: remove it."
    ReturnToRefused "return_to_refused" Caller false "The place to return to must be a path of this origin that begins with a single slash."
    TransactionInvalid "transaction_invalid" Caller false "The stored transaction cannot be read, or is of another client, issuer or version: begin the login again."
    EndpointMissing "endpoint_missing" Caller false "The server's metadata names no such endpoint: this server does not offer the operation."
    RefreshTokenMissing "refresh_token_missing" Caller false "There is no refresh token: ask for offline_access, or sign the user in again."

    NetworkFailed "network_failed" Environment true "The server could not be reached, or its CORS policy hides it from this page: check the connection and the allowed origins, then try again."
    TimedOut "timed_out" Environment true "The server did not answer in time: try again."
    ServerError "server_error" Server true "The server failed (HTTP 5xx or 429): try again later."
    RedirectNotFollowed "redirect_not_followed" Peer false "The server answered with a redirect, which could carry secrets elsewhere and is never followed: correct the issuer or endpoint."
    ResponseTooLarge "response_too_large" Peer false "The server's answer is larger than any honest one: check the issuer."

    MetadataNotFound "metadata_not_found" Server false "No metadata at any well-known place of the issuer: check the issuer."
    MetadataInvalid "metadata_invalid" Peer false "What the issuer serves is not authorization server metadata (JSON with the required members): check the issuer."
    IssuerMismatch "issuer_mismatch" Peer false "The metadata names another issuer than the one asked for (or the tokens are from another one): configure the issuer exactly as the server spells it. If both are right, name the other one in acceptIssuer; or give new Client(config, metadata) a document that you keep."
    PkceUnsupported "pkce_unsupported" Peer false "The server does not say that it supports S256: enable PKCE on the server, or set dangerouslyAssumePkceSupport if you know that it does."
    EndpointInsecure "endpoint_insecure" Peer false "A URL of the server is not https: enable TLS on the server (http is accepted on loopback hosts only)."

    StateMissing "state_missing" Peer false "The callback carries no state and belongs to no login: begin the login again."
    StateMismatch "state_mismatch" Peer false "The callback's state is not that of this login: it was forged or belongs to another login."
    TransactionNotFound "transaction_not_found" User false "This browser began no such login, or has forgotten it: begin the login again."
    TransactionExpired "transaction_expired" User false "The login took too long: begin it again."
    CodeAlreadyUsed "code_already_used" User false "The code of this callback was already sent to the server and its outcome was lost: begin the login again."
    ParameterDuplicated "parameter_duplicated" Peer false "The callback carries a parameter twice, so that nobody can say which is meant: begin the login again."
    CallbackInvalid "callback_invalid" Peer false "The callback is malformed, or carries its parameters in the fragment: begin the login again with response_mode query."
    RedirectUriMismatch "redirect_uri_mismatch" Peer false "The callback arrived at another URI than the one sent: register and configure the same redirect URI."
    ResponseIssuerMissing "response_issuer_missing" Peer false "The callback carries no iss although the server promises one: it may come from another server."
    ResponseIssuerMismatch "response_issuer_mismatch" Peer false "The callback comes from another issuer than the one asked: nothing was sent to it."
    CodeMissing "code_missing" Peer false "The callback carries neither code nor error: begin the login again."
    AccessDenied "access_denied" User false "The user or the server's policy declined the login."
    AuthorizationRefused "authorization_refused" Server false "The authorization endpoint refused the request: oauthError says why."

    TokenRefused "token_refused" Server false "The token endpoint refused the request: oauthError says why."
    TokenResponseInvalid "token_response_invalid" Peer false "The token endpoint's answer is not what RFC 6749 section 5.1 asks for: check that the endpoint is the server's own."
    AccessTokenMissing "access_token_missing" Peer false "The token endpoint's answer carries no access_token."
    TokenTypeUnsupported "token_type_unsupported" Peer false "The token is of a type that this package cannot use: configure the server for Bearer tokens, or where dpop asks for it for DPoP tokens."
    IdTokenMissing "id_token_missing" Peer false "The scope openid was asked for, but no ID token came: check the client's registration."
    IdTokenInvalid "id_token_invalid" Peer false "The ID token is malformed, or the claim or header parameter named is missing or not accepted."
    IdTokenIssuerMismatch "id_token_issuer_mismatch" Peer false "The ID token is from another issuer than configured, than the callback named or than the session has; or its tenant is not its tid. If the server names the tenant in its tokens, see acceptIssuer."
    IdTokenAudienceMismatch "id_token_audience_mismatch" Peer false "The ID token is for another client, or also for others: name those that you trust in trustedAudiences. With others its azp has to name this client."
    IdTokenNonceMismatch "id_token_nonce_mismatch" Peer false "The ID token belongs to another login."
    IdTokenExpired "id_token_expired" Peer false "The ID token has expired: check this machine's clock and clockTolerance."
    IdTokenNotYetValid "id_token_not_yet_valid" Peer false "The ID token was issued in the future: check this machine's clock and clockTolerance."
    IdTokenSubjectMismatch "id_token_subject_mismatch" Peer false "The refreshed ID token is about another user: sign in again."
    UserinfoInvalid "userinfo_invalid" Peer false "The userinfo endpoint's answer is not a JSON object with a sub."
    UserinfoSubjectMismatch "userinfo_subject_mismatch" Peer false "The userinfo response is about another user than the ID token: it was discarded."
    UserinfoRefused "userinfo_refused" Server false "The userinfo endpoint refused the token."
    RevocationRefused "revocation_refused" Server false "The revocation endpoint refused the request."

    StorageUnavailable "storage_unavailable" Environment false "The login cannot be remembered: storage is full, disabled or blocked. In a browser allow site data for this page; in Node, and where a page has no storage, set transactionStorage to memory; in an application its own store failed (see cause), and host.reset() begins that anew."
    SessionExpired "session_expired" User false "The session has expired: sign in again."

    IdTokenSignatureInvalid "id_token_signature_invalid" Peer false "None of the server's keys made the signature of the ID token: it was changed, or made by somebody else."
    IdTokenHashMismatch "id_token_hash_mismatch" Peer false "The ID token was issued with another access token than the one that came with it."
    IdTokenUnverifiable "id_token_unverifiable" Environment false "Nothing here can verify the ID token (crypto.subtle needs an https or localhost page), and no TLS vouches for it: serve the page over https, or set dangerouslyAllowUnverifiedIdToken."
    SigningKeyNotFound "signing_key_not_found" Peer false "None of the server's keys fits the ID token by kid, alg, kty and use, with at least 2048 bits of RSA: check the keys at the jwks_uri."
    SigningKeysUnavailable "signing_keys_unavailable" Environment false "The server's signing keys could not be fetched: check the connection and that the jwks_uri allows this origin (CORS), then sign in again."
    JwksInvalid "jwks_invalid" Peer false "What the server serves at its jwks_uri is not a JWK Set (JSON with an array of keys)."
    InsufficientUserAuthentication "insufficient_user_authentication" User false "The user was authenticated too long ago, or in none of the ways required (acr): begin the login again."

    EmbeddedUserAgent "embedded_user_agent" Caller false "A WebView is no place for a sign-in page (RFC 8252): give the client a host that opens the system browser, as pkce-wasm/tauri makes one, or set dangerouslyAllowEmbeddedUserAgent."

    InteractionRequired "interaction_required" User false "The server cannot answer without asking the user (oauthError says what for): begin a login without prompt none."
    RefreshInterrupted "refresh_interrupted" User false "The server refuses the refresh token, and the answer to an earlier refresh never arrived: the new token was lost with it. Sign in again."
    OriginRefused "origin_refused" Caller false "The access token goes to the origins in resourceOrigins and to no other: nothing was sent. Add the origin if it is a resource server of yours."
    InsufficientScope "insufficient_scope" User false "The access token lacks a scope that the resource asks for: begin a login with the loginOptions of this error."
    Aborted "aborted" Caller false "The signal that was given was aborted."
    PopupBlocked "popup_blocked" User false "The browser blocked the pop-up: call loginWithPopup straight from a click, or with the fallback redirect."
    PopupClosed "popup_closed" User false "The pop-up was closed before the login was finished: begin the login again."
    RedirectUriShared "redirect_uri_shared" Caller false "This server and another one use the same redirect URI, and neither promises iss: one could get the codes of the other. Give each a redirect URI of its own, or name all of them in sharedRedirectUriIssuers if you trust them all."
    IdTokenAlgUnsupported "id_token_alg_unsupported" Server false "The server signs ID tokens for this client by an algorithm that a public client cannot verify: an HS algorithm needs a client secret. Register an asymmetric one at the server (id_token_signed_response_alg), e.g. RS256."
    IdTokenVerificationFailed "id_token_verification_failed" Peer false "The platform could not take a key of the server or the signature of the ID token, and verified nothing (cause says why): check the keys at the jwks_uri."
    ServerUnsupported "server_unsupported" Peer false "The server's metadata says that no login by this package can succeed there: it requires pushed authorization requests without an endpoint for them (or you use the stateless steps, which push none: use Client), offers no response type code, signs ID tokens by no public key, or takes no proofs by ES256 where dpop is required. Change the client's registration, or put the member named right in the metadata of your configuration."
    MemberUnknown "member_unknown" Caller false "The configuration, or the options of a login or a sign-out, have a member that does not exist there: correct its name."
    TokenNotExposed "token_not_exposed" Caller false "The tokens of this session are kept in Rust and never enter the page: make the request with session.fetch(), or in Rust."
    PushRefused "push_refused" Server false "The server refused the pushed authorization request: oauthError says why. Nobody was sent to it."
    PushResponseInvalid "push_response_invalid" Peer false "The answer to the pushed authorization request has no request_uri with a lifetime: check the pushed_authorization_request_endpoint."
    DpopUnavailable "dpop_unavailable" Environment false "The tokens cannot be bound to a key here: that needs crypto.subtle (an https or localhost page), and IndexedDB where the login or the session outlives the page."
    DpopKeyMissing "dpop_key_missing" User false "The key that the session is bound to is gone, or another one is in its place: sign in again."
    EngineUnsupported "engine_unsupported" Environment false "This browser or WebView is too old for this package: ask the user to update it."
    ResourceMetadataInvalid "resource_metadata_invalid" Peer false "What the server serves as its protected resource metadata is none (JSON with a resource): check the server's URL."
    ResourceMismatch "resource_mismatch" Peer false "The protected resource metadata is about another resource than the server that was asked: nothing was sent to its authorization server. Use the URL by which the server knows itself."
    AuthorizationServerNotFound "authorization_server_not_found" Server false "None of the authorization servers that the resource names can be used (see cause), or the one that was chosen is none of them."
    RegistrationRequired "registration_required" Caller false "The authorization server knows no client of this application: it takes no Client ID Metadata Document of yours and registers nobody by itself. Register the application there, and answer askForClient or give clientId."
    RegistrationRefused "registration_refused" Server false "The authorization server refused to register this application: oauthError says why."
    RegistrationResponseInvalid "registration_response_invalid" Peer false "The answer to the registration is not what was asked for (RFC 7591 section 3.2.1), such as a client_id for this redirect URI: it was discarded."
    SignInRequired "sign_in_required" User false "The server wants the user signed in: call login() in a click. Where the page is leaving for the authorization server already, connect again when it is back."
    CorsRefused "cors_refused" Environment false "The server answers, but its CORS policy hides the answer from this page: the server has to allow this origin (Access-Control-Allow-Origin), or the request has to be made by a host outside of the page."
}

/// Errors of a server that do not last: it refuses the code or the refresh token itself, or fails (RFC 6749 sections 4.1.2.1 and 5.2).
#[cfg(feature = "client")]
pub(crate) const PASSING: &str = "invalid_grant temporarily_unavailable server_error";

/// A failure inside the protocol: its code, and the place in the tables of what it is about, in one number, for it travels
/// through every `?`. (A number as wide as a pointer: a narrower one would have to be taken apart wherever it stands in
/// the place of one.) The faces make an [`Error`] or an object of JavaScript of it.
#[cfg(feature = "client")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault(core::num::NonZeroU32);

#[cfg(feature = "client")]
impl Code {
    /// A fault about the member in a place of the tables; about nothing in particular with 0.
    pub(crate) const fn at(self, place: u8) -> Fault {
        // One more than the code, which may be 0. It is below the addresses of the module's data: `xtask/src/halves.rs` tells the two apart by that.
        match core::num::NonZeroU32::new(u32::from_le_bytes([place, (self as u8).wrapping_add(1), 0, 0])) {
            Some(parts) => Fault(parts),
            None => Fault(core::num::NonZeroU32::MAX),
        }
    }

    /// Whether a login whose callback failed so has come to its end. Otherwise the answer was not shown to be the
    /// server's own, and the true one may still come.
    pub(crate) const fn ends_login(self) -> bool {
        matches!(
            self,
            Self::AccessDenied | Self::AuthorizationRefused | Self::InteractionRequired | Self::TransactionExpired
        )
    }

    /// Whether beginning the login again may lead to another end. `passes` says that the server's `error` is one of [`PASSING`].
    pub(crate) const fn restart_helps(self, passes: bool) -> bool {
        match self.blame() {
            Blame::User => true,
            Blame::Environment => !matches!(self, Self::IdTokenUnverifiable | Self::DpopUnavailable),
            Blame::Server => self.retryable() || passes,
            Blame::Peer => !matches!(
                self,
                Self::PkceUnsupported
                    | Self::ServerUnsupported
                    | Self::PushResponseInvalid
                    | Self::EndpointInsecure
                    | Self::MetadataInvalid
                    | Self::IssuerMismatch
                    | Self::IdTokenExpired
                    | Self::IdTokenNotYetValid
                    | Self::SigningKeyNotFound
                    | Self::JwksInvalid
                    | Self::IdTokenVerificationFailed
            ),
            Blame::Caller => matches!(self, Self::TransactionInvalid),
            Blame::Internal => false,
        }
    }
}

#[cfg(feature = "client")]
impl Fault {
    pub(crate) fn code(self) -> Code {
        let [_, code, ..] = self.0.get().to_le_bytes();
        Code::from_place(u64::from(code.wrapping_sub(1))).unwrap_or(Code::Internal)
    }

    /// The place in the tables of what it is about; 0 when it is about nothing in particular.
    pub(crate) const fn place(self) -> u8 {
        let [place, ..] = self.0.get().to_le_bytes();
        place
    }

    /// The same fault under another code.
    pub(crate) const fn with_code(self, code: Code) -> Self {
        code.at(self.place())
    }
}

#[cfg(feature = "client")]
impl From<Code> for Fault {
    fn from(code: Code) -> Self {
        code.at(0)
    }
}

#[cfg(feature = "client")]
/// What the server said when it refused (RFC 6749 sections 4.1.2.1 and 5.2): as it was sent, not to be trusted as HTML or link.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    /// The `error` parameter or member.
    pub error: String,
    /// The `error_description`.
    pub error_description: Option<String>,
    /// The `error_uri`, when it is an address of the web.
    pub error_uri: Option<String>,
}

#[cfg(feature = "client")]
/// What a login has to ask for, so that its tokens serve where these did not (RFC 6750 section 3.1, RFC 9470 section 4).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needed {
    /// Every scope that the login is to ask for, separated by spaces.
    pub scope: Option<String>,
    /// The values of `acr` that serve, separated by spaces. The login has to require them
    /// ([`LoginOptions::require_acr`](crate::client::authorize::LoginOptions::require_acr)): one that only asks may end where it began.
    pub acr_values: Option<String>,
    /// Seconds within which the user has to have been authenticated.
    pub max_age: Option<u32>,
}

#[cfg(feature = "client")]
/// A failure: its code, what it is about, and the server's own words where there were any. Never holds a secret.
///
/// It is one pointer wide, for it travels through every `?`; its members are those of [`Details`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(Box<Details>);

#[cfg(feature = "client")]
/// The members of an [`Error`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Details {
    /// What went wrong.
    pub code: Code,
    /// The member, parameter or claim at fault, in the specifications' spelling.
    pub subject: Option<&'static str>,
    /// What was found there: the issuer of a document, or of an ID token its `iss`, `aud`, `azp` or `alg`. Not to be trusted as HTML.
    pub found: Option<String>,
    /// The HTTP status of the answer that was refused.
    pub status: Option<u16>,
    /// What the server said.
    pub refusal: Option<Refusal>,
    /// Seconds after which the same call may be tried again.
    pub retry_after: Option<u64>,
    /// What a login has to ask for; `None` also when no login would help.
    pub needed: Option<Needed>,
}

#[cfg(feature = "client")]
impl core::ops::Deref for Error {
    type Target = Details;

    fn deref(&self) -> &Details {
        &self.0
    }
}

#[cfg(feature = "client")]
impl Error {
    /// An error with nothing but its code.
    #[must_use]
    #[inline(never)]
    pub fn new(code: Code) -> Self {
        Self(Box::new(Details {
            code,
            subject: None,
            found: None,
            status: None,
            refusal: None,
            retry_after: None,
            needed: None,
        }))
    }

    /// The same error under another code.
    #[must_use]
    pub fn code(mut self, code: Code) -> Self {
        self.0.code = code;
        self
    }

    /// The same error, naming the member, parameter or claim at fault.
    #[must_use]
    #[inline(never)]
    pub fn about(mut self, subject: &'static str) -> Self {
        self.0.subject = Some(subject);
        self
    }

    /// The same error, with what was found there.
    #[must_use]
    pub fn found(mut self, found: String) -> Self {
        self.0.found = Some(found);
        self
    }

    /// The same error, with the HTTP status of the answer.
    #[must_use]
    pub fn status(mut self, status: u16) -> Self {
        self.0.status = Some(status);
        self
    }

    /// The same error, with the server's own words.
    #[must_use]
    pub fn refusal(mut self, refusal: Refusal) -> Self {
        self.0.refusal = Some(refusal);
        self
    }

    /// The same error, to be tried again after those seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: Option<u64>) -> Self {
        self.0.retry_after = seconds;
        self
    }

    /// The same error, with what a login has to ask for.
    #[must_use]
    pub fn needed(mut self, needed: Option<Needed>) -> Self {
        self.0.needed = needed;
        self
    }

    /// Whether beginning the login again may lead to another end.
    #[must_use]
    pub fn restart_helps(&self) -> bool {
        let is_passing = |refusal: &Refusal| PASSING.split(' ').any(|error| error == refusal.error);
        self.code.restart_helps(self.refusal.as_ref().is_some_and(is_passing))
    }

    /// Whether the server refused the code or the refresh token itself (RFC 6749 section 5.2).
    #[must_use]
    pub fn is_invalid_grant(&self) -> bool {
        // What a server says while it fails says nothing of the grant.
        self.code != Code::ServerError && self.refusal.as_ref().is_some_and(|refusal| refusal.error == "invalid_grant")
    }

    /// Whether a login whose callback failed so has come to its end. Otherwise the answer was not shown to be the
    /// server's own, and the true one may still come.
    #[must_use]
    pub fn ends_login(&self) -> bool {
        self.code.ends_login()
    }
}

impl core::fmt::Display for Code {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter.write_str(self.message())
    }
}

impl core::error::Error for Code {}

#[cfg(feature = "client")]
impl From<Code> for Error {
    fn from(code: Code) -> Self {
        Self::new(code)
    }
}

#[cfg(feature = "client")]
impl core::fmt::Display for Error {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter.write_str(self.code.message())?;
        match (self.subject, &self.found) {
            (Some(subject), Some(found)) => write!(formatter, " ({subject}: found {found})"),
            (Some(subject), None) => write!(formatter, " ({subject})"),
            _ => Ok(()),
        }
    }
}

#[cfg(feature = "client")]
impl core::error::Error for Error {}
