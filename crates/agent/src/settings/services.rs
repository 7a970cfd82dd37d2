//! Services that are asked beside Azure DevOps and the model.

use secrecy::SecretString;
use url::Url;

/// Trackers of issues beside Azure DevOps.
#[derive(Debug, Clone, Default)]
pub struct TrackerSettings {
    /// `JIRA_HOST` and `JIRA_PAT`.
    pub jira: Option<JiraSettings>,
    /// `LINEAR_PAT` and `LINEAR_API_URL`.
    pub linear: Option<LinearSettings>,
}

#[derive(Debug, Clone)]
pub struct JiraSettings {
    /// With the path below which Jira is, without a trailing slash.
    pub host: Url,
    /// The address of the account, where the token was given as `address:token`: Jira Cloud. None: Jira Data Center.
    pub user: Option<String>,
    pub token: SecretString,
}

impl JiraSettings {
    /// `pat` as it stands in `JIRA_PAT`.
    pub(super) fn new(host: Url, pat: &str) -> Self {
        // A token of Data Center holds no colon, and one of Cloud none before the address ends.
        let (user, token) = match pat.split_once(':') {
            Some((user, token)) if user.contains('@') => (Some(user.to_owned()), token),
            _ => (None, pat),
        };
        Self { host, user, token: token.to_owned().into() }
    }
}

#[derive(Debug, Clone)]
pub struct LinearSettings {
    /// Of the GraphQL API.
    pub url: Url,
    pub token: SecretString,
}

/// `ENABLE_WEB_SEARCH`, `PERPLEXITY_API_KEY` and `PERPLEXITY_BASE_URL`.
#[derive(Debug, Clone)]
pub struct WebSearchSettings {
    pub base_url: Url,
    pub key: SecretString,
}
