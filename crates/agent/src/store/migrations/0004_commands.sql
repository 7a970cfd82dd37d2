-- Requests that people made in comments, with what was answered: none takes effect twice, whatever is delivered again.
create table command (
    collection text not null,
    project text not null,
    repository text not null,
    number bigint not null,
    thread bigint not null,
    comment bigint not null,
    -- Of the request; an edited comment may make another one.
    word text not null,
    asked_by text not null,
    reply text not null,
    taken_at bigint not null,
    -- None: the answer may not stand yet.
    answered_at bigint,
    primary key (collection, project, repository, number, thread, comment, word)
);

create index command_by_time on command (taken_at);

-- What commands have changed about a pull request.
create table steering (
    collection text not null,
    project text not null,
    repository text not null,
    number bigint not null,
    -- Who paused reviews; none: they are not paused.
    paused_by text,
    -- Pushes that were reviewed before count no more.
    resumed_at bigint,
    primary key (collection, project, repository, number)
);

-- Reviews that were asked for and not made yet. The id is new with each request: one that comes while a review is under way
-- outlives it.
create table review_request (
    collection text not null,
    project text not null,
    repository text not null,
    number bigint not null,
    kind text not null check (kind in ('incremental', 'full')),
    id text not null,
    primary key (collection, project, repository, number, kind)
);
