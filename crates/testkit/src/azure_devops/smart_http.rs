//! Git's smart HTTP protocol, by git's own `http-backend`.

use std::{process::Stdio, sync::Arc};

use anyhow::{Context as _, Result};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{
    answer::{Answer, Refusal},
    call::joined,
    iterations,
    options::ServedCommits,
    server::{Incoming, Server},
    sign_in,
};
use crate::repository::git_command;

/// Answers a fetch or a push; a push becomes iterations before the answer goes out.
pub(crate) async fn serve(
    server: &Arc<Server>,
    incoming: &Incoming,
    collection: usize,
    project: &str,
    repository: &str,
    rest: &[String],
) -> (Answer, Option<String>) {
    let user = match server.look(|world| sign_in::user(world, incoming)) {
        Ok(user) => user,
        Err(answer) => return (answer, None),
    };
    let by = server.look(|world| world.user(user).map(|user| user.display_name.clone()));
    let found = server.look(|world| {
        let same = |one: &str, other: &str| one.to_lowercase() == other.to_lowercase();
        world.repositories.iter().enumerate().find_map(|(index, known)| {
            let of = world.projects.get(known.project)?;
            let is_it = of.collection == collection
                && (same(&of.name, project) || of.id.eq_ignore_ascii_case(project))
                && (same(&known.name, repository) || known.id.eq_ignore_ascii_case(repository))
                && !known.is_disabled;
            let speaks_newer = world.options.served == ServedCommits::Any;
            is_it.then(|| (index, known.git.git_dir().to_owned(), speaks_newer))
        })
    });
    let Some((index, git_dir, speaks_newer)) = found else {
        let message = format!("TF401019: The Git repository with name or identifier {repository} does not exist.");
        return (Refusal::new(404, "GitRepositoryNotFoundException", message).into(), by);
    };
    let path = joined(rest);
    let answer = match backend(incoming, &git_dir, &path, speaks_newer).await {
        Ok(answer) => answer,
        Err(error) => Refusal::new(500, "GitServiceException", format!("{error:#}")).into(),
    };
    if path.ends_with("git-receive-pack") && incoming.method == "POST" {
        let server = Arc::clone(server);
        let synced = tokio::task::spawn_blocking(move || server.with(|world| iterations::sync(world, index, user)));
        if let Err(error) = synced.await {
            return (Refusal::new(500, "GitServiceException", error.to_string()).into(), by);
        }
    }
    (answer, by)
}

/// Runs the CGI program. Version 2 of the protocol serves every object by id, so it is spoken only where that is wanted.
async fn backend(incoming: &Incoming, git_dir: &std::path::Path, path: &str, speaks_newer: bool) -> Result<Answer> {
    let mut command = git_command();
    command.arg("http-backend").env("GIT_PROJECT_ROOT", git_dir).env("PATH_INFO", path).env("GIT_HTTP_EXPORT_ALL", "1");
    command.env("REQUEST_METHOD", &incoming.method).env("QUERY_STRING", &incoming.raw_query).env("REMOTE_USER", "user");
    command.env("REMOTE_ADDR", "127.0.0.1").env("CONTENT_LENGTH", incoming.body.len().to_string());
    let headers =
        [("CONTENT_TYPE", "content-type"), ("HTTP_CONTENT_ENCODING", "content-encoding"), ("GIT_PROTOCOL", "git-protocol")];
    for (variable, header) in headers {
        if let Some(value) = incoming.header(header).filter(|_| speaks_newer || header != "git-protocol") {
            command.env(variable, value);
        }
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut command = tokio::process::Command::from(command);
    let mut child = command.kill_on_drop(true).spawn().context("starting git http-backend")?;
    let (mut stdin, mut stdout, mut stderr) = (
        child.stdin.take().context("no stdin")?,
        child.stdout.take().context("no stdout")?,
        child.stderr.take().context("no stderr")?,
    );
    let (mut output, mut errors) = (Vec::new(), Vec::new());
    let feed = async {
        // A program that ends before it has read everything is told by its status.
        stdin.write_all(&incoming.body).await.ok();
        drop(stdin);
    };
    let ((), read, _) = tokio::join!(feed, stdout.read_to_end(&mut output), stderr.read_to_end(&mut errors));
    read.context("reading from git http-backend")?;
    child.wait().await.context("waiting for git http-backend")?;
    let split = output.windows(4).position(|window| window == b"\r\n\r\n");
    let Some(split) = split else {
        anyhow::bail!("git http-backend gave no headers: {}", String::from_utf8_lossy(&errors).trim());
    };
    let body = output.split_off(split + 4);
    let mut answer = Answer::new(200, "", body);
    for line in String::from_utf8_lossy(&output).lines() {
        let Some((name, value)) = line.split_once(": ") else { continue };
        match name.to_ascii_lowercase().as_str() {
            "status" => answer.status = value.split(' ').next().and_then(|status| status.parse().ok()).unwrap_or(200),
            "content-type" => value.clone_into(&mut answer.content_type),
            "cache-control" => answer = answer.header("cache-control", value),
            _ => {}
        }
    }
    Ok(answer)
}
