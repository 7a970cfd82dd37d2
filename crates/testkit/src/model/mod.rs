//! A server that speaks OpenAI's chat completions, Azure OpenAI's, Anthropic's messages and
//! Bedrock's Converse, with a scripted reviewer behind
//! them.
//!
//! It checks what real servers check (keys, model names, parameters that a model does not take, the shape of strict
//! schemas), counts tokens, and misbehaves on demand. Sources: OpenAI's API reference ("Create chat completion", "List
//! models", "Error codes") and guide to structured outputs; the error texts of vLLM and llama.cpp for what they refuse.

mod anthropic;
mod azure;
mod bedrock;
mod call;
mod fault;
mod numbered;
mod options;
mod reply;
mod request;
mod script;
mod server;

pub use call::{Call, CallState, Role};
pub use fault::Fault;
pub use options::{ModelOptions, StructuredOutput, TokenLimit};
pub use request::Message;
pub use script::{ChatRule, CheckRule, Kind, Rule, Script};
pub use server::{Gate, ModelServer};

#[cfg(test)]
mod tests;
