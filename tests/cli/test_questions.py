"""A question is answered yes or no; where nobody answers, that is told and nothing goes on."""

from __future__ import annotations

import io
import sys

import click
import pytest

from upgrader.cli.output import confirm
from upgrader.model.errors import InputError


@pytest.mark.parametrize(
    ("answer", "raised"), [("y\n", None), ("n\n", click.Abort), ("\n", click.Abort), ("", InputError)]
)
def test_an_answer_counts_and_silence_is_none(
    answer: str, raised: type[Exception] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(answer))
    if raised is None:
        confirm("Carry these steps out?")
        return
    with pytest.raises(raised):
        confirm("Carry these steps out?")
