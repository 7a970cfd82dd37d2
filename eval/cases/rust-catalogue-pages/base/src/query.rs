//! What a visitor asks for.

/// A request for a part of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Query {
    /// Counted from 0, which is also what a request without a page means.
    pub page: u32,
    /// Products on a page, 1 to 100.
    pub size: u32,
}

impl Query {
    /// Reads `page=2&size=20`. What is missing or no number has its default, what is too large its maximum.
    pub fn parse(text: &str) -> Self {
        let number = |name: &str| {
            let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
            pairs.filter(|(key, _)| *key == name).find_map(|(_, value)| value.parse::<u32>().ok())
        };
        Self { page: number("page").unwrap_or(0).min(10_000), size: number("size").unwrap_or(20).clamp(1, 100) }
    }
}
