"""Gives every name, number and key of a mail its replacement: same by same, by a seed, never an original."""

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field

_HOSTS = ("example.org", "example.net", "example.com")
_CONSONANTS, _VOWELS = "bdfgklmnprstvz", "aeiou"
# Letters that every charset of their script can write.
_SCRIPTS = (
    ("LATIN", ""),
    ("CYRILLIC", "авдеиклмнопрст"),
    ("GREEK", "αβγδεικλμνο"),
    ("HEBREW", "אבגדהוילמנרש"),
    ("ARABIC", "ابتدرسلمنوه"),
    ("THAI", "กขคงจชดตนบปมยรลวส"),
    ("HIRAGANA", "あいうえおかきくけこ"),
    ("KATAKANA", "アイウエオカキクケコ"),
    ("HANGUL", "가나다라마바사아자하"),
    ("CJK", "一二三大小山川木水火土日月人"),
)
_NEAR = 500_000  # an order line is its order plus 10000, 20000, ...


def fold_name(word: str) -> str:
    """A name as it is compared: small letters without accents, as many characters as the name has."""
    out = []
    for char in word:
        bare = unicodedata.normalize("NFD", char)[0].lower()
        out.append(bare if len(bare) == 1 else char)
    return "".join(out)


@dataclass(slots=True)
class Cast:
    """Who is played by whom: `note` originals first, then `settle`; then `play` gives the replacements."""

    seed: bytes
    originals: dict[tuple[str, str], None] = field(default_factory=dict)
    swaps: dict[tuple[str, str], str] = field(default_factory=dict)

    def note(self, what: str, original: str) -> None:
        """An original was met: a number, amount, token, word, email or host."""
        self.originals.setdefault((what, _key(what, original)))

    def settle(self) -> None:
        """Choose a replacement for everything that was noted and has none yet."""
        numbers = [o for what, o in self.originals if what == "number" and ("number", o) not in self.swaps]
        self._numbers(sorted(set(numbers), key=lambda digits: (len(digits), digits)))
        for what, original in self.originals:
            if (what, original) not in self.swaps:
                self.swaps[(what, original)] = self._fresh(what, original)

    def play(self, what: str, original: str) -> str:
        """The replacement of an original, in its own case and digits; itself where it was never noted."""
        new = self.swaps.get((what, _key(what, original)))
        return original if new is None else _dressed(original, new)

    def pairs(self) -> Iterator[tuple[str, str, str]]:
        """What was replaced: what it is, the original and the replacement."""
        for (what, original), new in self.swaps.items():
            yield what, original, new

    def _numbers(self, numbers: list[str]) -> None:
        """Long numbers: their relations stay (last four digits, order lines, the rowan id turned round)."""
        known = set(numbers) | {original for what, original in self.swaps if what == "number"}
        for digits in numbers:
            turned = digits[4:] + digits[:4]
            if len(digits) == 16 and turned != digits and turned in known and _is_order(turned):
                continue  # its order is known: follows below
            self.swaps[("number", digits)] = self._number(digits)
        for digits in numbers:
            turned = digits[4:] + digits[:4]
            if ("number", digits) not in self.swaps:
                new = self.swaps[("number", turned)]
                self.swaps[("number", digits)] = new[-4:] + new[:-4]

    def _number(self, digits: str) -> str:
        base = self._base(digits)
        if base is not None:
            moved = int(self.swaps[("number", base)]) + int(digits) - int(base)
            return str(moved).zfill(len(digits))
        for turn in range(99):
            new = self._body(digits, turn)
            if self._free("number", digits, new):
                return new
        return new

    def _base(self, digits: str) -> str | None:
        """The order that a number is a line of."""
        if len(digits) < 12:
            return None
        for what, other in self.swaps:
            if what == "number" and len(other) == len(digits) and other[-4:] == digits[-4:]:
                apart = int(digits) - int(other)
                if 0 < apart <= _NEAR and apart % 10_000 == 0:
                    return other
        return None

    def _body(self, digits: str, turn: int) -> str:
        kept = 4 if digits.startswith(("1005", "3256", "2251")) else 2 if len(digits) >= 11 else 0
        tail = 4 if len(digits) >= 12 else 0
        middle = digits[kept : len(digits) - tail]
        stream = self._stream("number", digits, turn)
        body = "".join(str(next(stream) % 10) for _ in middle)
        if kept and len(middle) > 4:  # lines must not carry over into the prefix
            body = f"{next(stream) % 9}{body[1:]}"
        if not kept and body[:1] == "0" and digits[:1] != "0":
            body = f"{1 + next(stream) % 9}{body[1:]}"
        end = self._stream("tail", digits[-4:], 0)
        last = "".join(str(next(end) % 10) for _ in range(tail))
        if tail and last == digits[-4:]:
            last = last[:3] + str((int(last[3]) + 1) % 10)
        return digits[:kept] + body + last

    def _fresh(self, what: str, original: str) -> str:
        new = original
        for turn in range(99):
            stream = self._stream(what, original, turn)
            new = self._made(what, original, stream)
            if self._free(what, original, new):
                break
        return new

    def _made(self, what: str, original: str, stream: Iterator[int]) -> str:
        if what == "ip":
            return (
                f"2001:db8::{next(stream) + 1:x}" if ":" in original else f"192.0.2.{next(stream) % 254 + 1}"
            )
        if what == "host":
            return f"{_name(stream, 6)}.{_HOSTS[next(stream) % 3]}"
        if what == "email":
            return f"{_name(stream, 5)}.{_name(stream, 6)}@{_HOSTS[next(stream) % 3]}"
        if what == "word":
            return "".join(_like_letter(char, at, stream) for at, char in enumerate(original))
        return "".join(_like(char, at, stream, what) for at, char in enumerate(original))

    def _free(self, what: str, original: str, new: str) -> bool:
        if what == "amount" and not original.strip("0"):
            return True
        if not any(char.isalnum() for char in original):
            return True
        taken = (what, new) in self.originals or any(
            other == new for (kind, _), other in self.swaps.items() if kind == what and len(new) > 3
        )
        return new != original and not (taken and len(new) > 1)

    def _stream(self, what: str, original: str, turn: int) -> Iterator[int]:
        block = 0
        while True:
            message = f"{what}\0{original}\0{turn}\0{block}".encode("utf-8", "surrogatepass")
            yield from hmac.new(self.seed, message, hashlib.sha256).digest()
            block += 1


def _key(what: str, original: str) -> str:
    if what == "word":
        return fold_name(original)
    if what in ("email", "host", "ip"):
        return original.lower()
    if what in ("number", "amount", "digits"):
        return "".join(digit for digit in map(_digit, original) if digit.isdigit())
    return original


def _digit(char: str) -> str:
    value = unicodedata.digit(char, None)
    return str(value) if value is not None and unicodedata.category(char) == "Nd" else char


def _is_order(digits: str) -> bool:
    return bool(re.fullmatch(r"(?:30|81|82|11)\d{14}", digits))


def _like(char: str, at: int, stream: Iterator[int], what: str) -> str:
    if char.isdigit():
        if char == "0" and at == 0:
            return char
        low = 1 if at == 0 else 0
        return str(low + next(stream) % (10 - low))
    if char.isascii() and char.isalpha():
        letters = "abcdef" if char.lower() in "abcdef" else "ghjkmnpqrstuvwxyz"
        new = letters[next(stream) % len(letters)]
        return new.upper() if char.isupper() else new
    return char


def _like_letter(char: str, at: int, stream: Iterator[int]) -> str:
    """A letter of the same script; Latin ones make words that can be spoken."""
    if char.isdigit():
        return str(next(stream) % 10)
    if not char.isalpha():
        return char
    name = unicodedata.name(char, "")
    for script, letters in _SCRIPTS:
        if script in name:
            pool = letters or (_VOWELS if at % 2 else _CONSONANTS)
            return pool[next(stream) % len(pool)]
    return _CONSONANTS[next(stream) % len(_CONSONANTS)]


def _name(stream: Iterator[int], length: int) -> str:
    return "".join(_like_letter("a", at, stream) for at in range(length))


def _dressed(original: str, new: str) -> str:
    """The replacement with the original's capitals, digits of its script and grouping."""
    if len(new) != len(original):
        if not re.search(r"[^\d\s.\-()/+]", original) and new.isdigit():
            return _grouped(original, new)
        return new
    out = []
    for before, after in zip(original, new, strict=True):
        if after.isdigit() and not before.isascii() and before.isdigit():
            after = _in_script(before, after)
        out.append(after.upper() if before.isupper() and len(after.upper()) == 1 else after)
    return "".join(out)


def _grouped(original: str, digits: str) -> str:
    left = iter(digits)
    return "".join(_in_script(char, next(left, "0")) if char.isdigit() else char for char in original)


def _in_script(model: str, digit: str) -> str:
    return digit if model.isascii() else chr(ord(model) - int(_digit(model)) + int(digit))
