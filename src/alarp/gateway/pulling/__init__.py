"""Who may look for studies here and fetch them? The C-FIND, C-MOVE and C-GET provider.

`matching` knows the keys and their rules, `seeing` what one peer sees of the ledger, `handing` what it may have of
it and as which bytes; `finding` and `fetching` speak DIMSE. DICOMweb asks the same three (`alarp.gateway.dicomweb`).
"""

from __future__ import annotations

from pynetdicom import evt

from alarp.gateway.pulling import asking, fetching, finding

# Whether a caller may pull is asked at every request: who may not hears 'not authorised'.
SOP_CLASSES: tuple[str, ...] = tuple(str(model) for model in (*asking.FIND, *asking.MOVE, *asking.GET))
HANDLERS = ((evt.EVT_C_FIND, finding.find),)

fetching.install()

__all__ = ["HANDLERS", "SOP_CLASSES"]
