//! `coderabbit-agent costs`.

use std::{path::PathBuf, process::ExitCode};

use jiff::{
    Span,
    civil::{Date, date},
};
use review_core::usage::Usage;
use serde_json::{Map, Value, json};

use super::{complain, plain, print, settings};
use crate::{
    settings::Purpose,
    store::{NamedRepository, Spending, Store, StoreError},
};

const EPOCH: Date = date(1970, 1, 1);

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// What the sums are of.
    #[arg(long, value_enum, default_value_t = By::Day)]
    by: By,
    /// Only from this day (UTC) on, as 2026-01-31.
    #[arg(long, value_name = "DATE")]
    since: Option<Date>,
    /// For machines: money in millionths of a US dollar.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum By {
    Day,
    Repository,
    PullRequest,
    Model,
}

/// A line of the table.
#[derive(Debug)]
struct Line {
    /// As people read it.
    name: String,
    /// The same in parts.
    parts: Map<String, Value>,
    usage: Usage,
}

pub(super) async fn run(env_file: Option<PathBuf>, arguments: &Arguments) -> ExitCode {
    let settings = match settings(Purpose::Database, env_file.as_deref()) {
        Ok(settings) => settings,
        Err(code) => return code,
    };
    let store = match Store::open(&settings.storage.database_url).await {
        Ok(store) => store,
        Err(error) => return complain(&error.to_string()),
    };
    match store.pending_migrations().await {
        Ok(0) => {}
        Ok(_) => return complain("the database is not of this version's shape; run `coderabbit-agent migrate` first"),
        Err(error) => return complain(&error.to_string()),
    }
    match lines(&store, arguments).await {
        Ok(lines) => print(&if arguments.json { as_json(arguments, &lines) } else { as_text(arguments, &lines) }),
        Err(error) => return complain(&error.to_string()),
    }
    ExitCode::SUCCESS
}

async fn lines(store: &Store, arguments: &Arguments) -> Result<Vec<Line>, StoreError> {
    let since = arguments.since.map(|date| date.duration_since(EPOCH).as_hours() / 24);
    Ok(match arguments.by {
        By::Day => told(store.spending_by_day(since).await?, |day| {
            let date = date_of(*day);
            (date.clone(), json!({ "day": date }))
        }),
        By::Model => told(store.spending_by_model(since).await?, |model| (model.clone(), json!({ "model": model }))),
        By::Repository => told(store.spending_by_repository(since).await?, repository),
        By::PullRequest => told(store.spending_by_pull_request(since).await?, |(named, number)| {
            let (name, mut parts) = repository(named);
            parts["pull_request"] = json!(number);
            (format!("{name}/pullrequest/{number}"), parts)
        }),
    })
}

fn told<T>(spending: Vec<Spending<T>>, tell: impl Fn(&T) -> (String, Value)) -> Vec<Line> {
    let line = |Spending { on, usage }: Spending<T>| {
        let (name, parts) = tell(&on);
        let parts = if let Value::Object(parts) = parts { parts } else { Map::new() };
        // Models and repositories are named by others.
        Line { name: plain(&name), parts, usage }
    };
    spending.into_iter().map(line).collect()
}

fn repository(named: &NamedRepository) -> (String, Value) {
    let NamedRepository { key, project_name, repository_name } = named;
    let name = format!("{}/{project_name}/_git/{repository_name}", key.collection);
    let parts = json!({
        "collection": key.collection,
        "project": key.project,
        "project_name": project_name,
        "repository": key.repository,
        "repository_name": repository_name,
    });
    (name, parts)
}

/// A day that no calendar has stands as its number.
fn date_of(day: i64) -> String {
    let date = Span::new().try_days(day).and_then(|days| EPOCH.checked_add(days));
    date.map_or_else(|_| format!("day {day}"), |date| date.to_string())
}

fn total(lines: &[Line]) -> Usage {
    lines.iter().fold(Usage::default(), |mut sum, line| {
        sum += line.usage;
        sum
    })
}

fn as_text(arguments: &Arguments, lines: &[Line]) -> String {
    let since = arguments.since.map(|date| format!(" since {date}")).unwrap_or_default();
    if lines.is_empty() {
        return format!("nothing was asked of a model{since}\n");
    }
    let head = match arguments.by {
        By::Day => "day (UTC)",
        By::Repository => "repository",
        By::PullRequest => "pull request",
        By::Model => "model",
    };
    let row = |name: &str, usage: Usage| {
        let Usage { calls, input_tokens, cached_tokens, output_tokens, .. } = usage;
        let cost = usage.cost_words().map(|words| words.to_string()).unwrap_or_default();
        let counts = [calls, input_tokens, cached_tokens, output_tokens].map(|count| count.to_string());
        let [calls, input, cached, output] = counts;
        [name.to_owned(), calls, input, cached, output, cost]
    };
    let mut table = vec![[head, "calls", "tokens in", "of them cached", "tokens out", "cost"].map(str::to_owned)];
    table.extend(lines.iter().map(|line| row(&line.name, line.usage)));
    table.push(row("total", total(lines)));
    aligned(&table)
}

/// The first column to the left, the numbers to the right, the words at the end as they are.
fn aligned(table: &[[String; 6]]) -> String {
    let mut widths = [0; 6];
    for row in table {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let [name, calls, input, cached, output, _] = widths;
    let line =
        |[a, b, c, d, e, f]: &[String; 6]| format!("{a:<name$}  {b:>calls$}  {c:>input$}  {d:>cached$}  {e:>output$}  {f}\n");
    table.iter().map(line).collect()
}

fn as_json(arguments: &Arguments, lines: &[Line]) -> String {
    let by = match arguments.by {
        By::Day => "day",
        By::Repository => "repository",
        By::PullRequest => "pull-request",
        By::Model => "model",
    };
    let rows: Vec<Value> = lines
        .iter()
        .map(|line| {
            let mut row = line.parts.clone();
            row.insert("usage".to_owned(), json!(line.usage));
            Value::Object(row)
        })
        .collect();
    let document = json!({ "by": by, "since": arguments.since, "rows": rows, "total": total(lines) });
    format!("{document:#}\n")
}

#[cfg(test)]
mod tests {
    use super::{EPOCH, date, date_of};

    #[test]
    fn days_are_dates_in_utc() {
        assert_eq!([0, -1, 20_782, i64::MAX].map(date_of), ["1970-01-01", "1969-12-31", "2026-11-25", "day 9223372036854775807"]);
        assert_eq!(date(2026, 11, 25).duration_since(EPOCH).as_hours() / 24, 20_782);
    }
}
