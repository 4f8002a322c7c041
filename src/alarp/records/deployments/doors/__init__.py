"""The commands of a deployment, by subject; `alarp.records.deployments.commands` is their front."""
