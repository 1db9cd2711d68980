-- Nothing is booked in a period that is locked, whoever writes and however.

create or replace function period_is_locked(day date, entity uuid) returns boolean
	language sql stable parallel safe security invoker
as $$
	select exists (
		select from period_lock l
		where l.reopened_at is null and l.days @> day and (l.legal_entity_id is null or l.legal_entity_id = entity))
$$;
comment on function period_is_locked(date, uuid) is 'Whether a day is locked, for everyone or for that legal entity.';

-- Who books holds this lock together with others, who locks a period holds it alone: so a lock waits for the sales that are under way,
-- and a sale that comes meanwhile waits and then sees the lock.
create or replace function period_lock_wait() returns trigger
	language plpgsql security invoker set search_path = pg_catalog, public
as $$
begin
	perform pg_advisory_xact_lock(hashtext('period_lock'));
	return new;
end
$$;
comment on function period_lock_wait() is 'Waits for those who book to end.';

create or replace function period_lock_keep() returns trigger
	language plpgsql security invoker set search_path = pg_catalog, public
as $$
declare
	locked datemultirange;
begin
	perform pg_advisory_xact_lock_shared(hashtext('period_lock'));
	select range_agg(l.days) into locked from period_lock l where l.reopened_at is null and l.legal_entity_id is null;
	if exists (select from new_rows n where n.sold_on <@ locked)
		or exists (
			select from period_lock l
			join new_rows n on n.legal_entity_id = l.legal_entity_id and n.sold_on <@ l.days
			where l.reopened_at is null) then
		raise exception 'the period is locked'
			using errcode = 'check_violation', constraint = 'period_locked', table = 'sales_record', schema = 'public';
	end if;
	return null;
end
$$;
comment on function period_lock_keep() is 'Refuses sales in a locked period as period_locked.';

-- For each row: the job that closes periods mostly finds none, and must then hold nobody up.
create or replace trigger period_lock_wait before insert on period_lock
	for each row execute function period_lock_wait();
create or replace trigger period_lock_keep after insert on sales_record
	referencing new table as new_rows for each statement execute function period_lock_keep();
