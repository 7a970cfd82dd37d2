//! Which organisation or collection a URL means, and which ones the token may be sent to.
//!
//! `https://dev.azure.com/{org}` and `https://{org}.visualstudio.com[/DefaultCollection]` are the same organisation. A
//! Server collection is any other URL, with a path of any depth (`https://host:8080/tfs/Collection`).

use percent_encoding::percent_decode_str;
use url::Url;

const CLOUD_HOST: &str = "dev.azure.com";
const OLD_CLOUD_SUFFIX: &str = ".visualstudio.com";

/// Longest URL that is looked at; a hostile payload may carry more.
const MAX_URL: usize = 2_000;

/// The organisation or collection URL in the one spelling that events carry: no trailing slash, no user info, query or
/// fragment, the old cloud host written as `https://dev.azure.com/{org}`. None: no such URL.
pub(super) fn normalise(text: &str) -> Option<String> {
    let url = parse(text)?;
    match organisation(&url) {
        Cloud::Organisation(name) => Some(format!("https://{CLOUD_HOST}/{name}")),
        Cloud::NoOrganisation => None,
        Cloud::Elsewhere => Some(spelling(&url)),
    }
}

/// The URL as it is configured, fit for requests: no trailing slash, user info, query or fragment.
pub(super) fn spelling(url: &Url) -> String {
    let mut url = url.clone();
    strip(&mut url);
    url.as_str().trim_end_matches('/').to_owned()
}

/// `candidate` as one of `configured`, in the configured spelling. With nothing configured: a cloud organisation with a
/// valid name, over https.
pub(super) fn allowed(configured: &[String], candidate: &str) -> Option<String> {
    let url = parse(candidate)?;
    if configured.is_empty() {
        return match organisation(&url) {
            Cloud::Organisation(name) => Some(format!("https://{CLOUD_HOST}/{name}")),
            Cloud::NoOrganisation | Cloud::Elsewhere => None,
        };
    }
    let wanted = identity(&url)?;
    configured.iter().find(|ours| parse(ours).and_then(|ours| identity(&ours)).as_ref() == Some(&wanted)).cloned()
}

/// The collection that a URL of a repository, of its page or of an API resource lies in. `project_names` are the id and
/// the name of its project, as far as they are known: a Server URL does not tell where the collection's path ends.
pub(super) fn of_resource_url(text: &str, project_names: &[&str]) -> Option<String> {
    let mut url = parse(text)?;
    match organisation(&url) {
        Cloud::Organisation(name) => return Some(format!("https://{CLOUD_HOST}/{name}")),
        Cloud::NoOrganisation => return None,
        Cloud::Elsewhere => {}
    }
    let segments: Vec<String> = url.path_segments()?.filter(|segment| !segment.is_empty()).map(str::to_owned).collect();
    let end = segments.iter().position(|segment| matches!(segment.to_ascii_lowercase().as_str(), "_apis" | "_git"))?;
    let is_page = segments.get(end).is_some_and(|segment| segment.eq_ignore_ascii_case("_git"));
    let mut before: Vec<&String> = segments.iter().take(end).collect();
    let last = before.last().map(|segment| decoded(segment))?;
    let is_project = project_names.iter().any(|name| name.to_lowercase() == last.to_lowercase()) || is_guid(&last);
    // A page URL without a known project: `/tfs/Collection/_git/r` is the short form, `/Collection/Project/_git/r` the long.
    let looks_like_project = project_names.is_empty() && is_page && before.len() > if starts_with_tfs(&before) { 2 } else { 1 };
    if before.len() > 1 && (is_project || looks_like_project) {
        before.pop();
    }
    let path: String = before.iter().flat_map(|segment| ["/", segment.as_str()]).collect();
    url.set_path(&path);
    Some(spelling(&url))
}

/// Whether git may fetch from `remote` with the token of `collection`: the same scheme, host and port, below the same path.
pub(super) fn lies_in(remote: &Url, collection: &str) -> bool {
    let Ok(base) = Url::parse(collection) else { return false };
    let below = remote.path().to_lowercase().starts_with(&format!("{}/", base.path().trim_end_matches('/').to_lowercase()));
    below && remote.origin() == base.origin()
}

pub(super) fn is_guid(text: &str) -> bool {
    text.len() == 36 && uuid::Uuid::try_parse(text).is_ok()
}

enum Cloud {
    /// Its name, lower case.
    Organisation(String),
    /// A cloud host, but the URL names no valid organisation.
    NoOrganisation,
    /// Not the cloud (or not its usual port and scheme): a Server, or somebody else.
    Elsewhere,
}

fn organisation(url: &Url) -> Cloud {
    let host = url.host_str().unwrap_or_default();
    let is_cloud = host == CLOUD_HOST || host.ends_with(OLD_CLOUD_SUFFIX);
    if !is_cloud || url.scheme() != "https" || url.port().is_some() {
        return Cloud::Elsewhere;
    }
    let name = if host == CLOUD_HOST {
        url.path_segments().and_then(|mut segments| segments.next()).map(decoded).unwrap_or_default()
    } else {
        host.strip_suffix(OLD_CLOUD_SUFFIX).unwrap_or_default().to_owned()
    };
    if is_organisation_name(&name) { Cloud::Organisation(name.to_ascii_lowercase()) } else { Cloud::NoOrganisation }
}

/// Letters, digits and hyphens, at most 50, with a letter or digit at both ends.
fn is_organisation_name(name: &str) -> bool {
    let edge = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
    name.len() <= 50
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && edge(name.bytes().next())
        && edge(name.bytes().next_back())
}

/// What makes two spellings the same collection.
fn identity(url: &Url) -> Option<(String, String)> {
    match organisation(url) {
        Cloud::Organisation(name) => Some((CLOUD_HOST.to_owned(), name)),
        Cloud::NoOrganisation => None,
        Cloud::Elsewhere => {
            let origin = url.origin().ascii_serialization();
            Some((origin, decoded(url.path().trim_end_matches('/')).to_lowercase()))
        }
    }
}

fn parse(text: &str) -> Option<Url> {
    if text.len() > MAX_URL {
        return None;
    }
    let mut url = Url::parse(text.trim()).ok()?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return None;
    }
    strip(&mut url);
    Some(url)
}

fn strip(url: &mut Url) {
    url.set_query(None);
    url.set_fragment(None);
    // These fail only for URLs without a host, which carry no user info either.
    url.set_username("").ok();
    url.set_password(None).ok();
}

fn decoded(segment: &str) -> String {
    percent_decode_str(segment).decode_utf8_lossy().into_owned()
}

fn starts_with_tfs(segments: &[&String]) -> bool {
    segments.first().is_some_and(|segment| segment.eq_ignore_ascii_case("tfs"))
}

#[cfg(test)]
mod tests;
