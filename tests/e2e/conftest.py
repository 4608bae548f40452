"""What the tests share: the gateway in front of one mock, and a second mock to compare with.

The mock's answers depend on the request alone, so the same conversation with the gateway and with
the second mock (`twin`) has to give the same result.
"""

import socket

import pytest

import harness
import settings
from clients import Side
from harness import AZURE_KEY, Gateway, Mock
from tls import TlsFiles


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.failed:
        for service in harness.running:
            report.sections.append((f"log of {service.name}", service.output()[-4000:]))
    return report


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("tollgate")


@pytest.fixture(scope="session")
def mock(folder):
    service = Mock("mock", folder)
    yield service
    service.stop()


@pytest.fixture(scope="session")
def twin(folder):
    service = Mock("twin", folder)
    yield service
    service.stop()


@pytest.fixture(scope="session")
def dead_port():
    """A port that nothing listens on: bound, so that nobody else gets it, and never listening."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


@pytest.fixture(scope="session")
def environment():
    return {**settings.KEYS, "AZURE_KEY": AZURE_KEY}


@pytest.fixture(scope="session")
def gateway(folder, mock, environment, dead_port):
    config = settings.config("gateway", mock.url, dead_url=f"http://127.0.0.1:{dead_port}")
    service = Gateway("gateway", folder, config, environment)
    yield service
    service.stop()


@pytest.fixture(scope="session")
def tls_files(tmp_path_factory):
    return TlsFiles(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="session")
def through(gateway):
    """Makes clients of the gateway."""
    with Side(gateway.url, settings.APP_KEY) as side:
        yield side


@pytest.fixture(scope="session")
def directly(twin):
    """Makes the same clients, of a mock with nothing in between."""
    with Side(twin.url, AZURE_KEY) as side:
        yield side


@pytest.fixture(params=["v1", "short", "azure"])
def surface(request):
    """The forms of URL: /openai/v1 and /v1 with the OpenAI client, dated with the Azure one."""
    return request.param


@pytest.fixture
def both(through, directly, surface):
    """Tells a story to a client of the gateway and to one of the mock; both must end alike."""
    def tell(story):
        said = story(through.client(surface))
        assert said == story(directly.client(surface))
        return said
    return tell


@pytest.fixture
def raw(gateway):
    """Plain HTTP to the data plane, with a good key."""
    gateway.http.headers["api-key"] = settings.APP_KEY
    yield gateway.http
    gateway.http.headers.pop("api-key", None)
    gateway.http.cookies.clear()
