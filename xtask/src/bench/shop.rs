//! A repository in three languages and changes of many of its files, the same on every machine.

use testkit::model::{Kind, Rule, Script};

/// Functions of each file.
const FUNCTIONS: usize = 10;
/// Of them, those that a change rewrites.
const REWRITTEN: usize = 2;
/// One in so many changed files has a changed signature.
const SIGNATURES: usize = 8;

/// A file, by its number. Version 0 is that of the target branch; every other version of the first functions is a text of its own.
pub(super) fn file(number: usize, version: usize) -> (String, String) {
    let part = number % 20;
    let functions: String =
        (0..FUNCTIONS).map(|function| text(number, function, if function < REWRITTEN { version } else { 0 })).collect();
    match number % 3 {
        0 => (
            format!("src/part{part}/Ledger{number}.cs"),
            format!("using System;\n\nnamespace Shop.Part{part};\n\npublic class Ledger{number}\n{{\n{functions}}}\n"),
        ),
        1 => (format!("web/part{part}/ledger{number}.ts"), format!("import {{ Entry, Ledger }} from '../ledger';\n{functions}")),
        _ => (format!("jobs/part{part}/ledger_{number}.py"), format!("\"\"\"Entries of kind {number}.\"\"\"\n{functions}")),
    }
}

/// Finds something in a rewritten line of so many files.
pub(super) fn script(findings: usize, version: usize) -> Script {
    Script::with_rules((0..findings).map(|number| {
        let claim = format!("The remainder of entry {number} is lost when there are no entries.");
        Rule::new(Kind::True, &file(number, version).0, &remainder(number, 0, version), &claim)
            .scenario("A ledger without entries: the division is one by zero, and the request ends in an error.")
    }))
}

/// A line that only the rewritten function has.
fn remainder(number: usize, function: usize, version: usize) -> String {
    let name = format!("rest{number}X{function}X{version}");
    match number % 3 {
        0 => format!("var {name} = totalCents % entries.Count;"),
        1 => format!("const {name} = totalCents % entries.length;"),
        _ => format!("{name} = total_cents % len(entries)"),
    }
}

fn text(number: usize, function: usize, version: usize) -> String {
    let name = format!("ivide{number}X{function}");
    let other = format!("ivide{}X{}", (number + 3) % 60, function);
    let is_rewritten = version > 0;
    let has_rate = is_rewritten && function == 0 && number.is_multiple_of(SIGNATURES);
    let rest = remainder(number, function, version);
    match number % 3 {
        0 => {
            let rate = if has_rate { ", decimal rate" } else { "" };
            let body = if is_rewritten {
                format!(
                    "        var totalCents = (int)Math.Round(ledger.Amount({function}) * 100);\n        {rest}\n        \
                     foreach (var entry in entries)\n        {{\n            entry.Book({function}, totalCents / entries.Count);\n        }}\n"
                )
            } else {
                format!(
                    "        var amount = ledger.Amount({function});\n        foreach (var entry in entries)\n        {{\n            \
                     entry.Book({function}, amount / entries.Count);\n        }}\n"
                )
            };
            format!(
                "    /// <summary>Divides the amount of kind {function} among the entries.</summary>\n    \
                 public decimal D{name}(Ledger ledger, IList<Entry> entries{rate})\n    {{\n{body}        \
                 return D{other}(ledger, entries);\n    }}\n\n"
            )
        }
        1 => {
            let rate = if has_rate { ", rate: number" } else { "" };
            let body = if is_rewritten {
                format!(
                    "  const totalCents = Math.round(ledger.amount({function}) * 100);\n  {rest}\n  for (const entry of entries) {{\n    \
                     entry.book({function}, totalCents / entries.length);\n  }}\n"
                )
            } else {
                format!(
                    "  const amount = ledger.amount({function});\n  for (const entry of entries) {{\n    \
                     entry.book({function}, amount / entries.length);\n  }}\n"
                )
            };
            format!(
                "\n/** Divides the amount of kind {function} among the entries. */\n\
                 export function d{name}(ledger: Ledger, entries: Entry[]{rate}): number {{\n{body}  return d{other}(ledger, entries);\n}}\n"
            )
        }
        _ => {
            let rate = if has_rate { ", rate" } else { "" };
            let body = if is_rewritten {
                format!(
                    "    total_cents = round(ledger.amount({function}) * 100)\n    {rest}\n    for entry in entries:\n        \
                     entry.book({function}, total_cents // len(entries))\n"
                )
            } else {
                format!(
                    "    amount = ledger.amount({function})\n    for entry in entries:\n        \
                     entry.book({function}, amount / len(entries))\n"
                )
            };
            format!(
                "\n\ndef d{name}(ledger, entries{rate}):\n    \"\"\"Divides the amount of kind {function} among the entries.\"\"\"\n{body}    \
                 return d{other}(ledger, entries)\n"
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{file, script};

    #[test]
    fn what_is_to_be_found_stands_in_the_changed_lines_only() {
        for version in [1, 2] {
            for (number, rule) in script(6, version).rules.iter().enumerate() {
                let shows = |version| file(number, version).1.lines().filter(|line| line.trim() == rule.needle).count();
                assert_eq!((rule.path.as_str(), shows(0), shows(version)), (file(number, 0).0.as_str(), 0, 1), "{rule:?}");
            }
        }
    }
}
