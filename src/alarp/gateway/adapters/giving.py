"""The sending way to a tool that is a program on this machine: its images into its folder, and a run asked for."""

from __future__ import annotations

from django.db import transaction

from alarp.gateway.adapters.commands import command_of
from alarp.gateway.adapters.folders import Folder
from alarp.gateway.associations import Outgoing
from alarp.kernel import Phase, Unavailable
from alarp.records import egress
from alarp.records.ledger import work
from alarp.records.ledger.models import DispatchInstance, Peer

KIND = "run"


def store(tool: Peer, item: Outgoing) -> None:
    """Give this tool one image. Returns when it lies there durably; otherwise Unavailable.

    The run is asked for before the first image lies there: a worker that dies in between leaves no study without one.
    """
    if not tool.enabled:
        raise Unavailable(f"{tool.aet} is switched off in the list of peers.", phase=Phase.CONNECT)
    command_of(tool.aet)
    assert tool.deployment is not None
    slug = tool.deployment.slug
    egress.leaving(
        item.file, peer=tool.aet, deployment=slug, sop_uid=item.sop_uid, scanned_sha256=item.scanned_sha256
    )
    named = DispatchInstance.objects.filter(dispatch__deployment=tool.deployment, sop_uid_sent=item.sop_uid)
    dispatch = named.order_by("-dispatch__number").values_list("dispatch", flat=True)[0]
    folder = Folder.of(tool.aet, dispatch)
    if not folder.exists:
        with transaction.atomic():
            work.ask(KIND, f"{tool.deployment_id}:{dispatch}", {"dispatch": dispatch, "peer": tool.pk})
    try:
        folder.make()
        folder.put(item.file, item.sop_uid)
    except OSError as error:
        raise Unavailable(
            f"The folder of {tool.aet} cannot be written ({type(error).__name__}).", phase=Phase.SEND
        ) from None
