"""What bytes are, by how they begin. Pure."""

from __future__ import annotations

# (kind, offset, beginning, extension)
BEGINNINGS = (
    ("image", 0, b"\xff\xd8\xff", "jpg"),
    ("image", 0, b"\x89PNG\r\n\x1a\n", "png"),
    ("image", 8, b"WEBP", "webp"),
    ("audio", 0, b"OggS", "ogg"),
    ("audio", 0, b"ID3", "mp3"),
    ("audio", 0, b"#!AMR", "amr"),
    ("audio", 4, b"ftyp", "m4a"),
    ("audio", 0, b"\xff\xf1", "aac"),
    ("audio", 0, b"\xff\xf9", "aac"),
    ("audio", 0, b"\xff\xfb", "mp3"),
    ("audio", 0, b"\xff\xf3", "mp3"),
    ("audio", 0, b"\xff\xf2", "mp3"),
    ("video", 4, b"ftyp", "mp4"),
    ("document", 0, b"%PDF-", "pdf"),
    # Today's office files are archives, and so are many others.
    ("document", 0, b"PK\x03\x04", "zip"),
    ("document", 0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "doc"),
    ("document", 0, b"\xff\xd8\xff", "jpg"),
    ("document", 0, b"\x89PNG\r\n\x1a\n", "png"),
)
LOOKED_AT = 4_096
OGG_HEADER = 27
OPUS_RATE = 48_000


def extension_of(content: bytes, kind: str) -> str:
    """Return the extension that the bytes deserve; "" when they are not of the kind."""
    for of_kind, offset, beginning, extension in BEGINNINGS:
        if of_kind == kind and content.startswith(beginning, offset):
            return extension
    if kind == "document" and content and _is_text(content[:LOOKED_AT]):
        return "txt"
    return ""


def ogg_seconds(content: bytes) -> float | None:
    """Return how long a voice note is, by the clock of its last page; None if unsaid."""
    at = content.rfind(b"OggS")
    if at < 0 or len(content) < at + OGG_HEADER:
        return None
    ticks = int.from_bytes(content[at + 6 : at + 14], "little", signed=True)
    return ticks / OPUS_RATE if ticks >= 0 else None


def _is_text(beginning: bytes) -> bool:
    # A character may be cut in two at the end.
    text = beginning.decode("utf-8", "ignore")
    return b"\0" not in beginning and len(text.encode()) >= len(beginning) - 4
