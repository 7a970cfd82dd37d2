-- Comments that were answered as talk, or left without an answer on purpose: none is answered twice.
create table chat (
    collection text not null,
    project text not null,
    repository text not null,
    number bigint not null,
    thread bigint not null,
    comment bigint not null,
    asked_by text not null,
    -- What is to be said and done, as JSON; none: nothing needs to be said.
    answer text,
    taken_at bigint not null,
    -- None: the answer may not stand yet.
    answered_at bigint,
    primary key (collection, project, repository, number, thread, comment)
);

create index chat_by_time on chat (taken_at);

-- What people taught in words; kept until somebody has it forgotten.
create table learning (
    id text not null primary key,
    collection text not null,
    project text not null,
    repository text not null,
    -- Where it was taught.
    number bigint not null,
    thread bigint not null,
    comment bigint not null,
    path text not null,
    text text not null,
    taught_by text not null,
    taught_at bigint not null,
    -- When somebody let it count before its delay is over.
    approved_at bigint
);

create index learning_by_repository on learning (collection, project, repository, taught_at);
