-- What is known of the demo's partners: where they sell, to whom, what they can do, who speaks for them, what visits found, how large markets are.

create or replace function demo_coverages(first_day date) returns void
	language sql volatile security invoker set search_path = pg_catalog, public, pg_temp
as $$
	-- A distributor sells everything in its region. Every fifth reseller grew after a year; number 20 claims what nobody has seen.
	insert into partner_coverage (id, partner_id, region_id, product_category, outlets, sales_reps, population_share_pct, valid_from, valid_to, evidence)
	select demo_id('coverage', 2 * p.n + s.step), p.id, p.region_id, s.category, s.outlets * (1 + s.step), s.reps * (1 + s.step),
		round((s.share * (1 + s.step))::numeric, 1), first_day + s.step * 365, case when s.grows and s.step = 0 then first_day + 364 end,
		case when p.n <> 20 then '门店清单与抽查 List of outlets, a tenth of them visited' end
	from (select p.*, right(p.code, 4)::integer as n from partner p where p.region_id is not null) as p
	cross join lateral (
		select step, p.n % 5 = 0 as grows, case when p.type <> 'distributor' then (array['网络 Network', '安全 Security', '协作 Collaboration', '数据中心 Data Centre'])[1 + p.n % 4] end as category,
			2 + (9 * demo_random('outlets', p.n))::integer as outlets, 4 + (30 * demo_random('reps', p.n))::integer as reps, 3 + 22 * demo_random('share', p.n) as share
		from generate_series(0, case when p.n % 5 = 0 then 1 else 0 end) as step
	) as s;

	insert into partner_customer_segment (id, partner_id, customer_type, as_of, customers, repeat_pct, retained_pct, top10_share_pct)
	select demo_id('segment', 10 * p.n + t.n), p.id, t.name, first_day + 365, 5 + (400 * demo_random('customers' || t.n, p.n) / t.n)::integer,
		round((30 + 60 * demo_random('repeat' || t.n, p.n))::numeric, 1), round((55 + 40 * demo_random('retained' || t.n, p.n))::numeric, 1),
		round((20 + 70 * demo_random('top10' || t.n, p.n))::numeric, 1)
	from (select p.id, right(p.code, 4)::integer as n from partner p) as p
	cross join (values (1, 'smb'), (2, 'enterprise'), (3, 'government')) as t (n, name)
	where p.n % 3 <> t.n - 1 or t.n = 1;
$$;
comment on function demo_coverages(date) is 'Where the demo''s partners sell, and to whom.';

create or replace function demo_abilities(first_day date) returns void
	language sql volatile security invoker set search_path = pg_catalog, public, pg_temp
as $$
	insert into partner_capability (id, partner_id, area, name, level, headcount, valid_to, evidence)
	select demo_id('capability', 10 * p.n + c.n), p.id, c.area, c.name, 1 + floor(5 * demo_random('level' || c.n, p.n))::smallint,
		1 + floor(9 * demo_random('headcount' || c.n, p.n))::integer, case when c.n = 2 then first_day + 365 + p.n * 11 end,
		case c.n when 2 then '工程师证书 Certificates of its engineers' end
	from (select p.id, right(p.code, 4)::integer as n from partner p) as p
	join (values
		(1, 'sales', '大客户销售 Selling to large accounts'), (2, 'technical', '防火墙部署 Firewall rollout'), (3, 'service', '现场维修 On-site repair'),
		(4, 'marketing', '市场活动 Events'), (5, 'logistics', '次日送达 Next-day delivery')
	) as c (n, area, name) on (p.n + c.n) % 2 = 0;

	insert into partner_reference (id, partner_id, customer_name, project, year, verified_at)
	select demo_id('reference', p.n), p.id, r.name, r.project, extract(year from first_day)::integer, case when p.n % 6 = 0 then first_day + 90 end
	from (select p.id, right(p.code, 4)::integer as n from partner p) as p
	join (values
		(0, '第一人民医院 First People''s Hospital', '楼宇网络改造 Building network'), (1, '海滨大学 Seaside University', '校园无线 Campus wireless'),
		(2, 'Nordwind Logistik', 'Firewalls for 40 branches')
	) as r (n, name, project) on r.n = p.n % 3
	where p.n % 2 = 0;

	-- Number 20 was visited because of what it claims; number 47 is still a prospect for what was found there.
	insert into due_diligence_visit (id, partner_id, visited_on, checklist, finding, decision)
	select demo_id('visit', v.n), p.id, first_day + v.day, v.checklist::jsonb, v.finding, v.decision
	from (values
		(1, 30, '[{"item": "营业执照 Business licence", "ok": true, "note": null}, {"item": "仓库 Warehouse", "ok": true, "note": null}]', '仓储与团队均符合要求。', 'passed'),
		(20, 200, '[{"item": "门店 Outlets", "ok": false, "note": "清单上的 9 家只找到 4 家 Four of the nine on the list were found"}]', 'Its list of outlets is to be corrected.', 'passed_with_conditions'),
		(47, 480, '[{"item": "财务报表 Accounts", "ok": false, "note": "No accounts of the last two years"}, {"item": "Staff", "ok": true, "note": null}]', 'Not before it shows its accounts.', 'failed')
	) as v (n, day, checklist, finding, decision)
	join partner p on p.code = 'P' || lpad(v.n::text, 4, '0');
$$;
comment on function demo_abilities(date) is 'What the demo''s partners can do, who speaks for them, and what visits found.';

create or replace function demo_markets(first_day date) returns void
	language sql volatile security invoker set search_path = pg_catalog, public, pg_temp
as $$
	insert into market_size (id, region_id, product_category, period, amount, currency, price_level, source, competitors)
	select demo_id('market', 100 * y.n + row_number() over ()), r.id, c.name, to_char(first_day + y.n * 365, 'YYYY'),
		round((c.millions * m.factor * (1 + 0.07 * y.n))::numeric, 1) * 1000000, m.currency, 'end_user', '行业研究 Industry survey',
		jsonb_build_array(jsonb_build_object('name', '蓝桥科技 Blue Bridge', 'amount', (c.millions * m.factor * 0.3)::bigint * 1000000 || '.00'))
	from generate_series(0, 1) as y (n)
	cross join (values ('CN', 9.0, 'CNY'), ('DE', 1.1, 'EUR'), ('US-E', 2.4, 'USD')) as m (region, factor, currency)
	cross join (values ('网络 Network', 140), ('安全 Security', 90), ('协作 Collaboration', 60), ('数据中心 Data Centre', 210)) as c (name, millions)
	join region r on r.code = m.region;
$$;
comment on function demo_markets(date) is 'How large the demo''s markets are.';

create or replace function demo_evaluations(first_day date) returns void
	language sql volatile security invoker set search_path = pg_catalog, public, pg_temp
as $$
	-- Three people looked at those who are not active yet; number 47 shows no accounts, which its reputation does not outlive.
	insert into evaluation (id, scorecard_id, partner_id, evaluator, evaluated_on, scores, note)
	select demo_id('evaluation' || w.n, p.n), s.id, p.id, w.name, first_day + 600 + w.n * 3, (
		select jsonb_agg(jsonb_build_object('key', c.key, 'value',
			case when p.n = 47 and c.key = 'reputation' then '2' else trim_scale(round((2 + 7 * demo_random(c.key, p.n) + demo_random(c.key || w.n, p.n))::numeric, 1))::text end))
		from scorecard_criteria(s.criteria) as c
		where w.n < 3 or c.key <> 'technical_capability'), case when w.n = 3 then '未看技术团队 Did not meet the engineers.' end
	from (select p.*, right(p.code, 4)::integer as n from partner p) as p
	cross join (values (1, '王伟 Wang Wei'), (2, '李娜 Li Na'), (3, 'Anna Schmidt')) as w (n, name)
	join scorecard s on s.code = 'DEFAULT'
	where p.status in ('prospect', 'onboarding');
$$;
comment on function demo_evaluations(date) is 'What three evaluators say of the demo''s partners that are on the way.';
