//! Stories over a real mirror of a real server.

use std::{collections::BTreeSet, path::PathBuf, time::Duration};

use code_index::{Family, Language, NotIndexed};
use review_core::pull_request::CommitId;
use secrecy::SecretString;

use super::{CACHE_FILE, Coverage, Indexed, Limits, Request, cache::Cache, index_commit};
use crate::git::{
    Mirrors, Repository,
    tests::{
        fixture::Fixture,
        server::{Fault, GitServer, TOKEN, authorization, source},
    },
};

const PYTHON: [Family; 1] = [Family::Python];

struct Story {
    server: GitServer,
    origin: Fixture,
    mirrors: Mirrors,
    token: SecretString,
    _folder: tempfile::TempDir,
}

impl Story {
    async fn begin() -> Self {
        let server = GitServer::start().await;
        let origin = server.repository("shop");
        let folder = tempfile::tempdir().unwrap();
        let mirrors = Mirrors::new(folder.path(), u64::MAX, |_| Vec::new()).unwrap();
        Self { server, origin, mirrors, token: authorization(TOKEN), _folder: folder }
    }

    async fn mirror(&self, commit: &CommitId) -> Repository {
        let url = self.server.url("shop");
        self.mirrors.fetch(source(&url, Some(&self.token)), std::slice::from_ref(commit)).await.unwrap()
    }

    /// A commit with so many files of Python, each with a function and a call of the one before.
    fn many(&self, count: usize) -> CommitId {
        for number in 0..count {
            let text = format!("def f{number}():\n    f{}()\n", number.saturating_sub(1));
            self.origin.write(&format!("src/d{}/m{number}.py", number % 7), text);
        }
        self.origin.commit("many")
    }
}

async fn index(repository: &Repository, commit: &CommitId, near: &[&str], limits: Limits) -> Indexed {
    let families = BTreeSet::from(PYTHON);
    let is_wanted = |path: &str| !path.starts_with("vendor/");
    let parsed = |_: &str| None;
    let request = Request { commit, families: &families, near, is_wanted: &is_wanted, parsed: &parsed, limits };
    index_commit(repository, request).await.unwrap()
}

async fn coverage(repository: &Repository, commit: &CommitId) -> Coverage {
    index(repository, commit, &[], Limits::default()).await.coverage
}

fn cache_of(repository: &Repository) -> PathBuf {
    repository.mirror_directory().unwrap().join(CACHE_FILE)
}

#[tokio::test]
async fn all_files_of_the_languages_are_fetched_and_indexed() {
    let story = Story::begin().await;
    story.origin.write("shop/cart.py", "def total(rate):\n    return rate\n");
    story.origin.write("web/page.py", "from shop.cart import total\ntotal(1)\n");
    story.origin.write("web/page.ts", "total(1);\n");
    story.origin.write("vendor/lib.py", "total(1)\n");
    story.origin.write("README.md", "total\n");
    let head = story.origin.commit("files");
    let mirror = story.mirror(&head).await;

    let Indexed { index, coverage } = index(&mirror, &head, &["shop/cart.py"], Limits::default()).await;
    let used: Vec<&str> = index.references(Family::Python, "total").iter().map(|place| place.path).collect();
    assert_eq!(used, ["web/page.py", "web/page.py"]);
    assert_eq!(coverage, Coverage { wanted: 2, indexed: 2, parsed: 2, ..Coverage::default() });
    assert_eq!(coverage.not_reached(), 0);
}

#[tokio::test]
async fn a_second_run_parses_nothing_and_a_change_parses_what_it_changed() {
    let story = Story::begin().await;
    let first = story.many(40);
    assert_eq!(coverage(&story.mirror(&first).await, &first).await.parsed, 40);
    let mirror = story.mirror(&first).await;
    story.server.take_requests();
    let again = coverage(&mirror, &first).await;
    assert_eq!((again.parsed, again.from_cache, again.indexed), (0, 40, 40));
    assert_eq!(story.server.take_requests(), Vec::<String>::new(), "what is known is not fetched");

    story.origin.write("src/d0/m0.py", "def changed(): pass\n");
    story.origin.write("src/new.py", "def new(): pass\n");
    // The same text under another name is known, too.
    story.origin.write("src/copy.py", "def f1():\n    f0()\n");
    let second = story.origin.commit("second");
    let mirror = story.mirror(&second).await;
    let Indexed { index, coverage } = index(&mirror, &second, &[], Limits::default()).await;
    assert_eq!((coverage.parsed, coverage.from_cache, coverage.indexed), (2, 39, 42));
    assert_eq!(index.definitions(Family::Python, "changed").len(), 1);
    assert_eq!(index.definitions(Family::Python, "f1").len(), 2);
}

#[tokio::test]
async fn a_damaged_cache_is_made_anew() {
    let story = Story::begin().await;
    let head = story.many(20);
    let mirror = story.mirror(&head).await;
    assert_eq!(coverage(&mirror, &head).await.parsed, 20);
    let whole = std::fs::read(cache_of(&mirror)).unwrap();

    std::fs::write(cache_of(&mirror), "no database at all").unwrap();
    assert_eq!(coverage(&mirror, &head).await.parsed, 20);
    assert_eq!(coverage(&mirror, &head).await.parsed, 0);

    std::fs::write(cache_of(&mirror), &whole[..whole.len() / 2]).unwrap();
    assert_eq!(coverage(&mirror, &head).await.indexed, 20);
    assert_eq!(coverage(&mirror, &head).await.indexed, 20);
    assert_eq!(coverage(&mirror, &head).await.parsed, 0);

    let mut garbled = whole.clone();
    garbled[4096..].iter_mut().step_by(7).for_each(|byte| *byte ^= 0x5a);
    std::fs::write(cache_of(&mirror), &garbled).unwrap();
    assert_eq!(coverage(&mirror, &head).await.indexed, 20);
    assert_eq!(coverage(&mirror, &head).await.indexed, 20);
    assert_eq!(coverage(&mirror, &head).await.parsed, 0);
}

#[tokio::test]
async fn what_another_version_stored_is_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache");
    let key = ("a".repeat(40), Language::Python);
    let known = async |layout: &str| {
        let mut cache = Cache::open(&path, layout).await.unwrap();
        let mut known = Vec::new();
        cache
            .load(std::slice::from_ref(&key), |key, bytes| {
                known.push((key, bytes));
                true
            })
            .await;
        cache.close().await;
        known
    };
    let mut cache = Cache::open(&path, "one").await.unwrap();
    cache.store(&[(key.clone(), vec![1])]).await;
    cache.close().await;
    assert_eq!(known("one").await, [(key.clone(), vec![1])]);
    assert_eq!(known("two").await, []);
    assert_eq!(known("one").await, []);
}

#[tokio::test]
async fn the_oldest_entries_go_when_the_cache_is_full_but_none_that_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cache");
    let mut cache = Cache::open(&path, "one").await.unwrap();
    let key = |name: &str| (name.to_owned(), Language::Python);
    let stored: Vec<_> = ["a", "b", "c", "d"].map(|name| (key(name), vec![0; 1000])).into();
    cache.store(&stored).await;
    cache.evict(2500, &["a"].into()).await;
    let mut left = Vec::new();
    let keys = ["a", "b", "c", "d"].map(key);
    cache
        .load(&keys, |(object, _), _| {
            left.push(object);
            true
        })
        .await;
    left.sort();
    assert_eq!(left, ["a", "d"]);
}

#[tokio::test]
async fn hostile_files_are_set_aside_with_their_reasons_once() {
    let story = Story::begin().await;
    story.origin.write("src/good.py", "def good(): pass\n");
    story.origin.write("src/one_line.py", "x=1;".repeat(1_250_000));
    story.origin.write("src/deep.py", "(".repeat(300_000));
    story.origin.write("src/bytes.py", [0_u8, 159, 146, 150, 0, 1].repeat(1000));
    story.origin.write("src/utf16.py", b"\xff\xfed\x00e\x00f\x00 \x00w\x00(\x00)\x00:\x00 \x001\x00\n\x00");
    story.origin.write("src/crlf.py", "def crlf():\r\n    pass\r\n");
    let head = story.origin.commit("hostile");
    let mirror = story.mirror(&head).await;

    let Indexed { index, coverage: first } = index(&mirror, &head, &[], Limits::default()).await;
    let without = [(NotIndexed::TooLarge, 1), (NotIndexed::Binary, 1), (NotIndexed::TooMuchWork, 1)];
    assert_eq!((first.indexed, first.parsed, first.without), (3, 6, without.into()));
    for name in ["good", "crlf", "w"] {
        assert_eq!(index.definitions(Family::Python, name).len(), 1, "{name}");
    }
    let second = coverage(&mirror, &head).await;
    assert_eq!((second.parsed, second.from_cache, second.without), (0, 6, without.into()), "the reasons are remembered");
}

#[tokio::test]
async fn limits_leave_a_partial_index_that_knows_what_is_near() {
    let story = Story::begin().await;
    let head = story.many(40);
    let mirror = story.mirror(&head).await;
    let near = ["src/d3/changed.py"];

    let few = Limits { files: 6, ..Limits::default() };
    let Indexed { index: partial, coverage } = index(&mirror, &head, &near, few).await;
    assert_eq!((coverage.wanted, coverage.indexed + coverage.not_reached()), (24, 24));
    assert!(coverage.not_reached() > 0);
    for number in [3, 10, 17, 24, 31, 38] {
        assert_eq!(partial.definitions(Family::Python, &format!("f{number}")).len(), 1, "{number} stands near the change");
    }
    let small = Limits { index_bytes: 2000, ..Limits::default() };
    let Indexed { coverage, .. } = index(&mirror, &head, &near, small).await;
    assert!(coverage.not_reached() > 0 && coverage.indexed > 0, "{coverage:?}");

    let no_time = Limits { time: Duration::ZERO, ..Limits::default() };
    let Indexed { coverage, .. } = index(&mirror, &head, &near, no_time).await;
    assert_eq!((coverage.wanted, coverage.indexed, coverage.not_reached()), (40, 0, 40));
}

#[tokio::test]
async fn a_server_that_gives_nothing_makes_the_index_partial_and_no_error() {
    let story = Story::begin().await;
    let first = story.many(10);
    let mirror = story.mirror(&first).await;
    assert_eq!(coverage(&mirror, &first).await.parsed, 10);
    story.origin.write("src/new.py", "def new(): pass\n");
    let second = story.origin.commit("second");
    let mirror = story.mirror(&second).await;
    story.server.fail_with(Fault::SignInPage);
    let cut = coverage(&mirror, &second).await;
    assert_eq!((cut.wanted, cut.indexed, cut.not_reached()), (11, 10, 1));
}

#[tokio::test]
async fn the_users_own_repository_is_indexed_without_a_trace() {
    let folder = tempfile::tempdir().unwrap();
    let origin = Fixture::new(folder.path());
    origin.write("a.py", "def total(): pass\n");
    let head = origin.commit("one");
    let before: Vec<_> = std::fs::read_dir(folder.path().join(".git")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    let local = Repository::local(folder.path()).await.unwrap();
    assert_eq!(coverage(&local, &head).await.indexed, 1);
    assert_eq!(coverage(&local, &head).await.parsed, 1);
    let after: Vec<_> = std::fs::read_dir(folder.path().join(".git")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(before, after);
}

#[tokio::test]
async fn what_the_caller_has_parsed_is_neither_read_nor_parsed_and_known_to_later_runs() {
    let story = Story::begin().await;
    let head = story.many(4);
    let mirror = story.mirror(&head).await;
    let given = std::sync::Arc::new(code_index::index("m1.py", "def given():\n    f0()\n").unwrap());
    let parsed = |path: &str| (path == "src/d1/m1.py").then(|| given.clone());
    let families = BTreeSet::from(PYTHON);
    let request = Request {
        commit: &head,
        families: &families,
        near: &[],
        is_wanted: &|_| true,
        parsed: &parsed,
        limits: Limits::default(),
    };
    let Indexed { index: made, coverage } = index_commit(&mirror, request).await.unwrap();
    assert_eq!((coverage.indexed, coverage.parsed, coverage.given), (4, 3, 1));
    assert_eq!(made.definitions(Family::Python, "given").len(), 1);
    let Indexed { index: later, coverage } = index(&mirror, &head, &[], Limits::default()).await;
    assert_eq!((coverage.parsed, coverage.from_cache, coverage.given), (0, 4, 0));
    assert_eq!(later.definitions(Family::Python, "given").len(), 1);
}
