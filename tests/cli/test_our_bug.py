"""What nobody expected is told as our bug, exit 1, without a traceback unless it is asked for."""

from __future__ import annotations

import click
import pytest

from upgrader.cli import main


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    @click.command()
    def command() -> None:
        raise ZeroDivisionError("by chance")

    monkeypatch.setattr(main.LazyGroup, "get_command", lambda *_: command)


@pytest.mark.usefixtures("broken")
def test_a_bug_is_told_in_the_shape_of_every_error(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(main.DEBUG, raising=False)
    assert main.run(["check"]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert "a bug of ccm-upgrade: ZeroDivisionError" in told.err
    assert "by chance" in told.err
    assert f"{main.DEBUG}=1" in told.err
    assert "Traceback" not in told.err


@pytest.mark.usefixtures("broken")
def test_the_traceback_is_there_for_who_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(main.DEBUG, "1")
    with pytest.raises(ZeroDivisionError):
        main.run(["check"])
