"""What does a message say? HL7 v2, FHIR R4 and lists of opt-outs, read into the same few sentences; pure."""
