-- What was paid. Money is in millionths of a US dollar; a call of a model without a known price is counted as unpriced.

alter table review add column cost bigint not null default 0;
alter table review add column unpriced_calls bigint not null default 0;
alter table answer add column cost bigint not null default 0;
alter table answer add column unpriced_calls bigint not null default 0;

-- Nobody knows any more what these cost.
update review set unpriced_calls = calls;
update answer set unpriced_calls = calls;

-- Every call that was answered, summed up; also those of runs that were cut, cancelled or failed.
create table spending (
    collection text not null,
    project text not null,
    repository text not null,
    number bigint not null,
    -- Days since 1970-01-01, in UTC.
    day bigint not null,
    role text not null,
    model text not null,
    calls bigint not null,
    input_tokens bigint not null,
    cached_tokens bigint not null,
    output_tokens bigint not null,
    cost bigint not null,
    unpriced_calls bigint not null,
    primary key (collection, project, repository, number, day, role, model)
);

create index spending_by_day on spending (day);

-- What people call the repositories whose ids stand elsewhere.
create table repository_name (
    collection text not null,
    project text not null,
    repository text not null,
    project_name text not null,
    repository_name text not null,
    primary key (collection, project, repository)
);
