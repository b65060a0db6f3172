"""Two ways to use a page: with a pointer, and with the keyboard alone."""

from typing import Protocol

from playwright.sync_api import Locator, Page, expect

TABS_MAX = 200
_FOCUS = """element => {
  const style = getComputedStyle(element);
  const label = element.closest("label");
  const around = label ? getComputedStyle(label) : style;
  const drawn = one => one.outlineStyle !== "none" && parseFloat(one.outlineWidth) >= 2;
  return drawn(style) || drawn(around) || style.boxShadow !== "none";
}"""


class Hand(Protocol):
    """What a person does with a page."""

    def press(self, what: Locator) -> None: ...

    def tick(self, what: Locator) -> None: ...

    def choose(self, what: Locator, value: str) -> None: ...

    def write(self, what: Locator, text: str) -> None: ...


class Pointer:
    """Taps and clicks."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, what: Locator) -> None:
        what.click()

    def tick(self, what: Locator) -> None:
        what.check()

    def choose(self, what: Locator, value: str) -> None:
        what.select_option(value)

    def write(self, what: Locator, text: str) -> None:
        what.fill(text)


class Keys:
    """Tab, Space, Enter, arrows and letters; what has the focus must show it."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def _reach(self, what: Locator) -> None:
        # Radio buttons of one name are one stop: the group is reached, then arrows choose.
        wanted = what.evaluate("e => e.type === 'radio' ? `radio ${e.name}` : ''")
        for _step in range(TABS_MAX):
            if wanted:
                here = self.page.evaluate(
                    "() => { const e = document.activeElement;"
                    " return e.type === 'radio' ? `radio ${e.name}` : '' }"
                )
                if here == wanted:
                    break
            elif what.evaluate("e => e === document.activeElement"):
                break
            self.page.keyboard.press("Tab")
        else:
            raise AssertionError(f"{what} is not reached by {TABS_MAX} tabs of {self.page.url}")
        assert self.page.locator(":focus").evaluate(_FOCUS), f"no visible focus on {what}"

    def press(self, what: Locator) -> None:
        self._reach(what)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")

    def tick(self, what: Locator) -> None:
        self._reach(what)
        if what.evaluate("e => e.type === 'radio'"):
            for _step in range(TABS_MAX):
                if what.evaluate("e => e === document.activeElement"):
                    break
                self.page.keyboard.press("ArrowDown")
        if not what.is_checked():
            self.page.keyboard.press("Space")
        expect(what).to_be_checked()

    def choose(self, what: Locator, value: str) -> None:
        self._reach(what)
        self.page.keyboard.type(value)
        expect(what).to_have_value(value)

    def write(self, what: Locator, text: str) -> None:
        self._reach(what)
        self.page.keyboard.press("Control+a")
        self.page.keyboard.type(text)
        expect(what).to_have_value(text)
