//! What the change means for those who use it, where a team wants it here and not in the description.

use super::layout::section;
use crate::render::model_text::neutralise;

const MAX_CHARS: usize = 3_000;

pub(super) fn section_of(release_notes: &str) -> Option<String> {
    section("Summary", &neutralise(release_notes, MAX_CHARS))
}
