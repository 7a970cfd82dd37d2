//! The shell around `review-core`: I/O and wiring, nothing else. Start reading at `app`, or with ARCHITECTURE.md.

pub mod analyzers;
pub mod app;
pub mod azure_devops;
pub mod cli;
pub mod git;
pub mod http;
pub mod index;
pub mod jobs;
pub mod llm;
pub mod net;
pub mod pipeline;
pub mod sandbox;
pub mod settings;
pub mod store;
pub mod telemetry;
pub mod trackers;
pub mod web_search;
