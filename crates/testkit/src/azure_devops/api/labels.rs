//! Labels of a pull request.

use serde_json::json;

use super::{found, found_mut, not_allowed, record, require};
use crate::azure_devops::{
    answer::{Answer, Outcome, Refusal},
    call::{self, Call},
    ledger::Action,
    options::Permission,
    world::{Label, World},
};

pub(super) fn dispatch(world: &mut World, call: &Call, id: u32, path: &[&str]) -> Outcome {
    // As it was written: names keep their case.
    let named = call.rest.last().filter(|_| path.len() == 1);
    let is_named = |label: &Label| {
        named.is_some_and(|name| label.id.eq_ignore_ascii_case(name) || label.name.to_lowercase() == name.to_lowercase())
    };
    let missing = || Refusal::new(404, "TagNotFoundException", "The label was not found on the pull request.");
    match (call.method.as_str(), path) {
        ("GET", []) => Ok(Answer::list(world.labels_json(found(world, id)?))),
        ("GET", [_]) => {
            let pull_request = found(world, id)?;
            let index = pull_request.labels.iter().position(is_named).ok_or_else(missing)?;
            world.labels_json(pull_request).get(index).map(Answer::json).ok_or_else(missing)
        }
        ("POST", []) => {
            require(world, call, Permission::ContributeToPullRequests)?;
            let body = call.object()?;
            let name = call::text(&body, "name")?.filter(|name| !name.trim().is_empty() && !name.contains([',', ';']));
            let name =
                name.ok_or_else(|| Refusal::invalid("The name of a label is required, and has no comma and no semicolon."))?;
            let new = Label { id: world.guid(), name: name.clone() };
            let pull_request = found_mut(world, id)?;
            let known = pull_request.labels.iter().find(|label| label.name.to_lowercase() == name.to_lowercase()).cloned();
            let label = known.unwrap_or_else(|| {
                pull_request.labels.push(new.clone());
                new
            });
            record(world, call, Action::AddLabel(name), Some(id), |_| ());
            let url = format!("{}/pullRequests/{id}/labels/{}", world.repository_api(found(world, id)?.repository), label.id);
            Ok(Answer::json(&json!({ "id": label.id, "name": label.name, "active": true, "url": url })))
        }
        ("DELETE", [_]) => {
            require(world, call, Permission::ContributeToPullRequests)?;
            let pull_request = found_mut(world, id)?;
            let index = pull_request.labels.iter().position(is_named).ok_or_else(missing)?;
            let label = pull_request.labels.remove(index);
            record(world, call, Action::RemoveLabel(label.name), Some(id), |_| ());
            Ok(Answer::empty())
        }
        _ => Err(not_allowed(call)),
    }
}
