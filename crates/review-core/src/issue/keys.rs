//! Keys of issues in what people write: `CR-5`, `Closes ENG-123`, addresses of the tracker's own pages, names of branches.
//!
//! A key is a guess until its tracker knows it: `UTF-8` looks like one.

use std::{fmt, sync::LazyLock};

use regex::{Captures, Regex};

use super::{MOST_NAMED, Tracker};
use crate::{description::without_summary, pull_request::PullRequest};

/// What Jira and Linear take for a project or a team, and a number (Atlassian's documentation, "Editing a project's key": letters
/// first, then letters, digits and `_`; Linear's team identifiers are letters and digits).
const KEY: &str = "[A-Za-z][A-Za-z0-9_]{1,19}-[1-9][0-9]{0,8}";

static ADDRESS: LazyLock<Regex> = LazyLock::new(|| pattern(r#"(?i)\bhttps?://[^\s<>"'`|\\]+"#));
static IN_ADDRESS: LazyLock<Regex> =
    LazyLock::new(|| pattern(&format!(r"(?:/browse/|/issues?/|[?&]selectedIssue=)({KEY})(?:[/?#&.,;:!)\]]|$)")));
/// Upper case only; what goes on with a number behind `-` or `.` is a name of something else (`CVE-2024-1234`, `RFC-7231.2`).
static IN_TEXT: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(^|[^A-Za-z0-9_/.#@$%&+\-])([A-Z][A-Z0-9_]{1,19}-[1-9][0-9]{0,8})($|[^A-Za-z0-9_])"));
/// The beginning of a part of a branch, in either case, as trackers propose it: `ada/eng-123-search`.
static IN_BRANCH: LazyLock<Regex> = LazyLock::new(|| pattern(&format!(r"^({KEY})($|[^A-Za-z0-9])")));

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a pattern of ours")
}

/// A project or a team with the number of its issue; upper case.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IssueKey {
    project: String,
    number: u32,
}

impl IssueKey {
    /// `CR-5`, in either case. Letters, digits and `_` before the dash, so that it can be a part of a path.
    pub fn parse(text: &str) -> Option<Self> {
        static WHOLE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^([A-Za-z][A-Za-z0-9_]{0,19})-([1-9][0-9]{0,8})$"));
        let found = WHOLE.captures(text)?;
        let number = found.get(2)?.as_str().parse().ok()?;
        Some(Self { project: found.get(1)?.as_str().to_ascii_uppercase(), number })
    }

    /// `CR` of `CR-5`.
    pub fn project(&self) -> &str {
        &self.project
    }
}

impl fmt::Display for IssueKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}-{}", self.project, self.number)
    }
}

/// The keys that title, source branch and description name, each once, at most [`MOST_NAMED`].
///
/// `page`: where the tracker's pages for people are (`https://contoso.atlassian.net`); addresses of other places name nothing, also
/// where they hold a key. `projects`: only keys of these; empty: all.
pub fn named_keys(pull_request: &PullRequest, page: &str, projects: &[String]) -> Vec<IssueKey> {
    let mut found = Vec::new();
    let mut add = |key: &str| {
        let Some(key) = IssueKey::parse(key) else { return };
        let is_wanted = projects.is_empty() || projects.iter().any(|project| project.trim().eq_ignore_ascii_case(key.project()));
        if is_wanted && !found.contains(&key) && found.len() < MOST_NAMED {
            found.push(key);
        }
    };
    in_text(&pull_request.title, page, &mut add);
    let branch = pull_request.source_ref.strip_prefix("refs/heads/").unwrap_or(&pull_request.source_ref);
    in_branch(branch, &mut add);
    in_text(&without_summary(&pull_request.description), page, &mut add);
    found
}

/// Where Linear's pages are, whatever the workspace.
pub const LINEAR_PAGE: &str = "https://linear.app";

impl Tracker {
    /// The page of an issue: of Jira below its host; of Linear by the address that its API gives, as far as it is one of Linear's own.
    pub fn page_of(self, host: &str, key: &IssueKey, told: Option<&str>) -> Option<String> {
        match self {
            Self::Jira => Some(format!("{}/browse/{key}", host.trim_end_matches('/'))),
            Self::Linear => {
                static OWN: LazyLock<Regex> =
                    LazyLock::new(|| pattern(r"^https://linear\.app/([A-Za-z0-9_-]{1,100})/issue/[A-Za-z0-9_-]+(?:/|$)"));
                let workspace = OWN.captures(told?)?.get(1)?.as_str().to_owned();
                Some(format!("{LINEAR_PAGE}/{workspace}/issue/{key}"))
            }
        }
    }
}

fn in_text(text: &str, page: &str, add: &mut impl FnMut(&str)) {
    let without_addresses = ADDRESS.replace_all(text, |found: &Captures<'_>| {
        let address = found.get(0).map_or("", |whole| whole.as_str());
        if is_below(address, page)
            && let Some(key) = IN_ADDRESS.captures(address).and_then(|found| found.get(1))
        {
            add(key.as_str());
        }
        " "
    });
    let mut rest = without_addresses.as_ref();
    while let Some(found) = IN_TEXT.captures(rest) {
        let (Some(key), Some(behind)) = (found.get(2), found.get(3)) else { break };
        let tail = rest.get(key.end()..).unwrap_or_default();
        let goes_on = tail.starts_with(['-', '.']) && tail.chars().nth(1).is_some_and(|next| next.is_ascii_digit());
        if !goes_on {
            add(key.as_str());
        }
        // What stands behind one key may stand before the next.
        rest = rest.get(behind.start()..).unwrap_or_default();
    }
}

fn in_branch(branch: &str, add: &mut impl FnMut(&str)) {
    for part in branch.split(['/', '_']) {
        let Some(key) = IN_BRANCH.captures(part).and_then(|found| found.get(1)) else {
            continue;
        };
        let tail = part.get(key.end()..).unwrap_or_default();
        let goes_on = tail.chars().nth(1).is_some_and(|next| next.is_ascii_digit());
        if !goes_on {
            add(key.as_str());
        }
    }
}

/// Whether an address is one of the host's; nothing but the end or a slash may follow it.
fn is_below(address: &str, page: &str) -> bool {
    let page = page.trim_end_matches('/');
    let (Some((scheme, rest)), Some((_, own))) = (address.split_once("://"), page.split_once("://")) else { return false };
    let is_web = scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http");
    let begins = rest.get(..own.len()).is_some_and(|start| start.eq_ignore_ascii_case(own));
    is_web && begins && rest.get(own.len()..).is_some_and(|behind| behind.is_empty() || behind.starts_with(['/', '?', '#']))
}
