"""One PostgreSQL a session; a database and a server of its own for each test file; every answer held to the contract.

A test file may set SERVER_SETTINGS (environment of its server) and EXPECTS_ERRORS (lines of the level error in the log).
"""
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import builders, coverage
from support.client import Api
from support.cluster import Cluster
from support.contract import Contract
from support.issuer import Issuer
from support.server import ADMIN_KEY, Server

import requests

contracts = []


@pytest.fixture(scope="session")
def cluster():
    cluster = Cluster()
    cluster.migrate_template()
    yield cluster
    cluster.stop()


@pytest.fixture(scope="module")
def database(cluster, request):
    """The file's database; call it with a statement to look or reach behind the server."""
    name = request.module.__name__.rpartition(".")[2]
    database = cluster.create(name)
    yield database
    database.close()
    cluster.drop(name)


@pytest.fixture(scope="module")
def issuer():
    """Of access tokens, for a server with its settings()."""
    issuer = Issuer()
    yield issuer
    issuer.stop()


@pytest.fixture(scope="module")
def server(database, request):
    server = Server(database.url, getattr(request.module, "SERVER_SETTINGS", None))
    yield server
    server.stop(getattr(request.module, "EXPECTS_ERRORS", False))


@pytest.fixture(scope="session")
def contract_of():
    """Reads the contract of a server, once a session."""

    def read(server):
        if not contracts:
            contracts.append(Contract(requests.get(f"{server.url}/openapi.json", timeout=30).json()))
        return contracts[0]

    return read


@pytest.fixture(scope="module")
def contract(server, contract_of):
    return contract_of(server)


@pytest.fixture(scope="module")
def api(server, contract):
    """The administrator."""
    return Api(server.url, contract, ADMIN_KEY)


@pytest.fixture(scope="module")
def product(api):
    return builders.make_product(api)


@pytest.fixture(scope="module")
def acme(api):
    """A partner, not related to zenith."""
    return builders.make_partner(api, name="Acme")


@pytest.fixture(scope="module")
def zenith(api):
    return builders.make_partner(api, name="Zenith")


def pytest_sessionfinish(session, exitstatus):
    coverage.finish(session, contracts[0] if contracts else None)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node, error):
    coverage.take(getattr(node, "workeroutput", {}))


def pytest_terminal_summary(terminalreporter):
    coverage.report(terminalreporter)
