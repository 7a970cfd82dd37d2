use super::*;

fn listing(repository: &Repository, commit: &str) -> String {
    String::from_utf8(repository.git(&["ls-tree", "-r", commit]).unwrap()).unwrap()
}

#[test]
fn the_same_calls_make_the_same_commits() {
    let build = || {
        let dir = tempfile::tempdir().unwrap();
        let repository = Repository::init_bare(dir.path()).unwrap();
        let base = repository.commit(&[("src/a.cs", "class A {}\n")], "Start").unwrap();
        (base, repository.change(MAIN).file("b.txt", "b\n").commit("Add b").unwrap())
    };
    let first = build();
    assert_eq!(first, build());
    assert_ne!(first.0, first.1);
}

#[test]
fn a_change_can_rename_delete_link_and_set_modes() {
    let dir = tempfile::tempdir().unwrap();
    let repository = Repository::init_bare(dir.path()).unwrap();
    repository.commit(&[("old name.txt", "one\n"), ("gone.txt", "x\n"), ("run.sh", "echo\n")], "Start").unwrap();
    let head = repository
        .change(MAIN)
        .rename("old name.txt", "new \"name\".txt")
        .delete("gone.txt")
        .executable("run.sh", "echo\n")
        .symlink("link", "run.sh")
        .submodule("vendor/lib", "1111111111111111111111111111111111111111")
        .raw_path(b"caf\xe9.txt", "latin\n")
        .commit("Everything at once")
        .unwrap();
    let listed = listing(&repository, &head);
    let modes: Vec<&str> = listed.lines().filter_map(|line| line.split('\t').next()?.split(' ').next()).collect();
    assert_eq!(modes, ["100644", "120000", "100644", "100755", "160000"], "{listed}");
    assert!(listed.contains(r#""new \"name\".txt""#), "{listed}");
    assert!(listed.contains(r"caf\351.txt"), "{listed}");
    assert!(!listed.contains("gone.txt"), "{listed}");
}

#[test]
fn a_work_tree_follows_its_branch() {
    let dir = tempfile::tempdir().unwrap();
    let repository = Repository::init(dir.path()).unwrap();
    let base = repository.commit(&[("a.txt", "1\n")], "Start").unwrap();
    repository.set_branch("topic", &base).unwrap();
    repository.change("topic").file("a.txt", "2\n").commit("Change").unwrap();
    assert_eq!(std::fs::read_to_string(dir.path().join("a.txt")).unwrap(), "1\n");
    repository.checkout("topic").unwrap();
    assert_eq!(std::fs::read_to_string(dir.path().join("a.txt")).unwrap(), "2\n");
}

#[test]
fn a_branch_can_be_rewritten_and_refs_are_found_packed_or_loose() {
    let dir = tempfile::tempdir().unwrap();
    let repository = Repository::init_bare(dir.path()).unwrap();
    let base = repository.commit(&[("a.txt", "1\n")], "Start").unwrap();
    let second = repository.commit(&[("a.txt", "2\n")], "Second").unwrap();
    let rewritten = repository.change(MAIN).onto(&base).file("a.txt", "3\n").commit("Instead").unwrap();
    assert_ne!(second, rewritten);
    assert_eq!(repository.head(MAIN).as_deref(), Some(rewritten.as_str()));
    repository.git(&["pack-refs", "--all"]).unwrap();
    assert_eq!(repository.head(MAIN).as_deref(), Some(rewritten.as_str()));
    assert_eq!(repository.head("no/such"), None);
    assert_eq!(repository.resolve_ref("refs/../HEAD"), None);
}
