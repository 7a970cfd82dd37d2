-- Types and syntax are the common ground of SQLite and PostgreSQL. Times are milliseconds since the epoch.

create table job (
    id text not null primary key,
    -- A word for people and metrics; the payload says the same in full.
    kind text not null,
    payload text not null,
    dedup_key text not null,
    serial_key text not null,
    priority bigint not null,
    state text not null check (state in ('queued', 'running', 'ended', 'dead')),
    run_at bigint not null,
    -- Since when it waits in the queue: a burst of events puts it off only so far from here.
    queued_at bigint not null,
    attempt bigint not null,
    head text,
    cancel_requested bigint not null,
    lease_token text,
    lease_until bigint,
    worker text,
    outcome text,
    problem text,
    created_at bigint not null,
    started_at bigint,
    ended_at bigint
);

-- A burst of pushes is one review.
create unique index job_one_queued_per_dedup on job (dedup_key) where state = 'queued';
-- One running job per pull request, whatever the workers do.
create unique index job_one_running_per_key on job (serial_key) where state = 'running';
create index job_next on job (priority desc, run_at, id) where state = 'queued';
create index job_lease on job (lease_until) where state = 'running';
create index job_by_end on job (state, ended_at);

create table event (
    dedup_key text not null primary key,
    kind text not null,
    received_at bigint not null,
    -- The job that answers for it; none when there was nothing to do.
    job_id text references job (id)
);

create index event_by_job on event (job_id);
create index event_by_time on event (received_at);

-- What the last complete (or partial) run covered.
create table pull_request (
    collection text not null,
    project text not null,
    repository text not null,
    number bigint not null,
    reviewed_iteration bigint not null,
    reviewed_head text not null,
    reviewed_base text not null,
    reviewed_at bigint not null,
    primary key (collection, project, repository, number)
);

-- What a run is about to make stand; there until the run is recorded.
create table desired_state (
    collection text not null,
    project text not null,
    repository text not null,
    number bigint not null,
    head text not null,
    base text not null,
    state text not null,
    stored_at bigint not null,
    primary key (collection, project, repository, number)
);

create index desired_state_by_time on desired_state (stored_at);

create table review (
    id text not null primary key,
    job_id text not null,
    collection text not null,
    project text not null,
    repository text not null,
    number bigint not null,
    iteration bigint not null,
    head text not null,
    base text not null,
    mode text not null,
    outcome text not null,
    posted bigint not null,
    dropped bigint not null,
    calls bigint not null,
    input_tokens bigint not null,
    cached_tokens bigint not null,
    output_tokens bigint not null,
    started_at bigint not null,
    ended_at bigint not null
);

create index review_by_time on review (ended_at);
create index review_by_pull_request on review (collection, project, repository, number, ended_at);

create table dropped_finding (
    review_id text not null references review (id) on delete cascade,
    position bigint not null,
    path text not null,
    claim text not null,
    reason text not null,
    detail text not null,
    -- The finding in full, as JSON, when the candidate was well-formed.
    finding text,
    primary key (review_id, position)
);

-- Model answers that were paid for.
create table answer (
    request text not null primary key,
    content text not null,
    calls bigint not null,
    input_tokens bigint not null,
    cached_tokens bigint not null,
    output_tokens bigint not null,
    stored_at bigint not null
);

create index answer_by_time on answer (stored_at);
