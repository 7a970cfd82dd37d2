use std::{path::PathBuf, time::Duration};

use review_core::pull_request::CommitId;

use super::Trouble;
use crate::{
    azure_devops::AzureDevOpsError,
    git::GitError,
    llm::{ModelError, RecordingError},
    pipeline::{analysis::AnalysisError, publish::PublishError},
    store::StoreError,
};

fn text() -> String {
    "text".to_owned()
}

fn unavailable(retry_after: Option<Duration>) -> AzureDevOpsError {
    AzureDevOpsError::Unavailable { action: text(), problem: text(), retry_after }
}

fn model(error: ModelError) -> Trouble {
    AnalysisError::Model(error).into()
}

fn silent_model(retry_after: Option<Duration>) -> Trouble {
    model(ModelError::Unavailable { endpoint: text(), model: text(), problem: text(), is_overloaded: true, retry_after })
}

#[test]
fn each_trouble_is_final_or_not_and_told_or_not() {
    let commit = CommitId::parse(&"a".repeat(40)).unwrap();
    // (trouble, final, told while attempts are left, told at the last one)
    let cases: [(Trouble, bool, bool, bool); 23] = [
        (unavailable(None).into(), false, false, true),
        (AzureDevOpsError::Unreadable { action: text(), problem: text() }.into(), false, false, true),
        (AzureDevOpsError::Unauthorized { action: text(), detail: text() }.into(), false, false, false),
        (AzureDevOpsError::Forbidden { action: text(), type_key: text(), message: text() }.into(), true, true, true),
        (AzureDevOpsError::NotSent { action: text(), problem: text() }.into(), true, true, true),
        (AzureDevOpsError::Refused { action: text(), status: 400, type_key: text(), message: text() }.into(), false, true, true),
        (AzureDevOpsError::NotAllowed(text()).into(), false, false, false),
        (GitError::Failed { action: text(), status: text(), stderr: text() }.into(), false, true, true),
        (GitError::TimedOut { action: text(), seconds: 1 }.into(), false, true, true),
        (GitError::TooLarge { action: text(), limit_bytes: 1 }.into(), true, true, true),
        (AnalysisError::Git(GitError::TooLarge { action: text(), limit_bytes: 1 }).into(), true, true, true),
        (GitError::UnusableUrl { url: text(), problem: text() }.into(), true, true, true),
        (GitError::CommitMissing { commit, url: text(), stderr: text() }.into(), false, true, true),
        (GitError::Unauthorized { url: text(), stderr: text() }.into(), false, true, true),
        (GitError::NotARepository(PathBuf::new()).into(), false, true, true),
        (AnalysisError::NoRoom { files: 1 }.into(), true, true, true),
        (silent_model(None), false, true, true),
        (model(ModelError::Unauthorized { endpoint: text(), variable: "KEY", message: text() }), false, true, true),
        (model(ModelError::ModelMissing { endpoint: text(), model: text(), message: text() }), false, true, true),
        (model(ModelError::ContextTooLong { model: text(), message: text() }), true, true, true),
        (model(RecordingError::NoRecording { folder: PathBuf::new(), problem: text() }.into()), true, true, true),
        (model(ModelError::Store(StoreError::Unavailable(text()))), false, false, false),
        (StoreError::LeaseLost(text()).into(), false, false, false),
    ];
    for (trouble, is_final, told, told_at_last) in cases {
        assert_eq!(trouble.is_final(), is_final, "{trouble:?}");
        assert_eq!((trouble.is_told(false), trouble.is_told(true)), (told, told_at_last), "{trouble:?}");
        assert!(!trouble.sentence().ends_with('.'), "{trouble:?}");
    }
}

#[test]
fn where_an_error_came_from_does_not_change_what_it_means() {
    assert!(matches!(Trouble::from(PublishError::Cancelled), Trouble::Cancelled));
    assert!(matches!(model(ModelError::Cancelled), Trouble::Cancelled));
    assert!(matches!(Trouble::from(PublishError::MovedOn), Trouble::MovedOn));
    assert!(Trouble::from(PublishError::Store(StoreError::LeaseLost(text()))).is_lost_lease());
    assert!(!Trouble::from(StoreError::Unavailable(text())).is_lost_lease());
    let closed = AzureDevOpsError::Closed { action: text(), type_key: text(), message: text() };
    assert!(Trouble::from(PublishError::AzureDevOps(closed)).is_closed());
}

#[test]
fn what_is_gone_or_none_of_ours_ends_without_a_sound() {
    let gone = || AzureDevOpsError::NotFound { action: text(), type_key: text(), message: text() };
    assert_eq!(Trouble::from(gone()).quiet_end(), Some("not_found"));
    assert_eq!(Trouble::from(PublishError::AzureDevOps(gone())).quiet_end(), Some("not_found"));
    assert_eq!(Trouble::from(AzureDevOpsError::NotAllowed(text())).quiet_end(), Some("not_allowed"));
    assert_eq!(silent_model(None).quiet_end(), None);
}

#[test]
fn a_server_is_believed_for_an_hour() {
    let (minute, years) = (Duration::from_mins(1), Duration::from_hours(24 * 365 * 50));
    assert_eq!(silent_model(Some(minute)).retry_after(), Some(minute));
    assert_eq!(silent_model(Some(years)).retry_after(), Some(Duration::from_hours(1)));
    assert_eq!(Trouble::from(unavailable(Some(years))).retry_after(), Some(Duration::from_hours(1)));
    assert_eq!(silent_model(None).retry_after(), None);
    assert_eq!(Trouble::MovedOn.retry_after(), None);
}

#[test]
fn an_hour_without_a_model_is_a_score_of_attempts() {
    let (hour, mut waited, mut attempts) = (60 * 60 * 1_000, 0, 0);
    while waited < hour {
        attempts += 1;
        waited += i64::try_from(silent_model(None).wait(waited).unwrap().as_millis()).unwrap();
    }
    assert!((10..=25).contains(&attempts), "{attempts}");
}

#[test]
fn what_is_away_is_waited_for_longer_and_longer_and_for_a_day_at_most() {
    let (second, minute, day) = (1_000, 60_000, 24 * 60 * 60_000);
    // (milliseconds waited, the next wait in seconds)
    let cases =
        [(0, Some(2)), (3 * second, Some(2)), (20 * second, Some(10)), (2 * minute, Some(60)), (day - 1, Some(600)), (day, None)];
    for (waited, expected) in cases {
        assert_eq!(silent_model(None).wait(waited), expected.map(Duration::from_secs), "{waited}");
    }
    assert_eq!(silent_model(Some(Duration::from_secs(90))).wait(0), Some(Duration::from_secs(90)), "the server knows better");
    for other in [
        model(ModelError::ContextTooLong { model: text(), message: text() }),
        GitError::TimedOut { action: text(), seconds: 1 }.into(),
        Trouble::MovedOn,
    ] {
        assert_eq!(other.wait(0), None, "{other:?}");
    }
}
