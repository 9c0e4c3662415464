"""The part of HTTP/1.1 that both servers of the benchmark need, without a library that would take time of its own."""

import socket
from dataclasses import dataclass


@dataclass(frozen=True)
class Request:
    connection: socket.socket
    method: str
    path: str
    body: bytes
    headers: dict[str, str]


def read(connection: socket.socket) -> Request | None:
    """The next complete request; None if the client has closed the connection."""
    data = b""
    while b"\r\n\r\n" not in data:
        if not (more := connection.recv(65536)):
            return None
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines)}
    if headers.get("transfer-encoding") == "chunked":
        while not body.endswith(b"0\r\n\r\n"):
            body += connection.recv(65536)
    while len(body) < int(headers.get("content-length", 0)):
        body += connection.recv(65536)
    method, path, _ = first.split(" ")
    return Request(connection, method, path, body, headers)


def answer(connection: socket.socket, status: str, body: bytes, headers: dict[str, str]) -> None:
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers.items()), f"Content-Length: {len(body)}"]
    connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
