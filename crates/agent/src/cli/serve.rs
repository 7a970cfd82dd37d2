//! `coderabbit-agent serve`.

use std::{path::PathBuf, process::ExitCode};

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::{complain, settings};
use crate::{app, settings::Purpose, telemetry};

/// Runs until SIGTERM or Ctrl-C, then drains.
pub(super) async fn run(env_file: Option<PathBuf>) -> ExitCode {
    let settings = match settings(Purpose::Serve, env_file.as_deref()) {
        Ok(settings) => settings,
        Err(code) => return code,
    };
    if let Err(error) = telemetry::init_logging(settings.log_format, &settings.log_level) {
        return complain(&error.to_string());
    }
    let shutdown = CancellationToken::new();
    let mut terminate = match signal(SignalKind::terminate()) {
        Ok(terminate) => terminate,
        Err(error) => return complain(&format!("signals cannot be handled: {error}")),
    };
    let trip = shutdown.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
        tracing::info!("stopping: no new work is taken, reviews under way may end");
        trip.cancel();
    });
    match app::serve(settings, shutdown).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain(&format!("{error:#}")),
    }
}
