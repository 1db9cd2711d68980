"""One PostgreSQL a session, and for each test file a migrated database that is reached without the server."""
import pathlib
import sys

import psycopg2
import psycopg2.extras
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support.cluster import Cluster


class Connections:
    """Connections to a database in the roles that the server takes; each statement is a transaction."""

    def __init__(self, url):
        self.url = url
        self.connections = []

    def connect(self, role="none", **settings):
        """Connects as a role, with the settings that say who is asking."""
        connection = psycopg2.connect(self.url, cursor_factory=psycopg2.extras.NamedTupleCursor)
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f"set role {role}")
            for name, value in settings.items():
                cursor.execute("select set_config(%s, %s, false)", (f"app.{name}", value))
        self.connections.append(connection)
        return connection

    def close(self):
        for connection in self.connections:
            connection.close()


@pytest.fixture(scope="session")
def cluster():
    cluster = Cluster()
    yield cluster
    cluster.stop()


@pytest.fixture(scope="module")
def database(cluster, request):
    name = request.module.__name__.rpartition(".")[2]
    connections = Connections(cluster.create(name).url)
    yield connections
    connections.close()
    cluster.drop(name)


@pytest.fixture
def sql(database):
    """Runs one statement as the owner and returns its rows."""
    connection = database.connect()

    def run(statement, *values):
        with connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []

    return run
