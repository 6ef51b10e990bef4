"""The colours. Everything else uses Textual's theme variables, so that every other theme works too."""

from __future__ import annotations

from textual.theme import Theme

__all__ = ["DARK", "LIGHT"]

DARK = Theme(
    name="runbook-dark",
    primary="#59c2e6",
    secondary="#7c9cc4",
    accent="#ffb454",
    success="#7fd992",
    warning="#ffcf6b",
    error="#f2757b",
    foreground="#d5dbe5",
    background="#0e131a",
    surface="#131a23",
    panel="#1c2632",
    dark=True,
    variables={
        "border": "#59c2e6 60%",
        "border-blurred": "#2a3747",
        "block-cursor-foreground": "#0e131a",
        "block-cursor-background": "#59c2e6",
        "block-cursor-text-style": "bold",
        "block-cursor-blurred-foreground": "#d5dbe5",
        "block-cursor-blurred-background": "#263445",
        "block-hover-background": "#1c2632",
        "footer-key-foreground": "#ffb454",
        "input-selection-background": "#59c2e6 30%",
    },
)

LIGHT = Theme(
    name="runbook-light",
    primary="#1769a0",
    secondary="#4a6a8f",
    accent="#b35c00",
    success="#1d7a3a",
    warning="#946200",
    error="#b3262e",
    foreground="#1d2733",
    background="#f4f6f9",
    surface="#ffffff",
    panel="#e6ebf1",
    dark=False,
    variables={
        "border": "#1769a0 60%",
        "border-blurred": "#c5cfda",
        "block-cursor-foreground": "#ffffff",
        "block-cursor-background": "#1769a0",
        "block-cursor-text-style": "bold",
        "block-cursor-blurred-foreground": "#1d2733",
        "block-cursor-blurred-background": "#d3dfeb",
        "block-hover-background": "#e6ebf1",
        "footer-key-foreground": "#b35c00",
    },
)
