//! Links between files of the repository lead somewhere.

use std::path::{Component, Path, PathBuf};

use pulldown_cmark::{Event, Parser, Tag, TagEnd};

use super::SourceFile;

/// Links to files that are not there (`exists` takes a path from the root), and to headings that no longer are.
pub(super) fn problems(files: &[SourceFile], exists: &dyn Fn(&str) -> bool) -> Vec<String> {
    let mut problems = Vec::new();
    for file in files.iter().filter(|file| file.is("md")) {
        for link in links(&file.text) {
            let (target, heading) =
                link.split_once('#').map_or((link.as_str(), None), |(target, heading)| (target, Some(heading)));
            let path = if target.is_empty() { Some(file.path.clone()) } else { resolve(&file.path, target) };
            let Some(path) = path.filter(|path| exists(path)) else {
                problems.push(format!("{}: the link to {link} leads nowhere", file.path));
                continue;
            };
            let Some(heading) = heading else { continue };
            let there = files
                .iter()
                .find(|other| other.path == path)
                .is_some_and(|other| headings(&other.text).iter().any(|one| one == heading));
            if !there {
                problems.push(format!("{}: {path} has no heading #{heading}", file.path));
            }
        }
    }
    problems
}

/// Targets of links and images that stay in the repository.
fn links(markdown: &str) -> Vec<String> {
    let targets = Parser::new(markdown).filter_map(|event| match event {
        Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => Some(dest_url.into_string()),
        _ => None,
    });
    targets.filter(|target| !target.contains("://") && !target.starts_with("mailto:")).collect()
}

/// Anchors of the headings, as the usual forges make them.
fn headings(markdown: &str) -> Vec<String> {
    let mut anchors = Vec::new();
    let mut heading: Option<String> = None;
    for event in Parser::new(markdown) {
        match event {
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::Text(text) | Event::Code(text) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&text);
                }
            }
            Event::End(TagEnd::Heading(_)) => anchors.extend(heading.take().map(|heading| anchor(&heading))),
            _ => {}
        }
    }
    anchors
}

fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase();
    let kept = kept.chars().filter(|character| character.is_alphanumeric() || [' ', '-', '_'].contains(character));
    kept.map(|character| if character == ' ' { '-' } else { character }).collect()
}

/// `target` as seen from `from`, as a path from the root; None when it leads out of the repository.
fn resolve(from: &str, target: &str) -> Option<String> {
    let start = Path::new(from).parent()?;
    let mut path = if target.starts_with('/') { PathBuf::new() } else { start.to_owned() };
    for part in Path::new(target.trim_start_matches('/')).components() {
        match part {
            Component::Normal(name) => path.push(name),
            Component::ParentDir if !path.pop() => return None,
            _ => {}
        }
    }
    Some(path.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::{SourceFile, problems};

    #[test]
    fn links_to_missing_files_and_headings_are_found() {
        let file = |path: &str, text: &str| SourceFile { path: path.to_owned(), text: text.to_owned() };
        let files = [
            file(
                "README.md",
                "# The two `commands`\n[a](docs/x.md) [b](#the-two-commands) [c](#gone) [d](https://x.y/z) [e](missing.md)",
            ),
            file("docs/x.md", "## Part 1: it\n[up](../README.md) [self](x.md#part-1-it) [out](../../etc/passwd)"),
        ];
        let exists = |path: &str| ["README.md", "docs/x.md"].contains(&path);
        assert_eq!(
            problems(&files, &exists),
            [
                "README.md: README.md has no heading #gone",
                "README.md: the link to missing.md leads nowhere",
                "docs/x.md: the link to ../../etc/passwd leads nowhere",
            ]
        );
    }
}
