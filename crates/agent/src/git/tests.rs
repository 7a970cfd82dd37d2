//! Stories over real repositories and a real smart HTTP server.

pub(crate) mod fixture;
mod mirrors;
mod process;
mod proxy;
mod reading;
mod scratch;
pub(crate) mod server;
