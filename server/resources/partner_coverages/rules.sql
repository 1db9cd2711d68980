create or replace function partner_coverage_faults(wanted partner_coverage) returns table (problem text, pointer text, detail text)
	language sql stable parallel safe security invoker
as $$
	select 'partner_coverage_ends_before', '/valid_to', null
	where wanted.valid_to < wanted.valid_from
	union all
	select 'partner_coverage_overlaps', '/valid_from', daterange(c.valid_from, c.valid_to, '[]')::text
	from partner_coverage c
	where (c.partner_id, c.region_id, coalesce(c.product_category, '')) = (wanted.partner_id, wanted.region_id, coalesce(wanted.product_category, ''))
	  and c.id <> wanted.id
	  and c.valid_from <> wanted.valid_from
	  and wanted.valid_from <= coalesce(wanted.valid_to, 'infinity')
	  and daterange(c.valid_from, c.valid_to, '[]') && daterange(wanted.valid_from, greatest(wanted.valid_to, wanted.valid_from), '[]')
$$;
comment on function partner_coverage_faults(partner_coverage) is 'What refuses a coverage: it ends before it begins, or there is one at that time.';
