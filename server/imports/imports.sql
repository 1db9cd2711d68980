-- name: stageSalesRecords
-- Where the rows of a file of sales records wait to be judged.
create temp table staging (
	line bigint not null, new_id uuid not null, faults jsonb, erased text[], id uuid, status text,
	external_ref text, source text, sold_on date, partner_id uuid, partner_code text, product_id uuid, sku text,
	region_id uuid, region_code text, manager_id uuid, manager_code text, quantity numeric(18,4), unit_price numeric(18,6), amount numeric(18,4),
	currency text, cost numeric(18,4), cost_currency text, kind text, order_ref text, legal_entity_id uuid, legal_entity_code text,
	seller_id uuid, seller_code text, customer_id uuid, customer_code text, customer_region_id uuid, customer_region_code text, deal_ref text,
	discount numeric(18,4), tax_rate numeric(9,6), tax_amount numeric(18,4), gross_amount numeric(18,4), price_includes_tax boolean,
	invoiced_on date, shipped_on date, paid_on date, returns_id uuid, returns_external_ref text, custom jsonb
) on commit drop;

-- name: judgeSalesRecords
-- Decides about every staged row.
select j.rows, j.created, j.updated, j.unchanged, j.rejected
from import_judge_sales_records(:columns) as j;

-- name: postSalesRecords
-- Adds what was judged created.
select import_post_sales_records(:import_id, :now);

-- name: stageExchangeRates
-- Where the rows of a file of exchange rates wait to be judged.
create temp table staging (
	line bigint not null, new_id uuid not null, faults jsonb, erased text[],
	from_currency text, to_currency text, date date, type text, rate numeric(30,18), currency text, usd_per_unit numeric(30,18)
) on commit drop;

-- name: judgeExchangeRates
-- Decides about every staged row; columns is what the file has of the members of a row.
select j.rows, j.created, j.updated, j.unchanged, j.rejected
from import_judge_exchange_rates(:columns) as j;

-- name: postExchangeRates
-- Writes what was judged created or updated.
select import_post_exchange_rates(:import_id, :now);

-- name: stageCalendarPeriods
-- Where the rows of a file of periods wait to be judged.
create temp table staging (
	line bigint not null, new_id uuid not null, faults jsonb, erased text[],
	calendar_id uuid, calendar_code text, name text, starts_on date, ends_on date
) on commit drop;

-- name: judgeCalendarPeriods
-- Decides about every staged row; columns is what the file has of the members of a period.
select j.rows, j.created, j.updated, j.unchanged, j.rejected
from import_judge_calendar_periods(:columns) as j;

-- name: postCalendarPeriods
-- Writes what was judged created or updated.
select import_post_calendar_periods(:import_id, :now);

-- name: stageQuotas
-- Where the rows of a file of quotas wait to be judged.
create temp table staging (
	line bigint not null, new_id uuid not null, faults jsonb, erased text[],
	manager_id uuid, manager_code text, period text, calendar_id uuid, calendar_code text, amount numeric(18,4), currency text
) on commit drop;

-- name: judgeQuotas
-- Decides about every staged row; columns is what the file has of the members of a quota.
select j.rows, j.created, j.updated, j.unchanged, j.rejected
from import_judge_quotas(:columns) as j;

-- name: postQuotas
-- Writes what was judged created or updated.
select import_post_quotas(:import_id, :now);

-- name: importedBefore
-- The import that brought the same file, where that would add its rows once more; else no row.
select 'file_imported_before' as problem, null as pointer, b.id as existing_id
from import_before(:import_id, :resource, :digest) as b (id)
where b.id is not null;

-- name: stagedErrors
-- The first refusals, for the answer.
select e.line, e.pointer, e.code, e.detail
from import_faults(:shown) as e;

-- name: finishImport
-- Writes down the import and the first of its refusals, posted or not; partners appear by themselves. No row when it was put off and is not ours any more.
select f.id
from import_finish(row(:id, :resource, :started_at, :now, :actor_id, null, :rows, :created, :updated, :unchanged, :rejected, :digest,
	:is_dry_run, :is_atomic, :is_posted, 'succeeded', :attempt, :bytes, 0, null, null, null, null, null, null, null, null)::import, :kept) as f (id)
where f.id is not null;

-- name: trimImportErrors
-- Deletes why rows were refused where that is older than the settings keep it, ten thousand at a time; ids are in the order of time.
with old as (
	select e.id
	from import_error e
	where e.id < (select uuid_v7_from(clock_timestamp() - make_interval(days => s.import_error_retention_days)) from setting s)
	order by e.id
	limit 10000
), deleted as (
	delete from import_error e
	using old o
	where e.id = o.id
)
select count(*) as done, count(*) = 10000 as more
from old o;

-- name: openImport
-- Begins to keep a file that is imported later, unless the caller, or its partner, has enough of them. Who asks again with a key is not
-- refused for what that key began.
with fault as (
	select 'too_many_imports' as problem, null as pointer
	from import i
	where coalesce(i.partner_id, i.actor_id) = coalesce(app_partner(), :actor_id) and i.status in ('queued', 'running')
	  and not exists (select from idempotency_key k where k.caller_id = :actor_id and k.key = :key)
	having count(*) >= :most::bigint
), opened as (
	insert into import (id, resource, started_at, actor_id, partner_id, rows, created, updated, unchanged, rejected, is_dry_run, is_atomic, is_posted,
		status, attempts, target, format, language, request_id, caller)
	select :id, :resource, :now, :actor_id, app_partner(), 0, 0, 0, 0, 0, coalesce(:is_dry_run::boolean, false), coalesce(:is_atomic::boolean, false), false,
		'queued', 0, :target, :format, :language, :request_id, task_caller(:actor::jsonb)
	where not exists (select from fault)
)
select f.problem, f.pointer
from fault f;

-- name: storeImportChunk
-- Keeps a piece of the file.
insert into import_chunk (import_id, number, bytes)
values (:id, :number, :bytes);

-- name: closeImport
-- The file is complete: whoever works is told once this is certain.
update import i
set bytes = :bytes, chunks = :chunks, digest = :digest
where i.id = :id
returning pg_notify('qudao_import', '')::text as told;

-- name: claimImport
-- Takes the import that has waited longest and that nobody works on, to carry it out from its beginning; those that no server could carry out fail.
with given_up as (
	update import i
	set status = 'failed', failure_code = 'unavailable', failure_detail = 'No attempt came to its end.', lease_until = null, finished_at = app_now()
	where i.id in (
		select x.id
		from import x
		where x.status in ('queued', 'running') and x.attempts >= 5 and (x.lease_until is null or x.lease_until < clock_timestamp())
		for update skip locked)
	returning i.id
), gone as (
	delete from import_chunk c
	using given_up g
	where c.import_id = g.id
), claimed as (
	update import i
	set status = 'running', attempts = i.attempts + 1, lease_until = clock_timestamp() + interval '10 seconds'
	where i.id = (
		select x.id
		from import x
		where x.status in ('queued', 'running') and x.attempts < 5 and (x.lease_until is null or x.lease_until < clock_timestamp())
		order by x.id
		limit 1
		for update skip locked)
	returning i.id, i.attempts, i.target, i.format, i.language, i.request_id, i.chunks
)
select c.id::text, c.attempts::text as attempt, c.target, c.format, c.language, c.request_id, c.chunks::text
from claimed c;

-- name: findImportCaller
-- By whose rights it is carried out.
select c.id, c.name, c.role, c.partner_id, c.manager_id, c.scopes, c.expires_at, c.revoked_at
from import i
cross join lateral task_rights(i.actor_id, i.caller) as c
where i.id = :id;

-- name: keepImport
-- Says that it is still being worked on; no row when that is over, or who asked for it may not any more. While its end is being written
-- down, the row is locked, which keeps others away as well.
with kept as (
	update import i
	set lease_until = clock_timestamp() + interval '10 seconds'
	where i.id in (
		select x.id
		from import x
		where x.id = :id and x.attempts = :attempt and x.status = 'running'
		for update skip locked)
)
select i.id
from import i
where i.id = :id and i.attempts = :attempt and i.status = 'running' and task_has_caller(i.actor_id, i.caller);

-- name: readImportChunk
-- A piece of the file; no row when the import is not ours any more, or who asked for it may not.
with kept as (
	update import i
	set lease_until = clock_timestamp() + interval '10 seconds'
	where i.id = :id and i.attempts = :attempt and i.status = 'running' and task_has_caller(i.actor_id, i.caller)
	returning i.id
)
select c.bytes
from kept k
join import_chunk c on c.import_id = k.id and c.number = :number;

-- name: endImport
-- Writes down how an attempt ended that posted nothing; or puts the import back into the queue, to be begun again after a pause. The file
-- stays as long as it may be needed.
with ended as (
	update import i
	set status = :status, failure_code = :code, failure_detail = :detail,
		finished_at = case when :status::text <> 'queued' then app_now() end,
		lease_until = case when :status::text = 'queued' then clock_timestamp() + make_interval(secs => :pause_ms::integer / 1000.0) end
	where i.id = :id and i.attempts = :attempt and i.status = 'running'
	returning i.id
), gone as (
	delete from import_chunk c
	using ended d
	where c.import_id = d.id and :status::text <> 'queued'
)
select pg_notify('qudao_import', '')::text as told
from ended d
where :status::text = 'queued';
