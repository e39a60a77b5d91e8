"""A made-up hospital's traffic, packet by packet and the same every time, for measuring speed at size.

Every kind of traffic is a function that yields ``(time_us, frame)`` of one session, in order of time; ``ward``
says who is there and how much of each kind an hour holds; ``bench.capture`` merges the sessions into one file.
The bytes follow the standards closely enough that real dissectors read them, but they were written and not
recorded: speed is measured on them, right answers are judged on real captures only.
"""
