//! Answers from a recording.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use review_core::redaction::Redactor;
use serde::{Deserialize, Serialize};

use super::{
    FORMAT, MODELS, MissingExchange, RecordingError, VERSION,
    difference::nearest,
    exchange::{Exchange, Kept, Parts, hash},
    files,
};
use crate::llm::{
    ModelError, Role,
    question::{Completion, Question},
    roles::ModelTable,
};

/// `models.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RecordedModels {
    format: u32,
    recorded_by: String,
    light: Vec<String>,
    medium: Vec<String>,
    heavy: Vec<String>,
}

/// A folder of recorded exchanges.
pub(in crate::llm) struct Recording {
    inner: Arc<Inner>,
    name: String,
    models: ModelTable,
}

struct Inner {
    folder: PathBuf,
    redactor: Redactor,
}

impl Recording {
    pub(in crate::llm) fn open(folder: &Path, redactor: Redactor) -> Result<Self, RecordingError> {
        let no_recording = |problem: &str| RecordingError::NoRecording { folder: folder.to_owned(), problem: problem.to_owned() };
        if !folder.is_dir() {
            return Err(no_recording("there is no such folder"));
        }
        let file = folder.join(MODELS);
        let models: RecordedModels = match files::read(&file) {
            Ok(Some(models)) => models,
            Ok(None) => return Err(no_recording("it has no models.json")),
            Err(problem) => return Err(RecordingError::BadFile { file, problem }),
        };
        let models = models.table().ok_or_else(|| {
            let problem = "it names no model for one of the roles".to_owned();
            RecordingError::BadFile { file, problem }
        })?;
        let name = format!("the recording {}", folder.display());
        Ok(Self { inner: Arc::new(Inner { folder: folder.to_owned(), redactor }), name, models })
    }

    /// For messages, where the address of an endpoint would stand.
    pub(in crate::llm) fn name(&self) -> &str {
        &self.name
    }

    pub(in crate::llm) fn models(&self) -> &ModelTable {
        &self.models
    }

    /// What was recorded for this question.
    pub(in crate::llm) async fn completion(
        &self,
        role: Role,
        model: &str,
        question: &Question<'_>,
    ) -> Result<Completion, ModelError> {
        let (inner, name, model, parts) = (Arc::clone(&self.inner), self.name.clone(), model.to_owned(), Parts::of(question));
        let found = tokio::task::spawn_blocking(move || inner.completion(role, &model, parts, &name)).await;
        found.unwrap_or_else(|error| {
            let (file, problem) = (self.inner.folder.clone(), format!("the search for an answer ended early: {error}"));
            Err(RecordingError::BadFile { file, problem }.into())
        })
    }
}

impl Inner {
    fn completion(&self, role: Role, model: &str, parts: Parts, name: &str) -> Result<Completion, ModelError> {
        let Kept { parts, numbering } = parts.kept(&self.redactor);
        let hash = hash(model, &parts);
        let file = self.folder.join(files::name_of(&hash));
        let bad = |problem: String| RecordingError::BadFile { file: file.clone(), problem };
        let exchange: Exchange = match files::read(&file).map_err(bad)? {
            Some(exchange) => exchange,
            None => return Err(self.missing(role, model, &parts, hash).into()),
        };
        if exchange.hash() != hash {
            let problem = "its question is another one than its name says; it was changed, or renamed".to_owned();
            return Err(bad(problem).into());
        }
        exchange.outcome.play(name, model, &numbering)
    }

    fn missing(&self, role: Role, model: &str, parts: &Parts, hash: String) -> RecordingError {
        let schema = parts.schema().to_owned();
        let nearest = nearest(&self.folder, role, model, parts);
        let (folder, role, model) = (self.folder.clone(), role.word(), model.to_owned());
        RecordingError::Missing(Box::new(MissingExchange { folder, hash, role, model, schema, nearest }))
    }
}

impl RecordedModels {
    pub(super) fn of(table: &ModelTable) -> Self {
        let [light, medium, heavy] = Role::ALL.map(|role| table.of(role).to_vec());
        Self { format: FORMAT, recorded_by: VERSION.to_owned(), light, medium, heavy }
    }

    /// None when a role has no model.
    fn table(self) -> Option<ModelTable> {
        let Self { light, medium, heavy, .. } = self;
        ModelTable::of_models([light, medium, heavy])
    }
}
