"""From messages and conversations to devices: what is on the network, what each is, how sure we are and why.

``observe.Observer`` gathers clues while a capture is read, ``fold.fold`` makes devices of them, ``ids.assign`` keeps
their ids stable. No IO: the registry of the workspace lies in ``asepsis.pipeline.registry``.
"""
