//! Where a name stands: by the code index where it has a say, by its letters elsewhere.

use std::sync::Arc;

use code_index::{CommitIndex, Named};
use review_core::{
    prompt::tools::{FoundBy, Hit, NameHits, Version},
    pull_request::LineRange,
    scope::set_aside_by_path,
};

use super::{Hits, Lookout, MAX_HITS};
use crate::{
    git::Search,
    pipeline::{analysis::AnalysisError, evidence::blocking},
};

/// Places that are taken from the index: some turn out to show the name only under a placeholder.
const MAX_PLACES: usize = MAX_HITS * 4;

/// A place that the index knows, as it stands in the repository.
struct Known {
    path: String,
    /// The name is on one of them.
    lines: LineRange,
    function: Option<String>,
    is_definition: bool,
}

impl Lookout {
    pub(super) async fn references(&self, name: &str) -> Result<NameHits, AnalysisError> {
        let (mut hits, mut definitions, mut uses) = (Hits::default(), Vec::new(), Vec::new());
        let known = match &self.index {
            Some(index) => Some(known(index, name).await?),
            None => None,
        };
        let (found_by, covering) = match (&self.index, &known) {
            (Some(index), Some(known)) if !known.is_empty() => (FoundBy::Index, Some(index)),
            // A setting, what is called by reflection, several words: letters in texts and comments.
            (Some(_), _) => (FoundBy::TextForUnknownName, None),
            (None, _) => (FoundBy::TextWithoutIndex, None),
        };
        for known in known.into_iter().flatten() {
            let is_definition = known.is_definition;
            let found = self.shown(name, known, &mut hits).await?;
            if is_definition { definitions.extend(found) } else { uses.extend(found) }
        }
        let is_wanted = |path: &str| {
            let is_covered = covering.is_some_and(|index| index.is_whole(path));
            !is_covered && set_aside_by_path(path, &self.filters).is_none()
        };
        let search = Search { text: name, is_word: true, under: "" };
        let lines = self.lines_that_hold(Version::Head, search, is_wanted, &mut hits).await?;
        Ok(NameHits { found_by, definitions, uses, lines, is_all: !hits.is_cut })
    }

    /// The first of the lines that shows the name. The index was made of texts as they stand in the repository: what shows
    /// only there is part of a secret.
    async fn shown(&self, name: &str, known: Known, hits: &mut Hits) -> Result<Option<Hit>, AnalysisError> {
        if hits.room() == 0 {
            hits.is_cut = true;
            return Ok(None);
        }
        let Known { path, lines, function, .. } = known;
        let Some(file) = hits.file(self, Version::Head, &path, false).await? else { return Ok(None) };
        // Some languages take names in either case.
        let lower = name.to_lowercase();
        let shows = |line: &str| line.contains(name) || line.to_lowercase().contains(&lower);
        let numbered = (1_u32..).zip(file.text.lines());
        let mut among = numbered.skip_while(|(number, _)| *number < lines.first).take_while(|(number, _)| *number <= lines.last);
        let Some((line, text)) = among.find(|(_, line)| shows(line)) else { return Ok(None) };
        let (text, within) = (text.to_owned(), function.filter(|function| file.text.contains(function.as_str())));
        hits.count += 1;
        Ok(Some(Hit { path, line, text, within }))
    }
}

/// Definitions, then uses, in files that the index knows whole.
async fn known(index: &Arc<CommitIndex>, name: &str) -> Result<Vec<Known>, AnalysisError> {
    let (index, name) = (Arc::clone(index), name.to_owned());
    // A name that is everywhere is weighed in thousands of places: not on a thread that answers webhooks.
    blocking("looking for a name", move || {
        let Named { definitions, uses } = index.named(&name);
        let function = |path: &str, line: u32| index.enclosing_function(path, line).map(|function| function.name.clone());
        let definitions = definitions.into_iter().map(|(path, symbol)| Known {
            path: path.to_owned(),
            lines: symbol.lines,
            function: None,
            is_definition: true,
        });
        let uses = uses.into_iter().map(|place| Known {
            path: place.path.to_owned(),
            lines: LineRange::new(place.line, place.line),
            function: function(place.path, place.line),
            is_definition: false,
        });
        definitions.chain(uses).filter(|known| index.is_whole(&known.path)).take(MAX_PLACES).collect()
    })
    .await
}
