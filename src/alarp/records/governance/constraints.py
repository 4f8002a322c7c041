"""What does the database refuse about governance, whoever asks?"""

from alarp.records.guards import written_once

GUARDS = (
    *written_once("governance_responsibilities", "A version of the responsibilities"),
    *written_once("governance_acknowledgement", "An acknowledgement"),
    *written_once("governance_dataflow", "A version of the data flow"),
    *written_once("governance_impactassessment", "A version of the impact assessment"),
    *written_once("governance_involvement", "An entry of the involvement log"),
    *written_once("governance_readiness", "A version of the readiness checklist"),
    *written_once("governance_readinessseal", "The seal on a checklist"),
    *written_once("governance_selftest", "A self-test"),
    *written_once("governance_selftestreport", "A self-test's report"),
    *written_once("governance_patientinformation", "A version of the patients' text"),
    *written_once("governance_publication", "A publication"),
)
