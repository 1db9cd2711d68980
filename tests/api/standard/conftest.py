"""What is tested of every resource: one server and one database a worker, in which each test makes objects of its own."""
import pytest

from support.contract import woven
from support.maker import Maker, numbers


@pytest.fixture(scope="module")
def maker(api, issuer):
    """Makes any object, in the name of the administrator."""

    def subject():
        caller = api.caller(issuer.token("analyst", exp=4000000000, sub=f"subject {next(numbers)}"))
        return api.get(f"/v1/token-subjects/{caller.get('/v1/me').json()['id']}").json()

    return Maker(api, subject)


def pytest_generate_tests(metafunc):
    """A test that asks for a `resource` is run for each of which its marker `of` says that it is."""
    if "resource" not in metafunc.fixturenames:
        return
    marker = metafunc.definition.get_closest_marker("of")
    holds = marker.kwargs.get("where", lambda resource: True)
    names = [name for name, one in woven().resources.items() if all(getattr(one, kind) for kind in marker.args) and holds(one)]
    metafunc.parametrize("resource", names, indirect=True)


@pytest.fixture
def resource(request, contract):
    return contract.resources[request.param]
