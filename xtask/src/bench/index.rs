//! How long the code index of a large repository takes.

use crate::process::{self, cargo};

/// The measurement is a benchmark of the agent's crate, so that it runs optimised.
pub(crate) fn run(files: usize) -> anyhow::Result<()> {
    let mut bench = cargo();
    bench.args(["bench", "--locked", "--quiet", "--package", "coderabbit-agent", "--bench", "index", "--"]);
    process::run(bench.args(["--files", &files.to_string()]))
}
