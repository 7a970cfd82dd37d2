//! A pull request as people make them: an order service in C#, its client in TypeScript, a script in Python, and what
//! nobody reviews (a lock file, generated code, a picture). Four defects are planted in it; the second push mends one.

use serde_json::{Value, json};

use crate::model::{Kind, Rule, Script};

/// A file of the repository at some point; `content` is its whole new text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScenarioFile {
    /// From the root of the repository, without a leading slash.
    pub path: &'static str,
    pub content: &'static [u8],
}

/// Everything that is needed to play the pull request.
#[derive(Debug, Clone)]
pub struct Scenario {
    pub project: &'static str,
    pub repository: &'static str,
    pub title: &'static str,
    pub description: &'static str,
    pub source_branch: &'static str,
    pub target_branch: &'static str,
    /// The target branch.
    pub base: Vec<ScenarioFile>,
    /// What the first push changes or adds.
    pub first: Vec<ScenarioFile>,
    /// What the second push changes: one finding is fixed, the rest is clean.
    pub second: Vec<ScenarioFile>,
    /// What the reviewer says to it.
    pub script: Script,
}

impl Scenario {
    /// The planted findings of one kind.
    pub fn rules(&self, kind: Kind) -> impl Iterator<Item = &Rule> {
        self.script.rules.iter().filter(move |rule| rule.kind == kind)
    }

    /// Whether `rule` is one of those that a good review posts.
    pub fn is_worth_posting(rule: &Rule) -> bool {
        matches!(rule.kind, Kind::True | Kind::Misplaced)
    }

    /// The finding that the second push mends.
    pub fn fixed_by_second_push(&self) -> Option<&Rule> {
        self.script.rules.iter().find(|rule| rule.claim == SQL_CLAIM)
    }
}

const SQL_CLAIM: &str = "The customer name is concatenated into the SQL text, so it can change the query.";

macro_rules! file {
    ($state:literal, $path:literal) => {
        ScenarioFile { path: $path, content: include_bytes!(concat!("../scenario/", $state, "/", $path)) }
    };
}

/// The sample pull request with its script.
pub fn orders() -> Scenario {
    Scenario {
        project: "Shop",
        repository: "orders",
        title: "Order totals with discounts, search by customer",
        description: "Adds the order total (with the customer's discount), the search by customer name, and a script that exports \
                      orders as CSV.\n\nThe web client flushes its queue when it is closed.",
        source_branch: "feature/order-totals",
        target_branch: "main",
        base: vec![
            file!("base", "README.md"),
            file!("base", "src/Orders/Order.cs"),
            file!("base", "src/Orders/CustomerDirectory.cs"),
            file!("base", "src/Orders/OrderService.cs"),
            file!("base", "src/Orders/OrderRepository.cs"),
            file!("base", "src/Orders/Generated/OrderContracts.g.cs"),
            file!("base", "web/src/orderClient.ts"),
            file!("base", "web/package.json"),
            file!("base", "web/package-lock.json"),
            file!("base", "web/assets/logo.png"),
        ],
        first: vec![
            file!("first", "src/Orders/DiscountPolicy.cs"),
            file!("first", "src/Orders/OrderService.cs"),
            file!("first", "src/Orders/OrderRepository.cs"),
            file!("first", "src/Orders/Generated/OrderContracts.g.cs"),
            file!("first", "web/src/orderClient.ts"),
            file!("first", "web/src/requestQueue.ts"),
            file!("first", "web/package-lock.json"),
            file!("first", "web/assets/logo.png"),
            file!("first", "tools/export_orders.py"),
        ],
        second: vec![
            file!("second", "src/Orders/OrderService.cs"),
            file!("second", "src/Orders/OrderRepository.cs"),
            file!("second", "tools/export_orders.py"),
        ],
        script: script(),
    }
}

fn script() -> Script {
    let total_loop = "for (var index = 0; index <= order.Lines.Count; index++)";
    let rules = vec![
        Rule::new(
            Kind::True,
            "src/Orders/OrderService.cs",
            total_loop,
            "The loop runs one index past the last line of the order.",
        )
        .scenario("Any order, for example with one line: index 1 is read and the call ends in an ArgumentOutOfRangeException.")
        .fix("Stop before Count.")
        .rated("correctness", "critical")
        .suggesting(1, "        for (var index = 0; index < order.Lines.Count; index++)"),
        Rule::new(
            Kind::Duplicate,
            "src/Orders/OrderService.cs",
            total_loop,
            "Total compares the index with less-or-equal, which makes it read beyond the end of the lines.",
        )
        .scenario("Total of an order without lines reads index 0 of an empty list and throws.")
        .fix("Compare with less-than.")
        .rated("correctness", "high"),
        Rule::new(
            Kind::True,
            "src/Orders/OrderRepository.cs",
            r#"var query = "select o.id from orders o join customers c on c.id = o.customer_id where c.name = '" + name + "'";"#,
            SQL_CLAIM,
        )
        .scenario("A search for the name  x' or '1'='1  returns the orders of every customer.")
        .fix("Pass the name as a parameter, as FindAsync does with the id.")
        .rated("security", "critical")
        .fixed_when("AddParameter(command, name);"),
        Rule::new(
            Kind::True,
            "web/src/orderClient.ts",
            "this.queue.flush(this.baseUrl);",
            "The promise of flush is not awaited before the queue is closed.",
        )
        .scenario(
            "close() resolves while requests are under way; a request that fails then is an unhandled rejection nobody sees.",
        )
        .fix("Await flush, so that close() rejects when a request fails.")
        .rated("concurrency", "high")
        .suggesting(1, "    await this.queue.flush(this.baseUrl);"),
        Rule::new(
            Kind::Misplaced,
            "src/Orders/DiscountPolicy.cs",
            "return Math.Min(customer.DiscountRate, HighestRate);",
            "Find returns null for an unknown customer, and the result is used without a check.",
        )
        .scenario("An order whose customer was deleted: RateFor ends in a NullReferenceException instead of a rate of 0.")
        .fix("Return 0 when there is no such customer.")
        .rated("error_handling", "high"),
        Rule::new(
            Kind::False,
            "tools/export_orders.py",
            r#"with open(path, "w", newline="", encoding="utf-8") as target:"#,
            "The output file is never closed when writing a row fails.",
        )
        .scenario("writerows raises on a bad row and the handle stays open.")
        .fix("Close the file in a finally block.")
        .rated("resource_leak", "medium"),
        Rule::new(
            Kind::Hallucinated,
            "tools/export_orders.py",
            "return json.load(response)",
            "The cached response is returned although it may belong to another customer.",
        )
        .scenario("Two exports after one another: the second one gets the orders of the first.")
        .fix("Key the cache by customer.")
        .rated("correctness", "critical"),
    ];
    Script {
        rules,
        files: orders_paths(),
        summary:
            "Adds order totals with a discount per customer, a search for orders by customer name, and a CSV export. The web \
                  client now sends what it has queued when it is closed."
                .to_owned(),
        sections: sections(),
        ..Script::default()
    }
}

/// What a model says of this change for the other sections of the walkthrough.
fn sections() -> Value {
    let flow = "sequenceDiagram\n    actor C as Customer\n    participant W as Web client\n    participant O as Order service\n    \
                C->>W: places an order\n    W->>+O: POST /orders\n    O->>O: total with discount\n    O-->>-W: order with its total\n    \
                Note over W,O: what is queued is sent when the client is closed";
    json!({
        "diagrams": [{ "title": "An order with its total", "mermaid": flow }],
        "effort": { "complexity": 3, "minutes": 35 },
        "poem": "The total is summed, the discount applied,\nthe queue goes out when the window has died.",
    })
}

fn orders_paths() -> Vec<String> {
    [
        "src/Orders/DiscountPolicy.cs",
        "src/Orders/OrderService.cs",
        "src/Orders/OrderRepository.cs",
        "src/Orders/Generated/OrderContracts.g.cs",
        "web/src/orderClient.ts",
        "web/src/requestQueue.ts",
        "web/package-lock.json",
        "web/assets/logo.png",
        "tools/export_orders.py",
    ]
    .map(str::to_owned)
    .to_vec()
}

#[cfg(test)]
mod tests {
    use super::{Scenario, ScenarioFile, orders};
    use crate::model::Kind;

    fn text<'a>(files: &'a [ScenarioFile], path: &str) -> Option<&'a str> {
        files.iter().find(|file| file.path == path).map(|file| std::str::from_utf8(file.content).unwrap())
    }

    #[test]
    fn every_planted_line_stands_exactly_once_in_the_first_push() {
        let scenario = orders();
        for rule in &scenario.script.rules {
            let file = text(&scenario.first, &rule.path).expect(&rule.path);
            assert_eq!(file.lines().filter(|line| line.trim() == rule.needle).count(), 1, "{} in {}", rule.needle, rule.path);
        }
        assert!(scenario.rules(Kind::True).any(|rule| rule.suggestion.is_some()));
        for kind in [Kind::False, Kind::Duplicate, Kind::Misplaced, Kind::Hallucinated] {
            assert_eq!(scenario.rules(kind).count(), 1, "{kind:?}");
        }
    }

    #[test]
    fn suggestions_keep_the_indentation_of_the_lines_they_replace() {
        let scenario = orders();
        for rule in scenario.script.rules.iter().filter(|rule| rule.suggestion.is_some()) {
            let line = text(&scenario.first, &rule.path).unwrap().lines().find(|line| line.trim() == rule.needle).unwrap();
            let indentation = |text: &str| text.len() - text.trim_start().len();
            let suggestion = rule.suggestion.as_deref().unwrap();
            assert_eq!(indentation(suggestion), indentation(line));
            assert_ne!(suggestion, line);
        }
    }

    #[test]
    fn the_second_push_mends_one_finding_and_keeps_the_others() {
        let scenario = orders();
        let fixed = scenario.fixed_by_second_push().unwrap();
        let second = text(&scenario.second, &fixed.path).unwrap();
        assert!(!second.contains(&fixed.needle));
        assert!(second.lines().any(|line| Some(line.trim()) == fixed.fixed_when.as_deref()));
        for rule in scenario.script.rules.iter().filter(|rule| rule.claim != fixed.claim && Scenario::is_worth_posting(rule)) {
            let now = text(&scenario.second, &rule.path).or_else(|| text(&scenario.first, &rule.path)).unwrap();
            assert!(now.lines().any(|line| line.trim() == rule.needle), "{}", rule.claim);
        }
    }

    #[test]
    fn the_script_knows_every_path_of_the_change_and_the_binary_is_no_text() {
        let scenario = orders();
        let paths: Vec<&str> = scenario.first.iter().map(|file| file.path).collect();
        assert!(scenario.script.files.iter().all(|path| paths.contains(&path.as_str())));
        let logo = scenario.first.iter().find(|file| file.path.ends_with("logo.png")).unwrap();
        assert!(logo.content.contains(&0));
    }
}
