//! Wire types; they do not leave this module's parent. Every field may be missing or null, and every enumeration is
//! open: the service adds members without notice.

#![expect(clippy::struct_field_names, reason = "the names are those of the API")]

use std::{collections::BTreeMap, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::Value;

pub(super) mod convert;

/// A list, as `{"count":n,"value":[…]}` or bare; null entries are left out (`errorPolicy=omit` answers them).
#[derive(Debug)]
pub(super) struct List<T>(pub(super) Vec<T>);

/// A member of an open enumeration, or a number that came as a text: words and numbers both, as text.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Word(pub(super) String);

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Identity {
    pub(super) id: Option<String>,
    pub(super) display_name: Option<String>,
    pub(super) unique_name: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ConnectionData {
    pub(super) authenticated_user: Option<AuthenticatedUser>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct AuthenticatedUser {
    pub(super) id: Option<String>,
    pub(super) provider_display_name: Option<String>,
    pub(super) custom_display_name: Option<String>,
    pub(super) properties: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Status {
    pub(super) id: Option<i64>,
    pub(super) state: Option<Word>,
    pub(super) description: Option<String>,
    pub(super) context: Option<StatusContext>,
    pub(super) created_by: Option<Identity>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct StatusContext {
    pub(super) genre: Option<String>,
    pub(super) name: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Project {
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Repository {
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) remote_url: Option<String>,
    pub(super) project: Option<Project>,
    /// Not in every answer; absent of an empty repository.
    pub(super) default_branch: Option<String>,
}

/// A branch or a tag.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Ref {
    /// `refs/heads/…`
    pub(super) name: Option<String>,
    pub(super) object_id: Option<String>,
}

/// A commit of a list.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Commit {
    pub(super) commit_id: Option<String>,
    /// The message, perhaps cut.
    pub(super) comment: Option<String>,
    pub(super) author: Option<UserDate>,
    /// Only of a commit that is read by itself.
    pub(super) parents: Option<Vec<String>>,
}

/// A branch or another reference.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct GitRef {
    pub(super) name: Option<String>,
    pub(super) object_id: Option<String>,
}

/// What a push came to.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Push {
    pub(super) ref_updates: Option<Vec<Option<RefUpdate>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RefUpdate {
    pub(super) name: Option<String>,
    pub(super) new_object_id: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct UserDate {
    pub(super) name: Option<String>,
    pub(super) date: Option<String>,
}

/// A file of a repository.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct FileContent {
    /// Absent of what is no text.
    pub(super) content: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct PullRequest {
    pub(super) pull_request_id: Option<u64>,
    pub(super) status: Option<Word>,
    pub(super) is_draft: Option<bool>,
    pub(super) title: Option<String>,
    /// Absent when empty. Lists cut it at 400 characters.
    pub(super) description: Option<String>,
    pub(super) source_ref_name: Option<String>,
    pub(super) target_ref_name: Option<String>,
    pub(super) created_by: Option<Identity>,
    pub(super) creation_date: Option<String>,
    pub(super) repository: Option<Repository>,
    pub(super) fork_source: Option<ForkRef>,
    pub(super) reviewers: Option<Vec<Option<Reviewer>>>,
    /// In lists only.
    pub(super) labels: Option<Vec<Option<Label>>>,
    pub(super) last_merge_source_commit: Option<CommitRef>,
    /// Of one that is completed: the target branch before.
    pub(super) last_merge_target_commit: Option<CommitRef>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Reviewer {
    pub(super) id: Option<String>,
    pub(super) display_name: Option<String>,
    pub(super) unique_name: Option<String>,
    pub(super) vote: Option<i32>,
    /// A group.
    pub(super) is_container: Option<bool>,
}

/// The branch of a fork.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ForkRef {
    pub(super) repository: Option<Repository>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct CommitRef {
    pub(super) commit_id: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Iteration {
    pub(super) id: Option<u32>,
    pub(super) source_ref_commit: Option<CommitRef>,
    pub(super) target_ref_commit: Option<CommitRef>,
    /// The merge base.
    pub(super) common_ref_commit: Option<CommitRef>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct IterationChanges {
    pub(super) change_entries: Option<Vec<Option<ChangeEntry>>>,
    /// Absent, not 0 as documented, on the last page.
    pub(super) next_skip: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ChangeEntry {
    pub(super) change_tracking_id: Option<u64>,
    pub(super) original_path: Option<String>,
    pub(super) item: Option<Item>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Item {
    pub(super) path: Option<String>,
    pub(super) is_folder: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Thread {
    pub(super) id: Option<u64>,
    /// Absent on system threads.
    pub(super) status: Option<Word>,
    pub(super) comments: Option<Vec<Option<Comment>>>,
    pub(super) thread_context: Option<ThreadContext>,
    pub(super) properties: Option<Value>,
    pub(super) is_deleted: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Comment {
    pub(super) id: Option<u64>,
    pub(super) author: Option<Identity>,
    /// Absent on deleted comments.
    pub(super) content: Option<String>,
    pub(super) comment_type: Option<Word>,
    pub(super) published_date: Option<String>,
    pub(super) is_deleted: Option<bool>,
    pub(super) users_liked: Option<Vec<Option<Identity>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ThreadContext {
    pub(super) file_path: Option<String>,
    pub(super) left_file_start: Option<Position>,
    pub(super) left_file_end: Option<Position>,
    pub(super) right_file_start: Option<Position>,
    pub(super) right_file_end: Option<Position>,
}

/// Line and UTF-16 column count from 1; an end is exclusive in its column.
#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Position {
    pub(super) line: Option<i64>,
    pub(super) offset: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Label {
    pub(super) name: Option<String>,
    pub(super) active: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct WorkItemRef {
    /// A number in a text.
    pub(super) id: Option<Word>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct WorkItem {
    pub(super) id: Option<u64>,
    pub(super) fields: Option<BTreeMap<String, Value>>,
    /// Field name to `markdown` or `html`.
    pub(super) multiline_fields_format: Option<BTreeMap<String, Word>>,
    /// Only where they were asked for.
    pub(super) relations: Option<Vec<Option<Relation>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Relation {
    /// `System.LinkTypes.Related`, `System.LinkTypes.Hierarchy-Forward`, `ArtifactLink`, …
    pub(super) rel: Option<String>,
    pub(super) url: Option<String>,
}

/// What differs between two commits.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct CommitDiffs {
    pub(super) changes: Option<Vec<Option<ChangeEntry>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct TeamMember {
    pub(super) identity: Option<Identity>,
}

/// The body of a refusal.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Refusal {
    pub(super) message: Option<String>,
    pub(super) type_key: Option<String>,
    pub(super) type_name: Option<String>,
}

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Value::deserialize(deserializer)? {
            Value::String(word) => Self(word),
            Value::Number(number) => Self(number.to_string()),
            Value::Bool(word) => Self(word.to_string()),
            Value::Null | Value::Array(_) | Value::Object(_) => Self::default(),
        })
    }
}

impl Word {
    pub(super) fn is(&self, word: &str) -> bool {
        self.0.eq_ignore_ascii_case(word)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListVisitor(PhantomData))
    }
}

struct ListVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
    type Value = List<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list, bare or as `value`")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = sequence.next_element::<Option<T>>()? {
            items.extend(item);
        }
        Ok(List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut items: Option<Vec<Option<T>>> = None;
        let mut found = false;
        while let Some(key) = map.next_key::<String>()? {
            if key == "value" {
                items = map.next_value()?;
                found = true;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        if !found {
            return Err(serde::de::Error::missing_field("value"));
        }
        Ok(List(items.unwrap_or_default().into_iter().flatten().collect()))
    }
}
