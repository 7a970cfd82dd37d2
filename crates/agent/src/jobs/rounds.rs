//! Rounds: every so often the projects are looked through without an event. Azure DevOps gives an event up after three minutes, sends
//! none at all when somebody clicks a thread resolved, and cannot reach an agent on a private address.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::store::{NewJob, Store, StoreError};

/// How often it is looked whether a round is due.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Which projects are looked through, and how often.
#[derive(Debug, Clone)]
pub struct Rounds {
    /// From one round to the next; zero: none is made.
    pub every: Duration,
    /// Collections in which projects are named.
    pub collections: Vec<String>,
    /// Names or ids of projects, beside those in which something was reviewed already.
    pub projects: Vec<String>,
}

impl Rounds {
    /// Queues a sweep of each project whose last one is too long ago, until `shutdown`. Several agents on a database share the rounds.
    pub async fn make(self, store: Store, clock: fn() -> i64, wake: Arc<Notify>, shutdown: CancellationToken) {
        if self.every.is_zero() {
            return;
        }
        let mut look = tokio::time::interval(LOOK_EVERY);
        let mut begun: HashMap<String, i64> = HashMap::new();
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                _ = look.tick() => match self.queue(&store, &mut begun, clock()).await {
                    Ok(0) => {}
                    Ok(queued) => {
                        tracing::info!(projects = queued, "a round begins");
                        wake.notify_one();
                    }
                    Err(error) => tracing::warn!(%error, "no round can be made; trying again soon"),
                },
            }
        }
    }

    /// How many sweeps were queued. `begun`: when this agent queued one of each project; one may wait for longer than a round takes.
    async fn queue(&self, store: &Store, begun: &mut HashMap<String, i64>, now: i64) -> Result<usize, StoreError> {
        let known = store.known_projects().await?;
        let is_known = |(collection, name): &(&String, &String)| {
            known.iter().any(|known| known.collection == **collection && known.is_called(name))
        };
        let named = self.collections.iter().flat_map(|collection| self.projects.iter().map(move |name| (collection, name)));
        let named = named.filter(|named| !is_known(named)).map(|(collection, name)| (collection.clone(), name.clone()));
        let mut projects: BTreeSet<(String, String)> = named.collect();
        projects.extend(known.into_iter().map(|known| (known.collection, known.project)));
        let last = store.last_sweeps().await?;
        let since = now.saturating_sub(i64::try_from(self.every.as_millis()).unwrap_or(i64::MAX));
        let mut queued = 0_usize;
        for (collection, project) in projects {
            let sweep = NewJob::sweep(&collection, &project, now);
            let newest = last.get(&sweep.serial_key).max(begun.get(&sweep.serial_key)).copied();
            if newest.is_none_or(|at| at <= since) {
                store.enqueue(&sweep, now).await?;
                begun.insert(sweep.serial_key, now);
                queued = queued.saturating_add(1);
            }
        }
        Ok(queued)
    }
}
