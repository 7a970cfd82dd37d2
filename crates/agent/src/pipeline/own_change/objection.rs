//! Why a change of the agent's own is not made, told at once to who asks for it.

use review_core::{
    command::{Command, Names, is_recipe, recipe_asked},
    configuration::{Configuration, Recipe},
    own_change::is_own,
    pull_request::PullRequestState,
};

use crate::pipeline::writing::WrittenFor;

/// One or more sentences; None: nothing stands against it.
pub(in crate::pipeline) fn objection(
    state: &PullRequestState,
    configuration: &Configuration,
    command: Command,
    asked: (u64, u64),
) -> Option<String> {
    let touches = &configuration.reviews.finishing_touches;
    let off = |key: &str| Some(format!("It is turned off in this repository (`reviews.finishing_touches.{key}.enabled`)."));
    match command {
        // It changes nothing.
        Command::Plan => return None,
        _ if state.pull_request.fork_url.is_some() => {
            return Some(
                "The source branch is in a fork, and the agent writes to the repository of the pull request alone. Ask for it where \
                 the branch is in this repository."
                    .to_owned(),
            );
        }
        _ if is_own(state) => {
            return Some("This pull request is one of the agent's own; ask for it in the one that it goes into.".to_owned());
        }
        Command::Docstrings if !touches.docstrings.enabled => return off("docstrings"),
        Command::UnitTests if !touches.unit_tests.enabled => return off("unit_tests"),
        Command::Simplify if !touches.simplify.enabled => return off("simplify"),
        Command::Run => {}
        _ => return None,
    }
    let named = recipe_name(state, asked).unwrap_or_default();
    match touches.custom.iter().find(|recipe| is_recipe(&recipe.name, &named)) {
        Some(recipe) if recipe.enabled => None,
        Some(recipe) => Some(format!("The recipe `{}` is turned off in this repository.", plain(&recipe.name))),
        None => {
            let known = touches.custom.iter().filter(|recipe| recipe.enabled && !recipe.name.trim().is_empty());
            let known: Vec<String> = known.map(|recipe| format!("`{}`", plain(&recipe.name))).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            Some(format!("No recipe of that name is configured (`reviews.finishing_touches.custom`). There is: {known}."))
        }
    }
}

/// The recipe that the comment asks for, as it is configured and turned on.
pub(super) fn recipe_of(state: &PullRequestState, asked: WrittenFor, configuration: &Configuration) -> Option<Recipe> {
    let named = recipe_name(state, (asked.thread, asked.comment))?;
    let recipes = &configuration.reviews.finishing_touches.custom;
    recipes.iter().find(|recipe| recipe.enabled && is_recipe(&recipe.name, &named)).cloned()
}

fn recipe_name(state: &PullRequestState, (thread, comment): (u64, u64)) -> Option<String> {
    let thread = state.threads.iter().find(|known| known.id == thread)?;
    let comment = thread.comments.iter().find(|known| known.id == comment)?;
    recipe_asked(&comment.content, &Names::of(&state.me))
}

fn plain(name: &str) -> String {
    name.chars().map(|character| if character == '`' || character.is_control() { ' ' } else { character }).collect()
}
