//! squid (GPL-2.0-or-later), as Debian ships it: a forward proxy that wants a password and writes down what it passed on.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context;

use super::Running;
use crate::{
    daemon::{Daemon, Ready},
    process::{command, free_port, output, run},
    tools,
};

const START: Duration = Duration::from_secs(30);
/// With characters that a URL has to encode.
const PASSWORD: &str = "pr0xy p@ss/%";
/// `openssl passwd -apr1 'pr0xy p@ss/%'`. The second user is for wrong passwords: squid keeps one password a user, and confuses
/// them when a right one and a wrong one come at the same moment.
const PASSWORD_FILE: &str = "agent:$apr1$uO4WcwbS$xo0eALOHzPycFbt0S2vJz0\nforgetful:$apr1$uO4WcwbS$xo0eALOHzPycFbt0S2vJz0\n";
/// Names that squid knows and no name server does: who reaches one of them came through squid.
const HOSTS: &str = "127.0.0.1 devops.corp.invalid models.corp.invalid bedrock.corp.invalid tokens.corp.invalid\n";

pub(super) fn start() -> anyhow::Result<Running> {
    // Not below the target directory: squid gives up being root, and the way there may be closed to others.
    let place = tempfile::Builder::new().prefix("squid-").tempdir().context("no temporary directory")?;
    let (dir, unpacked) = (place.path(), place.path().join("root"));
    tools::unpack_squid(&unpacked)?;
    let port = free_port()?;
    let is_root = output(command("id").arg("-u"))?.trim() == "0";
    for (name, text) in
        [("users", PASSWORD_FILE.to_owned()), ("hosts", HOSTS.to_owned()), ("squid.conf", configuration(dir, port, is_root))]
    {
        let file = dir.join(name);
        fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    if is_root {
        // What squid becomes; Debian and Ubuntu have this user from the start.
        run(command("chown").args(["-R", "proxy:proxy"]).arg(dir))?;
    }
    let mut server = command(unpacked.join("usr/sbin/squid"));
    // Two squids of one name would share their memory.
    server.args(["-N", "-n", &format!("testkit{port}"), "-f"]).arg(dir.join("squid.conf"));
    server.env("LD_LIBRARY_PATH", libraries(&unpacked)?);
    let daemon = Daemon::start("squid", server, (port, Ready::Connects), &dir.join("output.log"), START)?;
    let variables = vec![
        ("TESTKIT_PEER_SQUID", format!("127.0.0.1:{port}")),
        ("TESTKIT_PEER_SQUID_PASSWORD", PASSWORD.to_owned()),
        ("TESTKIT_PEER_SQUID_LOG", dir.join("access.log").display().to_string()),
    ];
    Ok(Running { daemons: vec![daemon.keeping(place)], variables })
}

/// The folder of the machine's architecture.
fn libraries(unpacked: &Path) -> anyhow::Result<PathBuf> {
    let lib = unpacked.join("usr/lib");
    let entries = fs::read_dir(&lib).with_context(|| format!("cannot read {}", lib.display()))?;
    let names = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let found = names.into_iter().find(|path| path.to_string_lossy().contains("-linux-gnu"));
    // Where the system has squid already, only squid itself was unpacked.
    Ok(found.unwrap_or(lib))
}

fn configuration(dir: &Path, port: u16, is_root: bool) -> String {
    let (dir, root) = (dir.display(), dir.join("root"));
    let root = root.display();
    let user = if is_root { "cache_effective_user proxy\n" } else { "" };
    format!(
        "http_port 127.0.0.1:{port}\n\
         auth_param basic program {root}/usr/lib/squid/basic_ncsa_auth {dir}/users\n\
         auth_param basic realm testkit\n\
         acl known proxy_auth REQUIRED\n\
         http_access allow known\n\
         http_access deny all\n\
         hosts_file {dir}/hosts\n\
         cache deny all\n\
         cache_mem 8 MB\n\
         access_log stdio:{dir}/access.log\n\
         cache_log {dir}/cache.log\n\
         pid_filename none\n\
         coredump_dir {dir}\n\
         icon_directory {root}/usr/share/squid/icons\n\
         mime_table {root}/usr/share/squid/mime.conf\n\
         error_directory {root}/usr/share/squid/errors/en\n\
         unlinkd_program {root}/usr/lib/squid/unlinkd\n\
         pinger_enable off\n\
         shutdown_lifetime 0 seconds\n\
         visible_hostname proxy.test\n\
         {user}"
    )
}
