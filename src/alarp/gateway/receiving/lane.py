"""How do many images come in on one association without the library's state machine in their way?

pynetdicom negotiates and carries every service. Once an association stands, its C-STORE requests are taken out of
the stream here, before the library sees them: fragments go from the socket's buffer straight to a file, and
the answer goes straight back. Everything else (C-ECHO, queries, release, abort, what is not understood) is
handed on, unit by unit, as it came.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from alarp.gateway.receiving.incoming import Incoming
from alarp.gateway.receiving.messages import StoreRequest, store_request
from alarp.gateway.receiving.wire import P_DATA, Fragment, Malformed, Wire, fragments, units

CANNOT_UNDERSTAND = 0xC000  # PS3.4 table B.2-1
NEXT_WITHIN_S = 0.2


class Lane:
    """The C-STORE requests of one association. `syntax_of`: an accepted presentation context's, or none."""

    def __init__(
        self,
        wire: Wire,
        *,
        syntax_of: Callable[[int], str],
        folder: Path,
        keep: Callable[[Incoming], int],
        answer_most: int,
    ) -> None:
        self._wire, self._syntax_of, self._folder, self._keep = wire, syntax_of, folder, keep
        self._answer_most = answer_most  # the unit length that the other side announced
        self._object: Incoming | None = None
        self.broke_off = False  # did the last run end inside an object?

    def run(self) -> list[bytes]:
        """Take objects in as long as they come; answers the units that are for somebody else.

        Answers none when nothing has come for a moment. Raises Malformed or Lost; of an object that was
        not complete nothing is left then, nor when the unit handed on is an abort.
        """
        try:
            while True:
                foreign = self._message()
                if foreign or not self._wire.waits(NEXT_WITHIN_S):
                    return foreign
        finally:
            self.broke_off = self._object is not None
            if self._object is not None:
                self._object.discard()
                self._object = None

    def _message(self) -> list[bytes]:
        """One C-STORE request, answered; or the units of something else."""
        seen: list[bytes] = []
        command = bytearray()
        while True:
            kind, unit = self._wire.read()
            if kind != P_DATA:
                return [*seen, bytes(unit)]
            rest = fragments(unit)
            for fragment in rest:
                if not fragment.is_command:
                    if command:
                        raise Malformed("a data set before its command is complete")
                    return [bytes(unit)]  # belongs to a command that was handed on
                command += fragment.data
                if fragment.is_last:
                    request = store_request(bytes(command))
                    if request is None:
                        return [*seen, bytes(unit)]
                    return self._store(request, fragment.context_id, list(rest))
            seen.append(bytes(unit))

    def _store(self, request: StoreRequest, context_id: int, arrived: list[Fragment]) -> list[bytes]:
        """Take in the data set of this request; `arrived`: what the command's own unit holds of it."""
        syntax = self._syntax_of(context_id)
        if not syntax:
            raise Malformed(f"presentation context {context_id} was not accepted")
        if not request.has_data_set:
            self._answer(request, context_id, CANNOT_UNDERSTAND)
            return []
        self._object = Incoming(
            self._folder,
            sop_class=request.sop_class,
            sop_uid=request.sop_uid,
            transfer_syntax=syntax,
        )
        complete = self._take(self._object, context_id, arrived)
        while not complete:
            kind, unit = self._wire.read()
            if kind != P_DATA:
                return [bytes(unit)]
            complete = self._take(self._object, context_id, list(fragments(unit)))
        status = self._keep(self._object)
        self._object = None
        self._answer(request, context_id, status)
        return []

    @staticmethod
    def _take(into: Incoming, context_id: int, arrived: list[Fragment]) -> bool:
        """Write these fragments of a data set; True when the last one was among them."""
        for number, fragment in enumerate(arrived, start=1):
            if fragment.is_command or fragment.context_id != context_id:
                raise Malformed("a fragment of another message inside a data set")
            into.write(fragment.data)
            if fragment.is_last:
                if number < len(arrived):
                    raise Malformed("fragments behind the end of a data set")
                return True
        return False

    def _answer(self, request: StoreRequest, context_id: int, status: int) -> None:
        for unit in units(request.answer(status), context_id, most=self._answer_most):
            self._wire.send(unit)
