create or replace function scorecard_faults(wanted scorecard) returns table (problem text, pointer text, detail text)
	language sql stable parallel safe security invoker set search_path = pg_catalog, public
as $$
	select 'scorecard_weights_zero', '/criteria', null
	where (select sum(c.weight) from scorecard_criteria(wanted.criteria) as c) = 0
	union all
	select 'criterion_range_empty', '/criteria/' || c.place - 1 || '/hi', c.lo || ' >= ' || c.hi
	from scorecard_criteria(wanted.criteria) as c
	where c.lo >= c.hi
	union all
	select 'criterion_twice', '/criteria/' || c.place - 1 || '/key', c.key
	from scorecard_criteria(wanted.criteria) as c
	where exists (select from scorecard_criteria(wanted.criteria) as o where o.key = c.key and o.place < c.place)
	union all
	select 'scorecard_limits_cross', '/reject_below', wanted.reject_below || ' > ' || wanted.approve_at
	where wanted.reject_below > wanted.approve_at
$$;
comment on function scorecard_faults(scorecard) is 'What refuses a scorecard: it could not be computed, or would approve and reject at once.';

create or replace function scorecard_keep() returns trigger
	language plpgsql security invoker set search_path = pg_catalog, public
as $$
begin
	if old.status = 'published' and (new.criteria, new.approve_at, new.reject_below) is distinct from (old.criteria, old.approve_at, old.reject_below) then
		new.status := 'draft';
		new.revision := old.revision + 1;
	elsif old.status = 'draft' and new.status = 'published' then
		new.published_revision := new.revision;
		insert into scorecard_revision (scorecard_id, number, approve_at, reject_below, criteria, published_at)
		values (new.id, new.revision, new.approve_at, new.reject_below, new.criteria, new.updated_at);
	end if;
	return new;
end
$$;
comment on function scorecard_keep() is 'Keeps the text that is published; a change of it begins the next one, as a draft.';

create or replace trigger scorecard_keep before update on scorecard for each row execute function scorecard_keep();
