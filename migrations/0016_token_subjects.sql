-- Callers who come with an access token of the issuer: what the rest of the data knows them by.

create table token_subject (
	id uuid primary key,
	issuer text collate "C" not null,
	subject text collate "C" not null,
	name text not null,
	is_blocked boolean not null default false,
	version integer not null default 1,
	created_at timestamptz not null,
	updated_at timestamptz not null
);
create unique index token_subject_taken on token_subject (subject, issuer);
create index token_subject_by_creation on token_subject (created_at, id);
comment on table token_subject is 'Who has come with an access token. What a token allows stands in it and not here.';
comment on column token_subject.id is 'UUIDv7; the actor of whatever it does.';
comment on column token_subject.issuer is 'Who vouches for it (iss).';
comment on column token_subject.subject is 'What the issuer calls it (sub).';
comment on column token_subject.name is 'What people call it, as its latest token says.';
comment on column token_subject.is_blocked is 'Whether its tokens are refused, however long they would last.';
comment on column token_subject.version is 'Counts its changes; the ETag.';
comment on column token_subject.created_at is 'When it first came.';
comment on column token_subject.updated_at is 'When it was changed last.';
alter table token_subject enable row level security, force row level security;

create table token_subject_use (
	token_subject_id uuid primary key references token_subject on delete cascade,
	last_used_at timestamptz not null
) with (fillfactor = 50);
comment on table token_subject_use is 'When subjects came last; apart from them, so that a call is not a change.';
comment on column token_subject_use.token_subject_id is 'The subject.';
comment on column token_subject_use.last_used_at is 'When, to within the batches that this is written in.';
alter table token_subject_use enable row level security, force row level security;

alter table export add column caller jsonb;
comment on column export.caller is 'What the token allowed by which it was asked for; null for a key, which allows what it does then.';
comment on column export.requested_by is 'The key or the subject that asked, by whose rights the list is read.';
