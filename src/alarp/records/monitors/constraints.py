"""What does the database refuse about events that were delivered, whoever asks?"""

from alarp.records.guards import written_once

GUARDS = written_once("monitors_deliveredevent", "A delivered event")
