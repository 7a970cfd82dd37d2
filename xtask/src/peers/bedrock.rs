//! Amazon Bedrock, as others imitate it: ministack (MIT) checks signatures and lets aimock answer, or a real model; moto
//! (Apache-2.0) checks signatures with AWS' own Python code; microburst (MIT) stands in front of a ministack and spoils answers.

use std::{path::Path, time::Duration};

use anyhow::Context;
use serde::Deserialize;

use super::{Running, aimock};
use crate::{
    daemon::{Daemon, Ready},
    process::{command, free_port, output, root, work_dir},
    tools,
};

const START: Duration = Duration::from_mins(1);

/// Whether signatures are checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Auth {
    Checked,
    /// Behind microburst no signature fits: the host that was signed is another.
    Ignored,
}

/// What `aws_account.py` prints.
#[derive(Debug, Deserialize)]
struct Account {
    user: User,
    role: Role,
}

#[derive(Debug, Deserialize)]
struct User {
    key: String,
    secret: String,
}

/// Temporary credentials of a role.
#[derive(Debug, Deserialize)]
struct Role {
    key: String,
    secret: String,
    token: String,
}

pub(super) fn start() -> anyhow::Result<Running> {
    let logs = work_dir("bedrock-logs")?;
    // It asks without a key.
    let model = aimock::behind_ministack(&logs)?;
    let (checking, mut variables) = ministack(Auth::Checked, &model.url(), &logs)?;
    let (behind, _) = ministack(Auth::Ignored, &model.url(), &logs)?;
    let microburst = microburst(&behind.url(), &logs)?;
    variables.push(("TESTKIT_PEER_MICROBURST", microburst.url()));
    let (moto, account) = moto(&logs)?;
    variables.extend([
        ("TESTKIT_PEER_MOTO", moto.url()),
        ("TESTKIT_PEER_MOTO_KEY", account.user.key),
        ("TESTKIT_PEER_MOTO_SECRET", account.user.secret),
    ]);
    Ok(Running { daemons: vec![model, checking, behind, microburst, moto], variables })
}

/// Bedrock's protocol in front of `model`, a server that speaks like `OpenAI` and wants no key; what the tests are told.
pub(crate) fn ministack(auth: Auth, model: &str, logs: &Path) -> anyhow::Result<(Daemon, super::Variables)> {
    let python = packages()?;
    let port = free_port()?;
    let mut server = command(python.with_file_name("ministack"));
    // Without the first two it listens on all addresses, for HTTP and for MQTT.
    server.env("BIND_HOST", "127.0.0.1").env("IOT_MTLS_ENABLED", "0").env("GATEWAY_PORT", port.to_string());
    server.env("SERVICES", "bedrock-runtime,bedrock,iam,sts");
    // When the model does not answer in time, ministack answers something of its own.
    server.env("MINISTACK_BEDROCK_PROXY_URL", model).env("MINISTACK_BEDROCK_PROXY_TIMEOUT_SECONDS", "600");
    server.env("AUTH", if auth == Auth::Checked { "true" } else { "false" });
    let log = logs.join(if auth == Auth::Checked { "ministack.log" } else { "ministack-behind.log" });
    let daemon = Daemon::start("ministack", server, (port, Ready::Answers { path: "/_ministack/health" }), &log, START)?;
    let mut variables = vec![("TESTKIT_PEER_MINISTACK", daemon.url())];
    if auth == Auth::Checked {
        let account = account(&python, &daemon.url(), None)?;
        variables.extend([
            ("TESTKIT_PEER_MINISTACK_KEY", account.user.key),
            ("TESTKIT_PEER_MINISTACK_SECRET", account.user.secret),
            ("TESTKIT_PEER_MINISTACK_ROLE_KEY", account.role.key),
            ("TESTKIT_PEER_MINISTACK_ROLE_SECRET", account.role.secret),
            ("TESTKIT_PEER_MINISTACK_ROLE_TOKEN", account.role.token),
        ]);
    }
    Ok((daemon, variables))
}

fn microburst(upstream: &str, logs: &Path) -> anyhow::Result<Daemon> {
    let port = free_port()?;
    let mut server = command(packages()?.with_file_name("microburst"));
    server.args(["--host", "127.0.0.1", "--port", &port.to_string(), "--upstream", upstream]);
    Daemon::start("microburst", server, (port, Ready::Connects), &logs.join("microburst.log"), START)
}

fn moto(logs: &Path) -> anyhow::Result<(Daemon, Account)> {
    let python = packages()?;
    let port = free_port()?;
    let mut server = command(python.with_file_name("moto_server"));
    server.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
    let daemon = Daemon::start("moto", server, (port, Ready::Connects), &logs.join("moto.log"), START)?;
    let account = account(&python, &daemon.url(), Some(&format!("{}/moto-api/reset-auth", daemon.url())))?;
    Ok((daemon, account))
}

/// `switch`: what has to be told when the account is there.
fn account(python: &Path, endpoint: &str, switch: Option<&str>) -> anyhow::Result<Account> {
    let script = root().join(tools::PEER_FILES).join("aws_account.py");
    let said = output(command(python).arg(script).arg(endpoint).args(switch))?;
    serde_json::from_str(&said).with_context(|| format!("the account is described as {said:?}"))
}

fn packages() -> anyhow::Result<std::path::PathBuf> {
    tools::locked_python("peers-python", "bedrock.txt")
}
