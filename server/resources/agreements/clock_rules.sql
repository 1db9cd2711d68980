-- What happens to agreements by the clock of the business.

create or replace function agreement_clock_move(a agreement, reached text) returns void
	language plpgsql volatile security invoker set search_path = pg_catalog, public
as $$
begin
	update agreement n
	set status = reached, holdover_until = case reached when 'holdover' then (select n.ends_on + s.agreement_holdover_days + 1 from setting s) else n.holdover_until end,
		version = n.version + 1, updated_at = app_now()
	where n.id = a.id;
	perform move_kept('agreement', a.id, a.partner_id, a.status, reached, null, app_now());
end
$$;
comment on function agreement_clock_move(agreement, text) is 'Moves an agreement because its time has come.';

create or replace function agreement_expiring(object uuid, due timestamptz) returns void
	language sql volatile security invoker set search_path = pg_catalog, public
as $$
	select agreement_clock_move(a, 'expiring') from agreement a where a.id = object
$$;
comment on function agreement_expiring(uuid, timestamptz) is 'Says that an agreement is about to end.';

create or replace function agreement_goes_on(a agreement) returns boolean
	language plpgsql volatile security invoker set search_path = pg_catalog, public
as $$
declare
	successor agreement;
	v agreement_version;
begin
	select s.* into successor from agreement_successor(a, null, a.renew_months, app_now()) as s;
	perform agreement_submitted(successor, app_now());
	update agreement_version n
	set status = 'signed', signatures = p.signatures, signed_at = p.signed_at, reason = a.number
	from agreement_newest(a) as p
	where n.agreement_id = successor.id
	returning n.* into v;
	if exists (select from agreement_scope_faults(v)) then
		raise exception using errcode = 'exclusion_violation', constraint = 'exclusive_scope_taken';
	end if;
	perform agreement_claim(v), agreement_goals_keep(v), agreement_obligations_make(successor, successor.starts_on);
	update agreement n set status = 'active' where n.id = successor.id;
	perform move_kept('agreement', successor.id, successor.partner_id, 'draft', 'active', null, app_now());
	return true;
exception
	when exclusion_violation or unique_violation then
		return false;
end
$$;
comment on function agreement_goes_on(agreement) is 'Lets an agreement go on as it says; false when somebody else has its scope from then on, or its next number.';

create or replace function agreement_over(object uuid, due timestamptz) returns void
	language plpgsql volatile security invoker set search_path = pg_catalog, public
as $$
declare
	a agreement;
begin
	select n.* into a from agreement n where n.id = object;
	if a.auto_renew and a.status <> 'suspended' and agreement_goes_on(a) then
		perform agreement_clock_move(a, 'renewed');
	elsif a.status <> 'suspended' and (select s.agreement_holdover_days > 0 from setting s) then
		perform agreement_clock_move(a, 'holdover');
	else
		perform agreement_clock_move(a, 'expired');
	end if;
end
$$;
comment on function agreement_over(uuid, timestamptz) is 'Ends an agreement after its last day: it goes on by itself, is held over, or has expired.';

create or replace function agreement_held_over(object uuid, due timestamptz) returns void
	language sql volatile security invoker set search_path = pg_catalog, public
as $$
	select agreement_clock_move(a, 'expired') from agreement a where a.id = object
$$;
comment on function agreement_held_over(uuid, timestamptz) is 'Ends what went on without a new agreement.';

create or replace function agreement_obligation_clock_move(object uuid, reached text) returns void
	language sql volatile security invoker set search_path = pg_catalog, public
as $$
	select move_kept('agreement_obligation', o.id, o.partner_id, o.status, reached, null, app_now()) from agreement_obligation o where o.id = object;
	update agreement_obligation o set status = reached, version = o.version + 1, updated_at = app_now() where o.id = object
$$;
comment on function agreement_obligation_clock_move(uuid, text) is 'Moves an obligation because its day has come.';

create or replace function agreement_obligation_due(object uuid, due timestamptz) returns void
	language sql volatile security invoker set search_path = pg_catalog, public
as $$
	select agreement_obligation_clock_move(object, 'due')
$$;
comment on function agreement_obligation_due(uuid, timestamptz) is 'Says that an obligation is due.';

create or replace function agreement_obligation_late(object uuid, due timestamptz) returns void
	language sql volatile security invoker set search_path = pg_catalog, public
as $$
	select agreement_obligation_clock_move(object, 'breached')
$$;
comment on function agreement_obligation_late(uuid, timestamptz) is 'Says that an obligation was not met in time.';
