//! `coderabbit-agent config` with nothing but a file.

use super::{Ended, run};

async fn config(arguments: &[&str], text: &str) -> Ended {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join(".coderabbit.yaml"), text).unwrap();
    let arguments: Vec<&str> = ["config"].into_iter().chain(arguments.iter().copied()).collect();
    run(directory.path(), &[], &arguments).await
}

#[tokio::test]
async fn a_file_is_checked_with_the_line_of_each_mistake() {
    let ended = config(&["check"], "reviews:\n  profil: chill\n  in_progress_fortune: true\n").await;
    assert_eq!(
        ended.stdout,
        ".coderabbit.yaml:2:3: warning: `reviews.profil` is no key; did you mean `profile`?\n\
         .coderabbit.yaml:3:3: note: `reviews.in_progress_fortune`: means nothing here: a review under way says that it is, and nothing beside\n\
         1 warning, 1 note\n"
    );
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(1), ""));

    let fine = config(&["check", ".coderabbit.yaml"], "reviews: {profile: assertive}\n").await;
    assert_eq!((fine.code, fine.stdout.as_str()), (Some(0), "nothing is wrong with it\n"));
    let noted = config(&["check"], "early_access: true\n").await;
    assert_eq!(noted.code, Some(0), "what means nothing here is no mistake: {noted:?}");
}

#[tokio::test]
async fn a_file_that_cannot_be_used_is_an_error() {
    for (text, problem) in [
        ("reviews: [", ".coderabbit.yaml:1:10: warning: the file is not used: unclosed bracket '['"),
        (&"# ten megabytes\n".repeat(640 * 1024), "more than the 512 KiB that are read"),
    ] {
        let ended = config(&["check"], text).await;
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.stderr.contains(problem) && ended.stdout.is_empty(), "{ended:?}");
    }
    let missing = config(&["check", "nowhere.yaml"], "").await;
    assert!(missing.code == Some(2) && missing.stderr.contains("nowhere.yaml cannot be read"), "{missing:?}");
}

#[tokio::test]
async fn what_counts_is_shown_with_its_defaults() {
    let ended = config(&["show"], "language: de\nreviews: {auto_review: {drafts: true}}\n").await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    for line in
        ["language: \"de\" # Source: .coderabbit.yaml", "  profile: \"chill\"", "    drafts: true # Source: .coderabbit.yaml"]
    {
        assert!(ended.stdout.lines().any(|shown| shown == line), "{line}\n\n{}", ended.stdout);
    }
}
