//! Work items that somebody asked for in a comment: created once, linked with the pull request.

use review_core::{
    pull_request::{PullRequestState, WorkItem},
    render::ItemMade,
};

use super::{publish::Publisher, trouble::Trouble};
use crate::{
    azure_devops::{AzureDevOpsError, NewWorkItem},
    store::PlannedItem,
};

/// The one type that every process of Azure Boards has.
const KIND: &str = "Task";
const MAX_DESCRIPTION_CHARS: usize = 8_000;

/// What became of it, with the words that it is told by.
pub(super) enum Made {
    Created {
        id: u64,
        url: String,
    },
    /// Why not, without a full stop.
    Refused(String),
}

impl Made {
    pub(super) fn told(&self) -> ItemMade<'_> {
        match self {
            Self::Created { id, url } => ItemMade::Created { id: *id, kind: KIND, url },
            Self::Refused(why) => ItemMade::Refused(why),
        }
    }
}

/// Creates the work item that comment `asked` (thread and comment) wants, unless a work item linked with the pull request says that
/// it was created for it: `state` is newer than any write whose answer was lost. `is_again`: an earlier attempt may have created
/// it.
pub(super) async fn make(
    publisher: &Publisher<'_>,
    state: &PullRequestState,
    asked: (u64, u64),
    item: &PlannedItem,
    is_again: bool,
) -> Result<Made, Trouble> {
    let mark = mark(state, asked);
    let mut standing = marked(&state.work_items, &mark);
    if standing.is_none() && is_again {
        standing = marked(&publisher.reading(all_linked(publisher)).await?, &mark);
    }
    let id = if let Some(id) = standing {
        id
    } else {
        let azure = publisher.guard().await?;
        let new = NewWorkItem { kind: KIND, title: &item.title, description: &described(state, asked, &mark, item) };
        match azure.create_work_item(publisher.key, &new).await {
            Ok(id) => id,
            Err(error) => {
                let Some(why) = refusal(&error) else { return Err(error.into()) };
                tracing::warn!(pull_request = %publisher.key, %error, "a work item was not created");
                return Ok(Made::Refused(why));
            }
        }
    };
    let project = state.pull_request.web_url.split_once("/_git/").map_or("", |(project, _)| project);
    Ok(Made::Created { id, url: format!("{project}/_workitems/edit/{id}") })
}

fn marked(items: &[WorkItem], mark: &str) -> Option<u64> {
    items.iter().find(|standing| standing.text.contains(mark)).map(|standing| standing.id)
}

/// Every linked work item. The state of a pull request leaves out what cannot be read, and one of those may be ours: then it is not
/// known whether it was created, as in an outage, and the job waits.
async fn all_linked(publisher: &Publisher<'_>) -> Result<Vec<WorkItem>, AzureDevOpsError> {
    let key = publisher.key;
    let unknown = |problem: String| AzureDevOpsError::Unavailable {
        action: format!("looking for a work item that was created for {key}"),
        problem,
        retry_after: None,
    };
    let linked = publisher.azure.linked_work_items(key).await.map_err(|error| unknown(error.to_string()))?;
    let items = publisher.azure.work_items(key).await.map_err(|error| unknown(error.to_string()))?;
    match linked.iter().find(|id| !items.iter().any(|item| item.id == **id)) {
        Some(missing) => Err(unknown(format!("work item {missing} cannot be read"))),
        None => Ok(items),
    }
}

/// Stands in the work item, for people and for whoever looks whether it was made.
fn mark(state: &PullRequestState, (thread, comment): (u64, u64)) -> String {
    format!("Asked for in pull request {}, thread {thread}, comment {comment}.", state.pull_request.key.id)
}

/// HTML with a link to the thread.
fn described(state: &PullRequestState, (thread, _): (u64, u64), mark: &str, item: &PlannedItem) -> String {
    let text: String = item.description.chars().take(MAX_DESCRIPTION_CHARS).collect();
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let paragraphs: String = lines.flat_map(|line| ["<p>".to_owned(), escaped(line), "</p>".to_owned()]).collect();
    let page = escaped(&format!("{}?discussionId={thread}", state.pull_request.web_url));
    format!("{paragraphs}<p>{}</p><p><a href=\"{page}\">The discussion</a></p>", escaped(mark))
}

fn escaped(text: &str) -> String {
    let visible = text.chars().filter(|character| !character.is_control());
    let mut escaped = String::with_capacity(text.len());
    for character in visible {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// For whoever asked; None: it is not known whether it was created, or time will mend it.
fn refusal(error: &AzureDevOpsError) -> Option<String> {
    match error {
        AzureDevOpsError::Unauthorized { .. } | AzureDevOpsError::Forbidden { .. } => Some(
            "the agent's token may not: it needs `Work items: read & write`, and its user the right to edit work items in this project"
                .to_owned(),
        ),
        AzureDevOpsError::NotFound { .. } => Some(format!("this project has no work items of the type {KIND}")),
        AzureDevOpsError::Refused { message, .. } => Some(format!("Azure Boards does not take it ({message})")),
        AzureDevOpsError::Closed { .. } | AzureDevOpsError::NotSent { .. } | AzureDevOpsError::NotAllowed(_) => {
            Some("Azure Boards does not take it".to_owned())
        }
        AzureDevOpsError::Unavailable { .. } | AzureDevOpsError::Unreadable { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{escaped, refusal};
    use crate::azure_devops::AzureDevOpsError;

    #[test]
    fn words_of_a_model_stay_text_in_a_work_item() {
        assert_eq!(escaped("<img src=\"x\"> & \u{1}more"), "&lt;img src=&quot;x&quot;&gt; &amp; more");
    }

    #[test]
    fn a_right_that_is_missing_is_named_and_an_outage_is_none() {
        let action = || "creating".to_owned();
        let told = refusal(&AzureDevOpsError::Unauthorized { action: action(), detail: String::new() }).unwrap();
        assert!(told.contains("`Work items: read & write`"), "{told}");
        let away = AzureDevOpsError::Unavailable { action: action(), problem: String::new(), retry_after: None };
        assert_eq!(refusal(&away), None);
    }
}
