"""How do bytes become a data set and a data set bytes again, with nothing decoded and no crash on bad input?"""

from __future__ import annotations

import struct
import warnings
import zlib
from io import BytesIO
from typing import Any

from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset, write_file_meta_info
from pydicom.sequence import Sequence
from pydicom.uid import UID

from alarp.identity.structure import DEFLATED, Broken, Encoding
from alarp.kernel import BadInput

IMPLEMENTATION_CLASS_UID = "2.25.221371846190425741038561047294610573824"
IMPLEMENTATION_VERSION_NAME = "ALARP"

UNREADABLE = (
    AttributeError,
    EOFError,
    IndexError,
    KeyError,
    LookupError,
    NotImplementedError,
    OSError,
    OverflowError,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
"""What the DICOM library raises on malformed input; anything else is a fault of ours and is not hidden."""


def open_dataset(part10: bytes, *, pixels: bool) -> Any:
    """Which data set do these bytes hold? Elements stay raw until they are asked for.

    Raises BadInput when the bytes cannot be read as DICOM.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return dcmread(BytesIO(part10), force=True, stop_before_pixels=not pixels)
    except UNREADABLE as error:
        raise unreadable(error) from None


def unreadable(error: Exception) -> BadInput:
    """What do we say of an object that the library cannot read? The library's own text may hold values: not shown."""
    return BadInput(
        f"The DICOM object cannot be read ({type(error).__name__}); hold it and ask the sender for it again."
    )


def broken(error: Broken) -> BadInput:
    """What do we say of an object whose bytes do not hold together?"""
    return BadInput(
        f"The DICOM object is not whole: {error.why} (byte {error.offset}); hold it and ask the sender for it again."
    )


def part10_bytes(dataset: Any, encoding: Encoding) -> bytes:
    """Which bytes stand for this data set? A new file meta, an empty preamble, the same transfer syntax.

    Raw elements, pixel data among them, are written as they were read. The same data set always gives the
    same bytes.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _written(dataset, encoding)
    except UNREADABLE as error:
        raise unreadable(error) from None


def _written(dataset: Any, encoding: Encoding) -> bytes:
    meta = FileMetaDataset()
    meta.FileMetaInformationVersion = b"\x00\x01"
    meta.MediaStorageSOPClassUID = UID(str(dataset.SOPClassUID))
    meta.MediaStorageSOPInstanceUID = UID(str(dataset.SOPInstanceUID))
    meta.TransferSyntaxUID = UID(encoding.transfer_syntax)
    meta.ImplementationClassUID = UID(IMPLEMENTATION_CLASS_UID)
    meta.ImplementationVersionName = IMPLEMENTATION_VERSION_NAME
    head = DicomBytesIO()
    head.write(b"\0" * 128 + b"DICM")
    write_file_meta_info(head, meta, enforce_standard=True)
    body = DicomBytesIO()
    body.is_implicit_VR, body.is_little_endian = encoding.implicit, encoding.little
    write_dataset(body, dataset)
    content = body.getvalue()
    if encoding.transfer_syntax == DEFLATED:
        deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        content = deflater.compress(content) + deflater.flush()
        content += b"\0" * (len(content) % 2)
    written: bytes = head.getvalue() + content
    return written


def code_item(value: str, scheme: str, meaning: str) -> Any:
    """Which item says this code?"""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def sequence_of(items: list[Any]) -> Any:
    return Sequence(items)
