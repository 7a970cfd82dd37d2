//! A webhook goes in, a thread comes out. `cargo xtask conformance` runs these through a validator of Microsoft's API
//! specification.

mod changeover;
mod commands;
mod configuration;
mod cost;
mod crash;
mod depth;
mod faults;
mod files;
mod forks;
mod hardening;
mod injection;
mod intake;
mod leads;
mod learning;
mod looks;
mod outage;
mod providers;
mod proxies;
mod quiet;
mod replay;
mod review;
mod secrets;
mod texts;
mod walkthrough;
