//! What every client asks first: where things are, who it is, which projects there are.

use serde_json::{Value, json};

use super::{not_allowed, page, project_of};
use crate::azure_devops::{
    answer::{Answer, Outcome, Refusal},
    call::Call,
    options::Mode,
    world::World,
};

/// Which route has which id and versions; the official clients build their URLs from it. Made from Microsoft's `OpenAPI`
/// files; see `resource-locations.LICENSE`.
const LOCATIONS: &str = include_str!("../resource-locations.json");

/// Who nobody is.
pub(crate) const ANONYMOUS: &str = "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa";

/// Resources that are in preview on servers before 7.0.
const RELEASED_IN_7: [&str; 7] = [
    "pullRequestStatuses",
    "pullRequestIterationStatuses",
    "pullRequestLabels",
    "pullRequestCommentLikes",
    "pullRequestAttachments",
    "pullRequestProperties",
    "mergeBases",
];

/// `OPTIONS {collection}/_apis[/{area}]`: everything that this release knows, in its versions.
pub(super) fn locations(mode: Mode, area: Option<&str>) -> Outcome {
    let all: Vec<Value> = serde_json::from_str(LOCATIONS).map_err(|error| {
        Refusal::new(500, "VssServiceException", format!("The list of resource locations is damaged: {error}"))
    })?;
    // The routes of two areas are named otherwise than the areas themselves.
    let area = area.map(|area| match area {
        "wit" => "WorkItemTracking",
        "hooks" => "ServiceHooks",
        other => other,
    });
    let text = |(major, minor): (u32, u32)| format!("{major}.{minor}");
    let shape = |mut location: Value| {
        let member = |name: &str| location.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (named, resource) = (member("area"), member("resourceName"));
        if area.is_some_and(|area| !named.eq_ignore_ascii_case(area)) {
            return None;
        }
        let is_preview = (mode.released() < (7, 0) && RELEASED_IN_7.contains(&resource.as_str()))
            || member("releasedVersion") == "0.0"
            || resource == "evaluations"
            || (named == "WorkItemTracking" && resource.starts_with("comment"));
        location["maxVersion"] = text(mode.newest()).into();
        location["releasedVersion"] = if is_preview { "0.0".to_owned() } else { text(mode.released()) }.into();
        Some(location)
    };
    Ok(Answer::list(all.into_iter().filter_map(shape).collect()))
}

/// Servers have no resource areas: everything is in one place.
pub(super) fn resource_areas(world: &World, call: &Call) -> Answer {
    if world.options.mode.is_server() {
        return Answer::json(&json!({ "count": 0, "value": null }));
    }
    let url = format!("{}/", world.announced_collection_url(call.collection));
    let areas = [
        ("4e080c62-fa21-4fbc-8fef-2a10a2b38049", "git"),
        ("79134c72-4a58-4b42-976c-04e7115f32bf", "core"),
        ("5264459e-e5e0-4bd8-b118-0985e68a4ec5", "wit"),
        ("965220d5-5bb9-42cf-8d67-9b146df2a5a4", "build"),
        ("fb13a388-40dd-4a04-b530-013a739c72ef", "policy"),
        ("8a3d49b8-91f0-46ef-b33d-dda338c25db3", "ims"),
    ];
    let shape = |(id, name): (&str, &str)| json!({ "id": id, "name": name, "locationUrl": url });
    match call.rest.get(1) {
        None => Answer::list(areas.into_iter().map(shape).collect()),
        Some(wanted) => {
            let found = areas.into_iter().find(|(id, name)| id.eq_ignore_ascii_case(wanted) || name.eq_ignore_ascii_case(wanted));
            Answer::json(&found.map_or(Value::Null, shape))
        }
    }
}

pub(super) fn connection_data(world: &World, call: &Call) -> Answer {
    let user = world.user(call.user);
    let mut person = json!({
        "id": user.map_or(ANONYMOUS, |user| user.id.as_str()),
        "descriptor": user.map_or("System:PublicAccess".to_owned(), |user| {
            format!("Microsoft.IdentityModel.Claims.ClaimsIdentity;{}", user.unique_name)
        }),
        "subjectDescriptor": user.map_or("s2s.anonymous", |user| user.descriptor.as_str()),
        "providerDisplayName": user.map_or("Anonymous", |user| user.display_name.as_str()),
        "isActive": true,
        "resourceVersion": 2,
        "metaTypeId": 0,
        "properties": {},
    });
    if let Some(user) = user {
        person["properties"]["Account"] = json!({ "$type": "System.String", "$value": user.unique_name });
    }
    let collection = world.collections.get(call.collection).map_or("", |collection| &collection.id);
    Answer::json(&json!({
        "authenticatedUser": person,
        "authorizedUser": person,
        "instanceId": collection,
        "deploymentId": collection,
        "deploymentType": if world.options.mode.is_server() { "onPremises" } else { "hosted" },
        "locationServiceData": {
            "serviceOwner": "00025394-6065-48ca-87d9-7f5672854ef7",
            "defaultAccessMappingMoniker": "PublicAccessMapping",
            "lastChangeId": 1,
            "lastChangeId64": 1,
        },
    }))
}

pub(super) fn projects(world: &World, call: &Call) -> Outcome {
    let ours = world.projects.iter().enumerate().filter(|(_, project)| project.collection == call.collection);
    let all: Vec<Value> = ours.map(|(index, _)| world.project_json(index)).collect();
    Ok(Answer::list(super::page(all, call, 100, 1_000)?))
}

pub(super) fn project(world: &World, call: &Call, name: &str) -> Outcome {
    let named = Call { project: Some(name.to_owned()), ..call.clone() };
    let index = project_of(world, &named)?.unwrap_or_default();
    Ok(Answer::json(&world.project_json(index)))
}

/// The members of a team, by the names of project and team in any case.
pub(super) fn team_members(world: &World, call: &Call, project: &str, team: &str) -> Outcome {
    if call.method != "GET" {
        return Err(not_allowed(call));
    }
    let named = Call { project: Some(project.to_owned()), ..call.clone() };
    let index = project_of(world, &named)?;
    let found = world.teams.iter().find(|known| Some(known.project) == index && known.name.to_lowercase() == team.to_lowercase());
    let Some(found) = found else {
        let message = format!("TF50309: The team with name or id '{team}' does not exist.");
        return Err(Refusal::new(404, "TeamNotFoundException", message));
    };
    let members: Vec<Value> =
        found.members.iter().map(|user| json!({ "identity": world.identity_json(call.collection, *user) })).collect();
    Ok(Answer::list(page(members, call, 100, 500)?))
}

/// Finds people by id or by a part of their name.
pub(super) fn identities(world: &World, call: &Call) -> Answer {
    let ids: Vec<String> = call.query("identityIds").unwrap_or_default().split(',').map(str::to_lowercase).collect();
    let wanted = call.query("filterValue").map(str::to_lowercase).filter(|text| !text.is_empty());
    let is_wanted = |user: &&crate::azure_devops::world::User| {
        let by_name = wanted.as_ref().is_some_and(|text| {
            user.display_name.to_lowercase().contains(text) || user.unique_name.to_lowercase().contains(text)
        });
        by_name || ids.contains(&user.id)
    };
    let shape = |user: &crate::azure_devops::world::User| {
        json!({
            "id": user.id,
            "descriptor": format!("Microsoft.IdentityModel.Claims.ClaimsIdentity;{}", user.unique_name),
            "subjectDescriptor": user.descriptor,
            "providerDisplayName": user.display_name,
            "isActive": true,
            "properties": { "Account": { "$type": "System.String", "$value": user.unique_name } },
        })
    };
    Answer::list(world.users.iter().filter(is_wanted).map(shape).collect())
}

/// No build ever ran here.
pub(super) fn builds(world: &World, call: &Call) -> Outcome {
    project_of(world, call)?;
    call.number("$top")?;
    Ok(Answer::list(Vec::new()))
}

/// No branch has a policy.
pub(super) fn evaluations(world: &World, call: &Call) -> Outcome {
    project_of(world, call)?;
    Ok(Answer::list(Vec::new()))
}
