//! A server that behaves like Azure DevOps, over real git: pushes become iterations, threads keep their places, limits are
//! enforced, webhooks go out as the service sends them, and faults happen when a test asks for them.
//!
//! ```no_run
//! # async fn story() -> anyhow::Result<()> {
//! use testkit::azure_devops::{AzureDevOps, PullRequestSpec, Subscription};
//!
//! let azure = AzureDevOps::start().await?;
//! let repository = azure.repository("Shop", "orders").await?;
//! repository.commit(&[("src/a.cs", "class A {}\n")], "Start").await?;
//! azure.subscribe(Subscription::to("http://127.0.0.1:8080/azure_webhooks"));
//! let pull_request = repository.open_pull_request(PullRequestSpec::new("Add b").file("src/b.cs", "class B {}\n")).await?;
//! pull_request.push(&[("src/b.cs", "class B { int x; }\n")]).await?;
//! assert_eq!(pull_request.iterations().len(), 2);
//! # Ok(())
//! # }
//! ```
//!
//! - `server`, `connection`: from a connection to an answer; `smart_http` is git's part of it
//! - `call`, `answer`, `versions`, `sign_in`: what every request goes through
//! - `api`: the handlers; `render`: the shapes of what they answer
//! - `world`: the state; `iterations`, `anchors`, `objects`, `patch`: what git knows about it
//! - `hooks`: subscriptions and their deliveries
//! - `controls`, `faults`, `ledger`: what tests cause and what they check
//! - `page`: a pull request for people
//!
//! What is known of the real service, and from where, stands with the code that imitates it. Texts of refusals are the
//! service's where they are known, and plain English elsewhere: clients must go by status and `typeKey`.

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use serde_json::Value;
use tokio::task::JoinHandle;

mod anchors;
mod answer;
mod api;
mod call;
mod connection;
mod controls;
mod faults;
mod hooks;
mod iterations;
mod ledger;
mod objects;
mod options;
mod page;
mod patch;
mod pull_request;
mod render;
mod repository;
mod server;
mod sign_in;
mod smart_http;
mod system_threads;
#[cfg(test)]
mod tests;
mod versions;
mod webhooks;
mod world;

pub use self::{
    faults::{Fault, Gate, On},
    hooks::{
        Attempt, CommentChange, Delivery, DeliveryOutcome, Details, EventType, Order, Subscription, SubscriptionStatus,
        TestEvent, UpdateKind,
    },
    ledger::{Action, DuplicateThread, Request, StaleWrite, Violation, Write},
    options::{MergeComputation, Mode, Permission, RateLimit, ServedCommits, SignIn},
    pull_request::{CommentView, IterationView, PullRequestHandle, StatusView, ThreadView},
    repository::{PullRequestSpec, RepositoryHandle},
    webhooks::Webhooks,
};

use self::{
    answer::Answer,
    call::Call,
    connection::{Connection, CuttableListener},
    options::Options,
    server::Server,
    world::{Collection, Token, TokenState, World},
};

/// The user whose token [`AzureDevOps::token`] is.
const BOT: usize = 0;
/// The user who opens pull requests and pushes.
const AUTHOR: usize = 1;

/// The running service. Clones are the same one; it ends with the last of them.
#[derive(Debug, Clone)]
pub struct AzureDevOps {
    server: Arc<Server>,
    address: SocketAddr,
    _listening: Arc<Listening>,
}

#[derive(Debug)]
struct Listening(JoinHandle<()>);

impl Drop for Listening {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// An identity of the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub id: String,
    pub display_name: String,
    pub unique_name: String,
}

/// How the service is set up. [`AzureDevOps::start`] takes the defaults.
#[derive(Debug, Clone, Default)]
#[must_use = "nothing runs before `start`"]
pub struct Builder(Options);

impl Builder {
    pub fn mode(mut self, mode: Mode) -> Self {
        self.0.mode = mode;
        self
    }

    /// Segments in front of the collection, as `tfs` on servers.
    pub fn prefix(mut self, prefix: &str) -> Self {
        self.0.prefix = prefix.split('/').filter(|segment| !segment.is_empty()).map(str::to_owned).collect();
        self
    }

    /// Names of the organisations or collections; the first is the default one. `contoso` when not said.
    pub fn collections(mut self, names: &[&str]) -> Self {
        self.0.collections = names.iter().map(|&name| name.to_owned()).collect();
        self
    }

    /// Port 0 of 127.0.0.1 when not said.
    pub fn address(mut self, address: SocketAddr) -> Self {
        self.0.address = address;
        self
    }

    pub fn token(mut self, token: &str) -> Self {
        token.clone_into(&mut self.0.token);
        self
    }

    /// How many times faster than the real one the clock runs by which webhooks are delivered again; 100 when not said.
    pub fn delivery_speed(mut self, speed: f64) -> Self {
        self.0.delivery_speed = speed;
        self
    }

    pub async fn start(self) -> Result<AzureDevOps> {
        AzureDevOps::start_with(self.0).await
    }
}

impl AzureDevOps {
    /// Azure DevOps Services with the organisation `contoso` on a free port of 127.0.0.1.
    pub async fn start() -> Result<Self> {
        Self::start_with(Options::default()).await
    }

    pub fn builder() -> Builder {
        Builder::default()
    }

    async fn start_with(options: Options) -> Result<Self> {
        if options.collections.is_empty() {
            bail!("a service without a collection has nothing to serve");
        }
        let root = tempfile::tempdir().context("making a directory for the repositories")?;
        let listener = tokio::net::TcpListener::bind(options.address).await;
        let listener = listener.with_context(|| format!("listening on {}", options.address))?;
        let address = listener.local_addr().context("asking for the port")?;
        let prefix = call::joined(&options.prefix);
        let mut world = World::new(options.clone(), format!("http://{address}{prefix}"), root.path().to_owned());
        for name in options.collections {
            let id = world.guid();
            world.collections.push(Collection { id, name });
        }
        if let Some(entry) = conformance_entry() {
            world.announced = Some(format!("{}/@{}{prefix}", entry.trim_end_matches('/'), address.port()));
            world.options.combined_change_types = false;
        }
        world.add_user("CodeRabbit", "coderabbit@contoso.example");
        world.add_user("Dana Developer", "dana@contoso.example");
        world.tokens.push(Token { secret: options.token, user: BOT, state: TokenState::Valid });
        // Another test may have installed it before.
        rustls::crypto::ring::default_provider().install_default().ok();
        #[expect(clippy::disallowed_methods, reason = "this crate knows no other; deliveries go to loopback")]
        let http =
            reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().context("making an HTTP client")?;
        let server = Server::new(world, http, tokio::runtime::Handle::current(), root);
        let service = server::router(Arc::clone(&server)).into_make_service_with_connect_info::<Connection>();
        let listening = tokio::spawn(async move {
            // It never ends by itself.
            axum::serve(CuttableListener(listener), service).await.ok();
        });
        Ok(Self { server, address, _listening: Arc::new(Listening(listening)) })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL of the default organisation or collection, without a trailing slash: what `AZURE_DEVOPS_URL` is set to.
    pub fn collection_url(&self) -> String {
        self.server.look(|world| world.collection_url(0))
    }

    /// The URL by which clients are told to reach it: that of a proxy in front, where there is one ([`Self::announce_as`], or the
    /// variable `TESTKIT_CONFORMANCE_ENTRY`), else [`Self::collection_url`].
    pub fn announced_url(&self) -> String {
        self.server.look(|world| world.announced_collection_url(0))
    }

    /// The same of the collections of these names, separated by commas, as settings take them.
    pub fn announced_urls_of(&self, names: &[&str]) -> String {
        self.server.look(|world| {
            let place = |name: &&str| world.collections.iter().position(|collection| collection.name == *name);
            let urls = names.iter().filter_map(place).map(|index| world.announced_collection_url(index));
            urls.collect::<Vec<_>>().join(",")
        })
    }

    /// The URL of the collection of this name.
    pub fn collection_url_of(&self, name: &str) -> String {
        self.server.look(|world| format!("{}/{}", world.base, world::encode(name)))
    }

    /// A personal access token of [`Self::bot`].
    pub fn token(&self) -> String {
        self.server.look(|world| world.tokens.first().map(|token| token.secret.clone()).unwrap_or_default())
    }

    /// Whose token it is.
    pub fn bot(&self) -> Person {
        self.person(BOT)
    }

    /// Who opens pull requests and pushes.
    pub fn author(&self) -> Person {
        self.person(AUTHOR)
    }

    pub fn add_user(&self, display_name: &str) -> Person {
        let unique = format!("{}@contoso.example", display_name.to_lowercase().replace(' ', "."));
        let index = self.server.with(|world| world.add_user(display_name, &unique));
        self.person(index)
    }

    /// A team of a project that has a repository already.
    pub fn add_team(&self, project: &str, name: &str, members: &[&Person]) -> Result<()> {
        self.server.with(|world| {
            let project = world.projects.iter().position(|known| known.name == project).context("there is no such project")?;
            let members = members.iter().map(|member| index_of(world, member)).collect();
            world.teams.push(world::Team { project, name: name.to_owned(), members });
            Ok(())
        })
    }

    /// A new token of `person`.
    pub fn token_of(&self, person: &Person) -> String {
        self.server.with(|world| {
            let user = index_of(world, person);
            let secret = format!("testkit-token-{}", world.guid());
            world.tokens.push(Token { secret: secret.clone(), user, state: TokenState::Valid });
            secret
        })
    }

    fn person(&self, index: usize) -> Person {
        let user = self.server.look(|world| world.user(index).cloned());
        let of = |user: world::User| Person { id: user.id, display_name: user.display_name, unique_name: user.unique_name };
        user.map_or_else(|| Person { id: String::new(), display_name: String::new(), unique_name: String::new() }, of)
    }

    /// The repository of this name in the default collection; project and repository are made when they are missing.
    pub async fn repository(&self, project: &str, name: &str) -> Result<RepositoryHandle> {
        RepositoryHandle::find_or_create(self, 0, project, name).await
    }

    /// The same in the collection of this name.
    pub async fn repository_in(&self, collection: &str, project: &str, name: &str) -> Result<RepositoryHandle> {
        let index = self.server.look(|world| world.collections.iter().position(|known| known.name == collection));
        let index = index.with_context(|| format!("there is no collection {collection}"))?;
        RepositoryHandle::find_or_create(self, index, project, name).await
    }

    /// A handle on a pull request that a client has made.
    pub fn pull_request(&self, id: u32) -> Result<PullRequestHandle> {
        let is_known = self.server.look(|world| world.pull_request(id).is_some());
        if is_known { Ok(PullRequestHandle::new(self.clone(), id)) } else { bail!("there is no pull request {id}") }
    }

    /// Makes a work item of `kind` (`User Story`, `Bug`, …) in a project that exists. `fields` by reference name, in HTML.
    pub fn add_work_item(&self, project: &str, kind: &str, title: &str, fields: &[(&str, &str)]) -> Result<u32> {
        self.server.with(|world| {
            let index = world.projects.iter().position(|known| known.name == project);
            let index = index.with_context(|| format!("there is no project {project}"))?;
            let mut item = api::new_work_item(world, index, kind);
            for (name, value) in [("System.Title", title)].iter().chain(fields) {
                item.fields.insert((*name).to_owned(), Value::from(*value));
            }
            let id = world.next_work_item;
            world.next_work_item = id.saturating_add(1);
            world.work_items.insert(id, item);
            Ok(id)
        })
    }

    /// Type and fields of a work item, by reference name.
    pub fn work_item(&self, id: u32) -> Option<std::collections::BTreeMap<String, Value>> {
        self.server.look(|world| world.work_items.get(&id).map(|item| item.fields.clone()))
    }

    /// Links two work items with each other, as related ones.
    pub fn relate_work_items(&self, one: u32, other: u32) {
        self.server.with(|world| {
            let base = world.announced_collection_url(0);
            for (from, to) in [(one, other), (other, one)] {
                if let Some(item) = world.work_items.get_mut(&from) {
                    let url = format!("{base}/_apis/wit/workItems/{to}");
                    item.relations.push(serde_json::json!({ "rel": "System.LinkTypes.Related", "url": url, "attributes": {} }));
                }
            }
        });
    }

    /// Says that a field of a work item is markdown, not HTML.
    pub fn mark_as_markdown(&self, work_item: u32, field: &str) {
        self.server.with(|world| {
            if let Some(item) = world.work_items.get_mut(&work_item) {
                item.markdown.insert(field.to_owned());
            }
        });
    }

    /// Subscribes to the events that `subscription` names, one subscription of the service for each.
    pub fn subscribe(&self, subscription: Subscription) -> Webhooks {
        let indices = self.server.with(move |world| {
            subscription.events.iter().map(|event| world.subscribe(*event, subscription.clone(), AUTHOR)).collect()
        });
        Webhooks::new(self.clone(), indices)
    }

    /// Looks for pushes that were made to the repositories on disk.
    pub async fn refresh(&self) -> Result<()> {
        self.blocking(|world| {
            for repository in 0..world.repositories.len() {
                iterations::sync(world, repository, AUTHOR);
            }
            Ok(())
        })
        .await
    }

    /// Returns when `is_so` holds, which is asked again after every change of the service's state.
    ///
    /// # Errors
    /// When it does not hold within `timeout`; the error shows the last writes.
    pub async fn wait_for(&self, is_so: impl Fn(&Self) -> bool, timeout: Duration) -> Result<()> {
        let mut changes = self.server.changes();
        let wait = async {
            loop {
                changes.mark_unchanged();
                if is_so(self) {
                    return;
                }
                if changes.changed().await.is_err() {
                    return;
                }
            }
        };
        if tokio::time::timeout(timeout, wait).await.is_ok() {
            return Ok(());
        }
        let writes = self.writes();
        let shown: Vec<String> = writes
            .iter()
            .rev()
            .take(8)
            .rev()
            .map(|write| format!("{} {}: {:?} (iteration {:?})", write.sequence, write.by, write.action, write.iteration))
            .collect();
        let requests: Vec<String> = self
            .requests()
            .iter()
            .rev()
            .take(8)
            .rev()
            .map(|request| format!("{} {} {:?}", request.method, request.path, request.status))
            .collect();
        bail!("what was waited for did not come within {timeout:?}; last writes: {shown:#?}; last requests: {requests:#?}")
    }

    /// A request as `user`, as if it had come over the wire.
    async fn act(&self, user: usize, pull_request: u32, method: &str, path: &str, body: Value) -> Result<Value> {
        let (method, path) = (method.to_owned(), path.to_owned());
        self.blocking(move |world| {
            let found = world.pull_request(pull_request).context("the pull request is gone")?;
            let (collection, repository) = (world.collection_of(found.repository), found.repository);
            let id = world.repositories.get(repository).map(|repository| repository.id.clone()).unwrap_or_default();
            let segments = format!("git/repositories/{id}/pullRequests/{pull_request}{path}");
            let call = Call {
                method,
                collection,
                project: None,
                rest: segments.split('/').map(str::to_owned).collect(),
                query: Vec::new(),
                accept: String::new(),
                content_type: String::new(),
                body: Bytes::from(body.to_string()),
                user,
                path: segments,
            };
            match api::dispatch(world, &call) {
                Ok(Answer { body, .. }) if body.is_empty() => Ok(Value::Null),
                Ok(answer) => Ok(serde_json::from_slice(&answer.body)?),
                Err(refusal) => {
                    bail!("{} {}: {} ({}): {}", call.method, call.path, refusal.status, refusal.type_key, refusal.message)
                }
            }
        })
        .await
    }

    /// Git is asked by processes, which block.
    async fn blocking<T: Send + 'static>(&self, act: impl FnOnce(&mut World) -> Result<T> + Send + 'static) -> Result<T> {
        let server = Arc::clone(&self.server);
        tokio::task::spawn_blocking(move || server.with(act)).await.context("the service panicked")?
    }
}

fn index_of(world: &World, person: &Person) -> usize {
    world.users.iter().position(|user| user.id == person.id).unwrap_or(AUTHOR)
}

/// Where a repository of the service lies.
fn directory(root: &Path, id: &str) -> std::path::PathBuf {
    root.join(format!("{id}.git"))
}

/// Where the conformance run validates what goes by; stand-ins that are started under it are reached through it.
fn conformance_entry() -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "set by `cargo xtask conformance` for the tests that it starts")]
    std::env::var("TESTKIT_CONFORMANCE_ENTRY").ok().filter(|entry| !entry.is_empty())
}
