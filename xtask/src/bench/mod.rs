//! Measurements that hold a line: each fails when its figure is past its limit.

pub(crate) mod ack;
mod chain;
mod change;
mod cpu;
pub(crate) mod index;
pub(crate) mod pipeline;
mod prompts;
mod shop;
pub(crate) mod tokens;
