//! The process between the agent and a program: it waits for the end, and makes one.

use std::{
    fs::File,
    io::{Read, Write},
    os::unix::process::CommandExt,
    process::{Child, Command, ExitCode, Stdio},
    sync::mpsc::{self, RecvTimeoutError, Sender},
    time::Duration,
};

use rustix::process::{Pid, Signal, WaitOptions, getpid, kill_process, kill_process_group, set_child_subreaper, wait};

use super::{Arguments, How, Report, confine};

/// What the supervisor waits for.
enum Event {
    Ended(How),
    /// The agent is gone, or has enough.
    Stop,
}

pub(super) fn supervise(arguments: &Arguments) -> ExitCode {
    let report = match watch(arguments) {
        Ok(how) => Report::Ended(how),
        Err(problem) => Report::Failed(problem),
    };
    let line = serde_json::to_string(&report).unwrap_or_default();
    // Nobody reads it any more: then there is nobody to tell.
    let told = writeln!(std::io::stderr(), "{line}");
    if told.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn watch(arguments: &Arguments) -> Result<How, String> {
    // What a program leaves behind becomes a child of ours, whatever it does to get away.
    set_child_subreaper(Some(getpid())).map_err(|error| format!("what it leaves behind cannot be ended: {error}"))?;
    let child = start(arguments)?;
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let (sender, events) = mpsc::channel();
    let for_control = sender.clone();
    std::thread::spawn(move || wait_for(child, &sender));
    std::thread::spawn(move || control(&for_control));
    let how = match events.recv_timeout(Duration::from_millis(arguments.wall_ms)) {
        Ok(Event::Ended(how)) => how,
        Ok(Event::Stop) | Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => How::TimedOut,
    };
    end_all(group);
    match how {
        How::Exited(code) => confine::problem_of(code).map_or(Ok(how), |problem| Err(problem.to_owned())),
        how => Ok(how),
    }
}

fn start(arguments: &Arguments) -> Result<Child, String> {
    let input = match &arguments.input {
        Some(path) => File::open(path).map(Stdio::from).map_err(|error| format!("its input cannot be opened: {error}"))?,
        None => Stdio::null(),
    };
    let output = || Stdio::from(std::io::stdout());
    #[expect(clippy::disallowed_methods, reason = "this process has nothing in its environment that a program may not see")]
    let mut command = Command::new("/proc/self/exe");
    // The same words, and one more.
    let mut words = std::env::args_os().skip(1);
    command.args(words.next()).arg("--confined").args(words);
    command.stdin(input).process_group(0);
    if arguments.stderr {
        command.stdout(Stdio::null()).stderr(output());
    } else {
        command.stdout(output()).stderr(Stdio::null());
    }
    command.spawn().map_err(|error| format!("it cannot be started: {error}"))
}

fn wait_for(mut child: Child, events: &Sender<Event>) {
    use std::os::unix::process::ExitStatusExt;
    let how = match child.wait() {
        Ok(status) => status.code().map_or_else(|| How::Killed(status.signal().unwrap_or_default()), How::Exited),
        // Taken by `end_all`: then the supervisor knows why.
        Err(_) => How::TimedOut,
    };
    // The supervisor may be at its end already.
    drop(events.send(Event::Ended(how)));
}

/// Reads until the agent closes its end.
fn control(events: &Sender<Event>) {
    let mut ignored = [0_u8; 64];
    while matches!(std::io::stdin().read(&mut ignored), Ok(read) if read > 0) {}
    drop(events.send(Event::Stop));
}

/// Ends every process below this one: each round those that there are, until there are none. A process that is ended while it makes
/// another leaves that to us.
///
/// `group`: that of the program, which none of its processes can leave; it is ended as one, while some of it may be making others.
fn end_all(group: Option<Pid>) {
    loop {
        if let Some(group) = group {
            kill_process_group(group, Signal::KILL).ok();
        }
        for child in children() {
            // One that ended meanwhile is what was wanted.
            kill_process(child, Signal::KILL).ok();
        }
        let mut reaped = wait(WaitOptions::NOHANG);
        while matches!(reaped, Ok(Some(_))) {
            reaped = wait(WaitOptions::NOHANG);
        }
        match reaped {
            Ok(Some(_)) => {}
            // None has ended as yet, or the other thread has taken the one that did.
            #[expect(clippy::disallowed_methods, reason = "nothing tells of children that were given to this process")]
            Ok(None) => std::thread::sleep(Duration::from_millis(1)),
            // There is none.
            Err(_) => return,
        }
    }
}

/// Processes whose parent is this one, as `/proc/PID/stat` has it (`proc(5)`): the fourth field, after a name in brackets.
fn children() -> Vec<Pid> {
    let me = getpid().as_raw_nonzero().get().to_string();
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let ids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    ids.filter(|id| {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        let after_name = stat.rsplit_once(')').map(|(_, rest)| rest).unwrap_or_default();
        after_name.split_whitespace().nth(1) == Some(me.as_str())
    })
    .filter_map(Pid::from_raw)
    .collect()
}
