-- A believable channel to look at: two years of a vendor of office technology in China, Europe and America, the same every time for the same day.
-- Some of it is odd on purpose: see the end.

create or replace function demo_random(what text, n bigint) returns double precision
	language sql immutable strict parallel safe security invoker
	return ('x' || substr(md5(what || n), 1, 8))::bit(32)::bigint / 4294967296.0::double precision;
comment on function demo_random(text, bigint) is 'A number in [0, 1) that is always the same for the same question.';

create or replace function demo_id(what text, n bigint) returns uuid
	language sql immutable strict parallel safe security invoker
	return (lpad(to_hex(1733011200000 + n), 12, '0') || '7' || substr(md5(what || n), 1, 3) || '8' || substr(md5(what || n), 4, 15))::uuid;
comment on function demo_id(text, bigint) is 'The UUIDv7 of the nth of its kind.';

create or replace function demo_master() returns void
	language plpgsql volatile security invoker set search_path = pg_catalog, public, pg_temp
as $$
begin
	create temp table demo_region on commit drop as
	select row_number() over () as n, d.*
	from (values
		('APAC', '亚太 Asia Pacific', null, null), ('CN', '中国 China', 'APAC', 'CNY'), ('CN-N', '华北 North China', 'CN', 'CNY'),
		('CN-E', '华东 East China', 'CN', 'CNY'), ('CN-S', '华南 South China', 'CN', 'CNY'), ('CN-W', '西部 West China', 'CN', 'CNY'),
		('BJ', '北京 Beijing', 'CN-N', 'CNY'), ('SH', '上海 Shanghai', 'CN-E', 'CNY'), ('JS', '江苏 Jiangsu', 'CN-E', 'CNY'),
		('GD', '广东 Guangdong', 'CN-S', 'CNY'), ('SC', '四川 Sichuan', 'CN-W', 'CNY'), ('SG', '新加坡 Singapore', 'APAC', 'USD'),
		('EMEA', '欧洲 Europe', null, null), ('DE', '德国 Germany', 'EMEA', 'EUR'), ('FR', '法国 France', 'EMEA', 'EUR'),
		('NL', '荷兰 Netherlands', 'EMEA', 'EUR'), ('AMER', '美洲 Americas', null, null), ('US-E', '美国东部 US East', 'AMER', 'USD'),
		('US-W', '美国西部 US West', 'AMER', 'USD'), ('CA', '加拿大 Canada', 'AMER', 'USD')
	) as d (code, name, parent, currency);
	insert into region (id, code, name, parent_id)
	select demo_id('region', d.n), d.code, d.name, demo_id('region', p.n)
	from demo_region d
	left join demo_region p on p.code = d.parent;

	insert into member (id, code, name, email, title, region_id)
	select demo_id('member', d.n), 'M' || lpad(d.n::text, 2, '0'), d.name, d.email || '@vendor.example', d.title, r.id
	from (values
		(1, '王伟 Wang Wei', 'wang.wei', '渠道总监 Channel Director', 'CN'), (2, '李娜 Li Na', 'li.na', '渠道经理 Channel Manager', 'CN-N'),
		(3, '张敏 Zhang Min', 'zhang.min', '渠道经理 Channel Manager', 'CN-E'), (4, '刘洋 Liu Yang', 'liu.yang', '渠道经理 Channel Manager', 'CN-S'),
		(5, '陈静 Chen Jing', 'chen.jing', '渠道经理 Channel Manager', 'CN-W'), (6, 'Tan Mei Ling 陈美玲', 'tan.meiling', 'Channel Manager', 'SG'),
		(7, 'Anna Schmidt', 'anna.schmidt', 'Channel Manager', 'DE'), (8, 'Luc Moreau', 'luc.moreau', 'Channel Manager', 'FR'),
		(9, 'Emily Carter', 'emily.carter', 'Channel Manager', 'US-E'), (10, 'Daniel Reyes', 'daniel.reyes', 'Channel Manager', 'US-W')
	) as d (n, name, email, title, region)
	join region r on r.code = d.region;

	insert into product (id, sku, name, category, subcategory, standard_cost, currency)
	select demo_id('product', row_number() over (order by l.n, e.n)), l.sku || '-' || e.code, l.name || ' ' || e.name, l.category, l.subcategory,
		round(l.cost * e.factor, 2), 'USD'
	from (values
		(1, 'RT', '路由器 Router', '网络 Network', '路由 Routing', 180.0), (2, 'SW', '交换机 Switch', '网络 Network', '交换 Switching', 95.0),
		(3, 'AP', '无线接入点 Access Point', '网络 Network', '无线 Wireless', 60.0), (4, 'FW', '防火墙 Firewall', '安全 Security', '边界 Perimeter', 320.0),
		(5, 'VC', '会议终端 Conference Unit', '协作 Collaboration', '会议 Meeting', 410.0), (6, 'IP', '网络电话 IP Phone', '协作 Collaboration', '语音 Voice', 38.0),
		(7, 'ST', '存储 Storage', '数据中心 Data Centre', '存储 Storage', 900.0), (8, 'SV', '服务器 Server', '数据中心 Data Centre', '计算 Computing', 1400.0)
	) as l (n, sku, name, category, subcategory, cost)
	cross join (values
		(1, '100', '标准版 Standard', 1.0), (2, '200', '增强版 Plus', 1.4), (3, '300', '专业版 Pro', 2.0), (4, '500', '企业版 Enterprise', 3.1),
		(5, '900', '旗舰版 Ultimate', 4.8)
	) as e (n, code, name, factor);

	insert into course (id, code, name, topic, product_category, mode, duration_minutes, language, description, is_active)
	select demo_id('course', row_number() over ()), d.*
	from (values
		('NET-101', '网络产品特点 What our network products do', 'product_features', '网络 Network', 'online', 90, 'zh-CN', '路由、交换与无线产品的功能与适用场景。', true),
		('NET-102', '网络产品优势 Why customers choose them', 'product_advantages', '网络 Network', 'online', 60, 'zh-CN', '与竞争产品的对比，以及三个成功案例。', true),
		('SEC-201', 'Installing a firewall', 'technical', '安全 Security', 'on_site', 480, 'en', 'A day in the laboratory: set up, migrate, find faults.', true),
		('COL-110', '会议终端使用 Using conference units', 'usage', '协作 Collaboration', 'self_paced', 45, 'zh-CN', null, true),
		('SALES-100', '渠道销售技巧 Selling through questions', 'sales_skills', null, 'on_site', 240, 'zh-CN', '从客户需求出发的销售对话。', true),
		('SALES-100-EN', 'Selling through questions', 'sales_skills', null, 'online', 180, 'en', 'The same for partners outside China.', true),
		('COMP-001', 'Fair competition and anti-bribery', 'compliance', null, 'self_paced', 40, 'en', 'Required of everybody who sells.', true),
		('NET-100', '网络产品入门 (2024)', 'product_features', '网络 Network', 'online', 90, 'zh-CN', 'Replaced by NET-101.', false)
	) as d;
end
$$;
comment on function demo_master() is 'Regions, members, products and courses of the demo.';

create or replace function demo_partners(first_day date) returns void
	language plpgsql volatile security invoker set search_path = pg_catalog, public, pg_temp
as $$
begin
	-- Six distributors, three partners below each of them, two below each of those.
	create temp table demo_partner on commit drop as
	select n, case when n <= 6 then 1 when n <= 24 then 2 else 3 end as level,
		case when n <= 6 then null when n <= 24 then 1 + (n - 7) / 3 else 7 + (n - 25) / 2 end as above
	from generate_series(1, 60) as n;

	insert into partner (id, code, name, legal_name, type, status, tier, parent_id, manager_id, region_id, industries, employees, founded_year, city,
		country_code, website, currency, tags, external_refs, created_at, updated_at)
	select demo_id('partner', d.n), 'P' || lpad(d.n::text, 4, '0'),
		g.chinese || k.chinese || ' ' || g.english || ' ' || k.english,
		case when top.country = 'CN' then g.chinese || k.chinese || '有限公司' else g.english || ' ' || k.english || ' ' || top.form end,
		case d.level when 1 then 'distributor' when 2 then (array['reseller', 'system_integrator', 'isv'])[1 + d.n % 3]
			else (array['dealer', 'agent', 'retailer', 'referral'])[1 + d.n % 4] end,
		case when d.n in (31, 47) then 'prospect' when d.n = 38 then 'onboarding' when d.n = 52 then 'suspended' when d.n = 57 then 'dormant'
			when d.n = 60 then 'terminated' else 'active' end,
		case d.level when 1 then 'platinum' when 2 then (array['gold', 'silver'])[1 + d.n % 2] else 'registered' end,
		demo_id('partner', d.above), m.id, r.id,
		array[(array['政府 Government', '金融 Finance', '教育 Education', '制造 Manufacturing', '零售 Retail'])[1 + d.n % 5]],
		(20 + 400 * demo_random('employees', d.n) / d.level)::integer, 1988 + (30 * demo_random('founded', d.n))::integer, r.name, top.country,
		'https://' || lower(g.english) || '.example', top.currency,
		case d.level when 1 then array['核心 core'] else '{}' end, jsonb_build_object('erp', 'C' || 10000 + d.n * 37), first_day - 200 + d.n, first_day - 200 + d.n
	from demo_partner d
	join demo_partner as two on two.n = case d.level when 3 then d.above else d.n end
	join (values
		(1, array['CN-N', 'BJ'], 'M02', 'CN', 'CNY', ''), (2, array['CN-E', 'SH', 'JS'], 'M03', 'CN', 'CNY', ''), (3, array['CN-S', 'GD'], 'M04', 'CN', 'CNY', ''),
		(4, array['SG'], 'M06', 'SG', 'USD', 'Pte Ltd'), (5, array['DE', 'FR', 'NL'], 'M07', 'DE', 'EUR', 'GmbH'), (6, array['US-E', 'US-W', 'CA'], 'M09', 'US', 'USD', 'Inc.')
	) as top (n, regions, manager, country, currency, form) on top.n = case d.level when 1 then d.n else two.above end
	join (values
		(0, '华信', 'Huaxin'), (1, '神州', 'Shenzhou'), (2, '联创', 'Lianchuang'), (3, '天成', 'Tiancheng'), (4, '金桥', 'Goldbridge'), (5, '北辰', 'Polaris'),
		(6, '蓝海', 'Blueocean'), (7, '云帆', 'Cloudsail'), (8, '远景', 'Vista'), (9, '方圆', 'Compass'), (10, '中科', 'Zhongke'), (11, '恒通', 'Evertrust')
	) as g (n, chinese, english) on g.n = d.n % 12
	join (values (0, '科技', 'Technology'), (1, '信息', 'Information'), (2, '系统', 'Systems'), (3, '网络', 'Networks'), (4, '贸易', 'Trading')
	) as k (n, chinese, english) on k.n = (d.n / 12) % 5
	join region r on r.code = top.regions[1 + d.n % cardinality(top.regions)]
	join member m on m.code = top.manager;

	insert into contact (id, partner_id, name, title, email, language, is_primary)
	select demo_id('contact', d.n), demo_id('partner', d.n), (array['赵磊', '孙丽', '周强', 'Maria Lopez', 'Tom Becker', 'Chloe Martin'])[1 + d.n % 6],
		'采购经理 Purchasing', 'contact' || d.n || '@partner.example', case when d.n % 6 < 3 then 'zh-CN' else 'en' end, true
	from demo_partner d;
end
$$;
comment on function demo_partners(date) is 'Partners and contacts of the demo.';

create or replace function demo_books(first_day date) returns void
	language plpgsql volatile security invoker set search_path = pg_catalog, public, pg_temp
as $$
begin
	insert into legal_entity (id, code, name, country_code, currency)
	values (demo_id('entity', 1), 'QD-CN', '渠道科技（上海）有限公司', 'CN', 'CNY'), (demo_id('entity', 2), 'QD-EU', 'Qudao Europe GmbH', 'DE', 'EUR'),
		(demo_id('entity', 3), 'QD-US', 'Qudao Inc.', 'US', 'USD');

	insert into exchange_rate (id, from_currency, to_currency, date, rate)
	select demo_id('rate' || c.from_currency || c.to_currency, d.n), c.from_currency, c.to_currency, d.day::date,
		round((c.rate * (1 + 0.04 * sin(d.n / 17.0) + 0.01 * (demo_random('rate', d.n) - 0.5)))::numeric, 6)
	from generate_series(first_day - 7, first_day + interval '25 months', interval '7 days') with ordinality as d (day, n)
	cross join (values ('CNY', 'USD', 0.1393), ('EUR', 'USD', 1.085), ('USD', 'CNY', 7.18), ('EUR', 'CNY', 7.79)) as c (from_currency, to_currency, rate);

	-- A year that starts in April, as many partners in Asia have it.
	insert into calendar (id, code, name, start_month) values (demo_id('calendar', 1), 'APRIL', '四月起的财年 Year from April', 4);
	insert into calendar_period (id, calendar_id, name, starts_on, ends_on)
	select demo_id('period' || y.name, 1), demo_id('calendar', 1), y.name, y.starts_on, y.ends_on
	from (select extract(year from first_day)::integer - 1 as first) as f
	cross join lateral calendar_years('monthly', make_date(f.first, 4, 1), f.first, f.first + 4, '{}') as y;

	insert into quota (id, manager_id, period, amount, currency)
	select demo_id('quota' || m.code, q.n), m.id, to_char(q.day, 'YYYY-"Q"Q'), round(w.amount * power(1.06, q.n)), 'USD'
	from generate_series(date_trunc('quarter', first_day), first_day + interval '24 months', interval '3 months') with ordinality as q (day, n)
	cross join (values ('M02', 60000), ('M03', 90000), ('M04', 80000), ('M05', 40000), ('M06', 50000), ('M07', 70000), ('M08', 60000), ('M09', 80000),
		('M10', 70000)) as w (manager, amount)
	join member m on m.code = w.manager;

	insert into customer (id, code, name, industry, region_id)
	select demo_id('customer', c.n), 'C' || lpad(c.n::text, 3, '0'), c.name, c.industry, r.id
	from (values (1, '华东大学 East China University', '教育 Education', 'SH'), (2, '北京协和医院 Union Hospital', '医疗 Health', 'BJ'),
		(3, '广东电力 Guangdong Power', '能源 Energy', 'GD'), (4, '四川物流 Sichuan Logistics', '物流 Logistics', 'SC'),
		(5, 'Hanse Logistik AG', '物流 Logistics', 'DE'), (6, 'Clinique du Rhône', '医疗 Health', 'FR'), (7, 'Pacific State College', '教育 Education', 'US-W'),
		(8, 'Hudson Savings Bank', '金融 Finance', 'US-E')) as c (n, name, industry, region)
	join region r on r.code = c.region;
end
$$;
comment on function demo_books(date) is 'Legal entities, exchange rates, a fiscal calendar, quotas and the vendor''s own customers of the two years from that day.';

create or replace function demo_sales(first_day date, brought_by uuid) returns void
	language plpgsql volatile security invoker set search_path = pg_catalog, public, pg_temp
as $$
begin
	-- Two per cent growth a month; strong ends of quarters, a weak month of the Spring Festival.
	create temp table demo_month on commit drop as
	select m.day::date as day, extract(day from m.day + interval '1 month - 1 day')::integer as days,
		sum(m.weight) over (order by m.day) / sum(m.weight) over () as upto
	from (
		select d.day, power(1.02, d.n) * (array[0.95, 0.6, 1.15, 0.9, 0.95, 1.2, 0.85, 0.9, 1.2, 0.95, 1.1, 1.45])[extract(month from d.day)] as weight
		from generate_series(first_day, first_day + interval '23 months', interval '1 month') with ordinality as d (day, n)
	) as m;

	create temp table demo_sale on commit drop as
	with dice as materialized (
		select n, 1 + floor(60 * power(demo_random('partner', n), 1.5))::integer as pick, 1 + floor(40 * demo_random('item', n))::integer as item,
			demo_random('moment', n) as moment, demo_random('sort', n) as sort, demo_random('size', n) as size, demo_random('mood', n) as mood
		from generate_series(1, 20000) as n
	)
	select d.n, d.pick, d.item, d.mood,
		m.day + floor(m.days * case when extract(month from m.day) in (3, 6, 9, 12) then sqrt(d.moment) else d.moment end)::integer as sold_on,
		case when d.sort < 0.015 then 'return_to_vendor' when d.sort < 0.025 then 'return_from_customer' when d.sort < 0.06 then 'agency'
			when d.sort < 0.35 then 'sell_through' else 'sell_in' end as kind,
		(1 + floor(12 * power(d.size, 3))::integer) * case when d.pick <= 6 then 4 else 1 end as quantity
	from dice d
	join lateral (select x.day, x.days from demo_month x where x.upto >= (d.n - 0.5) / 20000 order by x.day limit 1) as m on true;

	-- Partners that do not sell (any more) leave their share to their distributor.
	update demo_sale s set pick = case s.pick when 9 then 1 when 60 then 6 else 1 + s.pick % 6 end
	where s.pick in (31, 38, 47) or (s.pick = 60 and s.sold_on > first_day + 300) or (s.pick = 9 and s.sold_on > first_day + 600);

	insert into sales_record (id, partner_id, product_id, region_id, manager_id, import_id, created_at, updated_at, sold_on, external_ref, source, order_ref,
		kind, quantity, unit_price, amount, currency, cost, cost_currency)
	select demo_id('sale', s.n), p.id, i.id, p.region_id, p.manager_id, brought_by, s.sold_on + time '18:00', s.sold_on + time '18:00', s.sold_on,
		'D' || lpad(s.n::text, 6, '0'), 'erp', 'SO' || s.n / 3,
		s.kind, s.quantity, c.price, round(c.price * s.quantity, 2), p.currency, round(i.standard_cost * s.quantity, 2), 'USD'
	from demo_sale s
	join partner p on p.code = 'P' || lpad(s.pick::text, 4, '0')
	join (select x.id, x.standard_cost, row_number() over (order by x.id) as n from product x) as i on i.n = s.item
	cross join lateral (
		select round((i.standard_cost * (1.35 + 0.25 * s.mood) * case p.currency when 'CNY' then 7.1 when 'EUR' then 0.92 else 1 end
			* case p.tier when 'platinum' then 0.85 when 'gold' then 0.92 else 1 end)::numeric, 2) as price
	) as c;

	-- Worth finding: 9 fell silent and is still active (above); 14 sells far below cost; 20 buys heavily on the last day of each quarter and returns
	-- half a week later; 23 sells in a region that is not its own; one line has a quantity a thousand times too large.
	update sales_record s set unit_price = round(s.unit_price * 0.55, 2), amount = round(round(s.unit_price * 0.55, 2) * s.quantity, 2)
	where s.partner_id = demo_id('partner', 14) and s.product_id = demo_id('product', 20);
	update sales_record s
	set sold_on = q.last + case when s.kind = 'sell_in' then 0 else 4 end, quantity = s.quantity * 5, amount = s.amount * 5, cost = s.cost * 5,
		kind = case when s.kind = 'sell_in' then s.kind else 'return_to_vendor' end
	from (select x.id, (date_trunc('quarter', x.sold_on) + interval '3 months - 1 day')::date as last from sales_record x) as q
	where q.id = s.id and s.partner_id = demo_id('partner', 20) and q.last + 4 < first_day + interval '24 months' and s.kind <> 'agency';
	update sales_record s set region_id = demo_id('region', 11)
	where s.partner_id = demo_id('partner', 23) and s.kind = 'sell_through';
	update sales_record s set quantity = s.quantity * 1000, amount = s.amount * 1000
	where s.id = demo_id('sale', 15015);

	-- Each currency has its company and its tax; goods leave two days later, and most customers pay in time.
	update sales_record s
	set legal_entity_id = e.id, tax_rate = t.rate, tax_amount = round(s.amount * t.rate / 100, 2), gross_amount = s.amount + round(s.amount * t.rate / 100, 2),
		(customer_id, customer_region_id) = (
			select c.id, c.region_id
			from customer c
			where s.kind = 'sell_through' and c.id = demo_id('customer', 1 + extract(doy from s.sold_on)::integer % 8)),
		invoiced_on = s.sold_on, shipped_on = s.sold_on + 2,
		paid_on = case when s.sold_on < first_day + interval '22 months' or s.quantity > 3 then s.sold_on + 14 + extract(day from s.sold_on)::integer end
	from (values ('CNY', 'QD-CN', 13), ('EUR', 'QD-EU', 19), ('USD', 'QD-US', 0)) as t (currency, entity, rate)
	join legal_entity e on e.code = t.entity
	where t.currency = s.currency;
end
$$;
comment on function demo_sales(date, uuid) is 'Twenty thousand sales records of the two years from that day.';

create or replace function demo_load(today date) returns boolean
	language plpgsql volatile security invoker set search_path = pg_catalog, public, pg_temp
as $$
declare
	first_day constant date := date_trunc('month', today)::date - interval '24 months';
	done import;
begin
	if exists (select from partner) or exists (select from region) or exists (select from product) or exists (select from member) then
		return false;
	end if;
	done := row(demo_id('import', 1), 'sales-records', clock_timestamp(), clock_timestamp(), null, null, 20000, 20000, 0, 0, 0, null, false, false, true);
	perform set_config('app.import_id', done.id::text, true);
	create temp table staging_error (line bigint not null, pointer text, code text not null, detail text not null) on commit drop;
	perform demo_master();
	perform demo_partners(first_day);
	perform demo_coverages(first_day);
	perform demo_abilities(first_day);
	perform demo_markets(first_day);
	perform demo_evaluations(first_day);
	perform demo_books(first_day);
	perform demo_sales(first_day, done.id);
	perform demo_agreements(first_day);
	done.finished_at := clock_timestamp();
	perform import_finish(done, 0);
	return true;
end
$$;
comment on function demo_load(date) is 'Fills an empty database with two years of a channel that end where the month of that day begins; false if it is not empty.';
