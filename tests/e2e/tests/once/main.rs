//! A login is never lost and never done twice: many at once, one callback in two tabs, killed browsers, slow and absent
//! servers, wrong clocks, full and forbidden storage. What counts is what the token endpoint saw.

mod claim;
mod killed;
mod network;
mod storage;
mod strict_mode;
