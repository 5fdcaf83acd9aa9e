"""Small mails for tests, written as text."""


def mail(body: str | bytes = "Hello", **fields: str | bytes) -> bytes:
    """A mail with these header fields (`content_type` becomes Content-Type) and this body."""
    head: dict[str, str | bytes] = {
        "from": "AliExpress <transaction@notice.aliexpress.com>",
        "subject": "Order",
    }
    head |= fields
    lines = [
        name.replace("_", "-").title().encode()
        + b": "
        + (value if isinstance(value, bytes) else value.encode())
        for name, value in head.items()
    ]
    data = body if isinstance(body, bytes) else body.encode()
    return b"\r\n".join([*lines, b"", data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")])


def html_mail(body: str, **fields: str | bytes) -> bytes:
    """The same with an HTML body in UTF-8."""
    return mail(body, content_type="text/html; charset=utf-8", **fields)


def parts(
    *bodies: tuple[str, bytes], kind: str = "mixed", edge: str = "edge", **fields: str | bytes
) -> bytes:
    """A multipart mail of (part header lines, content), with `edge` between them."""
    line = b"--" + edge.encode()
    whole = b"".join(
        line + b"\r\n" + head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + content + b"\r\n"
        for head, content in bodies
    )
    return mail(whole + line + b"--\r\n", content_type=f'multipart/{kind}; boundary="{edge}"', **fields)
