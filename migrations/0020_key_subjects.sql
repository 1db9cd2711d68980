-- Whose keys are whose: a subject that is locked out does not come in by a key that it has made.

alter table api_key add column token_subject_id uuid references token_subject on delete cascade;
create index api_key_by_token_subject on api_key (token_subject_id, created_at, id) where token_subject_id is not null;
comment on column api_key.token_subject_id is
	'The subject that knows its secret, since it made it by a token or by another key of its own; it works as long as the subject is not locked out.';
