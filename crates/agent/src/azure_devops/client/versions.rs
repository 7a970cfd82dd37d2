//! Which api-version a collection takes.
//!
//! 7.0 is the baseline: the cloud and Server 2022 take it. Server 2020 takes 6.0 at most, Server 2019 5.0 or 5.1. A server
//! says so with `VssVersionOutOfRangeException` before it does anything, so a write can be repeated in the version that it
//! names. Some operations were in preview before 7.0 and then need `-preview.1`.

use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, PoisonError},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ApiVersion {
    major: u32,
    minor: u32,
}

impl ApiVersion {
    const BASELINE: Self = Self { major: 7, minor: 0 };
    /// Server 2019. What an older one lacks cannot be worked around.
    const OLDEST: Self = Self { major: 5, minor: 0 };
    /// Tried in turn when a server does not say what it takes.
    const KNOWN: [Self; 4] = [Self::BASELINE, Self { major: 6, minor: 0 }, Self { major: 5, minor: 1 }, Self::OLDEST];
}

/// Since when an operation is released.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Maturity {
    /// In every version that we speak.
    Released,
    /// In 7.0; `-preview.1` before.
    ReleasedIn7,
    /// Preview in every version: sent without one, which gets the newest (`connectionData`).
    NeverReleased,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Release,
    FirstPreview,
    /// `-preview` without a number: the newest preview.
    AnyPreview,
}

/// What one request was sent with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sent {
    version: ApiVersion,
    stage: Stage,
}

/// What one collection was found to take.
#[derive(Debug)]
pub(super) struct Versions {
    learnt: Mutex<Learnt>,
}

#[derive(Debug)]
struct Learnt {
    version: ApiVersion,
    /// Operations that turned out to be in preview.
    stages: HashMap<&'static str, Stage>,
}

impl Default for Versions {
    fn default() -> Self {
        Self { learnt: Mutex::new(Learnt { version: ApiVersion::BASELINE, stages: HashMap::new() }) }
    }
}

impl Versions {
    /// What to send `operation` with; None: without a version.
    pub(super) fn choose(&self, operation: &'static str, maturity: Maturity) -> Option<Sent> {
        let learnt = self.learnt.lock().unwrap_or_else(PoisonError::into_inner);
        let usual = match maturity {
            Maturity::NeverReleased => return None,
            Maturity::ReleasedIn7 if learnt.version < ApiVersion::BASELINE => Stage::FirstPreview,
            Maturity::Released | Maturity::ReleasedIn7 => Stage::Release,
        };
        Some(Sent { version: learnt.version, stage: learnt.stages.get(operation).copied().unwrap_or(usual) })
    }

    /// Learns from a refusal. True: the request is worth repeating with what [`Self::choose`] now says.
    pub(super) fn learn(&self, operation: &'static str, sent: Sent, type_key: &str, message: &str) -> bool {
        let mut learnt = self.learnt.lock().unwrap_or_else(PoisonError::into_inner);
        match type_key {
            "VssVersionOutOfRangeException" => {
                // Another call may have learnt it meanwhile.
                if learnt.version < sent.version {
                    return true;
                }
                let Some(lower) = next_lower(message, sent.version) else { return false };
                tracing::info!(from = %sent.version, to = %lower, "the server takes an older API version");
                learnt.version = lower;
                true
            }
            "VssInvalidPreviewVersionException" => {
                let next = match sent.stage {
                    Stage::Release => Stage::FirstPreview,
                    Stage::FirstPreview => Stage::AnyPreview,
                    Stage::AnyPreview => return false,
                };
                learnt.stages.insert(operation, next);
                true
            }
            _ => false,
        }
    }
}

/// The newest version below `refused` that the message names; the text is localised, its numbers are not. When it names
/// none: the next one that we know of. None: the server is too old.
fn next_lower(message: &str, refused: ApiVersion) -> Option<ApiVersion> {
    let numbers = message.split(|character: char| !(character.is_ascii_digit() || character == '.'));
    let named = numbers.filter_map(|number| {
        let (major, minor) = number.trim_matches('.').split_once('.')?;
        Some(ApiVersion { major: major.parse().ok()?, minor: minor.parse().ok()? })
    });
    match named.filter(|version| *version < refused).max() {
        Some(version) => (version >= ApiVersion::OLDEST).then_some(version),
        None => ApiVersion::KNOWN.into_iter().find(|version| *version < refused),
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.major, self.minor)
    }
}

impl fmt::Display for Sent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let suffix = match self.stage {
            Stage::Release => "",
            Stage::FirstPreview => "-preview.1",
            Stage::AnyPreview => "-preview",
        };
        write!(formatter, "{}{suffix}", self.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUT_OF_RANGE: &str = "VssVersionOutOfRangeException";

    fn chosen(versions: &Versions, operation: &'static str, maturity: Maturity) -> String {
        versions.choose(operation, maturity).map_or_else(|| "none".to_owned(), |sent| sent.to_string())
    }

    #[test]
    fn the_maximum_is_read_from_the_message_in_any_language() {
        for (message, then) in [
            (
                "The requested REST API version of 7.0 is out of range for this server. The latest REST API version this server supports is 6.0.",
                Some("6.0"),
            ),
            ("Die angeforderte REST-API-Version 7.0 liegt außerhalb des Bereichs. Die neueste Version ist 5.1.", Some("5.1")),
            ("7.0 … 5.0", Some("5.0")),
            ("no numbers at all", Some("6.0")),
            ("supports 7.0 only", Some("6.0")),
            ("7.0 is out of range, the latest is 4.1.", None),
            ("99999999999999.1 and 7.0.1.2", Some("6.0")),
        ] {
            assert_eq!(
                next_lower(message, ApiVersion::BASELINE).map(|version| version.to_string()).as_deref(),
                then,
                "{message}"
            );
        }
        assert_eq!(next_lower("", ApiVersion::OLDEST), None);
    }

    #[test]
    fn operations_that_were_in_preview_say_so_below_7() {
        let versions = Versions::default();
        assert_eq!(chosen(&versions, "labels", Maturity::ReleasedIn7), "7.0");
        assert_eq!(chosen(&versions, "me", Maturity::NeverReleased), "none");
        let sent = versions.choose("threads", Maturity::Released).unwrap();
        assert!(versions.learn("threads", sent, OUT_OF_RANGE, "7.0; latest 6.0."));
        assert_eq!(chosen(&versions, "threads", Maturity::Released), "6.0");
        assert_eq!(chosen(&versions, "labels", Maturity::ReleasedIn7), "6.0-preview.1");
        assert_eq!(chosen(&versions, "me", Maturity::NeverReleased), "none");
    }

    #[test]
    fn calls_in_parallel_step_down_once() {
        let versions = Versions::default();
        let sent = versions.choose("threads", Maturity::Released).unwrap();
        assert!(versions.learn("threads", sent, OUT_OF_RANGE, ""));
        assert!(versions.learn("iterations", sent, OUT_OF_RANGE, ""));
        assert_eq!(chosen(&versions, "threads", Maturity::Released), "6.0");
    }

    #[test]
    fn stepping_down_ends() {
        let versions = Versions::default();
        let mut steps = 0;
        while versions.learn("x", versions.choose("x", Maturity::Released).unwrap(), OUT_OF_RANGE, "") {
            steps += 1;
        }
        assert_eq!((steps, chosen(&versions, "x", Maturity::Released).as_str()), (3, "5.0"));
    }

    #[test]
    fn a_preview_that_we_did_not_know_of_is_learnt_for_that_operation_only() {
        let versions = Versions::default();
        let mut seen = vec![];
        loop {
            let sent = versions.choose("x", Maturity::Released).unwrap();
            seen.push(sent.to_string());
            if !versions.learn("x", sent, "VssInvalidPreviewVersionException", "") {
                break;
            }
        }
        assert_eq!(seen, ["7.0", "7.0-preview.1", "7.0-preview"]);
        assert_eq!(chosen(&versions, "y", Maturity::Released), "7.0");
        let sent = versions.choose("y", Maturity::Released).unwrap();
        assert!(!versions.learn("y", sent, "GitItemNotFoundException", "6.0"));
    }
}
