-- Where agreements hold, and which of them leave nothing to others.

create or replace function scope_range(value text) returns extension.textrange
	language sql immutable parallel safe security invoker
	return case when value is null then extension.textrange(null, null) else extension.textrange(value, value, '[]') end;
comment on function scope_range(text) is 'One category or type; null: all of them.';

create or replace function agreement_scopes(terms jsonb, first date) returns table (
		exclusive boolean, open_to_family boolean, region_id uuid, span int4range, categories extension.textrange, customers extension.textrange, days daterange)
	language sql stable parallel safe security invoker set search_path = pg_catalog, public
as $$
	select (terms ->> 'exclusive')::boolean, terms -> 'carve_outs' ? 'own_descendants', r.id, coalesce(s.span, int4range(null, null)),
		scope_range(category), scope_range(customers), daterange(first, (terms ->> 'ends_on')::date, '[]')
	from jsonb_array_elements_text(coalesce(nullif(terms -> 'region_codes', '[]'), '[null]')) as region_code
	cross join jsonb_array_elements_text(coalesce(nullif(terms -> 'product_categories', '[]'), '[null]')) as category
	cross join jsonb_array_elements_text(coalesce(nullif(terms -> 'customer_types', '[]'), '[null]')) as customers
	left join region r on r.code = region_code
	left join region_span s on s.region_id = r.id
	where region_code is null or r.id is not null
$$;
comment on function agreement_scopes(jsonb, date) is 'The scope of a text from a day on: each region with each category and each type of customers.';

create or replace function agreement_family(partner uuid, term daterange) returns uuid
	language sql stable security invoker set search_path = pg_catalog, public
as $$
	select coalesce((
		select s.partner_id
		from partner_closure c
		join agreement_scope s on s.partner_id = c.ancestor_id and s.exclusive and s.open_to_family and s.days && term
		where c.descendant_id = partner
		order by c.depth desc
		limit 1), partner)
$$;
comment on function agreement_family(uuid, daterange) is 'The topmost partner above another that has a scope for itself but for those below it; else the partner.';

create or replace function agreement_overlaps(claimed agreement_version) returns table (agreement_id uuid, partner_id uuid, days daterange, is_exclusive boolean, is_same_partner boolean)
	language sql stable security invoker set search_path = pg_catalog, public
as $$
	select distinct on (s.agreement_id) s.agreement_id, s.partner_id, s.days, s.exclusive or w.exclusive, s.partner_id = claimed.partner_id
	from agreement_scopes(claimed.terms, claimed.effective_on) as w
	join agreement_scope s on s.span && w.span and s.days && w.days and s.categories && w.categories and s.customers && w.customers
	where s.agreement_id <> claimed.agreement_id
	  and not (s.open_to_family and exists (select from partner_closure c where c.ancestor_id = s.partner_id and c.descendant_id = claimed.partner_id and c.depth > 0))
	  and not (w.open_to_family and exists (select from partner_closure c where c.ancestor_id = claimed.partner_id and c.descendant_id = s.partner_id and c.depth > 0))
	order by s.agreement_id, s.exclusive desc
$$;
comment on function agreement_overlaps(agreement_version) is 'The other agreements that hold for some of what a version is to hold for, save what is left to those below their partners.';

create or replace function agreement_scope_faults(claimed agreement_version) returns table (problem text, pointer text, detail text)
	language sql stable security invoker set search_path = pg_catalog, public
as $$
	select case when o.is_same_partner then 'agreement_scope_taken' else 'exclusive_scope_taken' end, null,
		format('%s of %s, %s to %s', a.number, p.code, lower(o.days), upper(o.days) - 1)
	from agreement_overlaps(claimed) as o
	join agreement a on a.id = o.agreement_id
	join partner p on p.id = o.partner_id
	where case when o.is_same_partner then a.type = claimed.terms ->> 'type' else o.is_exclusive end
	order by a.number
	limit 10
$$;
comment on function agreement_scope_faults(agreement_version) is 'That somebody else has some of a scope for itself, or the partner has it by another agreement of the type.';

create or replace function agreement_claim(claimed agreement_version) returns void
	language sql volatile security invoker set search_path = pg_catalog, public
as $$
	insert into agreement_scope (agreement_id, version_number, partner_id, family_id, type, exclusive, open_to_family, region_id, span, categories, customers, days)
	select claimed.agreement_id, claimed.number, claimed.partner_id, agreement_family(claimed.partner_id, w.days), claimed.terms ->> 'type',
		w.exclusive, w.open_to_family, w.region_id, w.span, w.categories, w.customers, w.days
	from agreement_scopes(claimed.terms, claimed.effective_on) as w;
	-- Whoever is below the partner and was there first is let in as well.
	update agreement_scope s
	set family_id = claimed.partner_id
	from partner_closure c
	where (claimed.terms -> 'carve_outs' ? 'own_descendants') and c.ancestor_id = claimed.partner_id and c.descendant_id = s.partner_id and c.depth > 0
	  and s.days && daterange(claimed.effective_on, (claimed.terms ->> 'ends_on')::date, '[]')
$$;
comment on function agreement_claim(agreement_version) is 'Takes the scope of a version; of claims that race one wins, by the constraints of the table.';

create or replace function agreement_scopes_end(agreement uuid, last date, but integer default null) returns void
	language sql volatile security invoker set search_path = pg_catalog, public
as $$
	delete from agreement_scope s where s.agreement_id = agreement and s.version_number is distinct from but and lower(s.days) > last;
	update agreement_scope s
	set days = daterange(lower(s.days), last, '[]')
	where s.agreement_id = agreement and s.version_number is distinct from but and upper(s.days) > last + 1
$$;
comment on function agreement_scopes_end(uuid, date, integer) is 'Sets free what an agreement has after a day, but for one version of it.';

create or replace function agreement_scope_follow() returns trigger
	language plpgsql security definer set search_path = pg_catalog, public
as $$
begin
	-- Numbers move through each other; whether two scopes overlap then is seen when all are in place.
	set constraints exclusive_scope_taken, agreement_scope_taken deferred;
	update agreement_scope s
	set span = n.span
	from new_rows n
	where s.region_id = n.region_id and s.span <> n.span;
	set constraints exclusive_scope_taken, agreement_scope_taken immediate;
	return null;
end
$$;
comment on function agreement_scope_follow() is 'Keeps the places of scopes in the tree of regions; with the owner''s rights, since whoever moves a region may not write agreements.';

create or replace trigger agreement_scope_follow after update on region_span
	referencing new table as new_rows for each statement execute function agreement_scope_follow();
