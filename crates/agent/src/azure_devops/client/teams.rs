//! Who belongs to a team.

use review_core::pull_request::Person;

use super::{AzureDevOps, send::Call};
use crate::azure_devops::{
    AzureDevOpsError,
    wire::{self, List, convert},
};

const MEMBERS_PAGE: usize = 200;
/// Longest list that is read.
const MAX_MEMBERS: usize = 5_000;

impl AzureDevOps {
    /// The members of a team, by the names (or ids) of project and team; at most 5,000 (Core API, "Teams - Get Team Members With
    /// Extended Properties"; the token needs *Project and team: read*).
    pub async fn team_members(&self, collection: &str, project: &str, team: &str) -> Result<Vec<Person>, AzureDevOpsError> {
        let action = format!("reading the members of the team {project}/{team} of {collection}");
        let segments = ["_apis", "projects", project, "teams", team, "members"];
        let mut members = Vec::new();
        while members.len() < MAX_MEMBERS {
            let call =
                Call::get("team_members", action.as_str(), &segments).query("$top", MEMBERS_PAGE).query("$skip", members.len());
            let List(page): List<wire::TeamMember> = self.fetch(collection, &call).await?;
            let is_last = page.len() < MEMBERS_PAGE;
            members.extend(page.into_iter().map(|member| convert::person(member.identity)));
            if is_last {
                break;
            }
        }
        Ok(members)
    }
}
