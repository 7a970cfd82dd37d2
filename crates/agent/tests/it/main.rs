//! Stories over real sockets, real git and a real database. One binary, so that it is linked once.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::format_collect, reason = "a story that cannot go on has failed")]

mod cli;
mod harness;
mod model;
mod providers;
mod stories;
