-- What follows when an agreement moves. The statements judge whether it may; these functions do it, with the owner's rights, since a partner
-- that signs moves rows that it may not write.

create or replace function agreement_terms(a agreement) returns jsonb
	language sql stable security invoker set search_path = pg_catalog, public
as $$
	select (to_jsonb(a) - array['id', 'custom', 'import_id', 'version', 'created_at', 'updated_at', 'partner_id', 'legal_entity_id', 'status', 'amendment_status',
			'terms_version', 'renews_id', 'terminated_on', 'holdover_until', 'notice_on', 'over_on'])
		|| jsonb_build_object('partner_code', (select p.code from partner p where p.id = a.partner_id),
			'legal_entity_code', (select e.code from legal_entity e where e.id = a.legal_entity_id))
$$;
comment on function agreement_terms(agreement) is 'The text of an agreement: what both sides sign.';

create or replace function agreement_stage(a agreement, wanted text) returns text
	language sql immutable parallel safe security invoker
	return case
		when wanted in ('in_review', 'returned', 'approved', 'sent', 'signed', 'declined') and a.status in ('signed', 'active', 'suspended', 'expiring')
			then coalesce(a.amendment_status, a.status)
		else a.status
	end;
comment on function agreement_stage(agreement, text) is 'From where a move to a status would begin: of what is in force, the way to signature is that of its amendment.';

create or replace function agreement_newest(a agreement) returns setof agreement_version
	language sql stable security invoker set search_path = pg_catalog, public
as $$
	select v.* from agreement_version v where v.agreement_id = a.id order by v.number desc limit 1
$$;
comment on function agreement_newest(agreement) is 'The text that is on its way, or the one that was signed last.';

create or replace function agreement_submitted(a agreement, moment timestamptz) returns void
	language sql volatile security invoker set search_path = pg_catalog, public
as $$
	insert into agreement_version (id, agreement_id, partner_id, number, status, effective_on, terms, sha256, created_at, updated_at)
	select uuid_v7(), a.id, a.partner_id, 1, 'draft', a.starts_on, t.terms, json_sha256(t.terms), moment, moment
	from agreement_terms(a) as t (terms)
	where a.amendment_status is null
	on conflict (agreement_id, number) do update
	set (effective_on, terms, sha256, partner_id) = (excluded.effective_on, excluded.terms, excluded.sha256, excluded.partner_id)
$$;
comment on function agreement_submitted(agreement, timestamptz) is 'Writes down the text of a draft as its first version.';

create or replace function agreement_signature(v agreement_version, body jsonb, moment timestamptz) returns jsonb
	language sql stable security invoker set search_path = pg_catalog, public
	return (select coalesce(jsonb_agg(s.value), '[]') from jsonb_array_elements(v.signatures) as s where s.value ->> 'party' <> body ->> 'party')
		|| jsonb_build_object('party', body -> 'party', 'name', body -> 'name', 'title', body -> 'title', 'sha256', v.sha256,
		'signed_at', to_char(moment at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'actor_id', nullif(current_setting('app.actor_id', true), ''));
comment on function agreement_signature(agreement_version, jsonb, timestamptz) is 'The signatures of a version with one more; of two that a side gives at once, the last one.';

create or replace function agreement_takes(v agreement_version) returns void
	language plpgsql volatile security invoker set search_path = pg_catalog, public
as $$
declare
	taken agreement;
begin
	update agreement a
	set (ends_on, auto_renew, renew_months, notice_days, exclusive, carve_outs, region_codes, product_categories, customer_types, price_list, payment_days,
			goals, rights, obligations) = (
			select n.ends_on, n.auto_renew, n.renew_months, n.notice_days, n.exclusive, n.carve_outs, n.region_codes, n.product_categories, n.customer_types,
				n.price_list, n.payment_days, n.goals, n.rights, n.obligations
			from jsonb_populate_record(a, v.terms - 'status') as n),
		terms_version = v.number, version = a.version + 1, updated_at = app_now()
	where a.id = v.agreement_id and a.terms_version < v.number
	returning a.* into taken;
	if taken.status in ('active', 'expiring', 'suspended') then
		delete from agreement_obligation o where o.agreement_id = taken.id and o.status = 'pending' and o.due_on >= v.effective_on;
		perform agreement_obligations_make(taken, v.effective_on);
	end if;
end
$$;
comment on function agreement_takes(agreement_version) is 'Makes the text of a version that of its agreement.';

create or replace function agreement_signed(v agreement_version) returns void
	language plpgsql volatile security invoker set search_path = pg_catalog, public
as $$
begin
	perform agreement_goals_keep(v);
	if v.number > 1 then
		perform agreement_scopes_end(v.agreement_id, v.effective_on - 1, v.number);
		if v.effective_on <= app_today() then
			perform agreement_takes(v);
		end if;
	end if;
end
$$;
comment on function agreement_signed(agreement_version) is 'What follows when both sides have signed a version: its goals count, the scope of the one before ends, and its text is in force if its day has come.';

create or replace function agreement_amended(object uuid, due timestamptz) returns void
	language sql volatile security invoker set search_path = pg_catalog, public
as $$
	select agreement_takes(v) from agreement_version v where v.id = object and v.number > 1
$$;
comment on function agreement_amended(uuid, timestamptz) is 'Puts an amendment in force on its day.';

create or replace function agreement_next_number(number text) returns text
	language sql immutable parallel safe security invoker
	return regexp_replace(number, '-R\d+$', '') || '-R' || coalesce(substring(number from '-R(\d{1,6})$')::integer, 0) + 1;
comment on function agreement_next_number(text) is 'The number of the agreement that follows one: with -R1, -R2 and so on behind it.';

create or replace function agreement_successor(a agreement, number text, months integer, moment timestamptz) returns agreement
	language sql volatile security invoker set search_path = pg_catalog, public
as $$
	insert into agreement (id, number, partner_id, legal_entity_id, type, starts_on, ends_on, auto_renew, renew_months, notice_days, exclusive, carve_outs,
		region_codes, product_categories, customer_types, price_list, payment_days, currency, goals, rights, obligations, custom, renews_id, created_at, updated_at)
	values (uuid_v7(), coalesce(number, agreement_next_number(a.number)), a.partner_id, a.legal_entity_id, a.type, a.over_on,
		coalesce((a.over_on + make_interval(months => months))::date - 1, a.ends_on + (a.over_on - a.starts_on)), a.auto_renew, a.renew_months, a.notice_days,
		a.exclusive, a.carve_outs, a.region_codes, a.product_categories, a.customer_types, a.price_list, a.payment_days, a.currency, a.goals, a.rights,
		a.obligations, a.custom, a.id, moment, moment)
	returning *
$$;
comment on function agreement_successor(agreement, text, integer, timestamptz) is 'A draft of the same text that begins the day after, for so many months or for as long as the term was.';

create or replace function agreement_stops(a agreement, wanted text) returns void
	language plpgsql volatile security invoker set search_path = pg_catalog, public
as $$
begin
	-- What has not begun never was; what has begun holds through the day.
	perform agreement_scopes_end(a.id, greatest(app_today(), a.starts_on - 1));
	perform agreement_goals_end(a.id, greatest(app_today(), a.starts_on - 1));
	update agreement_obligation o
	set status = 'waived', version = o.version + 1, updated_at = app_now()
	where wanted = 'terminated' and o.agreement_id = a.id and o.status = 'pending' and o.due_on > app_today();
end
$$;
comment on function agreement_stops(agreement, text) is 'Sets free what an agreement had, from tomorrow on.';

create or replace function agreement_version_move(a agreement, wanted text, body jsonb, moment timestamptz) returns text
	language plpgsql volatile security invoker set search_path = pg_catalog, public
as $$
declare
	v agreement_version;
	reached text := wanted;
begin
	if wanted = 'in_review' then
		perform agreement_submitted(a, moment);
	end if;
	select n.* into v from agreement_newest(a) as n;
	if wanted = 'signed' then
		v.signatures := agreement_signature(v, body, moment);
		reached := case when jsonb_array_length(v.signatures) = 2 then 'signed' else 'sent' end;
	end if;
	update agreement_version n
	set status = reached, signatures = case when wanted = 'in_review' then '[]' else v.signatures end,
		signed_at = case when reached = 'signed' then moment end,
		submitted_by = case when wanted = 'in_review' then nullif(current_setting('app.actor_id', true), '')::uuid else n.submitted_by end,
		version = n.version + 1, updated_at = moment
	where n.id = v.id
	returning n.* into v;
	if reached = 'approved' then
		perform agreement_claim(v);
	elsif reached = 'signed' then
		perform agreement_signed(v);
	elsif reached = 'declined' then
		delete from agreement_scope s where s.agreement_id = a.id and s.version_number = v.number;
	end if;
	return reached;
end
$$;
comment on function agreement_version_move(agreement, text, jsonb, timestamptz) is 'Moves the newest version on its way to signature, and returns what it has reached: after one of two signatures it is still where it was.';

create or replace function agreement_move(a agreement, wanted text, body jsonb, moment timestamptz) returns void
	language plpgsql volatile security definer set search_path = pg_catalog, public
as $$
declare
	stage constant text := agreement_stage(a, wanted);
	is_amendment constant boolean := stage is distinct from a.status;
	reached text := wanted;
begin
	if wanted in ('in_review', 'returned', 'approved', 'sent', 'signed', 'declined') then
		reached := agreement_version_move(a, wanted, body, moment);
	elsif wanted = 'terminated' then
		perform agreement_stops(a, wanted);
	elsif wanted = 'renewed' then
		perform agreement_successor(a, body ->> 'number', coalesce((body ->> 'months')::integer, a.renew_months), moment);
	elsif wanted = 'active' and stage = 'signed' then
		perform agreement_obligations_make(a, a.starts_on);
	end if;
	update agreement n
	set status = case when is_amendment then n.status else reached end,
		amendment_status = case
			when wanted not in ('in_review', 'returned', 'approved', 'sent', 'signed', 'declined') then n.amendment_status
			when is_amendment and reached not in ('signed', 'declined') then reached
		end,
		terminated_on = case when wanted = 'terminated' then app_today() end,
		version = n.version + 1, updated_at = moment
	where n.id = a.id;
	if reached <> stage then
		perform move_kept(case when is_amendment then 'agreement_version' else 'agreement' end, case when is_amendment then v.id else a.id end,
			a.partner_id, stage, reached, body, moment)
		from agreement_newest(a) as v;
	end if;
end
$$;
comment on function agreement_move(agreement, text, jsonb, timestamptz) is 'Moves an agreement, or its amendment, with all that follows.';

create or replace function agreement_base(a agreement) returns integer
	language sql stable security invoker set search_path = pg_catalog, public
as $$
	select max(v.number) from agreement_version v where v.agreement_id = a.id and (v.status = 'signed' or a.amendment_status is not null)
$$;
comment on function agreement_base(agreement) is 'The number of the version that an amendment changes: the one that is being written, else the one that was signed last.';

create or replace function agreement_amend(a agreement, body jsonb, moment timestamptz) returns void
	language plpgsql volatile security invoker set search_path = pg_catalog, public
as $$
begin
	insert into agreement_version (id, agreement_id, partner_id, number, status, effective_on, reason, terms, sha256, created_at, updated_at)
	select uuid_v7(), a.id, a.partner_id, n.number + case when a.amendment_status is null then 1 else 0 end, 'draft', (body ->> 'effective_on')::date,
		body ->> 'reason', t.terms, json_sha256(t.terms), moment, moment
	from agreement_newest(a) as n
	join agreement_version b on b.agreement_id = a.id and b.number = agreement_base(a)
	cross join lateral agreement_amended_terms(b.terms, body) as t (terms)
	on conflict (agreement_id, number) do update
	set (status, effective_on, reason, terms, sha256, version, updated_at)
		= ('draft', excluded.effective_on, excluded.reason, excluded.terms, excluded.sha256, agreement_version.version + 1, excluded.updated_at);
	update agreement n
	set amendment_status = 'draft', version = n.version + 1, updated_at = moment
	where n.id = a.id;
end
$$;
comment on function agreement_amend(agreement, jsonb, timestamptz) is 'Writes the next version of what is in force, or changes the one that is being written.';

create or replace function agreement_amended_terms(terms jsonb, body jsonb) returns jsonb
	language sql immutable parallel safe security invoker
	return terms || (body - array['effective_on', 'reason']);
comment on function agreement_amended_terms(jsonb, jsonb) is 'A text with what an amendment says instead.';

create or replace function agreement_obligations_make(a agreement, since date) returns void
	language sql volatile security invoker set search_path = pg_catalog, public
as $$
	insert into agreement_obligation (id, agreement_id, partner_id, place, party, area, description, measure, penalty, due_on, created_at, updated_at)
	select uuid_v7(), a.id, a.partner_id, e.place, o.party, o.area, o.description, o.measure, o.penalty, d.due_on, app_now(), app_now()
	from jsonb_array_elements(a.obligations) with ordinality as e (value, place)
	cross join lateral jsonb_to_record(e.value) as o (
		party text, area text, description text, measure text, due_on date, recurrence text, penalty text)
	cross join lateral (
		-- Once: on its day, or by the end. Again and again: from its first day on, or at the end of each period from the beginning.
		select coalesce(o.due_on, a.ends_on) as due_on
		where o.recurrence is null
		union all
		select t.due_on
		from (select case o.recurrence when 'month' then interval '1 month' when 'quarter' then interval '3 months' when 'year' then interval '1 year' end as step) as r
		cross join generate_series(0, 1200) as n (number)
		cross join lateral (select coalesce((o.due_on + r.step * n.number)::date, (a.starts_on + r.step * (n.number + 1))::date - 1) as due_on) as t
		where o.recurrence is not null and t.due_on <= a.ends_on
	) as d
	where d.due_on >= since
	  and not exists (
		select
		from agreement_obligation k
		where k.agreement_id = a.id and (k.due_on, k.party, k.area, k.description) = (d.due_on, o.party, o.area, o.description))
$$;
comment on function agreement_obligations_make(agreement, date) is 'Makes a row of each day from one on by which a side owes something.';
