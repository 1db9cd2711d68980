"""Measures the server against pgbench, \\copy and a peer, on one machine, in turns: script/bench [--quick]."""
import argparse
import contextlib
import csv
import io
import json
import os
import pathlib
import random
import re
import resource
import signal
import statistics
import subprocess
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = ROOT / "tests/bench"
KEY = "qd_bench_admin_key_of_the_benchmark_0001"
PORT, PEER_PORT = 8190, 8191
TICKS = os.sysconf("SC_CLK_TCK")
REGIONS, PRODUCTS, MEMBERS = 40, 200, 40


class Sizes:
    """How much of everything: a look, or the whole."""

    def __init__(self, is_quick):
        self.partners = 10_000 if is_quick else 100_000
        self.sales = 100_000 if is_quick else 1_000_000
        self.rounds = 3
        self.seconds = 3 if is_quick else 10
        self.connections = [64] if is_quick else [64, 1, 16, 256]


# The server, its PostgreSQL and the peer


class Server:
    """The release build on an embedded PostgreSQL of its own."""

    def __init__(self, directory):
        self.directory = directory
        environment = {
            **os.environ, "QUDAO_DATA": f"{directory}/data", "QUDAO_PORT": str(PORT), "QUDAO_DEMO": "0", "QUDAO_ADMIN_KEY": KEY,
        }
        started = time.monotonic()
        self.log = open(f"{directory}/log", "wb")
        self.process = subprocess.Popen([ROOT / "build/release/qudao", "serve"], env=environment, stdout=self.log, stderr=self.log)
        while not self.is_ready():
            assert self.process.poll() is None, "the server did not start"
            time.sleep(0.005)
        self.start_s = time.monotonic() - started

    def is_ready(self):
        try:
            return self.ask("GET", "/readyz").status == 200
        except OSError:
            return False

    def ask(self, method, path, body=None, **headers):
        request = urllib.request.Request(f"http://127.0.0.1:{PORT}{path}", body, method=method)
        for name, value in {"Authorization": f"Bearer {KEY}", **headers}.items():
            request.add_header(name.replace("_", "-"), value)
        return urllib.request.urlopen(request, timeout=1800)

    def get(self, path):
        return json.load(self.ask("GET", path))

    def post_file(self, resource_name, path, media_type):
        started = time.monotonic()
        with open(path, "rb") as file:
            answer = self.ask("POST", f"/v1/{resource_name}/import", file, Content_Type=media_type, Content_Length=str(os.path.getsize(path)))
        report = json.load(answer)
        assert report["rejected"] == 0, report["errors"][:3]
        return report, time.monotonic() - started

    def database_url(self):
        return f"postgresql://qudao@/qudao?host={self.directory}/data/socket"

    def memory_mb(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        self.log.close()


@contextlib.contextmanager
def peer(server, statements):
    """Two processes of Node, as the server has two workers."""
    subprocess.run(["npm", "ci", "--loglevel=error"], cwd=HERE / "peer", check=True, stdout=subprocess.DEVNULL)
    file = pathlib.Path(server.directory) / "statements.json"
    file.write_text(json.dumps(statements))
    command = ["node", "peer.js", f"{server.directory}/data/socket", str(PEER_PORT), str(file), str(os.cpu_count())]
    process = subprocess.Popen(command, cwd=HERE / "peer", start_new_session=True)
    try:
        for _ in range(200):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{PEER_PORT}/v1/partners/{server.ids[0]}")
                break
            time.sleep(0.05)
        yield process
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def psql(server, *commands):
    arguments = [word for command in commands for word in ("-c", command)]
    done = subprocess.run(["psql", "-qAtX", "-v", "ON_ERROR_STOP=1", server.database_url(), *arguments], check=True, capture_output=True, text=True)
    return done.stdout


# Data


def write_csv(path, header, rows):
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)


def make_channel(server, sizes):
    """Regions, products, members and partners, by the server's own import."""
    directory, chance = server.directory, random.Random(1)
    names = ["华信", "远东", "Northwind", "Contoso", "天元", "Alpine", "海通", "Fabrikam", "正泰", "Litware"]
    files = {
        "regions": (["code", "name"], ([f"R{i}", f"Region {i}"] for i in range(REGIONS))),
        "products": (["sku", "name", "category"], ([f"S{i}", f"Product {i}", f"Category {i % 5}"] for i in range(PRODUCTS))),
        "members": (["code", "name", "region_code"], ([f"M{i}", f"Member {i}", f"R{i % REGIONS}"] for i in range(MEMBERS))),
        "partners": (
            ["code", "name", "type", "tier", "region_code", "manager_code"],
            ([f"P{i:06}", f"{chance.choice(names)}{chance.choice('科技贸易通达')}{i}", "reseller", "silver", f"R{i % REGIONS}", f"M{i % MEMBERS}"]
             for i in range(sizes.partners))),
    }
    for name, (header, rows) in files.items():
        write_csv(f"{directory}/{name}.csv", header, rows)
        server.post_file(name, f"{directory}/{name}.csv", "text/csv")
    rates = ([c, f"{2024 + d // 366}-{1 + d % 366 // 31:02}-{1 + d % 28:02}", f"{rate:.6f}"] for c, rate in (("CNY", 0.139), ("EUR", 1.08)) for d in range(0, 1000, 5))
    unique = {(row[0], row[1]): row for row in rates}
    write_csv(f"{directory}/rates.csv", ["currency", "date", "usd_per_unit"], unique.values())
    server.post_file("exchange-rates", f"{directory}/rates.csv", "text/csv")


def sales_rows(count, prefix):
    chance = random.Random(2)
    for i in range(count):
        quantity, price = chance.randint(1, 20), chance.randint(100, 99999)
        partner = int(1000 * chance.random() ** 2)
        day = f"{chance.choice((2024, 2025))}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"
        yield [f"{prefix}{i}", day, f"P{partner:06}", f"S{chance.randrange(PRODUCTS)}", quantity, f"{price / 100:.2f}", f"{quantity * price / 100:.2f}",
               ("USD", "EUR", "CNY")[partner % 3], f"O{i // 4}"]


SALES_HEADER = ["external_ref", "sold_on", "partner_code", "sku", "quantity", "unit_price", "amount", "currency", "order_ref"]


# Statements, as the server runs them


def statement(file, name, parameters, sort=None):
    """A statement of the server without the lines of absent parameters, and its parameters in the order of `parameters`."""
    text = (ROOT / "server" / file).read_text()
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


def statements_of_the_server():
    return {
        "getPartner": statement("resources/partners.sql", "getPartner", ["ids"]),
        "listSalesRecords": statement("resources/sales_records.sql", "listSalesRecords", ["partner_id", "limit"], "-sold_on"),
        "createSalesRecord": statement("resources/sales_records.sql", "createSalesRecord", ["body", "new_id", "now"]),
        "getSalesRecord": statement("resources/sales_records.sql", "getSalesRecord", ["ids"]),
    }


IDENTITY = """select set_config('app.actor_id', :actor, true), set_config('app.actor_name', :name, true), set_config('app.partner_id', '', true),
	set_config('app.manager_id', '', true), set_config('app.role', 'admin', true), set_config('app.operation', :name, true),
	set_config('app.import_id', '', true), set_config('application_name', :name, true);"""
PARTNER = "(select b.id from bench.partner b where b.n = :n)"
NEW_ID = "('00000000-' || substr(lpad(to_hex(:m::bigint), 12, '0'), 1, 4) || '-7' || substr(lpad(to_hex(:m::bigint), 12, '0'), 5, 3) || '-8000-' || lpad(to_hex(:m::bigint), 12, '0'))::uuid"
BODY = f"""jsonb_build_object('partner_id', {PARTNER}, 'sku', 'S7', 'sold_on', '2026-03-01', 'quantity', '3', 'unit_price', '19.90', 'currency', 'USD')"""


def pgbench_scripts(statements):
    """What pgbench runs: who asks and the statement, in one pipeline, so one Sync, as the server does it. The list makes its JSON in PostgreSQL."""
    def one(*calls):
        return "\\set n random(1, :partners)\n\\set m random(1, 140737488355327)\n\\startpipeline\n" + IDENTITY + "\n" + ";\n".join(calls) + ";\n\\endpipeline\n"

    def bind(name, *values):
        text = statements[name]
        for i, value in enumerate(values, 1):
            text = text.replace(f"${i}", value)
        return text

    return {
        "get_partner": one(bind("getPartner", f"array[{PARTNER}]")),
        "list_sales": one(f"select json_agg(t) from ({bind('listSalesRecords', PARTNER, '51')}) as t"),
        "create_sale": one(bind("createSalesRecord", BODY, NEW_ID, "clock_timestamp()"), bind("getSalesRecord", f"array[{NEW_ID}]")),
    }


# Load


def cpu_s(pids):
    """Processor time of processes and of their children, as far as they live."""
    total, wanted = 0, set(pids)
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, IndexError):
            fields = stat.read_text().rpartition(")")[2].split()
            if int(stat.parent.name) in wanted or int(fields[1]) in wanted:
                total += int(fields[11]) + int(fields[12])
    return total / TICKS


def postmaster(server):
    return int(pathlib.Path(f"{server.directory}/data/postgres/postmaster.pid").read_text().split()[0])


def wrk(server, operation, port, connections, seconds):
    environment = {**os.environ, "OPERATION": operation, "KEY": KEY, "IDS": f"{server.directory}/ids"}
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", HERE / "load.lua", f"http://127.0.0.1:{port}"]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    figures = json.loads(done.stdout.splitlines()[-1])
    assert figures["errors"] == 0, f"{operation}: {figures}"
    return {"rps": figures["requests"] / figures["seconds"], **figures}


def pgbench(server, operation, script, seconds):
    """The best of two numbers of clients: more pay off where commits wait for the disk."""
    path = pathlib.Path(server.directory) / f"{operation}.pgbench"
    path.write_text(script)
    environment = {**os.environ, "PGOPTIONS": "-c role=qudao_staff -c jit=off"}
    best = 0
    for clients in (8, 32):
        command = ["pgbench", "-n", "-M", "prepared", "-c", str(clients), "-j", "1", "-T", str(seconds), "-f", path, "-D", f"partners={len(server.ids)}",
                   "-D", "actor=01a00000-0000-7000-8000-000000000001", "-D", "name=bench", server.database_url()]
        done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
        best = max(best, float(re.search(r"tps = ([\d.]+)", done.stdout)[1]))
    return best


def measured(server, operation, connections, seconds):
    pids = {"server": [server.process.pid], "postgres": [postmaster(server)]}
    before = {name: cpu_s(of) for name, of in pids.items()}
    load_before = resource.getrusage(resource.RUSAGE_CHILDREN)
    figures = wrk(server, operation, PORT, connections, seconds)
    load = resource.getrusage(resource.RUSAGE_CHILDREN)
    for name, of in pids.items():
        figures[f"{name}_cpu_us"] = (cpu_s(of) - before[name]) * 1e6 / figures["requests"]
    figures["load_cpu_us"] = (load.ru_utime + load.ru_stime - load_before.ru_utime - load_before.ru_stime) * 1e6 / figures["requests"]
    return figures


def compare(server, sizes, scripts):
    """Server, pgbench and peer in turns; medians of the ratios of each turn."""
    results = {}
    for operation, script in scripts.items():
        rounds = []
        for _ in range(sizes.rounds):
            ours = measured(server, operation, 64, sizes.seconds)
            theirs = wrk(server, operation, PEER_PORT, 64, sizes.seconds)["rps"]
            plain = pgbench(server, operation, script, sizes.seconds)
            rounds.append({**ours, "pgbench_tps": plain, "peer_rps": theirs, "vs_pgbench": ours["rps"] / plain, "vs_peer": ours["rps"] / theirs})
        results[operation] = {name: statistics.median(one[name] for one in rounds) for name in rounds[0] if name not in ("requests", "seconds", "errors")}
        results[operation]["by_connections"] = {
            str(c): {"rps": figures["rps"], "p50_ms": figures["p50_ms"], "p99_ms": figures["p99_ms"]}
            for c in sizes.connections[1:] for figures in [wrk(server, operation, PORT, c, sizes.seconds)]}
    return results


def check_answers(server, statements):
    """Nothing is compared whose answers differ."""
    partner = server.ids[0]
    for base in (PORT, PEER_PORT):
        def ask(path, body=None):
            request = urllib.request.Request(f"http://127.0.0.1:{base}{path}", body)
            request.add_header("Authorization", f"Bearer {KEY}")
            request.add_header("Content-Type", "application/json")
            return json.load(urllib.request.urlopen(request))

        code = psql(server, f"select code from partner where id = '{partner}'").strip()
        expected = psql(server, f"select s.id from sales_record s where s.partner_id = '{partner}' order by s.sold_on desc, s.id desc limit 50").split()
        assert ask(f"/v1/partners/{partner}")["code"] == code
        assert [sale["id"] for sale in ask(f"/v1/sales-records?partner_id={partner}")["data"]] == expected
        body = {"partner_id": partner, "sku": "S7", "sold_on": "2026-03-01", "quantity": "3", "unit_price": "19.90", "currency": "USD"}
        sale = ask("/v1/sales-records", json.dumps(body).encode())
        assert psql(server, f"select amount from sales_record where id = '{sale['id']}'").strip() == "59.7000"


def bulk(server, sizes):
    """Imports and exports against \\copy of the same rows into and out of the same table, in one round."""
    directory, results = server.directory, {}
    memory_before = server.memory_mb()
    for name, media_type in (("import_csv", "text/csv"), ("import_ndjson", "application/x-ndjson")):
        path = f"{directory}/{name}"
        if media_type == "text/csv":
            write_csv(path, SALES_HEADER, sales_rows(sizes.sales, "A"))
        else:
            with open(path, "w") as file:
                for row in sales_rows(sizes.sales, "B"):
                    file.write(json.dumps(dict(zip(SALES_HEADER, map(str, row)))) + "\n")
        report, seconds = server.post_file("sales-records", path, media_type)
        assert report["created"] == sizes.sales
        results[name] = {"rows_per_s": sizes.sales / seconds, "memory_growth_mb": server.memory_mb() - memory_before}
    columns = psql(server, "select string_agg(attname, ', ' order by attnum) from pg_attribute where attrelid = 'sales_record'::regclass and attnum > 0 and not attisdropped").strip()
    others = columns.replace("id, ", "", 1)
    psql(server, f"\\copy (select gen_random_uuid(), {others} from sales_record where external_ref like 'A%' order by external_ref) to '{directory}/rows.copy'".replace("external_ref,", "'C' || external_ref,", 1))
    started = time.monotonic()
    psql(server, "begin", "select set_config('app.import_id', 'bench', true)", f"\\copy sales_record ({columns}) from '{directory}/rows.copy'", "commit")
    copy_rows = sizes.sales / (time.monotonic() - started)
    for name in ("import_csv", "import_ndjson"):
        results[name]["vs_copy"] = results[name]["rows_per_s"] / copy_rows
    started = time.monotonic()
    answer = server.ask("GET", "/v1/sales-records?import_id=" + psql(server, "select id from import where resource = 'sales-records' order by id limit 1").strip(), Accept="text/csv")
    answer.read(1)
    first_byte_s = time.monotonic() - started
    rows = sum(chunk.count(b"\n") for chunk in iter(lambda: answer.read(1 << 20), b"")) - 1
    export_rows = rows / (time.monotonic() - started)
    started = time.monotonic()
    psql(server, f"\\copy (select * from sales_record where external_ref like 'A%' order by sold_on desc, id desc) to '{directory}/out.csv' csv header")
    results["export_csv"] = {"rows_per_s": export_rows, "first_byte_ms": first_byte_s * 1e3, "vs_copy": export_rows / (sizes.sales / (time.monotonic() - started))}
    return results


REPORTS = ["group_by=month", "group_by=region", "group_by=manager", "group_by=kind", "group_by=currency", "currency=USD", "currency=USD&group_by=month",
           "currency=USD&group_by=region", "group_by=month&partner_code=P000000", "group_by=partner", "group_by=product", "group_by=category,month"]


def wait_for_fold(server):
    while int(psql(server, "select count(*) from sales_delta")) > 0:
        time.sleep(0.5)
    psql(server, "vacuum analyze")


def times_of(server, paths, times=7):
    def once(path):
        started = time.monotonic()
        server.ask("GET", path).read()
        return (time.monotonic() - started) * 1e3

    return {path: statistics.median(once(path) for _ in range(times)) for path in paths}


def memory(server):
    """With 256 connections that have asked once and stay."""
    import http.client
    before, kept = server.memory_mb(), []
    for _ in range(256):
        connection = http.client.HTTPConnection("127.0.0.1", PORT)
        connection.request("GET", f"/v1/partners/{server.ids[0]}", headers={"Authorization": f"Bearer {KEY}"})
        connection.getresponse().read()
        kept.append(connection)
    return {"before_mb": before, "with_256_connections_mb": server.memory_mb()}


# The report


def table(report):
    lines = ["| operation | requests/s | p50 ms | p99 ms | × pgbench | × Fastify | CPU µs: server, PostgreSQL, load |", "| --- | --- | --- | --- | --- | --- | --- |"]
    for name in ("get_partner", "list_sales", "create_sale"):
        r = report[name]
        lines.append(f"| {name} | {r['rps']:,.0f} | {r['p50_ms']:.1f} | {r['p99_ms']:.1f} | {r['vs_pgbench']:.2f} | {r['vs_peer']:.2f} |"
                     f" {r['server_cpu_us']:.0f}, {r['postgres_cpu_us']:.0f}, {r['load_cpu_us']:.0f} |")
    lines += ["", "| bulk | rows/s | × \\copy |", "| --- | --- | --- |"]
    lines += [f"| {name} | {report[name]['rows_per_s']:,.0f} | {report[name]['vs_copy']:.2f} |" for name in ("import_csv", "import_ndjson", "export_csv")]
    lines += ["", "| report or search | ms |", "| --- | --- |"]
    lines += [f"| `{path}` | {ms:.1f} |" for path, ms in report["reports_ms"].items()]
    m = report["memory"]
    lines += ["", f"Memory {m['before_mb']:.0f} MB, {m['with_256_connections_mb']:.0f} MB with 256 connections; first start {report['first_start_s']:.2f} s, next {report['start_s']:.2f} s;"
              f" binary {report['binary_mb']:.1f} MB; {report['partners']:,} partners, {report['sales']:,} sales."]
    return "\n".join(lines) + "\n"


def run(directory, sizes):
    server = Server(directory)
    report = {"partners": sizes.partners, "first_start_s": server.start_s, "binary_mb": os.path.getsize(ROOT / "build/release/qudao") / 1e6}
    try:
        make_channel(server, sizes)
        report.update(bulk(server, sizes))
        wait_for_fold(server)
        report["sales"] = int(psql(server, "select count(*) from sales_record"))
        paths = [f"/v1/analytics/sales?{query}" for query in REPORTS] + ["/v1/partners?q=%E5%8D%8E%E4%BF%A1&limit=20"]
        report["reports_ms"] = times_of(server, paths)
        psql(server, "create schema bench", "create table bench.partner as select row_number() over (order by p.code)::integer as n, p.id from partner p where p.code < 'P001000'",
             "alter table bench.partner add primary key (n)", "grant usage on schema bench to qudao_staff", "grant select on bench.partner to qudao_staff", "analyze bench.partner")
        server.ids = psql(server, "select id from bench.partner order by n").split()
        pathlib.Path(f"{directory}/ids").write_text("\n".join(server.ids) + "\n")
        report["memory"] = memory(server)
        statements = statements_of_the_server()
        with peer(server, statements):
            check_answers(server, statements)
            report.update(compare(server, sizes, pgbench_scripts(statements)))
    finally:
        server.stop()
    again = Server(directory)
    report["start_s"] = again.start_s
    again.stop()
    return report


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller sets and shorter rounds: a look")
    sizes = Sizes(parser.parse_args().quick)
    with tempfile.TemporaryDirectory(prefix="qudao-bench-") as directory:
        os.chmod(directory, 0o711)
        report = run(directory, sizes)
    (ROOT / "build/bench.json").write_text(json.dumps(report, indent=1) + "\n")
    (ROOT / "build/bench.md").write_text(table(report))
    print(table(report), end="")


if __name__ == "__main__":
    main()
