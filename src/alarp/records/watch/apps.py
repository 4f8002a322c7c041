from django.apps import AppConfig

from alarp.records.guards import keep_after_migrate


class WatchConfig(AppConfig):
    name = "alarp.records.watch"
    label = "watch"

    def ready(self) -> None:
        from alarp.records.deployments.checks import register
        from alarp.records.deployments.doors import following, holding
        from alarp.records.watch import incidents, retirement, reviews
        from alarp.records.watch.constraints import GUARDS

        keep_after_migrate(self, GUARDS)
        register("alarm-rules-complete", f"{self.name}.checks.alarm_rules_complete")
        register("review-computed", f"{self.name}.checks.review_computed")
        register("retirement-complete", f"{self.name}.checks.retirement_complete")
        holding.bars_lifting(incidents.bar_to_lifting)
        following.before_signing(reviews.against_the_computed)
        following.after_moving(retirement.begin_when_stopped)
