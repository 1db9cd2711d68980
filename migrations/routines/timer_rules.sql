-- What happens by the clock. Nothing else is in the table.
delete from timer_rule;
insert into timer_rule (name, object_type, due_column, condition, told_as, operation, to_status, function_name) values
	('expireApiKey', 'api_key', 'expires_at', 't.revoked_at is null', 'expired', null, null, null),
	('expireExport', 'export', 'expires_at', 'true', null, null, null, 'export_expire'),
	('announceAgreementEnd', 'agreement', 'notice_on', 't.status = ''active''', null, null, null, 'agreement_expiring'),
	('endAgreement', 'agreement', 'over_on', 't.status in (''active'', ''expiring'', ''suspended'')', null, null, null, 'agreement_over'),
	('endHoldover', 'agreement', 'holdover_until', 't.status = ''holdover''', null, null, null, 'agreement_held_over'),
	('beginAmendment', 'agreement_version', 'effective_on', 't.status = ''signed''', null, null, null, 'agreement_amended'),
	('dueObligation', 'agreement_obligation', 'due_on', 't.status = ''pending''', null, null, null, 'agreement_obligation_due'),
	('breachObligation', 'agreement_obligation', 'breach_on', 't.status in (''pending'', ''due'')', null, null, null, 'agreement_obligation_late');

create or replace function export_expire(object uuid, due timestamptz) returns void
	language sql volatile security invoker
as $$
	delete from export e where e.id = object
$$;
comment on function export_expire(uuid, timestamptz) is 'Deletes an export, with its file.';
