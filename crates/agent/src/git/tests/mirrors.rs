//! Fetching into mirrors.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use review_core::pull_request::CommitId;

use super::{
    fixture::{Fixture, git},
    server::{Fault, GitServer, TOKEN, authorization, source},
};
use crate::git::{Deadlines, GitError, Mirrors, Repository, Source};

const UNLIMITED: u64 = u64::MAX;

/// Does something bad to the directory of a mirror.
type Damage = fn(&Path);

/// A server with one repository of five commits, and an empty cache.
struct Story {
    server: GitServer,
    origin: Fixture,
    commits: Vec<CommitId>,
    folder: tempfile::TempDir,
    mirrors: Mirrors,
}

impl Story {
    async fn begin() -> Self {
        let server = GitServer::start().await;
        let origin = server.repository("shop");
        let mut commits = Vec::new();
        for number in 0..5 {
            origin.write(&format!("file{number}.txt"), format!("content {number}\n").repeat(20));
            origin.write("changing.txt", format!("version {number}\n"));
            commits.push(origin.commit(&format!("commit {number}")));
        }
        let folder = tempfile::tempdir().unwrap();
        let mirrors = Mirrors::new(folder.path(), UNLIMITED, |_| Vec::new()).unwrap();
        Self { server, origin, commits, folder, mirrors }
    }

    async fn fetch(&self, commits: &[CommitId]) -> Result<Repository, GitError> {
        self.mirrors.fetch(source(&self.server.url("shop"), Some(&authorization(TOKEN))), commits).await
    }

    fn mirror_directories(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.folder.path().join("mirrors")).unwrap().map(|entry| entry.unwrap().path());
        let mut paths: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|end| end == "git")).collect();
        paths.sort();
        paths
    }

    /// The kinds and number of the objects in the mirror, without fetching.
    fn objects(&self) -> Vec<String> {
        let directory = &self.mirror_directories()[0];
        let listed = git(directory, &["cat-file", "--batch-all-objects", "--batch-check=%(objecttype)"]);
        listed.lines().map(str::to_owned).collect()
    }
}

fn count(objects: &[String], kind: &str) -> usize {
    objects.iter().filter(|object| *object == kind).count()
}

fn files_below(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(files_below(&path)) } else { files.push(path) }
    }
    files
}

#[tokio::test]
async fn exactly_the_two_commits_come_and_blobs_follow_when_they_are_needed() {
    let story = Story::begin().await;
    let (base, head) = (&story.commits[2], &story.commits[4]);
    let mirror = story.fetch(&[base.clone(), head.clone()]).await.unwrap();
    let objects = story.objects();
    assert_eq!((count(&objects, "commit"), count(&objects, "tree"), count(&objects, "blob")), (2, 2, 0));

    story.server.take_requests();
    let patch = String::from_utf8(mirror.diff(base, head).await.unwrap()).unwrap();
    assert!(patch.contains("-version 2\n+version 4\n"), "{patch}");
    assert!(patch.contains("diff --git a/file3.txt b/file3.txt\nnew file mode 100644\n"), "{patch}");
    // One batch for all of them: one advertisement, one request (and one for the protocol's handshake of the filter).
    let posts = story.server.take_requests().iter().filter(|request| request.starts_with("POST")).count();
    assert!(posts <= 2, "{posts}");
    // Both versions of changing.txt, file3, file4: the unchanged files stayed on the server.
    assert_eq!(count(&story.objects(), "blob"), 4);
}

#[tokio::test]
async fn commits_that_are_here_cost_no_network() {
    let story = Story::begin().await;
    let pair = [story.commits[3].clone(), story.commits[4].clone()];
    let mirror = story.fetch(&pair).await.unwrap();
    mirror.diff(&pair[0], &pair[1]).await.unwrap();
    story.server.take_requests();

    let again = story.fetch(&pair).await.unwrap();
    again.diff(&pair[0], &pair[1]).await.unwrap();
    assert_eq!(story.server.take_requests(), Vec::<String>::new());

    story.fetch(&[story.commits[1].clone(), pair[1].clone()]).await.unwrap();
    assert!(!story.server.take_requests().is_empty());
}

#[tokio::test]
async fn the_token_arrives_in_the_header_and_nowhere_on_disk() {
    let story = Story::begin().await;
    let mirror = story.fetch(&story.commits[3..]).await.unwrap();
    mirror.diff(&story.commits[3], &story.commits[4]).await.unwrap();

    let seen = story.server.authorizations();
    assert!(seen.len() >= 4 && seen.iter().all(|header| header == "Basic OmF6dXJlLXRva2VuLTRmMWM="), "{seen:?}");
    let files = files_below(story.folder.path());
    assert!(files.len() > 5);
    for file in files {
        let content = String::from_utf8_lossy(&fs::read(&file).unwrap()).into_owned();
        assert!(!content.contains(TOKEN) && !content.contains("OmF6dXJl"), "{}", file.display());
    }
}

#[tokio::test]
async fn a_refused_token_says_so_without_showing_it() {
    let story = Story::begin().await;
    let url = story.server.url("shop");
    for token in [Some(authorization("expired-token")), None] {
        let refused = story.mirrors.fetch(source(&url, token.as_ref()), &story.commits[4..]).await.unwrap_err();
        assert!(matches!(refused, GitError::Unauthorized { .. }), "{refused:?}");
        assert!(!refused.to_string().contains("expired-token"), "{refused}");
    }
    for fault in [Fault::SignInPage, Fault::SignInRedirect] {
        story.server.fail_with(fault);
        let refused = story.fetch(&story.commits[4..]).await.unwrap_err();
        assert!(matches!(refused, GitError::Unauthorized { .. }), "{fault:?}: {refused:?}");
    }
    // Nobody followed the redirect.
    assert!(!story.server.take_requests().iter().any(|request| request.contains("_signin")));
}

#[tokio::test]
async fn a_repository_that_is_not_there_is_a_plain_failure() {
    let story = Story::begin().await;
    let url = story.server.url("nothing");
    let failed = story.mirrors.fetch(source(&url, Some(&authorization(TOKEN))), &story.commits[4..]).await.unwrap_err();
    let GitError::Failed { stderr, .. } = failed else { panic!("{failed:?}") };
    assert!(stderr.contains("not found"), "{stderr}");
}

#[tokio::test]
async fn a_commit_that_was_force_pushed_away_is_named_and_the_others_still_come() {
    let story = Story::begin().await;
    story.origin.git(&["checkout", "--quiet", "-b", "feature"]);
    story.origin.write("feature.txt", "first try\n");
    let lost = story.origin.commit("first try");
    story.origin.git(&["reset", "--quiet", "--hard", "HEAD~1"]);
    story.origin.git(&["reflog", "expire", "--expire=now", "--all"]);
    story.origin.git(&["gc", "--quiet", "--prune=now"]);

    let pair = [story.commits[4].clone(), lost.clone()];
    let missing = story.fetch(&pair).await.unwrap_err();
    let GitError::CommitMissing { commit, url, .. } = &missing else { panic!("{missing:?}") };
    assert_eq!((commit, url), (&lost, &story.server.url("shop")));

    story.server.take_requests();
    story.fetch(&pair[..1]).await.unwrap();
    assert_eq!(story.server.take_requests(), Vec::<String>::new());
}

#[tokio::test]
async fn an_old_server_that_gives_tips_only_is_searched_by_its_branches() {
    let story = Story::begin().await;
    story.server.fail_with(Fault::FirstProtocol);
    story.origin.git(&["config", "uploadpack.allowAnySHA1InWant", "false"]);
    story.origin.git(&["config", "uploadpack.allowFilter", "false"]);
    let (base, head) = (&story.commits[1], &story.commits[4]);
    let mirror = story.fetch(&[base.clone(), head.clone()]).await.unwrap();
    let patch = String::from_utf8(mirror.diff(base, head).await.unwrap()).unwrap();
    assert!(patch.contains("-version 1\n+version 4\n"), "{patch}");

    let unknown = CommitId::parse(&"e".repeat(40)).unwrap();
    let missing = story.fetch(std::slice::from_ref(&unknown)).await.unwrap_err();
    assert!(matches!(&missing, GitError::CommitMissing { commit, .. } if *commit == unknown), "{missing:?}");
}

#[tokio::test]
async fn a_server_without_partial_clone_gives_whole_commits() {
    let story = Story::begin().await;
    story.server.fail_with(Fault::RefusesFilter);
    let (base, head) = (&story.commits[2], &story.commits[4]);
    let mirror = story.fetch(&[base.clone(), head.clone()]).await.unwrap();
    let objects = story.objects();
    assert_eq!((count(&objects, "commit"), count(&objects, "blob")), (2, 7));

    // It is remembered: the next fetch does not try the filter first.
    story.server.take_requests();
    mirror.diff(base, head).await.unwrap();
    assert_eq!(story.server.take_requests(), Vec::<String>::new());
    story.fetch(&story.commits[1..2]).await.unwrap();
    let advertisements = story.server.take_requests().iter().filter(|request| request.starts_with("GET")).count();
    assert_eq!(advertisements, 1);
}

#[tokio::test]
async fn many_reviews_of_one_repository_fetch_once() {
    let story = Story::begin().await;
    let pair = &story.commits[3..];
    // A second cache on the same folder stands for a second process.
    let other = Mirrors::new(story.folder.path(), UNLIMITED, |_| Vec::new()).unwrap();
    let (url, token) = (story.server.url("shop"), authorization(TOKEN));
    let fetches = (0..8).map(|number| {
        let mirrors = if number % 2 == 0 { &story.mirrors } else { &other };
        mirrors.fetch(source(&url, Some(&token)), pair)
    });
    let repositories = futures::future::try_join_all(fetches).await.unwrap();
    let advertisements = story.server.take_requests().iter().filter(|request| request.starts_with("GET")).count();
    assert_eq!(advertisements, 1);

    // And they read at the same time, each fetching the blobs that it finds missing.
    let diffs = repositories.iter().map(|repository| repository.diff(&pair[0], &pair[1]));
    let patches = futures::future::try_join_all(diffs).await.unwrap();
    assert!(patches.iter().all(|patch| patch == &patches[0] && !patch.is_empty()));
}

#[tokio::test]
async fn a_half_made_mirror_is_built_anew() {
    let story = Story::begin().await;
    story.fetch(&story.commits[4..]).await.unwrap();
    let directory = story.mirror_directories().remove(0);
    fs::remove_dir_all(&directory).unwrap();
    fs::create_dir_all(directory.join("objects/pack")).unwrap();
    fs::write(directory.join("config"), "[core").unwrap();

    let mirror = story.fetch(&story.commits[3..]).await.unwrap();
    assert!(!mirror.diff(&story.commits[3], &story.commits[4]).await.unwrap().is_empty());
    assert_eq!(story.mirror_directories(), [directory]);
}

#[tokio::test]
async fn locks_that_a_killed_git_left_behind_do_not_stop_the_next_fetch() {
    let story = Story::begin().await;
    for (turn, lock) in ["shallow.lock", "packed-refs.lock", "refs/commits/NEXT.lock", "config.lock"].iter().enumerate() {
        let pair = &story.commits[turn..turn + 2];
        story.fetch(&pair[..1]).await.unwrap();
        let path = story.mirror_directories()[0].join(lock.replace("NEXT", pair[1].as_str()));
        fs::write(&path, "").unwrap();
        let mirror = story.fetch(pair).await.unwrap_or_else(|error| panic!("{lock}: {error}"));
        assert!(!mirror.diff(&pair[0], &pair[1]).await.unwrap().is_empty(), "{lock}");
    }
}

#[tokio::test]
async fn a_damaged_mirror_is_built_anew() {
    let story = Story::begin().await;
    let pair = &story.commits[3..];
    let damages: [(&str, Damage); 4] = [
        ("packs gone", |mirror| {
            for file in files_below(&mirror.join("objects/pack")) {
                fs::remove_file(file).unwrap();
            }
        }),
        ("pack cut", |mirror| {
            for file in files_below(&mirror.join("objects/pack")).iter().filter(|file| file.extension().unwrap() == "pack") {
                let mut permissions = fs::metadata(file).unwrap().permissions();
                std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o644);
                fs::set_permissions(file, permissions).unwrap();
                File::options().write(true).open(file).unwrap().set_len(20).unwrap();
            }
        }),
        ("config overwritten", |mirror| fs::write(mirror.join("config"), "[[[").unwrap()),
        ("no HEAD", |mirror| fs::remove_file(mirror.join("HEAD")).unwrap()),
    ];
    for (name, damage) in damages {
        story.fetch(pair).await.unwrap();
        damage(&story.mirror_directories()[0]);
        let mirror = story.fetch(pair).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(!mirror.diff(&pair[0], &pair[1]).await.unwrap().is_empty(), "{name}");
    }
}

#[tokio::test]
async fn damage_found_while_reading_lets_the_next_fetch_build_anew() {
    let story = Story::begin().await;
    let pair = &story.commits[3..];
    let mirror = story.fetch(pair).await.unwrap();
    mirror.diff(&pair[0], &pair[1]).await.unwrap();
    fs::remove_file(story.mirror_directories()[0].join("HEAD")).unwrap();
    mirror.diff(&pair[0], &pair[1]).await.unwrap_err();

    let mirror = story.fetch(pair).await.unwrap();
    assert!(!mirror.diff(&pair[0], &pair[1]).await.unwrap().is_empty());
}

#[tokio::test]
async fn above_the_limit_the_least_recently_used_mirror_goes_but_none_in_use() {
    let story = Story::begin().await;
    let mut heads = Vec::new();
    for name in ["one", "two", "three"] {
        let origin = story.server.repository(name);
        origin.write("a.txt", name);
        heads.push(origin.commit(name));
    }
    let mirrors = Mirrors::new(story.folder.path(), 1, |_| Vec::new()).unwrap();
    let token = authorization(TOKEN);
    let fetch = async |name: &str, head: &CommitId| {
        mirrors.fetch(source(&story.server.url(name), Some(&token)), std::slice::from_ref(head)).await.unwrap()
    };
    let names = || -> Vec<String> {
        let names = story.mirror_directories().into_iter().map(|path| path.file_name().unwrap().to_str().unwrap().to_owned());
        names.map(|name| name.split('-').nth(1).unwrap().to_owned()).collect()
    };

    let one = fetch("one", &heads[0]).await;
    let two = fetch("two", &heads[1]).await;
    assert_eq!(names(), ["one", "two"], "both are in use");
    drop(one);
    let three = fetch("three", &heads[2]).await;
    assert_eq!(names(), ["three", "two"]);
    assert_eq!(two.blob(&heads[1], "a.txt", 100).await.unwrap().unwrap(), b"two");
    drop((two, three));

    // With room for all, the order of use does not matter until the limit is passed.
    let sizes: u64 = story.mirror_directories().iter().map(|path| size(path)).sum();
    let roomy = Mirrors::new(story.folder.path(), sizes + 1000, |_| Vec::new()).unwrap();
    for path in story.mirror_directories() {
        let age = if path.to_str().unwrap().contains("two") { 50 } else { 500 };
        let marker = File::options().write(true).open(path.join("coderabbit-agent.mirror")).unwrap();
        marker.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000 - age)).unwrap();
    }
    roomy.fetch(source(&story.server.url("one"), Some(&token)), &heads[..1]).await.unwrap();
    assert_eq!(names(), ["one", "two"]);
}

fn size(directory: &Path) -> u64 {
    files_below(directory).iter().map(|file| fs::metadata(file).unwrap().len()).sum()
}

#[tokio::test]
async fn what_a_dead_process_put_out_of_the_way_is_removed_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let discarded = folder.path().join("mirrors/shop-0123.discarded-42");
    fs::create_dir_all(discarded.join("objects")).unwrap();
    let foreign = folder.path().join("mirrors/notes.txt");
    fs::write(&foreign, "not ours").unwrap();
    Mirrors::new(folder.path(), 1, |_| Vec::new()).unwrap();
    assert!(!discarded.exists() && foreign.exists());
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up_and_nothing_of_git_stays_behind() {
    let story = Story::begin().await;
    story.server.fail_with(Fault::Hangs);
    let deadlines = Deadlines { network: Duration::from_millis(700), ..Deadlines::default() };
    let mirrors = Mirrors::new(story.folder.path(), UNLIMITED, |_| Vec::new()).unwrap().with_deadlines(deadlines);
    let fetch = mirrors.fetch(source(&story.server.url("shop"), Some(&authorization(TOKEN))), &story.commits[4..]).await;
    assert!(matches!(fetch, Err(GitError::TimedOut { .. })), "{fetch:?}");
    // The transport helper held the connection; the server sees it close.
    story.server.abandoned().await;

    // The same when the caller goes away, and the lock is free again.
    let patient = Mirrors::new(story.folder.path(), UNLIMITED, |_| Vec::new()).unwrap();
    let (url, token) = (story.server.url("shop"), authorization(TOKEN));
    story.server.take_requests();
    {
        let fetch = patient.fetch(source(&url, Some(&token)), &story.commits[4..]);
        tokio::pin!(fetch);
        let given_up = tokio::time::timeout(Duration::from_secs(1), &mut fetch).await;
        assert!(given_up.is_err());
    }
    story.server.abandoned().await;
    story.server.fail_with(Fault::FirstProtocol);
    patient.fetch(source(&url, Some(&token)), &story.commits[4..]).await.unwrap();
}

#[tokio::test]
async fn many_packs_become_one() {
    let story = Story::begin().await;
    for commit in &story.commits {
        let mirror = story.fetch(std::slice::from_ref(commit)).await.unwrap();
        mirror.blob(commit, "changing.txt", 1000).await.unwrap().unwrap();
    }
    let packs = || {
        let files = files_below(&story.mirror_directories()[0].join("objects/pack"));
        files.iter().filter(|file| file.extension().is_some_and(|end| end == "pack")).count()
    };
    assert!(packs() >= 10, "{}", packs());
    let mirror = story.fetch(&story.commits).await.unwrap();
    crate::git::mirrors::consolidate(&mirror, 5).await.unwrap();
    assert_eq!(packs(), 1);
    story.server.take_requests();
    for (number, commit) in story.commits.iter().enumerate() {
        let content = mirror.blob(commit, "changing.txt", 1000).await.unwrap().unwrap();
        assert_eq!(String::from_utf8(content).unwrap(), format!("version {number}\n"));
    }
    assert_eq!(story.server.take_requests(), Vec::<String>::new());
}

#[tokio::test]
async fn commits_of_a_fork_come_into_the_mirror_of_its_target_with_the_files_that_are_read() {
    let story = Story::begin().await;
    let fork = story.server.repository("shop.ann");
    fork.git(&["pull", "--quiet", story.origin.path.to_str().unwrap(), "main"]);
    fork.write("changing.txt", "version of the fork\n");
    fork.write("unread/of_the_fork.txt", "unread\n");
    let head = fork.commit("fork");
    let pair = [story.commits[4].clone(), head.clone()];
    let refused = story.fetch(&pair).await.unwrap_err();
    assert!(matches!(&refused, GitError::CommitMissing { commit, .. } if *commit == head), "{refused:?}");

    let (url, fork_url, token) = (story.server.url("shop"), story.server.url("shop.ann"), authorization(TOKEN));
    let from_fork = Source { fork_url: Some(&fork_url), ..source(&url, Some(&token)) };
    let mirror = story.mirrors.fetch(from_fork, &pair).await.unwrap();
    assert_eq!(story.mirror_directories().len(), 1);
    assert_eq!(count(&story.objects(), "blob"), 0);
    // Files of both repositories at once, each asked for in the way of its reader.
    let read = mirror.blobs(&head, &["file0.txt", "unread/of_the_fork.txt"], 1000).await.unwrap();
    assert_eq!(read.len(), 2, "{read:?}");
    let patch = String::from_utf8(mirror.diff(&pair[0], &head).await.unwrap()).unwrap();
    assert!(patch.contains("-version 4\n+version of the fork\n"), "{patch}");

    // The mirror itself does not know the fork.
    let config = fs::read_to_string(story.mirror_directories()[0].join("config")).unwrap();
    assert!(!config.contains("shop.ann"), "{config}");
}

#[tokio::test]
async fn a_fork_on_another_server_gets_neither_the_token_nor_a_question() {
    let (story, elsewhere) = (Story::begin().await, GitServer::start().await);
    let fork = elsewhere.repository("shop");
    fork.write("file.txt", "text\n");
    let head = fork.commit("fork");
    let (url, fork_url, token) = (story.server.url("shop"), elsewhere.url("shop"), authorization(TOKEN));
    let from_fork = Source { fork_url: Some(&fork_url), ..source(&url, Some(&token)) };
    let refused = story.mirrors.fetch(from_fork, &[head]).await.unwrap_err();
    assert!(matches!(refused, GitError::CommitMissing { .. }), "{refused:?}");
    assert_eq!(elsewhere.take_requests(), Vec::<String>::new());
}
