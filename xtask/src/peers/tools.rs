//! Linters and scanners, each as its makers publish it. Nothing is started: the tests run them as the agent does.

use super::Running;
use crate::tools;

pub(super) fn start() -> anyhow::Result<Running> {
    let python = tools::locked_python("tools-python", "tools.txt")?;
    let packages = tools::locked_node_tools()?;
    let mut folders = vec![packages.place.join("node_modules/.bin")];
    folders.extend(python.parent().map(std::path::Path::to_owned));
    // Their scripts name the interpreter and not where it is.
    folders.extend(packages.node.parent().filter(|folder| folder.is_absolute()).map(std::path::Path::to_owned));
    let folders = std::env::join_paths(folders)?.to_string_lossy().into_owned();
    Ok(Running { daemons: Vec::new(), variables: vec![("TESTKIT_PEER_TOOLS", folders)] })
}
