//! Parsing on all cores.

use std::{
    collections::HashMap,
    num::NonZero,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use code_index::{FileIndex, NotIndexed, index_as, text_of};

use super::cache::{Key, Outcome};

/// More threads than this only wait for memory.
const MOST_THREADS: usize = 8;

/// The work of parsing the blobs, for a thread that may block.
pub(super) fn parsing(
    keys: Vec<Key>,
    contents: HashMap<String, Vec<u8>>,
    deadline: Instant,
) -> impl FnOnce() -> Vec<(Key, Outcome)> + Send + 'static {
    move || {
        in_parallel(keys, |key| {
            let (object, language) = &key;
            let bytes = contents.get(object)?;
            let stop = || Instant::now() >= deadline;
            let outcome =
                if stop() { Err(NotIndexed::Stopped) } else { text_of(bytes).and_then(|text| index_as(*language, &text, &stop)) };
            Some((key, outcome))
        })
    }
}

/// What the cache gave, as indexes. Bytes that are none are left out, and so parsed again.
pub(super) async fn restored(stored: Vec<(Key, Vec<u8>)>) -> Vec<(Key, Result<Arc<FileIndex>, NotIndexed>)> {
    let restoring = move || {
        in_parallel(stored, |(key, bytes)| {
            let outcome = code_index::from_bytes(&bytes)?;
            Some((key, outcome.map(Arc::new)))
        })
    };
    tokio::task::spawn_blocking(restoring).await.unwrap_or_default()
}

/// What `work` makes of each of the items, in their order.
fn in_parallel<T: Send, R: Send>(items: Vec<T>, work: impl Fn(T) -> Option<R> + Sync) -> Vec<R> {
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get).min(MOST_THREADS).min(items.len());
    let slots: Vec<Mutex<Option<T>>> = items.into_iter().map(|item| Mutex::new(Some(item))).collect();
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut made: Vec<(usize, R)> = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(slot) = slots.get(at) else { return made };
            let item = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
            made.extend(item.and_then(&work).map(|result| (at, result)));
        }
    };
    let mut all: Vec<(usize, R)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap_or_default()).collect()
    });
    all.sort_unstable_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, result)| result).collect()
}
