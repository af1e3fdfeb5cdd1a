"""Static files: compressed, and kept for a year under addresses that change with the content."""

from __future__ import annotations

import gzip
import re

import pytest
from django.test import Client

from minno_dashboard.ui import assets

pytestmark = pytest.mark.django_db


def kept_for(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.getvalue()
    return str(response["Cache-Control"])


def test_a_page_loads_compressed_files_that_are_kept_for_a_year() -> None:
    client = Client()
    page = client.get("/login/").content.decode()
    addresses = re.findall(r'(?:src|href)="(/static/[^"]+)"', page)
    assert len(addresses) >= 4
    for address in addresses:
        plain = client.get(address)
        assert plain["Cache-Control"] == "max-age=31536000, public, immutable", address
        content = plain.getvalue()
        if len(content) < 1024:
            continue
        packed = client.get(address, headers={"Accept-Encoding": "gzip"})
        assert packed["Content-Encoding"] == "gzip"
        assert "Accept-Encoding" in packed["Vary"]
        assert gzip.decompress(packed.getvalue()) == content
        smallest = client.get(address, headers={"Accept-Encoding": "gzip, br"})
        assert smallest["Content-Encoding"] == "br"
        assert len(smallest.getvalue()) < len(content) / 2


def test_an_address_without_the_right_digest_is_asked_for_again() -> None:
    client = Client()
    for address in ("/static/build/app.js", "/static/build/app.js?v=", "/static/build/app.js?v=000000000000"):
        assert "immutable" not in kept_for(client, address)
    assert "immutable" in kept_for(client, f"/static/build/app.js?v={assets.digest('build/app.js')}")


def test_a_part_named_by_its_digest_is_kept_for_a_year() -> None:
    client = Client()
    name = re.search(rb"chunk-[A-Z0-9]{8}\.js", client.get("/static/build/app.js").getvalue())
    assert name is not None
    assert "immutable" in kept_for(client, f"/static/build/{name[0].decode()}")
