//! The table of lies, in groups by the step at which the server lies.

mod authorization;
mod id_token;
mod metadata;
mod refresh;
mod signature;
mod token;
mod userinfo;

use pkce_wasm::client::authorize::LoginOptions;
use pkce_wasm::{Code, Settings};

use crate::server::Scenario;

/// The step at which the server lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// The metadata document.
    Metadata,
    /// The URL with which the user comes back.
    Authorization,
    /// The token response.
    Token,
    /// The header and claims of the ID token; its signature is good.
    IdToken,
    /// The signature of the ID token and the keys; its claims are good.
    Signature,
    /// The answer of the userinfo endpoint.
    Userinfo,
    /// The answer to a refresh.
    Refresh,
}

impl Group {
    /// Every group, in the order of a login.
    pub const ALL: [Self; 7] = [
        Self::Metadata,
        Self::Authorization,
        Self::Token,
        Self::IdToken,
        Self::Signature,
        Self::Userinfo,
        Self::Refresh,
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Metadata => "metadata",
            Self::Authorization => "authorization response",
            Self::Token => "token response",
            Self::IdToken => "ID token",
            Self::Signature => "signature and keys",
            Self::Userinfo => "userinfo",
            Self::Refresh => "refresh",
        }
    }
}

/// What has to become of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// It is honest, however odd.
    Accepted,
    /// It is refused with this code.
    Refused(Code),
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// Its name, which is the issuer's path.
    pub name: &'static str,
    /// The step at which the server lies.
    pub group: Group,
    /// What the lie breaks, by the identifiers of the requirements.
    pub requirements: &'static [&'static str],
    /// What has to become of it.
    pub expected: Expected,
    /// What the login asks for.
    pub options: fn() -> LoginOptions,
    /// What the configuration has beside the usual.
    pub configure: fn(&mut Settings),
    /// Whether the tokens are refreshed in any case.
    pub refreshes: bool,
    /// Whether other clients are held against it too.
    pub peer: bool,
    /// How the server behaves.
    pub scenario: Scenario,
}

impl Case {
    const fn new(name: &'static str, requirements: &'static [&'static str], scenario: Scenario) -> Self {
        // The group is set where the table is put together.
        Self {
            name,
            group: Group::Metadata,
            requirements,
            expected: Expected::Accepted,
            options: LoginOptions::default,
            configure: |_| {},
            refreshes: false,
            peer: false,
            scenario,
        }
    }

    const fn asking(mut self, options: fn() -> LoginOptions) -> Self {
        self.options = options;
        self
    }

    const fn configured(mut self, configure: fn(&mut Settings)) -> Self {
        self.configure = configure;
        self
    }

    /// Its tokens are refreshed too, whatever the step at which the server lies.
    const fn refreshed(mut self) -> Self {
        self.refreshes = true;
        self
    }

    const fn refused(mut self, code: Code) -> Self {
        self.expected = Expected::Refused(code);
        self
    }

    const fn for_peers(mut self) -> Self {
        self.peer = true;
        self
    }

    /// Whether the server lies.
    pub fn is_lie(&self) -> bool {
        self.expected != Expected::Accepted
    }
}

/// The whole table.
pub fn all() -> Vec<Case> {
    let groups = [
        (Group::Metadata, metadata::cases()),
        (Group::Authorization, authorization::cases()),
        (Group::Token, token::cases()),
        (Group::IdToken, id_token::cases()),
        (Group::Signature, signature::cases()),
        (Group::Userinfo, userinfo::cases()),
        (Group::Refresh, refresh::cases()),
    ];
    groups.into_iter().flat_map(|(group, cases)| cases.into_iter().map(move |case| Case { group, ..case })).collect()
}

/// The case of that name.
pub fn named(name: &str) -> Case {
    all().into_iter().find(|case| case.name == name).unwrap_or_else(|| panic!("there is no case {name}"))
}
