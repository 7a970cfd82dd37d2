//! What a process gives up before it becomes a program that is not trusted.
//!
//! Landlock takes the file system away but for what is named; seccomp takes calls away that Landlock does not know about
//! (`chmod`, sockets of any kind, other processes' memory); limits take the rest. None of it needs a privilege, or is denied in
//! containers.

use std::{
    io,
    os::unix::process::CommandExt,
    path::Path,
    process::{Command, ExitCode},
};

use rustix::process::{Resource, Rlimit, Signal, set_parent_process_death_signal, setrlimit};

use super::Arguments;

/// With this exit code a process says that it was not confined, and so has not become the program.
pub(super) const NOT_CONFINED: i32 = 125;
/// Where it says why.
const PROBLEM: &str = ".not-confined";

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
            let error = Command::new(program).args(rest).current_dir(&arguments.directory).exec();
            format!("it cannot be started: {error}")
        }
        Err(problem) => problem,
    };
    // Stderr may be the program's output; the scratch folder is the one place that is left to write to.
    drop(std::fs::write(arguments.scratch.join(PROBLEM), problem));
    ExitCode::from(u8::try_from(NOT_CONFINED).unwrap_or(u8::MAX))
}

/// Why the confined process did not become the program; a program that ends like that says nothing of the kind.
pub(super) fn problem_left(scratch: &Path) -> String {
    std::fs::read_to_string(scratch.join(PROBLEM)).unwrap_or_else(|_| format!("it ended with exit code {NOT_CONFINED}"))
}

fn confine(arguments: &Arguments) -> Result<(), String> {
    // Of all that run here, this is to go first when memory is short. Where that may not be said, the limit stands.
    drop(std::fs::write("/proc/self/oom_score_adj", "1000"));
    set_parent_process_death_signal(Some(Signal::KILL)).map_err(|error| format!("it would outlive its supervisor: {error}"))?;
    limit(arguments).map_err(|error| format!("its limits cannot be set: {error}"))?;
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
    use std::collections::BTreeMap;

    use landlock::{
        ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, RestrictionStatus, Ruleset, RulesetAttr, RulesetCreatedAttr,
        RulesetStatus, Scope, path_beneath_rules,
    };
    use seccompiler::{BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule};

    use super::{Arguments, DEVICES, SYSTEM};

    /// Signals and abstract sockets are in Landlock's care since then; what an older one does not know is left to seccomp.
    const NEWEST: ABI = ABI::V6;

    pub(super) fn restrict(arguments: &Arguments) -> Result<(), String> {
        let landlocked = landlock(arguments).map_err(|error| format!("Landlock refuses: {error}"))?;
        if landlocked.ruleset == RulesetStatus::NotEnforced || !landlocked.no_new_privs {
            return Err(
                "this kernel has no Landlock, or it is turned off (Linux 5.13 or newer, with `landlock` in `lsm=`)".into()
            );
        }
        let holds_signals = landlocked.ruleset == RulesetStatus::FullyEnforced;
        for filter in filters(holds_signals).map_err(|error| format!("no filter of system calls can be made: {error}"))? {
            seccompiler::apply_filter(&filter).map_err(|error| format!("seccomp refuses: {error}"))?;
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

    /// Two filters, since each has one answer: what is denied, and what is said not to exist, so that libraries fall back to calls
    /// whose arguments can be seen.
    fn filters(holds_signals: bool) -> Result<Vec<BpfProgram>, seccompiler::BackendError> {
        let mut denied: BTreeMap<i64, Vec<SeccompRule>> = denied_calls().into_iter().map(|call| (call, Vec::new())).collect();
        if !holds_signals {
            let signals = [libc::SYS_kill, libc::SYS_tkill, libc::SYS_pidfd_send_signal, libc::SYS_rt_sigqueueinfo];
            denied.extend(signals.map(|call| (call, Vec::new())));
        }
        // Namespaces of its own would give it rights over them.
        let namespaces = [
            libc::CLONE_NEWUSER,
            libc::CLONE_NEWNS,
            libc::CLONE_NEWNET,
            libc::CLONE_NEWPID,
            libc::CLONE_NEWIPC,
            libc::CLONE_NEWUTS,
            libc::CLONE_NEWCGROUP,
        ];
        let mut of_clone = Vec::new();
        for namespace in namespaces {
            #[expect(clippy::cast_sign_loss, reason = "a bit mask")]
            let bit = u64::from(namespace as u32);
            let is_set = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::MaskedEq(bit), bit)?;
            of_clone.push(SeccompRule::new(vec![is_set])?);
        }
        denied.insert(libc::SYS_clone, of_clone);
        // Its own limits it may read, and lower.
        let of_another = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, 0)?;
        denied.insert(libc::SYS_prlimit64, vec![SeccompRule::new(vec![of_another])?]);
        let absent = BTreeMap::from([(libc::SYS_clone3, Vec::new())]);
        Ok(vec![filter(denied, libc::EPERM)?, filter(absent, libc::ENOSYS)?])
    }

    fn filter(calls: BTreeMap<i64, Vec<SeccompRule>>, error: i32) -> Result<BpfProgram, seccompiler::BackendError> {
        #[expect(clippy::cast_sign_loss, reason = "numbers of errors are small and positive")]
        let answer = SeccompAction::Errno(error as u32);
        SeccompFilter::new(calls, SeccompAction::Allow, answer, std::env::consts::ARCH.try_into()?)?.try_into()
    }

    fn denied_calls() -> Vec<i64> {
        let mut calls = vec![
            // The network, and every other process that listens. Pairs that a program makes for its own children stay.
            libc::SYS_socket,
            libc::SYS_connect,
            libc::SYS_bind,
            libc::SYS_listen,
            // What Landlock does not look at.
            libc::SYS_fchmod,
            libc::SYS_fchmodat,
            libc::SYS_fchown,
            libc::SYS_fchownat,
            libc::SYS_utimensat,
            libc::SYS_setxattr,
            libc::SYS_lsetxattr,
            libc::SYS_fsetxattr,
            libc::SYS_removexattr,
            libc::SYS_lremovexattr,
            libc::SYS_fremovexattr,
            libc::SYS_truncate,
            libc::SYS_mknodat,
            libc::SYS_name_to_handle_at,
            libc::SYS_open_by_handle_at,
            libc::SYS_fanotify_init,
            // Other processes.
            libc::SYS_ptrace,
            libc::SYS_process_vm_readv,
            libc::SYS_process_vm_writev,
            libc::SYS_process_madvise,
            libc::SYS_pidfd_open,
            libc::SYS_pidfd_getfd,
            libc::SYS_kcmp,
            libc::SYS_setpriority,
            libc::SYS_sched_setaffinity,
            libc::SYS_msgget,
            libc::SYS_semget,
            libc::SYS_shmget,
            // Ways past a filter, and into the kernel.
            libc::SYS_io_uring_setup,
            libc::SYS_io_uring_enter,
            libc::SYS_io_uring_register,
            libc::SYS_bpf,
            libc::SYS_perf_event_open,
            libc::SYS_userfaultfd,
            libc::SYS_keyctl,
            libc::SYS_add_key,
            libc::SYS_request_key,
            libc::SYS_unshare,
            libc::SYS_setns,
            libc::SYS_mount,
            libc::SYS_umount2,
            libc::SYS_pivot_root,
            libc::SYS_chroot,
            libc::SYS_move_mount,
            libc::SYS_open_tree,
            libc::SYS_fsopen,
            libc::SYS_fsconfig,
            libc::SYS_fsmount,
            libc::SYS_init_module,
            libc::SYS_finit_module,
            libc::SYS_delete_module,
            libc::SYS_kexec_load,
            libc::SYS_reboot,
            libc::SYS_swapon,
            libc::SYS_swapoff,
            libc::SYS_quotactl,
            libc::SYS_acct,
            libc::SYS_syslog,
            libc::SYS_settimeofday,
            libc::SYS_clock_settime,
            libc::SYS_clock_adjtime,
            libc::SYS_adjtimex,
            libc::SYS_personality,
            // `fchmodat2`, which the crate does not name on every system; the number is the same on all of them.
            452,
        ];
        #[cfg(target_arch = "x86_64")]
        calls.extend([
            libc::SYS_chmod,
            libc::SYS_chown,
            libc::SYS_lchown,
            libc::SYS_utime,
            libc::SYS_utimes,
            libc::SYS_futimesat,
            libc::SYS_mknod,
            libc::SYS_iopl,
            libc::SYS_ioperm,
            libc::SYS_modify_ldt,
        ]);
        calls
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    pub(super) fn restrict(_arguments: &super::Arguments) -> Result<(), String> {
        Err("programs are confined on Linux only".to_owned())
    }
}
