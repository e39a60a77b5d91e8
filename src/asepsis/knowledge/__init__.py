"""What is known before the first packet: tables of facts, each row with its source, and the closed word lists.

The tables lie in ``tables/*.jsonl``, one JSON object a line; a line that begins with ``#`` is a remark.
``table.find`` answers from them, ``vendors`` names makers, ``hardware`` reads vendor prefixes of MAC addresses,
``vocabulary`` holds the closed lists and ``lint`` checks every row.
"""
