//! What the scripted reviewer says to the cases of `eval/cases`: enough of everything that can become of a candidate, so that
//! a report of them shows each stage at work. What it finds and misses says nothing about any model.

use crate::model::{Kind, Rule, Script};

/// The reviewer that does not know which case it is asked about: every rule speaks up at its own file.
pub fn script() -> Script {
    let rules = defects().into_iter().chain(clean());
    Script { summary: "Changes the code as the description says.".to_owned(), ..Script::with_rules(rules) }
}

fn defects() -> Vec<Rule> {
    vec![
        // Found and posted.
        Rule::new(
            Kind::True,
            "session/store.go",
            "delete(s.sessions, s.Oldest())",
            "Oldest takes the read lock of the mutex that Put already holds for writing, so Put never returns.",
        )
        .rated("concurrency", "critical")
        .about("Put calls Oldest while it holds the write lock"),
        // Sounds good, and is refuted.
        Rule::new(
            Kind::False,
            "admin/handler.go",
            "_ = json.NewEncoder(w).Encode(status{Sessions: h.store.Len(), Evicted: h.store.Evicted()})",
            "The two numbers are read one after the other and may not belong together.",
        )
        .rated("concurrency", "low"),
        Rule::new(
            Kind::True,
            "src/Billing/CustomerDirectory.cs",
            "return found.Count == 0 ? null : found[0];",
            "ReminderJob still waits for the exception and dereferences the null of a deleted customer.",
        )
        .rated("api_contract", "critical")
        .about("ReminderJob relies on CustomerNotFoundException"),
        // At the place of a defect, with a quote that no file has.
        Rule::new(
            Kind::Hallucinated,
            "src/Billing/InvoiceExport.cs",
            "return WriteAsync(invoices, writer);",
            "The writer is disposed before the task that uses it has ended.",
        )
        .rated("resource_leak", "critical")
        .about("WriteFileAsync returns the task without awaiting it"),
        // The line numbers are wrong, the quote is right.
        Rule::new(
            Kind::Misplaced,
            "src/prices/priceService.ts",
            "const cents = await this.cache.get(product, () => this.repository.find(this.tenant, product));",
            "The key of the shared cache lacks the tenant, so one tenant is quoted the price of another.",
        )
        .rated("security", "critical")
        .about("The cache is shared by all tenants"),
        // The verifier confirms what is no defect.
        Rule::new(
            Kind::True,
            "src/prices/priceService.ts",
            "return lines.reduce((total, line, index) => total + prices[index]! * line.quantity, 0);",
            "A line without a price makes the whole total not a number.",
        )
        .rated("correctness", "medium"),
        // Twice at one line: one of the two is enough.
        Rule::new(
            Kind::True,
            "shop/checkout.py",
            "charge_id = self._gateway.charge(order.total_cents, order.card_token)",
            "A ledger that is away makes retry charge the card again, since the charge has no key any more.",
        )
        .rated("data_integrity", "critical")
        .about("retry repeats pay on any exception"),
        Rule::new(
            Kind::Duplicate,
            "shop/checkout.py",
            "charge_id = self._gateway.charge(order.total_cents, order.card_token)",
            "Without an idempotency key the second attempt of the decorated function takes the money twice.",
        )
        .rated("data_integrity", "critical")
        .about("retry repeats pay on any exception"),
        // A true one that the verifier refutes.
        Rule::new(
            Kind::False,
            "shop/checkout.py",
            "if cents > order.total_cents:",
            "Earlier refunds are not taken into account, so more is given back than was paid.",
        )
        .rated("correctness", "critical")
        .about("A refund is compared with the whole price"),
        // Two defects two lines apart are taken for one.
        Rule::new(
            Kind::True,
            "src/pager.rs",
            "let start = (query.page - 1) as usize * size;",
            "For the first page, which has the number 0, the subtraction overflows.",
        )
        .rated("correctness", "critical")
        .about("Pages are counted from 0 (query.rs), and a request"),
        Rule::new(
            Kind::True,
            "src/pager.rs",
            "let pages = (total / size).max(1);",
            "The division drops the last page when it is not full.",
        )
        .rated("correctness", "high")
        .about("The number of pages is rounded down"),
        // More than is shown of a review of the normal tier; the last one is a small matter.
        Rule::new(
            Kind::True,
            "src/render.rs",
            r#"text.push_str(&format!("page {} of {}\n", query.page, pager.pages));"#,
            "The page number is printed as it is counted inside, from 0.",
        )
        .rated("maintainability", "low")
        .about("The number is printed as it was asked for"),
        Rule::new(
            Kind::True,
            "src/render.rs",
            r#"format!("{}…", &title[..MAX_TITLE - 1])"#,
            "Slicing at a byte panics inside of a character that has several.",
        )
        .rated("correctness", "high")
        .about("The title is cut at a byte"),
        // Two comments about one defect, too far apart to be taken together.
        Rule::new(
            Kind::True,
            "src/shop/Checkout.java",
            "total.plus(line.price().times(line.quantity()));",
            "The sum that plus returns is thrown away.",
        )
        .rated("correctness", "critical")
        .about("Money is immutable and plus returns the sum"),
        Rule::new(
            Kind::True,
            "src/shop/Checkout.java",
            "return total;",
            "What is returned here is still zero, whatever the cart holds.",
        )
        .rated("data_integrity", "critical")
        .about("Money is immutable and plus returns the sum"),
        // The verifier cannot tell.
        Rule::new(
            Kind::Unproven,
            "src/shop/Cart.java",
            "if (known.productId() != null && known.productId() == line.productId()) {",
            "Boxed numbers are compared by identity.",
        )
        .rated("correctness", "critical")
        .about("productId is a boxed Long"),
        Rule::new(
            Kind::True,
            "migrations/0003_order_state.sql",
            "SET state = CASE status",
            "The CASE has no branch for cancelled orders and gives NULL for them.",
        )
        .rated("data_integrity", "critical")
        .about("Status 3 (cancelled, 0001_orders.sql) has no branch"),
        Rule::new(
            Kind::True,
            "migrations/0003_order_state.sql",
            "ALTER TABLE orders DROP COLUMN status;",
            "The daily revenue report reads the dropped column.",
        )
        .rated("api_contract", "critical")
        .about("reports/daily_revenue.sql still selects by status"),
        Rule::new(
            Kind::True,
            "migrations/0003_order_state.sql",
            "CREATE INDEX CONCURRENTLY orders_open_idx ON orders (placed_at) WHERE state IN ('new', 'paid');",
            "An index cannot be built concurrently inside of the transaction in which migrations run.",
        )
        .rated("correctness", "critical")
        .about("CREATE INDEX CONCURRENTLY cannot run inside a transaction"),
        Rule::new(
            Kind::True,
            "azure-pipelines.yml",
            "condition: eq(variables['Build.SourceBranch'], 'refs/heads/main')",
            "The condition replaces succeeded(), so main is published after failed tests as well.",
        )
        .rated("correctness", "critical")
        .about("A condition of one's own replaces the default"),
        // True, and so it was before.
        Rule::new(
            Kind::PreExisting,
            "azure-pipelines.yml",
            "- script: ci/publish.sh",
            "Nothing keeps two runs of the publishing script apart.",
        )
        .rated("concurrency", "medium"),
        Rule::new(
            Kind::True,
            "ci/test.sh",
            "npm test 2>&1 | tee test-output/npm-test.log",
            "The exit code of the pipe is that of tee, so failing tests pass.",
        )
        .rated("error_handling", "critical")
        .about("Without pipefail"),
    ]
}

fn clean() -> Vec<Rule> {
    vec![
        Rule::new(
            Kind::False,
            "stock/items.py",
            r#"f"ORDER BY {column.value} {direction.value}, name LIMIT ?","#,
            "The column comes from the query string and is put into the SQL text.",
        )
        .rated("security", "critical"),
        Rule::new(
            Kind::False,
            "feed/client.go",
            "response, err := c.http.Do(request)",
            "The body of the response is never closed.",
        )
        .rated("resource_leak", "high"),
        // No finding at all.
        Rule::new(Kind::Malformed, "feed/entry.go", "type Entry struct {", "An entry may be anything."),
        // The verifier lets it pass, so a clean pull request gets a comment.
        Rule::new(
            Kind::True,
            "src/commands.ts",
            "const request: unknown = JSON.parse(body);",
            "A body that is no JSON throws and takes the process down.",
        )
        .rated("error_handling", "high"),
        Rule::new(
            Kind::Hallucinated,
            "src/Dashboard/DashboardPage.cs",
            ".Zip(readings, (shown, reading) => (Title: shown.Title, Samples: reading.Result))",
            "Result blocks the thread until the reading has come.",
        )
        .rated("concurrency", "high"),
    ]
}
