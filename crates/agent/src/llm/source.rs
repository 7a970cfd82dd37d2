//! Where answers come from: the endpoint, whose exchanges may be recorded, or a recording.

use super::{
    ModelError, Role,
    calls::Calls,
    question::{Completion, Question},
    recording::{Recorder, Recording},
    roles::ModelTable,
};
use crate::{
    net::HttpClients,
    settings::{ModelSettings, RecordingSettings},
    telemetry::Metrics,
};
use review_core::redaction::Redactor;

pub(super) enum Source {
    Endpoint {
        calls: Box<Calls>,
        recorder: Option<Recorder>,
    },
    /// Nothing goes over the network, and no key is needed.
    Recording(Recording),
}

impl Source {
    pub(super) fn new(
        settings: &ModelSettings,
        http: &HttpClients,
        redactor: &Redactor,
        metrics: Option<Metrics>,
    ) -> Result<Self, ModelError> {
        let recorder = match &settings.recording {
            RecordingSettings::Replay(folder) => return Ok(Self::Recording(Recording::open(folder, redactor.clone())?)),
            RecordingSettings::Record(folder) => Some(Recorder::open(folder, redactor.clone())?),
            RecordingSettings::Off => None,
        };
        Ok(Self::Endpoint { calls: Box::new(Calls::new(settings, http, metrics)?), recorder })
    }

    /// For messages.
    pub(super) fn address(&self) -> &str {
        match self {
            Self::Endpoint { calls, .. } => calls.address(),
            Self::Recording(recording) => recording.name(),
        }
    }

    /// Whether answers were paid for when they were recorded, and cost nothing now.
    pub(super) fn is_replay(&self) -> bool {
        matches!(self, Self::Recording(_))
    }

    /// Which models play which role; in a replay those of the recording.
    pub(super) async fn table(&self, wanted: &ModelSettings) -> Result<ModelTable, ModelError> {
        match self {
            Self::Endpoint { calls, recorder } => {
                let table = ModelTable::resolve(wanted, calls.list().await?.as_deref());
                if let Some(recorder) = recorder {
                    recorder.keep_models(&table).await;
                }
                Ok(table)
            }
            Self::Recording(recording) => Ok(recording.models().clone()),
        }
    }

    pub(super) async fn completion(&self, role: Role, model: &str, question: &Question<'_>) -> Result<Completion, ModelError> {
        match self {
            Self::Endpoint { calls, recorder } => {
                let result = calls.completion(role, model, question).await;
                if let Some(recorder) = recorder {
                    recorder.keep(role, model, question, &result).await;
                }
                result
            }
            Self::Recording(recording) => recording.completion(role, model, question).await,
        }
    }

    /// Records what the store answered in the place of the endpoint, so that a recording holds a run whole that was cut and
    /// began again.
    pub(super) async fn keep_stored(&self, role: Role, model: &str, question: &Question<'_>, stored: Completion) {
        if let Self::Endpoint { recorder: Some(recorder), .. } = self {
            recorder.keep(role, model, question, &Ok(stored)).await;
        }
    }
}
