//! Jira, Cloud and Data Center, by the part of its REST API that both have: version 2.
//!
//! Sources: Atlassian's reference of the REST API v2 ("Get issue", "Get current user"); "Basic auth for REST APIs" (Cloud: the address
//! of the account and an API token); "Using personal access tokens" (Data Center: bearer).

use reqwest::{RequestBuilder, StatusCode};
use review_core::issue::{Issue, IssueKey, Tracker};
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::{
    net::{HttpClients, NetError, Reply, Service, ServiceError},
    settings::JiraSettings,
};

/// What Jira Cloud says of a login beside its answer: with a token that it does not take it answers as to somebody who is not logged
/// in, so that issues are "not there".
const LOGIN: &str = "x-seraph-loginreason";
/// Title, description and state; nothing of what people say about an issue.
const FIELDS: &str = "summary,description,status";

#[derive(Debug, Clone)]
pub(super) struct Jira {
    service: Service,
    settings: JiraSettings,
    clock: fn() -> i64,
}

#[derive(Deserialize)]
struct WireIssue {
    /// Another one than was asked for where the issue was moved.
    key: String,
    fields: WireFields,
}

#[derive(Deserialize)]
struct WireFields {
    #[serde(default)]
    summary: Option<String>,
    /// Jira's own markup; version 3 of the API would send a tree.
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    status: Option<WireStatus>,
}

#[derive(Deserialize)]
struct WireStatus {
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireUser {
    #[serde(default)]
    display_name: String,
}

impl Jira {
    pub(super) fn new(settings: &JiraSettings, http: &HttpClients, clock: fn() -> i64) -> Result<Self, NetError> {
        let service = Service::new("Jira", "JIRA_PAT", &settings.host, http)?;
        Ok(Self { service, settings: settings.clone(), clock })
    }

    pub(super) fn host(&self) -> &str {
        self.service.host()
    }

    /// Where its pages for people are.
    pub(super) fn page(&self) -> &str {
        self.settings.host.as_str()
    }

    /// None: there is no such issue, or the token may not see it; Jira does not tell the two apart.
    pub(super) async fn issue(&self, key: &IssueKey) -> Result<Option<Issue>, ServiceError> {
        let mut url = self.url(&["issue", &key.to_string()])?;
        url.query_pairs_mut().append_pair("fields", FIELDS);
        let Reply { status, body, .. } = self.get(url).await?;
        if status == StatusCode::NOT_FOUND || status == StatusCode::GONE {
            // A proxy or another program answers 404 as well, with a page.
            return if body.is_some() { Ok(None) } else { Err(self.service.unreadable("404 that is no JSON".to_owned())) };
        }
        let WireIssue { key, fields } = self.read(status, body)?;
        let key = IssueKey::parse(&key).ok_or_else(|| self.service.unreadable("an issue without a key".to_owned()))?;
        let WireFields { summary, description, status } = fields;
        let state = status.map(|status| status.name).unwrap_or_default();
        let texts = [summary.unwrap_or_default(), state, description.unwrap_or_default()];
        let url = Tracker::Jira.page_of(self.page(), &key, None);
        Ok(Some(Issue::new(Tracker::Jira, key, url, [&texts[0], &texts[1], &texts[2]])))
    }

    /// Whose token it is.
    pub(super) async fn myself(&self) -> Result<String, ServiceError> {
        let Reply { status, body, .. } = self.get(self.url(&["myself"])?).await?;
        let WireUser { display_name } = self.read(status, body)?;
        Ok(display_name)
    }

    fn url(&self, segments: &[&str]) -> Result<Url, ServiceError> {
        let mut url = self.settings.host.clone();
        let no_base = || self.service.unreadable("JIRA_HOST is no address that paths can be put behind".to_owned());
        url.path_segments_mut().map_err(|()| no_base())?.pop_if_empty().extend(["rest", "api", "2"]).extend(segments);
        Ok(url)
    }

    async fn get(&self, url: Url) -> Result<Reply, ServiceError> {
        let request = || self.authorized(self.service.client().get(url.clone()).header("Accept", "application/json"));
        let reply = self.service.ask(request, || (self.clock)() / 1_000).await?;
        let login = reply.headers.get(LOGIN).and_then(|reason| reason.to_str().ok()).unwrap_or_default();
        // AUTHENTICATED_FAILED, AUTHENTICATION_DENIED
        let is_refused = login.contains("FAILED") || login.contains("DENIED");
        if is_refused { Err(self.service.unauthorized(login)) } else { Ok(reply) }
    }

    fn authorized(&self, request: RequestBuilder) -> RequestBuilder {
        let JiraSettings { user, token, .. } = &self.settings;
        match user {
            Some(user) => request.basic_auth(user, Some(token.expose_secret())),
            None => request.bearer_auth(token.expose_secret()),
        }
    }

    fn read<T: for<'de> Deserialize<'de>>(&self, status: StatusCode, body: Option<Value>) -> Result<T, ServiceError> {
        let unreadable = |problem: String| self.service.unreadable(format!("{} {problem}", status.as_u16()));
        if !status.is_success() {
            return Err(unreadable("where none was expected".to_owned()));
        }
        let body = body.ok_or_else(|| unreadable("without JSON".to_owned()))?;
        serde_json::from_value(body).map_err(|error| unreadable(error.to_string()))
    }
}
