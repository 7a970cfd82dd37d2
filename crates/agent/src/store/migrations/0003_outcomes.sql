-- What became of each finding that was posted. Kept as long as the database: it is what later reviews learn from.
create table outcome (
    collection text not null,
    project text not null,
    repository text not null,
    number bigint not null,
    fingerprint text not null,
    -- As it was posted; never changed by what is read later.
    category text not null,
    path text not null,
    claim text not null,
    iteration bigint not null,
    -- When we posted it, or saw it first.
    posted_at bigint not null,
    -- As it was seen last. No thread: not seen yet.
    thread bigint,
    status text not null,
    is_deleted bigint not null,
    replies bigint not null,
    likes bigint not null,
    -- Of the pull request: active, completed, abandoned.
    pull_request text not null,
    -- Whether the finding's lines were changed before completion; none: not known.
    lines_changed bigint,
    seen_at bigint not null,
    -- Since when it does not count for its category any more, because somebody woke that.
    woken_at bigint,
    -- Whether somebody had it forgotten: then it counts for nothing, and stays only so that it is not learned again.
    is_forgotten bigint not null default 0,
    primary key (collection, project, repository, number, fingerprint)
);

create index outcome_by_repository on outcome (collection, project, repository, posted_at);
create index outcome_by_end on outcome (collection, project, pull_request, posted_at);
