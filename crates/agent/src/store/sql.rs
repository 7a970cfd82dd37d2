//! Every statement, once. Portable: `$1` placeholders, BIGINT and TEXT, `on conflict`, `returning`; what only one engine
//! takes is named so.

macro_rules! statements {
    ($($(#[$about:meta])* $name:ident = $text:literal;)*) => {
        $($(#[$about])* pub(super) const $name: &str = $text;)*
        /// Name and text of each statement, for the test that has the engine prepare them all.
        #[cfg(test)]
        pub(super) const ALL: &[(&str, &str)] = &[$((stringify!($name), $text)),*];
    };
}

statements! {
    PING = "select 1";

    EVENT_INSERT = "insert into event (dedup_key, kind, received_at) values ($1, $2, $3) on conflict (dedup_key) do nothing";

    EVENT_FOLD = "update event set job_id = $2 where dedup_key = $1";

    EVENTS_REPOINT = "update event set job_id = $2 where job_id = $1";

    EVENTS_WITHOUT_END = "select count(*) from event e join job j on j.id = e.job_id where j.state in ('queued', 'running')";

    /// A new event about a queued job: it starts over with the new payload. A burst puts it off, but not past one minute
    /// after it entered the queue; a longer wait that somebody asked for (a backoff) is not cut by the bound.
    JOB_UPSERT = "
        insert into job (id, kind, payload, dedup_key, serial_key, priority, state, run_at, queued_at, attempt, head,
                         cancel_requested, created_at)
        values ($1, $2, $3, $4, $5, $6, 'queued', $7, $8, 0, $9, 0, $8)
        on conflict (dedup_key) where state = 'queued' do update set
            kind = excluded.kind,
            payload = excluded.payload,
            serial_key = excluded.serial_key,
            priority = case when excluded.priority > job.priority then excluded.priority else job.priority end,
            run_at = case
                when excluded.run_at <= job.queued_at + 60000 then excluded.run_at
                when job.run_at <= job.queued_at + 60000 then job.queued_at + 60000
                when excluded.run_at < job.run_at then excluded.run_at
                else job.run_at end,
            head = excluded.head,
            attempt = 0,
            problem = null
        returning id";

    /// The same without an event: finding again what is queued already must neither hasten its backoff nor forgive its
    /// attempts.
    JOB_ADD = "
        insert into job (id, kind, payload, dedup_key, serial_key, priority, state, run_at, queued_at, attempt, head,
                         cancel_requested, created_at)
        values ($1, $2, $3, $4, $5, $6, 'queued', $7, $8, 0, $9, 0, $8)
        on conflict (dedup_key) where state = 'queued' do update set
            kind = excluded.kind,
            payload = excluded.payload,
            serial_key = excluded.serial_key,
            run_at = excluded.run_at,
            head = excluded.head,
            attempt = 0,
            problem = null
        where excluded.head is not null and (job.head is null or job.head <> excluded.head)";

    CANCEL_RUNNING = "
        update job set cancel_requested = 1
        where state = 'running' and serial_key = $1 and ($2 = 1 or (head is not null and head <> $3))";

    EXPIRED = "
        select id, dedup_key, attempt, worker from job
        where state = 'running' and lease_until <= $1 order by lease_until, id limit 50";

    /// `PostgreSQL` adds `for update of q skip locked` to the inner select.
    CLAIM = "
        update job set state = 'running', attempt = attempt + 1, lease_token = $1, lease_until = $2, worker = $3,
                       started_at = $4, cancel_requested = 0
        where state = 'queued' and id = (
            select q.id from job q
            where q.state = 'queued' and q.run_at <= $4 and (cast($5 as text) is null or q.kind = $5)
                and not exists (select 1 from job r where r.state = 'running' and r.serial_key = q.serial_key)
            order by q.priority desc, q.run_at, q.id limit 1)
        returning id, payload, serial_key, attempt, created_at, problem";

    HEARTBEAT = "
        update job set lease_until = $3 where id = $1 and lease_token = $2 and state = 'running'
        returning cancel_requested";

    RENEW = "
        update job set lease_until = $3 where id = $1 and lease_token = $2 and state = 'running' and lease_until > $4";

    /// A push may have come between the claim and the reading of the pull request: then it is already in the queue.
    SET_HEAD = "
        update job set head = $3, cancel_requested = case
            when exists (select 1 from job q where q.state = 'queued' and q.serial_key = job.serial_key
                         and q.head is not null and q.head <> $3) then 1
            else cancel_requested end
        where id = $1 and lease_token = $2 and state = 'running'";

    FINISH = "
        update job set state = 'ended', outcome = $3, ended_at = $4, problem = null, lease_token = null, lease_until = null
        where id = $1 and lease_token = $2 and state = 'running'";

    BURY = "
        update job set state = 'dead', problem = $3, ended_at = $4, lease_token = null, lease_until = null
        where id = $1 and lease_token = $2 and state = 'running'";

    /// Takes the row's lock for the rest of the transaction, and answers only the holder of the lease.
    FENCE = "
        update job set lease_until = lease_until where id = $1 and lease_token = $2 and state = 'running'
        returning dedup_key, attempt";

    QUEUED_TWIN = "select id from job where dedup_key = $1 and state = 'queued'";

    SUPERSEDE = "
        update job set state = 'ended', outcome = 'superseded', ended_at = $2, lease_token = null, lease_until = null
        where id = $1";

    REQUEUE = "
        update job set state = 'queued', run_at = $2, queued_at = $3, attempt = $4, problem = coalesce($5, problem),
                       cancel_requested = 0, lease_token = null, lease_until = null, worker = null, outcome = null,
                       ended_at = null
        where id = $1";

    NEXT_DUE = "
        select min(due) from (
            select min(q.run_at) as due from job q
            where q.state = 'queued'
                and not exists (select 1 from job r where r.state = 'running' and r.serial_key = q.serial_key)
            union all
            select min(lease_until) as due from job where state = 'running') as dues";

    COUNTS = "
        select state, count(*), min(case when state = 'queued' and run_at <= $1 then run_at end) from job
        where state in ('queued', 'running', 'dead') group by state";

    DEAD_LETTERS = "
        select id, kind, payload, serial_key, attempt, problem, created_at, ended_at from job
        where state = 'dead' order by ended_at desc, id desc limit $1";

    DEAD_FENCE = "update job set state = state where id = $1 and state = 'dead' returning dedup_key";

    DEAD_DISCARD = "update job set state = 'ended', outcome = 'discarded', ended_at = $2 where id = $1 and state = 'dead'";

    REVIEWED = "
        select reviewed_iteration, reviewed_head, reviewed_base from pull_request
        where collection = $1 and project = $2 and repository = $3 and number = $4";

    /// Never backwards: iteration numbers of a pull request only grow.
    REVIEWED_UPSERT = "
        insert into pull_request (collection, project, repository, number, reviewed_iteration, reviewed_head, reviewed_base,
                                  reviewed_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        on conflict (collection, project, repository, number) do update set
            reviewed_iteration = excluded.reviewed_iteration,
            reviewed_head = excluded.reviewed_head,
            reviewed_base = excluded.reviewed_base,
            reviewed_at = excluded.reviewed_at
        where excluded.reviewed_iteration >= pull_request.reviewed_iteration";

    DESIRED = "
        select state from desired_state
        where collection = $1 and project = $2 and repository = $3 and number = $4 and head = $5 and base = $6";

    DESIRED_UPSERT = "
        insert into desired_state (collection, project, repository, number, head, base, state, stored_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        on conflict (collection, project, repository, number) do update set
            head = excluded.head, base = excluded.base, state = excluded.state, stored_at = excluded.stored_at";

    DESIRED_DROP = "delete from desired_state where collection = $1 and project = $2 and repository = $3 and number = $4";

    CHECK_REPORT = "
        select report from check_report
        where collection = $1 and project = $2 and repository = $3 and number = $4 and iteration = $5 and head = $6 and base = $7";

    CHECK_REPORT_UPSERT = "
        insert into check_report (collection, project, repository, number, iteration, head, base, report, stored_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        on conflict (collection, project, repository, number) do update set
            iteration = excluded.iteration, head = excluded.head, base = excluded.base, report = excluded.report,
            stored_at = excluded.stored_at";

    REVIEW_INSERT = "
        insert into review (id, job_id, collection, project, repository, number, iteration, head, base, mode, outcome, posted,
                            dropped, calls, input_tokens, cached_tokens, output_tokens, cost, unpriced_calls, started_at,
                            ended_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)";

    DROPPED_INSERT = "
        insert into dropped_finding (review_id, position, path, claim, reason, detail, finding)
        values ($1, $2, $3, $4, $5, $6, $7)";

    DROPPED_OF_REVIEW = "
        select path, claim, reason, detail, finding from dropped_finding where review_id = $1 order by position";

    /// How many heads of a pull request were reviewed since reviews were resumed, if they were.
    REVIEWED_HEADS = "
        select count(distinct head) from review
        where collection = $1 and project = $2 and repository = $3 and number = $4 and outcome in ('complete', 'partial')
            and ended_at > coalesce((
                select s.resumed_at from steering s
                where s.collection = $1 and s.project = $2 and s.repository = $3 and s.number = $4), 0)";

    COMMAND_INSERT = "
        insert into command (collection, project, repository, number, thread, comment, word, asked_by, reply, taken_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        on conflict (collection, project, repository, number, thread, comment, word) do nothing";

    COMMAND = "
        select reply, answered_at from command
        where collection = $1 and project = $2 and repository = $3 and number = $4 and thread = $5 and comment = $6
            and word = $7";

    COMMAND_ANSWERED = "
        update command set answered_at = $8
        where collection = $1 and project = $2 and repository = $3 and number = $4 and thread = $5 and comment = $6
            and word = $7 and answered_at is null";

    OWN_CHANGE = "
        select change from own_change
        where collection = $1 and project = $2 and repository = $3 and number = $4 and thread = $5 and comment = $6
            and word = $7";

    OWN_CHANGE_INSERT = "
        insert into own_change (collection, project, repository, number, thread, comment, word, change, stored_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        on conflict (collection, project, repository, number, thread, comment, word) do nothing";

    OWN_CHANGE_END = "
        delete from own_change
        where collection = $1 and project = $2 and repository = $3 and number = $4 and thread = $5 and comment = $6
            and word = $7";

    PAUSED_BY = "
        select paused_by from steering where collection = $1 and project = $2 and repository = $3 and number = $4";

    STEERING_UPSERT = "
        insert into steering (collection, project, repository, number, paused_by, resumed_at)
        values ($1, $2, $3, $4, $5, $6)
        on conflict (collection, project, repository, number) do update set
            paused_by = excluded.paused_by, resumed_at = coalesce(excluded.resumed_at, steering.resumed_at)";

    REVIEW_REQUESTS = "
        select kind, id from review_request where collection = $1 and project = $2 and repository = $3 and number = $4";

    REVIEW_REQUEST_UPSERT = "
        insert into review_request (collection, project, repository, number, kind, id) values ($1, $2, $3, $4, $5, $6)
        on conflict (collection, project, repository, number, kind) do update set id = excluded.id";

    REVIEW_REQUEST_END = "
        delete from review_request
        where collection = $1 and project = $2 and repository = $3 and number = $4 and kind = $5 and id = $6";

    CHAT_INSERT = "
        insert into chat (collection, project, repository, number, thread, comment, asked_by, answer, taken_at, answered_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        on conflict (collection, project, repository, number, thread, comment) do nothing";

    CHAT = "
        select answer, answered_at from chat
        where collection = $1 and project = $2 and repository = $3 and number = $4 and thread = $5 and comment = $6";

    CHAT_ANSWERED = "
        update chat set answered_at = coalesce(answered_at, $7)
        where collection = $1 and project = $2 and repository = $3 and number = $4 and thread = $5 and comment = $6";

    LEARNING_INSERT = "
        insert into learning (id, collection, project, repository, number, thread, comment, path, text, taught_by, taught_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        on conflict (id) do nothing";

    LEARNINGS = "
        select id, collection, project, repository, number, path, text, taught_by, taught_at, approved_at from learning
        where collection = $1 and ($2 is null or project = $2) and ($3 is null or repository = $3)
        order by taught_at desc, id limit $4";

    LEARNING_REPOSITORIES = "
        select l.collection, l.project, l.repository, n.project_name, n.repository_name
        from (select distinct collection, project, repository from learning) l
        left join repository_name n
            on n.collection = l.collection and n.project = l.project and n.repository = l.repository
        order by l.collection, n.project_name, n.repository_name, l.project, l.repository";

    LEARNING_APPROVE = "update learning set approved_at = coalesce(approved_at, $2) where id = $1";

    LEARNING_FORGET = "delete from learning where id = $1";

    LEARNINGS_FORGET = "delete from learning where collection = $1 and project = $2 and repository = $3";

    PURGE_CHATS = "
        delete from chat where (collection, project, repository, number, thread, comment) in (
            select collection, project, repository, number, thread, comment from chat where taken_at < $1 limit 500)";

    PURGE_COMMANDS = "
        delete from command where (collection, project, repository, number, thread, comment, word) in (
            select collection, project, repository, number, thread, comment, word from command
            where taken_at < $1 limit 500)";

    PURGE_OWN_CHANGES = "
        delete from own_change where (collection, project, repository, number, thread, comment, word) in (
            select collection, project, repository, number, thread, comment, word from own_change
            where stored_at < $1 limit 500)";

    RECENT_REVIEWS = "
        select id, collection, project, repository, number, iteration, head, base, mode, outcome, posted, dropped, calls,
               input_tokens, cached_tokens, output_tokens, cost, unpriced_calls, started_at, ended_at
        from review order by ended_at desc, id desc limit $1";

    ANSWER = "
        select content, calls, input_tokens, cached_tokens, output_tokens, cost, unpriced_calls from answer
        where request = $1";

    /// The first answer stays: a run that was cut and runs again must see what the cut one saw.
    ANSWER_INSERT = "
        insert into answer (request, content, calls, input_tokens, cached_tokens, output_tokens, cost, unpriced_calls,
                            stored_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (request) do nothing";

    SPENDING_ADD = "
        insert into spending (collection, project, repository, number, day, role, model, calls, input_tokens, cached_tokens,
                              output_tokens, cost, unpriced_calls)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        on conflict (collection, project, repository, number, day, role, model) do update set
            calls = spending.calls + excluded.calls,
            input_tokens = spending.input_tokens + excluded.input_tokens,
            cached_tokens = spending.cached_tokens + excluded.cached_tokens,
            output_tokens = spending.output_tokens + excluded.output_tokens,
            cost = spending.cost + excluded.cost,
            unpriced_calls = spending.unpriced_calls + excluded.unpriced_calls";

    /// `PostgreSQL` sums `bigint` to `numeric`: cast back.
    SPENT_ON_PULL_REQUEST = "
        select cast(coalesce(sum(calls), 0) as bigint) as calls,
               cast(coalesce(sum(input_tokens), 0) as bigint) as input_tokens,
               cast(coalesce(sum(cached_tokens), 0) as bigint) as cached_tokens,
               cast(coalesce(sum(output_tokens), 0) as bigint) as output_tokens,
               cast(coalesce(sum(cost), 0) as bigint) as cost,
               cast(coalesce(sum(unpriced_calls), 0) as bigint) as unpriced_calls
        from spending where collection = $1 and project = $2 and repository = $3 and number = $4";

    SPENT_ON_DAY = "
        select cast(coalesce(sum(calls), 0) as bigint) as calls,
               cast(coalesce(sum(input_tokens), 0) as bigint) as input_tokens,
               cast(coalesce(sum(cached_tokens), 0) as bigint) as cached_tokens,
               cast(coalesce(sum(output_tokens), 0) as bigint) as output_tokens,
               cast(coalesce(sum(cost), 0) as bigint) as cost,
               cast(coalesce(sum(unpriced_calls), 0) as bigint) as unpriced_calls
        from spending where day = $1";

    REPOSITORY_NAME_UPSERT = "
        insert into repository_name (collection, project, repository, project_name, repository_name)
        values ($1, $2, $3, $4, $5)
        on conflict (collection, project, repository) do update set
            project_name = excluded.project_name, repository_name = excluded.repository_name
        where repository_name.project_name <> excluded.project_name
            or repository_name.repository_name <> excluded.repository_name";

    KNOWN_PROJECTS = "
        select distinct collection, project, project_name from repository_name order by collection, project";

    DEAD_SINCE = "
        select count(*) from job where state = 'dead' and ended_at > $1 and dedup_key = $2";

    LAST_SWEEPS = "
        select serial_key, max(created_at) from job where kind = 'sweep' group by serial_key";

    SPENDING_BY_DAY = "
        select s.day,
               cast(sum(s.calls) as bigint) as calls,
               cast(sum(s.input_tokens) as bigint) as input_tokens,
               cast(sum(s.cached_tokens) as bigint) as cached_tokens,
               cast(sum(s.output_tokens) as bigint) as output_tokens,
               cast(sum(s.cost) as bigint) as cost,
               cast(sum(s.unpriced_calls) as bigint) as unpriced_calls
        from spending s where s.day >= $1 group by s.day order by s.day";

    SPENDING_BY_MODEL = "
        select s.model,
               cast(sum(s.calls) as bigint) as calls,
               cast(sum(s.input_tokens) as bigint) as input_tokens,
               cast(sum(s.cached_tokens) as bigint) as cached_tokens,
               cast(sum(s.output_tokens) as bigint) as output_tokens,
               cast(sum(s.cost) as bigint) as cost,
               cast(sum(s.unpriced_calls) as bigint) as unpriced_calls
        from spending s where s.day >= $1 group by s.model order by sum(s.cost) desc, s.model";

    SPENDING_BY_REPOSITORY = "
        select s.collection, s.project, s.repository, n.project_name, n.repository_name,
               cast(sum(s.calls) as bigint) as calls,
               cast(sum(s.input_tokens) as bigint) as input_tokens,
               cast(sum(s.cached_tokens) as bigint) as cached_tokens,
               cast(sum(s.output_tokens) as bigint) as output_tokens,
               cast(sum(s.cost) as bigint) as cost,
               cast(sum(s.unpriced_calls) as bigint) as unpriced_calls
        from spending s left join repository_name n
            on n.collection = s.collection and n.project = s.project and n.repository = s.repository
        where s.day >= $1 group by s.collection, s.project, s.repository, n.project_name, n.repository_name
        order by sum(s.cost) desc, s.collection, s.project, s.repository";

    SPENDING_BY_PULL_REQUEST = "
        select s.collection, s.project, s.repository, n.project_name, n.repository_name, s.number,
               cast(sum(s.calls) as bigint) as calls,
               cast(sum(s.input_tokens) as bigint) as input_tokens,
               cast(sum(s.cached_tokens) as bigint) as cached_tokens,
               cast(sum(s.output_tokens) as bigint) as output_tokens,
               cast(sum(s.cost) as bigint) as cost,
               cast(sum(s.unpriced_calls) as bigint) as unpriced_calls
        from spending s left join repository_name n
            on n.collection = s.collection and n.project = s.project and n.repository = s.repository
        where s.day >= $1 group by s.collection, s.project, s.repository, n.project_name, n.repository_name, s.number
        order by sum(s.cost) desc, s.collection, s.project, s.repository, s.number";

    OUTCOME_ADD = "
        insert into outcome (collection, project, repository, number, fingerprint, category, path, claim, iteration, posted_at,
                             status, is_deleted, replies, likes, pull_request, seen_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'active', 0, 0, 0, 'active', $10)
        on conflict (collection, project, repository, number, fingerprint) do nothing";

    /// What was posted stays as it was; that lines changed is not forgotten when a later reading did not ask.
    OUTCOME_SEE = "
        update outcome set thread = $6, status = $7, is_deleted = $8, replies = $9, likes = $10, pull_request = $11,
                           lines_changed = coalesce($12, lines_changed), seen_at = $13
        where collection = $1 and project = $2 and repository = $3 and number = $4 and fingerprint = $5";

    OUTCOMES_OF_PULL_REQUEST = "
        select fingerprint, category, path, claim, iteration, thread, status, is_deleted, replies, likes, pull_request,
               lines_changed, woken_at, is_forgotten
        from outcome where collection = $1 and project = $2 and repository = $3 and number = $4
        order by posted_at, fingerprint";

    OUTCOMES_OF_REPOSITORY = "
        select fingerprint, category, path, claim, iteration, thread, status, is_deleted, replies, likes, pull_request,
               lines_changed, woken_at, is_forgotten
        from outcome where collection = $1 and project = $2 and repository = $3 and is_forgotten = 0
        order by posted_at desc, number desc, fingerprint limit $4";

    /// Those that were active when they were seen last.
    OUTCOMES_WITHOUT_END = "
        select repository, number, max(posted_at) as newest from outcome
        where collection = $1 and project = $2 and pull_request = 'active' and posted_at >= $3
        group by repository, number order by newest desc, repository, number limit $4";

    OUTCOME_REPOSITORIES = "
        select o.collection, o.project, o.repository, n.project_name, n.repository_name
        from (select distinct collection, project, repository from outcome where is_forgotten = 0) o
        left join repository_name n
            on n.collection = o.collection and n.project = o.project and n.repository = o.repository
        order by o.collection, n.project_name, n.repository_name, o.project, o.repository";

    OUTCOMES_WAKE = "
        update outcome set woken_at = $4
        where collection = $1 and project = $2 and repository = $3 and woken_at is null and is_forgotten = 0
            and ($5 is null or category = $5)";

    /// The words go too.
    OUTCOMES_FORGET = "
        update outcome set is_forgotten = 1, path = '', claim = ''
        where collection = $1 and project = $2 and repository = $3 and is_forgotten = 0 and ($4 is null or category = $4)";

    /// The same of one pull request.
    OUTCOMES_FORGET_OF_PULL_REQUEST = "
        update outcome set is_forgotten = 1, path = '', claim = ''
        where collection = $1 and project = $2 and repository = $3 and number = $4 and is_forgotten = 0";

    PURGE_ANSWERS = "
        delete from answer where request in (select request from answer where stored_at < $1 limit 500)";

    /// Events of a job that still has something to do, or that waits for a person as a dead letter, stay.
    PURGE_EVENTS = "
        delete from event where dedup_key in (
            select e.dedup_key from event e left join job j on j.id = e.job_id
            where e.received_at < $1 and (e.job_id is null or j.state = 'ended') limit 500)";

    PURGE_JOBS = "
        delete from job where id in (
            select j.id from job j where j.state = 'ended' and j.ended_at < $1
                and not exists (select 1 from event e where e.job_id = j.id) limit 500)";

    PURGE_DESIRED = "
        delete from desired_state where (collection, project, repository, number) in (
            select collection, project, repository, number from desired_state where stored_at < $1 limit 500)";

    PURGE_CHECK_REPORTS = "
        delete from check_report where (collection, project, repository, number) in (
            select collection, project, repository, number from check_report where stored_at < $1 limit 500)";

    /// `SQLite`: whether the table of applied migrations is there at all.
    SQLITE_HAS_MIGRATIONS = "select count(*) from sqlite_master where type = 'table' and name = '_sqlx_migrations'";
}

/// `SQLite`: takes the write lock at once, so that a transaction never fails halfway because another one wrote first.
pub(super) const SQLITE_BEGIN: &str = "begin immediate";
