"""Load by wrk and pgbench, with the processor time that it costs."""
import contextlib
import json
import os
import pathlib
import re
import resource
import statistics
import subprocess

from subjects import HERE, KEY, PORT

TICKS = os.sysconf("SC_CLK_TCK")
# Until fresh connections have planned and compiled what they run.
WARM_S = 2


def cpu_s(pids):
    """Processor time of processes and of their children, by process."""
    times, wanted = {}, set(pids)
    for pid in filter(str.isdigit, os.listdir("/proc")):
        # Who has ended meanwhile is not counted.
        with contextlib.suppress(OSError, IndexError):
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            if int(pid) in wanted or int(fields[1]) in wanted:
                times[pid] = (int(fields[11]) + int(fields[12])) / TICKS
    return times


def postmaster(server):
    return int(pathlib.Path(f"{server.directory}/data/postgres/postmaster.pid").read_text().split()[0])


def wrk(server, operation, port, connections, seconds, pause_ms=0):
    """Only operations that are meant to may have errors, which here are all answers but 2xx."""
    environment = {**os.environ, "OPERATION": operation, "KEY": KEY, "IDS": f"{server.directory}/ids", "PAUSE_MS": str(pause_ms)}
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", HERE / "load.lua", f"http://127.0.0.1:{port}"]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    figures = json.loads(done.stdout.splitlines()[-1])
    assert figures["errors"] == 0 or operation.endswith("some_fail") or connections > 256, f"{operation}: {figures}"
    return {"rps": figures["requests"] / figures["seconds"], **figures}


def pgbench(server, script, clients, seconds, settings):
    """Transactions a second, from when the clients are warm."""
    path = pathlib.Path(server.directory) / "script.pgbench"
    path.write_text(script)
    environment = {**os.environ, "PGOPTIONS": f"-c role=qudao_staff -c jit=off {settings}"}
    command = ["pgbench", "-n", "-M", "prepared", "-c", str(clients), "-j", "1", "-T", str(WARM_S + seconds + 1), "-P", "1", "-f", path, "-D", f"partners={len(server.ids)}",
               "-D", "actor=01a00000-0000-7000-8000-000000000001", "-D", "name=bench", server.database_url()]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return statistics.mean(float(tps) for s, tps in re.findall(r"^progress: ([\d.]+) s, ([\d.]+) tps", done.stderr, re.M) if float(s) > WARM_S + 0.5)


def measured(server, operation, connections, seconds):
    pids = {"server": [server.process.pid], "postgres": [postmaster(server)]}
    before = {name: cpu_s(of) for name, of in pids.items()}
    load_before = resource.getrusage(resource.RUSAGE_CHILDREN)
    figures = wrk(server, operation, PORT, connections, seconds)
    load = resource.getrusage(resource.RUSAGE_CHILDREN)
    for name, of in pids.items():
        # Of those that live on: a worker of autovacuum that ends takes its time with it.
        spent_s = sum(now - before[name].get(pid, 0) for pid, now in cpu_s(of).items())
        figures[f"{name}_cpu_us"] = spent_s * 1e6 / figures["requests"]
    figures["load_cpu_us"] = (load.ru_utime + load.ru_stime - load_before.ru_utime - load_before.ru_stime) * 1e6 / figures["requests"]
    return figures
