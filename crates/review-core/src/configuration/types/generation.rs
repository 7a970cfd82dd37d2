//! `code_generation` and `issue_enrichment`.

use super::{LabelingInstruction, PathGuidance, SwitchedOff, section};
use crate::configuration::languages::Language;

/// Whether issues are enriched without being asked.
pub type AutoEnrich = SwitchedOff;

section! {
    /// Code that is written on request.
    CodeGeneration {
        /// Docstrings.
        docstrings: DocstringGeneration = DocstringGeneration::default(),
        /// Unit tests.
        unit_tests: UnitTestGeneration = UnitTestGeneration::default(),
    }
}

section! {
    /// Docstrings.
    DocstringGeneration {
        /// Their language.
        language: Language = Language::default(),
        /// What to know about files of a pattern.
        path_instructions: Vec<PathGuidance> = Vec::new(),
    }
}

section! {
    /// Unit tests.
    UnitTestGeneration {
        /// What to know about files of a pattern.
        path_instructions: Vec<PathGuidance> = Vec::new(),
    }
}

section! {
    /// Work on issues.
    IssueEnrichment {
        /// Enrich issues without being asked.
        auto_enrich: AutoEnrich = AutoEnrich::default(),
        /// Plans.
        planning: Planning = Planning::default(),
        /// Labels.
        labeling: IssueLabeling = IssueLabeling::default(),
    }
}

section! {
    /// Plans for issues.
    Planning {
        /// Whether plans are made.
        enabled: bool = true,
        /// Plans without being asked.
        auto_planning: AutoPlanning = AutoPlanning::default(),
    }
}

section! {
    /// Plans without being asked.
    AutoPlanning {
        /// Whether they are made.
        enabled: bool = true,
        /// Labels that ask for one, with `!` before those that forbid it.
        labels: Vec<String> = Vec::new(),
    }
}

section! {
    /// Labels of issues.
    IssueLabeling {
        /// The labels that may be suggested, and when.
        labeling_instructions: Vec<LabelingInstruction> = Vec::new(),
        /// Set suggested labels.
        auto_apply_labels: bool = false,
    }
}
