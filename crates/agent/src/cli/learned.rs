//! `coderabbit-agent learned`.

use std::{path::PathBuf, process::ExitCode};

use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use review_core::{
    finding::Category,
    learning::{Label, Learning, Tally},
    pull_request::RepositoryKey,
};
use serde_json::{Value, json};

use super::{complain, plain, print, settings};
use crate::{
    app,
    settings::Purpose,
    store::{KnownLearning, KnownOutcome, NamedRepository, Reaches, Store, StoreError},
};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Each category of each repository: how many findings had which outcome, and whether it is silent; and what people taught.
    List {
        /// Only this repository: its address, project/repository, or its name.
        repository: Option<String>,
        /// For machines.
        #[arg(long)]
        json: bool,
    },
    /// Count the outcomes of a category anew from now on: one that is silent is heard again.
    Wake {
        /// Its address, project/repository, or its name.
        repository: String,
        /// As `list` spells it; without it all categories.
        #[arg(value_parser = category)]
        category: Option<Category>,
    },
    /// Let a learning count now, whatever `knowledge_base.learnings.approval_delay` says.
    Approve {
        /// As `list` and the answer that announced it spell it.
        learning: String,
    },
    /// Let what was learned so far count for nothing any more, also what was rejected again and again; or delete one learning.
    Forget {
        /// Its address, project/repository, or its name; or the id of a learning.
        repository: String,
        /// As `list` spells it; without it all categories.
        #[arg(value_parser = category)]
        category: Option<Category>,
    },
}

fn category(word: &str) -> Result<Category, String> {
    let known = Category::ALL.into_iter().find(|category| category.key().eq_ignore_ascii_case(word));
    known.ok_or_else(|| format!("the categories are {}", Category::ALL.map(Category::key).join(", ")))
}

pub(super) async fn run(env_file: Option<PathBuf>, command: &Command) -> ExitCode {
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
    match done(&store, command).await {
        Ok(text) => print(&text),
        Err(problem) => return complain(&plain(&problem)),
    }
    ExitCode::SUCCESS
}

/// What is to be printed, or what is wrong.
async fn done(store: &Store, command: &Command) -> Result<String, String> {
    let mut known = store.repositories_with_outcomes().await.map_err(|error| error.to_string())?;
    let taught = store.repositories_with_learnings().await.map_err(|error| error.to_string())?;
    known.extend(taught.into_iter().filter(|taught| !known.iter().any(|known| known.key == taught.key)).collect::<Vec<_>>());
    match command {
        Command::List { repository, json } => {
            let wanted = match repository {
                Some(named) => vec![find(&known, named)?.clone()],
                None => known,
            };
            let learnings = learnings(store, &wanted).await.map_err(|error| error.to_string())?;
            let lessons = lessons(store, wanted).await.map_err(|error| error.to_string())?;
            Ok(if *json { as_json(&lessons, &learnings) } else { as_text(&lessons) + &learnings_as_text(&learnings) })
        }
        Command::Approve { learning } => {
            let id = learning.trim().to_lowercase();
            let is_known = store.approve_learning(&id, app::now()).await.map_err(|error| error.to_string())?;
            if is_known { Ok(plain(&format!("learning {id} counts from now on\n"))) } else { Err(no_learning(&id)) }
        }
        Command::Wake { repository, category } => {
            let found = find(&known, repository)?;
            let woken = store.wake(&found.key, *category, app::now()).await.map_err(|error| error.to_string())?;
            let (what, address) = (in_words(*category), address(found));
            Ok(plain(&format!(
                "{address}: the outcomes of {what} are counted anew from now on ({woken} do not count any more)\n"
            )))
        }
        Command::Forget { repository: id, category: None } if is_learning(id) && find(&known, id).is_err() => {
            let id = id.trim().to_lowercase();
            let was_known = store.forget_learning(&id).await.map_err(|error| error.to_string())?;
            if was_known { Ok(plain(&format!("learning {id} is forgotten\n"))) } else { Err(no_learning(&id)) }
        }
        Command::Forget { repository, category } => {
            let found = find(&known, repository)?;
            let forgotten = store.forget(&found.key, *category).await.map_err(|error| error.to_string())?;
            let (what, address) = (in_words(*category), address(found));
            Ok(plain(&format!("{address}: what became of {forgotten} findings of {what} is forgotten\n")))
        }
    }
}

/// Twelve hexadecimal digits; of those that an older version kept, eight.
fn is_learning(text: &str) -> bool {
    let text = text.trim();
    matches!(text.len(), 8 | 12) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn no_learning(id: &str) -> String {
    format!("there is no learning {id}; `coderabbit-agent learned list` shows them with their ids")
}

fn in_words(category: Option<Category>) -> &'static str {
    category.map_or("all categories", Category::key)
}

/// The one repository that a person means.
fn find<'a>(known: &'a [NamedRepository], named: &str) -> Result<&'a NamedRepository, String> {
    let wanted = percent_decode_str(named.trim().trim_end_matches('/')).decode_utf8_lossy().to_lowercase();
    let spelled = |repository: &NamedRepository| {
        let NamedRepository { key: RepositoryKey { collection, project, repository: id }, project_name, repository_name } =
            repository;
        [
            address(repository),
            format!("{collection}/{project}/_git/{id}"),
            format!("{project_name}/{repository_name}"),
            repository_name.clone(),
            id.clone(),
        ]
    };
    // In this order: an address is never taken for the name of another repository.
    for form in 0..5 {
        let meant = |repository: &&NamedRepository| {
            spelled(repository)
                .get(form)
                .is_some_and(|name| percent_decode_str(name).decode_utf8_lossy().to_lowercase() == wanted)
        };
        let found: Vec<&NamedRepository> = known.iter().filter(meant).collect();
        match found.as_slice() {
            [] => {}
            [only] => return Ok(only),
            several => {
                let list = several.iter().map(|repository| address(repository)).collect::<Vec<_>>().join("\n  ");
                return Err(format!("{named} may be each of these; give the whole address:\n  {list}"));
            }
        }
    }
    Err(format!("nothing was learned in {named}; `coderabbit-agent learned list` names the repositories where something was"))
}

fn address(repository: &NamedRepository) -> String {
    let NamedRepository { key, project_name, repository_name } = repository;
    format!("{}/{project_name}/_git/{repository_name}", key.collection)
}

/// What was learned of a category in a repository.
struct Lesson {
    repository: NamedRepository,
    category: Category,
    tally: Tally,
    /// When it was woken last, in milliseconds since the epoch; what came before is not in the tally.
    woken_at: Option<i64>,
}

async fn lessons(store: &Store, repositories: Vec<NamedRepository>) -> Result<Vec<Lesson>, StoreError> {
    let mut lessons = Vec::new();
    for repository in repositories {
        let outcomes = store.newest_outcomes(&repository.key).await?;
        for category in Category::ALL {
            let of_it: Vec<&KnownOutcome> = outcomes.iter().filter(|known| known.posted.category == category).collect();
            if of_it.is_empty() {
                continue;
            }
            let mut tally = Tally::default();
            for known in of_it.iter().filter(|known| known.woken_at.is_none()) {
                tally.add(known.reaction.label());
            }
            let woken_at = of_it.iter().filter_map(|known| known.woken_at).max();
            lessons.push(Lesson { repository: repository.clone(), category, tally, woken_at });
        }
    }
    Ok(lessons)
}

impl Lesson {
    fn is_silent(&self) -> bool {
        self.tally.is_silent(self.category)
    }

    fn state(&self) -> String {
        match (self.is_silent(), self.woken_at.and_then(|moment| Timestamp::from_millisecond(moment).ok())) {
            (true, _) => "silent".to_owned(),
            (false, Some(moment)) => format!("heard, woken {}", moment.strftime("%Y-%m-%d")),
            (false, None) => "heard".to_owned(),
        }
    }
}

/// What people taught, by repository.
async fn learnings(store: &Store, repositories: &[NamedRepository]) -> Result<Vec<(String, KnownLearning)>, StoreError> {
    let mut learnings = Vec::new();
    for repository in repositories {
        let known = store.learnings(&repository.key, Reaches::Repository).await?;
        learnings.extend(known.into_iter().map(|known| (address(repository), known)));
    }
    Ok(learnings)
}

fn learnings_as_text(learnings: &[(String, KnownLearning)]) -> String {
    let mut text = String::new();
    let mut last = None;
    for (address, KnownLearning { learning, approved_at, .. }) in learnings {
        if last.replace(address) != Some(address) {
            text.push_str(&plain(&format!("\n{address}, what people taught\n")));
        }
        let date = Timestamp::from_millisecond(learning.taught_at).map(|moment| moment.strftime("%Y-%m-%d").to_string());
        let place = if learning.path.is_empty() { String::new() } else { format!(", {}", learning.path) };
        let approved = if approved_at.is_some() { ", approved" } else { "" };
        let Learning { id, taught_by, pull_request, text: taught, .. } = learning;
        let from = format!("{}, {taught_by}, pull request {pull_request}{place}{approved}", date.unwrap_or_default());
        text.push_str(&plain(&format!("  {id}  {taught}\n                {from}\n")));
    }
    text
}

fn as_text(lessons: &[Lesson]) -> String {
    if lessons.is_empty() {
        return "no finding was posted yet\n".to_owned();
    }
    let head = ["category", "acted on", "rejected", "ignored", "open", "share", "state"].map(str::to_owned);
    let mut text = String::new();
    let mut rest = lessons;
    while let Some(first) = rest.first() {
        let of_it = rest.iter().take_while(|lesson| lesson.repository.key == first.repository.key).count();
        let (here, others) = rest.split_at(of_it);
        let rows = here.iter().map(|lesson| {
            let Tally { acted_on, rejected, ignored, open } = lesson.tally;
            let share = lesson.tally.acted_on_percent().map_or_else(|| "-".to_owned(), |percent| format!("{percent} %"));
            let [acted_on, rejected, ignored, open] = [acted_on, rejected, ignored, open].map(|count| count.to_string());
            [lesson.category.key().to_owned(), acted_on, rejected, ignored, open, share, lesson.state()]
        });
        let table: Vec<[String; 7]> = std::iter::once(head.clone()).chain(rows).collect();
        text.push_str(&format!(
            "{}{}\n{}",
            if text.is_empty() { "" } else { "\n" },
            plain(&address(&first.repository)),
            aligned(&table)
        ));
        rest = others;
    }
    text
}

/// The first column to the left, the numbers to the right, the words at the end as they are.
fn aligned(table: &[[String; 7]]) -> String {
    let mut widths = [0; 7];
    for row in table {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let [name, acted_on, rejected, ignored, open, share, _] = widths;
    let line = |[a, b, c, d, e, f, g]: &[String; 7]| {
        format!("  {a:<name$}  {b:>acted_on$}  {c:>rejected$}  {d:>ignored$}  {e:>open$}  {f:>share$}  {g}\n")
    };
    table.iter().map(line).collect()
}

fn as_json(lessons: &[Lesson], learnings: &[(String, KnownLearning)]) -> String {
    let rows: Vec<Value> = lessons
        .iter()
        .map(|lesson| {
            let NamedRepository { key, project_name, repository_name } = &lesson.repository;
            let Tally { acted_on, rejected, ignored, open } = lesson.tally;
            json!({
                "collection": key.collection,
                "project": key.project,
                "project_name": project_name,
                "repository": key.repository,
                "repository_name": repository_name,
                "category": lesson.category.key(),
                Label::ActedOn.key(): acted_on,
                Label::Rejected.key(): rejected,
                Label::Ignored.key(): ignored,
                Label::Open.key(): open,
                "is_silent": lesson.is_silent(),
                "woken_at": lesson.woken_at,
            })
        })
        .collect();
    let learning = |(address, KnownLearning { learning, repository, approved_at }): &(String, KnownLearning)| {
        let Learning { id, text, path, taught_by, pull_request, taught_at } = learning;
        json!({
            "id": id,
            "text": text,
            "address": address,
            "collection": repository.collection,
            "project": repository.project,
            "repository": repository.repository,
            "pull_request": pull_request,
            "path": path,
            "taught_by": taught_by,
            "taught_at": taught_at,
            "approved_at": approved_at,
        })
    };
    let learnings: Vec<Value> = learnings.iter().map(learning).collect();
    format!("{:#}\n", json!({ "rows": rows, "learnings": learnings }))
}

#[cfg(test)]
mod tests {
    use super::{NamedRepository, RepositoryKey, category, find};

    fn repository(project: &str, name: &str, id: &str) -> NamedRepository {
        let collection = "https://dev.azure.com/contoso".to_owned();
        let key = RepositoryKey { collection, project: "4d2f".to_owned(), repository: id.to_owned() };
        NamedRepository { key, project_name: project.to_owned(), repository_name: name.to_owned() }
    }

    #[test]
    fn a_repository_is_found_by_its_address_however_it_is_spelled_and_by_its_name_where_that_is_enough() {
        let known = [
            repository("Web Shop", "orders", "9c1e"),
            repository("Back Office", "orders", "77ab"),
            repository("Web Shop", "cart", "c0de"),
        ];
        let cases = [
            ("https://dev.azure.com/contoso/Web%20Shop/_git/orders", Some("9c1e")),
            ("https://dev.azure.com/contoso/Web Shop/_git/orders/", Some("9c1e")),
            ("https://DEV.azure.com/contoso/web shop/_git/Orders", Some("9c1e")),
            ("https://dev.azure.com/contoso/4d2f/_git/77ab", Some("77ab")),
            ("Back Office/orders", Some("77ab")),
            ("cart", Some("c0de")),
            ("c0de", Some("c0de")),
            ("orders", None),
            ("https://dev.azure.com/fabrikam/Web%20Shop/_git/orders", None),
            ("", None),
        ];
        for (named, expected) in cases {
            let found = find(&known, named).map(|found| found.key.repository.clone());
            assert_eq!(found.as_deref().ok(), expected, "{named}: {found:?}");
        }
        let several = find(&known, "orders").unwrap_err();
        assert!(several.contains("/Web Shop/_git/orders\n") && several.contains("/Back Office/_git/orders"), "{several}");
        assert!(find(&known, "nowhere").unwrap_err().contains("learned list"));
    }

    #[test]
    fn categories_are_spelled_as_they_are_listed() {
        assert_eq!(category("Resource_Leak").unwrap().key(), "resource_leak");
        assert!(category("style").unwrap_err().contains("error_handling"));
    }
}
