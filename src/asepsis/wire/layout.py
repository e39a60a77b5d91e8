"""The words of every table that Python and the kernels share. Only integers live here.

All tables are runs of 64-bit words. The kernels know them by address, Python as NumPy arrays.
"""

from __future__ import annotations

# --- status: what a run of the kernel answers -----------------------------------------------------------------------

NEED_INPUT = 0  # the block is read up to CONTROL[POSITION]; what follows is less than one record
DRAIN = 1  # an output table is nearly full: drain, then run again
BLOCK = 2  # a pcapng block that Python reads (section header, interface description) begins at POSITION
DAMAGED = 3  # no record can begin at POSITION

# --- control block --------------------------------------------------------------------------------------------------

BUFFER = 0  # address of the block of capture bytes
POSITION = 1  # offset in it of the next record
LIMIT = 2  # how many bytes of it are valid
FORMAT = 3  # one of the FORMAT_* below
SWAPPED = 4  # 1 when the file's byte order is not this machine's (little endian)
FRACTION_NS = 5  # pcap: nanoseconds of one unit of the fraction (1000 or 1)
HEADER_BYTES = 6  # pcap: length of a record header
INTERFACES = 7  # address of the interface table (pcapng; pcap and live use its first row)
INTERFACE_COUNT = 8
SNAP_LENGTH = 9  # of the interface of simple packet blocks, 0 without limit
PACKETS = 10  # packets seen in this capture
NOW_NS = 11  # capture time of the latest packet
WIRE_BYTES = 12  # original frame lengths, summed
ROWS = 13  # address of the conversation table
ROW_CAPACITY = 14
ROW_TOP = 15  # rows ever used
ROW_FREE = 16  # first free row + 1, 0 when none: the free rows are a list through their word 0
ROW_LIVE = 17
SLOTS = 18  # address of the hash slots
SLOT_MASK = 19
SEED = 20
BATCH = 21  # address of the batch scratch
PAYLOADS = 22  # address of the payload table
PAYLOAD_CAPACITY = 23
PAYLOAD_COUNT = 24
ARENA = 25  # address of the payload bytes
ARENA_CAPACITY = 26
ARENA_USED = 27
FINISHED = 28  # address of the finished conversations, rows copied as they are
FINISHED_CAPACITY = 29
FINISHED_COUNT = 30
FRAGMENTS = 31  # address of the fragment table
REPEATS = 32  # address of the table of datagrams seen lately
ORDINAL = 33  # next conversation ordinal
IDLE_UDP_NS = 34
IDLE_TCP_NS = 35
IDLE_CLOSED_NS = 36
ACTIVE_NS = 37
SWEEP_NS = 38  # idle limit of a forced sweep, 0 for the usual ones
SWEEP_ENDED_BY = 39
EVICTED = 40
RETRANSMITTED = 41  # payload segments dropped because their bytes had been seen
WITHHELD = 42  # payload segments of followed applications not handed on, by policy
EMIT = 43  # one of EMIT_*
STAGE_PACKETS = 44  # records of the batch being worked on
SPLITS = 45
LENGTHS_SWAPPED = 46  # pcap before version 2.3: original length first, captured length second
MEANINGS = 47  # address of the table of contents that were handed on before
MEANING_COUNT = 48  # meanings given a number since that table was emptied
REASONS = 64  # first of 64 counters, see REASON_*
REPEATED = 128  # first of 256 counters: repeated datagrams not handed on, by application
CONTROL_WORDS = 384

EMIT_NOTHING = 0  # conversations only
EMIT_MESSAGES = 1  # payloads for messages that are kept
EMIT_CLUES = 2  # payloads for clues only: what no clue is made of counts as repeated

FORMAT_PCAP = 0
FORMAT_PCAPNG = 1
FORMAT_RING = 2  # one block of an AF_PACKET ring, TPACKET_V3

# --- interface table ------------------------------------------------------------------------------------------------

INTERFACE_WORDS = 6
I_LINK = 0  # one of LINK_*
I_MULTIPLY = 1  # nanoseconds = ticks * multiply / divide + offset
I_DIVIDE = 2
I_OFFSET_NS = 3
I_SNAP = 4
I_PACKETS = 5
MAX_INTERFACES = 256

# --- batch scratch: one row for each packet of a batch --------------------------------------------------------------

BATCH_PACKETS = 128
BATCH_WORDS = 20
B_SOURCE_HIGH = 0
B_SOURCE_LOW = 1
B_DESTINATION_HIGH = 2
B_DESTINATION_LOW = 3
B_KEY = 4  # source port << 32 | destination port << 16 | IP protocol << 8 | IP version
B_HASH = 5
B_TIME = 6
B_WIRE = 7
B_PAYLOAD = 8  # address
B_LENGTH = 9
B_TCP = 10  # sequence number | flags << 32 | TTL << 40 | reversed << 48 | no payload << 49
B_PACKET = 11
B_SOURCE_MAC = 12
B_DESTINATION_MAC = 13
B_VLAN = 14  # VLAN | tunnel << 16
B_KIND = 15  # KIND_*
B_FRAME = 16  # address of the frame
B_END = 17
B_LINK = 18

KIND_CONVERSATION = 0
KIND_FRAME = 1  # a frame without IP that a protocol reads; B_KEY holds its application
KIND_NONE = 2

# --- conversation rows ----------------------------------------------------------------------------------------------

ROW_WORDS = 24  # three cache lines; each packet touches the first two
R_A_HIGH = 0
R_A_LOW = 1
R_B_HIGH = 2
R_B_LOW = 3
R_KEY = 4  # port A << 32 | port B << 16 | IP protocol << 8 | IP version
R_HASH = 5
R_FIRST_NS = 6
R_LAST_NS = 7
R_PACKETS_A = 8
R_PACKETS_B = 9
R_BYTES_A = 10
R_BYTES_B = 11
R_MAC_A = 12  # MAC | TTL << 48 | TCP flags << 56
R_MAC_B = 13
R_STATE = 14
R_ORDINAL = 15
R_FIRST_PACKET = 16
R_VLAN = 17  # VLAN | bytes handed on from A << 16 | from B << 40 (24 bits each, they stay at the top)
R_NEXT = 18  # next TCP sequence number of A | of B << 32
R_PDU_A = 19  # DICOM, TLS: bytes to the next PDU or record | of it still to hand on << 32; HTTP: bytes of wanted bodies
R_PDU_B = 20
R_PARTIAL_A = 21  # DICOM, TLS: first bytes of a header cut by a segment | how many << 56
R_PARTIAL_B = 22
R_LIVE = 23  # 0 free, 1 live; in a finished row: 2 + ENDED_BY

# R_STATE bits; those with a twin for B stand one bit higher
S_APPLICATION = 0xFF
S_BY_CONTENT = 1 << 8
S_FIRST_B = 1 << 9  # B sent the first packet
S_SYN = 1 << 10
S_SYN_ACK = 1 << 12
S_CLIENT = 1 << 14  # content shows that this side is the client
S_FIN = 1 << 16
S_STARTED = 1 << 18  # R_NEXT is valid
S_INITIAL = 1 << 20  # R_NEXT comes from a SYN
S_CUT = 1 << 22  # bytes were withheld: the next payload handed on begins after a gap
S_DONE = 1 << 24  # nothing more is handed on in this direction
S_ALIGNED = 1 << 26  # DICOM, TLS: R_PDU is valid
S_RESET = 1 << 28
S_RAW = 1 << 29  # out of order: segments go to Python with their sequence numbers
S_SPLIT = 1 << 30  # continues a conversation that was split by age
S_DATASET = 1 << 48  # DICOM: the head of the data set in transfer was handed on
S_WANTED = 1 << 50  # HTTP: a protocol reads the body in transfer
S_TRIES_SHIFT = 32  # 8 bits: how many payloads the classifier has seen
S_TUNNEL_SHIFT = 40  # 8 bits

# --- payload table: the words of asepsis.wire.tables.PAYLOADS -------------------------------------------------------

PAYLOAD_WORDS = 15
P_CONVERSATION = 0
P_TIME = 1
P_PACKET = 2
P_OFFSET = 3
P_LENGTH = 4
P_SOURCE_HIGH = 5
P_SOURCE_LOW = 6
P_DESTINATION_HIGH = 7
P_DESTINATION_LOW = 8
P_SOURCE_MAC = 9
P_DESTINATION_MAC = 10
P_PORTS = 11  # source | destination << 16 | VLAN << 32 | IP version << 48 | IP protocol << 56
P_META = 12  # application | sender << 8 | flags << 16 | TCP sequence number << 32
P_ROW = 13
P_MEANING = 14  # 0 none; m: what these bytes say is remembered as m; -m: they say what m says, and are left out

MAX_PIECES = 16  # payload rows that one packet can give: a 64 KiB segment skips at most every 8 KiB

# --- small tables ---------------------------------------------------------------------------------------------------

FRAGMENT_SLOTS = 4096  # fragmented datagrams in flight; an older one gives way to a newer one with the same slot
FRAGMENT_WORDS = 2  # key, ports << 1 | 1
REPEAT_SLOTS = 1 << 16  # one word each: hash of sender and content
MEANING_SLOTS = 1 << 16  # two words each: hash of content, number of the meaning
MOST_MEANINGS = 1 << 15  # then no more are numbered until the table is emptied; Python holds the messages of each

# --- link layers that the kernels read ------------------------------------------------------------------------------

LINK_UNKNOWN = 0
LINK_ETHERNET = 1
LINK_RAW_IP = 2
LINK_NULL = 3
LINK_LOOP = 4
LINK_SLL = 5
LINK_SLL2 = 6
LINK_WIFI = 7
LINK_RADIOTAP = 8
LINK_PPP = 9
LINK_NORDIC_BLE = 10
LINK_HCI_H4 = 11
LINK_HCI_H4_PHDR = 12
LINK_C_HDLC = 13
LINK_PPI = 14
LINK_MSTP = 15
LINK_ARCNET = 16
LINK_BLE_LL = 17
LINK_BLE_LL_PHDR = 18

# --- why a packet was not decoded; the texts are in asepsis.wire.reasons --------------------------------------------

REASON_NONE = 0
REASON_LINK_TYPE = 1
REASON_SHORT_LINK = 2
REASON_ETHERTYPE = 3
REASON_LLC = 4
REASON_SHORT_IPV4 = 5
REASON_BAD_IPV4 = 6
REASON_SHORT_IPV6 = 7
REASON_BAD_IPV6 = 8
REASON_WIFI_MANAGEMENT = 9  # of those inside tunnels
REASON_WIFI_CONTROL = 10
REASON_WIFI_NO_DATA = 11
REASON_WIFI_ENCRYPTED = 12
REASON_WIFI_AGGREGATE = 13
REASON_BLE_BAD = 14
REASON_HCI_BAD = 15
REASON_PPP_CONTROL = 16
REASON_MPLS = 17
REASON_PPPOE_CONTROL = 18
REASON_NO_INTERFACE = 19
REASON_NULL_FAMILY = 20
REASON_EMPTY = 21
REASON_BLE_FRAME = 22
REASON_ARCNET = 23
REASON_MSTP_BAD = 24
