//! The command line: results to stdout, everything else to stderr.

mod config;
mod costs;
mod dead_letters;
mod doctor;
mod eval;
mod learned;
mod migrate;
mod review;
mod serve;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

use crate::{
    sandbox,
    settings::{Loaded, Problem, Purpose, RecordingSettings, Settings},
};

/// Reviews Azure DevOps pull requests with your own model.
#[derive(Debug, Parser)]
#[command(name = "coderabbit-agent", version, about, long_about = None)]
struct Arguments {
    /// File of settings; without it `.env` of the working directory is read when there is one. The environment wins.
    #[arg(long, global = true, value_name = "FILE")]
    env_file: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Take webhooks and review (the default).
    Serve,
    /// Check settings, database, git, Azure DevOps and the model, and say what to mend.
    Doctor(doctor::Arguments),
    /// Review a range of a local git repository and print the findings.
    Review(review::Arguments),
    /// Check a `.coderabbit.yaml`, or show what comes of it.
    Config(config::Arguments),
    /// Review labelled cases, and say how good the reviews are; or compare two such reports.
    Eval(eval::Arguments),
    /// Bring the database to this version's shape.
    Migrate,
    /// Jobs that were given up: list them, queue one again, or drop it.
    DeadLetters(dead_letters::Arguments),
    /// What became of findings, and what follows from it: list it, wake a category that fell silent, or forget.
    #[command(subcommand)]
    Learned(learned::Command),
    /// What reviews cost, by day, repository, pull request or model.
    Costs(costs::Arguments),
    /// Run a program that is not trusted; only the agent itself calls this.
    #[command(hide = true)]
    SandboxExec(sandbox::Arguments),
    /// Try to break out of the sandbox; only the agent itself calls this.
    #[command(hide = true)]
    SandboxCanary(sandbox::CanaryArguments),
}

/// Parses the command line and runs. Exit codes: 0 fine, 1 the work found something wrong, 2 wrong use or
/// settings, or the work could not be done.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // These give up their rights, or watch over one that did: one thread, and nothing of a runtime.
    match &arguments.command {
        Some(Command::SandboxExec(arguments)) => return sandbox::run(arguments),
        Some(Command::SandboxCanary(arguments)) => return sandbox::run_canary(arguments),
        _ => {}
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return complain(&format!("the runtime cannot be started: {error}")),
    };
    let env_file = arguments.env_file;
    runtime.block_on(async move {
        match arguments.command.unwrap_or(Command::Serve) {
            Command::Serve => serve::run(env_file).await,
            Command::Doctor(arguments) => doctor::run(env_file, &arguments).await,
            Command::Review(arguments) => review::run(env_file, &arguments).await,
            Command::Config(arguments) => config::run(&arguments),
            Command::Eval(arguments) => eval::run(env_file, &arguments).await,
            Command::Migrate => migrate::run(env_file).await,
            Command::DeadLetters(arguments) => dead_letters::run(env_file, &arguments).await,
            Command::Learned(command) => learned::run(env_file, &command).await,
            Command::Costs(arguments) => costs::run(env_file, &arguments).await,
            // Done above.
            Command::SandboxExec(arguments) => sandbox::run(&arguments),
            Command::SandboxCanary(arguments) => sandbox::run_canary(&arguments),
        }
    })
}

/// Loads what a command needs, or prints every problem.
fn settings(purpose: Purpose, env_file: Option<&std::path::Path>) -> Result<Settings, ExitCode> {
    settings_with(purpose, env_file, &RecordingSettings::Off)
}

/// The same, with a recording that the command line names.
fn settings_with(
    purpose: Purpose,
    env_file: Option<&std::path::Path>,
    recording: &RecordingSettings,
) -> Result<Settings, ExitCode> {
    match Settings::load_with(purpose, env_file, recording) {
        Ok(Loaded { settings, warnings }) => {
            for warning in warnings {
                print_problem("warning", &warning);
            }
            Ok(settings)
        }
        Err(problems) => {
            for problem in &problems {
                print_problem("error", problem);
            }
            let count = problems.len();
            let noun = if count == 1 { "setting needs" } else { "settings need" };
            complain(&format!("{count} {noun} your attention; docs/configuration.md describes each of them"));
            Err(ExitCode::from(2))
        }
    }
}

#[expect(clippy::print_stderr, reason = "messages of a command line go to stderr")]
fn print_problem(kind: &str, problem: &Problem) {
    eprintln!("{kind}: {problem}");
}

#[expect(clippy::print_stderr, reason = "messages of a command line go to stderr")]
fn complain(message: &str) -> ExitCode {
    eprintln!("coderabbit-agent: {message}");
    ExitCode::from(2)
}

#[expect(clippy::print_stderr, reason = "progress of a command line goes to stderr")]
fn progress(message: &str) {
    eprintln!("{message}");
}

/// Writes a result. A reader that went away (`| head`) is no error; a full disk is one.
fn print(text: &str) {
    use std::io::{ErrorKind, Write};
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::BrokenPipe => std::process::exit(0),
        Err(error) => {
            complain(&format!("the result cannot be written: {error}"));
            std::process::exit(2);
        }
    }
}

/// Words of a model, a repository or a server, fit for a terminal: no control characters, which could move the cursor or
/// change what stands above, and none that reorder or hide what is read. Line ends and tabs stay.
fn plain(text: &str) -> String {
    let acts = |character: char| {
        (character.is_control() && !matches!(character, '\n' | '\t'))
            || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
    };
    text.chars().filter(|&character| !acts(character)).collect()
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn nothing_that_a_terminal_acts_on_passes() {
        assert_eq!(plain("a\u{1b}[2Jb\rc\u{9b}31m\u{202e}d\u{200b}\te\nf"), "a[2Jbc31md\te\nf");
        assert_eq!(plain("größer als 0 → ja 👍"), "größer als 0 → ja 👍");
    }
}
