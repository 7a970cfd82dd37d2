//! Pages of a shop's catalogue.

pub mod query;
pub mod render;
