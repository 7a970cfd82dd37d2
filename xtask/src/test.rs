//! Everything that CI checks.

use crate::{
    checks, generate, peers,
    process::{self, cargo, run_keeping},
    steps::Steps,
    tidy, tools,
};

/// Runs all steps, also after a failure; `quick` leaves out the slow ones.
pub(crate) fn run(quick: bool) -> anyhow::Result<()> {
    let mut steps = Steps::default();
    if !steps.run("tools", tools::for_tests) {
        return steps.finish();
    }
    steps.run("format", || process::run(cargo().args(["fmt", "--all", "--check"])));
    steps.run("clippy", || {
        process::run(cargo().args(["clippy", "--locked", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"]))
    });
    let (mut summary, mut of_peers) = (Vec::new(), Vec::new());
    let (tests, with_peers) = (&mut summary, &mut of_peers);
    steps.run("tests", || {
        let profile = ["nextest", "run", "--locked", "--workspace", "--profile", "ci"];
        let (result, kept) = run_keeping(cargo().args(profile), |line| line.contains("Summary ["));
        *tests = kept;
        result
    });
    steps.run("generated files", generate::check);
    steps.run("tidy", tidy::run);
    if !quick {
        steps.run("documentation", || {
            process::run(
                cargo().args(["doc", "--locked", "--workspace", "--no-deps", "--quiet"]).env("RUSTDOCFLAGS", "-D warnings"),
            )
        });
        steps.run("documentation tests", || process::run(cargo().args(["test", "--locked", "--workspace", "--doc", "--quiet"])));
        steps.run("third-party clients", checks::run);
        steps.run("counterparts of others", || peers::run(&peers::Arguments::default(), with_peers));
        // By its command, not by this program's path: an earlier step may have built this program anew.
        steps.run("demo", || process::run(cargo().args(["xtask", "demo", "--once"])));
        steps.run("evaluation", || process::run(cargo().args(["xtask", "eval"])));
        steps.run("prompt tokens", || process::run(cargo().args(["xtask", "bench", "tokens"])));
    }
    for line in summary.into_iter().chain(of_peers) {
        steps.note(line);
    }
    steps.finish()
}
