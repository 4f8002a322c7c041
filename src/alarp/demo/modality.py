"""A scanner sends: C-STORE to the gateway, one association a study."""

from __future__ import annotations

from collections.abc import Sequence

from pydicom.dataset import Dataset
from pynetdicom import AE

from alarp.kernel import Unavailable


def send(datasets: Sequence[Dataset], *, calling: str, called: str, host: str, port: int) -> tuple[int, ...]:
    """Which DICOM status did the receiver answer for each object (0x0000 is Success)?

    The objects keep their own transfer syntax. Raises Unavailable when no association comes about.
    """
    entity = AE(ae_title=calling)
    entity.maximum_pdu_size = 131_072
    for sop_class, syntax in sorted({(d.SOPClassUID, d.file_meta.TransferSyntaxUID) for d in datasets}):
        entity.add_requested_context(sop_class, syntax)
    association = entity.associate(host, port, ae_title=called, max_pdu=131_072)
    if not association.is_established:
        raise Unavailable(
            f"{called} on {host}:{port} accepts no association from {calling}.", phase="connect"
        )
    try:
        answers = [association.send_c_store(dataset) for dataset in datasets]
    finally:
        association.release()
    return tuple(int(answer.Status) if "Status" in answer else 0xA700 for answer in answers)
