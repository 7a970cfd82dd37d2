use proptest::prelude::*;

use super::{
    FoundBy, Hit, Look, MAX_READ_LINES, NameHits, PastCommit, Version, show_history, show_lines, show_name, show_paths, tools,
};
use crate::pull_request::LineRange;
use crate::{configuration::PathFilters, scope::path_filters};

fn parse_look(tool: &str, arguments: &str) -> Result<Look, String> {
    super::parse_look(tool, arguments, &PathFilters::default())
}

fn show_hits(label: &str, hits: &[Hit], is_all: bool) -> String {
    super::show_hits(label, hits, is_all, &PathFilters::default())
}

#[test]
fn what_the_repository_leaves_out_of_reviews_is_not_looked_at_either() {
    let filters = path_filters(&["!internal/**".to_owned()]);
    let read =
        |path: &str| super::parse_look("read_file", &format!(r#"{{"path":"{path}","first_line":1,"last_line":9}}"#), &filters);
    assert!(read("src/a.rs").is_ok());
    assert_eq!(read("internal/a.rs").unwrap_err(), "That file is not shown: excluded by path_filters.");
    let hit = |path: &str| Hit { path: path.into(), line: 1, text: "let total = 1;".into(), within: None };
    let shown = super::show_hits("total", &[hit("src/a.rs"), hit("internal/a.rs")], true, &filters);
    assert!(shown.contains("src/a.rs:1") && !shown.contains("internal"), "{shown}");
}

#[test]
fn every_tool_has_a_closed_schema_with_all_of_its_arguments() {
    for tool in tools() {
        let properties: Vec<&String> = tool.parameters["properties"].as_object().unwrap().keys().collect();
        let required: Vec<&str> =
            tool.parameters["required"].as_array().unwrap().iter().filter_map(|name| name.as_str()).collect();
        assert_eq!(properties, required, "{}", tool.name);
        assert_eq!(tool.parameters["additionalProperties"], false);
        let is_known = !parse_look(tool.name, "{}").is_err_and(|problem| problem.contains("no tool"));
        assert!(is_known, "{}", tool.name);
    }
}

#[test]
fn looks_are_read_as_models_write_them() {
    let read = parse_look("read_file", r#"{"path":"./src/a.rs","first_line":0,"last_line":9000,"version":"base"}"#).unwrap();
    let lines = LineRange::new(1, MAX_READ_LINES);
    assert_eq!(read, Look::Read { path: "src/a.rs".to_owned(), lines, version: Version::Base });
    let search = parse_look("search_text", r#"{"text":" total( ","under":"/src/"}"#).unwrap();
    assert_eq!(search, Look::Search { text: "total(".to_owned(), under: "src".to_owned(), version: Version::Head });
    assert_eq!(parse_look("list_files", r#"{"under":"."}"#).unwrap(), Look::List { under: String::new() });
}

#[test]
fn what_leads_out_of_the_repository_or_to_secrets_is_refused_in_words() {
    let read = |path: &str| {
        let arguments = serde_json::json!({ "path": path, "first_line": 1, "last_line": 2, "version": "head" });
        parse_look("read_file", &arguments.to_string()).unwrap_err()
    };
    for path in ["../../etc/passwd", "a/../../b", "src/./a.rs", "a\nb", "a//b"] {
        assert!(read(path).contains("without `..`"), "{path}");
    }
    assert_eq!(read(""), "Name a file.");
    for path in [".env", "deploy/id_rsa", "certs/server.pem"] {
        assert!(read(path).contains("not shown"), "{path}: {}", read(path));
        assert!(parse_look("file_history", &format!(r#"{{"path":"{path}"}}"#)).unwrap_err().contains("not shown"));
    }
    assert!(parse_look("run_shell", "{}").unwrap_err().contains("no tool called run_shell"));
    assert!(parse_look("search_text", r#"{"text":"a\nb"}"#).unwrap_err().contains("one line"));
    assert!(parse_look("read_file", "not json").unwrap_err().contains("cannot be read"));
}

#[test]
fn what_was_seen_is_fenced_and_says_what_is_missing() {
    let shown = show_lines("src/a.rs", Version::Head, LineRange::new(2, 3), Some("one\ntwo\nthree\nfour"));
    assert!(shown.contains("     2  two\n     3  three\n"), "{shown}");
    assert!(shown.starts_with("<untrusted nonce=") && shown.ends_with("The file goes on to line 4."), "{shown}");
    assert_eq!(show_lines("a", Version::Base, LineRange::new(9, 9), Some("one")), "a has 1 lines before the change.");
    assert!(show_lines("a", Version::Head, LineRange::new(1, 1), None).contains("no file of text"));
    let hit = |path: &str| Hit { path: path.to_owned(), line: 7, text: "  total(1)".to_owned(), within: Some("main".to_owned()) };
    let hits = show_hits("references", &[hit("src/a.rs"), hit("keys/id_rsa")], false);
    assert!(hits.contains("src/a.rs:7 in main: total(1)") && !hits.contains("id_rsa"), "{hits}");
    assert!(hits.ends_with("There is more: narrow it down."));
    assert_eq!(show_hits("references", &[], true), "Nothing was found.");
    assert!(show_paths("src", &["src/a.rs".to_owned()], true).contains("src/a.rs"));
}

#[test]
fn where_a_name_stands_is_told_with_how_it_was_found() {
    let hit = |path: &str| Hit { path: path.to_owned(), line: 7, text: "  total(1)".to_owned(), within: None };
    let hits = NameHits {
        found_by: FoundBy::Index,
        definitions: vec![hit("src/a.rs")],
        uses: vec![hit("src/b.rs"), hit("keys/id_rsa")],
        lines: vec![hit("docs/a.md")],
        is_all: true,
    };
    let filters = PathFilters::default();
    let shown = show_name("total", &hits, &filters);
    let rows: Vec<&str> = shown.lines().filter(|line| !line.starts_with("</")).collect();
    let nonce = rows[1].split('"').nth(1).unwrap();
    insta::assert_snapshot!(rows.join("\n").replace(nonce, "N"), @r#"
    From the code index: variables and parameters of that name are left out, and the likeliest uses come first. Files that it does not cover were searched by text.
    <untrusted nonce="N" label="definitions of total">
    src/a.rs:7: total(1)
    <untrusted nonce="N" label="references to total">
    src/b.rs:7: total(1)
    <untrusted nonce="N" label="lines that hold total, by text">
    docs/a.md:7: total(1)
    "#);
    let without = |found_by| show_name("total", &NameHits { found_by, lines: vec![hit("a.rs")], ..hits.clone() }, &filters);
    assert!(without(FoundBy::TextWithoutIndex).starts_with("By text, for want of a code index"));
    assert!(without(FoundBy::TextForUnknownName).starts_with("By text: the code index knows no such name."));
    let none = NameHits { definitions: vec![], uses: vec![hit("keys/id_rsa")], lines: vec![], ..hits };
    assert_eq!(show_name("total", &none, &filters), "Nothing was found.");
    // All groups share what one look may show.
    let long = Hit { text: "x".repeat(390), ..hit("src/a.rs") };
    let many = NameHits { definitions: vec![long.clone(); 40], uses: vec![long.clone(); 40], lines: vec![long; 40], ..none };
    let shown = show_name("total", &many, &filters);
    assert!(shown.len() < 26_000 && shown.ends_with("There is more: narrow it down."), "{}", shown.len());
}

#[test]
fn what_was_done_to_a_file_is_told_by_commits_newest_first() {
    let look = parse_look("file_history", r#"{"path":"/src/a.rs"}"#).unwrap();
    assert_eq!(look, Look::History { path: "src/a.rs".to_owned() });
    let commit = |subject: &str| PastCommit {
        id: "4f2d8a9be01c3d5e6f708192a3b4c5d6e7f80912".to_owned(),
        day: "2026-11-26".to_owned(),
        author: "Ann\u{200b} Berg".to_owned(),
        subject: subject.to_owned(),
    };
    let shown = show_history("src/a.rs", &[commit("Charge once\n\nIt was twice."), commit(&"x".repeat(300))], true);
    let rows: Vec<&str> = shown.lines().collect();
    assert!(rows[0].starts_with("<untrusted nonce=") && rows[0].contains("commits before the change that touched src/a.rs"));
    assert_eq!(rows[1], r"4f2d8a9be01c 2026-11-26 Ann\u{200b} Berg: Charge once");
    assert!(rows[2].chars().count() < 300 && rows.len() == 4, "{shown}");
    assert_eq!(show_history("a", &[], true), "No commit before the change touched a, as far as is known.");
    let many = show_history("a", &vec![commit("more"); 11], false);
    assert!(many.ends_with("There are older ones.") && many.matches(": more").count() == 10, "{many}");
}

#[test]
fn a_line_of_a_megabyte_does_not_flood_the_model() {
    let text = "x".repeat(1_000_000);
    assert!(show_lines("a", Version::Head, LineRange::new(1, 300), Some(&text)).len() < 30_000);
    let many = format!("{}\n", "y".repeat(300)).repeat(5_000);
    let shown = show_lines("a", Version::Head, LineRange::new(1, 300), Some(&many));
    assert!(shown.len() < 30_000 && shown.contains("goes on to line 5000"));
}

proptest! {
    #[test]
    fn no_wish_of_a_model_leads_out_of_the_tree(tool in "[a-z_]{0,16}", path in any::<String>(), line in any::<i64>()) {
        let arguments = serde_json::json!({ "path": path, "under": path, "text": path, "name": path,
            "first_line": line, "last_line": line, "version": "head" }).to_string();
        for tool in ["read_file", "search_text", "find_references", "list_files", "file_history", tool.as_str()] {
            match parse_look(tool, &arguments) {
                Ok(Look::Read { path, lines, .. }) => {
                    prop_assert!(!path.starts_with('/') && path.split('/').all(|part| part != ".." && !part.is_empty()));
                    prop_assert!(lines.first >= 1 && lines.first <= lines.last);
                }
                Ok(Look::History { path }) => {
                    prop_assert!(!path.starts_with('/') && path.split('/').all(|part| part != ".." && !part.is_empty()));
                }
                Ok(Look::Search { under, .. } | Look::List { under }) => {
                    prop_assert!(!under.starts_with('/') && !under.split('/').any(|part| part == ".."));
                }
                _ => {}
            }
        }
        prop_assert!(parse_look("read_file", &path).is_err());
    }
}
