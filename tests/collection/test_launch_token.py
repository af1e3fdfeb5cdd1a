"""Launch tokens: what was signed comes back, and nothing else is taken."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minno_dashboard.collection.ingest.launch_token import BadToken, LaunchToken, decode, derive_key, encode

KEY = derive_key("one secret")
TOKEN = LaunchToken(
    1, 2, "e" * 40, "v" * 40, 2**52 - 1, 1000, 2000, 7, "who", {"PROLIFIC_PID": "אבג </script>"}
)


@given(st.dictionaries(st.text(max_size=20), st.text(max_size=50), max_size=5))
def test_a_signed_launch_token_is_read_back(params: dict[str, str]) -> None:
    token = replace(TOKEN, params=params)
    text = encode(token, KEY)
    assert decode(text, KEY, now=1999) == token
    assert all(one.isalnum() or one in "-_." for one in text)


@pytest.mark.parametrize("place", range(0, len(encode(TOKEN, KEY)), 7))
def test_a_changed_token_is_refused(place: int) -> None:
    text = encode(TOKEN, KEY)
    changed = text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]
    with pytest.raises(BadToken, match="forged"):
        decode(changed, KEY, now=1500)


@pytest.mark.parametrize("text", ["", ".", "x", "é.é", "a" * 10_000, encode(TOKEN, derive_key("another"))])
def test_a_launch_token_with_another_signature_is_refused(text: str) -> None:
    with pytest.raises(BadToken, match="forged"):
        decode(text, KEY, now=1500)


def test_a_launch_token_expires() -> None:
    with pytest.raises(BadToken, match="expired"):
        decode(encode(TOKEN, KEY), KEY, now=2000)
