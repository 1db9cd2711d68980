"""The AdventureWorks channel (data/adventureworks): its files, and their way into a server."""
import csv
import io
import json
import pathlib

from support.client import CSV

DIRECTORY = pathlib.Path(__file__).resolve().parents[2] / "data/adventureworks"
# Each file after those that it refers to. The columns of partners that the contract does not know are kept in `custom`.
FILES = {
    "regions": "regions",
    "products": "products",
    "members": "members",
    "partners": "partners",
    "sales-records": "sales",
    "exchange-rates": "exchange_rates",
    "quotas": "manager_quotas",
}


def content(resource):
    return (DIRECTORY / f"{FILES[resource]}.csv").read_bytes()


def rows(resource):
    with open(DIRECTORY / f"{FILES[resource]}.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def import_file(api, resource, body, **options):
    """Imports a CSV file; `params`, `content_type` and other options as for a request."""
    options.setdefault("content_type", CSV)
    return api.post(f"/v1/{resource}/import", data=body, **options)


def import_one(api, resource, **params):
    params = {"unknown": "custom", **params} if resource == "partners" else params
    return import_file(api, resource, content(resource), params=params)


def import_all(api):
    """Imports the whole channel and returns the reports by resource."""
    reports = {}
    for resource in FILES:
        answer = import_one(api, resource)
        assert answer.status_code == 200, answer.text
        reports[resource] = answer.json()
    return reports


def rows_of(answer):
    """The rows of an export, by its media type; those of CSV are all text."""
    if answer.headers["Content-Type"].startswith(CSV):
        return list(csv.DictReader(io.StringIO(answer.text, newline="")))
    return [json.loads(line) for line in answer.text.splitlines()]
