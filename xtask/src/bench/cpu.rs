//! What a process has spent, and what its ended children have, as Linux tells it.

use std::ops::Sub;

use anyhow::Context;

/// `/proc` counts in hundredths of a second, whatever the kernel's own clock (`USER_HZ`; proc(5), `sysconf(_SC_CLK_TCK)`).
const TICK_MS: u64 = 10;

/// Milliseconds of CPU.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Spent {
    pub(super) user: u64,
    pub(super) system: u64,
}

/// All threads of a process, and apart from them its children that have ended, with theirs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Cpu {
    pub(super) own: Spent,
    pub(super) children: Spent,
}

impl Spent {
    pub(super) fn total(self) -> u64 {
        self.user + self.system
    }
}

impl Cpu {
    /// Of a running process.
    pub(super) fn of(pid: u32) -> anyhow::Result<Self> {
        let path = format!("/proc/{pid}/stat");
        let text =
            std::fs::read_to_string(&path).with_context(|| format!("{path} cannot be read: CPU is measured on Linux only"))?;
        Self::parse(&text).with_context(|| format!("{path} is not as proc(5) describes it: {text}"))
    }

    /// Fields 14 to 17 of proc(5). The name of the program, which may hold anything, ends at the last bracket.
    fn parse(text: &str) -> Option<Self> {
        let (_, fields) = text.rsplit_once(')')?;
        let ticks: Vec<u64> = fields.split_whitespace().skip(11).take(4).map_while(|field| field.parse().ok()).collect();
        let [user, system, of_children, system_of_children] = <[u64; 4]>::try_from(ticks).ok()?;
        let spent = |user: u64, system: u64| Spent { user: user * TICK_MS, system: system * TICK_MS };
        Some(Self { own: spent(user, system), children: spent(of_children, system_of_children) })
    }

    pub(super) fn total(self) -> u64 {
        self.own.total() + self.children.total()
    }
}

impl Sub for Spent {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        Self { user: self.user.saturating_sub(earlier.user), system: self.system.saturating_sub(earlier.system) }
    }
}

impl Sub for Cpu {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        Self { own: self.own - earlier.own, children: self.children - earlier.children }
    }
}

#[cfg(test)]
mod tests {
    use super::{Cpu, Spent};

    #[test]
    fn a_process_with_an_odd_name_is_read_by_its_last_bracket() {
        let line = "42 (a) S 1 (b) R 1 42 42 0 -1 4194304 100 200 0 0 7 3 50 1 20 0 12 0 1000 0 0\n";
        let expected = Cpu { own: Spent { user: 70, system: 30 }, children: Spent { user: 500, system: 10 } };
        assert_eq!(Cpu::parse(line), Some(expected));
        assert_eq!(expected.total(), 610);
        assert_eq!((expected - expected).total(), 0);
        for odd in ["", "42 (a) R 1 2 3", "42 (a) R 1 42 42 0 -1 4194304 100 200 0 0 7 x 50 1 20"] {
            assert_eq!(Cpu::parse(odd), None, "{odd}");
        }
    }
}
