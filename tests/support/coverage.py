"""Whether the whole run met every (operation, status) of the contract, be it one run of pytest or several.

Where QUDAO_SEEN names a directory, a run leaves there what it saw, and `coverage.py DIRECTORY` says what none of them did.
"""
import json
import os
import pathlib
import sys
import tempfile

API_TESTS = pathlib.Path(__file__).resolve().parents[1] / "api"
# Answers that a well running server does not give; tests/faults provokes them.
ELSEWHERE = {500: "is a fault of ours", 503: "needs a database that is away or a full queue"}

declared, seen, missing = set(), set(), []


def as_lists(pairs):
    return [list(pair) for pair in sorted(pairs)]


def take(output):
    """Adds what a worker of xdist, or another run, saw."""
    declared.update(map(tuple, output.get("declared", [])))
    seen.update(map(tuple, output.get("seen", [])))


def lacking():
    return sorted(pair for pair in declared - seen if pair[1] not in ELSEWHERE)


def is_whole_run(config):
    """Nothing can be said about a run of some tests only."""
    asked = {pathlib.Path(argument).resolve() for argument in config.args}
    return API_TESTS in asked and not (config.option.keyword or config.option.markexpr or config.option.collectonly)


def leave(directory):
    with tempfile.NamedTemporaryFile("w", dir=directory, suffix=".json", delete=False) as file:
        json.dump({"declared": as_lists(declared), "seen": as_lists(seen)}, file)


def finish(session, contract):
    """In a worker: hands over what was seen. In the controller: leaves it, or fails the run if the contract was not covered."""
    own = {} if contract is None else {"declared": as_lists(contract.declared()), "seen": as_lists(contract.seen)}
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput.update(own)
        return
    take(own)
    if "QUDAO_SEEN" in os.environ:
        leave(os.environ["QUDAO_SEEN"])
    elif is_whole_run(session.config):
        missing.extend(lacking())
    if missing and session.exitstatus == 0:
        session.exitstatus = 1


def report(terminal):
    if not missing:
        return
    terminal.section("answers of the contract that no test provoked")
    for operation, status in missing:
        terminal.line(f"{operation} {status}")


def main(directory):
    for path in pathlib.Path(directory).glob("*.json"):
        take(json.loads(path.read_text()))
    for operation, status in lacking():
        print(f"no test provoked {operation} {status}")
    return 1 if lacking() or not declared else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
