"""The world that the attacks happen in."""

from tests.house.walk import ground  # noqa: F401 - a fixture
