//! From a pull request to what should stand on it: steps 5 to 15 of ARCHITECTURE.md.
//!
//! `configuration` reads what the repository wants (7), `evidence` gathers (6 to 9), `finders` look (10), `analysis` checks (11 to 13) and
//! knows no forge; `review` drives a job on Azure DevOps (5, 14, 15) through `desired`, `publish`, `announce` and `outcomes`;
//! `commands` answers what people ask for in comments, `own_change` makes the changes that they ask for, `chat` answers what else they
//! say to the agent;
//! `local` drives the same analysis over a git range for the command line.

mod analysis;
mod announce;
mod chat;
mod checks;
mod commanders;
mod commands;
mod configuration;
mod conventions;
mod desired;
mod elsewhere;
mod evidence;
mod excerpts;
mod finders;
mod leads;
mod learnings;
mod local;
mod looks;
mod outcomes;
mod own_change;
mod past;
mod publish;
mod resolution;
mod review;
mod secrets;
mod surroundings;
mod sweep;
mod trouble;
mod vote;
mod warm_up;
mod work_items;
mod writing;

pub use analysis::{Analysis, AnalysisError};
pub use commanders::Commanders;
pub use configuration::Configurations;
pub use local::{LocalReview, review_range};
pub use review::{MAX_ATTEMPTS, Reviewer};
pub use surroundings::Neighbours;
