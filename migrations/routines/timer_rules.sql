-- What happens by the clock. Nothing else is in the table.
delete from timer_rule;
insert into timer_rule (name, object_type, due_column, condition, told_as, operation, to_status, function_name) values
	('expireApiKey', 'api_key', 'expires_at', 't.revoked_at is null', 'expired', null, null, null),
	('expireExport', 'export', 'expires_at', 'true', null, null, null, 'export_expire');

create or replace function export_expire(object uuid, due timestamptz) returns void
	language sql volatile security invoker
as $$
	delete from export e where e.id = object
$$;
comment on function export_expire(uuid, timestamptz) is 'Deletes an export, with its file.';
