//! Prism processes: one per file, started when it is first needed.

use std::{
    collections::BTreeMap,
    fs::File,
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, bail};
use tokio::{
    net::TcpStream,
    process::{Child, Command},
    sync::OnceCell,
    time::Instant,
};

use crate::{
    process::{free_port, say},
    tools,
};

const PACKAGE: &str = "@stoplight/prism-cli@5.16.0";
/// A file of 300 kB takes six seconds on an idle machine.
const START: Duration = Duration::from_mins(3);

/// Installs Prism, and returns its program.
pub(super) fn install(dir: &Path) -> anyhow::Result<PathBuf> {
    tools::npm_packages(dir, &[PACKAGE])?;
    let program = dir.join("node_modules/@stoplight/prism-cli/dist/index.js");
    if !program.is_file() {
        bail!("{PACKAGE} has no {}; remove {} and try again", program.display(), dir.display());
    }
    Ok(program)
}

/// The proxies of one family; they end when this is dropped.
#[derive(Debug)]
pub(super) struct Prisms {
    program: PathBuf,
    upstream: String,
    areas: BTreeMap<String, (PathBuf, Arc<OnceCell<Running>>)>,
}

#[derive(Debug)]
struct Running {
    url: String,
    _process: Child,
}

impl Prisms {
    /// `upstream` gets what passed the checks.
    pub(super) fn new(program: PathBuf, areas: BTreeMap<String, PathBuf>, upstream: String) -> Arc<Self> {
        let areas = areas.into_iter().map(|(area, file)| (area, (file, Arc::default()))).collect();
        Arc::new(Self { program, upstream, areas })
    }

    /// Where the proxy of an area is; started at the first call. None: no file describes the area.
    ///
    /// It goes on starting when the caller leaves: an agent that waits two seconds for an answer would else end it each time.
    pub(super) async fn url(self: &Arc<Self>, area: &str) -> anyhow::Result<Option<String>> {
        let Some((file, running)) = self.areas.get(area).cloned() else { return Ok(None) };
        let (prisms, area) = (Arc::clone(self), area.to_owned());
        let started = tokio::spawn(async move {
            let running = running.get_or_try_init(|| prisms.start(&area, &file)).await?;
            Ok::<_, anyhow::Error>(running.url.clone())
        });
        started.await.context("the start of Prism was cut")?.map(Some)
    }

    async fn start(&self, area: &str, file: &Path) -> anyhow::Result<Running> {
        let port = free_port()?;
        let log = file.with_extension("prism.log");
        let out = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let started = Instant::now();
        #[expect(clippy::disallowed_methods, reason = "running programs is what tasks are for")]
        let mut command = Command::new("node");
        command
            .arg(&self.program)
            .args(["proxy", "--errors", "--cors", "false", "--host", "127.0.0.1", "--verboseLevel", "error"])
            .args(["--port", &port.to_string()])
            .arg(file)
            .arg(&self.upstream)
            .stdin(Stdio::null())
            .stdout(out.try_clone()?)
            .stderr(out)
            .kill_on_drop(true);
        let mut process = command.spawn().context("node cannot be started")?;
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            if let Some(status) = process.try_wait()? {
                bail!("Prism ended with {status} on {}; see {}", file.display(), log.display());
            }
            if started.elapsed() > START {
                bail!("Prism did not start within {START:?} on {}; see {}", file.display(), log.display());
            }
            #[expect(clippy::disallowed_methods, reason = "a process of others tells only by its port that it is ready")]
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        say(&format!("  Prism for {area}: {:.1} s", started.elapsed().as_secs_f64()));
        Ok(Running { url: format!("http://127.0.0.1:{port}"), _process: process })
    }
}
