from django.apps import AppConfig

from alarp.records.guards import keep_after_migrate


class AssuranceConfig(AppConfig):
    name = "alarp.records.assurance"
    label = "assurance"

    def ready(self) -> None:
        from alarp.records.assurance import switch
        from alarp.records.assurance.constraints import GUARDS
        from alarp.records.deployments.doors import following

        keep_after_migrate(self, GUARDS)
        following.after_moving(switch.close_where_a_site_reads_without_ai)
