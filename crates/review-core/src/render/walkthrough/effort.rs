//! How long a review by a colleague takes.

use super::layout::section;
use crate::sections::Effort;

pub(super) fn section_of(effort: Option<Effort>) -> Option<String> {
    let Effort { complexity, minutes } = effort?;
    let word = match complexity {
        1 => "Trivial",
        2 => "Simple",
        3 => "Moderate",
        4 => "Complex",
        _ => "Critical",
    };
    section("Estimated code review effort", &format!("🎯 {complexity} ({word}) | ⏱️ ~{minutes} minutes"))
}
