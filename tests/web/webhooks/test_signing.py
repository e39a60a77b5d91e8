from __future__ import annotations

from asepsis.web.webhooks.signing import PREFIX, headers, new_secret, signature

# Computed with openssl from the text of the scheme, not with our code:
# printf '%s' 'msg_1.1700000000.{"type":"x"}' |
#   openssl dgst -sha256 -mac HMAC -macopt hexkey:6161...61 -binary | base64
SECRET = PREFIX + "YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE="


def test_a_signature_is_what_openssl_makes_of_id_time_and_body() -> None:
    made = signature(SECRET, "msg_1", 1_700_000_000, b'{"type":"x"}')
    assert made == "v1,BoYKBwShGbwqJmv2HY6jiYXcWJoikubrvG5hHqBcVoU="


def test_while_secrets_are_changed_over_both_sign() -> None:
    other = new_secret()
    told = headers([SECRET, other], "msg_1", 1, b"{}")
    assert told["webhook-signature"].split(" ") == [
        signature(SECRET, "msg_1", 1, b"{}"),
        signature(other, "msg_1", 1, b"{}"),
    ]
    assert (told["webhook-id"], told["webhook-timestamp"]) == ("msg_1", "1")


def test_no_two_secrets_are_the_same() -> None:
    assert len({new_secret() for _ in range(20)}) == 20
