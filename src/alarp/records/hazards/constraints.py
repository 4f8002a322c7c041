"""What does the database refuse about hazards, whoever asks? Every row of the log is written once."""

from alarp.records.guards import written_once

GUARDS = (
    *written_once("hazards_hazard", "A hazard"),
    *written_once("hazards_hazardrevision", "A revision of a hazard"),
    *written_once("hazards_control", "A control"),
    *written_once("hazards_controlchange", "A change of a control"),
    *written_once("hazards_hazardmove", "A move of a hazard"),
    *written_once("hazards_riskacceptance", "An acceptance of a risk"),
    *written_once("hazards_logversion", "A version of the hazard log"),
    *written_once("hazards_safetystatement", "A safety statement"),
)
