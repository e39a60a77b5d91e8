"""The peer nfstream as a whole process: flows with application, as its users run it. Prints the number of flows.

Started by the bench as ``python bench/nfstream_flows.py FILE [DISSECTIONS]`` with the interpreter that has nfstream.
"""

import sys

from nfstream import NFStreamer

if __name__ == "__main__":
    dissections = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    flows = NFStreamer(source=sys.argv[1], n_meters=1, statistical_analysis=False, n_dissections=dissections)
    print(sum(1 for _ in flows), "flows")
