//! Single texts from other people's servers.

use std::time::Duration;

use url::Url;

use super::{HttpClients, NetError, with_causes};

/// Time for one text.
const TOTAL: Duration = Duration::from_secs(20);

/// Fetches texts: by https, without credentials, without following a redirect.
#[derive(Debug, Clone)]
pub struct Documents {
    client: reqwest::Client,
}

impl Documents {
    pub fn new(clients: &HttpClients) -> Result<Self, NetError> {
        Ok(Self { client: clients.client(TOTAL)? })
    }

    /// The bytes at `url`, at most `max_bytes` of them.
    ///
    /// # Errors
    /// In words, without the URL: it is no https, nothing answers, the answer is none of success (a redirect is not), or it is longer.
    pub async fn get(&self, url: &Url, max_bytes: usize) -> Result<Vec<u8>, String> {
        if url.scheme() != "https" || !url.username().is_empty() || url.password().is_some() {
            return Err("only https without a user name is fetched".to_owned());
        }
        let no_answer = |error: reqwest::Error| format!("nothing was got: {}", with_causes(&error.without_url()));
        let mut response = self.client.get(url.clone()).send().await.map_err(no_answer)?;
        let status = response.status();
        if status.is_redirection() {
            return Err(format!("the server answered {} with a redirect, which is not followed", status.as_u16()));
        }
        if !status.is_success() {
            return Err(format!("the server answered {}", status.as_u16()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(no_answer)? {
            if body.len().saturating_add(chunk.len()) > max_bytes {
                return Err(format!("it is longer than {} KiB", max_bytes / 1024));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}
