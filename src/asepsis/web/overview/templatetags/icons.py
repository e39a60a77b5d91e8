"""Icons from our own sprite, drawn for the eye alone: the words beside them say the same."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from django.template import Library
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = Library()

ICONS_KEPT: Final = 256
"""Names by sizes, all of them ours."""


@register.simple_tag
@lru_cache(maxsize=ICONS_KEPT)
def icon(name: str, size: str = "") -> SafeString:
    """One icon; ``size`` is a class, such as ``large``."""
    return format_html(
        '<svg class="icon {}" aria-hidden="true" focusable="false"><use href="{}#{}"/></svg>',
        size,
        static("asepsis/icons.svg"),
        name or "next",
    )
