"""A bucket of an S3-compatible store as a Django storage; bytes are streamed both ways, and errors become sentences."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from boto3.exceptions import Boto3Error, S3UploadFailedError
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.core.files.base import File
from django.utils.translation import gettext
from storages.backends.s3 import S3Storage

from minno_dashboard.core.errors import Unavailable

CONNECT_SECONDS = 60
"""Also how long writing a block may take (botocore has no time-out of its own for it): a thin line needs it."""
READ_SECONDS = 60
_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
"""The variables by which boto3 is led to another store than Amazon's."""


class BucketUnavailable(Unavailable):
    """The bucket could not be reached or refused; nothing was changed."""

    def __init__(self, error: Exception) -> None:
        super().__init__(
            gettext(
                "The file store cannot be used right now (%(reason)s). Nothing was changed; try "
                "again in a minute."
            )
            % {"reason": _reason(error)},
            retry_after_seconds=30,
        )


class Bucket(S3Storage):  # type: ignore[misc] # django-storages has no types
    """The place `s3://bucket/prefix`; keys and endpoint come from boto3's own environment variables."""

    def __init__(self, *, name: str, prefix: str) -> None:
        """Prepare a bucket; makes no request."""
        is_elsewhere = any(os.environ.get(variable) for variable in _ENDPOINTS)
        super().__init__(
            bucket_name=name,
            location=prefix,
            file_overwrite=True,
            transfer_config=TransferConfig(max_concurrency=2),
            client_config=Config(
                connect_timeout=CONNECT_SECONDS,
                read_timeout=READ_SECONDS,
                retries={"mode": "standard", "max_attempts": 3},
                # Other stores than Amazon's seldom have a host name for each bucket.
                s3={"addressing_style": "path" if is_elsewhere else "auto"},
            ),
        )

    def put_file(self, place: str, path: Path) -> None:
        """Upload a file of this disk, a large one in pieces, in constant memory."""
        with _told():
            self.bucket.Object(self._normalize_name(place)).upload_file(
                str(path), Config=self.transfer_config
            )

    def _open(self, name: str, mode: str = "rb") -> File[bytes]:
        with _told():
            found = self.bucket.Object(self._normalize_name(name))
            found.load()
        return File(io.BufferedReader(_ObjectReader(found), 1024 * 1024), name)

    def size(self, name: str) -> int:
        """Return an object's size; FileNotFoundError where there is none."""
        with _told():
            return int(self.bucket.Object(self._normalize_name(name)).content_length)

    def delete(self, name: str) -> None:
        """Delete an object; a missing one is no error."""
        with _told():
            super().delete(name)


class _ObjectReader(io.RawIOBase):
    """Reads an object from a position on, with one request until the position is changed."""

    def __init__(self, found: Any) -> None:
        self._object = found
        self._size = int(found.content_length)
        self._at = 0
        self._body: Any = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._hang_up()
        self._at = max(start + offset, 0)
        return self._at

    def readinto(self, buffer: Any, /) -> int:
        if self._at >= self._size:
            return 0
        with _told():
            if self._body is None:
                self._body = self._object.get(Range=f"bytes={self._at}-")["Body"]
            piece = self._body.read(len(buffer))
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def close(self) -> None:
        self._hang_up()
        super().close()

    def _hang_up(self) -> None:
        if self._body is not None:
            self._body.close()
            self._body = None


@contextmanager
def _told() -> Iterator[None]:
    """Translate boto3's errors into FileNotFoundError or a sentence."""
    try:
        yield
    except ClientError as error:
        if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") == 404 and not _is_bucket(error):
            raise FileNotFoundError(str(error)) from error
        raise BucketUnavailable(error) from error
    except (BotoCoreError, Boto3Error) as error:
        raise BucketUnavailable(error) from error


def _is_bucket(error: ClientError) -> bool:
    return bool(error.response.get("Error", {}).get("Code") == "NoSuchBucket")


def _reason(error: Exception) -> str:
    """Return the kind of an error without addresses and keys, which must not be shown to users."""
    if isinstance(error, S3UploadFailedError) and isinstance(error.__context__, Exception):
        error = error.__context__
    code = error.response.get("Error", {}).get("Code", "") if isinstance(error, ClientError) else ""
    return str(code) or type(error).__name__
