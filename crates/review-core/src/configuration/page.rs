//! `docs/configuration-file.md`, and a configuration as YAML.

use std::fmt::Write as _;

use serde_json::{Map, Value as Json};

use super::{
    check::wanted,
    keys::{self, Status},
    layers::Effective,
    remark::Source,
    schema::{leaves, schema},
};
use crate::scope::default_exclusions;

const HEAD: &str = "\
<!-- Made from crates/review-core/src/configuration by `cargo xtask gen`; change it there. -->

# The configuration file

A repository says how it wants to be reviewed in `.coderabbit.yaml` (or `.coderabbit.yml`) at its root: the same file that the \
commercial product takes. For completion and checks in an editor, begin it with \
`# yaml-language-server: $schema=<path or URL of docs/coderabbit.schema.json>`. \
`coderabbit-agent config check FILE` checks a file; what is wrong with the file in use is listed in the walkthrough of every review.

## Where it is read

| layer | place |
|---|---|
| 1 | the repository's file, from the tip of the pull request's **target branch** |
| 2 | the file of the repository named `coderabbit` in the same project, from its default branch |
| 3 | `YAML_CONFIG`, the environment variable |
| 4 | the defaults below |

The first layer that exists and can be read is used **alone**. With `inheritance: true` in it, what it does not say is taken from the \
next layer, which may say `inheritance: true` too. Mappings are merged key by key; of lists the upper layer's entries come first, then \
those of the lower layer that it does not have (entries with a `path`, `name`, `label` or `repository` are the same when these are); \
everything else is the upper layer's.

The pull request's own version of the file is used only when its source branch is in the same repository and its author is one of \
`TRUSTED_AUTHORS`: nobody shall turn off the review of a change by the change itself.

A file may consist of `remote_config` alone; the file that this names is used in its place:

```yaml
remote_config:
  repository: Platform/review-settings   # Project/repository; or url: https://…
  ref: main
  path: .coderabbit.yaml
```

A repository must be in the same project, or be named `coderabbit`. A URL must be https, on a host of `REMOTE_CONFIG_HOSTS`; no \
credentials are sent, and redirects are not followed. Neither may lead on to another file. The central file and those of \
`remote_config` are read anew after a minute.

An unknown key, a value of the wrong type, a pattern that can match nothing: each is left out with a warning that names its line, and \
the rest of the file counts. A file of more than 512 KiB, with more than 20,000 values (aliases counted as what they stand for) or that \
is no YAML is not used at all, with a warning, and the next layer is.

";

const STATES: &str = "
- **honoured**: obeyed; the named test shows it.
- **adapted**: obeyed in another way than by the commercial product, as said.
- **not here**: means nothing on a self-hosted agent for Azure DevOps, as said. Accepted; a file that counts on it is told so.
";

/// The text of `docs/configuration-file.md`.
pub fn reference_page() -> String {
    let mut page = HEAD.to_owned();
    page.push_str("## Every key\n");
    page.push_str(STATES);
    page.push_str("\n| key | meaning | takes | default | state |\n|---|---|---|---|---|\n");
    for (path, schema) in leaves() {
        let default = schema.get("default").map_or_else(String::new, |default| format!("`{default}`"));
        let state = keys::status(&path).map_or_else(|| "unknown".to_owned(), state);
        let meaning = schema.get("description").and_then(Json::as_str).unwrap_or_default().replace('\n', " ");
        let cells = [format!("`{path}`"), meaning, wanted(schema), default, state].map(|cell| in_table(&cell));
        line(&mut page, format_args!("| {} |", cells.join(" | ")));
    }
    page.push_str(PATTERNS);
    let defaults = default_exclusions();
    let patterns: Vec<String> = defaults.iter().map(|pattern| format!("`{pattern}`")).collect();
    line(&mut page, format_args!("{}.", patterns.join(", ")));
    page
}

const PATTERNS: &str = "
## `path_filters`

Patterns are those of minimatch with `dot` and `nocase`, for the whole path from the root of the repository: `*` and `?` stay within \
a name, `**` as a whole name stands for any number of folders, `{a,b}`, `{1..3}`, `[abc]` and `@(a|b)` are understood, `!(a)` is not. \
A pattern without `/` is for files at the root: write `**/*.md` for all. A `!` before a pattern excludes.

- A file is reviewed when no exclusion is for it, in whatever order they stand, and one pattern to include is, if there are any.
- A pattern to include makes a list of what is reviewed, unless it is letter by letter one of the patterns below: then it lifts only \
that exclusion.
- Files that hold keys or passwords are never shown to a model, whatever the filters say (docs/security.md).

Left out by default: ";

fn state(status: Status) -> String {
    match status {
        Status::Honoured { test } => format!("honoured (`{test}`)"),
        Status::Adapted { how, test } => format!("adapted: {how} (`{test}`)"),
        Status::NotHere { why } => format!("not here: {why}"),
    }
}

fn in_table(text: &str) -> String {
    text.replace('|', "\\|")
}

fn line(page: &mut String, text: std::fmt::Arguments<'_>) {
    writeln!(page, "{text}").expect("a String takes every text");
}

/// A configuration as YAML, every key with the layer that it comes from, but for defaults.
pub fn written(effective: &Effective) -> String {
    let mut text = String::new();
    if let Ok(Json::Object(settings)) = serde_json::to_value(&effective.configuration) {
        write_mapping(&mut text, effective, &settings, "", 0);
    }
    text
}

fn write_mapping(text: &mut String, effective: &Effective, settings: &Map<String, Json>, above: &str, depth: usize) {
    let indent = "  ".repeat(depth);
    for (key, value) in settings {
        let path = if above.is_empty() { key.clone() } else { format!("{above}.{key}") };
        match value {
            Json::Object(below) if is_section(&path) => {
                line(text, format_args!("{indent}{key}:"));
                write_mapping(text, effective, below, &path, depth + 1);
            }
            // JSON is YAML, and needs no rules for quotes.
            value => match effective.origin(&path) {
                Source::Defaults => line(text, format_args!("{indent}{key}: {value}")),
                source => line(text, format_args!("{indent}{key}: {value} # Source: {source}")),
            },
        }
    }
}

fn is_section(path: &str) -> bool {
    let step = |schema: Option<&'static Json>, key: &str| schema?.get("properties")?.get(key);
    let found = path.split('.').fold(Some(schema()), step);
    found.is_some_and(|schema| schema.get("properties").is_some())
}
