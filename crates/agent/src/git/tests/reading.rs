//! Reading from repositories, the user's own and hostile ones.

use std::path::Path;

use review_core::pull_request::CommitId;

use super::{
    fixture::{Fixture, git},
    server::{GitServer, TOKEN, authorization, source},
};
use crate::git::{GitError, Mirrors, Repository};

struct Story {
    folder: tempfile::TempDir,
    origin: Fixture,
}

impl Story {
    fn begin() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let origin = Fixture::new(&folder.path().join("work"));
        Self { folder, origin }
    }

    async fn local(&self) -> Repository {
        Repository::local(&self.origin.path).await.unwrap()
    }
}

async fn patch(repository: &Repository, base: &CommitId, head: &CommitId) -> String {
    String::from_utf8(repository.diff(base, head).await.unwrap()).unwrap()
}

#[tokio::test]
async fn a_folder_of_the_user_leads_to_its_repository() {
    let story = Story::begin();
    story.origin.write("src/deep/a.txt", "1\n");
    let first = story.origin.commit("first");
    story.origin.write("src/deep/a.txt", "2\n");
    let second = story.origin.commit("second");

    let below = Repository::local(&story.origin.path.join("src/deep")).await.unwrap();
    assert_eq!(below.resolve("HEAD").await.unwrap(), second);
    assert_eq!(below.resolve("main~1").await.unwrap(), first);
    assert_eq!(below.resolve(first.short()).await.unwrap(), first);

    let worktree = story.folder.path().join("linked");
    story.origin.git(&["worktree", "add", "--quiet", "-b", "other", worktree.to_str().unwrap(), "HEAD~1"]);
    let linked = Repository::local(&worktree).await.unwrap();
    assert_eq!(linked.resolve("HEAD").await.unwrap(), first);
    assert!(patch(&linked, &first, &second).await.contains("-1\n+2\n"));

    let bare = story.folder.path().join("bare.git");
    git(story.folder.path(), &["clone", "--quiet", "--bare", "work", bare.to_str().unwrap()]);
    assert_eq!(Repository::local(&bare).await.unwrap().resolve("main").await.unwrap(), second);

    let nowhere = tempfile::tempdir().unwrap();
    assert!(matches!(Repository::local(nowhere.path()).await, Err(GitError::NotARepository(_))));
    assert!(matches!(Repository::local(Path::new("/no/such/place")).await, Err(GitError::Io { .. })));
}

#[tokio::test]
async fn what_is_no_commit_is_refused() {
    let story = Story::begin();
    story.origin.write("a.txt", "1\n");
    story.origin.commit("first");
    let local = story.local().await;
    for revision in ["", "--all", "-h", "nothing", "HEAD:a.txt", "HEAD\n", "HEAD..HEAD~1", "\u{1b}[31m"] {
        let refused = local.resolve(revision).await;
        assert!(matches!(refused, Err(GitError::Failed { .. })), "{revision:?}: {refused:?}");
    }
}

#[tokio::test]
async fn the_merge_base_is_found_or_missed_with_words() {
    let story = Story::begin();
    story.origin.write("a.txt", "1\n");
    let fork = story.origin.commit("fork");
    let main = story.origin.commit("on main");
    story.origin.git(&["checkout", "--quiet", "-b", "feature", fork.as_str()]);
    let feature = story.origin.commit("on feature");
    story.origin.git(&["checkout", "--quiet", "--orphan", "unrelated"]);
    let unrelated = story.origin.commit("unrelated");

    let local = story.local().await;
    assert_eq!(local.merge_base(&main, &feature).await.unwrap(), fork);
    let missed = local.merge_base(&main, &unrelated).await.unwrap_err().to_string();
    assert!(missed.contains("no common ancestor"), "{missed}");
    let unknown = CommitId::parse(&"a".repeat(40)).unwrap();
    assert!(matches!(local.merge_base(&main, &unknown).await, Err(GitError::Failed { .. })));
}

#[tokio::test]
async fn the_patch_is_the_same_whatever_the_user_likes() {
    let story = Story::begin();
    story.origin.write("kept.cs", "class A\n{\n    int x;\n}\n".repeat(10));
    story.origin.write("äö.txt", "1\n");
    let base = story.origin.commit("base");
    story.origin.git(&["mv", "kept.cs", "moved.cs"]);
    story.origin.write("äö.txt", "2\n");
    let head = story.origin.commit("head");
    let plain = patch(&story.local().await, &base, &head).await;
    assert!(plain.contains("similarity index 100%\nrename from kept.cs\nrename to moved.cs\n"), "{plain}");
    assert!(plain.contains(r#"diff --git "a/\303\244\303\266.txt" "b/\303\244\303\266.txt""#), "{plain}");
    let index = plain.lines().find(|line| line.starts_with("index ")).unwrap();
    assert_eq!(index.len(), "index ".len() + 40 + 2 + 40 + " 100644".len(), "{index}");

    for (key, value) in [
        ("diff.noprefix", "true"),
        ("diff.mnemonicPrefix", "true"),
        ("diff.context", "0"),
        ("diff.renames", "false"),
        ("diff.algorithm", "patience"),
        ("diff.external", "false"),
        ("core.quotePath", "false"),
        ("color.ui", "always"),
        ("core.abbrev", "4"),
    ] {
        story.origin.git(&["config", key, value]);
    }
    assert_eq!(patch(&story.local().await, &base, &head).await, plain);
}

#[tokio::test]
async fn a_hostile_repository_runs_nothing_and_hides_nothing() {
    let story = Story::begin();
    let trap = story.folder.path().join("sprung");
    let spring = format!("touch {}", trap.display());
    story.origin.write("secret.cs", "class A { }\n");
    story.origin.write(".gitattributes", "*.cs -diff filter=evil diff=evil merge=evil\n*.sh ident eol=crlf\n");
    story.origin.write("crlf.txt", "one\r\ntwo\r\n");
    story.origin.write("run.sh", "#!/bin/sh\n");
    let base = story.origin.commit("base");
    story.origin.write("secret.cs", "class A { int backdoor; }\n");
    story.origin.write("crlf.txt", "one\r\n2\r\n");
    story.origin.git(&["update-index", "--chmod=+x", "run.sh"]);
    story.origin.git(&["add", "secret.cs", "crlf.txt"]);
    // A link out of the repository, and a submodule whose URL is an option.
    let target = story.origin.blob("/etc/passwd");
    story.origin.git(&["update-index", "--add", "--cacheinfo", &format!("120000,{target},link")]);
    story.origin.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{base},sub")]);
    let modules = story.origin.blob("[submodule \"sub\"]\n\tpath = sub\n\turl = -u./payload\n");
    story.origin.git(&["update-index", "--add", "--cacheinfo", &format!("100644,{modules},.gitmodules")]);
    story.origin.git(&["commit", "--quiet", "--message", "head"]);
    let head = story.origin.head();

    for key in ["filter.evil.smudge", "filter.evil.clean", "diff.evil.command", "diff.evil.textconv", "diff.external"] {
        story.origin.git(&["config", key, &spring]);
    }
    for key in ["core.fsmonitor", "core.pager", "core.sshCommand", "pager.diff-tree", "core.alternateRefsCommand"] {
        story.origin.git(&["config", key, &spring]);
    }
    for hook in ["post-checkout", "reference-transaction", "post-index-change", "fsmonitor-watchman"] {
        story.origin.write(&format!(".git/hooks/{hook}"), format!("#!/bin/sh\n{spring}\n"));
        let path = story.origin.path.join(".git/hooks").join(hook);
        std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }

    let local = story.local().await;
    let text = patch(&local, &base, &head).await;
    assert!(text.contains("+class A { int backdoor; }\n"), "{text}");
    assert!(text.contains("-two\r\n+2\r\n"), "{text}");
    assert!(text.contains("diff --git a/run.sh b/run.sh\nold mode 100644\nnew mode 100755\n"), "{text}");
    assert!(text.contains("new file mode 120000\n"), "{text}");
    assert!(text.contains(&format!("new file mode 160000\nindex {}..{base}\n", "0".repeat(40))), "{text}");
    assert!(text.contains(&format!("+Subproject commit {base}\n")), "{text}");

    assert_eq!(local.blob(&head, "secret.cs", 1000).await.unwrap().unwrap(), b"class A { int backdoor; }\n");
    assert_eq!(local.blob(&head, "link", 1000).await.unwrap(), None, "a link is no file");
    assert_eq!(local.blob(&head, "sub", 1000).await.unwrap(), None, "a submodule is no file");
    assert_eq!(local.grep(&head, "backdoor", 10).await.unwrap().len(), 1);
    assert!(!local.list(&head, |_| true, 100).await.unwrap().contains(&"link".to_owned()));
    assert!(!trap.exists(), "something of the repository was run");
}

#[tokio::test]
async fn large_and_binary_files_are_told_and_not_printed() {
    let story = Story::begin();
    story.origin.write("huge.txt", "0123456789abcde\n".repeat(10 << 16));
    story.origin.write("image.bin", [0, 159, 146, 150]);
    let base = story.origin.commit("base");
    story.origin.write("huge.txt", "0123456789abcdf\n".repeat(10 << 16));
    story.origin.write("image.bin", [0, 159, 146, 151]);
    story.origin.write("empty.txt", "");
    let head = story.origin.commit("head");

    let local = story.local().await;
    let text = patch(&local, &base, &head).await;
    assert!(text.contains("Binary files a/huge.txt and b/huge.txt differ\n"), "{}", text.len());
    assert!(text.contains("Binary files a/image.bin and b/image.bin differ\n"));
    assert!(text.contains("diff --git a/empty.txt b/empty.txt\nnew file mode 100644\n"));
    assert_eq!(local.blob(&head, "huge.txt", 1 << 20).await.unwrap(), None);
    assert_eq!(local.blob(&head, "huge.txt", 20 << 20).await.unwrap().unwrap().len(), 10 << 20);
    assert_eq!(local.blob(&head, "empty.txt", 0).await.unwrap().unwrap(), b"");
}

#[tokio::test]
async fn files_are_read_by_any_name_that_git_allows() {
    let story = Story::begin();
    let names = ["plain.txt", "with space", "new\nline", "tab\there", "ünï.txt", "-dash", ":(top)x", "*", "[a]", "a/b/c", "\""];
    for name in names {
        story.origin.write(name, name);
    }
    let bytes = story.origin.blob("not UTF-8");
    let tree = story.folder.path().join("index-lines");
    std::fs::write(&tree, [b"100644 ", bytes.as_bytes(), b"\tcaf\xe9.txt\0"].concat()).unwrap();
    story.origin.git(&["add", "--all"]);
    index_info(&story.origin.path, &tree);
    story.origin.git(&["commit", "--quiet", "--message", "names"]);
    let head = story.origin.head();

    let local = story.local().await;
    let found = local.blobs(&head, &names, 1000).await.unwrap();
    let expected = names.iter().map(|name| ((*name).to_owned(), name.as_bytes().to_vec())).collect();
    assert_eq!(found, expected);
    for path in ["", "/plain.txt", "./plain.txt", "../work/plain.txt", "a//b/c", "a", "a/", "a/b", "nothing", "plain.txt\0"] {
        assert_eq!(local.blob(&head, path, 1000).await.unwrap(), None, "{path:?}");
    }
    let listed = local.list(&head, |_| true, 100).await.unwrap();
    assert_eq!(listed.len(), names.len(), "the name that is not UTF-8 is left out: {listed:?}");
    let empty = CommitId::parse(story.origin.git(&["hash-object", "-t", "tree", "/dev/null"]).trim()).unwrap();
    let text = String::from_utf8(local.diff(&empty, &head).await.unwrap()).unwrap();
    assert!(text.contains(r#"b/caf\351.txt""#), "{text}");
}

#[expect(clippy::disallowed_methods, reason = "the tests make their repositories with git itself")]
fn index_info(repository: &Path, lines: &Path) {
    let mut command = std::process::Command::new("git");
    command.args(["update-index", "-z", "--index-info"]).current_dir(repository).stdin(std::fs::File::open(lines).unwrap());
    assert!(command.status().unwrap().success());
}

#[tokio::test]
async fn thousands_of_paths_are_read_in_few_processes() {
    let story = Story::begin();
    let paths: Vec<String> =
        (0..3000).map(|number| format!("src/module{}/a_rather_long_name_{number}.cs", number % 50)).collect();
    for path in &paths {
        story.origin.write(path, path);
    }
    let head = story.origin.commit("many");
    let wanted: Vec<&str> = paths.iter().map(String::as_str).collect();
    let found = story.local().await.blobs(&head, &wanted, 1000).await.unwrap();
    assert_eq!(found.len(), 3000);
    assert!(found.iter().all(|(path, content)| path.as_bytes() == content));
}

#[tokio::test]
async fn names_are_listed_by_choice_and_limit() {
    let story = Story::begin();
    for path in ["AGENTS.md", "src/AGENTS.md", "src/main.rs", "docs/a.md"] {
        story.origin.write(path, path);
    }
    let head = story.origin.commit("files");
    let local = story.local().await;
    let guides = local.list(&head, |path| path.ends_with("AGENTS.md"), 10).await.unwrap();
    assert_eq!(guides, ["AGENTS.md", "src/AGENTS.md"]);
    assert_eq!(local.list(&head, |_| true, 2).await.unwrap(), ["AGENTS.md", "docs/a.md"]);
    assert_eq!(local.list(&head, |_| true, 0).await.unwrap(), Vec::<String>::new());
    let unknown = CommitId::parse(&"b".repeat(40)).unwrap();
    assert!(matches!(local.list(&unknown, |_| true, 2).await, Err(GitError::Failed { .. })));
    let places = ["AGENTS.md", "src", "doc", "missing/x", "../up", "*"].map(str::to_owned);
    assert_eq!(local.list_at(&head, &places, 10).await.unwrap(), ["AGENTS.md", "src/AGENTS.md", "src/main.rs"]);
    assert_eq!(local.list_at(&head, &places, 2).await.unwrap(), ["AGENTS.md", "src/AGENTS.md"]);
    assert_eq!(local.list_at(&head, &[], 2).await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn the_commits_that_touched_a_file_are_told_newest_first() {
    let story = Story::begin();
    story.origin.write("src/a [1].rs", "one\n");
    story.origin.write("b.rs", "b\n");
    let first = story.origin.commit("First\n\nWith more words.");
    story.origin.write("src/a [1].rs", "two\n");
    let second = story.origin.commit("Second");
    story.origin.write("b.rs", "c\n");
    let third = story.origin.commit("Elsewhere");
    let local = story.local().await;
    let told = |commits: Option<Vec<review_core::prompt::tools::PastCommit>>| -> Vec<(String, String)> {
        commits.unwrap().into_iter().map(|commit| (commit.id, commit.subject)).collect()
    };
    let found = local.commits_of(&third, "src/a [1].rs", 9).await.unwrap();
    let day = &found.as_ref().unwrap()[0].day;
    assert!(day.len() == 10 && day.starts_with("20"), "{day}");
    assert_eq!(told(found), [(second.to_string(), "Second".to_owned()), (first.to_string(), "First".to_owned())]);
    assert_eq!(told(local.commits_of(&first, "src/a [1].rs", 9).await.unwrap()).len(), 1);
    assert_eq!(told(local.commits_of(&third, "b.rs", 1).await.unwrap()), [(third.to_string(), "Elsewhere".to_owned())]);
    assert_eq!(told(local.commits_of(&third, "src/*", 9).await.unwrap()), []);
    let unknown = CommitId::parse(&"b".repeat(40)).unwrap();
    assert!(local.commits_of(&unknown, "b.rs", 9).await.is_err());
}

#[tokio::test]
async fn words_are_found_whole_and_literally() {
    let story = Story::begin();
    story.origin.write("a.cs", "Total(1);\nSubTotal(2);\nvar total = Total(3);\r\n");
    story.origin.write("b.cs", format!("{} Total", "x".repeat(5000)));
    story.origin.write("c.bin", b"\0Total\0");
    story.origin.write("d.cs", "-e --or .* Total[\n");
    let head = story.origin.commit("words");
    let local = story.local().await;
    let hits = local.grep(&head, "Total", 10).await.unwrap();
    let found: Vec<(&str, u32)> = hits.iter().map(|hit| (hit.path.as_str(), hit.line)).collect();
    assert_eq!(found, [("a.cs", 1), ("a.cs", 3), ("b.cs", 1), ("d.cs", 1)]);
    assert_eq!(hits[1].text, "var total = Total(3);");
    assert_eq!(hits[2].text.len(), 500);
    assert_eq!(local.grep(&head, "Total", 2).await.unwrap(), hits[..2]);
    for nothing in ["", "no such word", "T.tal", "a\nb", "--help"] {
        assert_eq!(local.grep(&head, nothing, 10).await.unwrap(), [], "{nothing:?}");
    }
    assert_eq!(local.grep(&head, "--or", 10).await.unwrap().len(), 1);
    let unknown = CommitId::parse(&"b".repeat(40)).unwrap();
    assert!(matches!(local.grep(&unknown, "Total", 2).await, Err(GitError::Failed { .. })));
}

#[tokio::test]
async fn a_mirror_is_searched_only_in_what_is_here_until_more_is_fetched() {
    let server = GitServer::start().await;
    let origin = server.repository("shop");
    origin.write("callee.cs", "void Pay() { }\n");
    origin.write("caller.cs", "Pay();\n");
    origin.write("link", "Pay\n");
    let base = origin.commit("base");
    origin.write("callee.cs", "void Pay(int amount) { }\n");
    let head = origin.commit("head");
    let folder = tempfile::tempdir().unwrap();
    let mirrors = Mirrors::new(folder.path(), u64::MAX, |_| Vec::new()).unwrap();
    let pair = [base.clone(), head.clone()];
    let mirror = mirrors.fetch(source(&server.url("shop"), Some(&authorization(TOKEN))), &pair).await.unwrap();
    mirror.diff(&base, &head).await.unwrap();
    server.take_requests();

    let paths = |hits: Vec<crate::git::GrepHit>| hits.into_iter().map(|hit| hit.path).collect::<Vec<_>>();
    assert_eq!(paths(mirror.grep(&head, "Pay", 10).await.unwrap()), ["callee.cs"]);
    assert_eq!(server.take_requests(), Vec::<String>::new());

    let sources = mirror.list(&head, |path| Path::new(path).extension().is_some_and(|end| end == "cs"), 100).await.unwrap();
    let sources: Vec<&str> = sources.iter().map(String::as_str).collect();
    mirror.fetch_blobs(&head, &sources).await.unwrap();
    assert!(!server.take_requests().is_empty());
    assert_eq!(paths(mirror.grep(&head, "Pay", 10).await.unwrap()), ["callee.cs", "caller.cs"]);
    mirror.fetch_blobs(&head, &sources).await.unwrap();
    assert_eq!(server.take_requests(), Vec::<String>::new());
}

#[tokio::test]
async fn what_stands_at_a_path_is_told_whatever_it_is() {
    let story = Story::begin();
    story.origin.write("tests/a.py", "a = 1\n");
    let target = story.origin.blob("../outside");
    story.origin.git(&["update-index", "--add", "--cacheinfo", &format!("120000,{target},link")]);
    story.origin.git(&["add", "tests"]);
    story.origin.git(&["commit", "--quiet", "--message", "all kinds"]);
    let head = story.origin.head();
    let paths = ["tests", "tests/a.py", "tests/b.py", "link", "link/a.py", "none", "../tests"];
    let found = story.local().await.standing_at(&head, &paths).await.unwrap();
    let told: Vec<(&str, bool)> = found.iter().map(|(path, is_folder)| (path.as_str(), *is_folder)).collect();
    assert_eq!(told, [("link", false), ("tests/a.py", false)], "a folder that another path leads through is no obstacle");
    let found = story.local().await.standing_at(&head, &["tests"]).await.unwrap();
    assert_eq!(found.into_iter().collect::<Vec<_>>(), [("tests".to_owned(), true)]);
}
