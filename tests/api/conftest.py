"""One PostgreSQL a worker; a database and a server for each test file, or one for all that say so; every answer held to the contract.

A test file may set SERVER_SETTINGS (environment of its server) and EXPECTS_ERRORS (lines of the level error in the log), or
SHARES_SERVER: it minds no objects of others, changes nothing that is not its own, and is served by one server with the other
files of that kind; or HAS_CHANNEL: the AdventureWorks channel is in its database from the beginning.
"""
import functools
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import builders, channel, coverage
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
    yield cluster
    cluster.stop()


@pytest.fixture(scope="session")
def shared_issuer():
    issuer = Issuer()
    yield issuer
    issuer.stop()


@pytest.fixture(scope="session")
def shared_database(cluster):
    database = cluster.create("shared")
    yield database
    database.close()
    cluster.drop("shared")


@pytest.fixture(scope="session")
def shared_server(shared_database, shared_issuer):
    # Files that share it lock years of their own, far ahead.
    server = Server(shared_database.url, {**shared_issuer.settings(), "QUDAO_DATES_YEARS_AHEAD": "50"})
    yield server
    server.stop()


@pytest.fixture(scope="session")
def channel_template(cluster, contract_of):
    """The name of a database with the channel, which is imported once a worker."""
    name = "channel"
    server = Server(cluster.create(name).url)
    channel.import_all(Api(server.url, contract_of(server), ADMIN_KEY))
    server.stop()
    return name


def shared(name):
    """Lets files that share their server have another fixture instead of their own."""

    def decorate(make):
        @functools.wraps(make)
        def fixture(request):
            if getattr(request.module, "SHARES_SERVER", False):
                yield request.getfixturevalue(name)
            else:
                yield from make(request)

        return pytest.fixture(scope="module")(fixture)

    return decorate


@shared("shared_database")
def database(request):
    """The file's database; call it with a statement to look or reach behind the server."""
    cluster, name = request.getfixturevalue("cluster"), request.module.__name__.rpartition(".")[2]
    has_channel = getattr(request.module, "HAS_CHANNEL", False)
    database = cluster.create(name, request.getfixturevalue("channel_template")) if has_channel else cluster.create(name)
    yield database
    database.close()
    cluster.drop(name)


@shared("shared_issuer")
def issuer(request):
    """Of access tokens, for a server with its settings()."""
    issuer = Issuer()
    yield issuer
    issuer.stop()


@shared("shared_server")
def server(request):
    server = Server(request.getfixturevalue("database").url, getattr(request.module, "SERVER_SETTINGS", None))
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
