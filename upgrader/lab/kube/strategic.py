"""Strategic merge patch, with its directives: $patch, $retainKeys, $setElementOrder, $deleteFromPrimitiveList."""

from __future__ import annotations

from typing import Any

from upgrader.lab.kube.list_keys import SETS, merge_key_of
from upgrader.lab.kube.status import bad_request

Map = dict[str, Any]
_ORDER, _DELETE = "$setElementOrder/", "$deleteFromPrimitiveList/"


def strategic_merge(found: Any, patch: Map, parent: str = "") -> Map:
    """`found` with the patch merged in; neither is changed."""
    how = patch.get("$patch")
    if how == "replace":
        return {key: _plain(item) for key, item in patch.items() if not key.startswith("$") and item is not None}
    if how == "delete":
        return {}
    result: Map = dict(found) if isinstance(found, dict) else {}
    kept = patch.get("$retainKeys")
    if kept is not None:
        result = {key: value for key, value in result.items() if key in kept}
    for name, value in patch.items():
        if name.startswith(_DELETE):
            field = name.removeprefix(_DELETE)
            result[field] = [item for item in result.get(field) or [] if item not in value]
        elif name.startswith("$"):
            continue
        elif value is None:
            result.pop(name, None)
        elif isinstance(value, dict):
            if value.get("$patch") == "delete":
                result.pop(name, None)
            else:
                result[name] = strategic_merge(result.get(name), value, name)
        elif isinstance(value, list):
            result[name] = _merged_list(result.get(name) or [], value, parent, name)
        else:
            result[name] = value
    return _ordered(result, patch, parent)


def _plain(value: Any) -> Any:
    """The value without directives."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items() if not key.startswith("$") and item is not None}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _merged_list(found: list[Any], patch: list[Any], parent: str, name: str) -> list[Any]:
    if name in SETS:
        return list(dict.fromkeys([*found, *patch]))
    key = merge_key_of(parent, name)
    if key is None or not all(isinstance(item, dict) for item in patch):
        return [_plain(item) for item in patch]
    if any(item.get("$patch") == "replace" for item in patch):
        return [_plain(item) for item in patch if "$patch" not in item]
    result = list(found)
    for item in patch:
        if key not in item:
            raise bad_request(f"map: {item} does not contain declared merge key: {key}")
        place = next((n for n, one in enumerate(result) if one.get(key) == item[key]), None)
        if item.get("$patch") == "delete":
            result = [one for one in result if one.get(key) != item[key]]
        elif place is None:
            result.append(_plain(item))
        else:
            result[place] = strategic_merge(result[place], item, name)
    return result


def _ordered(result: Map, patch: Map, parent: str) -> Map:
    """The lists that the patch gives an order, in that order; what it does not name comes last."""
    for name, order in patch.items():
        if not name.startswith(_ORDER):
            continue
        field = name.removeprefix(_ORDER)
        found = result.get(field)
        if not isinstance(found, list):
            continue
        key = merge_key_of(parent, field)
        wanted = [item.get(key) if isinstance(item, dict) else item for item in order]
        places = {repr(item): place for place, item in enumerate(wanted)}

        def place(item: Any, key: str | None = key, places: dict[str, int] = places) -> int:
            return places.get(repr(item.get(key) if isinstance(item, dict) else item), len(places))

        result[field] = sorted(found, key=place)
    return result
