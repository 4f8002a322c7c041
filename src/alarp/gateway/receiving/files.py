"""An object that came as a whole file, by HTTP or from a program: its data set under the gateway's own file meta.

So the same data set has the same digest whichever way it came.
"""

from __future__ import annotations

from pathlib import Path

from pydicom.errors import InvalidDicomError
from pynetdicom.dsutils import split_dataset

from alarp.gateway.receiving.messages import file_head
from alarp.identity.header import valid_uid
from alarp.kernel import BadInput

CHUNK = 256 * 1024
_UNREADABLE = (
    *(InvalidDicomError, AttributeError, ValueError, EOFError, TypeError, KeyError),
    NotImplementedError,
)


def under_own_meta(came: Path, file: Path) -> tuple[str, str, str]:
    """Write the data set of one file into another under our file meta; answers class, instance, transfer syntax.

    Raises BadInput for what is no Part 10 file, or names a UID that is none.
    """
    try:
        meta, offset = split_dataset(came)
        named = (
            str(meta.MediaStorageSOPClassUID),
            str(meta.MediaStorageSOPInstanceUID),
            str(meta.TransferSyntaxUID),
        )
    except _UNREADABLE:
        raise BadInput("It is not a DICOM Part 10 file with its file meta.") from None
    if not all(valid_uid(uid) for uid in named):
        raise BadInput("Its file meta holds a UID that is none.")
    with came.open("rb") as source, file.open("xb") as out:
        out.write(file_head(*named))
        source.seek(offset)
        while data := source.read(CHUNK):
            out.write(data)
    return named
