"""What several tests of the outbox need."""

import pytest

from custom_components.bisms.outbox import journal


@pytest.fixture
def no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let any journal be too long that is twice as long as the snapshot."""
    monkeypatch.setattr(journal, "LEAST_JOURNAL", 0)
