"""Several servers behind one address: each browser stays with the one that began its session."""

import asyncio

import pytest

from lcrec_ui import serve
from lcrec_ui.serve import Proxy, with_line

HEAD = b"GET / HTTP/1.1\r\nHost: a.example\r\n%s\r\n"


@pytest.mark.parametrize(
    ("header", "server"),
    [
        (b"", None),
        (b"Cookie: lcrec_server=1\r\n", 1),
        (b"cookie: a=b; lcrec_server=0; c=d\r\n", 0),
        (b"Cookie: lcrec_server=2\r\n", None),
        (b"Cookie: lcrec_server=x\r\n", None),
        (b"Cookie: lcrec_server=-1\r\n", None),
        (b"X-Other: lcrec_server=1\r\n", None),
    ],
)
def test_a_cookie_names_a_server_or_nothing(header: bytes, server: int | None):
    assert Proxy([1001, 1002]).chosen(HEAD % header) == server


def test_a_header_is_put_behind_the_first_line():
    assert with_line(HEAD % b"", "X-One: 1") == b"GET / HTTP/1.1\r\nX-One: 1\r\nHost: a.example\r\n\r\n"


def test_a_browser_is_marked_once_and_comes_back_to_its_server():
    """Two servers that say their name and what they were asked; whoever has no cookie goes to the less busy one."""
    asked: list[bytes] = []

    async def server(name: bytes) -> asyncio.Server:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while head := await reader.readuntil(b"\r\n\r\n"):
                asked.append(head)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" + name)

        return await asyncio.start_server(answer, serve.HOST, 0)

    async def get(port: int, header: bytes = b"") -> tuple[bytes, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection(serve.HOST, port)
        writer.write(HEAD % header)
        return await reader.readuntil(b"\r\n\r\n") + await reader.readexactly(1), writer

    async def visit() -> None:
        servers = [await server(name) for name in (b"A", b"B")]
        proxy = Proxy([each.sockets[0].getsockname()[1] for each in servers])
        listening = await asyncio.start_server(proxy.connected, serve.HOST, 0)
        port = listening.sockets[0].getsockname()[1]
        first, one = await get(port)
        second, two = await get(port)
        assert b"Set-Cookie: lcrec_server=0; Path=/; HttpOnly; SameSite=Lax\r\n" in first
        assert b"Set-Cookie: lcrec_server=1" in second
        assert (first[-1:], second[-1:]) == (b"A", b"B")
        for writer in (one, two):
            writer.close()
        for _ in range(3):
            again, writer = await get(port, b"Cookie: lcrec_server=1\r\n")
            assert again.endswith(b"B")
            assert b"Set-Cookie" not in again
            writer.close()
        assert all(b"\r\nX-Forwarded-For: 127.0.0.1\r\n" in head for head in asked)
        listening.close()
        for each in servers:
            each.close()

    asyncio.run(asyncio.wait_for(visit(), 60))
