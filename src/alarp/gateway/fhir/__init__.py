"""FHIR R4 over HTTP: what the hospital's systems post about studies, reports and consents (R4 3.1, RESTful API).

A program of its own (`python -m alarp.gateway.fhir`), off until `fhir_port` is set. It only takes in: nothing can be
read back here. What a resource means is for `alarp.records.messages`, as with a file and with HL7.
"""
