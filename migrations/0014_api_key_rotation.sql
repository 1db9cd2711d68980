-- A key that is rotated has a successor.

alter table api_key
	add column replaced_by_id uuid constraint api_key_successor_unknown references api_key on delete set null,
	add constraint api_key_replaced unique (replaced_by_id);
comment on column api_key.replaced_by_id is 'The key that took its place; it may go on working for a while.';
