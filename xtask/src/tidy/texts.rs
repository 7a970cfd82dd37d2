//! Length of files, and words that have no place in a finished one.

use super::{
    SourceFile,
    modules::{code_of, is_test},
};

/// Lines of a source file before its tests.
const MAX_LINES: usize = 600;
/// Written in halves, or this file would break its own rule.
const UNFINISHED: &[&str] = &[concat!("TO", "DO"), concat!("FIX", "ME"), concat!("#[ig", "nore"), concat!("unimple", "mented!(")];

pub(super) fn problems(files: &[SourceFile]) -> Vec<String> {
    let mut problems = Vec::new();
    for file in files {
        let rust = file.is("rs");
        if rust && !is_test(&file.path) {
            let lines = code_of(&file.text).lines().count();
            if lines > MAX_LINES {
                problems.push(format!("{}: {lines} lines, more than {MAX_LINES}; split it", file.path));
            }
        }
        let ours = rust || file.is("md") || file.is("toml");
        if ours {
            for (number, line) in (1..).zip(file.text.lines()) {
                if let Some(word) = UNFINISHED.iter().find(|word| line.contains(**word)) {
                    problems.push(format!("{}:{number}: says {word}", file.path));
                }
            }
        }
        if ours && !file.text.is_empty() && !file.text.ends_with('\n') {
            problems.push(format!("{}: the last line does not end", file.path));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::{MAX_LINES, SourceFile, UNFINISHED, problems};

    #[test]
    fn long_files_and_unfinished_ones_are_found_but_long_tests_are_fine() {
        let file = |path: &str, text: String| SourceFile { path: path.to_owned(), text };
        let long = "x\n".repeat(MAX_LINES + 1);
        let files = [
            file("a.rs", long.clone()),
            file("b/tests.rs", long.clone()),
            file("c.rs", format!("x\n#[cfg(test)]\n{long}")),
            file("d.rs", format!("// {}\n", UNFINISHED[0])),
            file("e.md", "no end".to_owned()),
        ];
        let found = problems(&files);
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found[0].starts_with("a.rs: 601 lines") && found[1].starts_with("d.rs:1") && found[2].starts_with("e.md"));
    }
}
