from django.apps import AppConfig

from alarp.records.guards import keep_after_migrate


class GovernanceConfig(AppConfig):
    name = "alarp.records.governance"
    label = "governance"

    def ready(self) -> None:
        from alarp.records.deployments.checks import register
        from alarp.records.governance.constraints import GUARDS

        keep_after_migrate(self, GUARDS)
        register("responsibilities-acknowledged", f"{self.name}.checks.responsibilities_acknowledged")
        register("data-flow-complete", f"{self.name}.checks.data_flow_complete")
        register("readiness-signed", f"{self.name}.checks.readiness_signed")
        register("self-test-passed", f"{self.name}.checks.self_test_passed")
        register("patient-information-current", f"{self.name}.checks.patient_information_current")
