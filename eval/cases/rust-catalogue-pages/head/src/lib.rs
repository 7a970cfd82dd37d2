//! Pages of a shop's catalogue.

pub mod pager;
pub mod query;
pub mod render;
