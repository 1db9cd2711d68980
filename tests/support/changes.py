"""What has changed, and the tests that it can touch: `script/test changed` runs what this prints."""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
STANDARD = "tests/api/standard"
# What is tested of each folder of the server, besides unit tests of the same name.
FOLDERS = {
    "http": ["http", "framing", "cors", "compression"],
    "request": ["idempotency", "concurrency", "shared", "expand", "totals"],
    "postgres": ["shared", "concurrency"],
    "identity": ["me", "tokens", "api_keys", "partner_keys"],
    "events": ["events"],
    "webhooks": ["webhooks", "webhook_addresses"],
    "imports": ["import_rows", "import_files"],
    "exports": ["export"],
    "tasks": ["jobs"],
    "contract": ["enums", "languages", "problems"],
    "watch": ["http"],
}
# The first pattern that a path begins with says what it can touch; %s is what its group found. `unit` is for ctest.
RULES = [
    (r"tests/unit/(?:server/)?(\w+)\.c", ["unit ^%s$"]),
    (r"(tests/(?:api|sql|structure|faults|readme)/(?:standard/)?test_\w+\.py)", ["%s"]),
    (r"tests/support/", ["tests/api/test_harness.py", f"{STANDARD}/test_round_trips.py"]),
    (r"tests/", ["tests/api/test_harness.py"]),
    (r"migrations/", ["tests/sql/test_catalogue.py", "tests/sql/test_moves.py", f"{STANDARD}/test_logs.py"]),
    (r"languages/", ["tests/structure/test_translations.py", "tests/api/test_languages.py"]),
    (r"(?:tools|cmake)/", ["tests/structure/test_weave.py"]),
    (r"server/contract\.yaml|openapi\.yaml", ["tests/structure/test_weave.py", f"{STANDARD}/test_refusals.py"]),
    (r"README|docs/", ["tests/structure/test_links.py", "tests/readme"]),
    (r"server/", ["tests/structure/test_arrows.py"]),
]


def git(*arguments):
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True).stdout.split("\n")


def changed_files():
    """What differs from where this branch left main; on main itself what is not committed or, if all is, the last commit."""
    (head, *_), (fork, *_) = git("rev-parse", "HEAD"), git("merge-base", "HEAD", "main")
    new = git("ls-files", "--others", "--exclude-standard")
    for base in (fork or "HEAD", "HEAD~1") if fork in ("", head) else (fork,):
        if files := {*git("diff", "--name-only", base), *new} - {""}:
            return sorted(files)
    return []


def rooms(files):
    return sorted({match[1] for file in files if (match := re.match(r"server/resources/(\w+)/", file))})


def operations_of(rooms):
    """The operations whose rooms these are."""
    contracts = [ROOT / "server/resources" / room / "contract.yaml" for room in rooms]
    return {name for path in contracts if path.exists() for name in re.findall(r"operationId: (\w+)", path.read_text())}


def of_room(room):
    """The standard tests of what a room's operations are of, and the tests by hand that bear its name; a word limits a test."""
    contract = ROOT / "server/resources" / room / "contract.yaml"
    schemas = re.findall(r"x-(?:lists|reads): (\w+)", contract.read_text()) if contract.exists() else []
    for word in sorted({*schemas, *operations_of([room])}):
        yield f"{STANDARD} {word}"
        if word.startswith("list"):
            yield f"tests/sql/test_plans.py {word}"
    stem = room if list((ROOT / "tests/api").glob(f"test_{room}*.py")) else room.rstrip("s").partition("_")[0]
    for path in sorted((ROOT / "tests/api").glob(f"test_{stem}*.py")):
        yield str(path.relative_to(ROOT))


def unit_of(file):
    """The unit test of a C file, or of the whole that it is a part of: schema_check belongs to schema."""
    match = re.match(r"(?:lib|server)/(?:\w+/)*(\w+)\.[ch]$", file)
    stem = match[1] if match else ""
    while stem and not list((ROOT / "tests/unit").rglob(f"{stem}_test.c")):
        stem = stem.rpartition("_")[0]
    return [f"unit ^{stem}_test$"] if stem else []


def of_file(file):
    """What a file can touch, or nothing if no test is known."""
    yield from unit_of(file)
    folder = re.match(r"server/(\w+)/(\w+)", file)
    if folder and folder[1] == "resources":
        yield from of_room(folder[2])
    elif folder and folder[1] in FOLDERS:
        yield from (f"tests/api/test_{name}.py" for name in FOLDERS[folder[1]])
    match, tests = next(((match, tests) for pattern, tests in RULES if (match := re.match(pattern, file))), (None, []))
    known = (test % match.groups() if "%s" in test else test for test in tests)
    yield from (test for test in known if test.startswith("unit ") or (ROOT / test.partition(" ")[0]).exists())


def commands(tests):
    """One command for each kind of test: ctest's, whole files, and files of which only some words are meant."""
    units, whole, limited = [], [], {}
    for test in tests:
        path, _, word = test.partition(" ")
        if path == "unit":
            units.append(word)
        elif word:
            limited.setdefault(path, []).append(word)
        else:
            whole.append(path)
    ret = [f"unit {'|'.join(units)}"] if units else []
    ret += [f"pytest {' '.join(whole)}"] if whole else []
    return ret + [f"pytest {path} -k {' or '.join(words)}" for path, words in limited.items()]


def main():
    """Prints what to run, and on stderr why."""
    wanted = {}
    for file in changed_files():
        tests = list(of_file(file))
        print(f"{file}: {', '.join(tests) or 'no test is known'}", file=sys.stderr)
        wanted.update(dict.fromkeys(tests))
    print("\n".join(commands(wanted)))


if __name__ == "__main__":
    main()
