"""What a device does, as columns, and what can be learnt from it. ``docs/explanation/behaviour.md`` says how and why.

In: messages and conversations. Out: one ``Profile`` a device and window; from profiles with labels a ``Model``; from
a model and a profile a type, or "unknown". Neighbours: ``observe`` (what devices say of themselves), ``pipeline``
(files).
"""
