//! How long the code index of a large repository takes: `cargo xtask bench index`.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    io::Write as _,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use base64::{Engine, engine::general_purpose::STANDARD};
use clap::Parser;
use code_index::{Family, Language};
use coderabbit_agent::{
    git::{Mirrors, Repository, Source},
    index::{Coverage, Indexed, Limits, Request, index_commit},
};
use review_core::pull_request::CommitId;
use secrecy::SecretString;
use serde_json::json;
use testkit::azure_devops::AzureDevOps;

#[derive(Debug, Parser)]
struct Arguments {
    #[arg(long, default_value_t = 10_000)]
    files: usize,
    /// Files of the second commit.
    #[arg(long, default_value_t = 20)]
    changed: usize,
    /// The first index must be there within this many seconds.
    #[arg(long, default_value_t = 20.0)]
    cold_limit: f64,
    /// The index after the change must be there within this many seconds.
    #[arg(long, default_value_t = 1.0)]
    change_limit: f64,
    /// Given by cargo.
    #[arg(long, hide = true)]
    bench: bool,
}

/// One index and its time.
struct Measured {
    seconds: f64,
    coverage: Coverage,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        bail!("TLS cannot be set up: another provider is installed");
    }
    let azure = AzureDevOps::start().await?;
    let repository = azure.repository("Shop", "large").await?;
    let folder = tempfile::tempdir()?;
    let mirrors = Mirrors::new(folder.path(), u64::MAX, |_| Vec::new())?;
    let token = SecretString::from(format!("Basic {}", STANDARD.encode(format!(":{}", azure.token()))));

    let files: Vec<(String, String)> = (0..arguments.files).map(|number| file(number, 0)).collect();
    let bytes: usize = files.iter().map(|(_, text)| text.len()).sum();
    let borrowed: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let first = commit(&repository.push("main", &borrowed, "All files").await?)?;
    let megabytes = bytes.to_string().parse::<f64>().unwrap_or_default() / 1e6;
    say(&format!("{} files in {} languages, {megabytes:.1} MB", files.len(), LANGUAGES.len()))?;

    let fetch = async |commit: &CommitId| {
        let source = Source { url: &repository.remote_url(), fork_url: None, authorization: Some(&token) };
        mirrors.fetch(source, std::slice::from_ref(commit)).await
    };
    let mirror = fetch(&first).await?;
    let queries = compile_queries();
    let cold = measure(&mirror, &first).await?;
    show("cold, with all blobs fetched", &cold)?;
    let again = measure(&mirror, &first).await?;
    show("again", &again)?;

    let step = (arguments.files / arguments.changed.max(1)).max(1);
    let changed: Vec<(String, String)> =
        (0..arguments.files).step_by(step).take(arguments.changed).map(|number| file(number, 1)).collect();
    let borrowed: Vec<(&str, &str)> = changed.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let second = commit(&repository.push("main", &borrowed, "A change").await?)?;
    let mirror = fetch(&second).await?;
    let change = measure(&mirror, &second).await?;
    show(&format!("a change of {} files", changed.len()), &change)?;
    say(&format!("queries of all languages compiled, once a process: {queries:.2} s"))?;

    let summary = json!({
        "bench": "index", "files": arguments.files, "bytes": bytes, "cold_s": cold.seconds, "again_s": again.seconds,
        "changed": changed.len(), "change_s": change.seconds, "queries_s": queries,
    });
    say(&summary.to_string())?;
    if cold.coverage.indexed != arguments.files || change.coverage.parsed != changed.len() || again.coverage.parsed != 0 {
        bail!("not every file was indexed once: {:?}, {:?}, {:?}", cold.coverage, again.coverage, change.coverage);
    }
    if cold.seconds >= arguments.cold_limit || change.seconds >= arguments.change_limit {
        bail!("not within {} s cold and {} s for a change", arguments.cold_limit, arguments.change_limit);
    }
    Ok(())
}

async fn measure(repository: &Repository, commit: &CommitId) -> anyhow::Result<Measured> {
    let families: BTreeSet<Family> = LANGUAGES.iter().map(|(language, _)| language.family()).collect();
    let limits = Limits { time: Duration::from_mins(10), ..Limits::default() };
    let request = Request { commit, families: &families, near: &[], is_wanted: &|_| true, parsed: &|_| None, limits };
    let begun = Instant::now();
    let Indexed { index, coverage } = index_commit(repository, request).await?;
    let seconds = begun.elapsed().as_secs_f64();
    if index.references(Family::CSharp, "Compute0").is_empty() {
        bail!("the index knows no use of Compute0");
    }
    Ok(Measured { seconds, coverage })
}

/// Seconds.
fn compile_queries() -> f64 {
    let begun = Instant::now();
    for (language, _) in LANGUAGES {
        std::hint::black_box(code_index::index_as(*language, "", &|| false)).ok();
    }
    begun.elapsed().as_secs_f64()
}

fn show(what: &str, measured: &Measured) -> anyhow::Result<()> {
    let Measured { seconds, coverage } = measured;
    let Coverage { indexed, parsed, from_cache, .. } = coverage;
    say(&format!("{what}: {seconds:.2} s ({indexed} indexed, {parsed} parsed, {from_cache} from the cache)"))
}

fn say(text: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{text}").context("the output is closed")
}

fn commit(id: &str) -> anyhow::Result<CommitId> {
    CommitId::parse(id).with_context(|| format!("{id} is no commit"))
}

/// Languages of the repository: the ending of a file, and what writes one of its functions.
const LANGUAGES: &[(Language, &str)] = &[
    (Language::CSharp, "cs"),
    (Language::TypeScript, "ts"),
    (Language::Python, "py"),
    (Language::Java, "java"),
    (Language::Go, "go"),
    (Language::Kotlin, "kt"),
    (Language::Rust, "rs"),
    (Language::Cpp, "cpp"),
];

/// A file of some four kilobytes; `version` changes its text.
fn file(number: usize, version: usize) -> (String, String) {
    let (language, ending) = LANGUAGES[number % LANGUAGES.len()];
    let path = format!("src/area{}/part{}/file{number}.{ending}", number % 40, number % 400);
    let functions: String = (0..16).fold(String::new(), |mut text, part| {
        let other = (number * 31 + part * 7) % 5000;
        text.push_str(&function(language, number * 16 + part, other, version));
        text
    });
    let text = match language {
        Language::CSharp => {
            format!("using Shop.Area{0};\nnamespace Shop.Area{0};\npublic class File{number} {{\n{functions}}}\n", number % 40)
        }
        Language::Java => {
            format!("package shop.area{0};\nimport shop.core.*;\npublic class File{number} {{\n{functions}}}\n", number % 40)
        }
        Language::Go => format!("package part\n\nimport \"fmt\"\n\n{functions}"),
        Language::TypeScript => format!("import {{ compute1, compute2 }} from './other';\n\n{functions}"),
        Language::Python => format!("from shop.other import *\n\n{functions}"),
        Language::Kotlin => format!("package shop.area{0}\nimport shop.core.*\n{functions}", number % 40),
        Language::Cpp => format!("#include \"shop.h\"\nnamespace shop {{\n{functions}}}\n"),
        _ => functions,
    };
    (path, text)
}

fn function(language: Language, own: usize, other: usize, version: usize) -> String {
    let mut text = String::new();
    let written = match language {
        Language::CSharp => write!(
            text,
            "    /// <summary>Adds up.</summary>\n    public decimal Compute{own}(Order order, int rate) {{\n        var total = order.Lines.Sum(line => line.Price * line.Quantity);\n        if (total > {version}) {{\n            total -= Compute{other}(order, rate + 1);\n        }}\n        return Math.Round(total, 2);\n    }}\n"
        ),
        Language::Java => write!(
            text,
            "    /** Adds up. */\n    public double compute{own}(Order order, int rate) {{\n        double total = 0;\n        for (Line line : order.lines()) {{\n            total += line.price() * line.quantity();\n        }}\n        return total > {version} ? this.compute{other}(order, rate + 1) : Math.round(total);\n    }}\n"
        ),
        Language::TypeScript => write!(
            text,
            "/** Adds up. */\nexport function compute{own}(order: Order, rate: number): number {{\n  const total = order.lines.map((line) => line.price * line.quantity).reduce((a, b) => a + b, 0);\n  if (total > {version}) {{\n    return compute{other}(order, rate + 1);\n  }}\n  return Math.round(total);\n}}\n\n"
        ),
        Language::Python => write!(
            text,
            "def compute{own}(order, rate=1):\n    \"\"\"Adds up.\"\"\"\n    total = sum(line.price * line.quantity for line in order.lines)\n    if total > {version}:\n        return compute{other}(order, rate + 1)\n    return round(total, 2)\n\n\n"
        ),
        Language::Go => write!(
            text,
            "// Compute{own} adds up.\nfunc Compute{own}(order *Order, rate int) (float64, error) {{\n\ttotal := 0.0\n\tfor _, line := range order.Lines {{\n\t\ttotal += line.Price * float64(line.Quantity)\n\t}}\n\tif total > {version} {{\n\t\treturn Compute{other}(order, rate+1)\n\t}}\n\treturn total, fmt.Errorf(\"too small\")\n}}\n\n"
        ),
        Language::Kotlin => write!(
            text,
            "/** Adds up. */\nfun compute{own}(order: Order, rate: Int): Double {{\n    val total = order.lines.sumOf {{ it.price * it.quantity }}\n    if (total > {version}) {{\n        return compute{other}(order, rate + 1)\n    }}\n    return total\n}}\n\n"
        ),
        Language::Rust => write!(
            text,
            "/// Adds up.\npub fn compute{own}(order: &Order, rate: u32) -> f64 {{\n    let total: f64 = order.lines.iter().map(|line| line.price * line.quantity).sum();\n    if total > {version}.0 {{\n        return compute{other}(order, rate + 1);\n    }}\n    total.round()\n}}\n\n"
        ),
        _ => write!(
            text,
            "/// Adds up.\ndouble compute{own}(const Order &order, int rate) {{\n  double total = 0;\n  for (const auto &line : order.lines) {{\n    total += line.price * line.quantity;\n  }}\n  return total > {version} ? compute{other}(order, rate + 1) : std::round(total);\n}}\n\n"
        ),
    };
    written.expect("a String takes every write");
    text
}
