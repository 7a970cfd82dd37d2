//! Writes a recording.

use std::path::{Path, PathBuf};

use review_core::redaction::Redactor;

use super::{
    MODELS, RecordingError,
    exchange::{Exchange, Parts, RecordedFailure},
    files,
    replay::RecordedModels,
};
use crate::llm::{
    ModelError, Role,
    question::{Completion, Question},
    roles::ModelTable,
};

/// Keeps every exchange. What cannot be written is told in the log: a recording must never cost a review.
pub(in crate::llm) struct Recorder {
    folder: PathBuf,
    redactor: Redactor,
}

impl Recorder {
    /// Makes the folder; an error when nothing can be written there.
    pub(in crate::llm) fn open(folder: &Path, redactor: Redactor) -> Result<Self, RecordingError> {
        match files::prepare(folder) {
            Ok(()) => Ok(Self { folder: folder.to_owned(), redactor }),
            Err(problem) => Err(RecordingError::NotWritable { folder: folder.to_owned(), problem }),
        }
    }

    pub(in crate::llm) async fn keep_models(&self, table: &ModelTable) {
        let models = RecordedModels::of(table);
        self.in_background(move |folder, _| files::write(folder, MODELS, &models, true)).await;
    }

    /// Keeps what the model answered, or why it did not. Of several answers to the same question the newest one stays.
    pub(in crate::llm) async fn keep(
        &self,
        role: Role,
        model: &str,
        question: &Question<'_>,
        result: &Result<Completion, ModelError>,
    ) {
        let result = match result {
            Ok(completion) => Ok(completion.clone()),
            Err(error) => match RecordedFailure::of(error) {
                Some(failure) => Err(failure),
                None => return,
            },
        };
        let (model, parts) = (model.to_owned(), Parts::of(question));
        // The patterns for secrets run over a whole pack: not on a thread that answers webhooks.
        self.in_background(move |folder, redactor| {
            let exchange = Exchange::new(role, &model, parts.kept(redactor), result, redactor);
            files::write(folder, &files::name_of(&exchange.hash()), &exchange, !exchange.is_failure())
        })
        .await;
    }

    async fn in_background(&self, write: impl FnOnce(&Path, &Redactor) -> std::io::Result<()> + Send + 'static) {
        let (folder, redactor) = (self.folder.clone(), self.redactor.clone());
        let written = tokio::task::spawn_blocking(move || write(&folder, &redactor)).await;
        let problem = match written {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(error) => error.to_string(),
        };
        let folder = self.folder.display();
        tracing::error!(%folder, problem, "an exchange with the model could not be recorded; the recording has a gap");
    }
}
