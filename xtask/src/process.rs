//! Programs that tasks run, what tasks print, and where things are.

use std::{
    env,
    ffi::OsStr,
    fs,
    io::{BufRead, BufReader},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, bail};

/// The root of the repository: as `cargo run` tells it, since clones that share a target directory share this binary; else where
/// it was built.
pub(crate) fn root() -> PathBuf {
    let here = variable("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").to_owned());
    let here = Path::new(&here);
    here.parent().unwrap_or(here).to_owned()
}

/// Where cargo builds.
pub(crate) fn target_dir() -> PathBuf {
    variable("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |dir| root().join(dir))
}

/// A directory of this task under the target directory, made if need be.
pub(crate) fn work_dir(name: &str) -> anyhow::Result<PathBuf> {
    let dir = target_dir().join("xtask").join(name);
    fs::create_dir_all(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
    Ok(dir)
}

#[expect(clippy::print_stdout, reason = "the one place through which tasks print")]
pub(crate) fn say(text: &str) {
    println!("{text}");
}

#[expect(clippy::disallowed_methods, reason = "tasks are steered by cargo's and the caller's environment")]
pub(crate) fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// A program, run in the root of the repository.
#[expect(clippy::disallowed_methods, reason = "running programs is what tasks are for")]
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root());
    command
}

/// The cargo that runs this task.
pub(crate) fn cargo() -> Command {
    let mut command = command(variable("CARGO").unwrap_or_else(|| "cargo".to_owned()));
    // `cargo run` tells its children about the package of this task. Builds of others must not see it: a build script that looks
    // at its package (ring's does) would run anew each time, and everything above it would be built anew.
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(|name| ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|start| name.starts_with(start))) {
            command.env_remove(name);
        }
    }
    command
}

/// Runs it, showing what it prints; an exit code other than 0 is an error.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<()> {
    say(&format!("  $ {}", shown(command)));
    let status = command.status().with_context(|| format!("cannot start {}", shown(command)))?;
    if !status.success() {
        bail!("`{}` ended with {status}", shown(command));
    }
    Ok(())
}

/// Runs it, and returns what it prints to stdout.
pub(crate) fn output(command: &mut Command) -> anyhow::Result<String> {
    let output = command.output().with_context(|| format!("cannot start {}", shown(command)))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("`{}` ended with {}: {}", shown(command), output.status, said.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether it can be started and ends well; prints nothing.
pub(crate) fn works(command: &mut Command) -> bool {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// Runs it, showing what it prints, and keeps the lines of stderr for which `keep` holds.
pub(crate) fn run_keeping(command: &mut Command, keep: impl Fn(&str) -> bool) -> (anyhow::Result<()>, Vec<String>) {
    say(&format!("  $ {}", shown(command)));
    let mut kept = Vec::new();
    let result = (|| {
        let mut child = command.stderr(Stdio::piped()).spawn().with_context(|| format!("cannot start {}", shown(command)))?;
        if let Some(stderr) = child.stderr.take() {
            for line in BufReader::new(stderr).split(b'\n') {
                let line = line.context("the program's output cannot be read")?;
                let line = String::from_utf8_lossy(&line);
                say(&line);
                if keep(&line) {
                    kept.push(line.trim().to_owned());
                }
            }
        }
        let status = child.wait()?;
        if !status.success() {
            bail!("`{}` ended with {status}", shown(command));
        }
        Ok(())
    })();
    (result, kept)
}

/// A port on loopback that was free a moment ago.
pub(crate) fn free_port() -> anyhow::Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("no free port on 127.0.0.1")?;
    Ok(listener.local_addr()?.port())
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}
