//! Which api-version a request asks for, and whether this release takes it.

use super::{answer::Refusal, call::Call, options::Mode};

/// Whether an endpoint is released.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Maturity {
    Released,
    /// In preview on servers before 7.0.
    ReleasedIn7,
    /// In preview everywhere.
    NeverReleased,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Version {
    number: (u32, u32),
    is_preview: bool,
}

/// Refuses what the release that is played would refuse.
pub(crate) fn check(mode: Mode, call: &Call) -> Result<(), Refusal> {
    if call.method == "OPTIONS" {
        return Ok(());
    }
    let Some(asked) = asked(call) else {
        if call.is_read() {
            return Ok(());
        }
        return Err(Refusal::new(
            400,
            "VssVersionNotSpecifiedException",
            format!(
                "No api-version was supplied for the \"{}\" request. The version must be supplied either as part of the Accept header \
                 (e.g. \"application/json; api-version=1.0\") or as a query parameter (e.g. \"?api-version=1.0\").",
                call.method
            ),
        ));
    };
    let Some(version) = parse(&asked) else {
        let message = format!("The api-version '{asked}' is not valid. It must be of the form major.minor[-preview[.revision]].");
        return Err(Refusal::new(400, "VssInvalidApiResourceVersionException", message));
    };
    let (newest, released) = (mode.newest(), mode.released());
    if version.number > newest {
        let ((major, minor), latest) = (version.number, newest);
        return Err(Refusal::new(
            400,
            "VssVersionOutOfRangeException",
            format!(
                "The requested REST API version of {major}.{minor} is out of range for this server. The latest REST API version this \
                 server supports is {}.{}.",
                latest.0, latest.1
            ),
        ));
    }
    let needs_preview = version.number > released
        || match maturity(call) {
            Maturity::Released => false,
            Maturity::ReleasedIn7 => released < (7, 0),
            Maturity::NeverReleased => true,
        };
    if needs_preview && !version.is_preview {
        return Err(Refusal::new(
            400,
            "VssInvalidPreviewVersionException",
            format!(
                "The requested version \"{asked}\" of the resource is under preview. The -preview flag must be supplied in the \
                 api-version for such requests. For example: \"{asked}-preview\""
            ),
        ));
    }
    Ok(())
}

/// From the query, or from the Accept header as the official clients send it.
fn asked(call: &Call) -> Option<String> {
    if let Some(version) = call.query("api-version") {
        return Some(version.trim().to_owned()).filter(|version| !version.is_empty());
    }
    let in_header = |header: &str| {
        header.split([';', ',']).find_map(|part| {
            let (name, value) = part.split_once('=')?;
            name.trim().eq_ignore_ascii_case("api-version").then(|| value.trim().trim_matches('"').to_owned())
        })
    };
    in_header(&call.accept).or_else(|| in_header(&call.content_type)).filter(|version| !version.is_empty())
}

fn parse(text: &str) -> Option<Version> {
    let (number, preview) = match text.split_once('-') {
        Some((number, preview)) => (number, Some(preview)),
        None => (text, None),
    };
    let (major, minor) = number.split_once('.').unwrap_or((number, "0"));
    if let Some(preview) = preview {
        let revision = preview.to_ascii_lowercase();
        let revision = revision.strip_prefix("preview")?;
        if !revision.is_empty() {
            revision.strip_prefix('.')?.parse::<u32>().ok()?;
        }
    }
    Some(Version { number: (major.parse().ok()?, minor.parse().ok()?), is_preview: preview.is_some() })
}

fn maturity(call: &Call) -> Maturity {
    let lower = call.lower();
    let has = |segment: &str| lower.iter().any(|lower| lower == segment);
    match lower.first().map(String::as_str) {
        Some("connectiondata") => Maturity::NeverReleased,
        Some("policy") if has("evaluations") => Maturity::NeverReleased,
        Some("wit") if has("comments") => Maturity::NeverReleased,
        Some("git") => {
            let is_below_pull_request = has("pullrequests");
            let previewed = ["statuses", "labels", "likes", "attachments", "properties"];
            if (is_below_pull_request && previewed.iter().any(|segment| has(segment))) || has("mergebases") {
                Maturity::ReleasedIn7
            } else {
                Maturity::Released
            }
        }
        _ => Maturity::Released,
    }
}
