"""Servers that are about to lose something. QUDAO_LONG=1 in the environment runs each fault as often as the figures to reach ask for."""
import os
import pathlib
import shutil
import sys
import tempfile
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import builders
from support.cluster import Cluster, Database
from support.contract import Contract
from support.client import Api
from support.issuer import Issuer
from support.ledger import Ledger
from support.server import ADMIN_KEY, Server

import requests

IS_LONG = os.environ.get("QUDAO_LONG") == "1"


class MortalCluster(Cluster):
    """A PostgreSQL that can be stopped and started again."""

    def leave_for_a_second(self, database):
        """Also the connection of `database` is lost, and made anew when it is needed."""
        self.halt()
        time.sleep(1)
        self.start()
        database.close()
        database.connection = None


@pytest.fixture(scope="session")
def times():
    """How often to do a thing: in a normal run, and in a long one."""
    return lambda normal, long: long if IS_LONG else normal


@pytest.fixture(scope="module")
def cluster():
    cluster = MortalCluster()
    yield cluster
    cluster.stop()


@pytest.fixture
def database(cluster, request):
    name = request.node.name.partition("[")[0][:60]
    database = cluster.create(name)
    yield database
    database.close()
    cluster.drop(name)


@pytest.fixture
def serve(database):
    """Starts a server with these settings; ends it after the test, which may have ended it before."""
    servers = []

    def start(command="serve", environment=None, **settings):
        named = {f"QUDAO_{name.upper()}": str(value) for name, value in settings.items()}
        servers.append(Server(database.url, {**(environment or {}), **named}, command))
        return servers[-1]

    yield start
    for server in servers:
        if server.process.poll() is None:
            server.stop(expects_errors=True)


@pytest.fixture
def data_directory():
    """Where an embedded PostgreSQL may live: others may pass, or its user could not reach it."""
    directory = tempfile.mkdtemp(prefix="qudao-faults-")
    os.chmod(directory, 0o711)
    yield f"{directory}/data"
    shutil.rmtree(directory)


@pytest.fixture
def api_of():
    """The administrator of a server."""

    def make(server):
        return Api(server.url, Contract(requests.get(f"{server.url}/openapi.json", timeout=30).json()), ADMIN_KEY)

    return make


@pytest.fixture
def issuer():
    """Of access tokens, for a server with its settings()."""
    issuer = Issuer()
    yield issuer
    issuer.stop()


@pytest.fixture
def ledger_of(api_of, tmp_path):
    """A ledger of sales of a new partner on a server."""

    def make(server):
        api = api_of(server)
        return Ledger(
            tmp_path / "ledger", server.port, ADMIN_KEY, builders.make_partner(api), builders.make_product(api)
        )

    return make


@pytest.fixture
def database_in():
    """The database of an embedded PostgreSQL."""
    opened = []

    def connect(directory):
        opened.append(Database(f"postgresql://qudao@/qudao?host={directory}/socket"))
        return opened[-1]

    yield connect
    for database in opened:
        database.close()
