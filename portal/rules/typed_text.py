"""What people type, made uniform before it is read: full-width forms, blanks and invisible characters."""

import unicodedata

# U+FF01–FF5E are the full-width forms of ASCII; NFKC would change more than people type by accident.
_HALF_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}


def to_half_width(text: str) -> str:
    """`text` with full-width digits, letters, signs and blanks replaced by their ASCII forms."""
    return text.translate(_HALF_WIDTH)


def squeeze(text: str) -> str:
    """`text` in half-width forms without any blank or invisible (format, control) character: for numbers and codes."""
    return "".join(
        char for char in to_half_width(text) if not char.isspace() and unicodedata.category(char) not in ("Cf", "Cc")
    )
