"""The server's statements as pgbench and the peer run them."""
import re

from subjects import ROOT


def statement(file, name, parameters, sort=None):
    """A statement of the server without the lines of absent parameters, and its parameters in the order of `parameters`."""
    text = (ROOT / file).read_text()
    body = re.search(rf"^-- name: {name}\n((?!-- name:).*\n)*", text, re.M)[0].strip().rstrip(";")
    lines = []
    for line in body.splitlines():
        if line.startswith("--"):
            continue
        kept, _, wanted = line.partition("-- sort:")
        named = set(re.findall(r"(?<!:):([a-z_]+)", kept))
        if (wanted and wanted.strip() != sort) or not named <= set(parameters):
            continue
        lines.append(kept.rstrip())
    return re.sub(r"(?<!:):([a-z_]+)", lambda found: f"${parameters.index(found[1]) + 1}", "\n".join(lines))


def settings_of_pages():
    """How the server has its reads planned, as options of a connection."""
    return " ".join(re.findall(r"-c \w+=\w+", (ROOT / "server/worker.c").read_text()))


def statements_of_the_server():
    return {
        "setIdentity": statement("server/identity/identity.sql", "setIdentity", IDENTITY),
        "getPartner": statement("build/release/woven/derived.sql", "getPartner", ["ids"]),
        "listSalesRecords": statement("server/resources/sales_records/sales_records.sql", "listSalesRecords", ["partner_id", "limit"], "-sold_on"),
        "createSalesRecord": statement("server/resources/sales_records/sales_records.sql", "createSalesRecord", ["bodies", "new_ids", "now"]),
        "getSalesRecord": statement("server/resources/sales_records/sales_records.sql", "getSalesRecord", ["ids"]),
    }


PARTNER = "(select b.id from bench.partner b where b.n = :n)"
NEW_ID = "('00000000-' || substr(lpad(to_hex(:m::bigint), 12, '0'), 1, 4) || '-7' || substr(lpad(to_hex(:m::bigint), 12, '0'), 5, 3) || '-8000-' || lpad(to_hex(:m::bigint), 12, '0'))::uuid"
BODY = f"""jsonb_build_array(jsonb_build_object('partner_id', {PARTNER}, 'sku', 'S7', 'sold_on', '2026-03-01', 'quantity', '3', 'unit_price', '19.90', 'currency', 'USD'))"""


IDENTITY = ["actor_id", "actor_name", "partner_id", "manager_id", "role", "operation", "import_id", "request_id", "request_ids", "plan"]


def pgbench_scripts(statements):
    """What pgbench runs: who asks and the statement, in one pipeline, so one Sync, as the server does it. The list makes its JSON in PostgreSQL."""
    def bind(name, *values):
        text = statements[name]
        for i, value in reversed(list(enumerate(values, 1))):
            text = text.replace(f"${i}", value)
        return text

    def one(*calls, plan="auto"):
        identity = bind("setIdentity", ":actor", ":name", "''", "''", "'admin'", ":name", "''", ":name", "''", f"'{plan}'")
        return ("\\set n random(1, :partners)\n\\set m random(1, 140737488355327)\n\\startpipeline\n"
                + ";\n".join([identity, *calls]) + ";\n\\endpipeline\n")

    return {
        "get_partner": one(bind("getPartner", f"array[{PARTNER}]")),
        "list_sales": one(f"select json_agg(t) from ({bind('listSalesRecords', PARTNER, '51')}) as t", plan="force_generic_plan"),
        "create_sale": one(bind("createSalesRecord", BODY, f"array[{NEW_ID}]", "clock_timestamp()"), bind("getSalesRecord", f"array[{NEW_ID}]")),
    }
