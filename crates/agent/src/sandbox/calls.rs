//! The system calls that a confined program does not get: those that Landlock does not look at.

use std::collections::BTreeMap;

use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};

/// Filters for this process and what it becomes, each with one answer: what is denied, what is said not to exist (so that libraries
/// fall back to calls whose arguments can be seen), and, where there is one, the second set of numbers.
///
/// `holds_signals`: Landlock keeps signals in; where it does not know them, they are denied here.
pub(super) fn filters(holds_signals: bool) -> Result<Vec<BpfProgram>, BackendError> {
    let mut denied: BTreeMap<i64, Vec<SeccompRule>> = denied_calls().into_iter().map(|call| (call, Vec::new())).collect();
    if !holds_signals {
        denied.extend(signals()?);
    }
    // A pair of datagram sockets sends to any path; pairs that are streams a program makes for its own children.
    let odd = [(0, SeccompCmpOp::Ne, 1), (1, SeccompCmpOp::MaskedEq(0xf), 2), (1, SeccompCmpOp::MaskedEq(0xf), 3)];
    let odd = odd.into_iter().map(|(argument, comparison, value)| rule(argument, comparison, value));
    denied.insert(libc::SYS_socketpair, odd.collect::<Result<_, _>>()?);
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
    let of_clone = namespaces.into_iter().map(|namespace| {
        #[expect(clippy::cast_sign_loss, reason = "a bit mask")]
        let bit = u64::from(namespace as u32);
        rule(0, SeccompCmpOp::MaskedEq(bit), bit)
    });
    denied.insert(libc::SYS_clone, of_clone.collect::<Result<_, _>>()?);
    // Its own limits it may read, and lower.
    denied.insert(libc::SYS_prlimit64, vec![rule(0, SeccompCmpOp::Ne, 0)?]);
    let absent = BTreeMap::from([(libc::SYS_clone3, Vec::new())]);
    let mut filters = vec![filter(denied, libc::EPERM)?, filter(absent, libc::ENOSYS)?];
    filters.extend(other_numbers());
    Ok(filters)
}

/// What sends a signal, or has the kernel send one, to a process that is not its own.
fn signals() -> Result<Vec<(i64, Vec<SeccompRule>)>, BackendError> {
    let always =
        [libc::SYS_kill, libc::SYS_tkill, libc::SYS_pidfd_send_signal, libc::SYS_rt_sigqueueinfo, libc::SYS_rt_tgsigqueueinfo];
    let mut calls: Vec<(i64, Vec<SeccompRule>)> = always.map(|call| (call, Vec::new())).to_vec();
    // With it a thread ends its own process.
    calls.push((libc::SYS_tgkill, vec![rule(0, SeccompCmpOp::Ne, u64::from(std::process::id()))?]));
    // To whoever is said to own a descriptor: `F_SETOWN`, `F_SETSIG`, `F_SETOWN_EX`, and `FIOSETOWN`, `SIOCSPGRP`.
    let owners = [8, 10, 15].map(|command| rule(1, SeccompCmpOp::Eq, command));
    calls.push((libc::SYS_fcntl, owners.into_iter().collect::<Result<_, _>>()?));
    let owners = [0x8901, 0x8902].map(|request| rule(1, SeccompCmpOp::Eq, request));
    calls.push((libc::SYS_ioctl, owners.into_iter().collect::<Result<_, _>>()?));
    Ok(calls)
}

/// One condition on the lower half of an argument.
fn rule(argument: u8, comparison: SeccompCmpOp, value: u64) -> Result<SeccompRule, BackendError> {
    SeccompRule::new(vec![SeccompCondition::new(argument, SeccompCmpArgLen::Dword, comparison, value)?])
}

fn filter(calls: BTreeMap<i64, Vec<SeccompRule>>, error: i32) -> Result<BpfProgram, BackendError> {
    #[expect(clippy::cast_sign_loss, reason = "numbers of errors are small and positive")]
    let answer = SeccompAction::Errno(error as u32);
    SeccompFilter::new(calls, SeccompAction::Allow, answer, std::env::consts::ARCH.try_into()?)?.try_into()
}

/// Refuses the second set of numbers that x86-64 may have for the same calls (x32, from 0x40000000 on): to the other filters they are
/// calls that nobody named. Written out, since the crate compares numbers for equality alone (`seccomp(2)`, *Caveats*).
#[cfg(target_arch = "x86_64")]
fn other_numbers() -> Vec<BpfProgram> {
    let instruction = |code, jt, jf, k| seccompiler::sock_filter { code, jt, jf, k };
    let program = vec![
        // The number of the call; from that number on the next instruction, below it the one after.
        instruction(0x20, 0, 0, 0),
        instruction(0x35, 0, 1, 0x4000_0000),
        // An error, `ENOSYS`; allowed.
        instruction(0x06, 0, 0, 0x0005_0026),
        instruction(0x06, 0, 0, 0x7fff_0000),
    ];
    vec![program]
}

#[cfg(not(target_arch = "x86_64"))]
fn other_numbers() -> Vec<BpfProgram> {
    Vec::new()
}

fn denied_calls() -> Vec<i64> {
    let mut calls = vec![
        // The network, and every other process that listens.
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
        libc::SYS_sched_setscheduler,
        libc::SYS_sched_setparam,
        libc::SYS_sched_setattr,
        libc::SYS_ioprio_set,
        // Out of the group that is ended as one.
        libc::SYS_setsid,
        libc::SYS_setpgid,
        // Code in memory, which no rule on files reaches.
        libc::SYS_memfd_create,
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
