"""Links name only hosts that are allowed, once some are."""
import pytest

from support import builders

SERVER_SETTINGS = {"QUDAO_ALLOWED_HOSTS": "channel.example, portal.example:8443"}


@pytest.mark.parametrize(
    "host, base", [("channel.example", "http://channel.example"), ("portal.example:8443", "http://portal.example:8443"), ("evil.example", ""), ("portal.example", "")]
)
def test_a_link_names_only_a_host_that_is_allowed(api, host, base):
    for _ in range(2):
        builders.make_region(api)

    link = api.get("/v1/regions", params={"limit": 1}, headers={"Host": host}).headers["Link"]

    assert link.startswith(f"<{base}/v1/regions?limit=1&cursor=")
