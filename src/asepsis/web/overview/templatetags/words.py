"""How words of programs are shown to people."""

from __future__ import annotations

from django import template

register = template.Library()


@register.filter
def words(name: object) -> str:
    """``infusion_pump`` as ``Infusion pump``; capitals that stand already (``CT``) are kept."""
    text = str(name).replace("_", " ")
    return text.upper() if text in ("ct", "mr", "ecg", "eeg", "pacs", "os", "udi") else text[:1].upper() + text[1:]


@register.filter
def percent(share: float | None) -> str:
    """0.934 as ``93 %``."""
    return "" if share is None else f"{100 * float(share):.0f} %"
