"""The world that the matrix and the crawl share."""

from tests.house.walk import ground  # noqa: F401 - a fixture
