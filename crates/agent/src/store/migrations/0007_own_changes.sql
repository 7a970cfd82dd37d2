-- Changes that the agent makes itself because a comment asked for them, with all their words: stored before anything is written,
-- so that a run that was cut writes the same and asks no model again. Gone once the answer stands.
create table own_change (
    collection text not null,
    project text not null,
    repository text not null,
    number bigint not null,
    thread bigint not null,
    comment bigint not null,
    word text not null,
    change text not null,
    stored_at bigint not null,
    primary key (collection, project, repository, number, thread, comment, word)
);

create index own_change_by_time on own_change (stored_at);
