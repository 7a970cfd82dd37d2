//! Trackers of issues: Jira by its REST API, Linear by GraphQL. Each keeps its issues, refuses tokens that it did not give, and says so
//! in the words of the real one. Jira is checked by the `jira` package of `PyPI`, Linear by the types and the error classes of
//! `@linear/sdk` (`cargo xtask checks`).

mod graphql;
mod jira;
mod linear;
#[cfg(test)]
mod tests;

pub use self::{
    jira::{JiraEdition, JiraServer},
    linear::LinearServer,
};

/// An issue as a test writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackedIssue {
    pub key: String,
    pub title: String,
    pub description: String,
    pub state: String,
    /// Whether the token may see it.
    pub is_hidden: bool,
}

impl TrackedIssue {
    pub fn new(key: &str, title: &str, description: &str) -> Self {
        let text = |text: &str| text.to_owned();
        Self { key: text(key), title: text(title), description: text(description), state: text("To Do"), is_hidden: false }
    }

    #[must_use]
    pub fn hidden(self) -> Self {
        Self { is_hidden: true, ..self }
    }
}
