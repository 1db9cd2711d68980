"""What every table, column, function and constraint has: the catalogue is the list of what there is."""
import os
import re
import subprocess

import pytest

from support.cluster import BINARY, ROOT

# Derived, technical, or a log itself: nobody needs to know who changed them.
UNAUDITED = {
    "agreement_goal_period",
    "agreement_scope",
    "api_key_use",
    "audit_log",
    "caller_usage",
    "caller_usage_flush",
    "event",
    "event_trim",
    "export",
    "export_chunk",
    "idempotency_key",
    "import",
    "import_chunk",
    "import_error",
    "job",
    "partner_closure",
    "region_span",
    "rollup_check_progress",
    "sales_delta",
    "sales_rollup",
    "sales_rollup_day",
    "sales_rollup_month",
    "sales_rollup_partner",
    "sales_rollup_partner_month",
    "sales_rollup_product_month",
    "sales_rollup_total",
    "schema_migration",
    "scorecard_revision",
    "server_secret",
    "status_change",
    "status_move",
    "timer",
    "timer_rule",
    "token_subject_use",
    "told_column",
    "webhook_cursor",
    "webhook_delivery",
    "webhook_state",
}
# Written by the migrations themselves, before there are policies; partners have no right to it.
WITHOUT_ROW_SECURITY = {"schema_migration"}
# Run with the owner's rights because nobody else may touch the logs, another's timers, what a signature moves, or the market of which one sees a share.
WITH_OWNERS_RIGHTS = {"agreement_move", "agreement_scope_follow", "contact_erase", "goal_market", "timer_set"}


def names(rows):
    return {row[0] for row in rows}


def test_every_table_is_opened_by_the_access_of_its_room(sql):
    """One that no access.sql names is closed, to the server's own roles as well."""
    closed = sql(
        "select c.relname from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')"
        " and not exists (select from pg_policy p where p.polrelid = c.oid and p.polname <> 'owner_all')"
    )

    assert names(closed) == WITHOUT_ROW_SECURITY


def test_every_table_has_row_security_enabled_and_forced(sql):
    open_tables = sql(
        "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')"
        " and not (relrowsecurity and relforcerowsecurity)"
    )

    assert names(open_tables) == WITHOUT_ROW_SECURITY


def test_every_table_and_column_has_a_comment(sql):
    silent = sql(
        "select c.relname || '.' || a.attname from pg_class c"
        " join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped"
        " where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm')"
        " and coalesce(col_description(c.oid, a.attnum), '') = ''"
        " union all select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm')"
        " and coalesce(obj_description(oid, 'pg_class'), '') = ''"
    )

    assert names(silent) == set()


def test_every_table_that_people_change_is_audited(sql):
    tables = names(
        sql("select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')")
    )
    audited = {}
    for table, trigger in sql(
        "select c.relname, t.tgname from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_proc f on f.oid = t.tgfoid"
        " where f.proname = 'audit_write' and t.tgenabled = 'O'"
    ):
        audited.setdefault(table, set()).add(trigger)

    assert set(audited) == tables - UNAUDITED
    assert all(triggers == {"audit_insert", "audit_update", "audit_delete"} for triggers in audited.values())


def test_every_audited_table_is_opened_by_a_room(sql):
    """Whoever reads the room may read of it in the logs; of others, administrators only."""
    rooms = " ".join(path.read_text() for path in (ROOT / "server/resources").glob("*/access.sql"))
    opened = set(re.findall(r"access_(?:shared|of_partner|begin)\('(\w+)'", rooms))
    audited = names(sql("select tgrelid::regclass::text from pg_trigger where tgname = 'audit_insert'"))

    assert audited and audited - opened == set()


def test_no_log_keeps_a_secret(sql):
    """By the names that such columns have; which are kept out is said by the contract (x-sensitive)."""
    kept = sql(
        "select c.relname || '.' || a.attname from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_attribute a on a.attrelid = c.oid"
        " where t.tgname in ('audit_insert', 'audit_update', 'audit_delete') and a.attname ~ 'secret|hash|password|credential'"
        " and a.atttypid <> 'timestamptz'::regtype and pg_get_triggerdef(t.oid) !~ ('[{,]' || a.attname || '[},]')"
    )

    assert names(kept) == set()


def test_partners_read_neither_logs_nor_secrets(sql):
    closed = {"audit_log", "server_secret", "schema_migration"}
    readable = names(
        sql(
            "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')"
            " and has_any_column_privilege('qudao_partner', oid, 'select')"
        )
    )

    assert readable & closed == set()


def test_of_a_key_partners_read_all_but_the_hash_of_its_secret(sql):
    hidden = names(
        sql(
            "select attname from pg_attribute where attrelid = 'api_key'::regclass and attnum > 0 and not attisdropped"
            " and not has_column_privilege('qudao_partner', attrelid, attnum, 'select')"
        )
    )

    assert hidden == {"secret_hash"}


def test_of_a_key_partners_change_only_when_it_ends(sql):
    changing = names(
        sql(
            "select attname from pg_attribute where attrelid = 'api_key'::regclass and attnum > 0 and not attisdropped"
            " and has_column_privilege('qudao_partner', attrelid, attnum, 'update')"
        )
    )

    assert changing == {"expires_at", "revoked_at", "replaced_by_id", "version", "updated_at"}


def test_the_two_roles_own_nothing_and_pass_no_policy(sql):
    assert sql("select relname from pg_class where pg_get_userbyid(relowner) in ('qudao_staff', 'qudao_partner')") == []
    assert (
        sql(
            "select rolname from pg_roles where rolname in ('qudao_staff', 'qudao_partner') and (rolsuper or rolbypassrls or rolcanlogin)"
        )
        == []
    )


def test_without_a_partner_the_partner_role_sees_nothing_that_belongs_to_one(database, sql):
    """By the policies that ask for the partner of the caller."""
    owned = names(
        sql("select tablename::text from pg_policies where roles = '{qudao_partner}' and cmd in ('SELECT', 'ALL') and qual ~ 'partner'")
    )
    cursor = database.connect("qudao_partner").cursor()

    assert len(owned) > 10
    for table in owned:
        cursor.execute(f"select count(*) from {table}")
        assert cursor.fetchone()[0] == 0, table


def test_every_policy_is_for_one_role(sql):
    shared = sql(
        "select policyname, roles::text from pg_policies where schemaname = 'public' and (array_length(roles, 1) <> 1 or 'public' = any (roles))"
    )

    assert shared == []


def test_functions_run_with_the_rights_of_the_caller_and_say_where_they_look(sql):
    functions = sql(
        "select p.proname, p.prosecdef, l.lanname, p.proconfig::text as settings, obj_description(p.oid, 'pg_proc') as comment"
        " from pg_proc p join pg_language l on l.oid = p.prolang where p.pronamespace = 'public'::regnamespace"
    )

    assert {f.proname for f in functions if f.prosecdef} == WITH_OWNERS_RIGHTS
    # Functions in plain SQL must be inlined, which a setting forbids.
    assert {f.proname for f in functions if f.lanname != "sql" and "search_path" not in (f.settings or "")} == set()
    assert {f.proname for f in functions if not f.comment} == set()


def test_references_are_found_through_an_index(sql):
    scanned = sql(
        "select c.conrelid::regclass::text || ' ' || c.conname from pg_constraint c"
        " where c.contype = 'f' and c.connamespace = 'public'::regnamespace and not exists ("
        "select from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0] where i.indrelid = c.conrelid and i.indkey[0] = c.conkey[1]"
        " and (i.indpred is null or pg_get_expr(i.indpred, i.indrelid) = '(' || a.attname || ' IS NOT NULL)'))"
    )

    assert names(scanned) == set()


def test_the_audit_log_only_grows(database):
    owner = database.connect().cursor()
    owner.execute(
        "insert into audit_log (id, at, action, object_type) values (gen_random_uuid(), now(), 'insert', 'region')"
    )

    for change in ("update audit_log set action = 'none'", "delete from audit_log", "truncate audit_log"):
        try:
            owner.execute(change)
        except Exception as refusal:
            assert refusal.pgcode == "42501"
        else:
            raise AssertionError(f"{change} was let through")


def test_statements_and_contract_fit_the_database(database):
    check = subprocess.run(
        [BINARY, "check", "--database"],
        env={**os.environ, "QUDAO_DATABASE_URL": database.url},
        capture_output=True,
        text=True,
    )

    assert check.returncode == 0, check.stdout + check.stderr


def test_migrating_again_changes_nothing(database, sql):
    state = "select md5(string_agg(oid::text || xmin::text, ',' order by oid)) from pg_proc where pronamespace = 'public'::regnamespace"
    before = sql(state)

    migrated = subprocess.run(
        [BINARY, "migrate"], env={**os.environ, "QUDAO_DATABASE_URL": database.url}, capture_output=True, text=True
    )

    assert migrated.returncode == 0, migrated.stderr
    assert sql(state) == before


STAGED = re.findall(r"import_stage\('(\w+)', '{([\w,]+)}'\)", (ROOT / "build/dev/woven/derived.sql").read_text())


@pytest.mark.parametrize("table, members", STAGED)
def test_what_a_file_may_bring_has_a_column(sql, table, members):
    """A reference may come by code; of a member without a column, an import would lose what the file says."""
    columns = names(sql("select attname from pg_attribute where attrelid = %s::regclass and attnum > 0 and not attisdropped", table))
    by_code = {f"{column.removesuffix('_id')}_code" for column in columns if column.endswith("_id")}

    assert set(members.split(",")) - columns - by_code == set()
    keys = sql("select count(*) from pg_index i join pg_class c on c.oid = i.indexrelid where i.indrelid = %s::regclass and i.indisunique and c.relname like '%%\\_taken'", table)
    assert keys[0][0] == 1, "the natural key by which an import knows a row is the one unique index that is named after the problem …_taken"
