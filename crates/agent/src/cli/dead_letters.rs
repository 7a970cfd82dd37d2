//! `coderabbit-agent dead-letters`.

use std::{path::PathBuf, process::ExitCode};

use super::{complain, plain, print, settings};
use crate::{
    app,
    settings::Purpose,
    store::{Store, StoreError},
};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Queue this job again.
    #[arg(long, value_name = "JOB", conflicts_with = "discard")]
    retry: Option<String>,
    /// Drop this job for good.
    #[arg(long, value_name = "JOB")]
    discard: Option<String>,
}

pub(super) async fn run(env_file: Option<PathBuf>, arguments: &Arguments) -> ExitCode {
    let settings = match settings(Purpose::Database, env_file.as_deref()) {
        Ok(settings) => settings,
        Err(code) => return code,
    };
    let store = match Store::open(&settings.storage.database_url).await {
        Ok(store) => store,
        Err(error) => return complain(&error.to_string()),
    };
    match store.pending_migrations().await {
        Ok(0) => {}
        Ok(_) => return complain("the database is not of this version's shape; run `coderabbit-agent migrate` first"),
        Err(error) => return complain(&error.to_string()),
    }
    let (job, done) = match (&arguments.retry, &arguments.discard) {
        (Some(job), _) => (job, store.requeue_dead(job, app::now()).await),
        (None, Some(job)) => (job, store.discard_dead(job, app::now()).await),
        (None, None) => return list(&store).await,
    };
    match done {
        Ok(true) => print(&format!("{job}: done\n")),
        Ok(false) => return complain(&format!("{job} is no dead letter; `coderabbit-agent dead-letters` lists them")),
        Err(error) => return complain(&error.to_string()),
    }
    ExitCode::SUCCESS
}

async fn list(store: &Store) -> ExitCode {
    match listing(store).await {
        Ok(text) => print(&text),
        Err(error) => return complain(&error.to_string()),
    }
    ExitCode::SUCCESS
}

async fn listing(store: &Store) -> Result<String, StoreError> {
    let letters = store.dead_letters(1_000).await?;
    if letters.is_empty() {
        return Ok("no dead letters\n".to_owned());
    }
    let lines = letters.iter().map(|letter| {
        format!(
            "{}  {}  after {} attempts: {}\n",
            letter.id,
            letter.serial_key,
            letter.attempts,
            letter.problem.as_deref().unwrap_or("no problem was noted")
        )
    });
    // Problems repeat what servers said.
    Ok(plain(&lines.collect::<String>()))
}
