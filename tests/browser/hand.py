"""Two ways to use a page: forms pressed with the mouse, and the keyboard alone."""

from __future__ import annotations

from typing import Protocol

from playwright.sync_api import Locator, Page

# What holds the focus, in the words of somebody who reads the page.
FOCUSED = """() => {
    const one = document.activeElement;
    const name = one.labels?.length ? one.labels[0].innerText : one.ariaLabel || one.innerText;
    return [one.tagName, (name || '').replace(/\\s+/g, ' ').trim(), one.tagName === 'SELECT' ? one.selectedOptions[0].text : '',
            getComputedStyle(one).outlineStyle];
}"""
TAGS = {
    "button": ("BUTTON",),
    "link": ("A",),
    "part": ("SUMMARY",),
    "field": ("INPUT", "TEXTAREA"),
    "choice": ("SELECT",),
}
# No page has more stops than this.
STOPS = 150


class Hand(Protocol):
    """What somebody does with a page. Names are those that stand on it, or their beginning."""

    page: Page

    def press(self, name: str) -> None:
        """A button."""

    def follow(self, name: str, *, menu: bool = False) -> None:
        """A link of the page, or of its menu."""

    def unfold(self, name: str) -> None:
        """A folded part."""

    def type(self, label: str, text: str) -> None:
        """A field."""

    def choose(self, label: str, option: str) -> None:
        """One of a list."""

    def search(self, text: str) -> None:
        """By the box at the top of every page."""


class Forms:
    """The mouse; no script is needed."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, name: str) -> None:
        """The first button of that name."""
        within = self.page.locator("main")
        exact = within.get_by_role("button", name=name, exact=True)
        (exact if exact.count() else within.get_by_role("button", name=name)).first.click()

    def follow(self, name: str, *, menu: bool = False) -> None:
        """The first link of that name."""
        within = self.page.locator("body > nav.menu" if menu else "main")
        within.get_by_role("link", name=name).first.click()

    def unfold(self, name: str) -> None:
        """Opens what is folded."""
        self.page.locator("main summary", has_text=name).first.click()

    def type(self, label: str, text: str) -> None:
        """Fills it in."""
        self._labelled("input, textarea", label).fill(text)

    def choose(self, label: str, option: str) -> None:
        """By the words of the option."""
        found = self._labelled("select", label)
        found.wait_for()
        words = found.locator("option").all_text_contents()
        found.select_option(label=next(one for one in words if one.startswith(option)))

    def _labelled(self, tags: str, label: str) -> Locator:
        return self.page.locator("main").get_by_label(label).and_(self.page.locator(tags)).first

    def search(self, text: str) -> None:
        """Types and presses."""
        box = self.page.get_by_role("search")
        box.get_by_label("搜索").fill(text)
        box.get_by_role("button").click()


class Keys:
    """Tab, Shift+Tab, Enter, arrows and typing. The focus is visible at every stop, or it fails."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, name: str) -> None:
        """Reaches the button, then Enter."""
        self._reach("button", name)
        self._enter()

    def follow(self, name: str, *, menu: bool = False) -> None:
        """Reaches the link, then Enter."""
        self._reach("link", name, skip=not menu)
        self._enter()

    def unfold(self, name: str) -> None:
        """Reaches the folded part, then the space bar."""
        self._reach("part", name)
        self.page.keyboard.press("Space")

    def type(self, label: str, text: str) -> None:
        """Reaches the field (its content is selected then) and types over it."""
        self._reach("field", label)
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(text)

    def choose(self, label: str, option: str) -> None:
        """Down from the first until it is the one."""
        self._reach("choice", label)
        self.page.keyboard.press("Home")
        for _ in range(30):
            if self.page.evaluate(FOCUSED)[2].startswith(option):
                return
            self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"{label} has no {option}")

    def search(self, text: str) -> None:
        """Reaches the box, types, Enter."""
        self._reach("field", "搜索", skip=False)
        self.page.keyboard.insert_text(text)
        self._enter()

    def _enter(self) -> None:
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def _reach(self, kind: str, name: str, *, skip: bool = True) -> None:
        """Tabs on from where the focus is; on a page just opened the skip link is taken, as one would."""
        key = self.page.keyboard
        for _ in range(STOPS):
            key.press("Tab")
            tag, said, _chosen, outline = self.page.evaluate(FOCUSED)
            assert tag == "BODY" or outline != "none", f"the focus on {said!r} is not seen"
            if tag in TAGS[kind] and (said.startswith(name) or (kind == "part" and name in said)):
                return
            if skip and self.page.evaluate("document.activeElement.className") == "skip":
                key.press("Enter")
        raise AssertionError(f"the {kind} {name!r} is not reached by Tab on {self.page.url}")
