"""What is measured, each as one function that returns figures by name."""
import hashlib
import json
import os
import socket
import statistics
import subprocess
import threading
import time
import urllib.request
import uuid

from channel_data import SALES_HEADER, sales_rows, write_csv
from load import WARM_S, measured, pgbench, wrk
from statements import settings_of_pages
from subjects import KEY, PEER_PORT, PORT, Server, peer, psql

LIST_OPERATIONS = ("get_partner", "list_sales")


def compare(server, sizes, case, statements):
    """Server, pgbench and peer in turns, one process of the peer and one a core; medians of the ratios of each turn."""
    operation, script = case
    rounds = []
    settings = settings_of_pages() if operation in LIST_OPERATIONS else ""
    # More clients pay off where commits wait for the disk.
    clients = max((8, 32), key=lambda count: pgbench(server, script, count, 1, settings))
    wrk(server, operation, PORT, 64, WARM_S)
    for _ in range(sizes.rounds):
        ours = measured(server, operation, 64, sizes.seconds)
        plain = pgbench(server, script, clients, sizes.seconds, settings)
        figures = {**ours, "pgbench_tps": plain, "vs_pgbench": ours["rps"] / plain}
        for name, processes in (("peer", 1), ("peer_cluster", os.cpu_count())):
            with peer(server, statements, processes, settings):
                wrk(server, operation, PEER_PORT, 64, WARM_S)
                theirs = wrk(server, operation, PEER_PORT, 64, sizes.seconds)["rps"]
            figures.update({f"{name}_rps": theirs, f"vs_{name}": ours["rps"] / theirs})
        rounds.append(figures)
    result = {name: statistics.median(one[name] for one in rounds) for name in rounds[0] if name not in ("requests", "seconds", "errors")}
    result["by_connections"] = {
        str(c): {"rps": figures["rps"], "p50_ms": figures["p50_ms"], "p99_ms": figures["p99_ms"]}
        for c in sizes.connections for figures in [wrk(server, operation, PORT, c, sizes.seconds)]}
    return result


def check_answers(server, statements):
    """Nothing is compared whose answers differ."""
    with peer(server, statements, 1, settings_of_pages()):
        for port in (PORT, PEER_PORT):
            check_answers_of(server, port)


def check_answers_of(server, port):
    partner = server.ids[0]

    def ask(path, body=None):
        request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body)
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


def settle(server):
    """Until the sums of what was written are folded: nothing else is at work, and each begins alike."""
    while psql(server, "select exists (select from sales_delta)").strip() == "t":
        time.sleep(0.2)
    psql(server, "checkpoint")


def bulk(server, sizes):
    """Imports and exports against \\copy of the same rows into and out of the same table, in one round."""
    directory, results, imports = server.directory, {}, {}
    memory_before = server.memory_mb()
    for name, media_type in (("import_csv", "text/csv"), ("import_ndjson", "application/x-ndjson")):
        path = f"{directory}/{name}"
        if media_type == "text/csv":
            write_csv(path, SALES_HEADER, sales_rows(sizes.sales, "A"))
        else:
            with open(path, "w") as file:
                for row in sales_rows(sizes.sales, "B"):
                    file.write(json.dumps(dict(zip(SALES_HEADER, map(str, row)))) + "\n")
        settle(server)
        report, seconds = server.post_file("sales-records", path, media_type)
        assert report["created"] == sizes.sales
        imports[name] = report["id"]
        results[name] = {"rows_per_s": sizes.sales / seconds, "memory_growth_mb": server.memory_mb() - memory_before}
    columns = psql(server, "select string_agg(attname, ', ' order by attnum) from pg_attribute where attrelid = 'sales_record'::regclass and attnum > 0 and not attisdropped").strip()
    changed = {"id": "gen_random_uuid()", "external_ref": "'C' || external_ref", "import_id": "null"}
    copied = ", ".join(changed.get(name, name) for name in columns.split(", "))
    psql(server, f"\\copy (select {copied} from sales_record where external_ref like 'A%' order by external_ref) to '{directory}/rows.copy'")
    settle(server)
    started = time.monotonic()
    psql(server, "begin", "select set_config('app.import_id', 'bench', true)", f"\\copy sales_record ({columns}) from '{directory}/rows.copy'", "commit")
    copy_rows = sizes.sales / (time.monotonic() - started)
    for name in ("import_csv", "import_ndjson"):
        results[name]["vs_copy"] = results[name]["rows_per_s"] / copy_rows
    settle(server)
    memory_before = server.memory_mb()
    started = time.monotonic()
    answer = server.ask("GET", f"/v1/sales-records?import_id={imports['import_csv']}", Accept="text/csv")
    answer.read(1)
    first_byte_s = time.monotonic() - started
    rows = sum(chunk.count(b"\n") for chunk in iter(lambda: answer.read(1 << 20), b"")) - 1
    export_rows = rows / (time.monotonic() - started)
    started = time.monotonic()
    psql(server, f"\\copy (select * from sales_record where external_ref like 'A%' order by sold_on desc, id desc) to '{directory}/out.csv' csv header")
    assert rows == sizes.sales
    results["export_csv"] = {"rows_per_s": export_rows, "memory_growth_mb": server.memory_mb() - memory_before, "first_byte_ms": first_byte_s * 1e3, "vs_copy": export_rows / (sizes.sales / (time.monotonic() - started))}
    return results


REPORTS = [
    "/v1/analytics/sales?group_by=month", "/v1/analytics/sales?group_by=region", "/v1/analytics/sales?group_by=manager",
    "/v1/analytics/sales?group_by=kind", "/v1/analytics/sales?group_by=currency", "/v1/analytics/sales?currency=USD",
    "/v1/analytics/sales?group_by=month&partner_code=P000100", "/v1/analytics/sales?currency=USD&group_by=month",
    "/v1/analytics/sales?currency=USD&group_by=region", "/v1/analytics/sales?group_by=partner", "/v1/analytics/sales?group_by=product",
    "/v1/analytics/sales?group_by=category,month", "/v1/partners?q=%E5%8D%8E%E4%BF%A1&limit=20", "/v1/sales-records?limit=50",
    "/v1/sales-records?partner_code=P000100&limit=50", "/v1/partner-rankings?limit=50", "/v1/analytics/goals?period=2025-Q3&limit=50",
    f"/v1/agreements/{uuid.UUID(hashlib.md5(b'agreement P000100').hexdigest())}/progress",
]


def reports(server, times=9):
    """Milliseconds of each report, search and page, when all sums are folded."""
    settle(server)
    psql(server, "vacuum analyze")

    def once(path):
        started = time.monotonic()
        server.ask("GET", path).read()
        return (time.monotonic() - started) * 1e3

    rollups = {name: int(psql(server, f"select count(*) from {name}")) for name in ("sales_rollup", "sales_rollup_partner", "sales_rollup_day")}
    for path in REPORTS:
        for _ in range(2 * os.cpu_count()):
            once(path)
    return {"sales": int(psql(server, "select count(*) from sales_record")), **rollups,
            "ms": {path: statistics.median(once(path) for _ in range(times)) for path in REPORTS}}


def memory(server, most):
    """Megabytes by connections that have asked once and stay."""
    path, kept, results = f"/v1/partners/{server.ids[0]}", [], {"0": server.memory_mb()}
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {KEY}\r\n\r\n".encode()
    for count in (1, 256, 1000, 10_000):
        while len(kept) < min(count, most):
            connection = socket.create_connection(("127.0.0.1", PORT))
            connection.sendall(request)
            assert connection.recv(65536).startswith(b"HTTP/1.1 200"), "a connection was refused"
            kept.append(connection)
        if count <= most:
            results[str(count)] = server.memory_mb()
    for connection in kept:
        connection.close()
    return results


def statements_memory(server, count):
    """Megabytes of the server after as many kinds of lists, each a statement of its own."""
    filters = {"currency": "USD", "kind": "sell_in", "status": "reported", "source": "default", "region_code": "R1", "manager_code": "M1", "sku": "S1",
               "order_ref": "O1", "sold_from": "2024-01-01", "sold_to": "2025-12-31"}
    before = server.memory_mb()
    for number in range(count):
        chosen = [f"{name}={value}" for i, (name, value) in enumerate(filters.items()) if number >> i & 1]
        server.ask("GET", "/v1/sales-records?" + "&".join(["partner_code=P000100", "limit=1", *chosen])).read()
    return {"statements": count, "before_mb": before, "after_mb": server.memory_mb()}


def some_fail(server, sizes):
    """One write in a hundred is refused by PostgreSQL in the midst of a batch, which then runs again without it."""
    good = wrk(server, "create_sale", PORT, 64, sizes.seconds)
    mixed = wrk(server, "create_sale_some_fail", PORT, 64, sizes.seconds)
    return {"rps": mixed["rps"], "failed": mixed["errors"] / mixed["requests"], "vs_none_failing": mixed["rps"] / good["rps"]}


def fairness(server, sizes):
    """Reads while a bulk import runs, against reads while nothing else does."""
    quiet = wrk(server, "get_partner", PORT, 4, sizes.seconds)
    path = f"{server.directory}/fairness.csv"
    write_csv(path, SALES_HEADER, sales_rows(sizes.sales // 5, "F"))
    importer = threading.Thread(target=server.post_file, args=("sales-records", path, "text/csv"))
    importer.start()
    busy = wrk(server, "get_partner", PORT, 4, sizes.seconds)
    is_still_importing = importer.is_alive()
    importer.join()
    return {"quiet_p99_ms": quiet["p99_ms"], "busy_p99_ms": busy["p99_ms"], "ratio": busy["p99_ms"] / quiet["p99_ms"],
            "imported_all_the_time": is_still_importing}


def overload(directory, sizes):
    """Twice the load that it can carry, and a short queue: what is answered, and how quickly the rest is refused."""
    with Server(directory, queue=64) as server:
        best = wrk(server, "list_sales", PORT, 64, sizes.seconds)
        flood = wrk(server, "list_sales", PORT, 1000, sizes.seconds, pause_ms=round(1000 * 1000 / (2 * best["rps"])))
    good = (flood["requests"] - flood["errors"]) / flood["seconds"]
    return {"best_rps": best["rps"], "answered_rps": good, "refused_rps": flood["errors"] / flood["seconds"], "ratio": good / best["rps"],
            "p50_ms": flood["p50_ms"], "p99_ms": flood["p99_ms"]}


def starts(directory):
    """Seconds until ready and megabytes then, by the number of workers, with a database that is there."""
    results = {}
    for workers in (1, 2, 8):
        with Server(directory, workers=workers) as server:
            results[str(workers)] = {"start_s": server.start_s, "memory_mb": server.memory_mb()}
    return results


def connections(directory, sizes):
    """Memory of a server that has just started."""
    with Server(directory) as server:
        return memory(server, sizes.most_connections)
