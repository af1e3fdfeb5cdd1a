"""Archives encrypted with age (age-encryption.org) to a public key: the server never holds what opens them."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, BinaryIO

import pyrage

from minno_dashboard.core.errors import Invalid, Refused, Unavailable

BEGINNING = b"age-encryption.org/"
"""How a file that age encrypted begins."""


class CannotDecrypt(Refused):
    """The archive is encrypted and the key at hand does not open it, or its bytes are damaged."""


def new_key(file: Path) -> str:
    """Write a new private key to a file only its owner can read, and return its public key.

    Raises:
        Invalid: the file is there already.
    """
    identity = pyrage.x25519.Identity.generate()
    public = str(identity.to_public())
    try:
        descriptor = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError as error:
        raise Invalid(f"{file} is there already and was not changed. Name a new file.") from error
    with os.fdopen(descriptor, "w", encoding="ascii") as handle:
        handle.write(f"# public key: {public}\n{identity}\n")
    return public


@contextmanager
def encrypting(target: BinaryIO, recipients: tuple[str, ...]) -> Iterator[BinaryIO]:
    """Yield a file; what is written to it arrives in `target` encrypted to the public keys.

    Raises:
        Invalid: one of them is no public key.
    """
    try:
        keys = [pyrage.x25519.Recipient.from_str(one) for one in recipients]
    except pyrage.RecipientError as error:
        raise Invalid(f"This is no public key of age, which begins with age1: {error}") from error
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as source:
        work = _Thread(lambda: pyrage.encrypt_io(source, target, keys), source)
        with os.fdopen(writing, "wb", buffering=1 << 20) as sink, work.ending(sink):
            yield sink


@contextmanager
def decrypting(source: BinaryIO, key_file: Path | None) -> Iterator[BinaryIO]:
    """Yield a file from which the decrypted bytes of `source` can be read once, from beginning to end.

    Raises:
        CannotDecrypt: there is no key, or it does not open this archive.
    """
    if key_file is None:
        raise CannotDecrypt("This archive is encrypted. Name the file with its private key: --key FILE.")
    identities = _identities(key_file)
    reading, writing = os.pipe()
    sink = os.fdopen(writing, "wb", buffering=1 << 20)
    with os.fdopen(reading, "rb", buffering=1 << 20) as plain:
        work = _Thread(lambda: pyrage.decrypt_io(source, sink, identities), sink)
        with work.ending(plain):
            yield plain


def _identities(file: Path) -> list[pyrage.x25519.Identity]:
    try:
        lines = file.read_text(encoding="ascii").split("\n")
        return [pyrage.x25519.Identity.from_str(line.strip()) for line in lines if line.startswith("AGE-")]
    except (OSError, UnicodeError, pyrage.IdentityError) as error:
        raise CannotDecrypt(f"{file} holds no private key of age: {error}") from error


class _Thread:
    """Runs one end of a pipe; closing its end tells the other that it is done."""

    def __init__(self, run: Callable[[], None], own_end: IO[bytes]) -> None:
        self._run, self._own_end = run, own_end
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._work, name="age", daemon=True)
        self._thread.start()

    def _work(self) -> None:
        try:
            with suppress(BrokenPipeError):  # the reader had enough
                self._run()
        except (OSError, pyrage.EncryptError, pyrage.DecryptError) as error:  # raised again by `ending`
            self._error = error
        finally:
            with suppress(BrokenPipeError):
                self._own_end.close()

    @contextmanager
    def ending(self, other_end: IO[bytes]) -> Iterator[None]:
        """Close the other end after the body and wait for the thread; its error is the cause of the body's, if any."""
        try:
            yield
        except Exception as error:
            self._end(other_end)
            if self._error is not None:
                raise _as_refusal(self._error) from error
            raise
        self._end(other_end)
        if self._error is not None:
            raise _as_refusal(self._error) from self._error

    def _end(self, other_end: IO[bytes]) -> None:
        with suppress(BrokenPipeError):
            other_end.close()
        self._thread.join()


def _as_refusal(error: Exception) -> Exception:
    if isinstance(error, pyrage.EncryptError):
        return Unavailable(f"The archive could not be written ({error}).")
    return CannotDecrypt(
        f"The archive cannot be decrypted: its private key is another one, or its bytes are damaged ({error})."
    )
