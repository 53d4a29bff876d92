"""How objects of CustomResourceDefinitions are printed: by their `additionalPrinterColumns`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from upgrader.lab.kube.resource import Printed, Resource
from upgrader.lab.kube.tables.columns import Cells, Columns, Object, age, at, name_of, since


def custom_columns(resource: Resource) -> Columns:
    """The columns that a definition asks for, `Name` and `Age` when it asks for none."""
    if not resource.printed:
        return Columns(("Name", "Age"), lambda found, now: [name_of(found), age(found, now)])
    headings = tuple(f"{'+' if one.priority else ''}{one.name}:{one.kind}" for one in resource.printed)

    def cells(found: Object, now: datetime) -> Cells:
        return [name_of(found), *(_cell(found, one, now) for one in resource.printed)]

    return Columns(("Name", *headings), cells)


def _cell(found: Object, column: Printed, now: datetime) -> Any:
    value = at(found, *(part for part in column.path.lstrip(".").split(".") if part))
    return since(value, now) if column.kind == "date" else value
