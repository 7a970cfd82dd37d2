//! The page of the configuration file says which test shows that a key is obeyed: that test must exist.

use super::{SourceFile, modules::is_test};

pub(super) fn problems(files: &[SourceFile], named: &[&str]) -> Vec<String> {
    let tests: Vec<&SourceFile> = files.iter().filter(|file| file.is("rs") && is_test(&file.path)).collect();
    let stands = |name: &str| tests.iter().any(|file| file.text.contains(&format!("fn {name}(")));
    let missing = named.iter().filter(|name| !stands(name));
    missing.map(|name| format!("review-core/src/configuration/keys.rs names a test {name}, which does not exist")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_that_is_gone_is_named() {
        let file = |path: &str, text: &str| SourceFile { path: path.to_owned(), text: text.to_owned() };
        let files = [file("crates/a/src/tests.rs", "fn it_works() {}\n"), file("crates/a/src/lib.rs", "fn it_looks_so() {}\n")];
        assert_eq!(problems(&files, &["it_works"]), Vec::<String>::new());
        assert_eq!(problems(&files, &["it_looks_so", "it_work"]).len(), 2);
    }
}
