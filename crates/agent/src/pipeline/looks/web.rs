//! Searches of the web in one run: which queries leave, how many, and what is told of them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex as StdMutex, PoisonError},
};

use review_core::{
    consulted::Searches,
    prompt::tools::{repeats, show_results, web_query},
};
use tokio::sync::Mutex;

use crate::web_search::{PATIENCE, SearchError, WebSearch};

/// Searches of one review: each costs money, and tells a stranger something.
const MOST_SEARCHES: usize = 5;
/// Of all texts that a query is compared with; a model has seen no more.
const MAX_COMPARED_BYTES: usize = 32 * 1024 * 1024;

const NO_ANSWER: &str = "The search brought no answer. Do without it.";
const SEEN_TOO_MUCH: &str = "Not sent: so much was read that nobody can tell whether it repeats the code. Do without it.";
const HOLDS_CODE: &str = "Not sent: it repeats what stands in the code. Ask in general words.";

/// The searches of one run, which all of its looks share.
#[derive(Debug)]
pub(in crate::pipeline) struct RunSearches {
    web: WebSearch,
    /// Pull request and commit.
    occasion: String,
    /// By query, what was told. Held while it is asked for: looks of a run ask alike.
    told: Mutex<HashMap<String, String>>,
    account: StdMutex<Told>,
}

#[derive(Debug, Default)]
struct Told {
    searches: Searches,
    /// Why no answer came, for people.
    problem: Option<String>,
}

impl RunSearches {
    pub(in crate::pipeline) fn new(web: WebSearch, occasion: String) -> Self {
        Self { web, occasion, told: Mutex::default(), account: StdMutex::default() }
    }

    /// What is told to a model that wants to search. `shown` is what it may have seen of the code; None: that is not known whole.
    pub(super) async fn run(&self, arguments: &str, shown: Option<Vec<Arc<str>>>) -> String {
        let query = match web_query(arguments) {
            Ok(query) => query,
            Err(problem) => return self.refuse(problem),
        };
        let mut told = self.told.lock().await;
        if let Some(text) = told.get(&query) {
            return text.clone();
        }
        if told.len() >= MOST_SEARCHES {
            return self.refuse(format!("Not sent: this review has searched {MOST_SEARCHES} times, which is all it may."));
        }
        let Some(shown) = shown else { return self.refuse(SEEN_TOO_MUCH.to_owned()) };
        if holds_code(query.clone(), shown).await {
            return self.refuse(HOLDS_CODE.to_owned());
        }
        // Not the query: its secrets are taken out where it leaves.
        tracing::info!(characters = query.chars().count(), host = self.web.host(), "searching the web");
        let text = match tokio::time::timeout(PATIENCE, self.web.search(&query, &self.occasion)).await {
            Ok(Ok(results)) => {
                self.note(|told| told.searches.answered += 1);
                show_results(&query, &results)
            }
            Ok(Err(error)) => {
                tracing::warn!(%error, "a search of the web failed");
                let sentence = match error {
                    SearchError::Service(error) => error.sentence(),
                    SearchError::Store(_) => "What was found in the web could not be read.".to_owned(),
                };
                self.fail(sentence)
            }
            Err(_) => self.fail("The web was not searched in time.".to_owned()),
        };
        told.insert(query, text.clone());
        text
    }

    /// For the details of the walkthrough.
    pub(in crate::pipeline) fn told(&self) -> (Searches, Option<String>) {
        let told = self.account.lock().unwrap_or_else(PoisonError::into_inner);
        (told.searches, told.problem.clone())
    }

    fn note(&self, change: impl FnOnce(&mut Told)) {
        change(&mut self.account.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn refuse(&self, why: String) -> String {
        tracing::info!(why, "a search of the web is not made");
        self.note(|told| told.searches.refused += 1);
        why
    }

    fn fail(&self, sentence: String) -> String {
        self.note(|told| {
            told.searches.failed += 1;
            told.problem.get_or_insert(sentence);
        });
        NO_ANSWER.to_owned()
    }
}

/// A comparison with megabytes takes a while; one that does not come to its end lets nothing out.
async fn holds_code(query: String, shown: Vec<Arc<str>>) -> bool {
    let bytes = shown.iter().map(|text| text.len()).fold(0_usize, usize::saturating_add);
    let compare = move || repeats(&query, shown.iter().map(AsRef::as_ref));
    bytes > MAX_COMPARED_BYTES || tokio::task::spawn_blocking(compare).await.unwrap_or(true)
}
