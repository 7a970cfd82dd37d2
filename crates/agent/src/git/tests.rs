//! Stories over real repositories and a real smart HTTP server.

mod fixture;
mod mirrors;
mod process;
mod proxy;
mod reading;
mod server;
