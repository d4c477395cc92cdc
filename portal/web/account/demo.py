"""Demo mode's one-click accounts: which there are; never used outside of demo mode."""

from portal.models import Setting


def demo_accounts() -> list[tuple[str, str]]:
    """The demo accounts as (label, login), in the order in which an application travels."""
    row = Setting.get_or_none(Setting.key == "demo.accounts")
    return [(entry["label"], entry["login"]) for entry in row.value] if row else []
