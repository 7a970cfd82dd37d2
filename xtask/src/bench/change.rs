//! Pull requests that are the same on every machine and in every year, so that figures can be compared.

use testkit::{
    model::{Kind, Rule, Script},
    repository::Repository,
};

/// How much is changed, and how much is found in it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    pub(super) name: &'static str,
    files: usize,
    /// Functions of each file.
    functions: usize,
    /// Of them, those that the change rewrites, from the first on.
    changed: usize,
    /// Findings, each in a file of its own as far as there are files.
    findings: usize,
}

/// About 25, 300 and 2,000 changed lines.
pub(super) const SIZES: [Size; 3] = [
    Size { name: "small", files: 2, functions: 6, changed: 1, findings: 2 },
    Size { name: "medium", files: 6, functions: 12, changed: 4, findings: 5 },
    Size { name: "large", files: 24, functions: 20, changed: 7, findings: 12 },
];

impl Size {
    /// Whether the code is most of a prompt, and not what the roles are told.
    pub(super) fn is_measured_whole(self) -> bool {
        self.files > 2
    }

    /// Commits the target branch and the branch `change`, which is checked out.
    pub(super) fn commit(self, repository: &Repository) -> anyhow::Result<()> {
        let texts = |changed: usize| -> Vec<(String, String)> {
            (0..self.files).map(|file| (path(file), self.text(file, changed))).collect()
        };
        let before = texts(0);
        let borrowed: Vec<(&str, &str)> = before.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        repository.commit(&borrowed, "A ledger")?;
        let base = repository.head("main").ok_or_else(|| anyhow::anyhow!("the commit left no branch main"))?;
        let mut change = repository.change("change").onto(&base);
        for (path, text) in texts(self.changed) {
            change = change.file(&path, text);
        }
        change.commit("Round amounts to cents\n\nAmounts are kept in cents, and what is left over goes to the last entry.")?;
        repository.checkout("change")
    }

    /// Finds something in a changed line of as many functions as this size has findings.
    pub(super) fn script(self) -> Script {
        Script::with_rules((0..self.findings).map(|number| {
            let (file, function) = (number % self.files, number / self.files);
            let claim = format!("The remainder of entry {function} in part {file} is lost when there are no entries.");
            Rule::new(Kind::True, &path(file), &remainder(file, function), &claim)
                .scenario("A ledger without entries: the division is one by zero, and the request ends in an error.")
        }))
    }

    fn text(self, file: usize, changed: usize) -> String {
        let functions = (0..self.functions).map(|number| function(file, number, number < changed));
        format!(
            "\"\"\"Part {file} of the ledger: how amounts of kind {file} are divided among entries.\"\"\"\n{}",
            functions.collect::<String>()
        )
    }
}

fn path(file: usize) -> String {
    format!("ledger/part_{file:02}.py")
}

fn remainder(file: usize, number: usize) -> String {
    format!("remainder_{file}_{number} = total_cents % len(entries)")
}

fn function(file: usize, number: usize, is_changed: bool) -> String {
    let head = format!(
        "\n\ndef divide_{file}_{number}(ledger, entries, rate):\n    \"\"\"Divides the amount of kind {number} among the entries.\"\"\"\n"
    );
    let body = if is_changed {
        format!(
            "    total_cents = round(ledger.amount({number}) * rate * 100)\n    share = total_cents // len(entries)\n    {}\n    \
             for entry in entries:\n        entry.book(kind={number}, cents=share, part={file})\n    \
             entries[-1].book(kind={number}, cents=remainder_{file}_{number}, part={file})\n    return total_cents\n",
            remainder(file, number)
        )
    } else {
        format!(
            "    amount = ledger.amount({number}) * rate\n    share = amount / len(entries)\n    for entry in entries:\n        \
             entry.book(kind={number}, amount=share, part={file})\n    return amount\n"
        )
    };
    head + &body
}

#[cfg(test)]
mod tests {
    use super::SIZES;

    #[test]
    fn what_is_to_be_found_stands_in_the_changed_lines_only() {
        for size in SIZES {
            for rule in size.script().rules {
                let file = (0..size.files).find(|file| super::path(*file) == rule.path).unwrap();
                let shows = |changed| size.text(file, changed).lines().filter(|line| line.trim() == rule.needle).count();
                assert_eq!((shows(0), shows(size.changed)), (0, 1), "{}: {rule:?}", size.name);
            }
        }
    }
}
