"""The services of OPC UA by the numbers of their binary encodings (OPC 10000-6 A.1, OPC Foundation's NodeIds)."""

from __future__ import annotations

from typing import Final

SERVICES: Final = {
    397: "ServiceFault",
    422: "FindServersRequest",
    425: "FindServersResponse",
    428: "GetEndpointsRequest",
    431: "GetEndpointsResponse",
    446: "OpenSecureChannelRequest",
    449: "OpenSecureChannelResponse",
    452: "CloseSecureChannelRequest",
    455: "CloseSecureChannelResponse",
    461: "CreateSessionRequest",
    464: "CreateSessionResponse",
    467: "ActivateSessionRequest",
    470: "ActivateSessionResponse",
    473: "CloseSessionRequest",
    476: "CloseSessionResponse",
    527: "BrowseRequest",
    530: "BrowseResponse",
    533: "BrowseNextRequest",
    536: "BrowseNextResponse",
    554: "TranslateBrowsePathsToNodeIdsRequest",
    557: "TranslateBrowsePathsToNodeIdsResponse",
    560: "RegisterNodesRequest",
    563: "RegisterNodesResponse",
    631: "ReadRequest",
    634: "ReadResponse",
    664: "HistoryReadRequest",
    667: "HistoryReadResponse",
    673: "WriteRequest",
    676: "WriteResponse",
    712: "CallRequest",
    715: "CallResponse",
    751: "CreateMonitoredItemsRequest",
    754: "CreateMonitoredItemsResponse",
    787: "CreateSubscriptionRequest",
    790: "CreateSubscriptionResponse",
    826: "PublishRequest",
    829: "PublishResponse",
}
# OPC 10000-4 7.40: who a session's user says to be, by the encoding of the token.
IDENTITIES: Final = {321: "Anonymous", 324: "UserName", 327: "Certificate", 940: "IssuedToken"}
# OPC 10000-4 7.41, UserTokenType.
TOKEN_TYPES: Final = ("Anonymous", "UserName", "Certificate", "IssuedToken")
# OPC 10000-4 7.20, MessageSecurityMode.
SECURITY_MODES: Final = ("Invalid", "None", "Sign", "SignAndEncrypt")
# OPC 10000-4 7.2, ApplicationType.
APPLICATION_TYPES: Final = ("Server", "Client", "ClientAndServer", "DiscoveryServer")
