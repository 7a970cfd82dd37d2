//! Who may give commands.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use review_core::pull_request::Person;

use crate::azure_devops::{AzureDevOps, AzureDevOpsError};

/// How long the members of a team are believed, in milliseconds.
const BELIEVED_FOR: i64 = 60_000;
/// Teams of collections that are remembered.
const MAX_REMEMBERED: usize = 1_000;

/// The people whom the operator names, by themselves or by their team. Cheap to clone; clones share what they remember.
#[derive(Debug, Clone)]
pub struct Commanders {
    azure: AzureDevOps,
    /// Unique names.
    named: Vec<String>,
    /// Project and team.
    teams: Vec<(String, String)>,
    remembered: Arc<Mutex<HashMap<(String, usize), Members>>>,
    clock: fn() -> i64,
}

/// When a team of a collection was asked for, and the ids of its members.
type Members = (i64, Arc<BTreeSet<String>>);

impl Commanders {
    /// `teams` as `Project/Team`. Where neither a name nor a team is given, everybody may who can comment.
    pub fn new(azure: AzureDevOps, named: Vec<String>, teams: &[String], clock: fn() -> i64) -> Self {
        let parts =
            |team: &String| team.split_once('/').map(|(project, team)| (project.trim().to_owned(), team.trim().to_owned()));
        Self { azure, named, teams: teams.iter().filter_map(parts).collect(), remembered: Arc::default(), clock }
    }

    /// Whether the operator named anybody; else everybody may who can comment.
    pub(super) fn are_named(&self) -> bool {
        !self.named.is_empty() || !self.teams.is_empty()
    }

    /// Whether the person may give commands in this collection. A team that is not there, or that the token may not read, has no
    /// members, and the log says so.
    ///
    /// # Errors
    /// Azure DevOps does not answer: nobody knows.
    pub(super) async fn may(&self, collection: &str, person: &Person) -> Result<bool, AzureDevOpsError> {
        if !self.are_named() || self.named.iter().any(|name| person.is_named(name)) {
            return Ok(true);
        }
        let id = person.id.to_ascii_lowercase();
        for index in 0..self.teams.len() {
            if self.members(collection, index).await?.contains(&id) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn members(&self, collection: &str, index: usize) -> Result<Arc<BTreeSet<String>>, AzureDevOpsError> {
        let Some((project, team)) = self.teams.get(index) else { return Ok(Arc::default()) };
        let now = (self.clock)();
        let key = (collection.to_owned(), index);
        let lock = || self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        let known = lock().get(&key).filter(|(at, _)| (0..BELIEVED_FOR).contains(&now.saturating_sub(*at))).cloned();
        if let Some((_, members)) = known {
            return Ok(members);
        }
        let members = match self.azure.team_members(collection, project, team).await {
            Ok(members) => members.into_iter().map(|member| member.id.to_ascii_lowercase()).filter(|id| !id.is_empty()).collect(),
            Err(
                error @ (AzureDevOpsError::NotFound { .. }
                | AzureDevOpsError::Forbidden { .. }
                | AzureDevOpsError::Refused { .. }),
            ) => {
                tracing::warn!(
                    %error,
                    "a team of AZURE_DEVOPS_COMMAND_TEAMS cannot be read, and counts as empty; check its name, and give the token Project and team: read"
                );
                BTreeSet::new()
            }
            Err(error) => return Err(error),
        };
        let members = Arc::new(members);
        let mut remembered = lock();
        if remembered.len() >= MAX_REMEMBERED {
            remembered.clear();
        }
        remembered.insert(key, (now, Arc::clone(&members)));
        Ok(members)
    }
}
