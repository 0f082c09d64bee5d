"""No test asks the network."""

import pytest


@pytest.fixture
def alone(monkeypatch):
    """A machine that reaches nobody."""
    def refuse(*_, **__):
        raise ConnectionRefusedError("nobody is there")

    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("socket.create_connection", refuse)
