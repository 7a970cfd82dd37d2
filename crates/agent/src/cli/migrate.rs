//! `coderabbit-agent migrate`.

use std::{path::PathBuf, process::ExitCode};

use super::{complain, print, settings};
use crate::{settings::Purpose, store::Store};

pub(super) async fn run(env_file: Option<PathBuf>) -> ExitCode {
    let settings = match settings(Purpose::Database, env_file.as_deref()) {
        Ok(settings) => settings,
        Err(code) => return code,
    };
    let migrated = async { Store::open(&settings.storage.database_url).await?.migrate().await };
    match migrated.await {
        Ok(0) => print("the database is up to date\n"),
        Ok(count) => print(&format!("{count} migrations applied\n")),
        Err(error) => return complain(&error.to_string()),
    }
    ExitCode::SUCCESS
}
