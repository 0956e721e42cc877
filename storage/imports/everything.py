"""All kinds of spreadsheets that can be imported, by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from storage.imports import kinds_hosts, kinds_internships, kinds_lists, kinds_registers, kinds_subsidies
from storage.imports.kinds import Kind

KINDS: Final[Mapping[str, Kind]] = {
    kind.name: kind
    for kind in (
        *kinds_registers.KINDS,
        *kinds_hosts.KINDS,
        *kinds_internships.KINDS,
        *kinds_subsidies.KINDS,
        *kinds_lists.KINDS,
    )
}
