"""What the tests in Python have in common."""


def pytest_configure(config):
    config.addinivalue_line("markers", "waits: mostly waits for time to pass; script/test runs six of these at a time")
    config.addinivalue_line("markers", "of(*kinds, where=None): the resources of a test: those with such operations, for which it holds")
