"""A long line between two bridges, in user space: every frame is late, some are lost (this kernel has no netem).

``python wan_line.py TAP-A TAP-B DELAY_MS JITTER_MS LOSS SEED``: makes both TAP devices, says ``ready``, and passes
frames between them until it is ended. Frames keep their order, as on one fibre.
"""

from __future__ import annotations

import fcntl
import heapq
import os
import random
import select
import struct
import sys
import time

IFF_TAP, IFF_NO_PI, TUNSETIFF = 0x0002, 0x1000, 0x400454CA
"""linux/if_tun.h."""
LARGEST_FRAME_BYTES = 2048
LARGEST_QUEUE = 4000
"""A line that holds more loses what comes, as every line does."""

names, numbers, seed = sys.argv[1:3], [float(word) for word in sys.argv[3:6]], sys.argv[6]
delay, jitter, loss = numbers[0] / 1000, numbers[1] / 1000, numbers[2]
chance = random.Random(seed)
ends = []
for name in names:
    end = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(end, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI))
    ends.append(end)
print("ready", flush=True)
queue: list[tuple[float, int, int, bytes]] = []
last = dict.fromkeys(ends, 0.0)
number = 0
while True:
    wait = max(queue[0][0] - time.monotonic(), 0) if queue else None
    readable, _, _ = select.select(ends, [], [], wait)
    for end in readable:
        frame = os.read(end, LARGEST_FRAME_BYTES)
        if len(queue) < LARGEST_QUEUE and chance.random() >= loss:
            other = ends[1] if end == ends[0] else ends[0]
            last[other] = max(last[other], time.monotonic() + delay + chance.uniform(0, jitter))
            number += 1
            heapq.heappush(queue, (last[other], number, other, frame))
    while queue and queue[0][0] <= time.monotonic():
        _, _, other, frame = heapq.heappop(queue)
        os.write(other, frame)
