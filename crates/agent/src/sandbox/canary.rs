//! The attempts that tell whether the sandbox of this machine holds.

use std::{
    fs,
    io::Write,
    net::{SocketAddr, TcpListener, TcpStream, UdpSocket},
    os::unix::{
        fs::{OpenOptionsExt, PermissionsExt},
        net::{UnixDatagram, UnixListener, UnixStream},
    },
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    time::Duration,
};

use rustix::process::{Pid, test_kill_process};

use super::{Ended, How, Limits, Program, Sandbox, SandboxError};

/// The name of the subcommand, which only this module calls.
const SUBCOMMAND: &str = "sandbox-canary";
const HELD: &str = "held";

/// Where the forbidden things are.
#[derive(Debug, Clone, clap::Args)]
pub struct CanaryArguments {
    /// A file outside of the sandbox.
    #[arg(long)]
    secret: PathBuf,
    /// A script that may be read and not be run.
    #[arg(long)]
    script: PathBuf,
    /// Where somebody listens, by TCP.
    #[arg(long)]
    listener: SocketAddr,
    /// The same, by a path.
    #[arg(long)]
    socket: PathBuf,
    /// A process outside.
    #[arg(long)]
    process: i32,
}

/// Sets everything up that must not be reached, and sends the canary in.
pub(super) async fn probe(sandbox: &Sandbox, place: &Path) -> Result<(), SandboxError> {
    fs::create_dir_all(place).map_err(SandboxError::Folder)?;
    let folder = tempfile::Builder::new().prefix("canary-").tempdir_in(place).map_err(SandboxError::Folder)?;
    let place = folder.path().canonicalize().map_err(SandboxError::Folder)?;
    let (inside, outside, scratch) = (place.join("inside"), place.join("outside"), place.join("scratch"));
    let (secret, script, socket) = (outside.join("secret"), inside.join("script"), outside.join("socket"));
    let set_up = || {
        for folder in [&inside, &outside, &scratch] {
            fs::create_dir(folder)?;
        }
        fs::write(&secret, "canary")?;
        fs::write(&script, "#!/bin/sh\nexit 0\n")?;
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?;
        Ok((TcpListener::bind("127.0.0.1:0")?, UnixListener::bind(&socket)?))
    };
    let (listener, _socket) = set_up().map_err(SandboxError::Folder)?;
    let address = listener.local_addr().map_err(SandboxError::Folder)?;
    let mut arguments = vec![SUBCOMMAND.into(), "--secret".into(), secret.into(), "--script".into(), script.into()];
    arguments.extend(["--listener".into(), address.to_string().into(), "--socket".into(), socket.into()]);
    arguments.extend(["--process".into(), std::process::id().to_string().into()]);
    let program = Program {
        program: sandbox.launcher.clone(),
        arguments,
        directory: inside.clone(),
        input: None,
        takes_stderr: false,
        readable: vec![inside],
        runnable: vec![sandbox.launcher.clone()],
        scratch,
        path: Vec::new(),
        limits: Limits { wall: Duration::from_secs(20), ..Limits::default() },
    };
    let Ended { how, output } = sandbox.run(&program).await?;
    let said = String::from_utf8_lossy(&output).trim().to_owned();
    match how {
        How::Exited(0) if said == HELD => Ok(()),
        How::Exited(_) if !said.is_empty() => Err(SandboxError::Leaks(said.replace('\n', ", "))),
        how => Err(SandboxError::Confine { program: sandbox.launcher.clone(), problem: format!("its test ended: {how:?}") }),
    }
}

/// Tries everything, and names what succeeded.
pub(super) fn run(arguments: &CanaryArguments) -> ExitCode {
    let leaks = leaks(arguments);
    let said = if leaks.is_empty() { HELD.to_owned() } else { leaks.join("\n") };
    let told = writeln!(std::io::stdout(), "{said}");
    if leaks.is_empty() && told.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn leaks(arguments: &CanaryArguments) -> Vec<&'static str> {
    let CanaryArguments { secret, script, listener, socket, process } = arguments;
    let beside = |name: &str| secret.with_file_name(name);
    let home = script.parent().map(|folder| folder.with_file_name("scratch").join("script")).unwrap_or_default();
    let attempts: [(&'static str, bool); 15] = [
        ("a file outside can be read", fs::read(secret).is_ok()),
        ("a folder outside can be listed", beside("").read_dir().is_ok()),
        ("a file can be made outside", fs::write(beside("new"), "x").is_ok()),
        ("a file outside can be removed", fs::remove_file(secret).is_ok()),
        ("a file outside can be renamed", fs::rename(secret, beside("other")).is_ok()),
        ("the rights of a file outside can be changed", fs::set_permissions(secret, fs::Permissions::from_mode(0o000)).is_ok()),
        ("the environment of another process can be read", fs::read(format!("/proc/{process}/environ")).is_ok()),
        ("another process can be signalled", Pid::from_raw(*process).is_some_and(|id| test_kill_process(id).is_ok())),
        ("TCP goes out", TcpStream::connect_timeout(listener, Duration::from_secs(2)).is_ok()),
        ("UDP goes out", UdpSocket::bind("127.0.0.1:0").is_ok()),
        ("a datagram reaches a socket by its path", UnixDatagram::pair().is_ok()),
        ("a process can leave the group that is ended as one", rustix::process::setsid().is_ok()),
        ("a socket of another process can be reached", UnixStream::connect(socket).is_ok()),
        ("what came with the change can be run", runs(script)),
        ("what was written here can be run", makes_script(&home) && runs(&home)),
    ];
    attempts.into_iter().filter_map(|(leak, succeeded)| succeeded.then_some(leak)).collect()
}

fn makes_script(place: &Path) -> bool {
    let made = fs::OpenOptions::new().write(true).create_new(true).mode(0o755).open(place);
    made.and_then(|mut file| file.write_all(b"#!/bin/sh\nexit 0\n")).is_ok()
}

fn runs(script: &Path) -> bool {
    #[expect(clippy::disallowed_methods, reason = "it must not start, and this process has nothing in its environment")]
    let started = Command::new(script).spawn();
    started.is_ok()
}
