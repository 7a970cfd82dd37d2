//! Work items: read by id, written by JSON patch.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::{no_such_route, not_allowed, project_of, record};
use crate::azure_devops::{
    answer::{Answer, Outcome, Refusal},
    call::{self, Call, kind, member},
    ledger::Action,
    options::Permission,
    world::{WorkItem, World},
};

/// Ids of one call.
const MOST_IDS: usize = 200;

pub(super) fn dispatch(world: &mut World, call: &Call, path: &[&str]) -> Outcome {
    let is_write = call.method != "GET" && world.options.denied.contains(&Permission::WriteWorkItems);
    if is_write || world.options.denied.contains(&Permission::ReadWorkItems) {
        let message = "TF400813: The user is not authorized to access this resource.";
        return Err(Refusal::new(401, "UnauthorizedRequestException", message));
    }
    match (call.method.as_str(), path) {
        ("GET", ["workitems"]) => list(world, call),
        ("POST" | "PATCH", ["workitems", kind]) if kind.starts_with('$') => create(world, call),
        ("GET", ["workitems", id]) => {
            let id = id_of(world, id)?;
            shape(world, call, id).map(|shape| Answer::json(&shape))
        }
        ("PATCH", ["workitems", id]) => {
            let id = id_of(world, id)?;
            patch(world, call, id)
        }
        ("GET", ["workitems", id, "comments"]) => {
            let id = id_of(world, id)?;
            let comments = world.work_items.get(&id).map(|item| item.comments.clone()).unwrap_or_default();
            let shape = |(number, text): (usize, String)| json!({ "id": number + 1, "workItemId": id, "text": text });
            let comments: Vec<Value> = comments.into_iter().enumerate().map(shape).collect();
            Ok(Answer::json(&json!({ "totalCount": comments.len(), "count": comments.len(), "comments": comments })))
        }
        ("POST", ["workitems", id, "comments"]) => {
            let id = id_of(world, id)?;
            let text =
                call::text(&call.object()?, "text")?.ok_or_else(|| Refusal::invalid("The text of a comment is required."))?;
            let comments = world.work_items.get_mut(&id).map(|item| {
                item.comments.push(text.clone());
                item.comments.len()
            });
            record(world, call, Action::WriteWorkItem(id), None, |write| text.clone_into(&mut write.content));
            Ok(Answer::json(&json!({ "id": comments, "workItemId": id, "text": text })))
        }
        (_, ["workitems", ..]) => Err(not_allowed(call)),
        _ => Err(no_such_route(call)),
    }
}

fn missing(id: &str) -> Refusal {
    let message = format!("TF401232: Work item {id} does not exist, or you do not have permissions to read it.");
    Refusal::new(404, "WorkItemUnauthorizedAccessException", message)
}

fn id_of(world: &World, text: &str) -> Result<u32, Refusal> {
    text.parse().ok().filter(|id| world.work_items.contains_key(id)).ok_or_else(|| missing(text))
}

fn list(world: &World, call: &Call) -> Outcome {
    let ids: Vec<&str> = call.query("ids").unwrap_or_default().split(',').map(str::trim).filter(|id| !id.is_empty()).collect();
    if ids.is_empty() || ids.len() > MOST_IDS {
        return Err(Refusal::invalid(format!("ids must name 1 to {MOST_IDS} work items.")));
    }
    let expands = call.query("$expand").is_some_and(|expand| !expand.eq_ignore_ascii_case("none"));
    if call.query("fields").is_some() && expands {
        return Err(Refusal::new(
            400,
            "ConflictingParametersException",
            "The expand parameter can not be used with the fields parameter.",
        ));
    }
    let omits = call.query("errorPolicy").is_some_and(|policy| policy.eq_ignore_ascii_case("omit") || policy == "2");
    let mut items = Vec::new();
    for id in ids {
        let number: i64 = id.parse().map_err(|_| Refusal::invalid(format!("The value '{id}' of ids is not a number.")))?;
        let known = u32::try_from(number).ok().and_then(|number| shape(world, call, number).ok());
        match known {
            Some(shape) => items.push(shape),
            None if omits => items.push(Value::Null),
            None => return Err(missing(id)),
        }
    }
    Ok(Answer::list(items))
}

fn shape(world: &World, call: &Call, id: u32) -> Result<Value, Refusal> {
    let item = world.work_items.get(&id).ok_or_else(|| missing(&id.to_string()))?;
    let project = project_of(world, call)?;
    let of = world.projects.get(item.project);
    if of.is_none_or(|of| of.collection != call.collection) || project.is_some_and(|project| project != item.project) {
        return Err(missing(&id.to_string()));
    }
    let wanted: Option<Vec<String>> =
        call.query("fields").map(|fields| fields.split(',').map(|field| field.trim().to_lowercase()).collect());
    let fields: Map<String, Value> = item
        .fields
        .iter()
        .filter(|(name, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(&name.to_lowercase())))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let base = world.announced_collection_url(call.collection);
    let mut shape = json!({ "id": id, "rev": item.rev, "fields": fields, "url": format!("{base}/_apis/wit/workItems/{id}") });
    if call.query("$expand").is_some_and(|expand| ["relations", "all", "1", "4"].contains(&expand.to_lowercase().as_str())) {
        let mut relations = item.relations.clone();
        relations.extend(pull_request_links(world, id));
        shape["relations"] = relations.into();
        shape["_links"] = json!({ "html": { "href": format!("{base}/_workitems/edit/{id}") } });
    }
    if !item.markdown.is_empty() {
        shape["multilineFieldsFormat"] =
            item.markdown.iter().map(|field| (field.clone(), Value::from("markdown"))).collect::<Map<_, _>>().into();
    }
    Ok(shape)
}

/// A link between a pull request and a work item shows on both.
fn pull_request_links(world: &World, id: u32) -> impl Iterator<Item = Value> {
    let linked = world.pull_requests.iter().filter(move |pull_request| pull_request.work_items.contains(&id));
    linked.map(|pull_request| {
        let url = world.artifact_id(pull_request);
        json!({ "rel": "ArtifactLink", "url": url, "attributes": { "name": "Pull Request" } })
    })
}

fn operations(call: &Call) -> Result<Vec<Value>, Refusal> {
    if !call.content_type.to_ascii_lowercase().starts_with("application/json-patch+json") {
        let message = format!("The content type '{}' is not application/json-patch+json.", call.content_type);
        return Err(Refusal::new(415, "VssRequestContentTypeNotSupportedException", message));
    }
    match call.json()? {
        Value::Array(operations) => Ok(operations),
        other => Err(Refusal::invalid(format!("The body must be a JSON patch document, a list, not {}.", kind(&other)))),
    }
}

fn apply(item: &mut WorkItem, operations: &[Value]) -> Result<(), Refusal> {
    for operation in operations {
        let Value::Object(operation) = operation else {
            return Err(Refusal::invalid(format!("An operation must be an object, not {}.", kind(operation))));
        };
        let path = call::text(operation, "path")?.unwrap_or_default();
        let value = member(operation, "value").cloned();
        if let Some(field) = path.strip_prefix("/fields/") {
            match value {
                Some(value) => drop(item.fields.insert(field.to_owned(), value)),
                None => drop(item.fields.remove(field)),
            }
        } else if path == "/relations/-" {
            item.relations.push(value.ok_or_else(|| Refusal::invalid("The value of a relation is required."))?);
        } else {
            return Err(Refusal::invalid(format!("The path '{path}' is neither a field nor a relation.")));
        }
    }
    Ok(())
}

fn create(world: &mut World, call: &Call) -> Outcome {
    let project = project_of(world, call)?.ok_or_else(|| no_such_route(call))?;
    let kind = call.rest.last().map_or("Task", |kind| kind.trim_start_matches('$')).to_owned();
    let mut item = new_item(world, project, &kind);
    apply(&mut item, &operations(call)?)?;
    if !item.fields.contains_key("System.Title") {
        let message = "TF401320: Rule Error for field Title. Error code: Required, InvalidEmpty.";
        return Err(Refusal::new(400, "RuleValidationException", message));
    }
    let id = world.next_work_item;
    let linked = links(world, &mut item)?;
    if !call.flag("validateOnly") {
        world.next_work_item = id.saturating_add(1);
        world.work_items.insert(id, item);
        for pull_request in linked {
            if let Some(found) = world.pull_request_mut(pull_request) {
                found.work_items.push(id);
            }
        }
        record(world, call, Action::WriteWorkItem(id), None, |_| ());
        let expanded = Call { query: vec![("$expand".to_owned(), "all".to_owned())], ..call.clone() };
        return shape(world, &expanded, id).map(|shape| Answer::json(&shape));
    }
    Ok(Answer::json(&json!({ "id": 0, "rev": 1, "fields": item.fields })))
}

/// Takes the links with pull requests out of what was sent (they show on both sides), and gives their numbers. A link that names
/// nothing is refused.
fn links(world: &World, item: &mut WorkItem) -> Result<Vec<u32>, Refusal> {
    let is_link = |relation: &Value| relation["rel"] == "ArtifactLink";
    let (links, others): (Vec<Value>, Vec<Value>) = item.relations.drain(..).partition(is_link);
    item.relations = others;
    let number = |link: &Value| {
        let url = link["url"].as_str().unwrap_or_default().to_lowercase();
        let known = world.pull_requests.iter().find(|pull_request| world.artifact_id(pull_request).to_lowercase() == url);
        let named = link["attributes"]["name"] == "Pull Request";
        known.filter(|_| named).map(|known| known.id).ok_or_else(|| {
            let message =
                format!("TF400898: The artifact link '{url}' is not valid: it names no pull request of this organization.");
            Refusal::new(400, "WorkItemLinkInvalidException", message)
        })
    };
    links.iter().map(number).collect()
}

fn patch(world: &mut World, call: &Call, id: u32) -> Outcome {
    let operations = operations(call)?;
    let mut item = world.work_items.get(&id).cloned().ok_or_else(|| missing(&id.to_string()))?;
    apply(&mut item, &operations)?;
    item.rev = item.rev.saturating_add(1);
    world.work_items.insert(id, item);
    record(world, call, Action::WriteWorkItem(id), None, |_| ());
    shape(world, call, id).map(|shape| Answer::json(&shape))
}

pub(crate) fn new_item(world: &World, project: usize, kind: &str) -> WorkItem {
    let project_name = world.projects.get(project).map(|project| project.name.clone()).unwrap_or_default();
    let fields = [("System.WorkItemType", kind), ("System.State", "New"), ("System.TeamProject", &project_name)];
    WorkItem {
        project,
        rev: 1,
        fields: fields.into_iter().map(|(name, value)| (name.to_owned(), Value::from(value))).collect::<BTreeMap<_, _>>(),
        relations: Vec::new(),
        markdown: BTreeSet::new(),
        comments: Vec::new(),
    }
}
