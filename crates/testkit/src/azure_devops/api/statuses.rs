//! Statuses of a pull request and of its iterations. They are appended; the newest of a genre and name counts.

use std::collections::BTreeMap;

use super::{found, found_mut, not_allowed, properties, record, require};
use crate::azure_devops::{
    answer::{Answer, Outcome, Refusal},
    call::{self, Call, member},
    ledger::Action,
    options::Permission,
    world::{Status, World, now},
};

const STATES: [&str; 6] = ["notSet", "pending", "succeeded", "failed", "error", "notApplicable"];

/// `iteration` is that of the path.
pub(super) fn dispatch(world: &mut World, call: &Call, id: u32, iteration: Option<u32>, path: &[&str]) -> Outcome {
    match (call.method.as_str(), path) {
        ("GET", []) => {
            let pull_request = found(world, id)?;
            let ours = pull_request
                .statuses
                .iter()
                .filter(|status| iteration.is_none_or(|iteration| status.iteration == Some(iteration)));
            Ok(Answer::list(ours.map(|status| world.status_json(pull_request, status)).collect()))
        }
        ("GET", [status]) => {
            let pull_request = found(world, id)?;
            let known = pull_request
                .statuses
                .iter()
                .find(|known| known.id.to_string() == *status)
                .ok_or_else(|| no_such_status(status))?;
            Ok(Answer::json(&world.status_json(pull_request, known)))
        }
        ("POST", []) => create(world, call, id, iteration),
        ("DELETE", [status]) => {
            require(world, call, Permission::WriteStatuses)?;
            let pull_request = found_mut(world, id)?;
            let index = pull_request.statuses.iter().position(|known| known.id.to_string() == *status);
            pull_request.statuses.remove(index.ok_or_else(|| no_such_status(status))?);
            record(world, call, Action::DeleteStatus, Some(id), |_| ());
            Ok(Answer::empty())
        }
        _ => Err(not_allowed(call)),
    }
}

fn no_such_status(id: &str) -> Refusal {
    Refusal::new(404, "GitPullRequestStatusNotFoundException", format!("The pull request status {id} was not found."))
}

fn create(world: &mut World, call: &Call, id: u32, iteration: Option<u32>) -> Outcome {
    require(world, call, Permission::WriteStatuses)?;
    let body = call.object()?;
    let state = call::word(&body, "state", &STATES)?.ok_or_else(|| Refusal::invalid("The state of a status is required."))?;
    let context = member(&body, "context").and_then(|context| context.as_object());
    let context = context.ok_or_else(|| Refusal::invalid("The context of a status is required."))?;
    let name = call::text(context, "name")?.filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| Refusal::invalid("The name of a status context is required."))?;
    let genre = call::text(context, "genre")?;
    let in_body = call::integer(&body, "iterationId", 0)?.filter(|number| *number > 0);
    let iteration = iteration.or(in_body);
    let mut bag = BTreeMap::new();
    if let Some(written) = member(&body, "properties") {
        properties::merge(&mut bag, written)?;
    }
    let pull_request = found(world, id)?;
    if pull_request.status == "completed" {
        let message = "The status of a pull request that is completed cannot be changed.";
        return Err(Refusal::new(403, "GitPullRequestStatusNotEditableException", message));
    }
    if let Some(number) = iteration
        && !pull_request.iterations.iter().any(|known| known.id == number)
    {
        let message = format!("The iteration {number} of pull request {id} was not found.");
        return Err(Refusal::new(404, "GitPullRequestIterationNotFoundException", message));
    }
    let number = world.next_status;
    world.next_status = number.saturating_add(1);
    let status = Status {
        id: number,
        state: state.clone(),
        description: call::text(&body, "description")?,
        genre,
        name,
        target_url: call::text(&body, "targetUrl")?,
        iteration,
        created_by: call.user,
        created: now(),
        properties: bag,
    };
    found_mut(world, id)?.statuses.push(status.clone());
    record(world, call, Action::CreateStatus(state), Some(id), |write| {
        write.iteration = iteration;
        write.content = status.description.clone().unwrap_or_default();
    });
    let shape = world.status_json(found(world, id)?, &status);
    Ok(Answer::json(&shape))
}
