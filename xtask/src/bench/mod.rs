//! Measurements that hold a line: each fails when its figure is past its limit.

pub(crate) mod ack;
mod change;
pub(crate) mod index;
mod prompts;
pub(crate) mod tokens;
