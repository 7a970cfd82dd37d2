//! The generated files are the table's.

use std::path::Path;

use super::lines;
use crate::settings::{Purpose, dotenv, example_env, parse, reference_page, table::TABLE};

fn committed(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn the_committed_files_are_up_to_date() {
    assert!(
        committed("docs/configuration.md") == reference_page(),
        "docs/configuration.md is out of date: run `cargo xtask gen`"
    );
    assert!(committed(".env.example") == example_env(), ".env.example is out of date: run `cargo xtask gen`");
}

#[test]
fn every_variable_is_in_both() {
    let (page, example) = (reference_page(), example_env());
    for variable in TABLE {
        assert!(page.contains(&format!("### `{}`\n", variable.name)), "{}", variable.name);
        assert!(example.contains(&format!("{}=", variable.name)), "{}", variable.name);
    }
}

#[test]
fn the_example_copied_as_it_is_names_what_must_be_filled_in_and_nothing_else() {
    let (entries, unreadable) = dotenv::parse(&example_env(), ".env");
    assert_eq!(lines(&unreadable), "");
    let problems = parse::settings(Purpose::Serve, &entries, Vec::new()).unwrap_err();
    let names: Vec<&str> = problems.iter().map(|problem| problem.variable.as_str()).collect();
    assert_eq!(names, ["AZURE_DEVOPS_BOT_TOKEN", "AZURE_DEVOPS_BOT_USERNAME", "OPENAI_API_KEYS"]);

    let all: String = example_env()
        .lines()
        .map(|line| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line).to_owned() + "\n")
        .collect();
    let (entries, unreadable) = dotenv::parse(&all, ".env");
    assert_eq!(lines(&unreadable), "");
    let problems = parse::settings(Purpose::Serve, &entries, Vec::new()).unwrap_err();
    let (placeholders, others): (Vec<_>, Vec<_>) =
        problems.into_iter().partition(|problem| problem.text.starts_with("is still a placeholder"));
    assert!(!placeholders.is_empty());
    // All at once hold two that exclude each other.
    assert_eq!(lines(&others), "MODEL_REPLAY_PATH: is set, and MODEL_RECORD_PATH is set too; keep one of the two\n");
}
