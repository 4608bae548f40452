"""What the tests share: a gateway in front of an upstream that does what the test says."""

import pytest

import harness
from harness import Gateway, Mock, config
from limits_setup import limited  # a fixture
from tls import TlsFiles
from upstream import Upstream


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.failed:
        for service in harness.running:
            report.sections.append((f"log of {service.name}", service.output()[-4000:]))
    return report


@pytest.fixture
def start(tmp_path):
    """start(script, changes, tls=..) -> (gateway, upstream). Both are checked and stopped at the end."""
    started = []

    def start(script, changes=None, tls=None, endpoint=None):
        upstream = Upstream(script, tls)
        gateway = None
        try:
            settings = config(endpoint or upstream.url, changes)
            gateway = Gateway(tmp_path / f"gateway-{len(started)}", settings)
        finally:
            started.append((gateway, upstream))
        return gateway, upstream

    yield start
    for gateway, upstream in started:
        upstream.close()
        if gateway and gateway in harness.running:
            try:
                gateway.check()
                gateway.stop()
            finally:
                gateway.kill()
        upstream.check()


@pytest.fixture
def start_with_mock(tmp_path):
    """The same in front of `tollgate mock-azure`."""
    started = []

    def start(changes=None, threads=1):
        mock = Mock(tmp_path / "mock", threads)
        started.append(mock)
        gateway = Gateway(tmp_path / "gateway", config(mock.url, changes))
        started.append(gateway)
        return gateway, mock

    yield start
    for service in reversed(started):
        try:
            if isinstance(service, Gateway):
                service.check()
            service.stop()
        finally:
            service.kill()


@pytest.fixture(scope="session")
def tls_files(tmp_path_factory):
    return TlsFiles(tmp_path_factory.mktemp("tls"))
