"""The templates, with everything escaped unless a template itself is trusted with it."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from runbook import present

__all__ = ["render"]


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("runbook.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render(template: str, **values: object) -> str:
    """Fill a template of ``templates/``. What is filled in is shown as it is, control characters too."""
    return present.safe(_templates().get_template(template).render(**values).strip())
