//! Starts the Azure DevOps stand-in with a small pull request, prints where everything is as one line of JSON, and runs until
//! its standard input ends. For checks by clients that are not ours.

use std::net::SocketAddr;

use anyhow::{Context as _, Result};
use clap::{Parser, ValueEnum};
use serde_json::json;
use testkit::azure_devops::{AzureDevOps, Mode, PullRequestSpec};

#[derive(Debug, Parser)]
#[command(about)]
struct Arguments {
    /// Which release is played.
    #[arg(long, value_enum, default_value_t = Release::Services)]
    mode: Release,
    /// Path in front of the collection, as `tfs`.
    #[arg(long, default_value = "")]
    prefix: String,
    /// Name of the organisation or collection.
    #[arg(long, default_value = "contoso")]
    collection: String,
    /// Port of 127.0.0.1; 0 is any free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Only members of enumerations that Microsoft's specification lists, for proxies that validate against it.
    #[arg(long)]
    as_specified: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Release {
    Services,
    Server2022,
    Server2020,
    Server2019,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let mode = match arguments.mode {
        Release::Services => Mode::Services,
        Release::Server2022 => Mode::Server2022,
        Release::Server2020 => Mode::Server2020,
        Release::Server2019 => Mode::Server2019,
    };
    let azure = AzureDevOps::builder()
        .mode(mode)
        .prefix(&arguments.prefix)
        .collections(&[&arguments.collection])
        .address(SocketAddr::from(([127, 0, 0, 1], arguments.port)))
        .start()
        .await?;
    azure.set_combined_change_types(!arguments.as_specified);
    let repository = azure.repository("Shop Floor", "orders").await?;
    let old = "public class Order\n{\n    public int Count;\n    public string Name;\n}\n";
    repository.commit(&[("src/Order.cs", old), ("src/Old.cs", "public class Old\n{\n    // Nothing.\n}\n")], "Start").await?;
    let story = azure.add_work_item("Shop Floor", "User Story", "Totals of orders", &[("System.Description", "<p>Sums</p>")])?;
    let new = "public class Order\n{\n    public int Count;\n    public string Name;\n    public int Total() => Count / 0;\n}\n";
    let spec = PullRequestSpec::new("Totals of orders").description("Adds totals.").branches("feature/totals", "main");
    let pull_request = repository.open_pull_request(spec.file("src/Order.cs", new).work_item(story)).await?;
    pull_request.push(&[("src/Extra.cs", "public class Extra\n{\n}\n")]).await?;
    pull_request.comment(&azure.author(), "Please have a look.").await?;
    let places = json!({
        "collectionUrl": azure.collection_url(),
        "token": azure.token(),
        "project": repository.project_name(),
        "projectId": repository.project_id(),
        "repository": repository.name(),
        "repositoryId": repository.id(),
        "pullRequest": pull_request.id(),
        "workItem": story,
        "botId": azure.bot().id,
        "page": pull_request.web_url(),
    });
    #[expect(clippy::print_stdout, reason = "the line is what this program is for")]
    {
        println!("{places}");
    }
    let ended = tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink())).await;
    ended.context("waiting for the end of the input")?.context("reading the input")?;
    Ok(())
}
