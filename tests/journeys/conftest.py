"""The browser of these tests."""

from tests.browser.chromium import chromium, somebody  # noqa: F401 - fixtures
