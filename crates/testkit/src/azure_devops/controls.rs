//! What tests make the service do, and what they ask it afterwards.

use std::collections::BTreeMap;

use super::{
    AzureDevOps, DuplicateThread, Fault, MergeComputation, On, Permission, PullRequestHandle, RateLimit, Request, SignIn,
    StaleWrite, Violation, Write, ledger, world::TokenState,
};

impl AzureDevOps {
    /// The next request that `on` matches fails like this: `fail_next(On::post("/threads"), Fault::DropAfter)`.
    pub fn fail_next(&self, on: impl Into<On>, fault: Fault) {
        self.fail_times(on, 1, fault);
    }

    /// The next `times` requests that match.
    pub fn fail_times(&self, on: impl Into<On>, times: usize, fault: Fault) {
        let on = on.into();
        self.server.with(|world| world.faults.plan(on, Some(times), fault));
    }

    /// Every matching request until [`Self::heal`].
    pub fn fail_always(&self, on: impl Into<On>, fault: Fault) {
        let on = on.into();
        self.server.with(|world| world.faults.plan(on, None, fault));
    }

    /// Forgets all faults that were planned.
    pub fn heal(&self) {
        self.server.with(|world| world.faults.heal());
    }

    /// Cuts every connection, until it is called with false.
    pub fn set_unreachable(&self, is_unreachable: bool) {
        self.server.with(|world| world.options.is_unreachable = is_unreachable);
    }

    /// What a request with a bad token gets.
    pub fn set_sign_in(&self, sign_in: SignIn) {
        self.server.with(|world| world.options.sign_in = sign_in);
    }

    pub fn expire_token(&self) {
        self.set_token_state(TokenState::Expired);
    }

    pub fn revoke_token(&self) {
        self.set_token_state(TokenState::Revoked);
    }

    /// The token is valid again.
    pub fn restore_token(&self) {
        self.set_token_state(TokenState::Valid);
    }

    fn set_token_state(&self, state: TokenState) {
        self.server.with(|world| world.tokens.iter_mut().take(1).for_each(|token| token.state = state));
    }

    /// As with public projects: who signs in with nothing is told that he is nobody, instead of being asked to sign in.
    pub fn set_public(&self, is_public: bool) {
        self.server.with(|world| world.options.is_public = is_public);
    }

    pub fn deny(&self, permission: Permission) {
        self.server.with(|world| world.options.denied.insert(permission));
    }

    pub fn allow(&self, permission: Permission) {
        self.server.with(|world| world.options.denied.remove(&permission));
    }

    /// Headers of a limit on every answer; None takes them away.
    pub fn set_rate_limit(&self, limit: Option<RateLimit>) {
        self.server.with(|world| world.options.rate_limit = limit);
    }

    pub fn set_merges(&self, computation: MergeComputation) {
        self.server.with(|world| world.options.merges = computation);
    }

    /// Object ids in upper case, as some lists of changes have them.
    pub fn set_upper_case_ids(&self, is_upper: bool) {
        self.server.with(|world| world.options.upper_case_ids = is_upper);
    }

    /// Whether changes say `edit, rename`, as the service does (the default), or `rename`, the one of the two that its
    /// specification lists: a proxy that validates against that takes no combined ones.
    pub fn set_combined_change_types(&self, are_combined: bool) {
        self.server.with(|world| world.options.combined_change_types = are_combined);
    }

    /// Gives links to the API, and the URLs in webhooks, under another base, e.g. that of a proxy in front of this server.
    /// The base is what comes before the collection. Pages and git stay where they are.
    pub fn announce_as(&self, base: &str) {
        self.server.with(|world| world.announced = Some(base.trim_end_matches('/').to_owned()));
    }

    /// Everything that was written, in order, by whomever.
    pub fn writes(&self) -> Vec<Write> {
        self.server.look(|world| world.ledger.writes.clone())
    }

    /// What [`Self::bot`] has written, in order.
    pub fn bot_writes(&self) -> Vec<Write> {
        let bot = self.bot().id;
        self.writes().into_iter().filter(|write| write.by_id == bot).collect()
    }

    /// Every request that came in, in the order in which they were answered.
    pub fn requests(&self) -> Vec<Request> {
        self.server.look(|world| world.ledger.requests.clone())
    }

    /// What the service took though it is wrong: threads on lines that do not exist, ranges with one end, threads without
    /// a status. Tests assert that it is empty.
    pub fn violations(&self) -> Vec<Violation> {
        self.server.look(|world| world.ledger.violations.clone())
    }

    /// Threads on files and statuses that were written for iteration n after one by the same identity for an iteration
    /// m > n of the same pull request. Threads without a place and updates of threads do not count.
    pub fn stale_writes(&self) -> Vec<StaleWrite> {
        ledger::stale_writes(&self.writes())
    }

    /// Pairs of threads of one pull request, neither deleted, whose property `name` has the same value.
    pub fn duplicate_threads(&self, name: &str) -> Vec<DuplicateThread> {
        let pull_requests: Vec<u32> = self.server.look(|world| world.pull_requests.iter().map(|known| known.id).collect());
        let mut duplicates = Vec::new();
        for pull_request in pull_requests {
            let mut first: BTreeMap<String, u32> = BTreeMap::new();
            for thread in PullRequestHandle::new(self.clone(), pull_request).threads() {
                let Some(value) = thread.properties.get(name).filter(|_| !thread.is_deleted) else { continue };
                match first.get(value) {
                    Some(&known) => {
                        duplicates.push(DuplicateThread { pull_request, value: value.clone(), first: known, second: thread.id });
                    }
                    None => drop(first.insert(value.clone(), thread.id)),
                }
            }
        }
        duplicates
    }
}
