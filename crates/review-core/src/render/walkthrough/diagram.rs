//! Sequence diagrams: drawn where the page can, and in words below.

use super::layout::{folded, section};
use crate::{mermaid::SequenceDiagram, render::model_text::neutralise_line, sections::Diagram};

const MAX_TITLE_CHARS: usize = 120;
const MAX_LINE_CHARS: usize = 300;

/// None without a diagram.
pub(in crate::render) fn section_of(diagrams: &[Diagram]) -> Option<String> {
    let blocks: Vec<String> = diagrams.iter().map(block).collect();
    section(if diagrams.len() > 1 { "Sequence diagrams" } else { "Sequence diagram" }, &blocks.join("\n\n"))
}

fn block(Diagram { title, chart }: &Diagram) -> String {
    let title = neutralise_line(title, MAX_TITLE_CHARS);
    let title = if title.is_empty() { String::new() } else { format!("**{title}**\n\n") };
    // The container of Azure DevOps: it draws no fence of Mermaid's.
    let drawn = format!("::: mermaid\n{}\n:::", chart.to_mermaid());
    // Servers draw nothing at all, and comments of the service not everywhere.
    format!("{title}{drawn}\n\n{}", folded("The same in words", &words(chart)))
}

fn words(chart: &SequenceDiagram) -> String {
    let lines = chart.to_words();
    let line = |(depth, text): &(usize, String)| format!("{}- {}", "  ".repeat(*depth), neutralise_line(text, MAX_LINE_CHARS));
    lines.iter().map(line).collect::<Vec<_>>().join("\n")
}
