"""A replica for reads: what is served from it, what is not, and what happens without it."""
import time

import pytest
from support.builders import make_partner
from support.cluster import Cluster, Database


class Replica(Cluster):
    """Streams from a cluster; its replay can be held."""

    def __init__(self, primary):
        self.primary = primary
        super().__init__()

    def fill(self):
        self.run("pg_basebackup", "-D", self.data, "-h", self.primary.directory, "-U", "postgres", "-R", "-c", "fast")

    def hold(self):
        self.execute("select pg_wal_replay_pause()")

    def go_on(self):
        self.execute("select pg_wal_replay_resume()")


@pytest.fixture
def replica(cluster, database):
    replica = Replica(cluster)
    yield replica
    replica.stop()


def url_of(database, directory):
    return Database(database.url.partition("?")[0] + f"?host={directory}").url


def until(condition):
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


def test_reads_come_from_the_replica(serve, database, replica, api_of):
    api = api_of(serve(read_url=url_of(database, replica.directory)))
    replica.hold()

    partner = make_partner(api)

    path = f"/v1/partners/{partner['id']}"
    assert api.get(path).status_code == 404
    assert partner["code"] not in api.get("/v1/partners", headers={"Accept": "text/csv"}).text
    replica.go_on()
    assert until(lambda: api.get(path).status_code == 200)
    assert partner["code"] in api.get("/v1/partners", headers={"Accept": "text/csv"}).text
    assert api.get("/v1/analytics/sales").status_code == 200


def test_keys_do_not_wait_for_the_replica(serve, database, replica, api_of):
    api = api_of(serve(read_url=url_of(database, replica.directory)))
    replica.hold()

    key = api.post("/v1/api-keys", json={"name": "new", "role": "analyst"}).json()
    first = api.get("/v1/regions", headers={"Authorization": f"Bearer {key['key']}"})
    revoked = api.delete(f"/v1/api-keys/{key['id']}", headers={"If-Match": '"1"'})

    assert first.status_code == 200
    assert revoked.status_code == 204
    assert until(lambda: api.get("/v1/regions", headers={"Authorization": f"Bearer {key['key']}"}).status_code == 401)


def test_writes_go_on_without_the_replica(serve, database, replica, api_of):
    api = api_of(serve(read_url=url_of(database, replica.directory)))
    partner = make_partner(api)
    assert until(lambda: api.get(f"/v1/partners/{partner['id']}").status_code == 200)

    replica.halt()
    while_away = api.get(f"/v1/partners/{partner['id']}")
    other = make_partner(api)
    replica.start()

    assert while_away.status_code == 503
    assert "Retry-After" in while_away.headers
    assert until(lambda: api.get(f"/v1/partners/{other['id']}").status_code == 200)


def test_a_second_host_takes_over_the_reads(serve, database, cluster, replica, api_of):
    hosts = f"{replica.directory},{cluster.directory}"
    api = api_of(serve(read_url=url_of(database, hosts) + "&target_session_attrs=prefer-standby"))
    partner = make_partner(api)

    replica.halt()
    found = until(lambda: api.get(f"/v1/partners/{partner['id']}").status_code == 200)
    replica.start()

    assert found
