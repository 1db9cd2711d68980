"""A grant that was forgotten is a fault of ours, and not the caller's."""
import requests

from support import builders


def test_a_table_that_was_not_granted_is_a_fault_in_the_log(serve, database, api_of):
    server = serve()
    api = api_of(server)
    partner = api.as_partner(builders.make_partner(api))
    assert partner.get("/v1/regions").status_code == 200
    database("revoke select on region from qudao_partner")

    # Not by the client of the tests, which takes no 500.
    answer = requests.get(f"{server.url}/v1/regions?sort=name", headers={"Authorization": f"Bearer {partner.key}"}, timeout=30)
    server.stop(expects_errors=True)

    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert "region" not in answer.json()["detail"]
    assert [line for line in server.log() if line["level"] == "error" and "permission denied for table region" in str(line)]
