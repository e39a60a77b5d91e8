"""Reads clues out of messages and conversations: one small module for each protocol, ``traffic`` for conversations."""

from asepsis.devices.observe.observer import Observer

__all__ = ["Observer"]
