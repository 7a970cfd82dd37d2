-- What came of the checks of the iteration that was reviewed last: titles, descriptions, links and threads change without a push,
-- and then statuses, walkthrough and vote follow.
create table check_report (
    collection text not null,
    project text not null,
    repository text not null,
    number bigint not null,
    iteration bigint not null,
    head text not null,
    base text not null,
    report text not null,
    stored_at bigint not null,
    primary key (collection, project, repository, number)
);

create index check_report_by_time on check_report (stored_at);
