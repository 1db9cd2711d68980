"""Every list, with each filter and each sort, goes through an index: the plans that PostgreSQL makes on 10⁴ partners and 10⁵ sales."""
import collections
import json
import re

import pytest

from support import bulk
from support.cluster import ROOT

PAGE = 51
BIG_TABLES = {"partner", "sales_record", "status_change", "audit_log", "exchange_rate", "customer", "calendar_period", "quota", "webhook", "webhook_delivery", "caller_usage"}
# A vendor has hundreds of these at most.
SMALL_TABLES = {"course"}
# One page: its rows, what they are joined to, and what a filter skips on the way.
BUFFERS_MAX = 4000
SORTED_ROWS_MAX = 1500
# Two filters that go together mislead the planner: it may sort what both leave, but never a whole partner.
PARTNER_ROWS = 10000
# Nothing is sorted but what an index has narrowed down; the partners below another one are a page each.
SORTED_ROWS_BELOW_MAX = 110 * PAGE
BUFFERS_BELOW_MAX = 110 * 150

GENERATED = """
select set_config('app.import_id', 'generated', false);
insert into region (id, code, name, parent_id)
	select md5('region ' || i)::uuid, 'R' || i, 'Region ' || i, case when i > 1 then md5('region ' || (i + 2) / 4)::uuid end from generate_series(1, 40) i;
insert into product (id, sku, name, category, subcategory, is_active)
	select md5('product ' || i)::uuid, 'S' || i, 'Product ' || i, 'Category ' || i % 5, 'Subcategory ' || i % 40, i % 10 > 0 from generate_series(1, 500) i;
insert into member (id, code, name, region_id)
	select md5('member ' || i)::uuid, 'M' || i, 'Member ' || i, md5('region ' || i % 40 + 1)::uuid from generate_series(1, 50) i;
insert into partner (id, code, name, type, status, tier, country_code, parent_id, manager_id, region_id, tags, created_at, updated_at)
	select md5('partner ' || i)::uuid, 'P' || lpad(i::text, 5, '0'), case when i % 100 = 0 then '华为技术 ' else 'Company ' end || i,
		(array['reseller', 'dealer', 'agent', 'reseller'])[i % 4 + 1], (array['active', 'active', 'prospect', 'dormant'])[i % 4 + 1],
		(array['registered', 'silver', 'gold'])[i % 3 + 1], (array['CN', 'US', 'DE', 'FR', 'AU'])[i % 5 + 1],
		case when i between 11 and 1010 then md5('partner ' || i % 10 + 1)::uuid end,
		md5('member ' || i % 50 + 1)::uuid, md5('region ' || i % 40 + 1)::uuid, array['tag' || i % 30],
		timestamptz '2024-01-01' + i * interval '1 hour', timestamptz '2025-01-01' + i * interval '1 hour'
	from generate_series(1, 10000) i;
insert into legal_entity (id, code, name, is_active) select md5('entity ' || i)::uuid, 'E' || i, 'Entity ' || i, i % 10 > 0 from generate_series(1, 50) i;
insert into customer (id, code, name, partner_id, region_id, industry, tax_id)
	select md5('customer ' || i)::uuid, 'C' || i % 7777, case when i % 100 = 0 then '华为技术 ' else 'Customer ' end || i,
		case when i > 1000 then md5('partner ' || i % 1000 + 1)::uuid end, md5('region ' || i % 40 + 1)::uuid, 'Industry ' || i % 30, 'T' || i
	from generate_series(1, 20000) i;
insert into sales_record (id, partner_id, product_id, region_id, manager_id, import_id, created_at, sold_on, external_ref, source, order_ref, kind,
		status, quantity, unit_price, amount, currency, cost_currency, legal_entity_id, seller_id, customer_id, customer_region_id, deal_ref, returns_id)
	select md5('sale ' || i)::uuid, md5('partner ' || case when i % 10 = 0 then 1 when i % 10 = 1 then i / 10 % 1000 + 11 else i % 10000 + 1 end)::uuid,
		md5('product ' || i % 500 + 1)::uuid, md5('region ' || i % 40 + 1)::uuid, md5('member ' || i % 50 + 1)::uuid, md5('import ' || i / 5000)::uuid,
		timestamptz '2024-01-01' + i * interval '1 minute', date '2022-01-01' + i * 7919 % 1000, 'E' || i, case when i % 20 = 0 then 'erp' else 'default' end,
		'O' || i / 4, case when i % 5 = 0 then 'sell_through' else 'sell_in' end, case when i % 50 = 0 then 'void' else 'reported' end,
		i % 9 + 1, 12.5, 12.5 * (i % 9 + 1), (array['USD', 'EUR', 'USD', 'CNY'])[i / 10 % 4 + 1], 'USD',
		md5('entity ' || i / 10 % 20 + 1)::uuid, case when i % 30 = 0 then md5('partner ' || i % 7 * 10 + 20)::uuid end,
		case when i % 5 = 0 then md5('customer ' || i / 5 % 900 + 1)::uuid end, case when i % 5 = 0 then md5('region ' || i / 5 % 40 + 1)::uuid end,
		case when i % 50 = 0 then 'D' || i / 50 % 200 end, case when i % 100 = 0 then md5('sale ' || i / 100 % 50)::uuid end
	from generate_series(1, 100000) i;
insert into contact (id, partner_id, name)
	select md5('contact ' || i)::uuid, md5('partner ' || i % 1000 + 1)::uuid, 'Contact ' || i from generate_series(1, 5000) i;
insert into status_change (id, object_type, object_id, partner_id, from_status, to_status, changed_at)
	select md5('change ' || i)::uuid, 'partner', md5('partner ' || i % 1000 + 1)::uuid, md5('partner ' || i % 1000 + 1)::uuid, 'prospect', 'active', timestamptz '2024-01-01' + i * interval '1 hour'
	from generate_series(1, 5000) i;
insert into exchange_rate (id, from_currency, to_currency, date, type, rate)
	select md5('rate ' || i || c.code)::uuid, c.code, case c.code when 'USD' then 'EUR' else 'USD' end, date '2015-01-01' + i,
		case when i % 31 = 0 and c.code = 'CNY' then 'month_end' else 'spot' end, 1.1
	from generate_series(1, 4000) i, (values ('AUD'), ('CAD'), ('CNY'), ('EUR'), ('GBP'), ('JPY'), ('USD')) as c (code);
insert into calendar (id, code, name) select md5('calendar ' || i)::uuid, 'K' || i, 'Calendar ' || i from generate_series(1, 20) i;
insert into calendar_period (id, calendar_id, name, starts_on, ends_on)
	select md5('period ' || c.code || y.name)::uuid, c.id, y.name, y.starts_on, y.ends_on
	from calendar c, calendar_years('monthly', '2000-01-01', 2000, 2039, '{}') as y;
insert into quota (id, manager_id, period, amount, currency)
	select md5('quota ' || m || y || q || c)::uuid, md5('member ' || m)::uuid, y || '-Q' || q, 1000, c
	from generate_series(1, 50) m, generate_series(2000, 2039) y, generate_series(1, 4) q, unnest(array['USD', 'EUR']) c;
insert into period_lock (id, period, legal_entity_id, days, reopened_at, created_at)
	select md5('lock ' || i)::uuid, 'P' || i % 400, case when i % 3 = 0 then md5('entity ' || i % 50 + 1)::uuid end,
		daterange(date '2020-01-01' + i % 2000, date '2020-01-08' + i % 2000), case when i > 100 then now() end, timestamptz '2023-01-01' + i * interval '1 hour'
	from generate_series(1, 4000) i;
insert into status_change (id, object_type, object_id, partner_id, from_status, to_status, changed_at)
	select md5('sale change ' || i)::uuid, 'sales_record', md5('sale ' || i % 1000 + 1)::uuid, md5('partner 1')::uuid, 'reported', 'confirmed',
		timestamptz '2024-01-01' + i * interval '1 hour'
	from generate_series(1, 5000) i;
insert into caller_usage (id, caller_id, caller_kind, partner_id, day, requests, refusals, failures, bytes_sent)
	select md5('usage ' || i)::uuid, md5('key ' || i % 1000)::uuid, 'api_key', case when i % 2 = 0 then md5('partner ' || i % 1000 % 50 + 1)::uuid end,
		date '2026-01-01' + i / 1000, i, 0, 0, i
	from generate_series(1, 100000) i;
insert into token_subject (id, issuer, subject, name, created_at, updated_at)
	select md5('subject ' || i)::uuid, 'https://id.example', 'S' || i, 'Subject ' || i, timestamptz '2024-01-01' + i * interval '1 minute', now()
	from generate_series(1, 5000) i;
insert into api_key (id, name, role, prefix, secret_hash, token_subject_id)
	select md5('key ' || i)::uuid, 'Key ' || i, 'analyst', 'qd_', sha256(i::text::bytea), case when i % 3 = 0 then md5('subject ' || i % 30 + 1)::uuid end
	from generate_series(1, 300) i;
insert into export (id, list, format, gzip, bom, status, requested_by, created_at)
	select md5('export ' || i)::uuid, '/v1/regions', 'csv', false, false, 'succeeded', md5('key ' || i % 300)::uuid, timestamptz '2024-01-01' + i * interval '1 minute'
	from generate_series(1, 5000) i;
insert into job (id, name, description, every_ms, next_run_at)
	select md5('job ' || i)::uuid, 'J' || i, 'Job ' || i, 1000, now() from generate_series(1, 2000) i;
insert into import (id, resource, started_at, finished_at, rows, created, updated, unchanged, rejected, is_dry_run, is_atomic, is_posted)
	select md5('import ' || i)::uuid, 'sales-records', timestamptz '2024-01-01' + i * interval '1 hour', now(), 5000, 5000, 0, 0, 0, false, false, true
	from generate_series(0, 300) i;
insert into import_error (id, import_id, line, pointer, code, detail)
	select md5('error ' || i)::uuid, md5('import ' || i % 10)::uuid, i, '/sku', 'product_unknown', 'no such product' from generate_series(1, 20000) i;
insert into webhook (id, partner_id, url, secret_id, created_at)
	select md5('hook ' || i)::uuid, case when i = 2 then md5('partner 1')::uuid when i % 2 = 0 then md5('partner ' || i)::uuid end, 'https://example.com/' || i, md5('hook ' || i)::uuid,
		timestamptz '2024-01-01' + i * interval '1 hour'
	from generate_series(1, 3000) i;
insert into webhook_delivery (id, webhook_id, event_sequence, event_type, status, next_attempt_at, created_at)
	select md5('delivery ' || i)::uuid, md5('hook ' || case when i % 3 = 0 then 2 else i % 1000 + 1 end)::uuid, i, 'partner.created',
		(array['delivered', 'delivered', 'delivered', 'pending'])[i % 4 + 1], case when i % 4 = 3 then now() end,
		timestamptz '2024-01-01' + i * interval '1 minute'
	from generate_series(1, 30000) i;
update webhook_delivery set status = 'failed' where id in (select md5('delivery ' || i * 100)::uuid from generate_series(1, 300) i);
insert into audit_log (id, at, actor_id, operation, action, object_type, object_id)
	select md5('audit ' || i)::uuid, timestamptz '2024-01-01' + i * interval '1 minute', md5('key ' || i % 300 + 1)::uuid,
		(array['createPartner', 'updatePartner'])[i % 2 + 1], 'insert', (array['partner', 'contact'])[i % 2 + 1], md5('partner ' || i % 10000)::uuid
	from generate_series(1, 30000) i;
"""

PARTNER_ID = "md5('partner 1')::uuid"
VALUES = {
    "listPartners": {
        "code": "'P05000'",
        "status": "'active'",
        "type": "'dealer'",
        "tier": "'gold'",
        "country_code": "'CN'",
        "region_code": "'R2'",
        "manager_code": "'M7'",
        "parent_code": "'P00001'",
        "tag": "'tag7'",
        "q": "'华为'",
    },
    "listSalesRecords": {
        "partner_id": PARTNER_ID,
        "partner_code": "'P00001'",
        "product_id": "md5('product 11')::uuid",
        "sku": "'S11'",
        "region_code": "'R2'",
        "manager_code": "'M11'",
        "kind": "'sell_through'",
        "status": "'void'",
        "source": "'erp'",
        "external_ref": "'E770'",
        "order_ref": "'O75'",
        "currency": "'CNY'",
        "legal_entity_code": "'E7'",
        "seller_code": "'P00020'",
        "customer_id": "md5('customer 7')::uuid",
        "customer_region_code": "'R3'",
        "deal_ref": "'D7'",
        "returns_id": "md5('sale 7')::uuid",
        "import_id": "md5('import 7')::uuid",
        "sold_from": "'2023-06-01'",
        "sold_to": "'2023-06-30'",
    },
    "listProducts": {
        "sku": "'S7'",
        "category": "'Category 1'",
        "subcategory": "'Subcategory 3'",
        "is_active": "false",
        "q": "'uct 7'",
    },
    "listMembers": {"code": "'M7'", "is_active": "true", "q": "'ber 7'"},
    "listRegions": {"code": "'R7'", "parent_code": "'R1'", "q": "'ion 7'"},
    "listAuditLog": {
        "object_type": "'contact'",
        "object_id": PARTNER_ID,
        "actor_id": "md5('key 7')::uuid",
        "operation": "'createPartner'",
        "objects": "'partner contact'",
        "from": "'2024-01-08'",
        "to": "'2024-01-08T12:00:00Z'",
    },
    "listExchangeRates": {
        "from_currency": "'CNY'", "to_currency": "'EUR'", "type": "'month_end'", "date_from": "'2024-06-01'", "date_to": "'2024-06-30'",
    },
    "listLegalEntities": {"code": "'E7'", "is_active": "true", "q": "'ity 7'"},
    "listCustomers": {
        "code": "'C77'", "partner_code": "'P00001'", "region_code": "'R2'", "industry": "'Industry 7'", "tax_id": "'T777'", "q": "'华为'",
    },
    "listCalendars": {"code": "'K7'"},
    "listCalendarPeriods": {"calendar_code": "'K7'", "kind": "'quarter'", "name": "'FY2024-P03'", "day": "'2024-06-15'"},
    "listQuotas": {"manager_code": "'M7'", "period": "'2024-Q3'", "currency": "'EUR'"},
    "listPeriodLocks": {"period": "'P77'", "status": "'reopened'", "legal_entity_code": "'E7'", "day": "'2024-06-15'"},
    "listContacts": {},
    "listPartnerStatusChanges": {},
    "listSalesRecordStatusChanges": {},
    "listApiKeys": {"subject_id": "md5('subject 1')::uuid"},
    "listTokenSubjects": {"subject": "'S7'"},
    "listUsage": {"caller_id": "md5('key 7')::uuid", "partner_code": "'P00003'", "from": "'2026-03-01'", "to": "'2026-01-31'"},
    "listWebhooks": {"partner_code": "'P00004'"},
    "listWebhookDeliveries": {"webhook_id": "md5('hook 2')::uuid", "status": "'failed'"},
    "listImports": {},
    "listImportErrors": {},
    "listJobs": {},
    "listExports": {},
}
VALUES["listWebhookDeliveriesBelow"] = VALUES["listWebhookDeliveries"]
VALUES["listSalesRecordsBelow"] = VALUES["listSalesRecords"]
# These read all that they sum, whatever the plan; what they cost at size is for a benchmark to say.
REPORTS = {"listSalesAnalytics", "listQuotaAnalytics", "listAgreementProgress", "listPartnerRankings", "listEvaluationSummary", "listGoalAnalytics", "listObligationAnalytics", "listPartnerDuplicates", "listCoverageAnalytics"}
# What stands in the path, and where the second page begins.
GIVEN = {"listPartnerAncestors": "md5('partner 11')::uuid", "listImportErrors": "md5('import 7')::uuid", "listSalesRecordStatusChanges": "md5('sale 7')::uuid"}
CURSORS = {
    "depth": "1",
    "code": "'P05000'",
    "sku": "'S5'",
    "name": "'M'",
    "line": "500",
    "number": "1",
    "date": "'2024-06-15'",
    "starts_on": "'2024-06-01'",
    "period": "'2024-Q2'",
    "sold_on": "'2023-06-01'",
    "at": "'2024-01-10'",
    "created_at": "'2024-02-01'",
    "day": "'2026-02-01'",
    "updated_at": "'2025-06-01'",
    "changed_at": "'2024-02-01'",
    "started_at": "'2024-01-05'",
}


# The members that a filter of another name is about.
INSTEAD = {"as_of": ("valid_from", "starts_on"), "q": ("name",), "due_from": ("due_on",), "due_to": ("due_on",)}


def read_statements():
    """The statements of the resources by name, those that follow from the contract as well, as lines, with the fragments that they use."""
    statements = {}
    for path in [*(ROOT / "server/resources").glob("*/*.sql"), ROOT / "build/dev/woven/derived.sql"]:
        fragments = {}
        for kind, part in re.findall(r"^-- (name|fragment): (.*?)(?=^-- (?:name|fragment): |\Z)", path.read_text(), re.MULTILINE | re.DOTALL):
            name, *lines = re.sub(r"^\s*-- use: (\w+)\n", lambda used: "\n".join(fragments[used[1]]) + "\n", part, flags=re.MULTILINE).splitlines()
            (fragments if kind == "fragment" else statements)[name] = [line for line in lines if not line.startswith("--")]
    return statements


def parameters_of(line):
    return set(re.findall(r"(?<!:):([a-z_]+)", line))


def render(lines, names, sort):
    """What the server makes of a statement: lines of absent parameters and of other sorts are dropped, parameters are numbered."""
    kept = []
    for line in lines:
        code, _, mark = line.partition("  -- sort: ")
        if parameters_of(code) <= set(names) and mark in ("", sort):
            kept.append(code)
    return re.sub(r"(?<!:):([a-z_]+)", lambda found: f"${names.index(found[1]) + 1}", "\n".join(kept).rstrip().rstrip(";"))


def settings_of_pages():
    """How the lanes have pages planned."""
    text = (ROOT / "server/worker.c").read_text()
    return re.findall(r"-c (\w+)=(\w+)", text)


def narrow_filters():
    """By operation, the filters that lead to one index whatever their value."""
    text = "\n".join(path.read_text() for path in sorted((ROOT / "server/resources").glob("*/*.c")))
    found = re.findall(r"OPERATION\((\w+)\) = \{[^;]*?\.narrow_filters = \"([^\"]*)\"", text)
    return collections.defaultdict(set, {name: set(filters.split()) for name, filters in found})


STATEMENTS = read_statements()
NARROW = narrow_filters()


def filters_of(name):
    return parameters_of("\n".join(STATEMENTS[name])) - {"id", "limit", "cursor_key", "cursor_id"}


def table_of(name):
    found = re.search(r"^from (\w+) \w+$", "\n".join(STATEMENTS[name]), re.MULTILINE)
    return found and found[1]


# Lists of which nothing is said above: their tables are filled by the catalogue, and a row of theirs is what is looked for.
UNSAID = [name for name in STATEMENTS if name.startswith("list") and name not in {*VALUES, *REPORTS}]
PLAIN = {name: filters_of(name) for name in UNSAID if table_of(name)}
# What is listed below one object, of which only the id is asked.
BELOW_ONE = [name for name in UNSAID if not table_of(name)]
VALUES |= {name: {} for name in BELOW_ONE}
BIG_TABLES |= {table_of(name) for name in PLAIN} - SMALL_TABLES


def cases():
    for name, filters in {**VALUES, **PLAIN}.items():
        text = "\n".join(STATEMENTS[name])
        for sort in sorted(set(re.findall(r"-- sort: (\S+)", text))):
            for wanted in [None, *sorted(filters)]:
                yield pytest.param(name, wanted, sort, False, id=f"{name}-{wanted}-{sort}")
            yield pytest.param(name, None, sort, True, id=f"{name}-next_page-{sort}")


@pytest.fixture(scope="module")
def generated(database):
    owner = database.connect()
    cursor = owner.cursor()
    cursor.execute(GENERATED)
    tables = [table_of(name) for name in PLAIN]
    for name in BELOW_ONE:
        tables += re.findall(r"^left join (\w+) \w+ on", "\n".join(STATEMENTS[name]), re.MULTILINE)
    for table in dict.fromkeys(tables):
        cursor.execute(f"select exists (select from {table})")
        if table in map(table_of, PLAIN) or not cursor.fetchone()[0]:
            bulk.fill(cursor, table)
    cursor.execute("vacuum analyze")
    cursors = {
        "staff": database.connect("qudao_staff").cursor(),
        "partner": database.connect("qudao_partner", partner_id=md5_uuid(cursor, "partner 1")).cursor(),
    }
    for reader in cursors.values():
        for setting, value in settings_of_pages():
            reader.execute(f"set {setting} = {value}")
    return cursors


def md5_uuid(cursor, text):
    cursor.execute("select md5(%s)::uuid::text", (text,))
    return cursor.fetchone()[0]


def nodes_of(plan):
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes_of(child)


def explain(cursor, name, values, sort):
    """Runs the statement as the lanes do, planned once for all values where the server says so, and returns its plan."""
    filters = set(values) - {"id", "cursor_key", "cursor_id"}
    mode = "force_generic_plan" if filters and filters <= NARROW[name.removesuffix("Below")] else "force_custom_plan"
    cursor.execute(f"set plan_cache_mode = {mode}")
    names = [n for n in (*values, "limit") if n in parameters_of("\n".join(STATEMENTS[name]))]
    text = render(STATEMENTS[name], names, sort)
    arguments = ", ".join({**values, "limit": str(PAGE)}[n] for n in names)
    cursor.execute(f"prepare list as {text}")
    try:
        cursor.execute(f"explain (analyze, buffers, timing off, format json) execute list ({arguments})")
        answer = cursor.fetchone()[0]
    finally:
        cursor.execute("deallocate list")
    return (answer if isinstance(answer, list) else json.loads(answer))[0]["Plan"]


def assert_frugal(plan, sorted_rows_max, buffers_max):
    nodes = list(nodes_of(plan))
    scanned = {n["Relation Name"] for n in nodes if n["Node Type"] == "Seq Scan" and n["Actual Loops"] > 0} & BIG_TABLES
    sorted_rows = max(
        (n["Plans"][0]["Actual Rows"] for n in nodes if n["Node Type"] in ("Sort", "Incremental Sort")), default=0
    )

    assert scanned == set()
    assert sorted_rows <= sorted_rows_max
    assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] <= buffers_max


def some_row(cursor, name):
    """A row from the middle of the list, as SQL has its values."""
    sort = re.search(r"-- sort: (\S+)", "\n".join(STATEMENTS[name]))[1]
    cursor.execute(render(STATEMENTS[name], ["limit"], sort).replace("$1", str(bulk.ROWS // 2)))
    row = cursor.fetchall()[-1]._asdict()
    return {member: cursor.mogrify("%s", (value,)).decode() for member, value in row.items() if not isinstance(value, (dict, list))}


def values_of(cursor, name, sort, wanted, is_next_page):
    """What a request for a page brings."""
    values = {"id": GIVEN.get(name, PARTNER_ID)}
    row = some_row(cursor, name) if name in PLAIN else {}
    if wanted is not None:
        values[wanted] = VALUES[name][wanted] if name in VALUES else row[next(name for name in INSTEAD.get(wanted, (wanted,)) if name in row)]
    if is_next_page:
        key = sort.lstrip("-")
        values["cursor_key"], values["cursor_id"] = row[key] if row else CURSORS[key], "'80000000-0000-0000-0000-000000000000'"
    return values


@pytest.mark.parametrize("name, wanted, sort, is_next_page", cases())
def test_a_page_of_a_list_comes_from_an_index(generated, name, wanted, sort, is_next_page):
    is_below = name.endswith("Below")
    cursor = generated["partner" if is_below else "staff"]
    values = values_of(cursor, name, sort, wanted, is_next_page)

    plan = explain(cursor, name, values, sort)

    assert_frugal(
        plan, SORTED_ROWS_BELOW_MAX if is_below else SORTED_ROWS_MAX, BUFFERS_BELOW_MAX if is_below else BUFFERS_MAX
    )
    assert plan["Actual Rows"] > 0 or is_next_page


@pytest.mark.parametrize("sort", ["-sold_on", "-created_at"])
@pytest.mark.parametrize("wanted", sorted(set(VALUES["listSalesRecords"]) - {"partner_id", "partner_code"}))
def test_a_filter_within_a_large_partner_comes_from_an_index(generated, wanted, sort):
    filters = VALUES["listSalesRecords"]

    plan = explain(generated["staff"], "listSalesRecords", {"partner_id": PARTNER_ID, wanted: filters[wanted]}, sort)

    assert_frugal(plan, PARTNER_ROWS // 2, PARTNER_ROWS)


@pytest.mark.parametrize("wanted", [None, "code", "status", "region_code", "tag", "q"])
def test_a_partner_lists_those_below_it_without_reading_the_others(generated, wanted):
    values = (
        {} if wanted is None else {wanted: {**VALUES["listPartners"], "code": "'P00011'", "q": "'Company 1'"}[wanted]}
    )

    plan = explain(generated["partner"], "listPartners", values, "code")

    assert_frugal(plan, SORTED_ROWS_MAX, BUFFERS_MAX)


def test_what_is_planned_once_is_a_filter_of_its_list():
    assert NARROW["listSalesRecords"]
    for name, filters in NARROW.items():
        assert filters <= filters_of(name), name


def test_every_filter_of_a_list_is_measured_here():
    for name in VALUES:
        assert set(VALUES[name]) == filters_of(name), name
