create or replace function agreement_goal_faults(terms jsonb, term daterange) returns table (problem text, pointer text, detail text)
	language sql stable parallel safe security invoker set search_path = pg_catalog, public
as $$
	with goal as (
		select g.*, c.id as calendar_id, (select count(*) from goal_months(g.period, c.id, p.days)) as months
		from agreement_goals(terms) as g
		left join calendar c on c.code = g.calendar_code
		left join lateral (select p.days from goal_periods(g.period, c.id, term) as p order by lower(p.days) limit 1) as p on true
	)
	select 'region_unknown', '/goals/' || g.place || '/region_code', g.region_code
	from goal g
	where g.region_code is not null and not exists (select from region r where r.code = g.region_code)
	union all
	select 'calendar_unknown', '/goals/' || g.place || '/calendar_code', g.calendar_code
	from goal g
	where g.calendar_code is not null and g.calendar_id is null
	union all
	select 'agreement_goal_twice', '/goals/' || g.place, g.key
	from goal g
	where exists (select from goal o where o.key = g.key and o.place < g.place)
	union all
	select 'agreement_goal_currency', '/goals/' || g.place || '/currency', g.currency
	from goal g
	where g.currency <> terms ->> 'currency' and not exists (select from exchange_rate e where g.currency in (e.from_currency, e.to_currency))
	union all
	select 'phasing_not_whole', '/goals/' || g.place || '/phasing', (select trim_scale(sum(s)) from unnest(g.phasing) as s)::text
	from goal g
	where (select sum(s) from unnest(g.phasing) as s) <> 100
	union all
	select 'phasing_not_by_month', '/goals/' || g.place || '/phasing', cardinality(g.phasing) || ' <> ' || g.months
	from goal g
	where g.phasing is not null and cardinality(g.phasing) <> g.months and g.months > 0
$$;
comment on function agreement_goal_faults(jsonb, daterange) is 'What refuses the goals of a text with a term.';

create or replace function agreement_text_faults(terms jsonb) returns table (problem text, pointer text, detail text)
	language sql stable parallel safe security invoker set search_path = pg_catalog, public
as $$
	with said as (
		select (terms ->> 'starts_on')::date as starts_on, (terms ->> 'ends_on')::date as ends_on
	)
	select 'agreement_ends_before', '/ends_on', s.ends_on || ' < ' || s.starts_on
	from said s
	where s.ends_on < s.starts_on
	union all
	select 'agreement_renewal_without_months', '/renew_months', null
	where (terms ->> 'auto_renew')::boolean and terms ->> 'renew_months' is null
	union all
	select 'region_unknown', '/region_codes/' || r.place - 1, r.code
	from jsonb_array_elements_text(terms -> 'region_codes') with ordinality as r (code, place)
	where not exists (select from region o where o.code = r.code)
	union all
	select f.*
	from said s
	cross join lateral agreement_goal_faults(terms, daterange(s.starts_on, greatest(s.starts_on, s.ends_on), '[]')) as f
$$;
comment on function agreement_text_faults(jsonb) is 'What refuses the text of an agreement, whoever wrote it and in whichever version.';

create or replace function agreement_faults(wanted agreement) returns table (problem text, pointer text, detail text)
	language sql stable parallel safe security invoker set search_path = pg_catalog, public
as $$
	select 'agreement_not_draft', null, wanted.status
	where wanted.status not in ('draft', 'returned')
	union all
	select f.*
	from agreement_text_faults(to_jsonb(wanted)) as f
$$;
comment on function agreement_faults(agreement) is 'What refuses a draft: its text, or that it is none any more.';

create or replace function agreement_amendment_faults(a agreement, body jsonb) returns table (problem text, pointer text, detail text)
	language sql stable security invoker set search_path = pg_catalog, public
as $$
	select 'agreement_not_in_force', null, a.status
	where a.status not in ('signed', 'active', 'suspended', 'expiring')
	union all
	select 'agreement_amendment_pending', null, a.amendment_status
	where a.amendment_status in ('in_review', 'approved', 'sent')
	union all
	select 'agreement_amendment_outside', '/effective_on', a.starts_on || ' to ' || coalesce((body ->> 'ends_on')::date, a.ends_on)
	where not (body ->> 'effective_on')::date between a.starts_on and coalesce((body ->> 'ends_on')::date, a.ends_on)
	union all
	select f.*
	from agreement_version b
	cross join lateral agreement_text_faults(agreement_amended_terms(b.terms, body)) as f
	where b.agreement_id = a.id and b.number = agreement_base(a)
$$;
comment on function agreement_amendment_faults(agreement, jsonb) is 'What refuses an amendment.';

create or replace function agreement_keep() returns trigger
	language plpgsql security invoker set search_path = pg_catalog, public
as $$
begin
	if old.status not in ('draft', 'in_review', 'returned', 'approved', 'declined') then
		raise exception 'what was sent is kept' using errcode = 'foreign_key_violation', constraint = 'agreement_in_use', table = 'agreement', schema = 'public';
	end if;
	return old;
end
$$;
comment on function agreement_keep() is 'Refuses to delete an agreement that was sent or signed.';

create or replace trigger agreement_keep before delete on agreement for each row execute function agreement_keep();
create or replace function agreement_signature_faults(a agreement, body jsonb) returns table (problem text, pointer text, detail text)
	language sql stable security invoker set search_path = pg_catalog, public
as $$
	select 'forbidden', '/party', null
	where app_partner() is not null and (a.partner_id <> app_partner() or body ->> 'party' <> 'partner')
	union all
	select f.problem, f.pointer, v.number || ' ' || v.sha256
	from agreement_newest(a) as v
	cross join lateral (values
		('agreement_version_not_newest', '/version_number', (body ->> 'version_number')::integer <> v.number),
		('agreement_version_not_newest', '/sha256', body ->> 'sha256' <> v.sha256)
	) as f (problem, pointer, holds)
	where f.holds
	union all
	select 'agreement_signed_already', '/party', s.name
	from agreement_newest(a) as v
	cross join lateral jsonb_to_recordset(v.signatures) as s (party text, name text)
	where v.status = 'sent' and s.party = body ->> 'party'
$$;
comment on function agreement_signature_faults(agreement, jsonb) is 'What refuses a signature: it is for another side, of another text than the one that was sent, or there already.';

create or replace function agreement_compared(agreement uuid, asked integer, against integer default null) returns table (is_unknown boolean, changes jsonb)
	language sql stable security invoker set search_path = pg_catalog, public
as $$
	select against is not null and b.id is null, case when against is not null then (
			select coalesce(jsonb_agg(jsonb_build_object('pointer', coalesce(o.pointer, n.pointer), 'before', o.leaf, 'after', n.leaf)
				order by coalesce(o.pointer, n.pointer) collate "C"), '[]')
			from json_leaves(b.terms) as o
			full join json_leaves(v.terms) as n on n.pointer = o.pointer
			where o.leaf is distinct from n.leaf
		) end
	from (select) as one
	left join agreement_version v on v.agreement_id = agreement_compared.agreement and v.number = asked
	left join agreement_version b on b.agreement_id = agreement_compared.agreement and b.number = against
$$;
comment on function agreement_compared(uuid, integer, integer) is 'What differs between two versions of an agreement, by the places in their texts.';
