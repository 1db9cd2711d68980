"""Measures the server against pgbench, \\copy and a peer, on one machine, in turns: script/bench [--quick] [--sales N] [--most-sales N]."""
import argparse
import concurrent.futures
import contextlib
import json
import math
import os
import pathlib
import resource
import sys
import tempfile
import time

import measures
import streams
from channel_data import CHOICES, SALES_HEADER, make_channel, sales_rows, write_csv
from statements import pgbench_scripts, statements_of_the_server
from subjects import ROOT, Server, psql


class Sizes:
    """How much of everything: a look, or the whole."""

    def __init__(self, is_quick, sales, most_sales):
        self.partners = 10_000 if is_quick else 100_000
        self.sales = 30_000 if is_quick else sales
        self.most_sales = 0 if is_quick else most_sales
        self.rounds = 1 if is_quick else 3
        self.seconds = 1 if is_quick else 4
        self.connections = [] if is_quick else [1, 16, 256]
        self.most_connections = 1000 if is_quick else 10_000
        self.streams = streams.Sizes(200, quiet_s=3, rounds=3, reads_s=1) if is_quick else streams.Sizes(2000, quiet_s=10, rounds=5)


@contextlib.contextmanager
def part(report, name):
    """Says on standard error what is measured and how long that takes."""
    started = time.monotonic()
    print(f"{name} …", end="", file=sys.stderr, flush=True)
    yield
    report["seconds"][name] = round(time.monotonic() - started, 1)
    print(f" {report['seconds'][name]} s", file=sys.stderr, flush=True)


def add_sales(server, count, prefix):
    path = f"{server.directory}/{prefix}.csv"
    write_csv(path, SALES_HEADER, sales_rows(count, prefix))
    server.post_file("sales-records", path, "text/csv")
    os.unlink(path)


def make_bench_schema(server):
    """What pgbench chooses partners from."""
    psql(server, "create schema bench",
         "create table bench.partner as select row_number() over (order by p.code)::integer as n, p.id from partner p where p.code < 'P001000'",
         "alter table bench.partner add primary key (n)", "grant usage on schema bench to qudao_staff",
         "grant select on bench.partner to qudao_staff", "analyze bench.partner")
    pathlib.Path(f"{server.directory}/ids").write_text(psql(server, "select id from bench.partner order by n"))


def measure(server, sizes, report):
    with part(report, "channel"):
        make_channel(server, sizes.partners)
        # An agreement in force and three evaluations of each of ten thousand partners.
        psql(server, "set app.import_id = 'bench'", *CHOICES)
        add_sales(server, 10_000, "S")
    with part(report, "reports on few sales"):
        report["reports"].append(measures.reports(server))
    with part(report, "imports and exports"):
        report.update(measures.bulk(server, sizes))
    with part(report, "reports on more sales"):
        report["reports"].append(measures.reports(server))
        make_bench_schema(server)
    with part(report, "memory by statements"):
        report["memory_by_statements"] = measures.statements_memory(server, 1000)
    statements = statements_of_the_server()
    measures.check_answers(server, statements)
    for operation, script in pgbench_scripts(statements).items():
        with part(report, operation):
            report[operation] = measures.compare(server, sizes, (operation, script), statements)
    with part(report, "failing writes, and reads beside an import"):
        report["some_fail"] = measures.some_fail(server, sizes)
        report["fairness"] = measures.fairness(server, sizes)


def measure_most(server, sizes, report):
    """The reports once more, with as many sales as it takes; all processors import to the end."""
    with part(report, "more sales"), concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        missing = sizes.most_sales - report["reports"][-1]["sales"]
        files = os.cpu_count() * math.ceil(missing / 1_000_000 / os.cpu_count())
        list(pool.map(lambda number: add_sales(server, math.ceil(missing / files), f"M{number}-"), range(files)))
    with part(report, "reports on most sales"):
        report["reports"].append(measures.reports(server))


def run(directory, sizes):
    report = {"partners": sizes.partners, "binary_mb": os.path.getsize(ROOT / "build/release/qudao") / 1e6, "reports": [], "seconds": {}}
    with Server(directory) as server:
        report["first_start_s"] = server.start_s
        measure(server, sizes, report)
    if sizes.most_sales > 0:
        # Started anew, for PostgreSQL gets buffers by the data that are there.
        with Server(directory) as server:
            measure_most(server, sizes, report)
    with part(report, "overload, starts and connections"):
        report["overload"] = measures.overload(directory, sizes)
        report["by_workers"] = measures.starts(directory)
        report["memory_by_connections_mb"] = measures.connections(directory, sizes)
    with part(report, "streams of events"):
        report["streams"] = streams.streams(directory, sizes.streams)
    return report


# The report


def ratios(report):
    yield "| operation | requests/s | p50 ms | p99 ms | × pgbench | × Fastify, one process | × Fastify, one a core | CPU µs: server, PostgreSQL, load |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    for name in ("get_partner", "list_sales", "create_sale"):
        r = report[name]
        yield (f"| {name} | {r['rps']:,.0f} | {r['p50_ms']:.1f} | {r['p99_ms']:.1f} | {r['vs_pgbench']:.2f} | {r['vs_peer']:.2f} |"
               f" {r['vs_peer_cluster']:.2f} | {r['server_cpu_us']:.0f}, {r['postgres_cpu_us']:.0f}, {r['load_cpu_us']:.0f} |")


def bulks(report):
    yield "| bulk | rows/s | × \\copy | memory grew by MB |"
    yield "| --- | --- | --- | --- |"
    for name in ("import_csv", "import_ndjson", "export_csv"):
        r = report[name]
        yield f"| {name} | {r['rows_per_s']:,.0f} | {r['vs_copy']:.2f} | {r['memory_growth_mb']:.1f} |"


def times(report):
    sizes = report["reports"]
    yield "| report, search or page, in ms at | " + " | ".join(f"{size['sales']:,} sales" for size in sizes) + " |"
    yield "| --- |" + " --- |" * len(sizes)
    for path in sizes[0]["ms"]:
        yield f"| `{path}` | " + " | ".join(f"{size['ms'][path]:.1f}" for size in sizes) + " |"


def remarks(report):
    fail, fair, over = report["some_fail"], report["fairness"], report["overload"]
    yield f"With {fail['failed']:.1%} of the writes failing, {fail['vs_none_failing']:.2f} of the rate without."
    yield f"Reads beside a bulk import: p99 {fair['busy_p99_ms']:.1f} ms, {fair['ratio']:.1f} × of quiet."
    yield (f"Asked twice as much as it can carry: {over['ratio']:.2f} of its best rate is answered, {over['refused_rps']:,.0f}/s are refused;"
           f" p50 {over['p50_ms']:.1f} ms, p99 {over['p99_ms']:.1f} ms.")
    yield "Memory of a fresh server in MB by connections: " + ", ".join(f"{count}: {mb:.0f}" for count, mb in report["memory_by_connections_mb"].items()) + "."
    kinds = report["memory_by_statements"]
    yield f"After lists in {kinds['statements']} combinations of filters {kinds['after_mb']:.0f} MB instead of {kinds['before_mb']:.0f}."
    yield "Start and memory by workers: " + ", ".join(f"{n}: {r['start_s']:.2f} s, {r['memory_mb']:.0f} MB" for n, r in report["by_workers"].items()) + "."
    yield streams.remark(report["streams"])
    yield f"First start {report['first_start_s']:.2f} s; binary {report['binary_mb']:.1f} MB; {report['partners']:,} partners."


def table(report):
    return "\n\n".join("\n".join(part(report)) for part in (ratios, bulks, times, remarks)) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller sets and shorter rounds: a look")
    parser.add_argument("--sales", type=int, default=1_000_000, help="how many sales a file has that is imported (default: a million)")
    parser.add_argument("--most-sales", type=int, default=10_000_000, help="how many sales the reports are measured on at last (default: 10 million)")
    asked = parser.parse_args()
    sizes = Sizes(asked.quick, asked.sales, asked.most_sales)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with tempfile.TemporaryDirectory(prefix="qudao-bench-") as directory:
        os.chmod(directory, 0o711)
        report = run(directory, sizes)
    (ROOT / "build/bench.json").write_text(json.dumps(report, indent=1) + "\n")
    (ROOT / "build/bench.md").write_text(table(report))
    print(table(report), end="")


if __name__ == "__main__":
    main()
