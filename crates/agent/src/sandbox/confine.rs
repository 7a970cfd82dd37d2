//! What a process gives up before it becomes a program that is not trusted.
//!
//! Landlock takes the file system away but for what is named; seccomp takes calls away that Landlock does not know about
//! (`chmod`, sockets of any kind, other processes' memory); limits take the rest. None of it needs a privilege, or is denied in
//! containers.

use std::{
    io,
    os::unix::process::CommandExt,
    process::{Command, ExitCode},
};

use rustix::process::{Resource, Rlimit, Signal, set_parent_process_death_signal, setrlimit};

use super::Arguments;

/// Why a process has not become the program. Told by its exit code alone: where else it could write, a program could write, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NotConfined {
    Limits = 121,
    Landlock = 122,
    Seccomp = 123,
    Start = 124,
}

/// Why the process has not become the program. None: it has, unless the program ended with such a code of its own, which means as little.
pub(super) fn problem_of(code: i32) -> Option<&'static str> {
    match code {
        121 => Some("its limits cannot be set"),
        122 => Some(
            "this kernel has no Landlock that is good enough, or it is turned off (Linux 6.2 or newer, `landlock` in `lsm=`)",
        ),
        123 => Some("seccomp refuses the filters of system calls"),
        124 => Some("it cannot be started once it is confined: a part of it lies where it may not read"),
        _ => None,
    }
}

/// Places of the system that any program may read and run: programs, libraries, what libraries look for.
const SYSTEM: &[&str] = &[
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/etc/alternatives",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/localtime",
    // Node wants it at its start.
    "/etc/ssl/openssl.cnf",
];
const DEVICES: &[&str] = &["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"];

/// Comes back only when something failed.
pub(super) fn become_program(arguments: &Arguments) -> ExitCode {
    let problem = match confine(arguments) {
        Ok(()) => {
            let [program, rest @ ..] = arguments.command.as_slice() else { return ExitCode::from(2) };
            #[expect(
                clippy::disallowed_methods,
                reason = "it replaces this process, whose environment is what the program may see"
            )]
            let _error = Command::new(program).args(rest).current_dir(&arguments.directory).exec();
            NotConfined::Start
        }
        Err(problem) => problem,
    };
    ExitCode::from(problem as u8)
}

fn confine(arguments: &Arguments) -> Result<(), NotConfined> {
    // Of all that run here, this is to go first when memory is short. Where that may not be said, the limit stands.
    drop(std::fs::write("/proc/self/oom_score_adj", "1000"));
    set_parent_process_death_signal(Some(Signal::KILL)).map_err(|_| NotConfined::Limits)?;
    limit(arguments).map_err(|_| NotConfined::Limits)?;
    system::restrict(arguments)
}

fn limit(arguments: &Arguments) -> io::Result<()> {
    let megabytes = |count: u64| count.saturating_mul(1 << 20);
    let seconds = arguments.wall_ms.div_ceil(1_000).saturating_mul(2).max(1);
    for (resource, most) in [
        (Resource::Core, 0),
        (Resource::Cpu, seconds),
        (Resource::Data, megabytes(arguments.memory_mb)),
        (Resource::Fsize, megabytes(64)),
        (Resource::Nofile, 1_024),
        // Counted over all processes of the user, so it bounds a flood of them and nothing finer.
        (Resource::Nproc, 4_096),
    ] {
        let hard = rustix::process::getrlimit(resource).maximum.map_or(most, |maximum| maximum.min(most));
        setrlimit(resource, Rlimit { current: Some(hard), maximum: Some(hard) })?;
    }
    Ok(())
}

#[cfg(target_os = "linux")]
mod system {
    use landlock::{
        ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, LandlockStatus, RestrictionStatus, Ruleset, RulesetAttr,
        RulesetCreatedAttr, RulesetStatus, Scope, path_beneath_rules,
    };

    use super::{Arguments, DEVICES, NotConfined, SYSTEM};
    use crate::sandbox::calls;

    /// Signals and abstract sockets are in Landlock's care since then; what an older one does not know is left to seccomp.
    const NEWEST: ABI = ABI::V6;
    /// Below it a program may empty whatever it may read.
    const OLDEST: ABI = ABI::V3;

    pub(super) fn restrict(arguments: &Arguments) -> Result<(), NotConfined> {
        let status = landlock(arguments).map_err(|_| NotConfined::Landlock)?;
        let knows_enough = matches!(status.landlock, LandlockStatus::Available { effective_abi, .. } if effective_abi >= OLDEST);
        if status.ruleset == RulesetStatus::NotEnforced || !status.no_new_privs || !knows_enough {
            return Err(NotConfined::Landlock);
        }
        let holds_signals = status.ruleset == RulesetStatus::FullyEnforced;
        for filter in calls::filters(holds_signals).map_err(|_| NotConfined::Seccomp)? {
            seccompiler::apply_filter(&filter).map_err(|_| NotConfined::Seccomp)?;
        }
        Ok(())
    }

    fn landlock(arguments: &Arguments) -> Result<RestrictionStatus, landlock::RulesetError> {
        let run = AccessFs::from_read(NEWEST);
        let read = AccessFs::ReadFile | AccessFs::ReadDir;
        let write = read
            | AccessFs::WriteFile
            | AccessFs::Truncate
            | AccessFs::MakeReg
            | AccessFs::MakeDir
            | AccessFs::MakeSym
            | AccessFs::RemoveFile
            | AccessFs::RemoveDir
            | AccessFs::Refer;
        let system = SYSTEM.iter().map(std::path::Path::new).filter(|path| path.exists());
        let devices = DEVICES.iter().map(std::path::Path::new).filter(|path| path.exists());
        Ruleset::default()
            .set_compatibility(CompatLevel::BestEffort)
            .handle_access(AccessFs::from_all(NEWEST))?
            .handle_access(AccessNet::from_all(NEWEST))?
            .scope(Scope::from_all(NEWEST))?
            .create()?
            .add_rules(path_beneath_rules(system, run))?
            .add_rules(path_beneath_rules(&arguments.runnable, run))?
            .add_rules(path_beneath_rules(&arguments.readable, read))?
            .add_rules(path_beneath_rules(devices, AccessFs::ReadFile | AccessFs::WriteFile))?
            .add_rules(path_beneath_rules([&arguments.scratch], write))?
            .restrict_self()
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    pub(super) fn restrict(_arguments: &super::Arguments) -> Result<(), super::NotConfined> {
        Err(super::NotConfined::Landlock)
    }
}
