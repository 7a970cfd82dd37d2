//! `docs/configuration.md` and `.env.example`, made from the table.

use std::fmt::Write as _;

use super::{
    forms::words_for,
    raw::FILE_SUFFIX,
    table::{Group, Need, Stage, TABLE, Variable, siblings},
};

const HEAD: &str = "\
<!-- Made from crates/agent/src/settings/table.rs by `cargo xtask gen`; change it there. -->

# Configuration

Everything is set by environment variables. `coderabbit-agent` reads them from the environment and from a file `.env` in its \
working directory, or the one given with `--env-file`; the environment wins over the file. `coderabbit-agent doctor` shows every \
problem at once, and so does every start.

## Notation

- A value may stand in the brackets of the original document: `ENABLE_METRICS=[true]` is `true`.
- `[<something>]` is an optional value that nobody filled in: unset.
- `<something>` is a placeholder. Where the variable is needed, the start ends with an error that says so.
- When a file sets a variable more than once, the last line counts, with a warning if the values differ; a placeholder never takes the \
place of a value. Keep one block of `LLM_PROVIDER`.
- In a file a value is taken word for word, up to a `#` after white space. A value in quotes follows the rules of dotenv; `$` never \
stands for another variable. Quotes that `docker --env-file` passed on are taken off, with a warning.
- Every secret can come from a file instead: `AZURE_DEVOPS_BOT_TOKEN_FILE=/run/secrets/token` in place of `AZURE_DEVOPS_BOT_TOKEN`. \
White space around the secret in the file does not count.
- *Later version* means: read and checked now, so that mistakes show; what it turns on comes in a later version.
";

/// The text of `docs/configuration.md`.
pub fn reference_page() -> String {
    let mut page = HEAD.to_owned();
    for group in Group::ALL {
        write(&mut page, format_args!("\n## {}\n", group.title()));
        for variable in TABLE.iter().filter(|variable| variable.group == group) {
            section(&mut page, variable);
        }
    }
    page
}

/// The text of `.env.example`: what must be set as a placeholder, everything else as a comment.
pub fn example_env() -> String {
    let mut example = "\
# Settings of coderabbit-agent. Copy this file to .env and put your values in the place of <…>.
# docs/configuration.md explains every variable; `coderabbit-agent doctor` checks them.
"
    .to_owned();
    for group in Group::ALL {
        write(&mut example, format_args!("\n# {}\n", group.title().replace('`', "")));
        for variable in TABLE.iter().filter(|variable| variable.group == group) {
            let needed = variable.need == Need::Serve || (variable.need == Need::Provider && group == Group::OpenAi);
            let chosen = matches!(variable.name, "SELF_HOSTED" | "LLM_PROVIDER");
            if needed && !variable.example.starts_with('<') {
                write(&mut example, format_args!("{}=<{}>\n", variable.name, variable.example));
            } else if needed || chosen {
                write(&mut example, format_args!("{}={}\n", variable.name, variable.example));
            } else {
                write(&mut example, format_args!("#{}={}\n", variable.name, variable.default.unwrap_or(variable.example)));
            }
        }
    }
    example
}

fn section(page: &mut String, variable: &Variable) {
    let Variable { name, form, default, example, text, secret, stage, .. } = variable;
    write(page, format_args!("\n### `{name}`\n\n{text}\n\n- Allowed: {}.\n", words_for(*form)));
    if let Some(default) = default {
        write(page, format_args!("- Default: `{default}`\n"));
    }
    if let Some(need) = need(variable) {
        write(page, format_args!("- Needed: {need}.\n"));
    }
    if default.is_none_or(|default| default != *example) {
        write(page, format_args!("- Example: `{name}={example}`\n"));
    }
    if *secret {
        write(page, format_args!("- Secret; `{name}{FILE_SUFFIX}` names a file that holds it.\n"));
    }
    if *stage == Stage::Later {
        page.push_str("- Later version.\n");
    }
}

fn need(variable: &Variable) -> Option<String> {
    let provider = variable.group.provider().unwrap_or_default();
    match variable.need {
        Need::Optional => None,
        Need::Serve => Some("to serve".to_owned()),
        Need::Provider => Some(format!("with `LLM_PROVIDER={provider}`")),
        Need::ProviderUnless(others) => {
            let others: Vec<String> = others.iter().map(|other| format!("`{other}`")).collect();
            Some(format!("with `LLM_PROVIDER={provider}`, unless {} is set", others.join(" or ")))
        }
        Need::Together => {
            let others: Vec<String> = siblings(variable).map(|other| format!("`{}`", other.name)).collect();
            Some(format!("together with {}, or not at all", others.join(" and ")))
        }
    }
}

#[expect(clippy::expect_used, reason = "writing to a String cannot fail")]
fn write(page: &mut String, text: std::fmt::Arguments<'_>) {
    page.write_fmt(text).expect("a String takes every text");
}
