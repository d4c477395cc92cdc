"""The hook for an outside identity platform (统一认证平台): where its button leads, and whom its answer vouches for.

Nothing is known about the protocol of the platforms in use, so the portal asks only two things of an adapter that an
operator puts into `app.config["IDENTITY_PLATFORM"]`: `address(return_to) -> str`, where to send the browser, and
`identify(arguments) -> str | None`, the document number or login name that the platform vouches for. Without an adapter
the portal's own login stands in (R1.01); technical staff switch a configured one on and off in the settings.
"""

from collections.abc import Mapping
from typing import Protocol

from flask import current_app

from portal.models import Setting

SETTING = "identity_platform"


class IdentityPlatform(Protocol):
    """What an adapter does; it keeps its own state and checks its own signatures."""

    def address(self, return_to: str) -> str:
        """Where the browser goes to log in; the platform sends it back to `return_to`."""

    def identify(self, arguments: Mapping[str, str]) -> str | None:
        """The login name in the platform's answer, or None when the answer cannot be trusted."""


def identity_platform() -> IdentityPlatform | None:
    """The adapter in use, or None: the own login stands in."""
    adapter = current_app.config.get("IDENTITY_PLATFORM")
    if adapter is None:
        return None
    switch = Setting.get_or_none(Setting.key == SETTING, Setting.province == "")
    return None if switch is not None and not switch.value.get("on", True) else adapter
