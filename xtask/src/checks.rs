//! The stand-ins of Azure DevOps, Jira, Linear and Perplexity, driven by clients that others wrote: Microsoft's own for Python and
//! for Node, `jira` of `PyPI`, Linear's own and Perplexity's own.

use std::{
    io::{BufRead, BufReader},
    process::{Child, ChildStdin, Command, Stdio},
};

use anyhow::{Context, bail};
use serde_json::Value;

use crate::process::{self, cargo, command, root, say, target_dir, work_dir};

const PYTHON_CLIENT: &str = "azure-devops==7.1.0b4";
const NODE_CLIENT: &str = "azure-devops-node-api@17.0.1";
const JIRA_CLIENT: &str = "jira==3.10.5";
const PERPLEXITY_CLIENT: &str = "perplexityai==0.46.1";
const LINEAR_CLIENT: &[&str] = &["@linear/sdk@98.0.0", "graphql@17.1.0"];
/// What the agent sends to Linear.
const LINEAR_DOCUMENTS: &str = "crates/agent/src/trackers/linear";

const AZURE_DEVOPS: &str = "azure-devops-fake";
const SERVICES: &str = "services-fake";

/// Releases that the stand-in plays, with the arguments for it and the version of the Python client's models.
const RELEASES: &[(&str, &[&str], &str)] = &[
    ("Services", &["--mode", "services"], "7.1"),
    ("Server 2022", &["--mode", "server2022", "--prefix", "tfs", "--collection", "DefaultCollection"], "7.0"),
];

/// Runs the clients, each run against servers of its own.
pub(crate) fn run() -> anyhow::Result<()> {
    crate::tools::for_checks()?;
    // Not the package alone: with the features that it needs by itself, all its dependencies would be built anew.
    process::run(cargo().args(["build", "--locked", "--quiet", "--workspace", "--bins"]))?;
    let python = crate::tools::python_packages(&work_dir("python-client")?, &[PYTHON_CLIENT])?;
    let modules = work_dir("node-client")?;
    crate::tools::npm_packages(&modules, &[NODE_CLIENT])?;
    let scripts = root().join("crates/testkit/checks");
    let mut failures = Vec::new();
    for (release, arguments, version) in RELEASES {
        let mut client = command(&python);
        client.arg(scripts.join("python_client.py"));
        check(client, &[version], (AZURE_DEVOPS, arguments), &format!("Python client, {release}"), &mut failures);
        let mut client = command("node");
        client.arg(scripts.join("node_client.mjs")).env("NODE_CLIENT", &modules);
        check(client, &[], (AZURE_DEVOPS, arguments), &format!("Node client, {release}"), &mut failures);
    }
    let python = crate::tools::python_packages(&work_dir("jira-client")?, &[JIRA_CLIENT])?;
    let mut client = command(&python);
    client.arg(scripts.join("jira_client.py"));
    check(client, &[], (SERVICES, &[]), "Jira's Python client", &mut failures);
    let python = crate::tools::python_packages(&work_dir("perplexity-client")?, &[PERPLEXITY_CLIENT])?;
    let mut client = command(&python);
    client.arg(scripts.join("perplexity_client.py"));
    check(client, &[], (SERVICES, &[]), "Perplexity's Python client", &mut failures);
    let modules = work_dir("linear-client")?;
    crate::tools::npm_packages(&modules, LINEAR_CLIENT)?;
    let mut client = command("node");
    client.arg(scripts.join("linear_client.mjs")).env("NODE_CLIENT", &modules);
    let documents = root().join(LINEAR_DOCUMENTS).display().to_string();
    check(client, &[&documents], (SERVICES, &[]), "Linear's Node client", &mut failures);
    if failures.is_empty() { Ok(()) } else { bail!("{}", failures.join("; ")) }
}

/// Starts the stand-in, tells the client where everything is, and ends it.
fn check(mut client: Command, more: &[&str], server: (&str, &[&str]), name: &str, failures: &mut Vec<String>) {
    let result = (|| {
        let (server, places) = Server::start(server)?;
        // Clients keep what a server told them in their home directory, by URL; and ports come again.
        let home = tempfile::tempdir().context("no temporary directory")?;
        client.arg(&places).args(more).env("HOME", home.path());
        let checked = process::output(&mut client);
        server.stop()?;
        checked
    })();
    match result {
        Ok(said) => say(&format!("  {name}: {} checks", said.lines().filter(|line| line.starts_with("ok:")).count())),
        Err(error) => {
            say(&format!("  {name}: {error:#}"));
            failures.push(format!("{name}: {error:#}"));
        }
    }
}

struct Server {
    child: Child,
    /// The stand-in ends when this is closed.
    input: ChildStdin,
}

impl Server {
    /// The server, and the line in which it says where everything is: the clients' first argument.
    fn start((program, arguments): (&str, &[&str])) -> anyhow::Result<(Self, String)> {
        let binary = target_dir().join("debug").join(program);
        let mut child = command(&binary)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", binary.display()))?;
        let (Some(input), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else { bail!("the stand-in has no pipes") };
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).context("the stand-in says nothing")?;
        let line = line.trim().to_owned();
        if serde_json::from_str::<Value>(&line).is_err() {
            bail!("the stand-in says {line:?} instead of where everything is");
        }
        Ok((Self { child, input }, line))
    }

    fn stop(self) -> anyhow::Result<()> {
        let Self { mut child, input } = self;
        drop(input);
        child.wait().context("the stand-in did not end")?;
        Ok(())
    }
}
