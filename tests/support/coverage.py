"""Whether the whole run met every (operation, status) of the contract."""
import pathlib

API_TESTS = pathlib.Path(__file__).resolve().parents[1] / "api"
# Answers that a well running server does not give; tests/faults provokes them.
ELSEWHERE = {500: "is a fault of ours", 503: "needs a database that is away or a full queue"}

declared, seen, missing = set(), set(), []


def as_lists(pairs):
    return [list(pair) for pair in sorted(pairs)]


def take(output):
    """Adds what a worker of xdist saw."""
    declared.update(map(tuple, output.get("declared", [])))
    seen.update(map(tuple, output.get("seen", [])))


def is_whole_run(config):
    """Nothing can be said about a run of some tests only."""
    asked = {pathlib.Path(argument).resolve() for argument in config.args}
    return API_TESTS in asked and not (config.option.keyword or config.option.markexpr or config.option.collectonly)


def finish(session, contract):
    """In a worker: hands over what was seen. In the controller: fails the run if the contract was not covered."""
    own = {} if contract is None else {"declared": as_lists(contract.declared()), "seen": as_lists(contract.seen)}
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput.update(own)
        return
    take(own)
    if not is_whole_run(session.config):
        return
    missing.extend(sorted(pair for pair in declared - seen if pair[1] not in ELSEWHERE))
    if missing and session.exitstatus == 0:
        session.exitstatus = 1


def report(terminal):
    if not missing:
        return
    terminal.section("answers of the contract that no test provoked")
    for operation, status in missing:
        terminal.line(f"{operation} {status}")
