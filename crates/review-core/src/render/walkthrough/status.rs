//! The block about the newest run.

use super::{
    layout::{commits, counted, note},
    marker,
};
use crate::{
    pull_request::CommitId,
    scope::{CostLimitReached, FileSetAside, SetAside},
};

/// How the status block of a run under way begins.
pub(super) const IN_PROGRESS: &str = "Review in progress.";
/// How the status block of a review that is delayed ends.
pub(super) const TRIED_AGAIN: &str = "It will be tried again.";

/// Whether the status block of a walkthrough still speaks of a run under way.
pub(crate) fn is_in_progress(content: &str) -> bool {
    marker::walkthrough_status(content).contains(IN_PROGRESS)
}

/// Whether the status block says that the review of `head` will be tried again.
pub(crate) fn is_delayed(content: &str, head: &CommitId) -> bool {
    let status = marker::walkthrough_status(content);
    status.contains(&format!("`{}` was not reviewed:", head.short())) && status.ends_with(TRIED_AGAIN)
}

/// That it was reviewed, or how far. `unchecked` candidates were left when the cost stopped the run.
pub(super) fn of_review(
    (base, head, incremental): (&CommitId, &CommitId, bool),
    set_aside: &[FileSetAside],
    cost_limit: Option<CostLimitReached>,
    unchecked: usize,
) -> String {
    let range = commits(base, head, incremental);
    let left_out = [unread(set_aside), cost_limit.map(|reached| stopped(reached, unchecked))];
    let left_out: Vec<String> = left_out.into_iter().flatten().collect();
    if left_out.is_empty() {
        note("Reviewed.", &format!("{range}."))
    } else {
        note("Partly reviewed.", &format!("{range}. {}", left_out.join(" ")))
    }
}

/// Files that should have been read; None: all were.
fn unread(set_aside: &[FileSetAside]) -> Option<String> {
    let count = |why: SetAside| set_aside.iter().filter(|file| file.why == why).count();
    let why = match (count(SetAside::TooLarge), count(SetAside::OverBudget)) {
        (0, 0) => return None,
        (0, _) => "no room was left",
        (_, 0) => "too large",
        _ => "too large, or no room was left",
    };
    let unread = set_aside.iter().filter(|file| file.why.is_unread()).count();
    Some(format!("{} not read: {why} (see the details).", counted(unread, "file was", "files were")))
}

fn stopped(reached: CostLimitReached, unchecked: usize) -> String {
    let candidates = counted(unchecked, "possible finding was", "possible findings were");
    let unchecked = if unchecked == 0 { String::new() } else { format!("{candidates} not checked. ") };
    format!("The review was stopped before its end. {unchecked}{}", reached.sentence())
}
