//! The server itself: who may ask, what is recorded, what goes wrong.

use std::{
    collections::{HashMap, VecDeque},
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::watch};
use tokio_util::sync::CancellationToken;

use super::{
    anthropic, azure, bedrock,
    call::{Call, CallState, Role},
    fault::Fault,
    options::ModelOptions,
    reply::{ApiError, Completion, Dialect, Pace, plain, respond, tokens},
    request::{ChatRequest, is_reasoning_model},
    script::Script,
};

/// How long a wait for calls may take before the test is told what it waits for in vain.
const PATIENCE: Duration = Duration::from_mins(1);
/// OpenAI caches prefixes from this many tokens on, in steps of 128.
const CACHED_FROM: u64 = 1_024;
const CACHE_STEP: u64 = 128;
const REMEMBERED_PROMPTS: usize = 16;

/// An OpenAI-shaped server on 127.0.0.1 that ends when it is dropped.
#[derive(Debug)]
pub struct ModelServer {
    shared: Arc<Shared>,
    address: SocketAddr,
    stop: CancellationToken,
}

/// Holds back the calls of one role until it is released or dropped.
#[derive(Debug)]
pub struct Gate {
    shared: Arc<Shared>,
    role: Role,
    open: CancellationToken,
}

#[derive(Debug)]
struct Shared {
    options: ModelOptions,
    record: Mutex<Record>,
    /// Counts changes of the record.
    changed: watch::Sender<u64>,
    stop: CancellationToken,
}

#[derive(Debug, Default)]
struct Record {
    script: Script,
    calls: Vec<Call>,
    faults: HashMap<Role, VecDeque<Fault>>,
    /// Of every call whose prompt holds the words.
    standing_faults: Vec<(Role, String, Fault)>,
    gates: HashMap<Role, CancellationToken>,
    refused: Vec<(u16, Value)>,
    prompts: VecDeque<String>,
    latency: Duration,
}

impl ModelServer {
    /// OpenAI with the key of [`ModelServer::key`], on a free port.
    pub async fn start(script: Script) -> anyhow::Result<Self> {
        Self::start_with(ModelOptions::default(), script).await
    }

    pub async fn start_with(options: ModelOptions, script: Script) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", options.port)).await;
        let listener = listener.with_context(|| format!("cannot listen on 127.0.0.1:{}", options.port))?;
        let address = listener.local_addr().context("the listener has no address")?;
        let stop = CancellationToken::new();
        let shared = Arc::new(Shared {
            options,
            record: Mutex::new(Record { script, ..Record::default() }),
            changed: watch::Sender::new(0),
            stop: stop.clone(),
        });
        let router = Router::new()
            .route("/v1/models", get(models))
            .route("/v1/chat/completions", post(chat))
            .route("/openai/deployments/{deployment}/chat/completions", post(azure_chat))
            .route("/v1/messages", post(messages))
            .route("/model/{model}/converse", post(converse))
            .route("/model/{model}/converse-stream", post(converse_stream))
            .fallback(|| async {
                ApiError::new(StatusCode::NOT_FOUND, "Unknown request URL.", "invalid_request_error", None, Some("unknown_url"))
            })
            .layer(DefaultBodyLimit::max(64 * 1024 * 1024))
            .with_state(Arc::clone(&shared));
        let ended = stop.clone();
        tokio::spawn(async move {
            let serve = axum::serve(listener, router).with_graceful_shutdown(ended.cancelled_owned());
            if let Err(error) = serve.await {
                panic!("the model server ended: {error}");
            }
        });
        Ok(Self { shared, address, stop })
    }

    /// For `OPENAI_BASE_URL`.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// For `AZURE_OPENAI_ENDPOINT` and `ANTHROPIC_BASE_URL`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// For `OPENAI_API_KEYS`: the first accepted key; any word where none is checked.
    pub fn key(&self) -> &str {
        self.shared.options.keys.first().map_or("any", String::as_str)
    }

    /// What the reviewer says from now on.
    pub fn set_script(&self, script: Script) {
        self.shared.record().script = script;
    }

    /// What the reviewer thinks before each answer, from now on.
    pub fn set_latency(&self, latency: Duration) {
        self.shared.record().latency = latency;
    }

    /// The next `calls` calls of `role` go wrong like this, after those for which a fault waits already.
    pub fn fault(&self, role: Role, calls: usize, fault: Fault) {
        self.shared.record().faults.entry(role).or_default().extend(std::iter::repeat_n(fault, calls));
    }

    /// Every call of `role` whose prompt holds `words` goes wrong like this.
    pub fn fault_where(&self, role: Role, words: &str, fault: Fault) {
        self.shared.record().standing_faults.push((role, words.to_owned(), fault));
    }

    /// Forgets all faults.
    pub fn heal(&self) {
        let mut record = self.shared.record();
        record.faults.clear();
        record.standing_faults.clear();
    }

    /// Holds every call of `role` until the gate is released. A second gate for a role replaces the first one, which is
    /// then released.
    #[must_use = "a gate that is dropped is open"]
    pub fn hold(&self, role: Role) -> Gate {
        let open = CancellationToken::new();
        if let Some(replaced) = self.shared.record().gates.insert(role, open.clone()) {
            replaced.cancel();
        }
        Gate { shared: Arc::clone(&self.shared), role, open }
    }

    /// Every call so far that got past the keys and the checks of its form, in order of arrival.
    pub fn calls(&self) -> Vec<Call> {
        self.shared.record().calls.clone()
    }

    pub fn calls_of(&self, role: Role) -> Vec<Call> {
        self.shared.record().calls.iter().filter(|call| call.role == role).cloned().collect()
    }

    /// Status and body of every error that was answered: a bad key, an unknown argument, a fault.
    pub fn refusals(&self) -> Vec<(u16, Value)> {
        self.shared.record().refused.clone()
    }

    /// Waits until the calls are such that `enough` holds, and returns them. Fails after a minute, with what there was.
    pub async fn wait_until(&self, enough: impl Fn(&[Call]) -> bool) -> anyhow::Result<Vec<Call>> {
        self.shared.wait_until(enough).await
    }

    /// Waits until `count` calls of `role` were made, open ones included.
    pub async fn wait_for(&self, role: Role, count: usize) -> anyhow::Result<Vec<Call>> {
        let of_role = |calls: &[Call]| calls.iter().filter(|call| call.role == role).count() >= count;
        self.shared.wait_until(of_role).await
    }
}

impl Drop for ModelServer {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Gate {
    /// Waits until `count` calls stand at the gate.
    pub async fn wait_for_held(&self, count: usize) -> anyhow::Result<Vec<Call>> {
        let role = self.role;
        let held =
            move |calls: &[Call]| calls.iter().filter(|call| call.role == role && call.state == CallState::Open).count() >= count;
        self.shared.wait_until(held).await
    }

    /// Lets all pass, now and from now on.
    pub fn release(self) {
        drop(self);
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.open.cancel();
    }
}

impl Shared {
    fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note_change(&self) {
        self.changed.send_modify(|count| *count += 1);
    }

    async fn wait_until(&self, enough: impl Fn(&[Call]) -> bool) -> anyhow::Result<Vec<Call>> {
        let mut changed = self.changed.subscribe();
        let wait = async {
            loop {
                changed.mark_unchanged();
                let calls = self.record().calls.clone();
                if enough(&calls) {
                    return calls;
                }
                if changed.changed().await.is_err() {
                    return calls;
                }
            }
        };
        if let Ok(calls) = tokio::time::timeout(PATIENCE, wait).await {
            return Ok(calls);
        }
        let seen: Vec<_> = self.record().calls.iter().map(|call| (call.role, call.state)).collect();
        bail!("waited {PATIENCE:?} for model calls that did not come; there were {seen:?}")
    }

    /// Index of the accepted key.
    fn authorize(&self, given: Option<&str>) -> Result<Option<usize>, ApiError> {
        if self.options.keys.is_empty() {
            return Ok(None);
        }
        let known = self.options.keys.iter().position(|key| Some(key.as_str()) == given);
        known.map(Some).ok_or_else(|| ApiError::unauthorized(given))
    }

    fn refuse(&self, dialect: Dialect, error: ApiError) -> Response {
        self.record().refused.push((error.status.as_u16(), error.body.clone()));
        self.note_change();
        match dialect {
            Dialect::OpenAi => error.into_response(),
            Dialect::Anthropic => anthropic::error(&error),
            Dialect::Bedrock => bedrock::error(&error),
        }
    }

    /// Tokens at the start of the prompt that an earlier prompt began with as well.
    fn cached_tokens(&self, prompt: &str) -> u64 {
        let common = |earlier: &String| earlier.bytes().zip(prompt.bytes()).take_while(|(one, other)| one == other).count();
        let mut record = self.record();
        let longest = record.prompts.iter().map(common).max().unwrap_or(0) as u64 / 4;
        if record.prompts.len() == REMEMBERED_PROMPTS {
            record.prompts.pop_front();
        }
        record.prompts.push_back(prompt.to_owned());
        if longest < CACHED_FROM { 0 } else { longest / CACHE_STEP * CACHE_STEP }
    }
}

/// Marks its call as abandoned when the handler is dropped before it has an answer.
struct Tracked {
    shared: Arc<Shared>,
    number: usize,
    done: bool,
}

impl Tracked {
    fn end(&mut self, state: CallState) {
        self.done = true;
        if let Some(call) = self.shared.record().calls.get_mut(self.number) {
            call.state = state;
            call.ended = Some(Instant::now());
        }
        self.shared.note_change();
    }
}

impl Drop for Tracked {
    fn drop(&mut self) {
        if !self.done {
            self.end(CallState::Abandoned);
        }
    }
}

async fn models(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let is_anthropic = headers.contains_key("anthropic-version");
    let (dialect, given) =
        if is_anthropic { (Dialect::Anthropic, anthropic::shown_key(&headers)) } else { (Dialect::OpenAi, bearer(&headers)) };
    if let Err(error) = shared.authorize(given) {
        return shared.refuse(dialect, error);
    }
    if shared.options.models.is_empty() {
        return shared.refuse(dialect, ApiError::new(StatusCode::NOT_FOUND, "Not Found", "NotFoundError", None, None));
    }
    if is_anthropic {
        return Json(anthropic::list(&shared.options.models)).into_response();
    }
    let models: Vec<Value> = shared
        .options
        .models
        .iter()
        .map(|id| json!({ "id": id, "object": "model", "created": 1_700_000_000, "owned_by": "testkit" }))
        .collect();
    Json(json!({ "object": "list", "data": models })).into_response()
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ").map(str::trim)
}

async fn chat(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let checked = shared.authorize(bearer(&headers)).and_then(|key| Ok((key, ChatRequest::parse(&body, &shared.options, None)?)));
    respond_to(shared, Dialect::OpenAi, checked).await
}

async fn azure_chat(
    State(shared): State<Arc<Shared>>,
    Path(deployment): Path<String>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let version = query.get("api-version").map(String::as_str);
    let checked = shared.authorize(azure::shown_key(&headers)).map_err(|_| azure::unauthorized()).and_then(|key| {
        let model = azure::deployed(&shared.options, &deployment, version)?;
        let request = ChatRequest::parse(&body, &shared.options, Some(model))?;
        azure::check_version(&request.body, version.unwrap_or_default())?;
        Ok((key, request))
    });
    respond_to(shared, Dialect::OpenAi, checked).await
}

async fn messages(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let checked = shared.authorize(anthropic::shown_key(&headers)).and_then(|key| {
        anthropic::check_version(&headers)?;
        Ok((key, anthropic::parse(&body, &shared.options)?))
    });
    respond_to(shared, Dialect::Anthropic, checked).await
}

async fn converse(State(shared): State<Arc<Shared>>, Path(model): Path<String>, headers: HeaderMap, body: Bytes) -> Response {
    let checked = shared.authorize(bedrock::shown_key(&headers)).map_err(|_| bedrock::unauthorized()).and_then(|key| {
        let request = bedrock::parse(&model, &body, &shared.options)?;
        Ok((key, request))
    });
    respond_to(shared, Dialect::Bedrock, checked).await
}

async fn converse_stream(
    State(shared): State<Arc<Shared>>,
    Path(model): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let checked = shared.authorize(bedrock::shown_key(&headers)).map_err(|_| bedrock::unauthorized()).and_then(|key| {
        let request = ChatRequest { stream: true, ..bedrock::parse(&model, &body, &shared.options)? };
        if shared.options.whole_answers_only { Err(bedrock::no_right_to_streams(&model)) } else { Ok((key, request)) }
    });
    respond_to(shared, Dialect::Bedrock, checked).await
}

/// What every protocol goes through once its request is understood.
async fn respond_to(shared: Arc<Shared>, dialect: Dialect, checked: Result<(Option<usize>, ChatRequest), ApiError>) -> Response {
    let (key, request) = match checked {
        Ok(checked) => checked,
        Err(error) => return shared.refuse(dialect, error),
    };
    let role = Role::of(&request);
    let (mut tracked, gate, fault, latency) = {
        let mut record = shared.record();
        let number = record.calls.len();
        record.calls.push(Call::new(number, role, key, &request));
        let fault = record.faults.get_mut(&role).and_then(VecDeque::pop_front).or_else(|| {
            let prompt = request.prompt();
            let met = |(of, words, _): &&(Role, String, Fault)| *of == role && prompt.contains(words);
            record.standing_faults.iter().find(met).map(|(_, _, fault)| fault.clone())
        });
        let tracked = Tracked { shared: Arc::clone(&shared), number, done: false };
        (tracked, record.gates.get(&role).cloned(), fault, record.latency)
    };
    shared.note_change();
    if let Some(gate) = gate {
        tokio::select! {
            () = gate.cancelled() => {}
            () = shared.stop.cancelled() => {}
        }
    }
    if !latency.is_zero() {
        #[expect(clippy::disallowed_methods, reason = "the time that a model thinks is what is simulated")]
        tokio::time::sleep(latency).await;
    }
    let response = match answer(&shared, dialect, role, &request, tracked.number, fault).await {
        Ok(response) => response,
        Err(error) => shared.refuse(dialect, error),
    };
    tracked.end(CallState::Answered(response.status().as_u16()));
    response
}

async fn answer(
    shared: &Shared,
    dialect: Dialect,
    role: Role,
    request: &ChatRequest,
    number: usize,
    fault: Option<Fault>,
) -> Result<Response, ApiError> {
    let prompt = request.prompt();
    let prompt_tokens = tokens(&prompt);
    if let Some(limit) = shared.options.context_tokens.filter(|limit| prompt_tokens > *limit) {
        return Err(ApiError::context_too_long(limit, prompt_tokens));
    }
    let script = shared.record().script.clone();
    let mut said = script.answer(role, &prompt);
    if fault == Some(Fault::WrongLines) {
        shift_lines(&mut said, 40);
    }
    let mut completion = Completion {
        content: Some(said.to_string()),
        refusal: None,
        uses: Vec::new(),
        finish_reason: "stop",
        prompt_tokens,
        cached_tokens: shared.cached_tokens(&prompt),
        reasoning_tokens: if is_reasoning_model(&request.model) { 64 } else { 0 },
    };
    if let Some(look) = script.look(role, request.offered.turns).filter(|look| request.offered.names.contains(&look.tool)) {
        completion.uses = vec![(look.tool.clone(), look.arguments.clone())];
        completion.content = None;
        completion.finish_reason = "tool_calls";
    }
    let mut pace = Pace::AtOnce;
    match fault {
        None | Some(Fault::WrongLines) => {}
        Some(Fault::Prose) => completion.content = Some("I looked at the change and it seems fine overall.".to_owned()),
        Some(Fault::HalfJson) => {
            let half = said.to_string().len() / 2;
            completion.content = completion.content.map(|content| content.chars().take(half).collect());
            completion.finish_reason = "length";
        }
        Some(Fault::Fenced) => {
            completion.content = Some(format!("Here is my answer:\n```json\n{said}\n```\nLet me know if you need more."));
        }
        Some(Fault::WrongShape) => completion.content = Some(r#"{"result":["none"],"score":7}"#.to_owned()),
        Some(Fault::Empty) => completion.content = Some(String::new()),
        Some(Fault::Refusal) => {
            completion.content = None;
            completion.refusal = Some("I'm sorry, I cannot assist with that request.".to_owned());
        }
        Some(Fault::NeverAnswers) => shared.stop.cancelled().await,
        Some(Fault::RateLimited { retry_after }) => return Err(ApiError::rate_limited(retry_after)),
        Some(Fault::ServerError) => return Err(ApiError::server_error()),
        Some(Fault::Unauthorized) => return Err(ApiError::unauthorized(Some("sk-revoked"))),
        Some(Fault::ModelNotFound) => return Err(ApiError::model_not_found(&request.model)),
        Some(Fault::ContextTooLong) => return Err(ApiError::context_too_long(prompt_tokens / 2, prompt_tokens)),
        Some(Fault::SlowTokens { pause }) => pace = Pace::Slow(pause),
        Some(Fault::Cut) => pace = Pace::Cut,
        Some(Fault::Stalls) => pace = Pace::Stalls,
        Some(Fault::HtmlPage) => return Ok(plain("text/html", "<html><body>Please sign in to the gateway.</body></html>")),
        Some(Fault::Huge) => return Ok(plain("application/json", vec![b' '; 32 * 1024 * 1024])),
    }
    cut_at_limit(request, &mut completion);
    Ok(respond(dialect, request, number, &completion, pace))
}

/// An answer that is longer than its limit ends there.
fn cut_at_limit(request: &ChatRequest, completion: &mut Completion) {
    let Some(content) = &mut completion.content else { return };
    let Some(limit) = request.limit.filter(|limit| tokens(content) + completion.reasoning_tokens > *limit) else { return };
    let room = limit.saturating_sub(completion.reasoning_tokens).saturating_mul(4);
    *content = content.chars().take(usize::try_from(room).unwrap_or(usize::MAX)).collect();
    completion.finish_reason = "length";
}

fn shift_lines(value: &mut Value, by: u64) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                match field.as_u64() {
                    Some(line) if name.ends_with("line") => *field = line.saturating_add(by).min(u64::from(u32::MAX)).into(),
                    _ => shift_lines(field, by),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| shift_lines(item, by)),
        _ => {}
    }
}
