//! Repositories that are thrown away.

use std::collections::BTreeMap;

use super::fixture::{Fixture, git};
use crate::git::{GitError, NewFile, NewFileKind, Scratch};

fn file(path: &str, content: &str) -> NewFile {
    NewFile { path: path.to_owned(), content: content.as_bytes().to_vec(), kind: NewFileKind::Regular }
}

#[tokio::test]
async fn a_commit_holds_exactly_its_files_and_its_id_depends_on_nothing_else() {
    let odd = "odd \"name\" \\ with\nbreak\té.txt";
    let link = NewFile { kind: NewFileKind::Symlink, ..file("link", "/etc/passwd") };
    let script = NewFile { kind: NewFileKind::Executable, ..file("run.sh", "#!/bin/sh\n") };
    let mut ids = Vec::new();
    for _ in 0..2 {
        let scratch = Scratch::new().await.unwrap();
        let base = scratch.commit("1-base", &[file("gone.txt", "1\n"), file("kept.txt", "1\n")], None).await.unwrap();
        let files = [file("kept.txt", "1\n"), file(odd, "M 100644 inline x\ndata 1\n"), link.clone(), script.clone()];
        let head = scratch.commit("1-head", &files, Some(&base)).await.unwrap();
        let repository = scratch.repository();
        assert_eq!(repository.merge_base(&base, &head).await.unwrap(), base);
        let blobs = repository.blobs(&head, &["gone.txt", "kept.txt", odd, "link", "run.sh"], 1_000).await.unwrap();
        let expected = [("kept.txt", "1\n"), (odd, "M 100644 inline x\ndata 1\n"), ("run.sh", "#!/bin/sh\n")];
        let expected: BTreeMap<String, Vec<u8>> =
            expected.into_iter().map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec())).collect();
        assert_eq!(blobs, expected, "a link is no file, and what was not given again is gone");
        ids.push((base, head));
    }
    assert_eq!(ids[0], ids[1]);
}

#[tokio::test]
async fn a_bundle_gives_its_commits_and_one_that_is_broken_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let origin = Fixture::new(&folder.path().join("work"));
    origin.write("a.txt", "1\n");
    let commit = origin.commit("first");
    let bundle = folder.path().join("change.bundle");
    git(&origin.path, &["bundle", "create", "--quiet", bundle.to_str().unwrap(), "HEAD"]);
    let scratch = Scratch::new().await.unwrap();
    let names = scratch.unbundle(&bundle).await.unwrap();
    assert_eq!(names, [("HEAD".to_owned(), commit.to_string())]);
    assert_eq!(scratch.repository().resolve(commit.as_str()).await.unwrap(), commit);

    std::fs::write(&bundle, "no bundle").unwrap();
    let broken = scratch.unbundle(&bundle).await.unwrap_err();
    assert!(matches!(&broken, GitError::Failed { action, .. } if action == "bundle unbundle"), "{broken:?}");
    let missing = scratch.unbundle(&folder.path().join("gone")).await.unwrap_err();
    assert!(matches!(missing, GitError::Io { .. }), "{missing:?}");
}

#[tokio::test]
async fn nothing_of_it_stays() {
    let scratch = Scratch::new().await.unwrap();
    let directory = scratch.directory().to_owned();
    assert!(directory.exists());
    drop(scratch);
    assert!(!directory.exists());
}
