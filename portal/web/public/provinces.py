"""Which province a public page shows: the one in the address, or all that this instance serves."""

from flask import request, url_for

from portal.models.jurisdictions import profiles


def chosen_province() -> str:
    """The province asked for in the address, '' for all of them."""
    wanted = request.args.get("province", "")
    return wanted if wanted in profiles() else ""


def province_tabs(endpoint: str, province: str) -> list[tuple[str, str, bool]]:
    """Tabs over the provinces of this instance; none when there is only one."""
    known = profiles()
    if len(known) < 2:
        return []
    tabs = [("全部", url_for(endpoint), not province)]
    return tabs + [(each.name, url_for(endpoint, province=key), key == province) for key, each in known.items()]
