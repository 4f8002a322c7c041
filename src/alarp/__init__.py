"""Alarp: every imaging and radiotherapy AI tool from need to retirement. No evidence, no traffic."""

__version__ = "0.1.0"
