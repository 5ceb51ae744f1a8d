"""The system's Chromium."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, ConsoleMessage, Page, Playwright, expect

SECONDS = 5


def find_chromium() -> str | None:
    """Return the program, by the names that distributions give it."""
    found = (shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))
    return next((path for path in found if path), None)


@asynccontextmanager
async def open_browser(playwright: Playwright, program: str) -> AsyncIterator[Browser]:
    """Start a browser."""
    # Chromium's own sandbox cannot be had by root, who tests in a container.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    browser = await playwright.chromium.launch(executable_path=program, args=arguments)
    try:
        yield browser
    finally:
        await browser.close()


@asynccontextmanager
async def open_page(browser: Browser) -> AsyncIterator[Page]:
    """Open a page that shares nothing with any other. What the page logs as an error, or throws, is an error of the body."""
    async with await browser.new_context() as context:
        page = await context.new_page()
        page.set_default_timeout(SECONDS * 1000)
        expect.set_options(timeout=SECONDS * 1000)
        faults: list[str] = []

        def hear(message: ConsoleMessage) -> None:
            # An answer that refuses is logged by the browser itself, and is not a fault of the page.
            if message.type == "error" and "Failed to load resource" not in message.text:
                faults.append(message.text)

        page.on("console", hear)
        page.on("pageerror", lambda error: faults.append(str(error)))
        yield page
        assert faults == []
