//! An authorization server that lies at every step of a login, and what a client has to make of each lie.
//!
//! [`cases`](cases::all) is the one table of lies: each has a name, a group, the requirements that it breaks and the error
//! code with which it has to be refused. In every group stand honest cases as well, which have to be accepted, so that a
//! refusal is known to be for the lie. [`Server`] serves any of them, each under an issuer of its own; [`client`] takes the
//! crate through all of them over real HTTP on the loopback interface.

pub mod cases;
pub mod client;
pub mod honest;
pub mod keys;
mod proofs;
mod reply;
mod server;
mod verify;

pub use cases::{Case, Expected, Group};
pub use reply::{Delivery, Reply};
pub use server::{Answer, Login, Refreshes, Rotation, Scenario, Server};
