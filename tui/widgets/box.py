"""A box in the middle of the screen."""

from __future__ import annotations

from textual.containers import Vertical, VerticalScroll
from textual.screen import Screen

__all__ = ["Box"]

_MOST = 0.92  # of the screen's height


class Box(Vertical):
    """As high as what is in it; where the screen is lower, its middle scrolls, so that its end is always to be seen.

    CSS alone cannot say that: next to siblings, neither ``1fr`` nor a percentage means "what is left, at most".
    """

    def on_mount(self) -> None:
        """Fit whenever something was laid out anew."""
        self.screen.screen_layout_refresh_signal.subscribe(self, self._fit)

    def _fit(self, screen: Screen[object]) -> None:
        middle = self.query_one(VerticalScroll)
        others = self.virtual_size.height - middle.outer_size.height
        room = max(1, int(screen.size.height * _MOST) - self.gutter.height - others)
        most = middle.styles.max_height
        if most is None or most.cells != room:
            middle.styles.max_height = room
