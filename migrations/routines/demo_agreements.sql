-- Agreements with the demo's partners, as they come about: drafts, some on their way, most in force, and one of each way in which they end.

create or replace function demo_agreement(object uuid, way text[], moment timestamptz) returns void
	language plpgsql volatile security invoker set search_path = pg_catalog, public, pg_temp
as $$
declare
	wanted text;
	a agreement;
begin
	foreach wanted in array way loop
		select n.* into a from agreement n where n.id = object;
		if wanted = 'signed' then
			perform agreement_move(a, wanted, '{"party": "vendor", "name": "王伟 Wang Wei", "title": "渠道总监 Channel Director"}', moment);
			select n.* into a from agreement n where n.id = object;
			perform agreement_move(a, wanted, '{"party": "partner", "name": "总经理 Managing Director"}', moment + interval '3 days');
		else
			perform agreement_move(a, wanted, '{}', moment);
		end if;
	end loop;
end
$$;
comment on function demo_agreement(uuid, text[], timestamptz) is 'Moves an agreement of the demo along its way.';

create or replace function demo_agreements(first_day date) returns void
	language plpgsql volatile security invoker set search_path = pg_catalog, public, pg_temp
as $$
declare
	signed constant text[] := '{in_review,approved,sent,signed}';
	made record;
begin
	insert into agreement (id, number, partner_id, legal_entity_id, type, starts_on, ends_on, auto_renew, renew_months, notice_days, exclusive, carve_outs, region_codes,
		payment_days, currency, goals, rights, obligations)
	select demo_id('agreement', p.n), 'AG-' || to_char(first_day, 'YYYY') || '-' || lpad(p.n::text, 3, '0'), p.id, e.id,
		case p.type when 'distributor' then 'distribution' when 'agent' then 'agency' else 'reseller' end, first_day,
		(first_day + case when p.n in (12, 14) then interval '1 year' else interval '3 years' end)::date - 1, p.n % 4 = 0, case when p.n % 4 = 0 then 12 end, 60,
		p.n = 8, case when p.n = 8 then '{own_descendants,vendor_direct}'::text[] else '{}' end, array[r.code], 30 + p.n % 3 * 15, coalesce(p.currency, 'USD'),
		jsonb_build_array(
			jsonb_build_object('metric', 'sales_amount', 'period', 'quarter', 'target', 150000 + p.n % 7 * 60000 || '.00', 'phasing', '["30", "33", "37"]'::jsonb),
			jsonb_build_object('metric', 'units', 'period', 'year', 'target', (600 + p.n % 5 * 200)::text)),
		'[{"party": "partner", "area": "sales", "description": "以授权经销商名义销售 Sells as an authorised reseller."}, {"party": "vendor", "area": "marketing", "description": "使用伙伴案例 Names the partner''s projects as references."}]',
		'[{"party": "partner", "area": "reporting", "description": "季度库存与销售报告 Reports stock and sales.", "recurrence": "quarter"}, {"party": "vendor", "area": "technical_support", "description": "工程师认证培训 Trains two engineers.", "recurrence": "year", "measure": "Certificates"}]'
	from (select p.*, right(p.code, 4)::integer as n from partner p) as p
	join region r on r.id = p.region_id
	left join legal_entity e on e.id = (select x.id from legal_entity x order by x.code limit 1)
	where p.n <= 40 and (p.n = 8 or p.region_id not in (select region_below(o.code) from region o join partner x on x.region_id = o.id and x.code = 'P0008'));

	for made in
		select a.id, right(p.code, 4)::integer as n
		from agreement a
		join partner p on p.id = a.partner_id
		order by p.code
	loop
		perform demo_agreement(made.id, case
			when made.n <= 30 then signed || '{active}'
			when made.n <= 34 then '{in_review,approved,sent}'
			when made.n <= 36 then '{in_review}'
			when made.n = 38 then signed || '{active,terminated}'
			when made.n = 40 then '{in_review,approved,sent,declined}'
			else '{}'
		end, first_day - 20 + time '10:00');
	end loop;

	-- The terms of 12 and 14 were a year; by the clock one goes on, the other expires. Number 5 sells so well that its targets were raised after a year.
	perform agreement_amend(a, jsonb_build_object('effective_on', (first_day + interval '1 year')::date, 'reason', '目标上调 Higher targets', 'goals',
		'[{"metric": "sales_amount", "period": "quarter", "target": "500000.00"}, {"metric": "units", "period": "year", "target": "2500"}]'::jsonb), first_day + interval '11 months')
	from agreement a
	where a.id = demo_id('agreement', 5);
	perform demo_agreement(demo_id('agreement', 5), signed, first_day + interval '11 months');

	-- What was owed until last month was done, but for what number 20 was to report; the vendor was late twice.
	update agreement_obligation o
	set status = case when a.number like '%-020' and o.party = 'partner' then 'breached' when a.number ~ '-00[37]$' and o.party = 'vendor' then 'cured' else 'met' end,
		evidence = case when not (a.number like '%-020' and o.party = 'partner') then '见存档 On file' end
	from agreement a
	where a.id = o.agreement_id and o.due_on < first_day + interval '23 months';
end
$$;
comment on function demo_agreements(date) is 'The agreements of the two years from that day: most in force, some on their way, one each amended, renewed, terminated, expired and declined.';
