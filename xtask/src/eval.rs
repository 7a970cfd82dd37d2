//! `cargo xtask eval`: the shipped cases with the scripted model, from a fresh clone.

use testkit::{eval, model::ModelServer};

use crate::{
    agent,
    demo::scripted_variables,
    process::{command, run, say, variable, work_dir},
};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Also score by meaning; the script plays the judge as well.
    #[arg(long)]
    judge: bool,
}

/// Comments of one review, so that one case has more than are shown.
const MAX_INLINE_COMMENTS: &str = "2";

pub(crate) async fn evaluate(arguments: &Arguments) -> anyhow::Result<()> {
    say("building the agent");
    let binary = agent::build(false)?;
    let server = ModelServer::start(eval::script()).await?;
    let folder = work_dir("eval")?;
    let (json, html) = (folder.join("report.json"), folder.join("report.html"));
    let mut command = command(binary);
    command
        .args(["eval", "eval/cases", "--json"])
        .arg(&json)
        .arg("--html")
        .arg(&html)
        .args(arguments.judge.then_some("--judge"))
        .env_clear()
        .envs(["PATH", "HOME"].into_iter().filter_map(|name| variable(name).map(|value| (name, value))))
        .env("MAX_INLINE_COMMENTS", MAX_INLINE_COMMENTS)
        .envs(scripted_variables(&server));
    // The server answers on other threads of this process meanwhile.
    tokio::task::block_in_place(|| run(&mut command))?;
    say(&format!("\nthe report: {}\nread it in your browser: file://{}", json.display(), html.display()));
    Ok(())
}
