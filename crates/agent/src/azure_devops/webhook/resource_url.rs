//! What the URL of an API resource or of a repository's page says about the resource.

use percent_encoding::percent_decode_str;
use url::Url;

use super::{identifier, is_name};
use crate::azure_devops::collection;

/// Comment events of version 1.0 name their pull request only so:
/// `…/_apis/git/repositories/{repository}/pullRequests/{n}/threads/{n}/comments/{n}`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ResourceUrl {
    /// Only when it is given by id: whether a name before `_apis` is a project cannot be told.
    pub(super) project: Option<String>,
    pub(super) repository: Option<String>,
    pub(super) pull_request: Option<u64>,
    pub(super) thread: Option<u64>,
    pub(super) comment: Option<u64>,
}

impl ResourceUrl {
    pub(super) fn parse(text: &str) -> Self {
        let mut found = Self::default();
        let Ok(url) = Url::parse(text) else { return found };
        let Some(segments) = url.path_segments() else { return found };
        let segments: Vec<String> = segments
            .filter(|segment| !segment.is_empty())
            .map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned())
            .collect();
        let Some(api) = segments.iter().position(|segment| segment.eq_ignore_ascii_case("_apis")) else { return found };
        found.project = segments.iter().take(api).next_back().filter(|it| collection::is_guid(it)).map(|it| identifier(it));
        let mut rest = segments.iter().skip(api + 1);
        while let Some(key) = rest.next() {
            let slot = match key.to_ascii_lowercase().as_str() {
                "repositories" => {
                    found.repository = rest.next().filter(|name| is_name(name) && name.len() <= 256).map(|it| identifier(it));
                    continue;
                }
                "pullrequests" => &mut found.pull_request,
                "threads" => &mut found.thread,
                "comments" => &mut found.comment,
                _ => continue,
            };
            *slot = rest.next().and_then(|it| it.parse::<i32>().ok()).and_then(|it| u64::try_from(it).ok()).filter(|it| *it > 0);
        }
        found
    }
}
