//! Servers that behave: what the agent talks to in tests, in the demo and in the benchmark. Knows no other crate of this
//! workspace; it speaks only the wire.

pub mod azure_devops;
pub mod eval;
pub mod model;
pub mod oauth2;
pub mod perplexity;
pub mod proxy;
pub mod repository;
pub mod scenario;
pub mod service;
pub mod trackers;
