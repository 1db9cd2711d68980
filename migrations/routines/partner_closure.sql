-- Keeps partner_closure, set-based: a hundred thousand partners whose parents come in the same statement are one walk upwards.
-- The plan is kept between calls, so joins that suit one row only or many rows only are switched off: index lookups suit both.

create or replace function partner_closure_keep() returns trigger
	language plpgsql security invoker set search_path = pg_catalog, public
	set enable_hashjoin = off set enable_mergejoin = off set enable_seqscan = off
as $$
declare
	moved uuid[];
	is_cyclic boolean;
begin
	if tg_op = 'INSERT' then
		-- Two moves at once could close a cycle that neither sees.
		perform pg_advisory_xact_lock(hashtext('partner_closure')) where exists (select from new_rows n where n.parent_id is not null);
		with recursive up as (
			select n.id as descendant, n.id as ancestor, n.parent_id as above, 0 as depth
			from new_rows n
			union all
			select u.descendant, p.id, p.parent_id, u.depth + 1
			from up u
			join partner p on p.id = u.above
		) cycle ancestor set is_again using way, kept as (
			insert into partner_closure (ancestor_id, descendant_id, depth)
			select u.ancestor, u.descendant, u.depth from up u where not u.is_again
		)
		select exists (select from up u where u.is_again) into is_cyclic;

	elsif tg_op = 'UPDATE' then
		moved := array(
			select m.id from (select n.id, n.parent_id from new_rows n except select o.id, o.parent_id from old_rows o) as m);
		if moved = '{}' then
			return null;
		end if;
		perform pg_advisory_xact_lock(hashtext('partner_closure'));
		moved := array(select distinct c.descendant_id from partner_closure c where c.ancestor_id = any (moved));
		delete from partner_closure c where c.descendant_id = any (moved);
		with recursive up as (
			select p.id as descendant, p.id as ancestor, p.parent_id as above, 0 as depth
			from partner p
			where p.id = any (moved)
			union all
			select u.descendant, p.id, p.parent_id, u.depth + 1
			from up u
			join partner p on p.id = u.above
		) cycle ancestor set is_again using way, kept as (
			insert into partner_closure (ancestor_id, descendant_id, depth)
			select u.ancestor, u.descendant, u.depth from up u where not u.is_again
		)
		select exists (select from up u where u.is_again) into is_cyclic;

	else
		delete from partner_closure c where c.descendant_id = any (array(select o.id from old_rows o));
	end if;

	if is_cyclic then
		raise exception 'a partner cannot be below itself'
			using errcode = 'check_violation', constraint = 'partner_cycle', table = 'partner', schema = 'public';
	end if;
	return null;
end
$$;
comment on function partner_closure_keep() is 'Brings partner_closure up to date after a statement; refuses a cycle as partner_cycle.';

create or replace trigger partner_closure_insert after insert on partner
	referencing new table as new_rows for each statement execute function partner_closure_keep();
create or replace trigger partner_closure_update after update on partner
	referencing old table as old_rows new table as new_rows for each statement execute function partner_closure_keep();
create or replace trigger partner_closure_delete after delete on partner
	referencing old table as old_rows for each statement execute function partner_closure_keep();
