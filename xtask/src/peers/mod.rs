//! Counterparts of the agent that others wrote. Each is started on loopback, the tests of `crates/agent/tests/peers` are told
//! where it is, and it is ended again.
//!
//! To add one: a variant of [`Peer`], a file that starts it, its variables in the tests, its packages in
//! `crates/testkit/peers`.

mod aimock;
mod bedrock;
mod squid;
mod tokens;
mod tools;

use std::time::Instant;

use clap::ValueEnum;

pub(crate) use self::bedrock::{Auth, ministack};
use crate::{
    daemon::Daemon,
    process::{self, cargo, run_keeping, say},
    tools as needed_tools,
};

/// Its settings are in `.config/nextest.toml`.
const PROFILE: &str = "peers";

/// In the order in which they are started: each may need what stands before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Peer {
    /// Plays `OpenAI`, Azure `OpenAI` and Anthropic, with answers that were recorded from a real model.
    Aimock,
    /// ministack and moto, which check AWS' signatures; microburst, which throttles and cuts.
    Bedrock,
    /// oidc-provider: issues tokens by `OAuth2`; a gateway verifies them.
    Tokens,
    /// A forward proxy that wants a password.
    Squid,
    /// Linters and scanners.
    Tools,
}

#[derive(Debug, Default, clap::Args)]
pub(crate) struct Arguments {
    /// Only these.
    #[arg(value_enum)]
    only: Vec<Peer>,
    /// Writes aimock's recorded answers anew, from a real language model (a download of 1.2 GB).
    #[arg(long)]
    record: bool,
}

/// What the tests are told about the peers.
pub(crate) type Variables = Vec<(&'static str, String)>;

/// A peer that runs.
struct Running {
    daemons: Vec<Daemon>,
    variables: Variables,
}

/// Starts the peers, runs their tests, and ends them. `summary` gets the test runner's count.
pub(crate) fn run(arguments: &Arguments, summary: &mut Vec<String>) -> anyhow::Result<()> {
    if arguments.record {
        return aimock::record();
    }
    needed_tools::for_peers()?;
    build()?;
    let all = Peer::value_variants();
    let chosen: Vec<Peer> =
        all.iter().filter(|peer| arguments.only.is_empty() || arguments.only.contains(*peer)).copied().collect();
    let needed = all.iter().filter(|peer| chosen.iter().any(|chosen| chosen == *peer || chosen.needs().contains(*peer)));
    let mut running: Vec<Running> = Vec::new();
    for peer in needed {
        let started = Instant::now();
        let known: Variables = running.iter().flat_map(|running| running.variables.iter().cloned()).collect();
        running.push(peer.start(&known)?);
        say(&format!("  {} runs after {:.1} s", peer.name(), started.elapsed().as_secs_f64()));
    }
    let modules: Vec<&str> = chosen.iter().map(|peer| peer.module()).collect();
    let filter = format!("binary(peers) & test(/^({})::/)", modules.join("|"));
    let variables = running.iter().flat_map(|running| running.variables.iter().cloned());
    let (result, kept) = test(&filter, variables);
    summary.extend(kept);
    for daemon in running.iter_mut().flat_map(|running| &mut running.daemons) {
        daemon.still_runs()?;
    }
    result
}

/// Builds the tests, so that nothing is compiled while the peers run.
pub(crate) fn build() -> anyhow::Result<()> {
    process::run(cargo().args(["nextest", "run", "--locked", "--workspace", "--no-run"]))
}

/// The tests that `filter` chooses, told by `variables` where the peers are; the lines in which the test runner counts them.
pub(crate) fn test(filter: &str, variables: impl Iterator<Item = (&'static str, String)>) -> (anyhow::Result<()>, Vec<String>) {
    // The whole workspace, as the test command builds it: a part of it would be built anew with fewer features.
    let arguments = ["nextest", "run", "--locked", "--workspace", "--profile", PROFILE, "-E", filter];
    run_keeping(cargo().args(arguments).envs(variables), |line| line.contains("Summary ["))
}

impl Peer {
    fn name(self) -> &'static str {
        match self {
            Self::Aimock => "aimock",
            Self::Bedrock => "ministack, microburst, moto",
            Self::Tokens => "oidc-provider",
            Self::Squid => "squid",
            Self::Tools => "linters and scanners",
        }
    }

    /// Of its tests.
    fn module(self) -> &'static str {
        match self {
            Self::Aimock => "aimock",
            Self::Bedrock => "bedrock",
            Self::Tokens => "tokens",
            Self::Squid => "squid",
            Self::Tools => "tools",
        }
    }

    /// Others that its tests talk to.
    fn needs(self) -> &'static [Self] {
        match self {
            Self::Aimock | Self::Bedrock | Self::Tools => &[],
            Self::Tokens => &[Self::Aimock],
            Self::Squid => &[Self::Aimock, Self::Bedrock, Self::Tokens],
        }
    }

    /// `known`: what those before it told.
    fn start(self, known: &Variables) -> anyhow::Result<Running> {
        match self {
            Self::Aimock => aimock::start(),
            Self::Bedrock => bedrock::start(),
            Self::Tokens => tokens::start(known),
            Self::Squid => squid::start(),
            Self::Tools => self::tools::start(),
        }
    }
}

/// What a peer that was started before told.
fn known<'a>(variables: &'a Variables, name: &str) -> anyhow::Result<&'a str> {
    let found = variables.iter().find(|(known, _)| *known == name);
    found.map(|(_, value)| value.as_str()).ok_or_else(|| anyhow::anyhow!("{name} is not known: its peer was not started before"))
}
