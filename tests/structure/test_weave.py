"""What weave refuses to make of a contract: what is declared and leads nowhere would be noticed by nobody."""
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
CATALOGUES = sorted((ROOT / "languages").glob("*.yaml"))
COMMON, REGIONS, CONTACTS = "server/contract.yaml", "server/resources/regions/contract.yaml", "server/resources/contacts/contract.yaml"
CUSTOMERS = "server/resources/customers/contract.yaml"
SALES = "server/resources/sales_records/contract.yaml"
REGIONS_SQL = str(next((ROOT / "server/resources").rglob("regions.sql")).relative_to(ROOT))


def sources(folder):
    """What the build gives weave; what all rooms share comes first."""
    endings = {".yaml", ".sql", ".c"}
    found = sorted(path.relative_to(folder) for part in ("server", "migrations") for path in (folder / part).rglob("*") if path.suffix in endings)
    return sorted(found, key=lambda path: str(path) != COMMON)


def weave(folder):
    (folder / "out").mkdir(exist_ok=True)
    command = [ROOT / "build/dev/weave", "out", "openapi.yaml", *sources(folder), *CATALOGUES]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


@pytest.fixture
def contract(tmp_path):
    """The contract's sources, to be changed."""
    for part in ("server", "migrations"):
        shutil.copytree(ROOT / part, tmp_path / part)
    return tmp_path


def change(folder, file, old, new):
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1))


def test_the_committed_contract_is_what_its_sources_make(contract):
    """The build refreshes it, so it is stale only where it was committed without one: in a fresh clone."""
    assert weave(contract).returncode == 0
    assert (contract / "openapi.yaml").read_text() == (ROOT / "openapi.yaml").read_text()

    changed = subprocess.run(["git", "diff", "--name-only", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert "openapi.yaml" not in changed or any(name.endswith("contract.yaml") or name.startswith("tools/weave") for name in changed)


def test_every_reader_of_yaml_can_read_the_sources():
    """libyaml takes some flow scalars that other readers do not."""
    for path in [*(ROOT / "server").rglob("contract.yaml"), ROOT / "openapi.yaml"]:
        assert yaml.safe_load(path.read_text()), path


def test_a_file_that_stays_the_same_is_not_written_again(contract):
    assert weave(contract).returncode == 0
    written = {path: path.stat().st_mtime_ns for path in (*(contract / "out").iterdir(), contract / "openapi.yaml")}

    change(contract, REGIONS, "A part of the world in which things are sold.", "A part of the world.")
    assert weave(contract).returncode == 0

    again = {path.name for path, moment in written.items() if path.stat().st_mtime_ns != moment}
    assert again == {"woven.gen.c", "openapi.json", "openapi.yaml"}


PARTNER = "partner: {by: partner_id, with: getPartner}"


@pytest.mark.parametrize("file, old, new, said", [
    (CONTACTS, PARTNER, "partner: {by: partner_id, with: getNobody}", "x-expands"),
    (CONTACTS, PARTNER, "partner: {by: partner_id, with: createPartner}", "x-expands"),
    (CONTACTS, PARTNER, "partner: {by: partner_id}", "x-expands"),
    (CONTACTS, PARTNER, "partner: {by: buyer_id, with: getPartner}", "x-expands"),
    (CONTACTS, PARTNER, "email: {by: partner_id, with: getPartner}", "x-expands"),
    (REGIONS, "operationId: listRegions", "operationId: getPartner", "the operationId getPartner is there already; give it another name"),
    (REGIONS, "      operationId: listRegions\n", "", "get /v1/regions needs an operationId"),
    (REGIONS, "x-lists: Region", "x-lists: Regoin", "Regoin: is no schema, but an operation reads or writes it"),
    (REGIONS, "x-problems: [region_code_taken,", "x-problems: [region_cold,", "createRegion: says that it can answer region_cold; declare it under problems"),
    (REGIONS, "code: Code", "code: Cod", "names #/components/schemas/Cod, which is not there; write it down, or name one that is"),
    (REGIONS, "roles: {partner: [read]}", "roles: {partner: [reed]}", "regions: gives the right reed; the rights are read and write"),
    (REGIONS, "roles: {partner: [read]}", "roles: {parner: [read]}", "regions: has rights for parner; the roles are manager, analyst and partner"),
    (REGIONS, "region_in_use: {", "partner_in_use: {", "the problem partner_in_use is there already; give it another name"),
    (REGIONS, "roles:", "rolls:", "a room has no member rolls; it may have: tag permission roles"),
    (REGIONS, "      description: One region by its id; by its code with `listRegions` and `code`.\n", "", "getRegion: needs a description"),
    (REGIONS, "      x-columns: [id, code, name, parent_code, version]\n", "", "listRegions: reads or writes files, so it needs x-columns"),
    (REGIONS, "      name: United States\n", "", "Region: its example needs the member name, which has no default"),
    (REGIONS, "      name: United States\n", "      nane: United States\n", "Region: its example"),
    (REGIONS, "x-problems: [region_code_taken, region_unknown, reference_differs]", "x-problems: [region_code_taken, reference_differs]",
     "createRegion: can answer region_unknown, which it does not say; add it to x-problems"),
    (REGIONS, "x-problems: [region_code_taken, region_unknown, reference_differs]", "x-problems: [region_code_taken, region_unknown, reference_differs, required]",
     "createRegion: says that it can answer required, which its SQL never raises; take it out of x-problems, or raise it"),
    (REGIONS_SQL, "-- name: listRegions", "-- name: listRegion", "listRegions: has neither a statement nor code; write `-- name: listRegions`"),
    (SALES, "x-moves: {SalesRecord: confirmed, from: reported", "x-moves: {SalesRecord: confirmed, from: reproted",
     "confirmSalesRecord: moves to or from reproted, which is no status of SalesRecord"),
    (REGIONS_SQL, "where true\n  and r.code = :code\n", "where true\n  and r.owner_id = :actor_id\n",
     "getRegion: cannot follow from listRegions, which asks for :actor_id; write the statement getRegion"),
    (REGIONS_SQL, "where true\n  and r.code = :code\n", "where r.is_active\n  and r.code = :code\n",
     'getRegion: cannot follow from listRegions, which has no "from TABLE ALIAS" and "where true"; write the statement getRegion'),
    (SALES, "from: reported, roles: [admin, manager]}", "from: reported, roles: [admin, manger]}",
     "confirmSalesRecord: lets manger move; the roles are admin, manager, analyst and partner"),
    (CUSTOMERS, "x-expands: {partner: {by: partner_id, with: getPartner}, region: {by: region_id, with: getRegion}}",
     "x-expands: {partner: {by: partner_id, with: getPartner}}",
     "createCustomer: cannot follow: where region_id leads is not in x-expands of Customer; say it, or write the statement"),
    (CUSTOMERS, "x-problems: [customer_code_taken, partner_unknown,", "x-problems: [partner_unknown,",
     "createCustomer: has an x-key, but no problem that ends in _taken; add it to x-problems"),
    (CUSTOMERS, "customer_code_taken, partner_unknown,", "customer_code_taken,",
     "createCustomer: can answer partner_unknown, which it does not say; add it to x-problems"),
    (COMMON, "summary: List {many}", "summary: List {all}", "no template has {all}; it may have {Schema}, {one}, {many}"),
])  # fmt: skip
def test_what_does_not_fit_is_refused_with_a_sentence(contract, file, old, new, said):
    change(contract, file, old, new)

    ended = weave(contract)

    assert ended.returncode == 1 and said in ended.stderr, ended.stderr
